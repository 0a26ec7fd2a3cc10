/** The adapter against the played venue without sockets: what it asks and reads is what the world is. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import type { Call, Page, SocketPlan, StreamKind, Want } from '#data/connectors/adapter.port'
import { VenueFailed } from '#data/connectors/adapter.port'
import { bybitAdapter } from '#data/connectors/bybit/adapter'
import type { InstrumentFacts, Normal } from '#data/connectors/normal'
import { sharedPath } from '../../shared.js'
import { bybitRig, type Rig } from '../../venues/exchange/bybit-rig.js'
import { byId, smallWorld, WORLD_NOW, WORLD_START } from '../../venues/exchange/bybit-world.js'

const rig = bybitRig()

/** Answers of all pages, and how many there were. */
function all<T>(call: Call<Page<T>> | undefined, on: Rig = rig): { rows: T[]; pages: number } {
  const rows: T[] = []
  let pages = 0
  for (let next = call; next !== undefined; pages++) {
    const page = next.read(on.body(next.path), on.now)
    rows.push(...page.rows)
    next = page.next
  }
  return { rows, pages }
}

const FACTS = new Map(
  ['spot', 'linear', 'inverse', 'option'].flatMap((market) =>
    all(bybitAdapter.instruments(market)).rows.map((facts) => [facts.instrument as string, facts] as const),
  ),
)
const facts = (id: string): InstrumentFacts => FACTS.get(`bybit.${id}`) as InstrumentFacts
const knowledge = { facts: (id: string) => FACTS.get(id), price: () => undefined }

describe('bybit calls', () => {
  it('know every instrument by its market', () => {
    expect([...FACTS.keys()].sort()).toEqual([
      'bybit.inverse.BTCUSD',
      'bybit.inverse.BTCUSDZ26',
      'bybit.linear.BTCUSDT',
      'bybit.linear.BTCUSDT-25DEC26',
      'bybit.linear.ETHUSDT',
      'bybit.option.BTC-25DEC26-100000-C-USDT',
      'bybit.option.BTC-25DEC26-100000-P-USDT',
      'bybit.spot.BTCUSDT',
      'bybit.spot.ETHUSDT',
    ])
    expect(facts('inverse.BTCUSD')).toMatchObject({
      contractOf: 'quote',
      contractSize: '1',
      settle: 'BTC',
      expiresAt: null,
    })
    expect(facts('linear.BTCUSDT-25DEC26')).toMatchObject({
      kind: 'linearFuture',
      expiresAt: Date.UTC(2026, 11, 25, 8),
    })
    expect(facts('linear.ETHUSDT')).toMatchObject({ fundingIntervalMs: 4 * HOUR_MS, listedAt: WORLD_START })
  })

  it('time', () => {
    const call = bybitAdapter.serverTime()
    expect(call.read(rig.body(call.path), 0)).toBe(WORLD_NOW)
  })

  it.each(['spot.BTCUSDT', 'linear.BTCUSDT', 'inverse.BTCUSD'])(
    'bars of %s, page by page, ascending and complete',
    (id) => {
      const [from, to] = [WORLD_NOW - 30_000 - 2500 * MINUTE_MS, WORLD_NOW]
      const { rows, pages } = all(bybitAdapter.bars(facts(id), '1m', from, to))
      expect(pages).toBe(3)
      expect(rows.map((bar) => (bar.openTime - from) / MINUTE_MS)).toEqual(Array.from({ length: 2501 }, (_, i) => i))
      const world = { spot: 'BTC/USDT', linear: 'BTC/USDT:USDT', inverse: 'BTC/USD:BTC' }[id.split('.')[0]!]
      const played = rig.world.bars(byId(world!), MINUTE_MS, from, to, WORLD_NOW)
      for (const [i, bar] of rows.entries()) {
        expect(bar.close).toBe(played[i]!.close)
        expect(bar.volume).toBeCloseTo(played[i]!.volume, 6)
        expect(Math.abs((bar.quoteVolume ?? 0) / played[i]!.quoteVolume - 1)).toBeLessThan(1e-5)
      }
    },
  )

  it('history before the listing is not asked for', () => {
    const { rows, pages } = all(bybitAdapter.bars(facts('linear.BTCUSDT'), '1d', Date.UTC(2018, 0, 1), WORLD_NOW))
    expect([pages, rows[0]?.openTime]).toEqual([1, WORLD_START])
  })

  it('settlements in (from, to], with the interval that they had', () => {
    const { rows, pages } = all(bybitAdapter.settlements(facts('linear.ETHUSDT'), WORLD_START + DAY_MS, WORLD_NOW))
    const played = rig.world.settlements(byId('ETH/USDT:USDT'), WORLD_START + DAY_MS, WORLD_NOW)
    expect(rows.map(({ settledAt, rate }) => [settledAt, rate])).toEqual(
      played.map(({ ts, rate }) => [ts, Number(rate.toFixed(8))]),
    )
    expect(rows.every(({ intervalMs }) => intervalMs === 4 * HOUR_MS)).toBe(true)
    expect(pages).toBe(2)
    const [lone] = all(bybitAdapter.settlements(facts('linear.ETHUSDT'), WORLD_NOW - 4 * HOUR_MS, WORLD_NOW)).rows
    expect(lone).toMatchObject({ intervalMs: 4 * HOUR_MS })
    expect(bybitAdapter.settlements(facts('spot.BTCUSDT'), 0, 1)).toBeUndefined()
    expect(bybitAdapter.settlements(facts('linear.BTCUSDT-25DEC26'), 0, 1)).toBeUndefined()
  })

  it('a page of settlements that is full is asked for again in halves: the interval was shorter once', () => {
    const believed = { ...facts('linear.ETHUSDT'), fundingIntervalMs: 8 * HOUR_MS }
    const { rows } = all(bybitAdapter.settlements(believed, WORLD_START, WORLD_NOW))
    expect(rows).toHaveLength(rig.world.settlements(byId('ETH/USDT:USDT'), WORLD_START, WORLD_NOW).length)
  })

  it('open interest of one side in coins; USD at the mark of their own time', () => {
    const [from, to] = [WORLD_NOW - 20 * DAY_MS, WORLD_NOW]
    for (const [id, world] of [
      ['linear.BTCUSDT', 'BTC/USDT:USDT'],
      ['inverse.BTCUSD', 'BTC/USD:BTC'],
    ] as const) {
      const { rows } = all(bybitAdapter.openInterestHistory(facts(id), '1h', from, to, knowledge))
      expect(rows).toHaveLength(480)
      for (const row of rows) {
        expect(row.ts % HOUR_MS).toBe(0)
        expect(Math.abs(row.openInterest / rig.world.openInterest(byId(world), row.ts) - 1)).toBeLessThan(1e-6)
      }
    }
    expect(bybitAdapter.openInterestHistory(facts('spot.BTCUSDT'), '1h', from, to, knowledge)).toBeUndefined()
  })

  it('a contract of an unknown kind is left out, the others of its page are read', () => {
    const call = bybitAdapter.instruments('linear')
    const body = rig.body(call.path) as { result: { list: Record<string, unknown>[] } }
    body.result.list[0]!.contractType = 'LinearSomethingNew'
    expect(call.read(body, 0).rows.map(({ instrument }) => instrument)).toEqual([
      'bybit.linear.ETHUSDT',
      'bybit.linear.BTCUSDT-25DEC26',
    ])
  })

  it('a retCode is a failure of the venue, not data', () => {
    const call = bybitAdapter.bars({ ...facts('linear.BTCUSDT'), instrument: 'bybit.linear.GONE' }, '1m', 0, 1)
    const thrown = (() => {
      try {
        return call.read(rig.body(call.path), 0)
      } catch (error) {
        return error
      }
    })()
    expect(thrown).toBeInstanceOf(VenueFailed)
    expect(thrown).toMatchObject({ failure: { kind: 'badRequest', code: '10001' } })
  })
})

describe('bybit failures', () => {
  const fixture = sharedPath('venues', 'fixtures', 'bybit', 'http-errors.json')

  it.skipIf(fixture === undefined)('mean what the documents say', () => {
    interface Case {
      name: string
      http: number
      headers?: Record<string, string>
      body?: object
      bodyText?: string
    }
    const { cases } = JSON.parse(readFileSync(fixture ?? '', 'utf8')) as { cases: Case[] }
    const of = (name: string) => {
      const found = cases.find((one) => one.name === name)!
      return bybitAdapter.failure(found.http, found.headers ?? {}, found.bodyText ?? JSON.stringify(found.body))
    }
    expect(of('rate limit')).toMatchObject({ kind: 'rateLimited', waitMs: 1000, code: '10006' })
    expect(of('ip ban')).toMatchObject({ kind: 'banned', waitMs: 10 * MINUTE_MS })
    expect(of('clock')).toMatchObject({ kind: 'clock', code: '10002' })
    expect(of('timeout')).toMatchObject({ kind: 'temporary', code: '10000' })
  })

  it('of statuses', () => {
    const kind = (status: number, body = '') => bybitAdapter.failure(status, {}, body).kind
    expect([kind(429), kind(502), kind(503), kind(404), kind(401)]).toEqual([
      'rateLimited',
      'temporary',
      'maintenance',
      'badRequest',
      'auth',
    ])
    expect(kind(500, '{"retCode":10016,"retMsg":"Server error."}')).toBe('temporary')
    expect(kind(200, '{"retCode":10003,"retMsg":"API key is invalid."}')).toBe('auth')
  })
})

const want = (kind: StreamKind, id: string, more: Partial<Want> = {}): Want => ({ kind, facts: facts(id), ...more })

describe('bybit sockets', () => {
  it('one topic serves mark, funding, open interest and quotes; spot and linear never share a socket', () => {
    const kinds: StreamKind[] = ['mark', 'funding', 'openInterest', 'quotes']
    const plans = bybitAdapter.sockets([
      ...kinds.map((kind) => want(kind, 'linear.BTCUSDT')),
      want('quotes', 'spot.BTCUSDT'),
      want('bars', 'linear.BTCUSDT', { interval: '1m' }),
      want('status', 'linear.BTCUSDT'),
      want('volatilityIndex', 'linear.BTCUSDT'),
      want('funding', 'spot.BTCUSDT'),
    ])
    expect(
      plans.map(({ endpoint, topics }) => [endpoint, topics.map(({ name, wants }) => [name, wants.length])]),
    ).toEqual([
      [
        'linearWs',
        [
          ['tickers.BTCUSDT', 4],
          ['kline.1.BTCUSDT', 1],
        ],
      ],
      ['spotWs', [['orderbook.1.BTCUSDT', 1]]],
      ['statusWs', [['system.status', 1]]],
    ])
    for (const { endpoint } of plans)
      expect(bybitAdapter.endpoints.mainnet[endpoint]).toMatch(/^wss:\/\/stream\.bybit\.com/)
  })

  it('no connection carries more than 21,000 characters of args, no request more than ten topics', () => {
    const base = facts('linear.BTCUSDT')
    const wants = Array.from(
      { length: 2000 },
      (_, i): Want => ({
        kind: 'mark',
        facts: { ...base, instrument: `bybit.linear.COIN${i}USDT` },
      }),
    )
    const plans = bybitAdapter.sockets(wants)
    expect(plans.length).toBeGreaterThan(1)
    expect(plans.flatMap(({ topics }) => topics)).toHaveLength(2000)
    for (const { topics } of plans)
      expect(JSON.stringify(topics.map(({ name }) => name)).length).toBeLessThanOrEqual(21_000)
    let id = 0
    const messages = bybitAdapter.subscribe(plans[0]!.topics, () => ++id).map((text) => JSON.parse(text))
    expect(messages.every(({ args }) => args.length <= 10)).toBe(true)
    expect(new Set(messages.map(({ req_id }) => req_id)).size).toBe(messages.length)
  })

  /** Subscribes a plan on the played venue and decodes what comes. */
  function live(wants: readonly Want[], on: Rig = bybitRig()) {
    const plan = bybitAdapter.sockets(wants)[0] as SocketPlan
    const socket = on.open(`/v5/public/${plan.endpoint.replace('Ws', '')}`)!
    const decoder = bybitAdapter.decoder(plan, knowledge)
    let id = 0
    for (const message of bybitAdapter.subscribe(plan.topics, () => ++id)) socket.session.onMessage(message)
    const decode = () => socket.takeTexts().map((text) => decoder.decode(text, on.now))
    const records = (ms: number): Normal[] => {
      socket.run(ms)
      return decode().flatMap((decoded) => decoded.records)
    }
    return { plan, socket, decoder, decode, records, on }
  }

  it('ticker deltas keep what they do not say', () => {
    const kinds: StreamKind[] = ['mark', 'funding', 'openInterest', 'quotes']
    const { records, on } = live(kinds.map((kind) => want(kind, 'inverse.BTCUSD')))
    const seen = records(20_000)
    const last = <K extends Normal['kind']>(kind: K) =>
      seen.filter((record): record is Extract<Normal, { kind: K }> => record.kind === kind).at(-1)!
    const world = on.world
    const instrument = byId('BTC/USD:BTC')
    expect(last('mark').mark).toBeCloseTo(world.mark(instrument, last('mark').ts), 2)
    expect(last('mark').index).toBeCloseTo(world.index('BTC', last('mark').ts), 2)
    expect(last('funding')).toMatchObject({
      rate: Number(world.fundingRate(instrument, last('funding').ts).toFixed(8)),
      intervalMs: 8 * HOUR_MS,
      nextFundingAt: Date.UTC(2026, 8, 1, 8),
    })
    const interest = last('openInterest')
    expect(Math.abs(interest.openInterest / world.openInterest(instrument, interest.ts) - 1)).toBeLessThan(1e-6)
    const quote = last('quote')
    expect([quote.bid, quote.ask]).toEqual([
      world.quote(instrument, quote.ts!).bid,
      world.quote(instrument, quote.ts!).ask,
    ])
    expect(Math.abs(quote.bidSize / 1.5 - 1)).toBeLessThan(1e-5)
  })

  it('a delta before its snapshot is left out, and so is what nobody wanted', () => {
    const { decoder } = live([want('mark', 'linear.BTCUSDT')])
    const delta = {
      topic: 'tickers.BTCUSDT',
      type: 'delta',
      ts: WORLD_NOW,
      data: { symbol: 'BTCUSDT', markPrice: '5' },
    }
    expect(decoder.decode(JSON.stringify(delta), 0)).toEqual({ topic: null, records: [] })
    const data = {
      symbol: 'BTCUSDT',
      markPrice: '4',
      indexPrice: '3',
      bid1Price: '1',
      ask1Price: '2',
      bid1Size: '1',
      ask1Size: '1',
    }
    expect(decoder.decode(JSON.stringify({ ...delta, type: 'snapshot', data }), 0).records).toHaveLength(1)
    expect(decoder.decode(JSON.stringify(delta), 0).records).toMatchObject([{ kind: 'mark', mark: 5, index: 3 }])
    const quiet = { ...delta, data: { symbol: 'BTCUSDT', bid1Price: '1.5' } }
    expect(decoder.decode(JSON.stringify(quiet), 0).records).toEqual([])
  })

  it('what a delta does not say is told again every five seconds: it is unchanged, not old', () => {
    const { decoder } = live([want('mark', 'linear.BTCUSDT'), want('funding', 'linear.BTCUSDT')])
    const kinds = (type: string, ts: number, data: object) =>
      decoder
        .decode(JSON.stringify({ topic: 'tickers.BTCUSDT', type, ts, data }), 0)
        .records.map((record) => [record.kind, 'ts' in record && record.ts])
    const at = WORLD_NOW
    const whole = { markPrice: '5', fundingRate: '0.0001', nextFundingTime: String(at + HOUR_MS) }
    expect(kinds('snapshot', at, whole)).toEqual([
      ['mark', at],
      ['funding', at],
    ])
    expect(kinds('delta', at + 4999, { markPrice: '6' })).toEqual([['mark', at + 4999]])
    expect(kinds('delta', at + 5000, { bid1Price: '6' })).toEqual([
      ['mark', at + 5000],
      ['funding', at + 5000],
    ])
  })

  it('a topic that the connection has already is not refused', () => {
    const { decode, socket, plan } = live([want('mark', 'linear.BTCUSDT'), want('trades', 'linear.BTCUSDT')])
    decode()
    socket.session.onMessage(JSON.stringify({ op: 'unsubscribe', args: ['publicTrade.BTCUSDT'] }))
    for (const message of bybitAdapter.subscribe(plan.topics, () => 5)) socket.session.onMessage(message)
    const answer = decode().at(-1)
    expect(answer).toMatchObject({ refused: [] })
    expect(JSON.parse(answer!.reply!)).toMatchObject({ op: 'subscribe', args: ['publicTrade.BTCUSDT'] })
  })

  it('an open interest of both sides alone halves the one that was known', () => {
    const { decoder } = live([want('openInterest', 'linear.BTCUSDT')])
    const frame = (type: string, data: object) =>
      decoder.decode(JSON.stringify({ topic: 'tickers.BTCUSDT', type, ts: 1_700_000_000_000, data }), 0).records
    expect(frame('snapshot', { openInterest: '20', singleOpenInterest: '10' })).toMatchObject([{ openInterest: 10 }])
    expect(frame('delta', { openInterest: '30' })).toMatchObject([{ openInterest: 15 }])
  })

  it('the best quote of spot comes from a book of depth one, by snapshot or delta', () => {
    const { records, decoder, on } = live([want('quotes', 'spot.BTCUSDT')])
    const quote = records(5000).at(-1)
    expect(quote).toMatchObject({ kind: 'quote', ...on.world.quote(byId('BTC/USDT'), on.now) })
    const delta = (b: string[][], a: string[][]) =>
      decoder.decode(
        JSON.stringify({ topic: 'orderbook.1.BTCUSDT', type: 'delta', ts: on.now, data: { s: 'BTCUSDT', b, a, u: 9 } }),
        0,
      ).records
    const bid = quote?.kind === 'quote' ? quote.bid! : 0
    expect(
      delta(
        [
          [String(bid), '0'],
          [String(bid - 5), '7'],
        ],
        [],
      ),
    ).toMatchObject([{ bid: bid - 5, bidSize: 7 }])
    expect(delta([[String(bid + 1), '3']], [])).toMatchObject([{ bid: bid + 1, bidSize: 3 }])
  })

  it('closed bars come once; liquidations name the position', () => {
    const { records } = live([
      want('bars', 'linear.BTCUSDT', { interval: '1m' }),
      want('liquidations', 'linear.BTCUSDT'),
    ])
    const seen = records(3 * MINUTE_MS)
    const closed = seen.filter((record) => record.kind === 'bar' && record.isClosed === true)
    expect(closed).toHaveLength(3)
    const played = rig.world.trades(byId('BTC/USDT:USDT'), WORLD_NOW, WORLD_NOW + 3 * MINUTE_MS)
    expect(seen.flatMap((record) => (record.kind === 'liquidation' ? [record.side] : []))).toEqual(
      played.flatMap((trade) => (trade.isLiquidation ? [trade.aggressor === 'sell' ? 'long' : 'short'] : [])),
    )
  })

  it('books chain; a jump is a gap, a snapshot or an id of 1 replaces', () => {
    const { records } = live([want('book', 'linear.BTCUSDT')])
    const books = records(10_000).flatMap((record) => (record.kind === 'book' ? [record] : []))
    const { judge } = bybitAdapter.bookRule('linear')
    let last: number | null = null
    for (const [i, book] of books.entries()) {
      expect(judge(book, last, i === 1)).toBe(i === 0 ? 'replace' : 'apply')
      last = book.lastId
    }
    const update = { ...books.at(-1)!, action: 'update' as const }
    expect(judge(update, null, true)).toBe('gap')
    expect(judge(update, last, false)).toBe('ignore')
    expect(judge({ ...update, lastId: last! + 2 }, last, false)).toBe('gap')
    expect(judge({ ...update, lastId: 1 }, last, false)).toBe('replace')
  })

  it('options: volatilities as decimals; trades of a coin are those that are wanted', () => {
    const id = 'option.BTC-25DEC26-100000-C-USDT'
    const { plan, records } = live([want('options', id), want('trades', id)])
    expect(plan.topics.map(({ name }) => name)).toEqual(['tickers.BTC-25DEC26-100000-C-USDT', 'publicTrade.BTC'])
    const seen = records(5000)
    const option = seen.find((record) => record.kind === 'option')
    expect(option).toMatchObject({ markIv: 0.5, bidIv: 0.49, askIv: 0.51, delta: 0.55, theta: -30 })
    const trades = seen.filter((record) => record.kind === 'trade')
    expect(trades.length).toBeGreaterThan(3)
    expect(trades.every((record) => record.kind === 'trade' && record.instrument === `bybit.${id}`)).toBe(true)
  })

  it('a whole option chain is one REST call', () => {
    const polls = bybitAdapter.polls([want('options', 'linear.BTCUSDT')], knowledge)
    expect(polls.map(({ name }) => name)).toEqual(['optionChain/BTC'])
    const { call } = polls[0]!
    expect(call.read(rig.body(call.path), 0)).toHaveLength(2)
  })

  it('a refused topic is named, and what shared its request is asked for again', () => {
    const gone = { ...facts('linear.ETHUSDT'), instrument: 'bybit.linear.GONEUSDT' }
    const { decode, socket } = live([want('mark', 'linear.BTCUSDT'), { kind: 'mark', facts: gone }])
    const [answer] = decode()
    expect(answer).toMatchObject({ refused: ['tickers.GONEUSDT'], records: [{ kind: 'control', what: 'error' }] })
    socket.session.onMessage(answer!.reply!)
    socket.run(200)
    const later = decode()
    expect(later[0]?.records).toMatchObject([{ what: 'ack' }])
    expect(later.some(({ topic }) => topic === 'tickers.BTCUSDT')).toBe(true)
  })

  it('pings are answered; private topics and rubbish harm nothing', () => {
    const { decode, decoder, socket } = live([want('mark', 'linear.BTCUSDT')])
    decode()
    socket.session.onMessage(bybitAdapter.rules('linearWs').ping!.message())
    expect(decode()).toEqual([{ topic: null, records: [{ kind: 'control', what: 'pong', detail: 'pong' }] }])
    expect(decoder.decode('{"topic":"order","data":[]}', 0).records).toMatchObject([{ what: 'private' }])
    expect(() => decoder.decode('{"topic":', 0)).toThrow(/no JSON/)
    expect(() => decoder.decode('null', 0)).toThrow(/frame/)
    expect(() => decoder.decode('{"topic":"tickers.BTCUSDT","ts":1}', 0)).toThrow(/data/)
  })

  it('a world that delists a symbol falls silent', () => {
    const at = WORLD_NOW + 5000
    const on = bybitRig(smallWorld(new Map([['ETH/USDT:USDT', at]])))
    const { records } = live([want('mark', 'linear.ETHUSDT')], on)
    expect(records(4000).length).toBeGreaterThan(10)
    records(3000)
    expect(records(10_000)).toEqual([])
  })
})
