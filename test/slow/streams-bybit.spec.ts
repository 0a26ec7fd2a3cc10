/** The connector's REST client and sockets with Bybit's adapter against the simulated venue: limits kept, outages survived. */
import { afterAll, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import type { TimePort } from '#core/ports'
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import type { PoolSpec, StreamKind, Want } from '#data/connectors/adapter.port'
import { BookFeed } from '#data/connectors/book-feed'
import { bybitAdapter } from '#data/connectors/bybit/adapter'
import { type Endpoints, resolveEndpoints } from '#data/connectors/endpoints'
import type { BarRecord, InstrumentFacts } from '#data/connectors/normal'
import { RateBudget } from '#data/connectors/rate-budget'
import { RestClient } from '#data/connectors/rest-client'
import { CONNECT_POOL, type StreamEvent } from '#data/connectors/stream-events'
import { StreamSocket } from '#data/connectors/stream-socket'
import { bybitProtocol } from '#venues/exchange/bybit/protocol'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import { WORLD_NOW } from '../venues/exchange/bybit-world.js'

/** Exchange and connector on one clock of their own. */
async function open(speed: number): Promise<Rig> {
  const time = scaledTime(speed, WORLD_NOW)
  const world = generatedWorld({ seed: 7, venue: 'bybit', symbols: 5 })
  const exchange = await openExchange({ protocol: bybitProtocol(), world, time, seed: 7 })
  const { rest, ws } = exchange
  const endpoints = resolveEndpoints(bybitAdapter, { network: 'mainnet', rest, ws, endpoints: {} })
  const budgetOf = (pools: readonly PoolSpec[]): RateBudget =>
    new RateBudget({ venue: 'bybit', pools, time, limitShare: 0.7, cancelReserve: 0.2 })
  const budget = budgetOf(bybitAdapter.pools)
  // The machine may be busy: no answer is late before ten of its seconds.
  const timeoutMs = 10 * SECOND_MS * speed
  const client = new RestClient({ adapter: bybitAdapter, endpoints, budget, time, seed: 7, timeoutMs })
  const facts = await client.all(bybitAdapter.instruments('linear'))
  const connects = budgetOf([{ name: CONNECT_POOL, capacity: 500, windowMs: 5 * MINUTE_MS, kind: 'window' }])
  return { time, exchange, endpoints, client, connects, linear: facts.filter(({ kind }) => kind === 'linearPerpetual') }
}

interface Rig {
  readonly time: TimePort
  readonly exchange: Exchange
  readonly endpoints: Endpoints
  readonly client: RestClient
  readonly connects: RateBudget
  readonly linear: readonly InstrumentFacts[]
}

const rigs: Rig[] = []
const opened = async (speed: number): Promise<Rig> => {
  const rig = await open(speed)
  rigs.push(rig)
  return rig
}

afterAll(async () => {
  for (const { client, exchange } of rigs) {
    client.close()
    await exchange.close()
  }
})

it('a flood of questions never exceeds the limit of the address', async () => {
  const { client, exchange, time } = await opened(4)
  const from = time.now()
  await Promise.all(Array.from({ length: 1500 }, () => client.send(bybitAdapter.serverTime())))
  // 420 in five seconds, less what is kept for cancels: 1500 take at least four windows.
  expect(time.now() - from).toBeGreaterThan(15 * SECOND_MS)
  expect(exchange.stats()).toMatchObject({ limitHits: 0, bans: 0, errors: [] })
})

it('weeks of bars, settlements and open interest are those of the world', async () => {
  const { client, exchange, linear } = await opened(40)
  const to = WORLD_NOW - (WORLD_NOW % HOUR_MS)
  const from = to - 14 * 24 * HOUR_MS
  for (const facts of linear.slice(0, 3)) {
    const instrument = exchange.world
      .instruments(WORLD_NOW)
      .find(({ kind, base }) => kind === 'linearPerpetual' && base === facts.base)!
    const bars = await client.all(bybitAdapter.bars(facts, '1m', from, to))
    const played = exchange.world.bars(instrument, MINUTE_MS, from, to, to)
    expect(bars.map(({ openTime, close }) => [openTime, close])).toEqual(
      played.map(({ openTime, close }) => [openTime, close]),
    )
    const settled = await client.all(bybitAdapter.settlements(facts, from, to)!)
    const rates = exchange.world.settlements(instrument, from, to)
    expect(settled.map(({ settledAt, rate }) => [settledAt, rate])).toEqual(
      rates.map(({ ts, rate }) => [ts, Number(rate.toFixed(8))]),
    )
    const knowledge = { facts: () => facts, price: () => undefined }
    const interest = await client.all(bybitAdapter.openInterestHistory(facts, '1h', from, to, knowledge)!)
    expect(interest).toHaveLength(14 * 24)
    for (const { ts, openInterest } of interest)
      expect(Math.abs(openInterest / exchange.world.openInterest(instrument, ts) - 1)).toBeLessThan(1e-3)
  }
})

it('sockets come back from cuts and silence; books are whole again after lost frames', async () => {
  const { time, exchange, endpoints, connects, linear } = await opened(20)
  const kinds: StreamKind[] = ['mark', 'funding', 'openInterest', 'quotes', 'book', 'liquidations']
  const facts = linear[0]!
  const wants: Want[] = [...kinds.map((kind): Want => ({ kind, facts })), { kind: 'bars', facts, interval: '1m' }]
  let sockets = 0
  const socket = new StreamSocket({
    name: 'linear',
    adapter: bybitAdapter,
    plan: bybitAdapter.sockets(wants)[0]!,
    endpoints,
    knowledge: { facts: () => facts, price: () => undefined },
    time,
    seed: 7,
    connects,
    nextSocketId: () => ++sockets,
  })
  const events: StreamEvent[] = []
  const closed = new Map<EpochMs, BarRecord>()
  const seen: Record<string, number> = {}
  const topics = bybitAdapter.sockets(wants)[0]!.topics
  const books = new BookFeed({
    time,
    rule: () => bybitAdapter.bookRule('linear'),
    snapshot: () => Promise.reject(new Error('books of Bybit need none')),
    resubscribe: () => socket.resubscribe(topics.filter(({ name }) => name.startsWith('orderbook'))),
  })
  const stop = new AbortController()
  books.start(stop.signal)
  const done = new Promise<void>((resolve) => time.after(8 * MINUTE_MS, resolve))
  socket.events$.subscribe((event) => {
    if (event.kind !== 'frame') {
      events.push(event)
      if (event.kind === 'down') books.drop(event.socketId)
      return
    }
    for (const record of event.records) {
      seen[record.kind] = (seen[record.kind] ?? 0) + 1
      if (record.kind === 'bar' && record.isClosed === true) closed.set(record.openTime, record)
      if (record.kind === 'book') books.take(facts, record, event.socketId)
    }
  })
  socket.start()
  exchange.inject({ kind: 'disconnect', afterMs: MINUTE_MS })
  exchange.inject({ kind: 'halfOpen', afterMs: 2 * MINUTE_MS, forMs: 40 * SECOND_MS })
  exchange.inject({ kind: 'sequenceGap', afterMs: 4 * MINUTE_MS, forMs: 20 * SECOND_MS })
  exchange.inject({ kind: 'duplicate', afterMs: 5 * MINUTE_MS })
  await done
  socket.stop()
  stop.abort()
  const told = new Set(events.map(({ kind }) => kind))
  // The cut is an outage; topics that fall silent on a live socket are told, and told again when they speak.
  for (const kind of ['up', 'down', 'stale', 'fresh'] as const) expect([kind, told.has(kind)]).toEqual([kind, true])
  expect(events.filter(({ kind }) => kind === 'up').length).toBeGreaterThanOrEqual(2)
  expect(events.filter(({ kind }) => kind === 'refused')).toEqual([])
  for (const kind of ['mark', 'funding', 'openInterest', 'quote', 'book'])
    expect([kind, (seen[kind] ?? 0) > 20]).toEqual([kind, true])
  expect(books.gaps).toBeGreaterThan(0)
  expect(books.book(facts.instrument)?.isSynced).toBe(true)
  const instrument = exchange.world
    .instruments(WORLD_NOW)
    .find(({ kind, base }) => kind === 'linearPerpetual' && base === facts.base)!
  expect(closed.size).toBeGreaterThan(3)
  for (const [openTime, bar] of closed) {
    const [played] = exchange.world.bars(instrument, MINUTE_MS, openTime, openTime + 1, exchange.now())
    expect([bar.open, bar.high, bar.low, bar.close]).toEqual([played!.open, played!.high, played!.low, played!.close])
  }
  expect(exchange.stats().errors).toEqual([])
})
