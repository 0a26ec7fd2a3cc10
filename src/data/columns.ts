/** Owns how market history stands in memory: one typed array a column, rows ascending by time. Never touches a disk. */
import type { Interval } from '#core/time'

/** Which bars: as the venue writes the symbol. */
export interface BarsKey {
  readonly kind: 'bars'
  readonly venue: string
  readonly market: string
  readonly symbol: string
  readonly interval: Interval
}

/** Which funding settlements. Each settlement carries its own interval, so the series has none. */
export interface FundingKey {
  readonly kind: 'funding'
  readonly venue: string
  readonly market: string
  readonly symbol: string
}

/** What a tape is made of. */
export type SeriesKey = BarsKey | FundingKey

export const KIND_NAMES = ['bars', 'funding', 'oi', 'mark', 'volatility', 'onchain', 'futures', 'options'] as const
export type Kind = (typeof KIND_NAMES)[number]

/**
 * Which points beside bars and funding. `interval` undefined: each row stands for its own instant. On-chain series:
 * venue is the source, market the asset in lower case, symbol the metric. Option chains: symbol is the currency.
 */
export interface PointsKey {
  readonly kind: Exclude<Kind, SeriesKey['kind']>
  readonly venue: string
  readonly market: string
  readonly symbol: string
  readonly interval?: Interval
}

/** Any series of the lake. */
export type LakeKey = SeriesKey | PointsKey

/** Bars, one row each, strictly ascending in `ts`. All arrays have the same length. */
export interface BarColumns {
  /** Open time, UTC epoch milliseconds. */
  readonly ts: Float64Array
  /** When the bar could first be read, UTC epoch milliseconds; ts + interval for imported bars. */
  readonly availableAt: Float64Array
  /** Prices in quote currency. */
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  /** Base units. */
  readonly volume: Float64Array
  /** Quote units; NaN where the source did not say. */
  readonly quoteVolume: Float64Array
}

/** Funding settlements, one row each, strictly ascending in `ts`. All arrays have the same length. */
export interface FundingColumns {
  /** Settlement time, UTC epoch milliseconds. */
  readonly ts: Float64Array
  readonly availableAt: Float64Array
  /** Fraction of notional for the row's own interval; positive: longs pay. */
  readonly rate: Float64Array
  /** Hours that the rate is for. */
  readonly intervalHours: Float64Array
}

/** Open interest, one row each, strictly ascending in `ts`. */
export interface OpenInterestColumns {
  readonly ts: Float64Array
  readonly availableAt: Float64Array
  /** Coins of the base currency, one side; NaN where the source only told the value. */
  readonly openInterest: Float64Array
  /** Quote currency; NaN where the source did not say. */
  readonly value: Float64Array
}

/** A volatility index, strictly ascending in `ts`. */
export interface VolatilityColumns {
  readonly ts: Float64Array
  readonly availableAt: Float64Array
  /** Decimal a year: 0.5 is 50 %. */
  readonly value: Float64Array
}

/** A metric of a chain, ascending in `ts`, then in `revision`: a value that its source changed later stands more than once. */
export interface OnChainColumns {
  readonly ts: Float64Array
  readonly availableAt: Float64Array
  readonly value: Float64Array
  /** 0 is the value that was known first. */
  readonly revision: Float64Array
  /** UTC epoch ms; NaN of history whose source does not say. */
  readonly fetchedAt: Float64Array
}

/** The same rows as `[from, to)` of another, without copying. */
export function sliceBars(rows: BarColumns, from: number, to: number): BarColumns {
  return {
    ts: rows.ts.subarray(from, to),
    availableAt: rows.availableAt.subarray(from, to),
    open: rows.open.subarray(from, to),
    high: rows.high.subarray(from, to),
    low: rows.low.subarray(from, to),
    close: rows.close.subarray(from, to),
    volume: rows.volume.subarray(from, to),
    quoteVolume: rows.quoteVolume.subarray(from, to),
  }
}

/** As {@link sliceBars}. */
export function sliceFunding(rows: FundingColumns, from: number, to: number): FundingColumns {
  return {
    ts: rows.ts.subarray(from, to),
    availableAt: rows.availableAt.subarray(from, to),
    rate: rows.rate.subarray(from, to),
    intervalHours: rows.intervalHours.subarray(from, to),
  }
}

/** First index whose value is above `value`, in an ascending array: O(log n). */
export function upperBound(ascending: Float64Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}
