/** The aggregate store in a file of DuckDB. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it, vi } from 'vitest'
import { QuantbotError } from '#core/errors'
import { duckError } from '#data/stores/duck-errors'
import { DuckdbStore } from '#data/stores/duckdb-store'
import { TABLE_NAMES, tableOf } from '#data/stores/tables'
import { runInfo, storeContract } from '#test/contracts/store.contract'

async function inFolder<T>(work: (path: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'quantbot-store-'))
  try {
    return await work(join(dir, 'aggregate.duckdb'))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

storeContract('DuckDB', true, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'quantbot-store-'))
  const end = async (): Promise<void> => rmSync(dir, { recursive: true, force: true })
  return { store: new DuckdbStore(join(dir, 'aggregate.duckdb')), end }
})

describe('a file of DuckDB', () => {
  it('is there again after closing, and refuses a newer schema', () =>
    inFolder(async (path) => {
      const store = new DuckdbStore(path)
      await store.migrate()
      await store.close()
      await store.migrate()
      await store.close()
      const instance = await DuckDBInstance.create(path)
      const connection = await instance.connect()
      await connection.run(`INSERT INTO quantbot.schema_version VALUES (99, 'later', 'duckdb')`)
      connection.closeSync()
      instance.closeSync()
      await expect(store.migrate()).rejects.toMatchObject({ code: 'STORE_SCHEMA' })
      await store.close()
    }))

  it('has the columns that the projection fills', () =>
    inFolder(async (path) => {
      const store = new DuckdbStore(path)
      await store.migrate()
      await store.close()
      const instance = await DuckDBInstance.create(path)
      const connection = await instance.connect()
      for (const table of TABLE_NAMES) {
        const reader = await connection.runAndReadAll(
          `SELECT column_name FROM information_schema.columns WHERE table_name = '${table}' AND table_schema = 'quantbot' ORDER BY ordinal_position`,
        )
        expect(reader.getRowsJS().flat(), table).toEqual(Object.keys(tableOf(table).columns))
      }
      connection.closeSync()
      instance.closeSync()
    }))

  it('that cannot be opened is a store that is not there', async () => {
    const store = new DuckdbStore(join(tmpdir(), 'quantbot-no-such-folder', 'x.duckdb'))
    await expect(store.migrate()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await store.close()
  })

  it.each(['writes', 'reads'] as const)(
    'is opened anew after a failure that ends its database, when it next %s',
    (next) =>
      inFolder(async (path) => {
        const created = vi.spyOn(DuckDBInstance, 'create')
        const store = new DuckdbStore(path)
        await store.migrate()
        await store.register(runInfo('r'))
        const instance = await (created.mock.results[0]!.value as Promise<DuckDBInstance>) // a spy knows no types
        created.mockRestore()
        const connection = await instance.connect()
        await connection.run(`PRAGMA debug_checkpoint_abort = 'before_header'`)
        await expect(connection.run('CHECKPOINT')).rejects.toThrow('FATAL')
        const lost = next === 'writes' ? store.register(runInfo('s')) : store.position('r')
        await expect(lost).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
        await store.register(runInfo('t'))
        expect((await store.runs()).map(({ run }) => run).sort()).toEqual(['r', 't'])
        connection.closeSync()
        await store.close()
      }),
  )

  it('tells what passes from what is a bug', () => {
    const codeOf = (error: unknown): unknown => (duckError(error, 'append', 'x.duckdb') as { code?: unknown }).code
    const passes = [
      'IO Error: Could not set lock on file "x": Conflicting lock is held in node (PID 7)',
      'IO Error: Could not write file "x": No space left on device',
      'Out of Memory Error: could not allocate block of size 256.0 KiB (953.6 MiB/953.6 MiB used)',
      'TransactionContext Error: Conflict on tuple deletion!',
      'Connection Error: Connection was never established or has been closed already',
      'FATAL Error: Failed: database has been invalidated because of a previous fatal error.',
      'INTERNAL Error: Attempted to access index 3 within vector of size 3',
    ]
    for (const text of passes) expect([text, codeOf(new Error(text))]).toEqual([text, 'STORE_UNAVAILABLE'])
    const bugs = [new Error('Binder Error: Referenced column "x" not found'), new TypeError('x is not a function')]
    for (const bug of bugs) expect(duckError(bug, 'append', 'x.duckdb')).toBe(bug)
    expect(codeOf('a word')).toBe('INTERNAL')
    expect(codeOf(new QuantbotError('STORE_SCHEMA', 'newer'))).toBe('STORE_SCHEMA')
  })
})
