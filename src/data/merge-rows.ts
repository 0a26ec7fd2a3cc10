/** Owns comparing rows to import with those of the lake: new, the same, revised or in conflict. Never chooses between two values. */
import { isoTime } from '#core/time'
import { type ColumnSpec, fileColumn, type KindSpec } from './kinds.js'
import { type BuildContext, numberAt, type Rows, type Values } from './rows.js'

/** Where the rows of the lake are that stand for the same thing; −1: none. Of several revisions the last one. */
type Match = (i: number) => number

const keyAt = (columns: readonly (Values | undefined)[], i: number): string =>
  columns.map((column) => column?.[i]).join(' ')

/** Both sides ascend in `ts`; kinds with further key columns are looked up. */
function matcher(spec: KindSpec, incoming: Rows, lake: Rows): Match {
  const names = spec.rowKey.filter((name) => name !== 'revision')
  if (names.length === 1) {
    let j = 0
    return (i) => {
      const t = incoming.ts[i]!
      while (j < lake.ts.length && lake.ts[j]! < t) j++
      while (j + 1 < lake.ts.length && lake.ts[j + 1] === t) j++
      return j < lake.ts.length && lake.ts[j] === t ? j : -1
    }
  }
  const theirs = names.map((name) => lake[name])
  const mine = names.map((name) => incoming[name])
  const at = new Map<string, number>()
  for (let j = 0; j < lake.ts.length; j++) at.set(keyAt(theirs, j), j)
  return (i) => at.get(keyAt(mine, i)) ?? -1
}

interface Difference {
  readonly shown: string
  readonly mine: number | string
  readonly theirs: number | string
}

/** The first column that tells something else; `added` counts values that the lake lacks. */
function differences(
  columns: readonly ColumnSpec[],
  incoming: Rows,
  i: number,
  lake: Rows,
  j: number,
  added: () => void,
): Difference[] {
  const found: Difference[] = []
  for (const { name } of columns) {
    const [mine, theirs] = [numberAt(incoming[name], i), numberAt(lake[name], j)]
    if (mine === theirs || Number.isNaN(mine)) continue
    if (Number.isNaN(theirs)) added()
    else found.push({ shown: fileColumn(name), mine, theirs })
  }
  return found
}

/**
 * Indices of the incoming rows that the lake has not. A row that it has with other values is told to the problems, with its
 * line, its time and both values, or, where the kind keeps revisions and `fetchedAt` is known, becomes the next one (written
 * into the incoming rows: `revision`, and not available before it was fetched). A value that one side lacks is no difference.
 */
export function compareRows(spec: KindSpec, incoming: Rows, lake: Rows, context: BuildContext): Uint32Array {
  const { problems, notes, lineOf, fetchedAt } = context
  const match = matcher(spec, incoming, lake)
  const columns = spec.columns.filter(({ compared }) => compared)
  const fresh = new Uint32Array(incoming.ts.length)
  let [count, added, revised] = [0, 0, 0]
  for (let i = 0; i < incoming.ts.length; i++) {
    const j = match(i)
    if (j < 0) {
      fresh[count++] = i
      continue
    }
    const found = differences(columns, incoming, i, lake, j, () => added++)
    if (found.length === 0) continue
    if (spec.hasRevisions && fetchedAt !== undefined) {
      revise(incoming, i, numberAt(lake.revision, j) + 1, fetchedAt)
      fresh[count++] = i
      revised++
      continue
    }
    const t = incoming.ts[i]!
    const hint = spec.hasRevisions ? '; with --fetched-at it is kept as a revision' : ''
    for (const { shown, mine, theirs } of found)
      problems.row(lineOf(i), `${shown} at ${t} (${isoTime(t)}) is ${mine} here and ${theirs} in the lake${hint}`)
  }
  if (added > 0)
    notes.push(`${nameOfAdded(columns)} of ${added} rows was not added: the lake holds these rows without it`)
  if (revised > 0) notes.push(`${revised} rows were kept as revisions of what the lake holds`)
  return fresh.slice(0, count)
}

function revise(rows: Rows, i: number, revision: number, fetchedAt: number): void {
  const [revisions, fetched] = [rows.revision, rows.fetchedAt]
  if (revisions instanceof Float64Array) revisions[i] = revision
  if (fetched instanceof Float64Array) fetched[i] = fetchedAt
  rows.availableAt[i] = Math.max(rows.availableAt[i]!, fetchedAt)
}

function nameOfAdded(columns: readonly ColumnSpec[]): string {
  const optional = columns.filter(({ nullable }) => nullable).map(({ name }) => fileColumn(name))
  return optional.length === 1 ? optional[0]! : 'a value'
}
