/**
 * Owns how the feeds of a tape stand in memory: what became known beside bars and funding. Rows ascend in `availableAt`; several
 * may share it. Pure; must never fill, move or interpolate a row.
 */
import type { InstrumentId } from '#core/ids'
import type { DurationMs, EpochMs } from '#core/time'
import type { ChainColumns } from '#data/load-options'
import type { Input } from '#engine/dispatcher'
import type { InstrumentListed } from '#events/market.events'

/** `ts` is the time that a row speaks of; of a value for a whole interval its end, but for on-chain rows its begin. */
interface Times {
  readonly ts: Float64Array
  readonly availableAt: Float64Array
}

/** Marks of a derivative that may have no bars: dated futures, perpetuals beside the universe. */
export interface MarkSeries {
  readonly kind: 'mark'
  readonly instrument: InstrumentId
  /** Quote; index NaN where nobody told one. */
  readonly rows: Times & { readonly mark: Float64Array; readonly index: Float64Array }
  /** Told before its first mark. */
  readonly listing: InstrumentListed['data']
  /** Its rows end long before it expires and before the tape does: closed at its last mark. */
  readonly endsEarly: boolean
}

export interface OpenInterestSeries {
  readonly kind: 'oi'
  readonly instrument: InstrumentId
  /** Base coins, one side. */
  readonly rows: Times & { readonly openInterest: Float64Array }
}

export interface VolatilitySeries {
  readonly kind: 'volatility'
  /** Series of the lake. */
  readonly instrument: string
  readonly venue: string
  readonly currency: string
  /** Decimal a year. */
  readonly rows: Times & { readonly value: Float64Array }
}

export interface OnChainSeries {
  readonly kind: 'onchain'
  /** `source.asset.metric`. */
  readonly instrument: string
  readonly source: string
  readonly asset: string
  readonly metric: string
  readonly periodMs: DurationMs
  /** Every revision, each when it could be read. */
  readonly rows: Times & { readonly value: Float64Array; readonly revision: Float64Array }
}

export interface OptionSeries {
  readonly kind: 'options'
  /** Series of the lake. */
  readonly instrument: string
  readonly venue: string
  readonly currency: string
  /** One row a chain. */
  readonly rows: ChainColumns
}

/** What a log recorded, in its order: the inputs themselves. */
export interface RecordedSeries {
  readonly kind: 'recorded'
  readonly instrument: string
  readonly rows: Times
  readonly inputs: readonly Input[]
}

export type FeedSeries =
  | MarkSeries
  | OpenInterestSeries
  | VolatilitySeries
  | OnChainSeries
  | OptionSeries
  | RecordedSeries

/** Money that an operator moves at a UTC midnight. */
export interface CapitalFlow {
  readonly ts: EpochMs
  readonly currency: string
  /** Decimal, in `currency`; negative: taken out. */
  readonly amount: string
  readonly reason: string
}

type Rows = FeedSeries['rows']

/** Rows `[from, to)` of a feed, without copying; what stands beside the columns stays. */
export function sliceFeed<S extends FeedSeries>(series: S, from: number, to: number): S {
  const rows = Object.fromEntries(
    Object.entries(series.rows).map(([name, column]) => [
      name,
      column instanceof Float64Array ? column.subarray(from, to) : column,
    ]),
  ) as unknown as Rows // the same columns, shorter
  return series.kind === 'recorded' ? { ...series, rows, inputs: series.inputs.slice(from, to) } : { ...series, rows }
}
