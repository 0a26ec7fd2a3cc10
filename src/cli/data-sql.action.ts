/** Owns `quantbot data sql`: one SELECT over the lake, as a table, JSON or CSV. Never decides what a query may do. */
import { QuantbotError } from '#core/errors'
import { queryLake, type SqlAnswer, type SqlValue } from '#data/sql'
import { type GlobalOptions, homeOf } from './home.js'
import { note, say, sayJson } from './terminal.js'

export interface SqlOptions extends GlobalOptions {
  readonly csv?: boolean
  readonly limit: string
  readonly timeout: string
}

export async function sqlCommand(query: string, options: SqlOptions): Promise<void> {
  const after = (delayMs: number, fn: () => void): (() => void) => {
    const timer = setTimeout(fn, delayMs)
    return () => clearTimeout(timer)
  }
  const limits = {
    rowsMax: positive(options.limit, '--limit'),
    timeoutMs: positive(options.timeout, '--timeout') * 1000,
    after,
  }
  const answer = await queryLake(homeOf(options), query, limits)
  if (options.json === true) sayJson(answer)
  else if (options.csv === true) say(csvOf(answer))
  else say(tableOf(answer))
  if (answer.isCut && options.json !== true) note(`cut after ${limits.rowsMax} rows; --limit takes more`)
}

function positive(text: string, option: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 2_000_000)
    throw new QuantbotError('USAGE', `${option} ${text} is no whole number between 1 and 2,000,000`)
  return value
}

const shown = (value: SqlValue): string => (value === null ? '' : String(value))

/** Numbers to the right. */
function tableOf({ columns, rows }: SqlAnswer): string {
  const cells = rows.map((row) => row.map(shown))
  const widths = columns.map(({ name }, c) =>
    cells.reduce((width, row) => Math.max(width, row[c]!.length), name.length),
  )
  const isRight = columns.map((_, c) => rows.length > 0 && rows.every((row) => typeof (row[c] ?? 0) === 'number'))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, c) => (isRight[c] ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
      .join('  ')
      .trimEnd()
  return [line(columns.map(({ name }) => name)), ...cells.map(line)].join('\n')
}

/** RFC 4180. */
function csvOf({ columns, rows }: SqlAnswer): string {
  const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const line = (row: readonly string[]): string => row.map(field).join(',')
  return [line(columns.map(({ name }) => name)), ...rows.map((row) => line(row.map(shown)))].join('\n')
}
