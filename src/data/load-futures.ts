/** Owns reading dated futures of the lake, each row in its last revision. Never computes when a row could be read. */
import type { EpochMs } from '#core/time'
import type { PointsKey } from './columns.js'
import { type LoadOptions, loadRows } from './lake.js'
import { pickRows, type Rows } from './rows.js'

/** A contract's rows, ascending in `ts`. All arrays have the same length; NaN: the source does not say. */
export interface FuturesColumns {
  readonly ts: Float64Array
  readonly availableAt: Float64Array
  /** Prices in quote; `close` is of the last trade, `settle` the exchange's own. */
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly settle: Float64Array
  /** Base coins. */
  readonly volume: Float64Array
  /** Base coins, one side. */
  readonly openInterest: Float64Array
  readonly indexPrice: Float64Array
  /** Epoch ms. */
  readonly expiry: Float64Array
}

/** Rows with `ts` in `[fromTs, toTs)` as they could be read at `asOf`, else as they are now. Throws LAKE_EMPTY. */
export async function loadFutures(
  home: string,
  key: Omit<PointsKey, 'kind'>,
  fromTs: EpochMs,
  toTs: EpochMs,
  { asOf = Number.POSITIVE_INFINITY, ...options }: LoadOptions & { readonly asOf?: EpochMs } = {},
): Promise<FuturesColumns> {
  const rows = await loadRows(home, { ...key, kind: 'futures' }, fromTs, toTs - 1, options)
  const known = [...rows.ts.keys()].filter((i) => rows.availableAt[i]! <= asOf)
  const last = known.filter((i, at) => rows.ts[known[at + 1] ?? -1] !== rows.ts[i])
  return pickRows(rows as FuturesColumns & Rows, Uint32Array.from(last)) // the columns of this kind, which hold numbers alone
}
