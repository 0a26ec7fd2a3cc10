/**
 * Owns importing files of history into the lake: read, check, compare with what is there, write what is new.
 * A file is imported whole or not at all, and importing it again changes nothing. Never overwrites a row.
 */
import { QuantbotError } from '#core/errors'
import { type EpochMs, INTERVALS, type Interval, isInterval } from '#core/time'
import type { Kind, LakeKey } from './columns.js'
import { nameOf, type Part, partsOf } from './import-parts.js'
import { type ImportProblem, Problems } from './import-problem.js'
import { KINDS } from './kinds.js'
import { loadRows } from './lake.js'
import { assertSeriesNames, listFiles } from './layout.js'
import { compareRows } from './merge-rows.js'
import { asWriter, type Stage } from './publish.js'
import { qualityReport, type SeriesQuality } from './quality.js'
import type { BuildContext, Rows } from './rows.js'
import { readTable } from './source-table.js'
import { writeYears } from './write-years.js'

export interface ImportRequest {
  readonly files: readonly string[]
  readonly kind: Kind
  readonly venue: string
  readonly market: string
  /** Of files that hold several series, the one to take (all where left out). Otherwise, where left out, each file's name must say it: `<SYMBOL>-<interval>.csv|parquet`, for funding also `<SYMBOL>.csv`. */
  readonly symbol?: string | undefined
  /** Of bars as for `symbol`. Of funding: every settlement's interval; where left out, from the spacing of the file. */
  readonly interval?: string | undefined
  /** Behind the end of its interval until a row may be read; where left out, as the kind says (0 but for on-chain series). */
  readonly lagMs?: number | undefined
  /** When the files were fetched: lets changed on-chain values in as revisions. */
  readonly fetchedAt?: EpochMs | undefined
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
  /** The first series of the file; undefined when its name could not be told. */
  readonly key: LakeKey | undefined
  /** Every series of the file. */
  readonly keys: readonly LakeKey[]
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
    files.flatMap(({ keys, problems }) => (problems.length === 0 ? keys.map((key) => JSON.stringify(key)) : [])),
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
  let parts: Part[] = []
  const result = (rows: number, written: number): FileImport => ({
    file,
    key: parts[0]?.key,
    keys: parts.map(({ key }) => key),
    rows,
    written,
    skipped: problems.any ? 0 : parts.reduce((sum, { table }) => sum + table.rows, 0) - written,
    problems: problems.all(),
    notes,
  })
  const named = nameOf(file, request, problems, notes)
  if (!named) return result(0, 0)
  const table = await readTable(file, KINDS[request.kind].wanted, problems, (rows) => tell('reading', rows))
  if (!table) return result(0, 0)
  if (table.ignored.length > 0) notes.push(`columns not imported: ${table.ignored.join(', ')}`)
  if (table.rows === 0) problems.unreadable('there are no rows')
  parts = partsOf(table, named, request, problems)
  const rows = parts.map((part) => rowsOf(part, request, named.interval, problems, notes))
  if (problems.any) return result(table.rows, 0)

  tell('comparing', table.rows)
  const fresh: Uint32Array[] = []
  for (const [i, part] of parts.entries()) {
    const context = contextOf(part, request, named.interval, problems, parts.length > 1 ? [] : notes)
    fresh.push(compareRows(KINDS[request.kind], rows[i]!, await existing(request.home, part.key, rows[i]!.ts), context))
  }
  if (problems.any) return result(table.rows, 0)
  const written = fresh.reduce((sum, indices) => sum + indices.length, 0)
  if (written > 0) {
    tell('writing', written)
    const stage = newStage()
    for (const [i, { key }] of parts.entries())
      if (fresh[i]!.length > 0) await writeYears(request.home, key, rows[i]!, fresh[i]!, stage)
    stage.publish((done) => tell(done < 0 ? 'deciding' : 'publishing', Math.max(done, 0)))
  }
  tell('done', table.rows)
  return result(
    parts.reduce((sum, part) => sum + part.table.rows, 0),
    written,
  )
}

function contextOf(
  { lineOf }: Part,
  { kind, lagMs, fetchedAt }: ImportRequest,
  interval: string | undefined,
  problems: Problems,
  notes: string[],
): BuildContext {
  const grid = interval as Interval | undefined // checked by importFiles and nameOf
  return { interval: grid, lagMs: lagMs ?? KINDS[kind].lagMs, fetchedAt, problems, notes, lineOf }
}

function rowsOf(
  part: Part,
  request: ImportRequest,
  interval: string | undefined,
  problems: Problems,
  notes: string[],
): Rows {
  // A settlement's interval is a column: the flag names it for every row, the name of the file never does.
  const grid = request.kind === 'funding' ? request.interval : interval
  return KINDS[request.kind].rowsOf(part.table, contextOf(part, request, grid, problems, notes))
}

/** What the lake holds of the series around these stamps. */
export async function existing(home: string, key: LakeKey, ts: Float64Array): Promise<Rows> {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const t of ts) {
    first = Math.min(first, t)
    last = Math.max(last, t)
  }
  const files = listFiles(home, key).filter((file) => file.last >= first && file.first <= last)
  return loadRows(home, key, first, last, { files })
}
