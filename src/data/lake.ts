/**
 * Owns reading the lake: series into typed arrays, the files a tape is made of and their SHA-256.
 * Never writes to it; never computes `availableAt`, which is a column.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { QuantbotError } from '#core/errors'
import { type EpochMs, isoDay } from '#core/time'
import type { BarColumns, BarsKey, FundingColumns, FundingKey, LakeKey } from './columns.js'
import { readRows, sqlPaths, withDuck } from './duck.js'
import { fileColumn, KINDS } from './kinds.js'
import { describeSeries, type LakeFile, lakeDir, listFiles, listKeys, locate } from './layout.js'
import { settle, steady } from './publish.js'
import { pickRows, type Rows } from './rows.js'

/** A lake file as a run's manifest names it. */
export interface TapeEntry {
  /** Relative to the lake, with `/`. */
  readonly path: string
  readonly sha256: string
  readonly rows: number
}

/** What the lake holds of one series. */
export interface SeriesSummary {
  readonly key: LakeKey
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
  /** Stands between the lake and whoever reads it: checks of look-ahead show it a shorter or another lake. */
  readonly view?: RowView
}

/** Rows of a series as a reader is to see them; `read` fetches those of `where` from the files. */
export type RowView = (key: LakeKey, where: string, read: () => Promise<Rows>) => Promise<Rows>

/** Every series of the lake with its extent; opens no data file. */
export async function listSeries(home: string): Promise<SeriesSummary[]> {
  return steady(home, () =>
    listKeys(home).flatMap((key) => {
      const files = listFiles(home, key)
      return files.length === 0 ? [] : [{ key, ...extent(files), files: files.length }]
    }),
  )
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
export async function seriesFiles(home: string, key: LakeKey, fromTs: EpochMs, toTs: EpochMs): Promise<LakeFile[]> {
  const files = await steady(home, () => listFiles(home, key))
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
  const rows = await load(home, series, found, `ts >= ${fromTs} AND ts < ${toTs}`, options)
  return rows as BarColumns & Rows // the columns of this kind, which hold numbers alone
}

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
  const rows = await load(home, series, found, `ts > ${fromTs} AND ts <= ${toTs}`, options)
  return rows as FundingColumns & Rows // as in loadBars
}

/**
 * Rows of any kind with `ts` in `[fromTs, toTs]`, ascending by the kind's key; none when the series has none there.
 * Throws LAKE_EMPTY when the lake has nothing of the series.
 */
export async function loadRows(
  home: string,
  key: LakeKey,
  fromTs: EpochMs,
  toTs: EpochMs,
  options: LoadOptions = {},
): Promise<Rows> {
  const found = options.files ?? (await seriesFiles(home, key, fromTs, toTs))
  return load(home, key, found, `ts >= ${fromTs} AND ts <= ${toTs}`, options)
}

/** How often a read is begun again when compaction moved a file between the look at it and its opening. */
const MOVED_TRIES = 3

async function load(
  home: string,
  key: LakeKey,
  files: readonly LakeFile[],
  where: string,
  options: LoadOptions,
): Promise<Rows> {
  const read = (): Promise<Rows> => fetchRows(home, key, files, where, options)
  return options.view === undefined ? read() : options.view(key, where, read)
}

async function fetchRows(
  home: string,
  key: LakeKey,
  files: readonly LakeFile[],
  where: string,
  options: LoadOptions,
): Promise<Rows> {
  const { columns, rowKey } = KINDS[key.kind]
  const isText = columns.map(({ type }) => type === 'VARCHAR')
  const rowsOf = (values: readonly (Float64Array | readonly string[])[]): Rows =>
    Object.fromEntries(columns.map(({ name }, c) => [name, values[c]!])) as Rows // every kind has ts and availableAt
  if (files.length === 0) return rowsOf(isText.map((text) => (text ? [] : new Float64Array(0))))
  const select = columns.map(({ name, type }) => {
    const column = fileColumn(name)
    return type === 'BIGINT' ? `${column}::DOUBLE` : column
  })
  const order = rowKey.length > 1 ? ` ORDER BY ${rowKey.map(fileColumn).join(', ')}` : ''
  const capacity = files.reduce((sum, file) => sum + file.rows, 0)
  for (let tries = 1; ; tries++) {
    const paths = files.map((file) => locate(home, file.path))
    const source = `read_parquet(${sqlPaths(paths)}, hive_partitioning = false)`
    const sql = `SELECT ${select.join(', ')} FROM ${source} WHERE ${where}${order}`
    try {
      const values = await withDuck((connection) => readRows(connection, sql, isText, capacity))
      return rowKey.length > 1 ? rowsOf(values) : ascending(key, rowsOf(values), options.keepDuplicates === true)
    } catch (error) {
      const isMoved = files.some((file, i) => locate(home, file.path) !== paths[i])
      if (!isMoved || tries === MOVED_TRIES) throw error
    }
  }
}

/** Files follow each other in time unless a later import filled a gap: then rows are put in order here. */
function ascending(key: LakeKey, rows: Rows, keepDuplicates: boolean): Rows {
  const { ts } = rows
  let ordered = true
  for (let i = 1; i < ts.length && ordered; i++) ordered = ts[i]! > ts[i - 1]!
  if (ordered) return rows
  const order = Uint32Array.from(ts, (_, i) => i).sort((a, b) => ts[a]! - ts[b]!)
  for (let i = 1; i < order.length && !keepDuplicates; i++) {
    const [a, b] = [ts[order[i - 1]!]!, ts[order[i]!]!]
    if (a === b)
      throw new QuantbotError('INTERNAL', `${describeSeries(key)}: the lake holds ${a} (${isoDay(a)}) more than once`)
  }
  return pickRows(rows, order)
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
  for (const { path, rows } of files) entries.push({ path, sha256: await sha256File(locate(home, path)), rows })
  return entries
}

/** Throws TAPE_CHANGED, naming the first file that is absent or has other bytes than its entry says. */
export async function checkTape(home: string, entries: readonly TapeEntry[]): Promise<void> {
  await settle(home)
  for (const { path, sha256 } of entries) {
    const full = locate(home, path)
    let seen: string
    try {
      seen = await sha256File(full)
    } catch (cause) {
      throw new QuantbotError('TAPE_CHANGED', `${full} cannot be read; the manifest names it with ${sha256}`, { cause })
    }
    if (seen !== sha256) throw new QuantbotError('TAPE_CHANGED', `${full} is ${seen}; the manifest says ${sha256}`)
  }
}
