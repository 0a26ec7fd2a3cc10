/**
 * Owns answering one SELECT over the lake: a database in memory of its own with a view a kind, locked before the query is
 * bound. Never writes, never reads beside the lake; what a query may be is judged by DuckDB's own parser, not by its text.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { QuantbotError } from '#core/errors'
import { KIND_NAMES, type Kind } from './columns.js'
import { sqlPaths, sqlText } from './duck.js'
import { fileColumn, KINDS } from './kinds.js'
import { lakeDir, listFiles, listKeys } from './layout.js'
import { steady } from './publish.js'
import { assertHarmless } from './sql-rules.js'

export type SqlValue = null | boolean | number | string

export interface SqlAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Whole numbers beyond 2^53, times and nested values are texts. */
  readonly rows: readonly (readonly SqlValue[])[]
  /** Whether there were more rows than the limit. */
  readonly isCut: boolean
}

export interface SqlLimits {
  readonly rowsMax: number
  readonly timeoutMs: number
  /** Calls `fn` once after a delay of the machine's time; the result cancels it. */
  readonly after: (delayMs: number, fn: () => void) => () => void
}

/** Memory that a query may take (ours: it runs beside a trading process). Nothing is spilled to disk. */
const MEMORY = '2GB'
/** How often a query is begun again when its files were merged meanwhile. */
const MOVED_TRIES = 3
const PARTITIONS = ['venue', 'market', 'symbol', 'interval', 'year'] as const

/**
 * Runs one SELECT over the views `bars`, `funding`, `oi` … Throws SQL_REFUSED for anything else, for what DuckDB does not
 * understand, and for what takes longer than the limit.
 */
export async function queryLake(home: string, sql: string, limits: SqlLimits): Promise<SqlAnswer> {
  for (let tries = 1; ; tries++) {
    const files = await steady(home, () => KIND_NAMES.map((kind) => pathsOf(home, kind)))
    try {
      return await queryFiles(home, sql, limits, files)
    } catch (error) {
      // Compaction may move a file between the look at the lake and the query.
      if (tries === MOVED_TRIES || files.flat().every((path) => existsSync(path))) throw error
    }
  }
}

/** `files` by kind, in the order of the kinds. */
async function queryFiles(
  home: string,
  sql: string,
  limits: SqlLimits,
  files: readonly (readonly string[])[],
): Promise<SqlAnswer> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false' })
  try {
    const connection = await instance.connect()
    try {
      await assertHarmless(connection, sql)
      for (const [i, kind] of KIND_NAMES.entries()) await connection.run(viewOf(kind, files[i]!))
      await lockDatabase(connection, lakeDir(home))
      return await answer(connection, sql, limits)
    } finally {
      connection.closeSync()
    }
  } finally {
    instance.closeSync()
  }
}

function pathsOf(home: string, kind: Kind): string[] {
  return listKeys(home)
    .filter((key) => key.kind === kind)
    .flatMap((key) => listFiles(home, key))
    .map(({ path }) => join(lakeDir(home), path))
}

/** The view of a kind over its files; without any, an empty one with the same columns. */
function viewOf(kind: Kind, paths: readonly string[]): string {
  const { columns, aliases } = KINDS[kind]
  const others = Object.entries(aliases).map(([name, of]) => `${of} AS ${name}`)
  const names = columns.map(({ name }) => fileColumn(name))
  const types = `{'venue': VARCHAR, 'market': VARCHAR, 'symbol': VARCHAR, 'interval': VARCHAR, 'year': INTEGER}`
  const partitions = PARTITIONS.map((name) => `"${name}"`)
  const none = [
    ...partitions.map((name) => `NULL::${name === '"year"' ? 'INTEGER' : 'VARCHAR'} AS ${name}`),
    ...columns.map(({ name, type }) => `NULL::${type} AS ${fileColumn(name)}`),
  ]
  const source =
    paths.length === 0
      ? `(SELECT ${none.join(', ')} WHERE false)`
      : `read_parquet(${sqlPaths(paths)}, hive_partitioning = true, hive_types = ${types})`
  return `CREATE VIEW ${kind} AS SELECT ${[...partitions, ...others, ...names].join(', ')} FROM ${source}`
}

/** From here on only the lake's folder is readable, nothing is loaded, and none of this can be changed back. */
export async function lockDatabase(connection: DuckDBConnection, lake: string): Promise<void> {
  for (const setting of [
    `allowed_directories = [${sqlText(lake)}]`,
    `memory_limit = '${MEMORY}'`,
    `temp_directory = ''`,
    'autoload_known_extensions = false',
    'allow_community_extensions = false',
    'enable_external_access = false',
    'lock_configuration = true',
  ])
    await connection.run(`SET ${setting}`)
}

async function answer(connection: DuckDBConnection, sql: string, limits: SqlLimits): Promise<SqlAnswer> {
  const { rowsMax, timeoutMs, after } = limits
  let isLate = false
  const cancel = after(timeoutMs, () => {
    isLate = true
    connection.interrupt()
  })
  try {
    const { StatementType } = await import('@duckdb/node-api')
    const statements = await connection.extractStatements(sql)
    const prepared = await statements.prepare(0)
    if (statements.count !== 1 || prepared.statementType !== StatementType.SELECT)
      throw new QuantbotError('SQL_REFUSED', 'one SELECT is answered, nothing else')
    const result = await prepared.stream()
    const columns = result.columnNames().map((name, i) => ({ name, type: String(result.columnType(i)) }))
    const rows: SqlValue[][] = []
    while (rows.length <= rowsMax) {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) break
      for (const row of chunk.getRows()) rows.push(row.map(plain))
      if (isLate) throw new Error('interrupted')
    }
    return { columns, rows: rows.slice(0, rowsMax), isCut: rows.length > rowsMax }
  } catch (cause) {
    if (cause instanceof QuantbotError) throw cause
    const reason = isLate ? `took longer than ${timeoutMs / 1000} s` : messageOf(cause)
    throw new QuantbotError('SQL_REFUSED', reason, { cause })
  } finally {
    cancel()
  }
}

function plain(value: unknown): SqlValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  return String(value)
}

/** DuckDB's own words, without the picture of the query below them. */
function messageOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return text.split('\n').slice(0, 2).join(' ').trim().slice(0, 400)
}
