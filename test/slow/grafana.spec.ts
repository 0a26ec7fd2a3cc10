/**
 * No panel of the dashboards is empty: each PromQL is asked of a real Prometheus that scrapes a real paper run by the configuration of
 * deploy/prometheus, each SQL of a real PostgreSQL into which the run is projected, as the role that deploy/postgres makes for Grafana,
 * and of TimescaleDB. Needs `npm run build`.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { committedLog } from '#cli/committed-log'
import { runInfoOf } from '#cli/projector'
import { PostgresStore } from '#data/stores/postgres-store'
import { project } from '#data/stores/projection'
import { readManifest } from '#events/log/manifest'
import { boards, expandPromql, expandSql, type Query, queriesOf, type Range } from '../grafana-board.js'
import { BTC, ETH, type PaperRig, paperRig } from '../paper-rig.js'
import { type PgliteServer, pgliteServer } from '../pglite-server.js'
import { freePort, hasServer, startPostgres, type TestServer } from '../servers.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SCRAPE_MS = 1_000
const SCRAPES = 8
const SPEED = 30
const runFile = promisify(execFile)

const panels = boards().flatMap((board) =>
  board.panels.map((panel) => ({ at: `${board.title}: ${panel.title}`, panel })),
)
const asked = panels.flatMap(({ at, panel }) =>
  queriesOf(panel).map((query) => ({ at: `${at} ${query.refId}`, query })),
)
const inPromql = asked.filter(({ query }) => query.expr !== undefined)
const inSql = asked.filter(({ query }) => query.rawSql !== undefined)

const PROMETHEUS = '/usr/bin/prometheus'
function hasPrometheus(): boolean {
  if (existsSync(PROMETHEUS)) return true
  if (process.env.QUANTBOT_REQUIRE_SERVERS === '1')
    throw new Error('prometheus is not installed: its tests are SKIPPED')
  process.stderr.write('prometheus is not installed: its tests are SKIPPED\n')
  return false
}

type Cells = Readonly<Record<string, unknown>>
interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
}

describe.skipIf(!hasServer('postgres') || !hasPrometheus())('panels of the dashboards', () => {
  let rig: PaperRig
  let postgres: TestServer
  let folder: string
  let prometheus: ChildProcess | undefined
  let api: string
  let endSeconds: number
  let range: Range
  let grafana: pg.Client
  let timescale: PgliteServer

  beforeAll(async () => {
    rig = paperRig()
    folder = mkdtempSync(join(tmpdir(), 'quantbot-grafana-'))
    postgres = (await startPostgres())!
    await makeRoles(postgres.port)
    process.env.QUANTBOT_TEST_PG = `postgres://quantbot@127.0.0.1:${postgres.port}/postgres`
    // Signals speak at midnight: the run must be up by then.
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED, 15_000) })
    const stores = { aggregate: 'postgres', postgres: 'env:QUANTBOT_TEST_PG' }
    const config = rig.config('c', { binance: venue }, [BTC, ETH], { stores })
    const port = await freePort()
    const page = ['--port', String(port)]
    const running = await rig.run('a', config, '--clock', 'venue', '--speed', String(SPEED), ...page)
    api = await startPrometheus(port)
    await rig.until('a', 'trading', ({ fills }) => Number(fills) > 0, 150_000)
    const scraped = async (): Promise<number> =>
      Number((await ask('query', { query: 'count_over_time(quantbot_log_seq[1h])' }))[0]?.value?.[1] ?? 0)
    while ((await scraped()) < SCRAPES) await new Promise((resolve) => setTimeout(resolve, 200))
    const { seq } = await rig.until('a', 'further', () => true)
    await rig.until('a', 'projected', (status) => positionOf(status) >= seq)
    // Behind its end the process has no values: Prometheus marks its series as stale.
    endSeconds = Math.floor(Date.now() / 1000) - 1
    running.kill('SIGTERM')
    await running.ended
    grafana = new pg.Client({ connectionString: `postgres://grafana@127.0.0.1:${postgres.port}/postgres` })
    await grafana.connect()
    const { rows } = await grafana.query('SELECT min(ts) AS first, max(ts) AS last FROM quantbot.signals')
    const [first, last] = [new Date(rows[0].first).getTime(), new Date(rows[0].last).getTime()]
    range = { from: first - 86_400_000, to: last + 86_400_000, stepMs: 60_000 }
    timescale = await pgliteServer()
    await projectAgain(timescale)
  }, 360_000)

  afterAll(async () => {
    delete process.env.QUANTBOT_TEST_PG
    prometheus?.kill('SIGKILL')
    await grafana?.end()
    await timescale?.close()
    rig?.end()
    await postgres?.end()
    rmSync(folder, { recursive: true, force: true })
  })

  /** By the script of the container. The superuser of the test's server has the name that the script gives to the owner. */
  async function makeRoles(port: number): Promise<void> {
    const admin = (user: string, sql: string) =>
      runFile('psql', ['-h', '127.0.0.1', '-p', String(port), '-U', user, '-d', 'postgres', '-qc', sql])
    await admin('quantbot', 'CREATE ROLE admin SUPERUSER LOGIN')
    await admin('admin', 'ALTER ROLE quantbot RENAME TO first_of_the_test')
    const env = {
      POSTGRES_USER: 'admin',
      POSTGRES_DB: 'postgres',
      QUANTBOT_DB_PASSWORD: "o'ne",
      GRAFANA_DB_PASSWORD: 'two',
    }
    await runFile(join(ROOT, 'deploy/postgres/roles.sh'), {
      env: { ...process.env, ...env, PGHOST: '127.0.0.1', PGPORT: String(port) },
    })
  }

  /** By the configuration of compose.yaml; targets, token and pace are the test's. */
  async function startPrometheus(port: number): Promise<string> {
    const shipped = parse(readFileSync(join(ROOT, 'deploy/prometheus/prometheus.yml'), 'utf8')) as Shipped // its own document
    const own = shipped.scrape_configs.filter(({ job_name }) => job_name === 'quantbot')
    expect(own).toHaveLength(1)
    const token = join(rig.home.path, 'web', 'a.token')
    expect(existsSync(token)).toBe(true)
    const config = {
      global: { scrape_interval: `${SCRAPE_MS}ms`, scrape_timeout: `${SCRAPE_MS}ms` },
      scrape_configs: own.map((job) => ({
        ...job,
        authorization: { ...job.authorization, credentials_file: token },
        static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      })),
    }
    const [file, own_port] = [join(folder, 'prometheus.yml'), await freePort()]
    writeFileSync(file, stringify(config))
    mkdirSync(join(folder, 'tsdb'))
    const args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${own_port}`,
    ]
    prometheus = spawn(PROMETHEUS, args, { stdio: 'ignore' })
    const url = `http://127.0.0.1:${own_port}`
    const isReady = (): Promise<boolean> =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 100))
    return `${url}/api/v1`
  }

  async function ask(path: string, query: Readonly<Record<string, string>>): Promise<readonly Series[]> {
    const reply = await fetch(`${api}/${path}?${new URLSearchParams(query)}`)
    const document = (await reply.json()) as {
      readonly data?: { readonly result: readonly Series[] }
      readonly error?: string
    } // its own
    if (document.data === undefined) throw new Error(`${document.error}: ${query.query}`)
    return document.data.result
  }

  /** The log that Grafana's PostgreSQL shows, in TimescaleDB. */
  async function projectAgain(server: PgliteServer): Promise<void> {
    const dir = join(rig.home.path, 'runs', 'a')
    const store = new PostgresStore(server)
    await store.migrate()
    expect(await store.describe()).toMatchObject({ chunks: 'timescale' })
    await store.register(runInfoOf(readManifest(dir).manifest))
    const cursor = committedLog(dir)(0)
    let after = 0
    for (let part = await cursor.next(20_000); part !== undefined; part = await cursor.next(20_000)) {
      await store.append({ run: 'a', after, lastSeq: part.lastSeq, lastTs: part.lastTs, rows: project(part.events) })
      after = part.lastSeq
    }
    cursor.close()
  }

  it.each(inPromql)('$at has values in Prometheus', async ({ query }) => {
    const expr = expandPromql(query.expr!, SCRAPE_MS, SCRAPE_MS, { instance: '.+', run: 'a' })
    const end = String(endSeconds)
    const found =
      query.instant === true
        ? await ask('query', { query: expr, time: end })
        : await ask('query_range', { query: expr, start: String(endSeconds - 15), end, step: '1' })
    const values = found
      .flatMap(({ value, values: many }) => many ?? (value === undefined ? [] : [value]))
      .map(([, text]) => Number(text))
    expect(values.filter(Number.isFinite).length, expr).toBeGreaterThan(0)
  })

  /** Rows that a panel can draw: series need a time and a number. */
  function expectDrawn(rows: readonly Cells[], { format }: Query, sql: string): void {
    expect(rows.length, sql).toBeGreaterThan(0)
    if (format !== 'time_series') return
    const numbers = rows.flatMap((row) =>
      Object.entries(row)
        .filter(([name]) => name !== 'time' && name !== 'metric')
        .map(([, value]) => value),
    )
    expect(numbers.filter((value) => typeof value === 'number' && Number.isFinite(value)).length, sql).toBeGreaterThan(
      0,
    )
    // Seconds since the epoch are `numeric` in PostgreSQL, which comes as text; Grafana reads both.
    expect(
      rows.every(({ time }) => time instanceof Date || (time !== null && Number.isFinite(Number(time)))),
      sql,
    ).toBe(true)
  }

  it.each(inSql)('$at has rows in PostgreSQL, asked as the role of Grafana', async ({ query }) => {
    const sql = expandSql(query.rawSql!, range, false, { run: 'a' })
    expectDrawn((await grafana.query<Cells>(sql)).rows, query, sql)
  })

  it.each(inSql)('$at has rows in TimescaleDB', async ({ query }) => {
    const sql = expandSql(query.rawSql!, range, true, { run: 'a' })
    expectDrawn((await timescale.db.query<Cells>(sql)).rows, query, sql)
  })

  it('show nothing of a run that there is not, whatever its name holds', async () => {
    for (const { query } of inSql) {
      const sql = expandSql(query.rawSql!, range, false, { run: "x' OR 'a'='a" })
      expect((await grafana.query(sql)).rows, sql).toEqual([])
    }
  })

  it('are chosen by variables that have values', async () => {
    const variables = boards().flatMap(({ templating }) => templating.list)
    expect(variables.map(({ name }) => name)).toEqual(['instance', 'run'])
    const sql = variables.find(({ name }) => name === 'run')!.query
    expect((await grafana.query(String(sql))).rows).toEqual([{ run: 'a' }])
  })

  it('cannot change what they show', async () => {
    const refused = [
      'DELETE FROM quantbot.fills',
      'SET default_transaction_read_only = off; DELETE FROM quantbot.fills',
      'CREATE TABLE quantbot.mine (a int)',
      'CREATE TABLE public.mine (a int)',
    ]
    for (const sql of refused)
      await expect(grafana.query(sql), sql).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|25006)$/) })
  })
})

interface Shipped {
  readonly scrape_configs: readonly { readonly job_name: string; readonly authorization?: object }[]
}

/** Position of the projection in a status. */
function positionOf(status: Readonly<Record<string, unknown>>): number {
  const { stores } = status as { readonly stores?: { readonly projector?: { readonly position?: number } } } // its own document
  return stores?.projector?.position ?? 0
}
