/** The connector's REST client and session with Deribit's adapter against the simulated venue: credits kept, outages survived. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import type { TimePort } from '#core/ports'
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { deribitAdapter as adapter } from '#data/connectors/deribit/adapter'
import { resolveEndpoints } from '#data/connectors/endpoints'
import type { Normal } from '#data/connectors/normal'
import { RateBudget } from '#data/connectors/rate-budget'
import { RestClient } from '#data/connectors/rest-client'
import type { MarketInput } from '#data/connectors/to-inputs'
import { VenueSession } from '#data/connectors/venue-session'
import { deribitProtocol } from '#venues/exchange/deribit/protocol'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { WorldInstrument } from '#venues/exchange/world.port'
import { WORLD_NOW } from '../venues/exchange/bybit-world.js'

const SEED = 7
const PERPETUAL = 'deribit.perpetual.BTC-PERPETUAL'
const exchanges: Exchange[] = []
const home = mkdtempSync(join(tmpdir(), 'quantbot-deribit-'))

async function opened(speed: number): Promise<{ readonly time: TimePort; readonly exchange: Exchange }> {
  const time = scaledTime(speed, WORLD_NOW)
  const world = generatedWorld({ seed: SEED, venue: 'deribit', symbols: 3 })
  const exchange = await openExchange({ protocol: deribitProtocol(), world, time, seed: SEED, tickMs: 500 })
  exchanges.push(exchange)
  return { time, exchange }
}

function clientOf({ rest, ws }: Exchange, time: TimePort, speed: number): RestClient {
  const endpoints = resolveEndpoints(adapter, { network: 'mainnet', rest, ws, endpoints: {} })
  const budget = new RateBudget({ venue: 'deribit', pools: adapter.pools, time, limitShare: 0.7, cancelReserve: 0.2 })
  return new RestClient({ adapter, endpoints, budget, time, seed: SEED, timeoutMs: 10 * SECOND_MS * speed })
}

const perpetualOf = ({ world }: Exchange): WorldInstrument =>
  world.instruments(WORLD_NOW).find(({ id }) => id === 'BTC/USD:BTC')!

afterAll(async () => {
  for (const exchange of exchanges) await exchange.close()
  rmSync(home, { recursive: true })
})

it('a flood of questions never uses up the credits', async () => {
  const { time, exchange } = await opened(10)
  const client = clientOf(exchange, time, 10)
  const from = time.now()
  await Promise.all(Array.from({ length: 400 }, () => client.send(adapter.serverTime())))
  expect(time.now() - from).toBeGreaterThan(10 * SECOND_MS)
  expect(exchange.stats()).toMatchObject({ limitHits: 0, errors: [] })
  client.close()
})

it('weeks of bars, hourly funding and DVOL are those of the world', async () => {
  const { time, exchange } = await opened(40)
  const client = clientOf(exchange, time, 40)
  const facts = (await client.all(adapter.instruments('perpetual'))).find(({ base }) => base === 'BTC')!
  const to = WORLD_NOW - (WORLD_NOW % HOUR_MS)
  const from = to - 35 * 24 * HOUR_MS
  const { world } = exchange
  const bars = await client.all(adapter.bars(facts, '1h', from, to))
  expect(bars.map(({ openTime, close, volume }) => [openTime, close, volume])).toEqual(
    world
      .bars(perpetualOf(exchange), HOUR_MS, from, to, to)
      .map(({ openTime, close, volume }) => [openTime, close, volume]),
  )
  const settled = await client.all(adapter.settlements(facts, from, to)!)
  expect(settled).toHaveLength(35 * 24)
  for (const { settledAt, rate } of settled) {
    const at = settledAt - 1
    const perHour =
      (world.fundingRate(perpetualOf(exchange), at) * HOUR_MS) / world.fundingIntervalMs(perpetualOf(exchange), at)
    expect(rate).toBeCloseTo(perHour, 11)
  }
  const dvol = await client.all(adapter.volatilityHistory('ETH', '1h', from, to)!)
  expect(dvol).toHaveLength(35 * 24)
  for (const { ts, value } of dvol) expect(value).toBeCloseTo(world.volatility('ETH', ts), 9)
  expect(exchange.stats()).toMatchObject({ limitHits: 0, errors: [] })
  client.close()
})

it('a session through cuts, silence and lost frames: no bar missing or doubled, chains and DVOL arrive', async () => {
  const speed = 20
  const { time, exchange } = await opened(speed)
  const inputs: MarketInput[] = []
  const records: Record<string, number> = {}
  const session = new VenueSession(
    {
      adapter,
      config: {
        network: 'mainnet',
        rest: exchange.rest,
        ws: exchange.ws,
        endpoints: {},
        limitShare: 0.7,
        cancelReserve: 0.2,
        sockets: 1,
      },
      watch: [
        {
          instrument: PERPETUAL,
          kinds: ['bars', 'mark', 'funding', 'openInterest', 'quotes', 'book', 'trades', 'liquidations', 'status'],
          isListed: true,
        },
      ],
      interval: '1m',
      lastBars: new Map([[PERPETUAL, WORLD_NOW - (WORLD_NOW % MINUTE_MS) - 10 * MINUTE_MS]]),
      chains: { currencies: ['BTC'], everyMs: MINUTE_MS },
      fees: { makerFeeBps: 0, takerFeeBps: 5 },
      time,
      seed: SEED,
      home,
      isTraded: () => true,
      tap: ({ kind }: Normal) => {
        records[kind] = (records[kind] ?? 0) + 1
      },
      timeoutMs: 10 * SECOND_MS * speed,
    },
    { onInput: (input) => void inputs.push(input), onDegraded: () => {}, onRecovered: () => {} },
  )
  const stop = new AbortController()
  await session.open(stop.signal)
  const running = session.run(stop.signal)
  exchange.inject({ kind: 'disconnect', afterMs: 90 * SECOND_MS })
  exchange.inject({ kind: 'halfOpen', afterMs: 3 * MINUTE_MS, forMs: 50 * SECOND_MS })
  exchange.inject({ kind: 'sequenceGap', afterMs: 5 * MINUTE_MS, forMs: 2 * SECOND_MS })
  exchange.inject({ kind: 'garbage', afterMs: 6 * MINUTE_MS, forMs: SECOND_MS })
  await wait(time, 9 * MINUTE_MS)
  stop.abort()
  await running
  await session.close()
  const stats = session.stats()
  const of = (type: MarketInput['type']) => inputs.filter((input) => input.type === type).map(({ data }) => data)

  const bars = of('BarClosed') as { readonly openTime: EpochMs; readonly close: number; readonly volume: number }[]
  const first = WORLD_NOW - (WORLD_NOW % MINUTE_MS) - 9 * MINUTE_MS
  expect(bars.length).toBeGreaterThan(16)
  expect(bars.map(({ openTime }) => openTime)).toEqual(bars.map((_, i) => first + i * MINUTE_MS))
  const played = exchange.world.bars(
    perpetualOf(exchange),
    MINUTE_MS,
    first,
    first + bars.length * MINUTE_MS,
    exchange.now(),
  )
  expect(bars.map(({ close, volume }) => [close, volume])).toEqual(played.map(({ close, volume }) => [close, volume]))

  for (const type of [
    'MarkChanged',
    'FundingRateChanged',
    'OpenInterestChanged',
    'QuoteChanged',
    'VolatilityIndexChanged',
  ] as const)
    expect([type, of(type).length > 0]).toEqual([type, true])
  const chains = of('OptionChainObserved') as { readonly quotes?: readonly unknown[] }[]
  expect(chains.length).toBeGreaterThan(2)
  expect(records.option).toBeGreaterThan(100)
  expect(stats.bars.missing).toBe(0)
  expect(exchange.stats()).toMatchObject({ limitHits: 0, bans: 0, errors: [] })
}, 60_000)
