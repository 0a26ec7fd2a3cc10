/**
 * The venues' own public hosts through our adapters: instruments, time, a page of bars, one minute of streams. For machines with
 * internet: `npm run test:live`; QUANTBOT_LIVE_CONFIG names a configuration with other hosts (a testnet, a simulator). Sends no order and needs no key; a venue that does not answer is skipped, and said so.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { machineTime } from '#actors/scaled-time'
import { readConfig } from '#cli/config-file'
import { configSchema } from '#core/config/schema'
import { isQuantbotError } from '#core/errors'
import { HOUR_MS, MINUTE_MS } from '#core/time'
import { wait } from '#core/wait'
import { ADAPTERS } from '#data/connectors/adapters'
import { resolveEndpoints } from '#data/connectors/endpoints'
import type { InstrumentFacts, Venue } from '#data/connectors/normal'
import { RateBudget } from '#data/connectors/rate-budget'
import { RestClient } from '#data/connectors/rest-client'
import { VenueSession } from '#data/connectors/venue-session'

const { QUANTBOT_LIVE_CONFIG: configFile } = process.env
const config = configFile === undefined ? configSchema.parse({}) : readConfig(configFile)

/** A busy perpetual of each venue. */
const BUSY = [
  ['binance', 'usdm', 'binance.usdm.BTCUSDT'],
  ['bybit', 'linear', 'bybit.linear.BTCUSDT'],
  ['okx', 'swap', 'okx.swap.BTC-USDT-SWAP'],
  ['deribit', 'perpetual', 'deribit.perpetual.BTC-PERPETUAL'],
] as const satisfies readonly (readonly [Venue, string, string])[]

describe.skipIf(process.env.QUANTBOT_LIVE !== '1').each(BUSY)('%s', (venue, market, instrument) => {
  const adapter = ADAPTERS[venue]!
  const venueConfig = config.venues[venue]
  const { limitShare, cancelReserve } = venueConfig
  const time = machineTime
  const budget = new RateBudget({ venue, pools: adapter.pools, time, limitShare, cancelReserve })
  const client = new RestClient({ adapter, endpoints: resolveEndpoints(adapter, venueConfig), budget, time, seed: 1 })
  const home = mkdtempSync(join(tmpdir(), 'quantbot-live-'))
  let away = ''

  beforeAll(async () => {
    try {
      await client.send(adapter.serverTime(), { tries: 1 })
    } catch (error) {
      if (!isQuantbotError(error) || !error.retryable) throw error
      away = `${error.code}: ${error.message}`
      process.stderr.write(`SKIPPED ${venue}: nothing was tested there: ${away}\n`)
    }
  })

  afterAll(() => {
    client.close()
    rmSync(home, { recursive: true, force: true })
  })

  const factsOf = async (): Promise<InstrumentFacts> => {
    const all = await client.all(adapter.instruments(market))
    const facts = all.find((row) => row.instrument === instrument)
    expect(facts, `${instrument} among ${all.length}`).toBeDefined()
    return facts!
  }

  it('tells a time near ours', async ({ skip }) => {
    skip(away !== '', away)
    const before = time.now()
    const there = await client.send(adapter.serverTime())
    expect(there).toBeGreaterThan(before - 5000)
    expect(there).toBeLessThan(time.now() + 5000)
  })

  it('lists the instrument on sound terms', async ({ skip }) => {
    skip(away !== '', away)
    const facts = await factsOf()
    expect(Number(facts.tick)).toBeGreaterThan(0)
    expect(Number(facts.lot)).toBeGreaterThan(0)
    expect(facts.base).toBe('BTC')
  })

  it('gives bars without holes', async ({ skip }) => {
    skip(away !== '', away)
    const to = Math.floor(time.now() / HOUR_MS) * HOUR_MS
    const from = to - 24 * HOUR_MS
    const bars = await client.all(adapter.bars(await factsOf(), '1h', from, to))
    expect(bars.map(({ openTime }) => openTime)).toEqual(Array.from({ length: 24 }, (_, i) => from + i * HOUR_MS))
    for (const { low, high, open, close } of bars) {
      expect(low).toBeLessThanOrEqual(Math.min(open, close))
      expect(high).toBeGreaterThanOrEqual(Math.max(open, close))
    }
  })

  it('streams for a minute: quotes, marks, and the bar that closes', { timeout: 3 * MINUTE_MS }, async ({ skip }) => {
    skip(away !== '', away)
    const kinds = new Map<string, number>()
    const closedBars: unknown[] = []
    const session = new VenueSession(
      {
        adapter,
        config: venueConfig,
        watch: [{ instrument, kinds: ['bars', 'quotes', 'mark', 'funding'], isListed: true }],
        interval: '1m',
        lastBars: new Map(),
        fees: { makerFeeBps: 2, takerFeeBps: 5 },
        time,
        seed: 1,
        home,
        isTraded: () => true,
        tap: ({ kind }) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1),
      },
      {
        onInput: ({ type, data }) => {
          if (type === 'BarClosed') closedBars.push(data)
        },
        onDegraded: () => undefined,
        onRecovered: () => undefined,
      },
    )
    const stop = new AbortController()
    await session.open(stop.signal)
    const running = session.run(stop.signal)
    await Promise.race([running, wait(time, 75_000)])
    stop.abort()
    await running.catch((error: unknown) => {
      if (!stop.signal.aborted) throw error
    })
    const { quarantine } = session.stats()
    await session.close()
    expect(kinds.get('quote') ?? 0).toBeGreaterThan(0)
    expect(kinds.get('mark') ?? 0).toBeGreaterThan(0)
    expect(closedBars.length).toBeGreaterThanOrEqual(1)
    expect(quarantine.refused).toBe(0)
  })
})
