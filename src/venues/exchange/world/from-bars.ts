/** Owns a market that plays given bars: they come back exactly, at their length and longer; all else follows from them. */
import { DAY_MS, type DurationMs, type EpochMs, MINUTE_MS } from '#core/time'
import type { World, WorldInstrument } from '../world.port.js'
import type { MarketBar, MarketSource } from './market-source.js'
import { marketWorld } from './market-world.js'

/** History of one coin, ascending in time; a bar may be missing. Prices in quote money, volume in coins. */
export interface BarPath {
  readonly base: string
  /** The instrument whose bars these are; others on the coin differ from it by some basis points. */
  readonly kind: WorldInstrument['kind']
  readonly openTime: ArrayLike<number>
  readonly open: ArrayLike<number>
  readonly high: ArrayLike<number>
  readonly low: ArrayLike<number>
  readonly close: ArrayLike<number>
  readonly volume: ArrayLike<number>
}

export interface FromBarsOptions {
  readonly seed: number
  readonly venue: string
  /** Length of all of the bars: divides a day, is a multiple of a minute. */
  readonly lengthMs: DurationMs
  /** Each with at least one bar, each coin once. */
  readonly paths: readonly BarPath[]
  /** Of each instrument; default 6, at least 4. */
  readonly tradesPerMinute?: number
}

/** Prices and sizes have at most this many decimals. */
const DIGITS_MAX = 8
/** Whole numbers of lots must stay exact. */
const LOTS_MAX = 9e15

/**
 * Exact but for one thing: a bar with less volume than one lot a trade gets that much. Where a bar is missing nothing
 * trades and prices stand; behind the last one for good. Ids of trades jump over what is missing.
 */
export function worldFromBars({ seed, venue, lengthMs, paths, tradesPerMinute = 6 }: FromBarsOptions): World {
  if (DAY_MS % lengthMs !== 0 || lengthMs % MINUTE_MS !== 0)
    throw new RangeError(`bars of ${lengthMs} ms cannot be played: they must divide a day into whole minutes`)
  const tradesPerBar = (lengthMs / MINUTE_MS) * tradesPerMinute
  const of = new Map(paths.map((path) => [path.base, path]))
  const start = Math.min(...paths.map(({ openTime }) => openTime[0] ?? Number.POSITIVE_INFINITY))
  const source: MarketSource = {
    start,
    seed,
    lengthMs,
    coins: paths.map((path) => ({
      base: path.base,
      tick: tickOf(path),
      lot: lotOf(path, tradesPerBar),
      dailyVolume: (sum(path.volume) / path.volume.length) * (DAY_MS / lengthMs),
      listedAt: path.openTime[0] ?? start,
    })),
    exactKind: (base) => of.get(base)?.kind,
    bar(base, openTime): MarketBar | undefined {
      const path = of.get(base)!
      const i = lastAt(path.openTime, openTime)
      if (i < 0 || path.openTime[i] !== openTime) return undefined
      return {
        open: path.open[i]!,
        high: path.high[i]!,
        low: path.low[i]!,
        close: path.close[i]!,
        volume: path.volume[i]!,
      }
    },
    lastPrice(base, at) {
      const path = of.get(base)!
      const i = lastAt(path.openTime, at - lengthMs)
      return i < 0 ? path.open[0]! : path.close[i]!
    },
  }
  return marketWorld({ source, venue, tradesPerMinute })
}

/** Index of the last time that is not behind `at`; -1 when all are. */
function lastAt(times: ArrayLike<number>, at: EpochMs): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! <= at) low = middle + 1
    else high = middle
  }
  return low - 1
}

function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}

const stepText = (digits: number): string => (digits === 0 ? '1' : `0.${'0'.repeat(digits - 1)}1`)
const POWERS = Array.from({ length: DIGITS_MAX + 1 }, (_, digits) => Number(`1e${digits}`))

/** Decimals that write every value. */
function digitsOf(columns: readonly ArrayLike<number>[]): number {
  let digits = 0
  for (const column of columns)
    for (let i = 0; i < column.length; i++)
      while (digits < DIGITS_MAX && Math.round(column[i]! * POWERS[digits]!) / POWERS[digits]! !== column[i]) digits++
  return digits
}

const tickOf = ({ open, high, low, close }: BarPath): string => stepText(digitsOf([open, high, low, close]))

/** As fine as the volumes, finer when the least of them would not give every trade a lot, never beyond what is exact. */
function lotOf({ volume }: BarPath, tradesPerBar: number): string {
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (let i = 0; i < volume.length; i++) {
    if (volume[i]! > 0) least = Math.min(least, volume[i]!)
    most = Math.max(most, volume[i]!)
  }
  let digits = digitsOf([volume])
  while (digits < DIGITS_MAX && least * POWERS[digits]! < tradesPerBar) digits++
  while (digits > 0 && most * POWERS[digits]! > LOTS_MAX) digits--
  return stepText(digits)
}
