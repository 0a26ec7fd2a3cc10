/** Owns writing rows of a series aside, one file a year. Never publishes them. */
import { civilDate } from '#core/time'
import type { LakeKey } from './columns.js'
import { type OutColumn, withDuck, writeParquet } from './duck.js'
import { fileColumn, KINDS } from './kinds.js'
import { freeFilePath } from './layout.js'
import type { Stage } from './publish.js'
import { pickRows, type Rows } from './rows.js'

/** Writes the rows at `indices` (ascending in `ts`) aside; the same rows give the same names and bytes. Gives their paths there. */
export async function writeYears(
  home: string,
  key: LakeKey,
  rows: Rows,
  indices: Uint32Array,
  stage: Stage,
): Promise<string[]> {
  const picked = pickRows(rows, indices)
  const columns = outColumns(key, picked)
  const { ts } = picked
  const written: string[] = []
  await withDuck(async (connection) => {
    for (let from = 0; from < ts.length; ) {
      const { year } = civilDate(ts[from]!)
      let to = from + 1
      while (to < ts.length && civilDate(ts[to]!).year === year) to++
      const path = freeFilePath(home, key, ts[from]!, ts[to - 1]!, to - from)
      const aside = stage.aside(path)
      await writeParquet(connection, aside, columns, from, to)
      written.push(aside)
      from = to
    }
  })
  return written
}

function outColumns(key: LakeKey, rows: Rows): OutColumn[] {
  return KINDS[key.kind].columns.map(({ name, type, nullable }) => ({
    name: fileColumn(name),
    type,
    nullable,
    values: rows[name] ?? new Float64Array(rows.ts.length).fill(Number.NaN),
  }))
}
