/** Owns asking one statement with its values, and the parts that the queries of the aggregate store share. */
import { invariant } from '#core/invariant'
import { type Dialect, SCHEMA } from './dialect.js'
import { type Fields, readRows, select } from './sql-rows.js'
import { type MarketQuery, type Page, REAL_WORLD, type RunQuery } from './store.port.js'

export type SqlValue = string | number | boolean
/** Asks one statement with `$1`… and gives its rows: doubles, texts, flags, null. */
export type Ask = (sql: string, values: readonly SqlValue[]) => Promise<readonly Record<string, unknown>[]>

const LIMIT = 1000
export const LIMIT_MAX = 100_000

/** Values of a statement in the making. */
export class Values {
  readonly all: SqlValue[] = []
  add(value: SqlValue): string {
    this.all.push(value)
    return `$${this.all.length}`
  }
}

export const OF_RUN: Fields = { run: ['run', 'text'], seq: ['seq', 'integer'], ts: ['ts', 'time'] }

export class Asking {
  /** Known once the schema is. */
  protected readonly dialect: () => Dialect
  readonly #ask: Ask

  constructor(dialect: () => Dialect, ask: Ask) {
    this.dialect = dialect
    this.#ask = ask
  }

  protected market<T>(table: string, time: string, query: MarketQuery, fields: Fields): Promise<readonly T[]> {
    const values = new Values()
    const rest = `FROM ${SCHEMA}.${table} WHERE world = ${values.add(query.world ?? REAL_WORLD)}
      AND instrument = ${values.add(query.instrument)}${this.within(time, query, values)}
      ORDER BY ${time} LIMIT ${limitOf(query)}`
    return this.rows(fields, rest, values)
  }

  protected ofRun<T>(
    table: string,
    query: RunQuery,
    fields: Fields,
    equal: Readonly<Record<string, string | undefined>> = {},
    thenBy = '',
  ): Promise<readonly T[]> {
    const values = new Values()
    const where = [this.runWhere(query, values)]
    for (const [column, value] of Object.entries(equal))
      if (value !== undefined) where.push(`${column} = ${values.add(value)}`)
    if (query.afterSeq !== undefined) where.push(`seq > ${values.add(query.afterSeq)}`)
    const order = query.run === undefined ? 'ts, run, seq' : 'seq'
    const rest = `FROM ${SCHEMA}.${table} WHERE ${where.join(' AND ')}${this.within('ts', query, values)}
      ORDER BY ${order}${thenBy} LIMIT ${limitOf(query)}`
    return this.rows(fields, rest, values)
  }

  protected runWhere({ run, instrument }: RunQuery, values: Values): string {
    const parts = ['true']
    if (run !== undefined) parts.push(`run = ${values.add(run)}`)
    if (instrument !== undefined) parts.push(`instrument = ${values.add(instrument)}`)
    return parts.join(' AND ')
  }

  protected within(time: string, { from, to }: Page, values: Values): string {
    const { instant } = this.dialect()
    const low = from === undefined ? '' : ` AND ${time} >= ${instant(values.add(from))}`
    return to === undefined ? low : `${low} AND ${time} < ${instant(values.add(to))}`
  }

  protected async rows<T>(fields: Fields, rest: string, values: Values): Promise<readonly T[]> {
    const rows = await this.#ask(`SELECT ${select(this.dialect(), fields)} ${rest}`, values.all)
    return readRows<T>(fields, rows)
  }
}

export function limitOf({ limit = LIMIT }: Page): number {
  invariant(Number.isInteger(limit) && limit >= 0, 'a limit is a whole number')
  return Math.min(limit, LIMIT_MAX)
}
