/**
 * Owns importing files of history into the lake: read, check, compare with what is there, write what is new.
 * A file is imported whole or not at all, and importing it again changes nothing. Never overwrites a row.
 */
import { basename } from 'node:path'
import { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import { civilDate, INTERVALS, type Interval, isInterval } from '#core/time'
import { BARS_WANTED, barsOf, FUNDING_WANTED, fundingOf } from './check-rows.js'
import { BAR_COLUMNS, type BarColumns, FUNDING_COLUMNS, type FundingColumns, type SeriesKey } from './columns.js'
import { type OutColumn, withDuck, writeParquet } from './duck.js'
import { type ImportProblem, Problems } from './import-problem.js'
import { loadBars, loadFunding } from './lake.js'
import { assertSeriesNames, filePath, listFiles } from './layout.js'
import { compareRows } from './merge-rows.js'
import { asWriter, type Stage } from './publish.js'
import { qualityReport, type SeriesQuality } from './quality.js'
import { readTable } from './source-table.js'

export interface ImportRequest {
  readonly files: readonly string[]
  readonly kind: SeriesKey['kind']
  readonly venue: string
  readonly market: string
  /** Where left out, each file's name must say it: `<SYMBOL>-<interval>.csv|parquet`, for funding also `<SYMBOL>.csv`. */
  readonly symbol?: string | undefined
  /** Of bars as for `symbol`. Of funding: every settlement's interval; where left out, from the spacing of the file. */
  readonly interval?: string | undefined
  readonly home: string
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
}

export interface ImportProgress {
  readonly file: string
  /** Which of how many files, from 0. */
  readonly index: number
  readonly files: number
  readonly phase: 'reading' | 'comparing' | 'writing' | 'deciding' | 'publishing' | 'done'
  /** Rows read so far; lake files published so far while publishing. */
  readonly count: number
}

export interface FileImport {
  readonly file: string
  /** Undefined when the name of the series could not be told. */
  readonly key: SeriesKey | undefined
  readonly rows: number
  readonly written: number
  /** Rows that the lake held already with the same values. */
  readonly skipped: number
  readonly problems: readonly ImportProblem[]
  /** What was inferred, ignored or snapped. */
  readonly notes: readonly string[]
}

export interface ImportReport {
  readonly rows: number
  readonly written: number
  readonly skipped: number
  readonly problems: readonly ImportProblem[]
  readonly files: readonly FileImport[]
  /** Of every series that was imported to, as the lake holds it now. */
  readonly quality: readonly SeriesQuality[]
}

/**
 * Imports files one after the other; one that has a problem leaves nothing, the others are imported. Problems are returned
 * (`importError` makes the error of them). Throws NAME_INVALID, USAGE for an unknown interval, LAKE_BUSY.
 */
export async function importFiles(request: ImportRequest): Promise<ImportReport> {
  const { venue, market, symbol, interval, home } = request
  assertSeriesNames({ venue, market, symbol: symbol ?? 'X' })
  if (interval !== undefined && !isInterval(interval))
    throw new QuantbotError('USAGE', `interval ${JSON.stringify(interval)} is none of ${INTERVALS.join(', ')}`)
  const files: FileImport[] = []
  await asWriter(home, async (newStage) => {
    for (const file of request.files) files.push(await importFile(file, files.length, request, newStage))
  })
  const touched = new Set(
    files.flatMap(({ key, problems }) => (key && problems.length === 0 ? [JSON.stringify(key)] : [])),
  )
  const sum = (of: (file: FileImport) => number): number => files.reduce((total, file) => total + of(file), 0)
  return {
    rows: sum((file) => file.rows),
    written: sum((file) => file.written),
    skipped: sum((file) => file.skipped),
    problems: files.flatMap((file) => file.problems),
    files,
    quality: touched.size === 0 ? [] : await qualityReport(home, (key) => touched.has(JSON.stringify(key))),
  }
}

/** The series of a file by flags, and by its name where a flag is left out; notes say what the name told. */
function seriesOf(file: string, request: ImportRequest, problems: Problems, notes: string[]): SeriesKey | undefined {
  const { kind, venue, market } = request
  const name = basename(file)
  const match = /^([A-Za-z0-9._]{1,64})-([0-9]+[a-z])\.(?:csv|parquet)$/i.exec(name)
  const bare = kind === 'funding' ? /^([A-Za-z0-9._-]{1,64})\.(?:csv|parquet)$/i.exec(name) : null
  const symbol = request.symbol ?? match?.[1] ?? bare?.[1]
  if (symbol === undefined) {
    problems.unreadable('no --symbol given, and the name is not <SYMBOL>-<interval>.csv or .parquet')
    return undefined
  }
  assertSeriesNames({ venue, market, symbol })
  if (request.symbol === undefined) notes.push(`symbol ${symbol} taken from the file name`)
  if (kind === 'funding') return { kind, venue, market, symbol }
  const interval = request.interval ?? match?.[2]
  if (interval === undefined || !isInterval(interval)) {
    problems.unreadable('no --interval given, and the name is not <SYMBOL>-<interval>.csv or .parquet')
    return undefined
  }
  if (request.interval === undefined) notes.push(`interval ${interval} taken from the file name`)
  return { kind, venue, market, symbol, interval }
}

async function importFile(
  file: string,
  index: number,
  request: ImportRequest,
  newStage: () => Stage,
): Promise<FileImport> {
  const tell = (phase: ImportProgress['phase'], count: number): void =>
    request.onProgress?.({ file, index, files: request.files.length, phase, count })
  const problems = new Problems(file, /\.parquet$/i.test(file) ? 'row' : 'line')
  const notes: string[] = []
  const key = seriesOf(file, request, problems, notes)
  const refused = (rows: number): FileImport => ({
    file,
    key,
    rows,
    written: 0,
    skipped: 0,
    problems: problems.all(),
    notes,
  })
  if (!key) return refused(0)
  const wanted = key.kind === 'bars' ? BARS_WANTED : FUNDING_WANTED
  const table = await readTable(file, wanted, problems, (rows) => tell('reading', rows))
  if (!table) return refused(0)
  if (table.ignored.length > 0) notes.push(`columns not imported: ${table.ignored.join(', ')}`)
  const nominal = request.interval as Interval | undefined // checked by importFiles
  const rows = key.kind === 'bars' ? barsOf(table, key.interval, problems) : fundingOf(table, nominal, problems, notes)
  if (problems.any) return refused(table.rows)

  tell('comparing', table.rows)
  const fresh = compareRows(key, rows, await existing(request.home, key, rows.ts), table.firstLine, problems, notes)
  if (problems.any) return refused(table.rows)
  if (fresh.length > 0) {
    tell('writing', fresh.length)
    const stage = newStage()
    await writeYears(key, rows, fresh, stage)
    stage.publish((done) => tell(done < 0 ? 'deciding' : 'publishing', Math.max(done, 0)))
  }
  tell('done', table.rows)
  return { file, key, rows: table.rows, written: fresh.length, skipped: table.rows - fresh.length, problems: [], notes }
}

async function existing(home: string, key: SeriesKey, ts: Float64Array): Promise<BarColumns | FundingColumns> {
  const [first, last] = [ts[0]!, ts.at(-1)!]
  const files = listFiles(home, key).filter((file) => file.last >= first && file.first <= last)
  return key.kind === 'bars'
    ? loadBars(home, key, first, last + 1, { files })
    : loadFunding(home, key, first - 1, last, { files })
}

/** One file a year of the fresh rows, aside. */
async function writeYears(
  key: SeriesKey,
  rows: BarColumns | FundingColumns,
  fresh: Uint32Array,
  stage: Stage,
): Promise<void> {
  const columns = outColumns(rows).map((column) => ({
    ...column,
    values: Float64Array.from(fresh, (i) => column.values[i]!),
  }))
  const ts = columns[0]!.values
  await withDuck(async (connection) => {
    for (let from = 0; from < ts.length; ) {
      const { year } = civilDate(ts[from]!)
      let to = from + 1
      while (to < ts.length && civilDate(ts[to]!).year === year) to++
      await writeParquet(connection, stage.aside(filePath(key, ts[from]!, ts[to - 1]!, to - from)), columns, from, to)
      from = to
    }
  })
}

function outColumns(rows: BarColumns | FundingColumns): OutColumn[] {
  const file = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const names = 'rate' in rows ? FUNDING_COLUMNS : BAR_COLUMNS
  return names.map((name) => {
    const values = (rows as Partial<Record<typeof name, Float64Array>>)[name] // the names of this very kind
    invariant(values, () => `no column ${name}`)
    const time = name === 'ts' || name === 'availableAt'
    return { name: file(name), type: time ? 'BIGINT' : 'DOUBLE', nullable: name === 'quoteVolume', values }
  })
}
