/**
 * Owns what the golden logs are made of: two small worlds whose inputs and derived lines are kept in test/golden, and larger ones of
 * which only the fingerprint is. Deterministic; writes nothing. Imported by scripts/golden.ts too, so never by way of vitest.
 */
import { catalogue, type Fills } from '#actors/catalogue'
import { TapeDriver } from '#backtest/tape-driver'
import type { TapePlan } from '#backtest/tape-plan'
import { listingOf } from '#backtest/tape-plan'
import type { Config } from '#core/config/schema'
import type { LogPort } from '#core/ports'
import { Sfc32 } from '#core/random'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { Dispatcher, type Input } from '#engine/dispatcher'
import { LiveHost } from '#engine/live'
import { jumpingClock } from '#engine/live-clock'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import { decideTape, inputsOf, linesOf, TextSink } from './decide.js'
import { InputsSource, inTurns, runningInputs } from './live-host.js'
import { type ConfigPatch, configOf, idOf, seriesOfSpec, syntheticTape, TAPE_START, type TapeSpec } from './tape.js'

/** One recorded world. */
export interface Golden {
  readonly name: 'derived' | 'full'
  readonly config: Config
  readonly fills: Fills
  readonly inputs: readonly Input[]
  /** Derived lines, with newlines. */
  readonly derived: string
}

/** Look-backs so short that a small tape makes every signal speak. */
const QUICK: ConfigPatch = {
  signals: {
    tsmom: { lookbackDays: 8, skipDays: 2 },
    donchian: { entryDays: 12, exitDays: 6, adxMin: 5 },
    meanReversion: { minQuoteVolume: 0, maxFundingBps: 5, entryZ: 1.5 },
  },
  risk: { turnoverMonthly: 2, drawdownHalt: 0.1, stopAtr: 1.5 },
}

/** The other way round: so long that all begin when the breakout does, and the days before it derive next to nothing. */
const LATE: ConfigPatch = {
  signals: {
    tsmom: { lookbackDays: 135, skipDays: 2 },
    donchian: { entryDays: 8, exitDays: 5, adxMin: 5 },
    meanReversion: { minQuoteVolume: 0, maxFundingBps: 5, entryZ: 1, windowDays: 130 },
  },
  risk: { turnoverMonthly: 2 },
}

const DERIVED: TapeSpec = {
  seed: 42,
  days: 168,
  interval: '1d',
  symbols: [
    { symbol: 'AAA', annualVol: 0.8 },
    { symbol: 'BBB', toDay: 162, gapDays: [155], annualVol: 1, fromDay: 5 },
  ],
}

const FULL: TapeSpec = {
  seed: 42,
  days: 96,
  interval: '1d',
  symbols: [
    { symbol: 'AAA', annualVol: 0.8, crash: { day: 78, days: 6, total: -0.5 } },
    { symbol: 'BBB', annualVol: 1 },
  ],
}

/** Worlds that are too large to be kept: their fingerprints stand in fingerprints.json. */
const LARGE: readonly (readonly [string, TapeSpec, ConfigPatch])[] = [
  [
    'daily-6x1500',
    {
      seed: 43,
      days: 1500,
      interval: '1d',
      symbols: ['AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF'].map((symbol, i) => ({
        symbol,
        fromDay: 90 * i,
        annualVol: 0.5 + 0.2 * i,
        ...(i % 2 === 0 ? { funding: 'recorded' as const } : {}),
        ...(i === 4 ? { toDay: 1300, gapDays: [900, 901, 902, 903] } : {}),
      })),
    },
    {},
  ],
  [
    'hourly-3x300',
    {
      seed: 44,
      days: 300,
      interval: '1h',
      symbols: [
        { symbol: 'AAA', funding: 'recorded' },
        { symbol: 'BBB', annualVol: 1.1 },
        { symbol: 'CCC', fromDay: 40 },
      ],
    },
    QUICK,
  ],
]

/** Decides both small worlds anew. */
export async function makeGoldens(): Promise<Golden[]> {
  return [makeDerived(), await makeFull()]
}

/** The tape of the derived golden. */
export const derivedTape = (): { config: Config; plan: TapePlan } => syntheticTape(DERIVED, LATE)

/**
 * The tape driver as a backtest runs it, but that agents are told to run by inputs, as in a live host: so that the same inputs may be
 * given to both.
 */
export function makeDerived(): Golden {
  const { config, plan } = derivedTape()
  const deciders = catalogue(config, 'nextOpen')
  const lines = new LineBuffer(1 << 20)
  const sink = new TextSink()
  const events: AnyEvent[] = []
  const driver = new TapeDriver({ plan, lines, sink, groupEvents: 500, onEvent: (event) => events.push(event) })
  const dispatcher = new Dispatcher({
    deciders,
    runSeed: config.seed,
    lines,
    log: 'derived',
    startRunning: true,
    observe: driver.observe,
  })
  for (const input of runningInputs(deciders, TAPE_START)) dispatcher.step(input)
  driver.run(dispatcher)
  return { name: 'derived', config, fills: 'nextOpen', inputs: inputsOf(events), derived: sink.bytes.toString('utf8') }
}

/** A live host on quotes: limit orders, latency by timers, a stop inside a bar, halts by an operator, a clock that steps. */
export async function makeFull(): Promise<Golden> {
  const config = configOf(FULL, { ...QUICK, execution: { orderType: 'limit', limitOffsetBps: 1 } })
  const deciders = catalogue(config, 'quote')
  const source = new InputsSource([...runningInputs(deciders, TAPE_START), ...quotedMarket(config)])
  const groups: string[] = []
  const log: LogPort = {
    commitSync: () => {
      throw new Error('a live host commits asynchronously')
    },
    commit: async (lines, count, lastSeq, lastTs) => {
      groups.push(new TextDecoder().decode(lines))
      return { lastSeq, lastTs, count, hash: '', segment: 1, offset: 0 }
    },
  }
  const problems: string[] = []
  await new Promise<void>((resolve, reject) => {
    const host = new LiveHost({
      deciders,
      runSeed: config.seed,
      log,
      clock: jumpingClock(TAPE_START),
      scheduler: inTurns,
      groupEvents: 64,
      groupMs: 5,
      stallMs: 60_000,
      sources: [source],
      onCommitted: () => undefined,
      onProblem: (problem) => problems.push(`${problem.code}: ${problem.detail}`),
      onIdle: () =>
        void host.stop().then(() => (problems.length === 0 ? resolve() : reject(new Error(problems.join('; '))))),
    })
    host.start()
  })
  const events = linesOf(groups.join('')).map((line) => JSON.parse(line) as AnyEvent) // our own lines
  const derived = linesOf(groups.join('')).filter((_, i) => events[i]!.cause > 0)
  return {
    name: 'full',
    config,
    fills: 'quote',
    inputs: inputsOf(events),
    derived: derived.map((line) => `${line}\n`).join(''),
  }
}

/** Bars, a few settlements, quotes after each close once agents may trade, and what goes wrong in the life of a process. */
function quotedMarket(config: Config): Input[] {
  const series = seriesOfSpec(FULL)
  const random = Sfc32.seeded(FULL.seed, 9)
  const inputs: Input[] = config.universe.map((entry) => ({
    type: 'InstrumentListed',
    by: 'source/golden',
    ts: TAPE_START + DAY_MS,
    data: { ...listingOf(entry, config) },
  }))
  for (let day = 1; day <= FULL.days; day++) {
    const ts = TAPE_START + day * DAY_MS
    const add = (type: AnyEvent['type'], data: object, at = ts): void => {
      inputs.push({ type, by: 'source/golden', ts: at, data })
    }
    for (const one of series) {
      if (one.kind !== 'bars') continue
      const { open, high, low, close, volume } = one.rows
      const row = day - 1
      const prices = { open: open[row], high: high[row], low: low[row], close: close[row], volume: volume[row] }
      add('BarClosed', { instrument: one.instrument, interval: '1d', openTime: ts - DAY_MS, ...prices })
    }
    if (day > 65 && day % 2 === 0)
      add('FundingSettled', { instrument: idOf('AAA'), settledAt: ts, rate: 0.0002, intervalHours: 8, proxy: false })
    add('InstantClosed', { instant: ts, intervals: ['1d'], missing: [] })
    troubleOf(day, (type, data) => add(type, data))
    if (day < 61 || day === FULL.days) continue
    for (const delay of [3 * SECOND_MS, 40 * MINUTE_MS])
      for (const one of series)
        if (one.kind === 'bars') add('QuoteChanged', quoteOf(one.instrument, one.rows.open[day]!, random), ts + delay)
  }
  return inputs
}

function troubleOf(day: number, add: (type: AnyEvent['type'], data: object) => void): void {
  if (day === 68) add('OperatorCommanded', { command: 'halt', reason: 'a look at the book' })
  if (day === 70) add('OperatorCommanded', { command: 'resume', reason: 'looked' })
  if (day === 71) add('ClockStepped', { backMs: 2000 })
  if (day === 72) add('FeedInterrupted', { feed: 'connector/golden', reason: 'planned' })
  if (day === 73) add('FeedRestored', { feed: 'connector/golden', downMs: 1500 })
  if (day === 74) add('LogStalled', { stalledMs: 2500, code: 'LOG_STALLED' })
  if (day === 75) add('OperatorCommanded', { command: 'resume', reason: 'disk is well' })
  if (day === 90) add('OperatorCommanded', { command: 'resume', reason: 'after the slide' })
  if (day === 94) add('OperatorCommanded', { command: 'flatten', reason: 'end of the record' })
}

const cents = (price: number): number => Math.round(price * 100) / 100

function quoteOf(instrument: string, open: number, random: Sfc32): object {
  const mid = open * Math.exp(0.012 * random.normal())
  const half = mid * 0.0002
  const size = (): number => Math.round(2000 * random.next() * 1000) / 1000
  return { instrument, bid: cents(mid - half), ask: cents(mid + half) + 0.01, bidSize: size(), askSize: size() }
}

/** Fingerprints of the large worlds, by name. */
export function largeFingerprints(): Record<string, string> {
  return Object.fromEntries(
    LARGE.map(([name, spec, patch]) => [name, decideTape(syntheticTape(spec, patch)).fingerprint]),
  )
}
