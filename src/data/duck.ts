/**
 * Owns DuckDB as the lake uses it: columns of Parquet into typed arrays and back. Never knows where the lake is.
 * The package is loaded with the first connection: what only could read a lake does not pay for it.
 */
import type { DuckDBConnection, DuckDBInstance, DuckDBResult, DuckDBVector } from '@duckdb/node-api'
import { invariant } from '#core/invariant'
import type { Values } from './rows.js'

/** Rows of a chunk that is appended; the vector size of DuckDB. */
const CHUNK_ROWS = 2048

let shared: Promise<DuckDBInstance> | undefined

/** Runs `use` on a connection of the process's one in-memory engine. */
export async function withDuck<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  shared ??= import('@duckdb/node-api').then(({ DuckDBInstance }) => DuckDBInstance.create(':memory:'))
  const connection = await (await shared).connect()
  try {
    return await use(connection)
  } finally {
    connection.closeSync()
  }
}

/** A name as SQL takes it, whatever is in it. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as an SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Paths as a literal list; `*`, `?` and `[` in a folder's name are taken as they are, not as patterns. */
export function sqlPaths(paths: readonly string[]): string {
  return `[${paths.map((path) => sqlText(path.replace(/[*?[]/g, '[$&]'))).join(', ')}]`
}

/**
 * Streams a query of DOUBLE columns into one typed array a column; NULL becomes NaN.
 * `capacity` is a first guess of the row count; arrays grow beyond it and are cut to size.
 */
export async function readColumns(
  connection: DuckDBConnection,
  sql: string,
  width: number,
  capacity: number,
  onRows?: (rows: number) => void,
): Promise<Float64Array[]> {
  const result: DuckDBResult = await connection.stream(`SELECT coalesce(COLUMNS(*), 'nan'::DOUBLE) FROM (${sql})`)
  let columns: Float64Array[] = Array.from({ length: width }, () => new Float64Array(capacity))
  let rows = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) break
    const count = chunk.rowCount
    if (rows + count > columns[0]!.length) columns = columns.map((column) => grown(column, rows + count))
    for (let c = 0; c < width; c++) {
      const items = itemsOf(chunk.getColumnVector(c))
      invariant(items !== undefined, 'readColumns: a column is no DOUBLE')
      columns[c]!.set(items.subarray(0, count), rows)
    }
    rows += count
    onRows?.(rows)
  }
  return columns.map((column) => (column.length === rows ? column : column.slice(0, rows)))
}

/** Values of a vector of DOUBLE as DuckDB's client holds them: copied whole they cost far less than one by one. Undefined for another type. */
function itemsOf(vector: DuckDBVector): Float64Array | undefined {
  const { items } = vector as unknown as { readonly items?: unknown } // declared private: looked at before it is used
  return items instanceof Float64Array ? items : undefined
}

function grown(column: Float64Array, atLeast: number): Float64Array {
  const next = new Float64Array(Math.max(atLeast, column.length * 2))
  next.set(column)
  return next
}

/** As {@link readColumns}, with texts (NULL becomes empty) in the columns that `isText` marks. */
export async function readRows(
  connection: DuckDBConnection,
  sql: string,
  isText: readonly boolean[],
  capacity: number,
  onRows?: (rows: number) => void,
): Promise<Values[]> {
  if (!isText.includes(true)) return readColumns(connection, sql, isText.length, capacity, onRows)
  const columns = isText.map<number[] | string[]>(() => [])
  const result: DuckDBResult = await connection.stream(sql)
  let rows = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) break
    for (const [c, column] of columns.entries()) {
      const vector = chunk.getColumnVector(c)
      for (let r = 0; r < chunk.rowCount; r++) {
        const value = vector.getItem(r)
        if (isText[c])
          (column as string[]).push(typeof value === 'string' ? value : '') // made a list of texts by isText
        else (column as number[]).push(typeof value === 'number' ? value : Number.NaN) // of numbers otherwise
      }
    }
    rows += chunk.rowCount
    onRows?.(rows)
  }
  return columns.map((column, c) => (isText[c] ? (column as string[]) : Float64Array.from(column as number[]))) // as above
}

/** A column to write: its values, its name and type in the file. NaN becomes NULL where `nullable`. */
export interface OutColumn {
  readonly name: string
  readonly type: 'BIGINT' | 'DOUBLE' | 'VARCHAR'
  readonly nullable?: boolean
  readonly values: Values
}

/** Writes rows `[from, to)` as one ZSTD Parquet file. The same rows give the same bytes with the same DuckDB. */
export async function writeParquet(
  connection: DuckDBConnection,
  path: string,
  columns: readonly OutColumn[],
  from: number,
  to: number,
): Promise<void> {
  const names = columns.map(({ name, type }) => `${name} ${type === 'VARCHAR' ? type : 'DOUBLE'}`).join(', ')
  await connection.run(`CREATE OR REPLACE TEMP TABLE outgoing (${names})`)
  const appender = await connection.createAppender('outgoing')
  const { DOUBLE, DuckDBDataChunk, VARCHAR } = await import('@duckdb/node-api')
  const types = columns.map(({ type }) => (type === 'VARCHAR' ? VARCHAR : DOUBLE))
  for (let start = from; start < to; start += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, to - start)
    const chunk = DuckDBDataChunk.create(types, count)
    columns.forEach((column, c) => {
      const vector = chunk.getColumnVector(c)
      const { values, nullable = false } = column
      const items = itemsOf(vector)
      if (values instanceof Float64Array && items !== undefined) items.set(values.subarray(start, start + count))
      const isDone = values instanceof Float64Array && items !== undefined && !nullable
      for (let r = 0; r < count && !isDone; r++) {
        const value = values[start + r]!
        if (nullable && Number.isNaN(value)) vector.setItem(r, null)
        else if (typeof value === 'string' || items === undefined) vector.setItem(r, value)
      }
      vector.flush()
    })
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
  const select = columns.map((column) => `${column.name}::${column.type} AS ${column.name}`).join(', ')
  await connection.run(
    `COPY (SELECT ${select} FROM outgoing) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`,
  )
  await connection.run('DROP TABLE outgoing')
}
