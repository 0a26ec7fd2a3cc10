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

/** Some rows, in the order of `indices`. */
export function pickRows<R extends Rows>(rows: R, indices: ArrayLike<number>): R {
  const picked = Object.entries(rows).map(([name, values]) => [
    name,
    values instanceof Float64Array
      ? Float64Array.from(indices, (i) => values[i]!)
      : Array.from(indices, (i) => values[i]!),
  ])
  return Object.fromEntries(picked) as R // the same names with the same kinds of arrays
}
