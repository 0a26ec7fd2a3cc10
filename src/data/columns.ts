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

export type SeriesKey = BarsKey | FundingKey

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

/** Column names of a kind in memory, in the order of the files. */
export const BAR_COLUMNS = ['ts', 'availableAt', 'open', 'high', 'low', 'close', 'volume', 'quoteVolume'] as const
export const FUNDING_COLUMNS = ['ts', 'availableAt', 'rate', 'intervalHours'] as const

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
