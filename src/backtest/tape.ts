/**
 * Owns the order of market rows in a backtest: many series merged into instants (architecture.md, section 4).
 * Pure: no I/O, no clock. Never copies or interpolates a row; a row is (series, index).
 */

import type { InstrumentId } from '#core/ids'
import { invariant } from '#core/invariant'
import { type EpochMs, type Interval, intervalMs } from '#core/time'

import type { BarColumns, FundingColumns } from '#data/columns'
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

/** What the cursor stands on. */
export const ON_BAR = 0
export const ON_FUNDING = 1
/** Every row of the instant has been given: time for `InstantClosed`, then `BarOpened`. */
export const ON_INSTANT = 2
export type CursorKind = typeof ON_BAR | typeof ON_FUNDING | typeof ON_INSTANT

/** Series merged by `availableAt`. Immutable, so that any number of cursors may share it. */
export interface MergedTape {
  /** In the order of rows within an instant: kind ('bars' before 'funding'), instrument by code unit, interval short to long. */
  readonly series: readonly TapeSeries[]
  /** Series index of each row, in the order given; a series' own rows come in their order. */
  readonly order: Uint32Array
  /** Ascending. Every `availableAt`, and every close at which a bar was expected though none came. */
  readonly instants: Float64Array
  /** Where in `order` the rows of instant i end. */
  readonly rowsEnd: Uint32Array
  /** Bit i: a bar of INTERVALS[i] was expected at the instant; 0 where only funding came. */
  readonly closed: Uint16Array
  /** Where in `missing` the entries of instant i end. */
  readonly missingEnd: Uint32Array
  /** Series that had a bar expected at the instant and none there. */
  readonly missing: Uint32Array
}

function compareSeries(a: TapeSeries, b: TapeSeries): number {
  if (a.kind !== b.kind) return a.kind === 'bars' ? -1 : 1
  if (a.instrument !== b.instrument) return a.instrument < b.instrument ? -1 : 1
  if (a.kind === 'bars' && b.kind === 'bars') return intervalMs(a.interval) - intervalMs(b.interval)
  return 0
}

/** Throws InvariantError unless times ascend and a bar is available at its close, which instants rest on. */
function assertSeries(series: TapeSeries): void {
  const { ts, availableAt } = series.rows
  const step = series.kind === 'bars' ? intervalMs(series.interval) : 0
  for (let i = 0; i < ts.length; i++) {
    const sane =
      (i === 0 || availableAt[i]! > availableAt[i - 1]!) &&
      (step === 0 || (ts[i]! % step === 0 && availableAt[i] === ts[i]! + step))
    invariant(
      sane,
      () => `tape: ${series.instrument} ${series.kind} row ${i} at ${ts[i]} is out of order or off its grid`,
    )
  }
}

/**
 * Merges series, in any order given, into instants. O(rows · series of the same interval that lack a row there).
 * Throws InvariantError when two series are the same, or a series is not in order or off its grid.
 */
export function mergeTape(input: readonly TapeSeries[]): MergedTape {
  const series = [...input].sort(compareSeries)
  for (let i = 0; i < series.length; i++) {
    assertSeries(series[i]!)
    invariant(
      i === 0 || compareSeries(series[i - 1]!, series[i]!) !== 0,
      () => `tape: ${series[i]!.instrument} given twice`,
    )
  }
  const merger = new Merger(series)
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
