/** The aggregate store in a file of DuckDB. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import { DuckdbStore } from '#data/stores/duckdb-store'
import { TABLE_NAMES, tableOf } from '#data/stores/tables'
import { storeContract } from '#test/contracts/store.contract'

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
})
