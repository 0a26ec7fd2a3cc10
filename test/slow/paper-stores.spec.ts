/** Stores beside a paper run, as processes: killed, hung and back again, while decisions go on; and its API over each of them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { machineTime } from '#actors/scaled-time'
import { wait } from '#core/wait'
import { BTC, barFaults, barsOf, ofType, type PaperRig, paperRig, type SimVenue, type Status } from '../paper-rig.js'
import { hasServer, startPostgres, startRedis, type TestServer } from '../servers.js'

let rig: PaperRig
let servers: TestServer[] = []
beforeEach(() => {
  rig = paperRig()
})
afterEach(async () => {
  rig.end()
  for (const server of servers) await server.end()
  servers = []
  delete process.env.QUANTBOT_TEST_PG
  delete process.env.QUANTBOT_TEST_REDIS
})

const SPEED = 40
const CLOCK = ['--clock', 'venue', '--speed', String(SPEED)] as const

interface Stores {
  readonly cache: { readonly kind: string; readonly isUp: boolean; readonly lastError: string }
  readonly projector: {
    readonly state: string
    readonly position: number
    readonly lag: number
    readonly error?: object
  }
  readonly api: string
}
// Its own document.
const storesOf = (status: Status): Stores | undefined => (status.stores ?? undefined) as Stores | undefined
const isCaughtUp = (status: Status): boolean => {
  const stores = storesOf(status)
  return stores?.projector.state === 'up to date' && stores.projector.error === undefined && stores.cache.isUp
}
/** On disk: positions are those of the step in hand. */
const hasTraded = ({ fills }: Status): boolean => Number(fills) > 0

async function rowsOf(api: string, path: string): Promise<Record<string, unknown>[]> {
  const reply = await fetch(`${api}/v1${path}`)
  if (!reply.ok) throw new Error(await reply.text())
  return ((await reply.json()) as { rows: Record<string, unknown>[] }).rows // its own document
}

/** Everything that the log has is in the store, once, and the API answers for the market of the run without being told which. */
async function expectAnswers(api: string, status: Status): Promise<void> {
  const position = storesOf(status)?.projector.position ?? 0
  const events = rig.events('a').filter(({ seq }) => seq <= position)
  const bars = await rowsOf(api, `/bars?instrument=${BTC.instrument}&interval=1m&limit=100000`)
  const logged = barsOf(events, BTC.instrument)
  expect(bars.slice(0, logged.length).map((row) => [row.openTime, row.close])).toEqual(
    logged.map(({ openTime, close }) => [openTime, close]),
  )
  const fills = await rowsOf(api, '/fills?run=a')
  const logFills = ofType(events, 'OrderFilled').map(({ seq }) => seq)
  expect(logFills.length).toBeGreaterThan(0)
  expect(fills.slice(0, logFills.length).map((row) => row.seq)).toEqual(logFills)
  const said = ofType(events, 'SignalChanged').map(({ seq }) => seq)
  const signals = await rowsOf(api, '/signals?run=a')
  expect(signals.slice(0, said.length).map((row) => row.seq)).toEqual(said)
  expect((await rowsOf(api, `/latest?prefix=mark:${BTC.instrument}`)).length).toBe(1)
  expect((await rowsOf(api, '/latest?prefix=health')).length).toBe(1)
}

async function begin(stores: object): Promise<{ venue: SimVenue; end(): Promise<void> }> {
  const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
  const config = rig.config('c', { binance: venue }, [BTC], { stores, api: { enabled: true } })
  const running = await rig.run('a', config, ...CLOCK)
  return {
    venue,
    end: async () => {
      running.kill('SIGTERM')
      expect((await running.ended).code).toBe(0)
      const events = rig.events('a')
      expect(ofType(events, 'TradingHalted')).toEqual([])
      expect(ofType(events, 'LogStalled')).toEqual([])
      expect(await barFaults(events, BTC.instrument, venue)).toEqual([])
      expect(await rig.home.json('replay', 'a')).toMatchObject({ identical: true })
    },
  }
}

describe('stores beside a paper run', () => {
  it('in the process itself: DuckDB and memory answer while it trades', async () => {
    const run = await begin({ aggregate: 'duckdb' })
    const { seq } = await rig.until('a', 'trading', hasTraded)
    const status = await rig.until(
      'a',
      'caught up',
      (now) => isCaughtUp(now) && storesOf(now)!.projector.position > seq,
    )
    await expectAnswers(storesOf(status)!.api, status)
    await run.end()
  })

  it.skipIf(!hasServer('postgres') || !hasServer('redis'))(
    'on servers that are killed and hang: decisions go on, and all of it is brought up to date',
    async () => {
      const postgres = (await startPostgres())!
      const redis = (await startRedis())!
      servers = [postgres, redis]
      process.env.QUANTBOT_TEST_PG = postgres.url
      process.env.QUANTBOT_TEST_REDIS = redis.url
      const run = await begin({
        aggregate: 'postgres',
        postgres: 'env:QUANTBOT_TEST_PG',
        redis: 'env:QUANTBOT_TEST_REDIS',
      })
      await rig.until('a', 'caught up', isCaughtUp)
      postgres.suspend()
      redis.suspend()
      const hung = await rig.until('a', 'trading', hasTraded)
      await rig.until('a', 'further', ({ ts }) => ts > hung.ts + 150_000)
      postgres.resume()
      redis.resume()
      const back = await rig.until('a', 'caught up', isCaughtUp)
      await postgres.kill()
      await redis.kill()
      const down = await rig.until('a', 'without stores', (now) => {
        const stores = storesOf(now)
        return stores?.cache.isUp === false && stores.projector.error !== undefined && now.seq > back.seq + 200
      })
      expect(down).toMatchObject({ state: 'running', halted: false })
      await postgres.restart()
      await redis.restart()
      const status = await rig.until(
        'a',
        'caught up',
        (now) => isCaughtUp(now) && storesOf(now)!.projector.position > down.seq,
      )
      await wait(machineTime, 300)
      await expectAnswers(storesOf(status)!.api, status)
      // A decision waits for no server: the slowest commit is far from what hung for seconds.
      expect((status.commitLagMs as { max: number }).max).toBeLessThan(2000)
      await run.end()
    },
  )
})
