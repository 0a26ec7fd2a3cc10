/** The aggregate store on a real PostgreSQL: the contract, and what a bad day of a server brings. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgServer } from '#data/stores/pg-server'
import { PostgresStore } from '#data/stores/postgres-store'
import { project } from '#data/stores/projection'
import { minute, runInfo, START, storeContract } from '#test/contracts/store.contract'
import { hasServer, startPostgres, type TestServer } from '#test/servers'

const isAvailable = hasServer('postgres')

storeContract('PostgreSQL, native partitions', isAvailable, async () => {
  const server = (await startPostgres())!
  return {
    store: new PostgresStore(pgServer(server.url)),
    again: () => new PostgresStore(pgServer(server.url)),
    end: () => server.end(),
  }
})

describe.skipIf(!isAvailable)('a PostgreSQL that has a bad day', () => {
  let server: TestServer
  beforeAll(async () => {
    server = (await startPostgres())!
  })
  afterAll(() => server?.end())

  const batch = (first: number, count: number) => {
    const bars = Array.from({ length: count }, (_, i) => minute(first + i, first + i - 1))
    const lastSeq = first + count - 1
    return { run: 'r', after: first - 1, lastSeq, lastTs: START + lastSeq, rows: project(bars) }
  }

  it('loses nothing and doubles nothing when it is killed amid appends', async () => {
    const store = new PostgresStore(pgServer(server.url))
    await store.migrate()
    await store.register(runInfo('r'))
    const [each, batches] = [500, 40]
    let kills = 0
    for (let next = 1; next <= each * batches; ) {
      const isKilled = kills < 3 && next > each * 10 * (kills + 1)
      const written = store.append(batch(next, each)).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
        return undefined
      })
      if (isKilled) {
        kills++
        await new Promise((resolve) => setTimeout(resolve, kills * 4)) // amid its statements, at another place each time
        await server.kill()
        await server.restart()
      }
      const outcome = await written
      next = (outcome?.position ?? (await store.position('r'))) + 1
    }
    expect(kills).toBe(3)
    const rows = await store.bars({ instrument: 'binance.usdm.BTCUSDT', interval: '1m', limit: 100_000 })
    expect(rows).toHaveLength(each * batches)
    expect(rows.every(({ openTime }, i) => openTime === START + i * 60_000)).toBe(true)
    await store.close()
  })

  it('is given up in time when it hangs, and goes on when it is back', async () => {
    const hanging = pgServer(server.url)
    await hanging.use((session) => session.query('SELECT 1'), 1000)
    server.suspend()
    const begun = performance.now()
    await expect(hanging.use((session) => session.query('SELECT 1'), 300)).rejects.toThrow('300 ms')
    expect(performance.now() - begun).toBeLessThan(5_000)
    server.resume()
    expect(await hanging.use((session) => session.query('SELECT 1::float8 AS one'), 5000)).toEqual([{ one: 1 }])
    await hanging.close()
  })

  it('that is not there, or has a newer schema, is told by code and without its password', async () => {
    const absent = new PostgresStore(pgServer('postgres://quantbot:geheim@127.0.0.1:1/postgres'))
    const error = await absent.migrate().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(String(error)).not.toContain('geheim')
    await absent.close()
    const store = new PostgresStore(pgServer(server.url))
    await store.migrate()
    const direct = pgServer(server.url)
    await direct.use((s) => s.query(`INSERT INTO quantbot.schema_version VALUES (99, 'later', 'native')`), 5000)
    await expect(store.migrate()).rejects.toMatchObject({ code: 'STORE_SCHEMA' })
    await direct.use((s) => s.query('DELETE FROM quantbot.schema_version WHERE version = 99'), 5000)
    await direct.close()
    await store.close()
  })

  it('holds a month a partition', async () => {
    const direct = pgServer(server.url)
    const rows = await direct.use(
      (s) =>
        s.query(
          `SELECT relname::text AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'quantbot.bars'::regclass ORDER BY 1`,
        ),
      5000,
    )
    expect(rows).toEqual([{ name: 'bars_2024_01' }, { name: 'bars_2024_02' }])
    await direct.close()
  })
})
