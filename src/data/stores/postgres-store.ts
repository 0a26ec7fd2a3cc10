/**
 * Owns the aggregate store on PostgreSQL, with TimescaleDB or without. Rows by COPY and the position in one transaction.
 * Never retries: who calls keeps what was not written.
 */
import { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import { copyText } from './copy-text.js'
import { DIALECTS, type Dialect, type Flavour, SCHEMA } from './dialect.js'
import { MIGRATIONS, SCHEMA_VERSION } from './migrations/all.js'
import { Partitions } from './partitions.js'
import { storeError } from './pg-errors.js'
import { SqlQueries } from './sql-queries.js'
import type { SqlServer, SqlSession } from './sql-session.port.js'
import type { AggregateStore, Appended, Batch, RunInfo, StoreDescription } from './store.port.js'
import { rowsByTable, TABLE_NAMES, type TableName, tableOf } from './tables.js'

/** Of `pg_advisory_xact_lock`: schemas are migrated by one at a time. */
const MIGRATION_LOCK = 7_131_001
const QUERY_MS = 30_000
const APPEND_MS = 60_000
/** Migrations, rebuilding and refreshing work through whole tables. */
const LONG_MS = 30 * 60_000

const SAYS: Readonly<Record<Exclude<Flavour, 'duckdb'>, string>> = {
  timescale: 'PostgreSQL with TimescaleDB: hypertables, compression after 30 days, continuous aggregates 1m → 1h → 1d',
  native:
    'PostgreSQL without TimescaleDB: native partitions by month, no compression, rollups worked out when they are asked',
}

export class PostgresStore extends SqlQueries implements AggregateStore {
  readonly #server: SqlServer
  readonly #partitions = new Partitions()
  #flavour: Exclude<Flavour, 'duckdb'> | undefined
  /** Bars were written since the rollups were refreshed. */
  #isStale = false

  constructor(server: SqlServer) {
    super(
      () => this.#spoken(),
      (sql, values) => this.#use('query', QUERY_MS, (session) => session.query(sql, values)),
    )
    this.#server = server
  }

  async migrate(): Promise<void> {
    this.#flavour = await this.#transaction('migrate', LONG_MS, async (session) => {
      await session.query('SET LOCAL statement_timeout = 0')
      await session.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
      return migrateSchema(session)
    })
    this.#partitions.forget()
  }

  async describe(): Promise<StoreDescription> {
    const { flavour } = this.#spoken()
    invariant(flavour !== 'duckdb', 'a server speaks PostgreSQL')
    return { backend: 'postgres', chunks: flavour, schemaVersion: SCHEMA_VERSION, says: SAYS[flavour] }
  }

  async register(run: RunInfo): Promise<void> {
    const { world, mode, codeVersion, configurationHash, createdAt, parent } = run
    const { instant } = DIALECTS.native
    await this.#use('register', QUERY_MS, (session) =>
      session.query(
        `INSERT INTO ${SCHEMA}.runs VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, ${instant('$6')},
          nullif($7::text, ''), 0, to_timestamp(0))
        ON CONFLICT (run) DO UPDATE SET world = EXCLUDED.world, mode = EXCLUDED.mode, code_version = EXCLUDED.code_version,
          configuration_hash = EXCLUDED.configuration_hash, created_at = EXCLUDED.created_at, parent = EXCLUDED.parent`,
        [run.run, world, mode, codeVersion, configurationHash, createdAt, parent ?? ''],
      ),
    )
  }

  async position(run: string): Promise<number> {
    const rows = await this.#use('position', QUERY_MS, (session) =>
      session.query(`SELECT position::float8 AS position FROM ${SCHEMA}.runs WHERE run = $1`, [run]),
    )
    return Number(rows[0]?.position ?? 0)
  }

  append(batch: Batch): Promise<Appended> {
    const { run, after, lastSeq, lastTs } = batch
    return this.#transaction('append', APPEND_MS, async (session) => {
      // Rows and position are lost together or not at all, so nothing needs to wait for the disk.
      await session.query('SET LOCAL synchronous_commit = off')
      const { position, world } = await lockRun(session, run)
      if (position < after || position >= lastSeq) return { position, rows: 0 }
      let count = 0
      for (const [table, rows] of rowsByTable(batch.rows, position)) {
        await this.#write(session, table, copyText(table, world, run, rows), async () => {
          if (this.#flavour === 'native') await this.#partitions.ensure(session, table, rows)
        })
        count += rows.length
        if (table === 'bars') this.#isStale = true
      }
      await session.query(
        `UPDATE ${SCHEMA}.runs SET position = $2::bigint, position_ts = to_timestamp($3::float8 / 1000) WHERE run = $1`,
        [run, lastSeq, lastTs],
      )
      return { position: lastSeq, rows: count }
    })
  }

  async rebuild(run: string): Promise<void> {
    await this.#transaction('rebuild', LONG_MS, async (session) => {
      await session.query('SET LOCAL statement_timeout = 0')
      await lockRun(session, run)
      for (const table of TABLE_NAMES) await session.query(`DELETE FROM ${SCHEMA}.${table} WHERE run = $1`, [run])
      await session.query(`UPDATE ${SCHEMA}.runs SET position = 0, position_ts = to_timestamp(0) WHERE run = $1`, [run])
    })
    this.#isStale = true
  }

  async refresh(): Promise<void> {
    if (this.#flavour !== 'timescale' || !this.#isStale) return
    this.#isStale = false
    await this.#use('refresh', LONG_MS, async (session) => {
      await session.query('SET statement_timeout = 0')
      try {
        for (const name of ['bars_1h', 'bars_1d', 'bars_1d_from_hours'])
          await session.query(`CALL refresh_continuous_aggregate('${SCHEMA}.${name}', NULL, NULL)`)
      } finally {
        await session.query('RESET statement_timeout').catch(() => undefined) // what failed before is the one to tell
      }
    })
  }

  async close(): Promise<void> {
    await this.#server.close()
  }

  #spoken(): Dialect {
    // Who asks beside a projector may ask before its server was reached for the first time.
    if (this.#flavour === undefined)
      throw new QuantbotError('STORE_UNAVAILABLE', `query: ${this.#server.place}: it was not reached yet`)
    return DIALECTS[this.#flavour]
  }

  /** Market rows go by way of a table of the session: those that are there already stay as they are. */
  async #write(session: SqlSession, table: TableName, text: string, prepare: () => Promise<void>): Promise<void> {
    const { columns, kind } = tableOf(table)
    const names = Object.keys(columns).join(', ')
    await prepare()
    if (kind === 'run') return session.copy(`${SCHEMA}.${table} (${names})`, text)
    const stage = `stage_${table}`
    await session.query(`CREATE TEMP TABLE IF NOT EXISTS ${stage} (LIKE ${SCHEMA}.${table}) ON COMMIT DELETE ROWS`)
    await session.copy(`${stage} (${names})`, text)
    await session.query(
      `INSERT INTO ${SCHEMA}.${table} (${names}) SELECT ${names} FROM ${stage} ORDER BY seq ON CONFLICT DO NOTHING`,
    )
  }

  #transaction<T>(doing: string, deadlineMs: number, work: (session: SqlSession) => Promise<T>): Promise<T> {
    return this.#use(doing, deadlineMs, async (session) => {
      await session.query('BEGIN')
      try {
        const result = await work(session)
        await session.query('COMMIT')
        return result
      } catch (error) {
        this.#partitions.forget()
        await session.query('ROLLBACK').catch(() => undefined) // what failed before is the one to tell
        throw error
      }
    })
  }

  async #use<T>(doing: string, deadlineMs: number, use: (session: SqlSession) => Promise<T>): Promise<T> {
    try {
      return await this.#server.use(use, deadlineMs)
    } catch (error) {
      throw storeError(error, doing, this.#server.place)
    }
  }
}

async function lockRun(
  session: SqlSession,
  run: string,
): Promise<{ readonly position: number; readonly world: string }> {
  const rows = await session.query(
    `SELECT position::float8 AS position, world FROM ${SCHEMA}.runs WHERE run = $1 FOR UPDATE`,
    [run],
  )
  invariant(rows[0] !== undefined, () => `run ${run} is not registered in the store`)
  return { position: Number(rows[0].position), world: String(rows[0].world) }
}

/** Applies what is pending and gives the flavour that the schema was made with: it stays, whatever is installed later. */
async function migrateSchema(session: SqlSession): Promise<Exclude<Flavour, 'duckdb'>> {
  await session.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`)
  await session.query(
    `CREATE TABLE IF NOT EXISTS ${SCHEMA}.schema_version (version bigint PRIMARY KEY, title text NOT NULL,
      flavour text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  )
  const applied = await session.query(
    `SELECT version::float8 AS version, flavour FROM ${SCHEMA}.schema_version ORDER BY version`,
  )
  const version = Number(applied.at(-1)?.version ?? 0)
  if (version > SCHEMA_VERSION)
    throw new QuantbotError('STORE_SCHEMA', `the schema is version ${version}, this quantbot knows ${SCHEMA_VERSION}`)
  const before = applied[0]?.flavour
  const flavour =
    before === 'timescale' || before === 'native' ? before : (await hasTimescale(session)) ? 'timescale' : 'native'
  for (const migration of MIGRATIONS.slice(version)) {
    for (const sql of migration.statements(DIALECTS[flavour])) await apply(session, sql, migration.version)
    await session.query(
      `INSERT INTO ${SCHEMA}.schema_version (version, title, flavour) VALUES ($1::bigint, $2::text, $3::text)`,
      [migration.version, migration.title, flavour],
    )
  }
  return flavour
}

async function apply(session: SqlSession, sql: string, version: number): Promise<void> {
  try {
    await session.query(sql)
  } catch (error) {
    const { code } = error as { readonly code?: unknown } // whatever was thrown
    if (typeof code !== 'string' || !/^(?:0A|22|23|42|XX|TS)/.test(code)) throw error
    const what = error instanceof Error ? error.message : String(error)
    throw new QuantbotError('STORE_SCHEMA', `migration ${version}: ${what}: ${sql.slice(0, 120)}`, { cause: error })
  }
}

/** The edition with compression and continuous aggregates, installed or installable (asking for one not preloaded ends the session). */
async function hasTimescale(session: SqlSession): Promise<boolean> {
  const [found] = await session.query(
    `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') AS installed,
      EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        AND current_setting('shared_preload_libraries') LIKE '%timescaledb%' AS installable`,
  )
  if (found?.installed !== true) {
    if (found?.installable !== true || !(await installTimescale(session))) return false
  }
  const [license] = await session.query(`SELECT current_setting('timescaledb.license', true) AS license`)
  return license?.license !== 'apache'
}

/** A role that may not install it works without. */
async function installTimescale(session: SqlSession): Promise<boolean> {
  await session.query('SAVEPOINT before_extension')
  try {
    await session.query('CREATE EXTENSION IF NOT EXISTS timescaledb')
    return true
  } catch {
    await session.query('ROLLBACK TO SAVEPOINT before_extension')
    return false
  }
}
