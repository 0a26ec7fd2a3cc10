/** Owns what an exported table is: named, typed columns and rows that are taken one by one. Never keeps the rows. */

/**
 * `integer`: below 2^53. `decimal`: an exact decimal as text. `time`: epoch ms. In CSV times are ISO 8601 UTC; in Parquet
 * times are TIMESTAMP, and a decimal is a DOUBLE beside a DECIMAL(38,8) that ends on `_exact`.
 */
export type ColumnType = 'integer' | 'number' | 'text' | 'flag' | 'decimal' | 'time'
export type Cell = number | string | boolean | null

export interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** A table being written to a file that is there only once it is whole. */
export interface TableFile {
  /** Columns as the file names them. */
  readonly names: readonly string[]
  row(cells: readonly Cell[]): void
  /** Puts the file in place. TARGET_EXISTS where another was put there meanwhile. */
  finish(): Promise<void>
  /** Removes what was written so far. */
  discard(): void
}
