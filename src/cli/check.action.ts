/** Owns `quantbot check`: whether the signals of a configuration look ahead, and whether their warm-ups are long enough. */
import { checkLookahead } from '#backtest/check-lookahead'
import { tapeSource } from '#backtest/check-tape'
import { checkWarmup } from '#backtest/check-warmup'
import { signalNames, speakers } from '#backtest/check-words'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { DAY_MS } from '#core/time'
import { lookaheadLines, warmupLines } from './check-view.js'
import { readConfig } from './config-file.js'
import { loadExternals } from './external-modules.js'
import { type GlobalOptions, homeOf } from './home.js'
import { type DaySpan, readSpan } from './spans.js'
import { endProgress, note, progress, say, sayJson } from './terminal.js'

export interface CheckOptions extends GlobalOptions {
  readonly config: string
  readonly from: string
  readonly to: string
  readonly samples: string
  readonly seed: string
  readonly signal?: string
}

/** Most samples of a check (ours: each is a run of its own). */
const SAMPLES_MAX = 1000

export async function run(name: 'lookahead' | 'warmup', options: CheckOptions): Promise<void> {
  const config = readConfig(options.config)
  await loadExternals(config, options.config)
  const input = {
    home: homeOf(options),
    config,
    span: readSpan(options.from, options.to),
    samples: whole('--samples', options.samples, 1, SAMPLES_MAX),
    seed: whole('--seed', options.seed, 0, 2 ** 32 - 1),
    signals: wanted(config, options),
  }
  const isClean = await (name === 'lookahead' ? lookahead : warmup)(input, options.json === true)
  if (!isClean) process.exitCode = 1
}

interface CheckInput {
  readonly home: string
  readonly config: Config
  readonly span: DaySpan
  readonly samples: number
  readonly seed: number
  /** Agent names. */
  readonly signals: readonly string[]
}

async function lookahead({ home, config, span, samples, seed, signals }: CheckInput, json: boolean): Promise<boolean> {
  const only = new Set(signals)
  progress('reading the tape')
  const results = await checkLookahead({
    config,
    deciders: () => speakers(config, only),
    tape: tapeSource(home, config, span),
    samples,
    seed,
    onProgress: bar,
  })
  endProgress()
  if (json) sayJson({ check: 'lookahead', samples, seed, signals: results })
  else for (const line of lookaheadLines(results)) say(line)
  return results.every(({ leaking }) => leaking === 0)
}

async function warmup({ home, config, span, samples, seed, signals }: CheckInput, json: boolean): Promise<boolean> {
  const { fromDay, toDay } = span
  const longest = Math.max(0, ...speakers(config).map(({ warmupMs }) => warmupMs))
  const before = Math.ceil((4 * longest) / DAY_MS)
  // The epoch is before all data.
  const early = Math.max(0, fromDay - before * DAY_MS)
  progress('reading the tape')
  const { plan } = await tapeSource(home, config, { fromDay: early, toDay })()
  const results = checkWarmup({
    config,
    deciders: (signal) => speakers(config, new Set([signal])),
    signals,
    long: plan,
    fromDay,
    toDay,
    samples,
    seed,
    onProgress: bar,
  })
  endProgress()
  if (json) sayJson({ check: 'warmup', samples, seed, signals: results })
  else for (const line of warmupLines(results)) say(line)
  for (const { signal, samples: tried, warmupDays } of results)
    if (tried === 0 && warmupDays > 0)
      note(
        `${signal}: its warm-up of ${warmupDays} days is longer than what the lake has before any sample; not checked`,
      )
  return results.every(({ failing }) => failing === 0)
}

const BAR_WIDTH = 30

function bar(done: number, of: number): void {
  const full = of === 0 ? BAR_WIDTH : Math.floor((done / of) * BAR_WIDTH)
  progress(`${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${done} of ${of}`)
}

/** USAGE when the configuration enables no signal, or not that one. */
function wanted(config: Config, { config: file, signal }: CheckOptions): string[] {
  const known = signalNames(speakers(config))
  if (known.length === 0) throw new QuantbotError('USAGE', `${file} enables no signal: nothing to check`)
  if (signal === undefined) return known
  const name = `signal/${signal}`
  if (known.includes(name)) return [name]
  const names = known.map((one) => one.slice('signal/'.length)).join(', ')
  throw new QuantbotError('USAGE', `--signal ${signal}: ${file} enables ${names}`)
}

function whole(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new QuantbotError('USAGE', `${option} ${JSON.stringify(text)}: a whole number from ${least} to ${most}`)
  return value
}
