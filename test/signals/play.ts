/** Owns tapes for the specs of signals and a player that delivers as the dispatcher does; must never be imported by the program. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import type { UniverseEntry } from '#core/config/schema'
import type { Decider } from '#core/decider'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, type Interval, intervalMs } from '#core/time'
import { StepContext } from '#engine/step-context'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import type { BarAggregated, BarClosed, InstantClosed } from '#events/market.events'
import type { SignalChanged } from '#events/signal.events'
import { event } from '#test/given'
import { sharedPath } from '#test/shared'

export const BTC = 'binance.usdm.BTCUSDT'
export const ETH = 'binance.usdm.ETHUSDT'
/** 2020-01-01. */
export const START = 1_577_836_800_000

export interface Candle {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

export const entry = (instrument = BTC, interval?: Interval): UniverseEntry => ({
  instrument,
  base: 'BTC',
  quote: 'USDT',
  tick: '0.1',
  lot: '0.001',
  minNotional: '5',
  ...(interval === undefined ? {} : { interval }),
})

/** A bar with no shadow around its close, so that only the close matters. */
export const flatCandle = (close: number, volume = 1000): Candle => ({
  open: close,
  high: close,
  low: close,
  close,
  volume,
})

/** The bar number `at` since START (its open), delivered at its close. */
export function bar(
  at: number,
  candle: Candle,
  { instrument = BTC, interval = '1d' as Interval, seq = at + 1 } = {},
): BarClosed {
  const openTime = START + at * intervalMs(interval)
  return event(
    'BarClosed',
    { instrument, interval, openTime, ...candle },
    { seq, ts: openTime + intervalMs(interval), by: 'test/tape' },
  )
}

export const bars = (candles: readonly Candle[], from = 0): BarClosed[] => candles.map((c, i) => bar(from + i, c))

/** A day built by market/bars out of some of its hours. */
export function partialDay(at: number, candle: Candle, parts: number, seq = at + 1): BarAggregated {
  const openTime = START + at * DAY_MS
  return event(
    'BarAggregated',
    { instrument: BTC, interval: '1d', openTime, ...candle, parts, expected: 24, complete: parts === 24 },
    { seq, ts: openTime + DAY_MS, by: 'market/bars' },
  )
}

/** `day`: the instant closes the day before it, counted from START. */
export function instant(day: number, missing: readonly string[] = [], seq = 9000): InstantClosed {
  const ts = START + day * DAY_MS
  return event('InstantClosed', { instant: ts, intervals: ['1d'], missing: [...missing] }, { seq, ts })
}

export interface Said {
  /** Place of the event that was decided on. */
  readonly at: number
  readonly ts: number
  readonly type: string
  readonly data: SignalChanged['data']
}

export type AnyDecider = Decider<unknown>

/** Plays a tape; with `reviveAt` the state goes through JSON before that event. Gives everything said, and the final state. */
export function play(
  decider: AnyDecider,
  tape: readonly EventEnvelope[],
  reviveAt = -1,
): { said: Said[]; state: unknown } {
  const context = new StepContext(1)
  const encoder = new EventEncoder()
  const lines = new LineBuffer()
  const said: Said[] = []
  let state = decider.initial()
  tape.forEach((input, at) => {
    if (at === reviveAt) state = JSON.parse(JSON.stringify(state))
    state = decider.evolve(state, input)
    context.beginStep(input.seq)
    context.focus(input, decider.name)
    for (const { type, data } of decider.decide(state, input, context)) {
      const output = { seq: input.seq, ts: input.ts, type, v: 1, by: decider.name, cause: input.seq, data }
      encoder.encode(lines, output)
      lines.truncate(0)
      state = decider.evolve(state, output)
      said.push({ at, ts: input.ts, type, data: data as SignalChanged['data'] }) // specs know what their decider emits
    }
  })
  return { said, state }
}

/**
 * Whether what is decided up to `cut` depends on what comes after it: plays a tape and the same tape with another future.
 * `make` may look at the whole tape, as a cheat would.
 */
export function looksAhead(
  make: (tape: readonly EventEnvelope[]) => AnyDecider,
  tape: readonly EventEnvelope[],
  cut: number,
  otherFuture: readonly EventEnvelope[],
): boolean {
  const until = (events: readonly EventEnvelope[]): string =>
    JSON.stringify(play(make(events), events).said.filter((word) => word.at <= cut))
  return until(tape) !== until([...tape.slice(0, cut + 1), ...otherFuture])
}

/** Candles of a random walk: daily moves of some percent, now and then flat or without volume. */
export function walk(minLength: number, maxLength: number): fc.Arbitrary<Candle[]> {
  const step = fc.record({
    move: fc.oneof(
      { weight: 8, arbitrary: fc.double({ min: -0.08, max: 0.08, noNaN: true }) },
      { weight: 1, arbitrary: fc.constant(0) },
    ),
    up: fc.double({ min: 0, max: 0.03, noNaN: true }),
    down: fc.double({ min: 0, max: 0.03, noNaN: true }),
    volume: fc.oneof(
      { weight: 8, arbitrary: fc.double({ min: 1, max: 1e6, noNaN: true }) },
      { weight: 1, arbitrary: fc.constant(0) },
    ),
  })
  return fc.array(step, { minLength, maxLength, size: 'max' }).map((steps) => {
    let close = 1000
    return steps.map(({ move, up, down, volume }) => {
      const open = close
      close = open * (1 + move)
      return {
        open,
        close,
        high: Math.max(open, close) * (1 + up),
        low: Math.min(open, close) * (1 - down),
        volume,
      }
    })
  })
}

/** Real bars of the shared folder (`ts,open,high,low,close,volume`), or none without it. */
export function sharedCandles(file: string): { ts: number; candle: Candle }[] {
  const path = sharedPath('data', 'ohlcv', file)
  if (path === undefined) return []
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [ts, open, high, low, close, volume] = line.split(',').map(Number)
      return { ts: ts!, candle: { open: open!, high: high!, low: low!, close: close!, volume: volume! } }
    })
}

/** An oracle file of the shared folder: cases by id, and its own top-level fields. */
export function oracle(file: string): { cases: OracleCase[]; [field: string]: unknown } | undefined {
  const path = sharedPath('oracles', `${file}.json`)
  return path === undefined ? undefined : JSON.parse(readFileSync(path, 'utf8'))
}

export interface OracleCase {
  readonly id: string
  readonly method: string
  readonly inputs: Record<string, unknown>
  readonly expected: Record<string, unknown>
  readonly tol: number
}
