/**
 * Owns bringing end-of-day files of CME futures into the lake: one series a contract, `cme.future.BTCH26`. A file comes in whole
 * or not at all, again it changes nothing; what a newer file says differently becomes a revision, the older row stays.
 */
import { DAY_MS, type DurationMs, type EpochMs, isoDay } from '#core/time'
import type { PointsKey } from '../columns.js'
import type { FileImport, ImportProgress, ImportReport } from '../import.js'
import { Problems } from '../import-problem.js'
import { loadRows } from '../lake.js'
import { listFiles } from '../layout.js'
import { asWriter, type Stage } from '../publish.js'
import { qualityReport } from '../quality.js'
import { numberAt, type Rows } from '../rows.js'
import { readTable } from '../source-table.js'
import { writeYears } from '../write-years.js'
import { difference, EOD_WANTED, type EodRow, type EodValues, readEod } from './read-eod.js'

export interface CmeImportRequest {
  readonly files: readonly string[]
  readonly home: string
  /** Time of the import: what lies in the future, and since when rows are known that tell no time. */
  readonly now: EpochMs
  /** When the files were fetched; a time in the column `source` outweighs it. */
  readonly fetchedAt?: EpochMs | undefined
  /** Behind the midnight of Chicago that ends the trade date until a row may be read. */
  readonly lagMs?: DurationMs | undefined
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
}

/** Revisions that are told one by one. */
const TOLD_MAX = 10

/** As `importFiles`: problems are returned; throws LAKE_BUSY. */
export async function importCme(request: CmeImportRequest): Promise<ImportReport> {
  const files: FileImport[] = []
  await asWriter(request.home, async (newStage) => {
    for (const file of request.files) files.push(await importFile(file, files.length, request, newStage))
  })
  const touched = new Set(
    files.flatMap(({ keys, problems }) => (problems.length === 0 ? keys.map((key) => key.symbol) : [])),
  )
  const isTouched = (key: { kind: string; venue: string; symbol: string }): boolean =>
    key.kind === 'futures' && key.venue === 'cme' && touched.has(key.symbol)
  const sum = (of: (file: FileImport) => number): number => files.reduce((total, file) => total + of(file), 0)
  return {
    rows: sum(({ rows }) => rows),
    written: sum(({ written }) => written),
    skipped: sum(({ skipped }) => skipped),
    problems: files.flatMap(({ problems }) => problems),
    files,
    quality: touched.size === 0 ? [] : await qualityReport(request.home, isTouched),
  }
}

export function cmeKey(symbol: string): PointsKey {
  return { kind: 'futures', venue: 'cme', market: 'future', symbol }
}

async function importFile(
  file: string,
  index: number,
  request: CmeImportRequest,
  newStage: () => Stage,
): Promise<FileImport> {
  const { home, now } = request
  const tell = (phase: ImportProgress['phase'], count: number): void =>
    request.onProgress?.({ file, index, files: request.files.length, phase, count })
  const problems = new Problems(file, /\.parquet$/i.test(file) ? 'row' : 'line')
  const notes: string[] = []
  const table = await readTable(file, EOD_WANTED, problems, (rows) => tell('reading', rows))
  if (table?.rows === 0) problems.unreadable('there are no rows')
  if (table && table.ignored.length > 0) notes.push(`columns not imported: ${table.ignored.join(', ')}`)
  const bySymbol = table ? grouped(readEod(table, now, problems, notes)) : new Map<string, EodRow[]>()
  const keys = [...bySymbol.keys()].map(cmeKey)
  const result = (written: number): FileImport => {
    const rows = table?.rows ?? 0
    const skipped = problems.any ? 0 : rows - written
    return { file, key: keys[0], keys, rows, written, skipped, problems: problems.all(), notes }
  }
  if (problems.any) return result(0)

  tell('comparing', table?.rows ?? 0)
  const revisions: string[] = []
  const fresh: [PointsKey, Rows][] = []
  for (const [symbol, rows] of bySymbol) {
    const key = cmeKey(symbol)
    const found = await freshRows(key, rows, request, revisions, notes)
    if (found.ts.length > 0) fresh.push([key, found])
  }
  for (const revision of revisions.slice(0, TOLD_MAX)) notes.push(`revised: ${revision}`)
  if (revisions.length > TOLD_MAX) notes.push(`${revisions.length - TOLD_MAX} more revisions are not listed`)
  const written = fresh.reduce((sum, [, { ts }]) => sum + ts.length, 0)
  if (written > 0) {
    tell('writing', written)
    const stage = newStage()
    for (const [key, rows] of fresh) await writeYears(home, key, rows, Uint32Array.from(rows.ts.keys()), stage)
    stage.publish((done) => tell(done < 0 ? 'deciding' : 'publishing', Math.max(done, 0)))
  }
  tell('done', table?.rows ?? 0)
  return result(written)
}

/** By contract, each ascending by trade date. */
function grouped(rows: readonly EodRow[]): Map<string, EodRow[]> {
  const groups = new Map<string, EodRow[]>()
  for (const row of rows) {
    const group = groups.get(row.contract.symbol)
    if (group) group.push(row)
    else groups.set(row.contract.symbol, [row])
  }
  for (const group of groups.values()) group.sort((a, b) => a.tradeDay - b.tradeDay)
  return groups
}

const VALUES = ['open', 'high', 'low', 'close', 'settle', 'volume', 'openInterest', 'expiry'] as const
const COLUMNS = ['ts', 'availableAt', ...VALUES, 'revision', 'fetchedAt'] as const

function valuesAt(rows: Rows, j: number): EodValues {
  return Object.fromEntries(VALUES.map((name) => [name, numberAt(rows[name], j)])) as Record<keyof EodValues, number> // all names
}

/** What the lake lacks of a contract: rows of new trade dates, and revisions of those that it has. */
async function freshRows(
  key: PointsKey,
  rows: readonly EodRow[],
  { home, now, fetchedAt, lagMs = 0 }: CmeImportRequest,
  revisions: string[],
  notes: string[],
): Promise<Rows> {
  const lake = await lakeRows(home, key, rows[0]!.ts - DAY_MS, rows.at(-1)!.ts + DAY_MS)
  // Ascending by ts and revision: the last one of a day stands.
  const at = new Map(Array.from(lake.ts, (ts, j) => [isoDay(ts), j]))
  const fresh: Record<(typeof COLUMNS)[number], number>[] = []
  let older = 0
  for (const row of rows) {
    const known = row.sourceTime ?? fetchedAt ?? now
    const j = at.get(isoDay(row.tradeDay)) ?? -1
    const theirs = j < 0 ? undefined : valuesAt(lake, j)
    const changed = theirs && difference(row.values, theirs)
    if (theirs && changed === undefined) continue
    if (theirs && known < numberAt(lake.fetchedAt, j)) {
      older++
      continue
    }
    if (theirs) revisions.push(`${key.symbol} ${isoDay(row.tradeDay)}: ${changed}`)
    const { values } = row
    const said = VALUES.map((name) => [
      name,
      Number.isNaN(values[name]) ? (theirs?.[name] ?? Number.NaN) : values[name],
    ])
    fresh.push({
      ...(Object.fromEntries(said) as Record<keyof EodValues, number>), // all names
      ts: theirs ? lake.ts[j]! : row.ts,
      availableAt: Math.max(row.availableAt + lagMs, theirs ? known : 0),
      revision: theirs ? numberAt(lake.revision, j) + 1 : 0,
      fetchedAt: known,
    })
  }
  if (older > 0) notes.push(`${older} rows of ${key.symbol} are older than what the lake holds, which stays`)
  const columns = COLUMNS.map((name) => [name, Float64Array.from(fresh, (one) => one[name])])
  return Object.fromEntries(columns) as Rows // ts and availableAt among them
}

async function lakeRows(home: string, key: PointsKey, first: EpochMs, last: EpochMs): Promise<Rows> {
  const files = listFiles(home, key).filter((file) => file.last >= first && file.first <= last)
  return loadRows(home, key, first, last, { files })
}
