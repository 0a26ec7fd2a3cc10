/** Owns native partitions: one a table and month (UTC), made before the first row of the month is written. */
import { civilDate, type EpochMs } from '#core/time'
import { SCHEMA } from './dialect.js'
import type { SqlSession } from './sql-session.port.js'
import { OWN_COLUMNS, type Row, type TableName, tableOf } from './tables.js'

/** Of `pg_advisory_xact_lock`: partitions are made by one at a time. */
const LOCK = 7_131_002

interface Month {
  readonly year: number
  readonly month: number
}

const two = (n: number): string => String(n).padStart(2, '0')
const named = ({ year, month }: Month): string => `${year}_${two(month)}`
const first = ({ year, month }: Month): string => `${String(year).padStart(4, '0')}-${two(month)}-01 00:00:00+00`
const after = ({ year, month }: Month): Month =>
  month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 }

/** Months that a connection knows to be there. A transaction that fails is told by `forget`. */
export class Partitions {
  #known = new WeakMap<object, Set<string>>()

  forget(): void {
    this.#known = new WeakMap()
  }

  /** Within the caller's transaction. */
  async ensure(session: SqlSession, table: TableName, rows: readonly Row[]): Promise<void> {
    const { columns, time } = tableOf(table)
    const at = Object.keys(columns).indexOf(time) - OWN_COLUMNS
    const known = this.#known.get(session.connection) ?? new Set()
    this.#known.set(session.connection, known)
    const missing = new Map<string, Month>()
    let last = ''
    for (const { cells } of rows) {
      const month = civilDate(cells[at] as EpochMs) // the column is the table's time
      const name = `${table}_${named(month)}`
      if (name === last) continue
      last = name
      if (!known.has(name)) missing.set(name, month)
    }
    if (missing.size === 0) return
    await session.query(`SELECT pg_advisory_xact_lock(${LOCK})`)
    for (const [name, month] of missing) {
      await session.query(
        `CREATE TABLE IF NOT EXISTS ${SCHEMA}.${name} PARTITION OF ${SCHEMA}.${table}
          FOR VALUES FROM ('${first(month)}') TO ('${first(after(month))}')`,
      )
      known.add(name)
    }
  }
}
