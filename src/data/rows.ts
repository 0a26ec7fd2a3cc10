/** Owns rows of any kind in memory: one array a column, by the names of the table of kinds. Never touches a disk. */
import type { EpochMs, Interval } from '#core/time'
import type { Problems } from './import-problem.js'

/** Numbers (NaN: none) or texts of a column. */
export type Values = Float64Array | readonly string[]

/** Rows by column; all arrays have the same length. */
export type Rows = Readonly<Record<string, Values>> & { readonly ts: Float64Array; readonly availableAt: Float64Array }

/** What a kind's rules need beside the table. */
export interface BuildContext {
  readonly interval: Interval | undefined
  /** Behind the end of its interval until a row may be read. */
  readonly lagMs: number
  /** When the file was fetched, where that is known. */
  readonly fetchedAt: EpochMs | undefined
  readonly problems: Problems
  readonly notes: string[]
  /** Physical line or row of row `i` of the table. */
  readonly lineOf: (i: number) => number
}

/** Row `i` of a column as a number; NaN for texts. */
export function numberAt(values: Values | undefined, i: number): number {
  const value = values?.[i]
  return typeof value === 'number' ? value : Number.NaN
}

/** Some rows, in the order of `indices`; the very same arrays where that is all of them as they are. */
export function pickRows<R extends Rows>(rows: R, indices: Uint32Array): R {
  if (indices.length === rows.ts.length && indices.every((index, i) => index === i)) return rows
  const picked = Object.entries(rows).map(([name, values]) => [name, pick(values, indices)])
  return Object.fromEntries(picked) as R // the same names with the same kinds of arrays
}

function pick(values: Values, indices: Uint32Array): Values {
  if (!(values instanceof Float64Array)) return Array.from(indices, (i) => values[i]!)
  const result = new Float64Array(indices.length)
  for (let i = 0; i < indices.length; i++) result[i] = values[indices[i]!]!
  return result
}
