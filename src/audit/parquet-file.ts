/**
 * Owns tables as Parquet, by DuckDB: rows go in chunks into a table of DuckDB, which keeps a bounded part of it in memory
 * and the rest in a folder beside the target, and writes the file from there. The only file of this room that knows DuckDB.
 */
import { rmSync } from 'node:fs'
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from '@duckdb/node-api'
import type { Cell, Column, ColumnType, TableFile } from './table-file.js'
import { partialOf, publish, refuseExisting } from './target-file.js'

/** Rows of a chunk; the vector size of DuckDB. */
const CHUNK_ROWS = 2048
/** Of DuckDB; chosen here. */
const MEMORY_LIMIT = '512MB'

/** How a column is kept on the way, and what becomes of it in the file. */
const KEPT: Readonly<Record<ColumnType, readonly [sql: string, type: DuckDBType, select: (name: string) => string]>> = {
  integer: ['BIGINT', BIGINT, (name) => name],
  number: ['DOUBLE', DOUBLE, (name) => name],
  text: ['VARCHAR', VARCHAR, (name) => name],
  flag: ['BOOLEAN', BOOLEAN, (name) => name],
  decimal: ['VARCHAR', VARCHAR, (name) => `${name}::DOUBLE`],
  time: ['BIGINT', BIGINT, (name) => `make_timestamp(${name} * 1000)`],
}

/** An exact decimal stands in two columns: a double to reckon with, and every digit of it. */
const exactName = (name: string): string => `${name}_exact`

/** Columns as the file names them. */
const namesOf = (columns: readonly Column[]): string[] =>
  columns.flatMap(({ name, type }) => (type === 'decimal' ? [name, exactName(name)] : [name]))

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

export class ParquetFile implements TableFile {
  readonly names: readonly string[]
  readonly #path: string
  readonly #partial: string
  readonly #columns: readonly Column[]
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection
  readonly #appender: DuckDBAppender
  #rows: (readonly Cell[])[] = []

  private constructor(
    path: string,
    columns: readonly Column[],
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    appender: DuckDBAppender,
  ) {
    this.names = namesOf(columns)
    this.#path = path
    this.#partial = partialOf(path)
    this.#columns = columns
    this.#instance = instance
    this.#connection = connection
    this.#appender = appender
  }

  /** TARGET_EXISTS, or DuckDB's error. */
  static async create(path: string, columns: readonly Column[]): Promise<ParquetFile> {
    refuseExisting(path)
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: MEMORY_LIMIT,
      temp_directory: spillOf(path),
    })
    const connection = await instance.connect()
    const fields = columns.map(({ name, type }) => `${quoted(name)} ${KEPT[type][0]}`)
    await connection.run(`CREATE TABLE outgoing (${fields.join(', ')})`)
    return new ParquetFile(path, columns, instance, connection, await connection.createAppender('outgoing'))
  }

  row(cells: readonly Cell[]): void {
    this.#rows.push(cells)
    if (this.#rows.length === CHUNK_ROWS) this.#flush()
  }

  async finish(): Promise<void> {
    try {
      this.#flush()
      this.#appender.closeSync()
      const select = this.#columns.flatMap(({ name, type }) => [
        `${KEPT[type][2](quoted(name))} AS ${quoted(name)}`,
        ...(type === 'decimal' ? [`${quoted(name)}::DECIMAL(38, 8) AS ${quoted(exactName(name))}`] : []),
      ])
      const options = '(FORMAT parquet, COMPRESSION zstd)'
      await this.#connection.run(
        `COPY (SELECT ${select.join(', ')} FROM outgoing ORDER BY rowid) TO ${literal(this.#partial)} ${options}`,
      )
    } catch (error) {
      rmSync(this.#partial, { force: true })
      throw error
    } finally {
      this.#close()
    }
    publish(this.#partial, this.#path)
  }

  discard(): void {
    this.#close()
    rmSync(this.#partial, { force: true })
  }

  #flush(): void {
    const rows = this.#rows
    if (rows.length === 0) return
    const types = this.#columns.map(({ type }) => KEPT[type][1])
    const chunk = DuckDBDataChunk.create(types, rows.length)
    this.#columns.forEach(({ type }, c) => {
      const vector = chunk.getColumnVector(c)
      for (let r = 0; r < rows.length; r++) vector.setItem(r, storedCell(rows[r]![c]!, type))
      vector.flush()
    })
    this.#appender.appendDataChunk(chunk)
    this.#rows = []
  }

  #close(): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
    rmSync(spillOf(this.#path), { recursive: true, force: true })
  }
}

/** Where rows wait that do not fit into memory. */
const spillOf = (path: string): string => `${partialOf(path)}.spill`

function storedCell(cell: Cell, type: ColumnType): DuckDBValue {
  if (typeof cell === 'number' && (type === 'integer' || type === 'time')) return BigInt(cell)
  return cell
}
