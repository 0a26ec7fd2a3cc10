/**
 * The aggregate store on TimescaleDB: the real migrations and statements in an engine of the test's own (see
 * pglite-server.ts), as Debian has no TimescaleDB.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PostgresStore } from '#data/stores/postgres-store'
import { project } from '#data/stores/projection'
import { TABLE_NAMES } from '#data/stores/tables'
import { HOUR, minute, runInfo, START, storeContract } from '#test/contracts/store.contract'
import { type PgliteServer, pgliteServer } from '#test/pglite-server'

storeContract('TimescaleDB', true, async () => ({
  store: new PostgresStore(await pgliteServer()),
  end: async () => undefined,
}))

describe('what TimescaleDB keeps', () => {
  let server: PgliteServer
  let store: PostgresStore
  const rows = async (sql: string) => (await server.db.query<Record<string, unknown>>(sql)).rows

  beforeAll(async () => {
    server = await pgliteServer()
    store = new PostgresStore(server)
    await store.migrate()
    await store.register(runInfo('r'))
    const bars = Array.from({ length: 3 * 24 * 60 }, (_, i) => minute(i + 1, i))
    const last = bars.at(-1)!
    await store.append({ run: 'r', after: 0, lastSeq: last.seq, lastTs: last.ts, rows: project(bars) })
  }, 60_000)
  afterAll(() => store?.close())

  it('says so', async () => {
    expect(await store.describe()).toMatchObject({ backend: 'postgres', chunks: 'timescale' })
  })

  it('makes every table a hypertable with a policy of compression, and the rollups continuous aggregates', async () => {
    const tables = await rows(
      `SELECT hypertable_name AS name FROM timescaledb_information.hypertables WHERE hypertable_schema = 'quantbot' ORDER BY 1`,
    )
    expect(tables.map(({ name }) => name)).toEqual([...TABLE_NAMES].sort())
    const jobs = await rows(
      `SELECT proc_name AS name, count(*)::int AS count FROM timescaledb_information.jobs
        WHERE proc_name LIKE 'policy_%' AND proc_name <> 'policy_job_stat_history_retention' GROUP BY 1 ORDER BY 1`,
    )
    expect(jobs).toEqual([
      { name: 'policy_compression', count: TABLE_NAMES.length },
      { name: 'policy_refresh_continuous_aggregate', count: 3 },
    ])
    const aggregates = await rows(
      'SELECT view_name AS name FROM timescaledb_information.continuous_aggregates ORDER BY 1',
    )
    expect(aggregates.map(({ name }) => name)).toEqual(['bars_1d', 'bars_1d_from_hours', 'bars_1h'])
  })

  it('refreshes hours and, above them, days by its own jobs', async () => {
    const jobs = await rows(
      `SELECT job_id AS id FROM timescaledb_information.jobs WHERE proc_name = 'policy_refresh_continuous_aggregate' ORDER BY 1`,
    )
    for (const { id } of jobs) await server.db.exec(`CALL run_job(${String(id)})`)
    const [materialised] = await rows(
      `SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) AS name
        FROM timescaledb_information.continuous_aggregates WHERE view_name = 'bars_1h'`,
    )
    const [kept] = await rows(`SELECT count(*)::int AS count FROM ${String(materialised?.name)}`)
    expect(kept).toEqual({ count: 72 })
    const days = await store.bars({ instrument: 'binance.usdm.BTCUSDT', interval: '1d' })
    expect(days.map(({ openTime, parts }) => [openTime, parts])).toEqual([
      [START - 22 * HOUR, 120],
      [START + 2 * HOUR, 1440],
      [START + 26 * HOUR, 1440],
      [START + 50 * HOUR, 1320],
    ])
  })

  it('compresses old chunks by its own job, and still takes rows and rebuilds', async () => {
    const query = { instrument: 'binance.usdm.BTCUSDT', interval: '1m', limit: 10_000 }
    const before = await store.bars(query)
    const [job] = await rows(
      `SELECT job_id AS id FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression' AND hypertable_name = 'bars'`,
    )
    await server.db.exec(`CALL run_job(${String(job?.id)})`)
    const chunks = await rows(
      `SELECT DISTINCT is_compressed FROM timescaledb_information.chunks WHERE hypertable_name = 'bars'`,
    )
    expect(chunks).toEqual([{ is_compressed: true }])
    expect(await store.bars(query)).toEqual(before)
    await store.register(runInfo('late'))
    const late = [minute(1, 0), minute(2, 3 * 24 * 60)]
    await store.append({ run: 'late', after: 0, lastSeq: 2, lastTs: START, rows: project(late) })
    expect(await store.bars(query)).toHaveLength(before.length + 1)
    await store.rebuild('r')
    expect(await store.bars(query)).toHaveLength(1)
  })
})
