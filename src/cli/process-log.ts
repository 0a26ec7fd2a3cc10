/**
 * Owns the process's own log while it runs: pino on stderr, pretty on a terminal and JSON elsewhere, its level changed while
 * it runs. Every line passes the redaction. Never the log of events, and never stdout.
 */
import { type Level, pino } from 'pino'
import type { LogLevel } from './log-level.js'
import { scrub } from './redact.js'
import { redirectNotes } from './terminal.js'

/** What lies around each line: a live view is taken away and drawn again. */
export type Around = (write: () => void) => void

export interface ProcessLog {
  readonly isPretty: boolean
  readonly level: LogLevel
  /** Gives the level before. */
  setLevel(level: LogLevel): LogLevel
  isEnabled(level: Level): boolean
  /** `fields`: plain data. */
  say(level: Level, fields: Readonly<Record<string, unknown>>, text: string): void
  /** The run, once it is known. */
  bind(fields: Readonly<Record<string, string>>): void
  around(around: Around | undefined): void
  /** Notes of commands are plain lines again. */
  close(): void
}

export interface ProcessLogOptions {
  readonly level: LogLevel
  /** `--json`: JSON on a terminal as well. */
  readonly isJson: boolean
  /** stderr; another one in tests. */
  readonly out?: { write(text: string): unknown; readonly isTTY?: boolean }
}

/** SIGUSR2 turns `debug` on and off, for when nothing else reaches the process. */
const SIGNAL = 'SIGUSR2'

/** From here on notes of the command line are lines of this log too, until it is closed. */
export async function openProcessLog({ level, isJson, out = process.stderr }: ProcessLogOptions): Promise<ProcessLog> {
  const isPretty = !isJson && out.isTTY === true
  let around: Around = (write) => write()
  const form = isPretty ? await prettyForm() : (line: string): string => line
  const lines = { write: (line: string): void => around(() => void out.write(scrub(form(line)))) }
  const logger = pino({ level, base: null, serializers: { error: describeError } }, lines)
  const restore = redirectNotes((text) => {
    logger[text.startsWith('warning') ? 'warn' : 'info'](text)
  })
  const setLevel = (next: LogLevel): LogLevel => {
    const was = logger.level as LogLevel // only such were ever set
    logger.level = next
    return was
  }
  const onSignal = (): void => {
    const next = logger.level === 'debug' ? (level === 'debug' ? 'info' : level) : 'debug'
    setLevel(next)
    logger[next === 'silent' ? 'fatal' : next](`log level ${next}`)
  }
  process.on(SIGNAL, onSignal)
  return {
    isPretty,
    get level() {
      return logger.level as LogLevel // as above
    },
    setLevel,
    isEnabled: (asked) => logger.isLevelEnabled(asked),
    say: (at, fields, text) => logger[at](fields, text),
    bind: (fields) => logger.setBindings(isPretty ? {} : fields),
    around: (next) => {
      around = next ?? ((write) => write())
    },
    close: () => {
      process.off(SIGNAL, onSignal)
      restore()
    },
  }
}

/** For people: loaded where there is one. */
async function prettyForm(): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  return prettyFactory({
    colorize: process.env.NO_COLOR === undefined,
    translateTime: 'UTC:yyyy-mm-dd HH:MM:ss.l',
    ignore: 'pid,hostname',
  })
}

/** Codes and words; a cause may hold a whole request with its headers, so it is left out. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const { name, message } = error
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  return { name, ...code, message }
}
