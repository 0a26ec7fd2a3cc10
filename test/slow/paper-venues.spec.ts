/** One paper run on all four venues, as processes: instants over all of them, funding compared, and what a configuration may not say. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BTC, barsOf, type LogEvent, ofType, type PaperRig, paperRig, type Traded } from '../paper-rig.js'

let rig: PaperRig
beforeEach(() => {
  rig = paperRig()
})
afterEach(() => rig.end())

const SPEED = 30
const CLOCK = ['--clock', 'venue', '--speed', String(SPEED)] as const
const BYBIT: Traded = { instrument: 'bybit.linear.BTCUSDT', base: 'BTC', tick: '0.1', lot: '0.001' }
const OKX: Traded = { instrument: 'okx.swap.BTC-USDT-SWAP', base: 'BTC', tick: '0.1', lot: '0.001' }
const DERIBIT = 'deribit.perpetual.BTC-PERPETUAL'

type Hosts = Record<string, { readonly rest: string; readonly ws: string }>

async function allVenues(): Promise<Hosts> {
  const pace = ['--speed', String(SPEED), '--start', await rig.eve(SPEED), '--seed', '5', '--symbols', '2']
  const lines = await rig.home.start('sim-exchange', '--venue', 'all', ...pace, '--json').firstLines(4)
  return Object.fromEntries(lines.map(({ venue, rest, ws }) => [venue, { rest: String(rest), ws: String(ws) }]))
}

describe('a paper run on four venues', () => {
  it('closes one instant for all of them, compares their funding, and trades each at its own quotes', async () => {
    const config = rig.config('c', {}, [BTC, BYBIT, OKX], {
      venues: await allVenues(),
      marketData: { watch: [DERIBIT, 'binance.coinm.BTCUSD_PERP'], maxClockOffsetMs: 120_000, staleMs: 60_000 },
    })
    const running = await rig.run('a', config, ...CLOCK)
    const held = ({ positions }: { positions?: readonly { quantity: string }[] }) =>
      (positions ?? []).filter(({ quantity }) => quantity !== '0').length
    await rig.until('a', 'up', ({ feeds }) => feeds?.length === 4 && feeds.every(({ isUp }) => isUp))
    const status = await rig.until('a', 'holding all', (now) => held(now) === 3)
    await rig.until('a', 'further', ({ ts }) => ts > status.ts + 150_000)
    const wholeOf = (events: readonly LogEvent[]): LogEvent[] =>
      ofType(events, 'InstantClosed')
        .slice(1)
        .filter(({ data }) => (data.missing as string[]).length === 0)
    const venuesOf = (events: readonly LogEvent[]): number =>
      Math.max(...ofType(events, 'FundingSpreadChanged').map(({ data }) => Number(data.venues)))
    // A busy machine hears of some bars when their instant is over.
    await vi.waitFor(
      () => {
        const events = rig.events('a')
        expect([wholeOf(events).length > 1, venuesOf(events)]).toEqual([true, 5])
      },
      { timeout: 120_000, interval: 500 },
    )
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    const events = rig.events('a')
    const whole = wholeOf(events)
    expect(whole.length).toBeGreaterThan(1)
    for (const { seq, data } of whole)
      for (const { instrument } of [BTC, BYBIT, OKX])
        expect(
          barsOf(
            events.filter((event) => event.seq < seq),
            instrument,
          ).at(-1)?.openTime,
        ).toBe(Number(data.instant) - 60_000)
    expect(venuesOf(events)).toBe(5)
    expect(new Set(ofType(events, 'OrderFilled').map(({ data }) => data.instrument)).size).toBe(3)
    expect(barsOf(events, DERIBIT)).toEqual([])
    expect(await rig.home.json('replay', 'a')).toMatchObject({ identical: true })
  })
})

describe('a configuration of a paper run', () => {
  it.each([
    ['an inverse contract', 'binance.coinm.BTCUSD_PERP', /universe\.0\.instrument.*marketData\.watch/],
    ['an inverse contract of a market that has linear ones', DERIBIT, /universe\.0\.instrument.*inverse/],
    [
      'an instrument that is not there',
      'binance.usdm.BTCUSTD',
      /universe\.0\.instrument.*nearest is binance\.usdm\.BTCUSDT/,
    ],
    ['a market that is not there', 'binance.margin.BTCUSDT', /universe\.0\.instrument.*no market margin/],
    ['a venue that is not there', 'mtgox.spot.BTCUSD', /universe\.0\.instrument.*none of/],
  ])('is refused for %s', async (_, instrument, message) => {
    const config = rig.config('c', {}, [{ ...BTC, instrument }], { venues: await allVenues() })
    const { code, stderr } = await rig.home.quantbot(
      'run',
      '--mode',
      'paper',
      '--run',
      'a',
      '--config',
      config,
      ...CLOCK,
    )
    expect(stderr).toContain('CONFIG_INVALID')
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
    expect(readdirSync(rig.home.path)).not.toContain('runs')
  })

  it('keeps secrets out of everything that is written or said', async () => {
    const password = 'hunter2-of-the-tests'
    process.env.QUANTBOT_TEST_REDIS = `redis://user:${password}@127.0.0.1:1`
    process.env.QUANTBOT_TEST_PG = `postgres://user:${password}@127.0.0.1:1/none`
    process.env.QUANTBOT_TEST_KEY = password
    try {
      const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
      process.env.QUANTBOT_TEST_REST = venue.rest.replace('127.0.0.1', `user:${password}@127.0.0.1`)
      const config = rig.config('c', {}, [BTC], {
        venues: { binance: { rest: 'env:QUANTBOT_TEST_REST', ws: venue.ws } },
        stores: { aggregate: 'postgres', postgres: 'env:QUANTBOT_TEST_PG', redis: 'env:QUANTBOT_TEST_REDIS' },
        marketData: { onChain: { glassnode: { rest: 'http://127.0.0.1:1', apiKey: 'env:QUANTBOT_TEST_KEY' } } },
      })
      const running = await rig.run('a', config, ...CLOCK)
      const status = await rig.until('a', 'troubled', ({ seq, stores }) => {
        const told = stores as { cache: { lastError: string }; projector: { error?: object } } | null | undefined
        return seq > 100 && told?.cache.lastError !== '' && told?.projector.error !== undefined
      })
      expect(JSON.stringify(status)).not.toContain(password)
      const shown = await rig.home.quantbot('status', 'a')
      expect(shown.stdout).toContain('DOWN')
      running.kill('SIGTERM')
      const ended = await running.ended
      expect(ended.code).toBe(0)
      for (const text of [shown.stdout, ended.stdout, ended.stderr, ...filesBelow(rig.home.path)])
        expect(text.includes(password)).toBe(false)
    } finally {
      for (const name of ['REDIS', 'PG', 'KEY', 'REST']) delete process.env[`QUANTBOT_TEST_${name}`]
    }
  })
})

/** Contents of all files, unpacked. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    const stat = statSync(path)
    if (stat.isDirectory()) return filesBelow(path)
    if (!stat.isFile()) return []
    const bytes = readFileSync(path)
    return [(name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')]
  })
}
