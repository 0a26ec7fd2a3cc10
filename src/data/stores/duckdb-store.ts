/**
 * Owns the aggregate store in a file of DuckDB: one process at a time, one writer in it. Rows go by way of tables of the
 * session into the file, with the position, in one transaction. Yields between chunks, so that it never holds the process up.
 */
import {
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  VARCHAR,
} from '@duckdb/node-api'
import { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import { DIALECTS, SCHEMA } from './dialect.js'
import { duckError, isFatal } from './duck-errors.js'
import { MIGRATIONS, SCHEMA_VERSION } from './migrations/all.js'
import { SqlQueries, type SqlValue } from './sql-queries.js'
import type { AggregateStore, Appended, Batch, RunInfo, StoreDescription } from './store.port.js'
import {
  type Cell,
  type ColumnType,
  OWN_COLUMNS,
  type Row,
  rowsByTable,
  TABLE_NAMES,
  type TableName,
  tableOf,
} from './tables.js'

const dialect = DIALECTS.duckdb
/** Rows of a chunk that is appended; the vector size of DuckDB. */
const CHUNK_ROWS = 2048
/** It works beside a trading process: chosen here. */
const SETTINGS = { threads: '2', memory_limit: '1GB' }

/** How a column stands in a table of the session: dates and decimals are made from it by the statement that moves the rows. */
const STAGED: Readonly<Record<ColumnType, readonly [name: string, type: DuckDBType]>> = {
  text: ['VARCHAR', VARCHAR],
  decimal: ['VARCHAR', VARCHAR],
  json: ['VARCHAR', VARCHAR],
  double: ['DOUBLE', DOUBLE],
  integer: ['DOUBLE', DOUBLE],
  time: ['DOUBLE', DOUBLE],
  flag: ['BOOLEAN', BOOLEAN],
}

export class DuckdbStore extends SqlQueries implements AggregateStore {
  readonly #path: string
  #opening: Promise<DuckDBInstance> | undefined
  #writer: DuckDBConnection | undefined
  /** One use of the writing connection at a time. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    super(
      () => dialect,
      (sql, values) => this.#ask(sql, values),
    )
    this.#path = path
  }

  migrate(): Promise<void> {
    return this.#write('migrate', async (connection) => {
      await connection.run(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`)
      await connection.run(
        `CREATE TABLE IF NOT EXISTS ${SCHEMA}.schema_version (version BIGINT PRIMARY KEY, title VARCHAR NOT NULL, flavour VARCHAR NOT NULL)`,
      )
      const [row] = await rowsOf(connection, `SELECT max(version)::DOUBLE AS version FROM ${SCHEMA}.schema_version`)
      const version = Number(row?.version ?? 0)
      if (version > SCHEMA_VERSION)
        throw new QuantbotError(
          'STORE_SCHEMA',
          `${this.#path}: the schema is version ${version}, this quantbot knows ${SCHEMA_VERSION}`,
        )
      for (const migration of MIGRATIONS.slice(version)) {
        for (const sql of migration.statements(dialect)) await connection.run(sql)
        await connection.run(`INSERT INTO ${SCHEMA}.schema_version VALUES ($1, $2, 'duckdb')`, [
          migration.version,
          migration.title,
        ])
      }
    })
  }

  async describe(): Promise<StoreDescription> {
    const says = 'DuckDB, a file of this process: no server, rollups worked out when they are asked'
    return { backend: 'duckdb', chunks: 'none', schemaVersion: SCHEMA_VERSION, says }
  }

  async register(run: RunInfo): Promise<void> {
    const { world, mode, codeVersion, configurationHash, createdAt, parent } = run
    await this.#write('register', (connection) =>
      connection.run(
        `INSERT INTO ${SCHEMA}.runs VALUES ($1, $2, $3, $4, $5, epoch_ms($6::BIGINT), nullif($7, ''), 0, epoch_ms(0))
        ON CONFLICT (run) DO UPDATE SET world = EXCLUDED.world, mode = EXCLUDED.mode, code_version = EXCLUDED.code_version,
          configuration_hash = EXCLUDED.configuration_hash, created_at = EXCLUDED.created_at, parent = EXCLUDED.parent`,
        [run.run, world, mode, codeVersion, configurationHash, createdAt, parent ?? ''],
      ),
    )
  }

  async position(run: string): Promise<number> {
    const rows = await this.#ask(`SELECT position::DOUBLE AS position FROM ${SCHEMA}.runs WHERE run = $1`, [run])
    return Number(rows[0]?.position ?? 0)
  }

  append(batch: Batch): Promise<Appended> {
    const { run, after, lastSeq, lastTs } = batch
    return this.#write('append', async (connection) => {
      const { position, world } = await placeOf(connection, run)
      if (position < after || position >= lastSeq) return { position, rows: 0 }
      let count = 0
      for (const [table, rows] of rowsByTable(batch.rows, position)) {
        await stage(connection, table, world, run, rows)
        const names = Object.keys(tableOf(table).columns).join(', ')
        const ignore = tableOf(table).kind === 'market' ? ' ON CONFLICT DO NOTHING' : ''
        await connection.run(
          `INSERT INTO ${SCHEMA}.${table} (${names}) SELECT ${moved(table)} FROM stage_${table}${ignore}`,
        )
        await connection.run(`DELETE FROM stage_${table}`)
        count += rows.length
      }
      await connection.run(
        `UPDATE ${SCHEMA}.runs SET position = $2::BIGINT, position_ts = epoch_ms($3::BIGINT) WHERE run = $1`,
        [run, lastSeq, lastTs],
      )
      return { position: lastSeq, rows: count }
    })
  }

  rebuild(run: string): Promise<void> {
    return this.#write('rebuild', async (connection) => {
      await placeOf(connection, run)
      for (const table of TABLE_NAMES) await connection.run(`DELETE FROM ${SCHEMA}.${table} WHERE run = $1`, [run])
      await connection.run(`UPDATE ${SCHEMA}.runs SET position = 0, position_ts = epoch_ms(0) WHERE run = $1`, [run])
    })
  }

  async refresh(): Promise<void> {
    // Rollups are worked out when they are asked.
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined) // whoever asked for it was told
    await this.#letGo()
  }

  /** Between two uses of the writing connection only. The next use opens the file anew. */
  async #letGo(): Promise<void> {
    const opening = this.#opening
    this.#opening = undefined
    this.#writer?.closeSync()
    this.#writer = undefined
    const instance = await opening?.catch(() => undefined) // whoever asked for it was told
    instance?.closeSync()
  }

  #open(): Promise<DuckDBInstance> {
    if (this.#opening !== undefined) return this.#opening
    const opening = DuckDBInstance.create(this.#path, SETTINGS)
    this.#opening = opening
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined
    })
    return opening
  }

  async #ask(sql: string, values: readonly SqlValue[]): Promise<readonly Record<string, unknown>[]> {
    const opening = this.#open()
    try {
      const connection = await (await opening).connect()
      try {
        return await rowsOf(connection, sql, values)
      } finally {
        connection.closeSync()
      }
    } catch (error) {
      if (isFatal(error)) this.#writing = this.#writing.catch(() => undefined).then(() => this.#letGoOf(opening))
      throw duckError(error, 'query', this.#path)
    }
  }

  async #letGoOf(opening: Promise<DuckDBInstance>): Promise<void> {
    if (this.#opening === opening) await this.#letGo()
  }

  #write<T>(doing: string, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const done = this.#writing.then(
      () => this.#transaction(doing, work),
      () => this.#transaction(doing, work),
    )
    this.#writing = done
    done.catch(() => undefined) // the caller's copy rejects
    return done
  }

  async #transaction<T>(doing: string, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    try {
      this.#writer ??= await (await this.#open()).connect()
      const writer = this.#writer
      await writer.run('BEGIN')
      try {
        const result = await work(writer)
        await writer.run('COMMIT')
        return result
      } catch (error) {
        await writer.run('ROLLBACK').catch(() => undefined) // what failed before is the one to tell
        throw error
      }
    } catch (error) {
      if (isFatal(error)) await this.#letGo()
      throw duckError(error, doing, this.#path)
    }
  }
}

async function rowsOf(
  connection: DuckDBConnection,
  sql: string,
  values: readonly SqlValue[] = [],
): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(sql, [...values])
  return reader.getRowObjectsJS()
}

async function placeOf(
  connection: DuckDBConnection,
  run: string,
): Promise<{ readonly position: number; readonly world: string }> {
  const [row] = await rowsOf(
    connection,
    `SELECT position::DOUBLE AS position, world FROM ${SCHEMA}.runs WHERE run = $1`,
    [run],
  )
  invariant(row !== undefined, () => `run ${run} is not registered in the store`)
  return { position: Number(row.position), world: String(row.world) }
}

async function stage(
  connection: DuckDBConnection,
  table: TableName,
  world: string,
  run: string,
  rows: readonly Row[],
): Promise<void> {
  const columns = Object.entries(tableOf(table).columns)
  const names = columns.map(([name, type]) => `${name} ${STAGED[type][0]}`).join(', ')
  await connection.run(`CREATE TEMP TABLE IF NOT EXISTS stage_${table} (${names})`)
  const types = columns.map(([, type]) => STAGED[type][1])
  const appender = await connection.createAppender(`stage_${table}`, 'main', 'temp')
  try {
    for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
      const part = rows.slice(start, start + CHUNK_ROWS)
      const chunk = DuckDBDataChunk.create(types, part.length)
      chunk.setColumnValues(
        0,
        part.map(() => world),
      )
      chunk.setColumnValues(
        1,
        part.map(() => run),
      )
      chunk.setColumnValues(
        2,
        part.map(({ seq }) => seq),
      )
      for (let c = OWN_COLUMNS; c < columns.length; c++)
        chunk.setColumnValues(
          c,
          part.map(({ cells }): Cell => cells[c - OWN_COLUMNS] ?? null),
        )
      appender.appendDataChunk(chunk)
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    appender.closeSync()
  }
}

/** Columns of the session's table as the file has them. */
function moved(table: TableName): string {
  return Object.entries(tableOf(table).columns)
    .map(([name, type]) => {
      if (type === 'time') return `epoch_ms(${name}::BIGINT)`
      return type === 'integer' || type === 'decimal' ? `${name}::${dialect.types[type]}` : name
    })
    .join(', ')
}
