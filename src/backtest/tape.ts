/**
 * Owns the order of market rows in a backtest: many series merged into instants (architecture.md, section 4).
 * Pure: no I/O, no clock. Never copies or interpolates a row; a row is (series, index).
 */

import type { InstrumentId } from '#core/ids'
import { invariant } from '#core/invariant'
import { type EpochMs, type Interval, intervalMs } from '#core/time'

import type { BarColumns, FundingColumns } from '#data/columns'
import type { FeedSeries } from './feeds/series.js'
import { Growing, Merger } from './tape-merger.js'

export interface BarSeries {
  readonly kind: 'bars'
  readonly instrument: InstrumentId
  readonly interval: Interval
  readonly rows: BarColumns
  /**
   * Close of the first and last bar that is expected; those of `rows` when left out. A loader that knows of bars outside the
   * span widens them, so that a hole at the edge of the span counts as missing.
   */
  readonly expectedFrom?: EpochMs
  readonly expectedTo?: EpochMs
}

export interface FundingSeries {
  readonly kind: 'funding'
  readonly instrument: InstrumentId
  readonly rows: FundingColumns
}

export type TapeSeries = BarSeries | FundingSeries
export type AnySeries = TapeSeries | FeedSeries

/** What the cursor stands on. */
export const ON_BAR = 0
export const ON_FUNDING = 1
/** Every row of the instant has been given: time for `InstantClosed`, then `BarOpened`. */
export const ON_INSTANT = 2
/** A row of a feed. */
export const ON_FEED = 3
export type CursorKind = typeof ON_BAR | typeof ON_FUNDING | typeof ON_INSTANT | typeof ON_FEED

/** Series merged by `availableAt`. Immutable, so that any number of cursors may share it. */
export interface MergedTape {
  /** In the order of rows within an instant: kind as {@link RANK}, instrument by code unit, interval short to long. */
  readonly series: readonly AnySeries[]
  /** Series index of each row, in the order given; a series' own rows come in their order. */
  readonly order: Uint32Array
  /** Ascending. Every `availableAt`, and every close at which a bar was expected though none came. */
  readonly instants: Float64Array
  /** Where in `order` the rows of instant i end. */
  readonly rowsEnd: Uint32Array
  /** Bit i: a bar of INTERVALS[i] was expected at the instant; 0 where only funding and feeds came. */
  readonly closed: Uint16Array
  /** Where in `missing` the entries of instant i end. */
  readonly missingEnd: Uint32Array
  /** Series that had a bar expected at the instant and none there. */
  readonly missing: Uint32Array
}

/** Kinds of rows in the order in which they come within an instant: prices first, what is derived from them last. */
export const RANK: Readonly<Record<AnySeries['kind'], number>> = {
  bars: 0,
  funding: 1,
  mark: 2,
  oi: 3,
  volatility: 4,
  onchain: 5,
  options: 6,
  recorded: 7,
}

function compareSeries(a: AnySeries, b: AnySeries): number {
  if (a.kind !== b.kind) return RANK[a.kind] - RANK[b.kind]
  if (a.instrument !== b.instrument) return a.instrument < b.instrument ? -1 : 1
  if (a.kind === 'bars' && b.kind === 'bars') return intervalMs(a.interval) - intervalMs(b.interval)
  return 0
}

/** Throws InvariantError unless times ascend and a bar is available at its close, which instants rest on. Rows of feeds may share a time. */
function assertSeries(series: AnySeries): void {
  const { ts, availableAt } = series.rows
  const step = series.kind === 'bars' ? intervalMs(series.interval) : 0
  const isFeed = RANK[series.kind] >= RANK.mark
  for (let i = 0; i < ts.length; i++) {
    const sane =
      (i === 0 || availableAt[i]! > availableAt[i - 1]! || (isFeed && availableAt[i] === availableAt[i - 1])) &&
      (step === 0 || (ts[i]! % step === 0 && availableAt[i] === ts[i]! + step))
    invariant(
      sane,
      () => `tape: ${series.instrument} ${series.kind} row ${i} at ${ts[i]} is out of order or off its grid`,
    )
  }
}

/**
 * Merges series, in any order given, into instants. O(rows · series of the same interval that lack a row there). `clock`: times,
 * ascending, that are instants whatever comes. Throws InvariantError when two series are the same, or a series is not in order or off its grid.
 */
export function mergeTape(input: readonly AnySeries[], clock?: Float64Array): MergedTape {
  const series = [...input].sort(compareSeries)
  for (let i = 0; i < series.length; i++) {
    assertSeries(series[i]!)
    invariant(
      i === 0 || compareSeries(series[i - 1]!, series[i]!) !== 0,
      () => `tape: ${series[i]!.instrument} given twice`,
    )
  }
  const merger = new Merger(series, clock)
  const instants: number[] = []
  const closed: number[] = []
  const rowsEnd = new Growing()
  const missingEnd = new Growing()
  for (let t = merger.next(); t < Number.POSITIVE_INFINITY; t = merger.next()) {
    closed.push(merger.take(t))
    instants.push(t)
    rowsEnd.push(merger.rows)
    missingEnd.push(merger.missing.length)
  }
  invariant(merger.done(), 'mergeTape: rows were left over')
  return {
    series,
    order: merger.order,
    instants: Float64Array.from(instants),
    rowsEnd: rowsEnd.toArray(),
    closed: Uint16Array.from(closed),
    missingEnd: missingEnd.toArray(),
    missing: merger.missing.toArray(),
  }
}
