/**
 * Owns running the whole pipeline over a tape in memory: every event, every line, states at the end. Takes other deciders than the
 * catalogue's, so that planted cheats can be tested. Never writes a file.
 */
import { createHash } from 'node:crypto'
import { type AnyDecider, catalogue } from '#actors/catalogue'
import { type GroupSink, TapeDriver } from '#backtest/tape-driver'
import type { RecordedCommand } from '#backtest/tape-from-log'
import type { TapePlan } from '#backtest/tape-plan'
import type { Config } from '#core/config/schema'
import { invariant } from '#core/invariant'
import { Dispatcher, type Input } from '#engine/dispatcher'
import type { AnyEvent, EventName, EventNamed } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'

export interface Decided {
  readonly dispatcher: Dispatcher
  /** Inputs and derived events, in order. Payloads are the agents' own: read only. */
  readonly events: readonly AnyEvent[]
  /** Derived lines, with their newlines. */
  readonly text: string
  readonly lines: readonly string[]
  readonly fingerprint: string
}

export interface DecideOptions {
  readonly config: Config
  readonly plan: TapePlan
  readonly history?: TapePlan
  readonly deciders?: readonly AnyDecider[]
  readonly commands?: readonly RecordedCommand[]
  readonly onInstant?: (ts: number, dispatcher: Dispatcher) => void
  /** After the readers of each event: before what follows from it is delivered. */
  readonly onEvent?: (event: AnyEvent, dispatcher: Dispatcher) => void
}

/** Keeps derived lines in memory. As strict as a log: a group is `count` whole lines that end with `lastSeq`. */
export class TextSink implements GroupSink {
  readonly #chunks: Buffer[] = []

  group(lines: Uint8Array, count: number, lastSeq: number): void {
    const chunk = Buffer.from(lines)
    const last = linesOf(chunk.toString('utf8'))
    invariant(last.length === count, () => `a group of ${last.length} lines is called one of ${count}`)
    invariant(last.at(-1)?.startsWith(`{"seq":${lastSeq},`), () => `a group does not end with seq ${lastSeq}`)
    this.#chunks.push(chunk)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}

/** Decides a tape as a backtest does. */
export function decideTape(options: DecideOptions): Decided {
  const { config, plan, history, commands, onInstant } = options
  const events: AnyEvent[] = []
  const lines = new LineBuffer(1 << 20)
  const sink = new TextSink()
  const driver = new TapeDriver({
    plan,
    lines,
    sink,
    groupEvents: config.log.groupEvents,
    onEvent: (event) => {
      events.push(event)
      options.onEvent?.(event, dispatcher)
    },
    ...(commands === undefined ? {} : { commands }),
    ...(onInstant === undefined ? {} : { onInstant: (ts: number) => onInstant(ts, dispatcher) }),
  })
  const dispatcher: Dispatcher = new Dispatcher({
    deciders: options.deciders ?? catalogue(config, 'nextOpen'),
    runSeed: config.seed,
    lines,
    log: 'derived',
    startRunning: true,
    observe: driver.observe,
  })
  if (history !== undefined) TapeDriver.warm(dispatcher, history)
  driver.run(dispatcher)
  const text = sink.bytes.toString('utf8')
  return { dispatcher, events, text, lines: linesOf(text), fingerprint: sha256(text) }
}

export const linesOf = (text: string): string[] => text.split('\n').slice(0, -1)

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Events of some types, in order. */
export function only<T extends EventName>(events: readonly AnyEvent[], ...types: readonly T[]): EventNamed<T>[] {
  const wanted: ReadonlySet<string> = new Set(types)
  return events.filter((event): event is EventNamed<T> => wanted.has(event.type))
}

/** Inputs as they were before they got a seq. */
export function inputsOf(events: readonly AnyEvent[]): Input[] {
  return events.filter((event) => event.cause === 0).map(({ type, by, ts, data }) => ({ type, by, ts, data }))
}

/** How often each type occurs: what a tape exercised. */
export function countTypes(events: readonly AnyEvent[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1
  return counts
}
