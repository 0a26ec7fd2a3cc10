/**
 * Owns putting rows that were seen live into the lake: checked as an import is, compared with what is there, published all at
 * once. Never overwrites a row; a row that contradicts the lake is told and left out.
 */
import type { LakeKey } from '../columns.js'
import { existing } from '../import.js'
import { describeProblem, Problems } from '../import-problem.js'
import { KINDS } from '../kinds.js'
import { describeSeries, intervalOf, seriesPath } from '../layout.js'
import { compareRows } from '../merge-rows.js'
import { asWriter, type Stage } from '../publish.js'
import type { BuildContext, Rows } from '../rows.js'
import type { SourceTable } from '../source-table.js'
import { writeYears } from '../write-years.js'
import type { RecordedRow, WriteReport } from './recorder.port.js'

/** Rows of one series that were seen under the same terms. */
interface Batch {
  readonly key: LakeKey
  readonly rows: readonly RecordedRow[]
}

interface Tally {
  written: number
  same: number
  files: number
  conflicting: number
  refusals: number
  readonly conflicts: string[]
  readonly refused: string[]
}

/** As LakeWriter.write. */
export async function writeRows(home: string, rows: readonly RecordedRow[]): Promise<WriteReport> {
  const tally: Tally = { written: 0, same: 0, files: 0, conflicting: 0, refusals: 0, conflicts: [], refused: [] }
  await asWriter(home, async (newStage) => {
    // A later answer of a vendor is compared with the lake once the earlier one is in it.
    for (const round of roundsOf(rows)) {
      const stage = newStage()
      const before = tally.files
      for (const batch of round) await writeBatch(home, batch, stage, tally)
      if (tally.files > before) stage.publish()
    }
  })
  return tally
}

function roundsOf(rows: readonly RecordedRow[]): Batch[][] {
  const series = new Map<string, Map<number, RecordedRow[]>>()
  for (const row of rows) {
    const path = seriesPath(row.key)
    const fetches = series.get(path) ?? new Map<number, RecordedRow[]>()
    series.set(path, fetches)
    const fetch = row.fetchedAt ?? 0
    const there = fetches.get(fetch)
    if (there) there.push(row)
    else fetches.set(fetch, [row])
  }
  const rounds: Batch[][] = []
  for (const fetches of series.values())
    [...fetches]
      .sort(([a], [b]) => a - b)
      .forEach(([, batch], i) => {
        rounds[i] ??= []
        rounds[i].push({ key: batch[0]!.key, rows: batch })
      })
  return rounds
}

async function writeBatch(home: string, batch: Batch, stage: Stage, tally: Tally): Promise<void> {
  const { key } = batch
  const spec = KINDS[key.kind]
  const kept = inOrder(batch, tally)
  const rows = checked(key, kept, tally)
  if (rows === undefined) return
  const problems = new Problems(describeSeries(key), 'row')
  const fetchedAt = batch.rows[0]?.fetchedAt
  const context = { ...contextOf(key, problems), fetchedAt }
  const fresh = compareRows(spec, rows, await existing(home, key, rows.ts), context)
  const contradicted = contradictions(problems)
  tell(tally.conflicts, problems)
  tally.conflicting += contradicted
  tally.written += fresh.length
  tally.same += rows.ts.length - fresh.length - contradicted
  if (fresh.length > 0) tally.files += (await writeYears(home, key, rows, fresh, stage)).length
}

/** Rows, not columns: one row may differ in several. Those beyond the list count for one each. */
function contradictions(problems: Problems): number {
  const listed = new Set(problems.list.map(({ line }) => line)).size
  const rest = /^(\d+) more/.exec(problems.all().at(-1)?.reason ?? '')
  return listed + Number(rest?.[1] ?? 0)
}

/** Ascending by the kind's key, each once: what was seen first stands, as it would if a flush lay between. */
function inOrder({ key, rows }: Batch, tally: Tally): RecordedRow[] {
  const first = new Map<string, RecordedRow>()
  for (const row of rows) {
    const name = `${row.ts} ${row.texts?.instrument ?? ''}`
    const seen = first.get(name)
    if (seen === undefined) first.set(name, row)
    else if (Object.entries(row.numbers).every(([column, value]) => seen.numbers[column] === value)) tally.same++
    else {
      tally.conflicting++
      if (tally.conflicts.length < TOLD_MAX)
        tally.conflicts.push(`${describeSeries(key)}: ${row.ts} was seen twice with different values`)
    }
  }
  const instrument = (row: RecordedRow): string => row.texts?.instrument ?? ''
  return [...first.values()].sort((a, b) => a.ts - b.ts || (instrument(a) < instrument(b) ? -1 : 1))
}

/** Faults that are told in words, of each sort, a flush. */
const TOLD_MAX = 20

function tell(words: string[], problems: Problems): void {
  const [first] = problems.list
  if (first !== undefined && words.length < TOLD_MAX) words.push(describeProblem(first))
}

function contextOf(key: LakeKey, problems: Problems): BuildContext {
  // Of funding only to be let through: the hours are told by the rows.
  const interval = key.kind === 'funding' ? '8h' : intervalOf(key)
  const { lagMs } = KINDS[key.kind]
  return { interval, lagMs, fetchedAt: undefined, problems, notes: [], lineOf: (i) => i + 1 }
}

/** The rows that are sane, in the columns of the kind; undefined when none is. The others are told. */
function checked(key: LakeKey, given: readonly RecordedRow[], tally: Tally): Rows | undefined {
  const built = build(key, given, new Problems(describeSeries(key), 'row'))
  if (built.rows !== undefined) return built.rows
  const sane = given.filter((row) => {
    const { rows, problems } = build(key, [row], new Problems(`${describeSeries(key)} at ${row.ts}`, 'row'))
    if (rows === undefined) {
      tally.refusals++
      tell(tally.refused, problems)
    }
    return rows !== undefined
  })
  if (sane.length === 0) return undefined
  const { rows, problems } = build(key, sane, new Problems(describeSeries(key), 'row'))
  if (rows === undefined) {
    tally.refusals += sane.length
    tell(tally.refused, problems)
  }
  return rows
}

function build(
  key: LakeKey,
  given: readonly RecordedRow[],
  problems: Problems,
): { readonly rows: Rows | undefined; readonly problems: Problems } {
  if (given.length === 0) return { rows: undefined, problems }
  const context = { ...contextOf(key, problems), fetchedAt: given[0]?.fetchedAt }
  const rows = KINDS[key.kind].rowsOf(tableOf(given), context)
  if (problems.any) return { rows: undefined, problems }
  const availableAt = rows.availableAt.map((nominal, i) => given[i]!.availableAt ?? nominal)
  const hours = key.kind === 'funding' ? { intervalHours: Float64Array.from(given, hoursOf) } : {}
  return { rows: { ...rows, availableAt, ...hours }, problems }
}

const hoursOf = ({ intervalHours }: RecordedRow): number => intervalHours ?? Number.NaN

function tableOf(given: readonly RecordedRow[]): SourceTable {
  const columns = new Map([['ts', Float64Array.from(given, ({ ts }) => ts)]])
  for (const name of Object.keys(given[0]!.numbers))
    columns.set(
      name,
      Float64Array.from(given, ({ numbers }) => (numbers[name] ?? Number.NaN) + 0), // −0 becomes 0
    )
  const texts = new Map<string, string[]>()
  for (const name of Object.keys(given[0]!.texts ?? {}))
    texts.set(
      name,
      given.map((row) => row.texts?.[name] ?? ''),
    )
  return { rows: given.length, columns, texts, ignored: [], firstLine: 1 }
}
