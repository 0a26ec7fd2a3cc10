/** Owns reading points of the lake into typed arrays: open interest, volatility indices, on-chain metrics. Never interpolates. */
import type { EpochMs } from '#core/time'
import type { OnChainColumns, OpenInterestColumns, PointsKey, VolatilityColumns } from './columns.js'
import { type LoadOptions, loadRows } from './lake.js'
import { pickRows, type Rows } from './rows.js'

type Names = Omit<PointsKey, 'kind'>

/** Open interest with `ts` in `[fromTs, toTs)`, ascending. Throws LAKE_EMPTY when the lake has nothing of the series. */
export async function loadOpenInterest(
  home: string,
  key: Names,
  fromTs: EpochMs,
  toTs: EpochMs,
  options: LoadOptions = {},
): Promise<OpenInterestColumns> {
  const rows = await loadRows(home, { ...key, kind: 'oi' }, fromTs, toTs - 1, options)
  return rows as OpenInterestColumns & Rows // the columns of this kind, which hold numbers alone
}

/** As {@link loadOpenInterest}, of a volatility index. */
export async function loadVolatility(
  home: string,
  key: Names,
  fromTs: EpochMs,
  toTs: EpochMs,
  options: LoadOptions = {},
): Promise<VolatilityColumns> {
  const rows = await loadRows(home, { ...key, kind: 'volatility' }, fromTs, toTs - 1, options)
  return rows as VolatilityColumns & Rows // as above
}

/**
 * Values of a metric, with every revision; with `asOf` those that could be read at that instant, the last revision of each.
 * `venue` is the source, `market` the asset in lower case, `symbol` the metric. Otherwise as {@link loadOpenInterest}.
 */
export async function loadOnChain(
  home: string,
  key: Names,
  fromTs: EpochMs,
  toTs: EpochMs,
  options: LoadOptions & { readonly asOf?: EpochMs } = {},
): Promise<OnChainColumns> {
  const loaded = await loadRows(home, { ...key, kind: 'onchain' }, fromTs, toTs - 1, options)
  const rows = loaded as OnChainColumns & Rows // as above
  const { asOf } = options
  if (asOf === undefined) return rows
  const known = [...rows.ts.keys()].filter((i) => rows.availableAt[i]! <= asOf)
  return pickRows(rows, Uint32Array.from(known.filter((i, at) => rows.ts[known[at + 1] ?? -1] !== rows.ts[i])))
}
