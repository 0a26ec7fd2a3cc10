/** Our own sockets and histories on the simulated OKX, through cuts, lost, doubled and torn frames: what comes out is what was played. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { BarFeed } from '#data/connectors/bar-feed'
import { BookKeeper } from '#data/connectors/book-keeper'
import type { BarRecord, InstrumentFacts, Normal, SettlementRecord } from '#data/connectors/normal'
import { okxAdapter } from '#data/connectors/okx/adapter'
import { RateBudget } from '#data/connectors/rate-budget'
import { RestClient } from '#data/connectors/rest-client'
import { SettlementFeed } from '#data/connectors/settlement-feed'
import { CONNECT_POOL } from '#data/connectors/stream-events'
import { StreamSocket } from '#data/connectors/stream-socket'
import { okxProtocol } from '#venues/exchange/okx/protocol'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { WorldInstrument } from '#venues/exchange/world.port'

const SPEED = 30
/** Five minutes before a settlement. */
const NOW = Date.UTC(2026, 8, 1, 7, 55, 20)
const RUN_MS = 12 * MINUTE_MS
const time = scaledTime(SPEED, NOW)
const stop = new AbortController()
const knownFacts = new Map<string, InstrumentFacts>()
const knowledge = { facts: (id: string) => knownFacts.get(id), price: () => undefined }

let exchange: Exchange
let rest: RestClient
const sockets: StreamSocket[] = []

beforeAll(async () => {
  const world = generatedWorld({ seed: 3, venue: 'okx', symbols: 4, tradesPerMinute: 60 })
  exchange = await openExchange({ protocol: okxProtocol(), world, time, seed: 5 })
  const budget = new RateBudget({ venue: 'okx', pools: okxAdapter.pools, time, limitShare: 0.7, cancelReserve: 0.2 })
  const endpoints = okxAdapter.endpoints.below(exchange.rest, exchange.ws)
  rest = new RestClient({ adapter: okxAdapter, endpoints, budget, time, seed: 1, timeoutMs: 5 * MINUTE_MS })
  for (const market of ['spot', 'swap', 'futures', 'option'])
    for (const facts of await rest.all(okxAdapter.instruments(market))) knownFacts.set(facts.instrument, facts)
})

afterAll(async () => {
  stop.abort()
  for (const socket of sockets) socket.stop()
  rest.close()
  await exchange.close()
})

const INSTRUMENTS: readonly (readonly [id: string, world: string])[] = [
  ['okx.spot.BTC-USDT', 'BTC/USDT'],
  ['okx.swap.BTC-USDT-SWAP', 'BTC/USDT:USDT'],
  ['okx.swap.BTC-USD-SWAP', 'BTC/USD:BTC'],
  ['okx.swap.SOL-USDT-SWAP', 'SOL/USDT:USDT'],
]
const worldOf = (id: string): WorldInstrument => {
  const name = INSTRUMENTS.find(([instrument]) => instrument === id)![1]
  return exchange.world.instruments(exchange.now()).find((it) => it.id === name)!
}

/** Everything that came while faults were on. */
interface Heard {
  readonly bars: BarRecord[]
  readonly missing: EpochMs[]
  readonly settled: SettlementRecord[]
  readonly others: Normal[]
  readonly books: Map<string, BookKeeper>
  readonly downs: string[]
}

async function listen(): Promise<Heard> {
  const heard: Heard = { bars: [], missing: [], settled: [], others: [], books: new Map(), downs: [] }
  const venueNow = () => exchange.now()
  const all = INSTRUMENTS.map(([id]) => knownFacts.get(id)!)
  const bars = new BarFeed({
    time,
    venueNow,
    overdueMs: 2000,
    fetch: (facts, interval, from, to, signal) => rest.all(okxAdapter.bars(facts, interval, from, to), { signal }),
    onBar: (bar) => heard.bars.push(bar),
    onMissing: (_, times) => heard.missing.push(...times),
  })
  const settlements = new SettlementFeed({
    time,
    venueNow,
    fetch: (facts, from, to, signal) => rest.all(okxAdapter.settlements(facts, from, to)!, { signal }),
    onSettled: (row) => heard.settled.push(row),
  })
  const take = (record: Normal, resubscribe: (id: string) => void): void => {
    if (record.kind === 'bar') bars.live(record)
    else if (record.kind === 'funding') settlements.learn(record)
    else if (record.kind === 'book') {
      const keeper = heard.books.get(record.instrument) ?? new BookKeeper(okxAdapter.bookRule('spot'))
      heard.books.set(record.instrument, keeper)
      if (keeper.take(record) === 'resubscribe') resubscribe(record.instrument)
    } else heard.others.push(record)
  }
  for (const facts of all) {
    bars.add(facts, '1m', NOW - 20 * MINUTE_MS)
    if (facts.kind !== 'spot') settlements.add(facts, NOW)
  }
  const wants = all.flatMap((facts) =>
    (['bars', 'trades', 'book', 'mark', 'funding', 'openInterest', 'quotes', 'liquidations'] as const).map((kind) => ({
      kind,
      facts,
      interval: '1m' as const,
    })),
  )
  const pool = { name: CONNECT_POOL, capacity: 3, windowMs: 2 * SECOND_MS, kind: 'window' as const }
  const connects = new RateBudget({ venue: 'okx', pools: [pool], time, limitShare: 1, cancelReserve: 0 })
  let id = 0
  for (const plan of okxAdapter.sockets(wants)) {
    const socket = new StreamSocket({
      name: plan.endpoint,
      adapter: okxAdapter,
      plan,
      endpoints: okxAdapter.endpoints.below(exchange.rest, exchange.ws),
      knowledge,
      time,
      seed: 9,
      connects,
      nextSocketId: () => ++id,
    })
    const resubscribe = (instrument: string) =>
      socket.resubscribe(plan.topics.filter((it) => it.name === `books:${instrument.split('.')[2]}`))
    socket.events$.subscribe((event) => {
      if (event.kind === 'frame') for (const record of event.records) take(record, resubscribe)
      else if (event.kind === 'down') heard.downs.push(event.reason)
      else if (event.kind === 'refused') throw new Error(`refused ${event.topics}`)
    })
    sockets.push(socket)
    socket.start()
  }
  void bars.run(stop.signal)
  void settlements.run(stop.signal)
  const faults = ['disconnect', 'drop', 'duplicate', 'sequenceGap', 'torn', 'garbage', 'staleBook'] as const
  for (let i = 0; time.now() < NOW + RUN_MS - 2 * MINUTE_MS; i++) {
    await wait(time, 40 * SECOND_MS)
    exchange.inject({ kind: faults[i % faults.length]!, target: 'ws', probability: 0.5 })
  }
  exchange.heal()
  await wait(time, 2 * MINUTE_MS + 20 * SECOND_MS)
  return heard
}

describe('our connector’s parts on the simulated okx', () => {
  let heard: Heard

  beforeAll(async () => {
    heard = await listen()
  }, 120_000)

  it('was cut, and was never refused a request for its pace', () => {
    expect(heard.downs.length).toBeGreaterThan(0)
    expect(exchange.stats()).toMatchObject({ bans: 0, errors: [], limitHits: 0 })
  })

  it.each(INSTRUMENTS)('gives each closed bar of %s once, in order, as it was played', (id) => {
    const own = heard.bars.filter(({ instrument }) => instrument === id)
    const from = Math.ceil((NOW - 20 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS
    const to = Math.floor((NOW + RUN_MS) / MINUTE_MS) * MINUTE_MS
    const played = exchange.world.bars(worldOf(id), MINUTE_MS, from, to, exchange.now())
    expect(heard.missing).toEqual([])
    expect(own.slice(0, played.length).map(({ openTime }) => openTime)).toEqual(played.map(({ openTime }) => openTime))
    for (const [i, bar] of played.entries()) {
      expect(own[i]).toMatchObject({ open: bar.open, high: bar.high, low: bar.low, close: bar.close })
      expect(own[i]!.volume).toBeCloseTo(bar.volume, 6)
    }
  })

  it('settles funding once, with what was paid', () => {
    const at = Date.UTC(2026, 8, 1, 8)
    for (const [id] of INSTRUMENTS.slice(1)) {
      const own = heard.settled.filter(({ instrument }) => instrument === id)
      const played = exchange.world.settlements(worldOf(id), at - 1, at)
      expect(own.map(({ settledAt }) => settledAt)).toEqual([at])
      expect(own[0]!.rate).toBeCloseTo(played[0]!.rate, 12)
      expect(own[0]!.intervalMs).toBe(exchange.world.fundingIntervalMs(worldOf(id), at - HOUR_MS))
    }
  })

  it('keeps every book whole through gaps', () => {
    for (const [id] of INSTRUMENTS) {
      const keeper = heard.books.get(id)!
      expect(keeper.isSynced).toBe(true)
      expect(keeper.stats.applied).toBeGreaterThan(100)
      const played = exchange.world.book(worldOf(id), keeper.lastId! * 100, 50)
      for (const [side, levels] of [
        [keeper.bids, played.bids],
        [keeper.asks, played.asks],
      ] as const) {
        const top = side.top(levels.length)
        expect(top.map(([price]) => price)).toEqual(levels.map(([price]) => price))
        for (const [i, [, size]] of top.entries()) expect(size).toBeCloseTo(levels[i]![1], 8)
      }
    }
    expect([...heard.books.values()].reduce((sum, { stats }) => sum + stats.gaps, 0)).toBeGreaterThan(0)
  })

  it('says of trades, marks, quotes and open interest what the world said', () => {
    const kinds = new Set<string>()
    for (const record of heard.others) {
      if (record.kind === 'trade') {
        const of = exchange.world.trades(worldOf(record.instrument), record.ts - 1, record.ts)
        expect(of.map((it) => [String(it.id), it.price])).toContainEqual([record.id, record.price])
      } else if (record.kind === 'mark')
        expect(record.mark).toBeCloseTo(exchange.world.mark(worldOf(record.instrument), record.ts), 6)
      else if (record.kind === 'openInterest')
        expect(record.openInterest).toBeCloseTo(exchange.world.openInterest(worldOf(record.instrument), record.ts), 6)
      else if (record.kind === 'quote' && record.ts !== null)
        expect(record.bid).toBe(exchange.world.quote(worldOf(record.instrument), record.ts).bid)
      kinds.add(record.kind)
    }
    expect([...kinds]).toEqual(expect.arrayContaining(['trade', 'mark', 'openInterest', 'quote', 'control']))
  })
})
