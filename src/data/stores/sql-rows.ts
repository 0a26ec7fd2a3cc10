/** Owns reading rows of the aggregate store: columns under the names of the port, decimals in their shortest form, JSON parsed. */
import type { Dialect } from './dialect.js'
import type { ColumnType } from './tables.js'

/** Fields of a row: the column each is read from, and its type. */
export type Fields = Readonly<Record<string, readonly [column: string, type: ColumnType]>>

export function select(dialect: Dialect, fields: Fields): string {
  return Object.entries(fields)
    .map(([name, [column, type]]) => `${dialect.read(column, type)} AS "${name}"`)
    .join(', ')
}

/** `T` is what the fields say. */
export function readRows<T>(fields: Fields, rows: readonly Record<string, unknown>[]): T[] {
  const entries = Object.entries(fields).map(([name, [, type]]) => [name, type] as const)
  return rows.map((row) => {
    const read: Record<string, unknown> = {}
    for (const [name, type] of entries) read[name] = value(type, row[name] ?? null)
    return read as T // the fields name its keys and types
  })
}

function value(type: ColumnType, given: unknown): unknown {
  if (typeof given !== 'string') return given
  if (type === 'decimal') return shortest(given)
  return type === 'json' ? (JSON.parse(given) as unknown) : given
}

/** Without zeros behind the last digit of a fraction: `0.500` → `0.5`, as the log writes decimals. */
export function shortest(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal
}
