/**
 * Owns reading the lake: series into typed arrays, the files a tape is made of and their SHA-256.
 * Never writes to it; never computes `availableAt`, which is a column.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { QuantbotError } from '#core/errors'
import { type EpochMs, isoDay } from '#core/time'
import type { BarColumns, BarsKey, FundingColumns, FundingKey, SeriesKey } from './columns.js'
import { readColumns, sqlPaths, withDuck } from './duck.js'
import { describeSeries, type LakeFile, lakeDir, listFiles, listKeys } from './layout.js'
import { settle } from './publish.js'

const BARS_SQL = 'ts::DOUBLE, available_at::DOUBLE, open, high, low, close, volume, quote_volume'
const FUNDING_SQL = 'ts::DOUBLE, available_at::DOUBLE, rate, interval_hours'

/** A lake file as a run's manifest names it. */
export interface TapeEntry {
  /** Relative to the lake, with `/`. */
  readonly path: string
  readonly sha256: string
  readonly rows: number
}

/** What the lake holds of one series. */
export interface SeriesSummary {
  readonly key: SeriesKey
  readonly rows: number
  /** `ts` of its first and last row. */
  readonly first: EpochMs
  readonly last: EpochMs
  readonly files: number
}

export interface LoadOptions {
  /** Reads these files of the series and no others, as a manifest names them. */
  readonly files?: readonly LakeFile[]
  /** For the quality report alone: gives rows of equal `ts` instead of throwing INTERNAL. */
  readonly keepDuplicates?: boolean
}

/** Every series of the lake with its extent; opens no data file. */
export async function listSeries(home: string): Promise<SeriesSummary[]> {
  await settle(home)
  return listKeys(home).flatMap((key) => {
    const files = listFiles(home, key)
    return files.length === 0 ? [] : [{ key, ...extent(files), files: files.length }]
  })
}

function extent(files: readonly LakeFile[]): { rows: number; first: EpochMs; last: EpochMs } {
  let [rows, first, last] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const file of files) {
    rows += file.rows
    first = Math.min(first, file.first)
    last = Math.max(last, file.last)
  }
  return { rows, first, last }
}

/** Files of a series with rows in `[fromTs, toTs]`. Throws LAKE_EMPTY when the lake has nothing of the series. */
export async function seriesFiles(home: string, key: SeriesKey, fromTs: EpochMs, toTs: EpochMs): Promise<LakeFile[]> {
  await settle(home)
  const files = listFiles(home, key)
  if (files.length === 0) throw new QuantbotError('LAKE_EMPTY', `no ${describeSeries(key)} in ${lakeDir(home)}`)
  return files.filter((file) => file.last >= fromTs && file.first <= toTs)
}

/**
 * Bars whose open time lies in `[fromTs, toTs)`, ascending; none when the series has none there.
 * Throws LAKE_EMPTY when the lake has nothing of the series.
 */
export async function loadBars(
  home: string,
  key: Omit<BarsKey, 'kind'>,
  fromTs: EpochMs,
  toTs: EpochMs,
  options: LoadOptions = {},
): Promise<BarColumns> {
  const series: BarsKey = { ...key, kind: 'bars' }
  const found = options.files ?? (await seriesFiles(home, series, fromTs, toTs - 1))
  const columns = await load(home, series, found, BARS_SQL, 8, `ts >= ${fromTs} AND ts < ${toTs}`, options)
  const [ts, availableAt, open, high, low, close, volume, quoteVolume] = columns as BarArrays // width given above
  return { ts, availableAt, open, high, low, close, volume, quoteVolume }
}

type F64 = Float64Array
type BarArrays = [F64, F64, F64, F64, F64, F64, F64, F64]

/**
 * Settlements whose time lies in `(fromTs, toTs]`, ascending: those that a position held over the span meets, the first
 * instant being the close of the first bar. Otherwise as {@link loadBars}.
 */
export async function loadFunding(
  home: string,
  key: Omit<FundingKey, 'kind'>,
  fromTs: EpochMs,
  toTs: EpochMs,
  options: LoadOptions = {},
): Promise<FundingColumns> {
  const series: FundingKey = { ...key, kind: 'funding' }
  const found = options.files ?? (await seriesFiles(home, series, fromTs + 1, toTs))
  const columns = await load(home, series, found, FUNDING_SQL, 4, `ts > ${fromTs} AND ts <= ${toTs}`, options)
  const [ts, availableAt, rate, intervalHours] = columns as [F64, F64, F64, F64] // width given above
  return { ts, availableAt, rate, intervalHours }
}

async function load(
  home: string,
  key: SeriesKey,
  files: readonly LakeFile[],
  select: string,
  width: number,
  where: string,
  options: LoadOptions,
): Promise<Float64Array[]> {
  if (files.length === 0) return Array.from({ length: width }, () => new Float64Array(0))
  const paths = sqlPaths(files.map((file) => join(lakeDir(home), file.path)))
  const sql = `SELECT ${select} FROM read_parquet(${paths}, hive_partitioning = false) WHERE ${where}`
  const capacity = files.reduce((sum, file) => sum + file.rows, 0)
  const columns = await withDuck((connection) => readColumns(connection, sql, width, capacity))
  return ascending(key, columns, options.keepDuplicates === true)
}

/** Files follow each other in time unless a later import filled a gap: then rows are put in order here. */
function ascending(key: SeriesKey, columns: Float64Array[], keepDuplicates: boolean): Float64Array[] {
  const ts = columns[0]!
  let ordered = true
  for (let i = 1; i < ts.length && ordered; i++) ordered = ts[i]! > ts[i - 1]!
  if (ordered) return columns
  const order = Uint32Array.from(ts, (_, i) => i).sort((a, b) => ts[a]! - ts[b]!)
  for (let i = 1; i < order.length && !keepDuplicates; i++) {
    const [a, b] = [ts[order[i - 1]!]!, ts[order[i]!]!]
    if (a === b)
      throw new QuantbotError('INTERNAL', `${describeSeries(key)}: the lake holds ${a} (${isoDay(a)}) more than once`)
  }
  return columns.map((column) => Float64Array.from(order, (i) => column[i]!))
}

/** SHA-256 of a file, hex. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer) // no encoding set
  return hash.digest('hex')
}

/** Manifest entries of lake files, in the order given. */
export async function tapeEntries(home: string, files: readonly LakeFile[]): Promise<TapeEntry[]> {
  const entries: TapeEntry[] = []
  for (const { path, rows } of files) entries.push({ path, sha256: await sha256File(join(lakeDir(home), path)), rows })
  return entries
}

/** Throws TAPE_CHANGED, naming the first file that is absent or has other bytes than its entry says. */
export async function checkTape(home: string, entries: readonly TapeEntry[]): Promise<void> {
  await settle(home)
  for (const { path, sha256 } of entries) {
    const full = join(lakeDir(home), path)
    let seen: string
    try {
      seen = await sha256File(full)
    } catch (cause) {
      throw new QuantbotError('TAPE_CHANGED', `${full} cannot be read; the manifest names it with ${sha256}`, { cause })
    }
    if (seen !== sha256) throw new QuantbotError('TAPE_CHANGED', `${full} is ${seen}; the manifest says ${sha256}`)
  }
}
