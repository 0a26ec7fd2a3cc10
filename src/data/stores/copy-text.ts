/** Owns rows in the text format of COPY (PostgreSQL 15, COPY, "Text Format"). */
import { type Cell, type ColumnType, OWN_COLUMNS, type Row, type TableName, tableOf } from './tables.js'

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Lines of a table's rows, `world` and `run` put before each. */
export function copyText(table: TableName, world: string, run: string, rows: readonly Row[]): string {
  const types = Object.values(tableOf(table).columns).slice(OWN_COLUMNS)
  const own = `${escaped(world)}\t${escaped(run)}\t`
  let text = ''
  for (const { seq, cells } of rows) {
    text += own + seq
    for (let i = 0; i < types.length; i++) text += `\t${cellText(cells[i] ?? null, types[i]!)}`
    text += '\n'
  }
  return text
}

function cellText(cell: Cell, type: ColumnType): string {
  if (cell === null) return '\\N'
  if (typeof cell === 'string') return escaped(cell)
  if (type === 'time') return new Date(Number(cell)).toISOString()
  return typeof cell === 'boolean' ? (cell ? 't' : 'f') : String(cell)
}

/** PostgreSQL knows no NUL in a text; it becomes the sign for a character that cannot be shown. */
function escaped(text: string): string {
  return /[\\\n\r\t\0]/.test(text)
    ? text.replace(/[\\\n\r\t]/g, (sign) => ESCAPES[sign]!).replaceAll('\0', '\uFFFD')
    : text
}
