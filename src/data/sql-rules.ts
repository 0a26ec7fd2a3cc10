/** Owns what a query may be: one SELECT over the views. Judged on the tree that DuckDB's own parser makes of it. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { QuantbotError } from '#core/errors'
import { KIND_NAMES } from './columns.js'
import { sqlText } from './duck.js'

/** Table functions that make rows of their arguments alone. All others read files, memory or the engine's own state. */
const TABLE_FUNCTIONS = new Set(['range', 'generate_series', 'unnest'])
/** Scalar functions that tell of the machine, write, wait, or run text as SQL. */
const REFUSED_FUNCTIONS = new Set([
  'getenv',
  'current_setting',
  'write_log',
  'sleep_ms',
  'getvariable',
  'nextval',
  'currval',
  'query',
  'query_table',
  'stats',
  'parse_duckdb_log_message',
])
/** Ours: a person writes far less. */
const QUERY_MAX = 100_000
const DEPTH_MAX = 500

type Node = Readonly<Record<string, unknown>>

/** Throws SQL_REFUSED unless the text is one SELECT that names only the views, tables of its own and harmless functions. */
export async function assertHarmless(connection: DuckDBConnection, sql: string): Promise<void> {
  const refuse = (reason: string): never => {
    throw new QuantbotError('SQL_REFUSED', reason)
  }
  if (sql.length > QUERY_MAX) refuse(`the query has more than ${QUERY_MAX} characters`)
  let count: number
  try {
    count = (await connection.extractStatements(sql)).count
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause)
    throw new QuantbotError('SQL_REFUSED', reason, { cause })
  }
  if (count !== 1) refuse(`${count} statements; one SELECT is answered`)
  const tree = await treeOf(connection, sql)
  if (tree.error !== false) refuse(`one SELECT is answered, nothing else (${String(tree.error_message)})`)
  const own = new Set<string>(KIND_NAMES)
  walk(tree, 0, (node) => {
    const entries = (node.cte_map as { map?: readonly { key?: unknown }[] } | undefined)?.map // of the parser's own making
    for (const { key } of entries ?? []) own.add(String(key).toLowerCase())
  })
  walk(tree, 0, (node) => {
    const name = String(node.function_name ?? '').toLowerCase()
    const table = String(node.table_name ?? '')
    const schema = `${String(node.catalog_name ?? '')}${String(node.schema_name ?? '')}`
    if (node.type === 'TABLE_FUNCTION') {
      const inner = String((node.function as Node | undefined)?.function_name ?? '').toLowerCase() // of the parser's own making
      if (!TABLE_FUNCTIONS.has(inner)) refuse(`the table function ${inner} is not allowed`)
    } else if (node.type === 'SHOW_REF')
      refuse('SHOW and DESCRIBE are not answered; docs/guides/data.md lists the columns')
    else if (node.type === 'BASE_TABLE' && (schema !== '' || !own.has(table.toLowerCase())))
      refuse(`there is no view ${JSON.stringify(table)}; there are ${KIND_NAMES.join(', ')}`)
    if (node.class === 'FUNCTION' && REFUSED_FUNCTIONS.has(name)) refuse(`the function ${name} is not allowed`)
  })
}

async function treeOf(connection: DuckDBConnection, sql: string): Promise<Node> {
  const read = await connection.runAndReadAll(`SELECT json_serialize_sql(${sqlText(sql)}::VARCHAR)`)
  const text = read.getRowsJson()[0]?.[0]
  return JSON.parse(String(text)) as Node // an object, as DuckDB documents
}

function walk(value: unknown, depth: number, visit: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > DEPTH_MAX) throw new QuantbotError('SQL_REFUSED', 'the query is nested too deeply')
  if (!Array.isArray(value)) visit(value as Node) // an object of the tree
  for (const child of Object.values(value)) walk(child, depth + 1, visit)
}
