/** The simulated Binance without a socket: limits and bans, windows and pages, errors, streams, books that chain, pings and age. */
import { createHmac } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { binanceAdapter } from '#data/connectors/binance/adapter'
import { TEST_ACCOUNT } from '#venues/exchange/binance/account'
import { binanceProtocol } from '#venues/exchange/binance/protocol'
import { createLimiter } from '#venues/exchange/limiter'
import type { SimContext, SimProtocol, SimReply, SimSession } from '#venues/exchange/protocol.port'
import { generatedWorld } from '#venues/exchange/world/generated'

const START = 1_735_900_000_000
const world = generatedWorld({ seed: 3, venue: 'binance', symbols: 4 })

let now: EpochMs
let protocol: SimProtocol
let context: SimContext

beforeEach(() => {
  now = START
  protocol = binanceProtocol()
  context = { world, now: () => now, limiter: createLimiter(() => now), isInMaintenance: false }
})

function get(pathAndQuery: string, headers: Record<string, string> = {}): SimReply {
  const [path = '', rawQuery = ''] = pathAndQuery.split('?')
  const query = new URLSearchParams(rawQuery)
  return protocol.handle({ method: 'GET', path, query, rawQuery, headers, body: '', ip: '127.0.0.1' }, context)
}

/** A row of an answer or a frame: fields are looked at by name. */
type Row = Record<string, unknown>
// As a client reads it: JSON, whose shape the tests assert.
const body = (pathAndQuery: string): Row[] => JSON.parse(JSON.stringify(get(pathAndQuery).body)) as Row[]

function open(path: string, rawQuery = '') {
  const frames: Row[] = []
  const closed: string[] = []
  let pings = 0
  const session = protocol.connect(
    {
      id: 1,
      ip: '127.0.0.1',
      path,
      rawQuery,
      send: (text) => frames.push(JSON.parse(text) as Row), // as a client reads it
      ping: () => {
        pings++
      },
      close: (_, reason) => closed.push(reason),
    },
    context,
  )
  const run = (ms: number, tickMs = 100): void => {
    for (let passed = 0; passed < ms && closed.length === 0; passed += tickMs) {
      const from = now
      now += tickMs
      session?.advance(from, now)
    }
  }
  return { session: session as SimSession, isOpen: session !== undefined, frames, closed, run, pings: () => pings }
}

const say = (session: SimSession, method: string, params: unknown, id = 1): void =>
  session.onMessage(JSON.stringify({ method, params, id }))

describe('limits of the simulated binance', () => {
  it('tell the used weight, then 429 with Retry-After, then bans that grow', () => {
    const weigh = () => get('/fapi/v1/depth?symbol=BTCUSDT&limit=1000')
    expect(weigh().headers).toEqual({ 'X-MBX-USED-WEIGHT-1M': '20' })
    for (let i = 1; i < 120; i++) weigh()
    const over = weigh()
    expect(over).toMatchObject({ status: 429, body: { code: -1003 } })
    const left = Math.ceil((MINUTE_MS - (START % MINUTE_MS)) / SECOND_MS)
    expect(over.headers?.['Retry-After']).toBe(String(left))
    const statuses = Array.from({ length: 11 }, () => weigh().status)
    expect(statuses).toEqual([...Array(9).fill(429), 418, 418])
    expect(get('/api/v3/time')).toMatchObject({ status: 418, headers: { 'Retry-After': '120' } })
    now += 2 * MINUTE_MS
    expect(get('/api/v3/time').status).toBe(200)
    for (let i = 0; i < 130; i++) weigh()
    expect(weigh()).toMatchObject({ status: 418, headers: { 'Retry-After': '240' } })
  })

  it('count funding of USD-M apart', () => {
    for (let i = 0; i < 500; i++) expect(get('/fapi/v1/fundingInfo').status).toBe(200)
    expect(get('/fapi/v1/fundingRate?symbol=BTCUSDT').status).toBe(429)
    expect(get('/fapi/v1/time').status).toBe(200)
  })
})

describe('REST of the simulated binance', () => {
  it('refuses in the words of the venue', () => {
    expect(get('/api/v3/nothing').status).toBe(404)
    expect(get('/api/v3/klines?symbol=NOPE&interval=1m')).toMatchObject({ status: 400, body: { code: -1121 } })
    expect(get('/api/v3/klines?symbol=BTCUSDT')).toMatchObject({ status: 400, body: { code: -1102 } })
    expect(get('/fapi/v1/klines?symbol=BTCUSDT&interval=1s')).toMatchObject({ body: { code: -1120 } })
    expect(get('/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1501')).toMatchObject({ body: { code: -1130 } })
    expect(get('/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=abc')).toMatchObject({ body: { code: -1100 } })
    expect(
      get(`/futures/data/openInterestHist?symbol=BTCUSDT&period=1h&startTime=${START - 40 * DAY_MS}`),
    ).toMatchObject({ body: { code: -1130 } })
  })

  it('spot and USD-M give the oldest bars of a window, COIN-M the newest, within 200 days', () => {
    const from = Math.floor(START / HOUR_MS) * HOUR_MS - 100 * HOUR_MS
    const span = `interval=1h&startTime=${from}&endTime=${from + 50 * HOUR_MS - 1}&limit=10`
    const opens = (path: string): number[] => body(path).map((row) => Number((row as unknown as number[])[0]))
    const hours = (first: number): number[] => Array.from({ length: 10 }, (_, i) => from + (first + i) * HOUR_MS)
    expect(opens(`/api/v3/klines?symbol=BTCUSDT&${span}`)).toEqual(hours(0))
    expect(opens(`/fapi/v1/klines?symbol=BTCUSDT&${span}`)).toEqual(hours(0))
    expect(opens(`/dapi/v1/klines?symbol=BTCUSD_PERP&${span}`)).toEqual(hours(40))
    const long = `/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1d&startTime=${START - 201 * DAY_MS}&endTime=${START}`
    expect(get(long).status).toBe(400)
  })

  it('premiumIndex of a delivery contract has no rate', () => {
    const rows = body('/dapi/v1/premiumIndex?pair=BTCUSD')
    const dated = rows.find(({ symbol }) => /_\d{6}$/.test(String(symbol)))
    expect(dated).toMatchObject({ lastFundingRate: '', nextFundingTime: 0 })
    expect(rows.find(({ symbol }) => symbol === 'BTCUSD_PERP')?.lastFundingRate).toMatch(/^-?0\.\d{8}$/)
  })

  it('takes signed requests alone for balances, within the window of the clock', () => {
    const ask = (query: string, secret = TEST_ACCOUNT.secret, key = TEST_ACCOUNT.apiKey) => {
      const signature = createHmac('sha256', secret).update(query).digest('hex')
      return get(`/fapi/v3/balance?${query}&signature=${signature}`, { 'x-mbx-apikey': key })
    }
    expect(ask(`timestamp=${START}`)).toMatchObject({
      status: 200,
      body: [{ asset: 'USDT', balance: '100000.00000000' }],
    })
    expect(ask(`timestamp=${START}`, 'wrong')).toMatchObject({ status: 400, body: { code: -1022 } })
    expect(ask(`timestamp=${START - 5001}`)).toMatchObject({ body: { code: -1021 } })
    expect(ask(`timestamp=${START - 5001}&recvWindow=6000`).status).toBe(200)
    expect(ask(`timestamp=${START + 1000}`)).toMatchObject({ body: { code: -1021 } })
    expect(ask(`timestamp=${START}`, TEST_ACCOUNT.secret, 'other')).toMatchObject({
      status: 401,
      body: { code: -2015 },
    })
    expect(get(`/fapi/v3/balance?timestamp=${START}`, { 'x-mbx-apikey': TEST_ACCOUNT.apiKey })).toMatchObject({
      body: { code: -1102 },
    })
  })
})

describe('streams of the simulated binance', () => {
  it('come wrapped or raw, and are listed, added and taken away', () => {
    const { session, frames, run } = open('/stream-spot/stream', 'streams=btcusdt@bookTicker')
    run(1000)
    expect(frames[0]).toMatchObject({ stream: 'btcusdt@bookTicker', data: { s: 'BTCUSDT' } })
    say(session, 'LIST_SUBSCRIPTIONS', [], 5)
    expect(frames.at(-1)).toEqual({ result: ['btcusdt@bookTicker'], id: 5 })
    say(session, 'UNSUBSCRIBE', ['btcusdt@bookTicker'], 6)
    const before = frames.length
    run(2000)
    expect(frames).toHaveLength(before)
    const raw = open('/stream-spot/ws/btcusdt@bookTicker')
    raw.run(1000)
    expect(raw.frames[0]).toMatchObject({ s: 'BTCUSDT' })
  })

  it('acknowledge what does not exist or stands on the wrong path, and stay silent', () => {
    const { session, frames, run } = open('/fstream/public/stream')
    say(session, 'SUBSCRIBE', ['btcusdt@markPrice@1s', 'nope@bookTicker', 'btcusdt@nonsense'])
    run(5000)
    expect(frames).toEqual([{ result: null, id: 1 }])
    expect(open('/fstream/ws').isOpen).toBe(false)
    expect(open('/nowhere/ws').isOpen).toBe(false)
  })

  it.each([
    ['spot', '/stream-spot/stream', 'btcusdt', '/api/v3/depth?symbol=BTCUSDT&limit=1000'],
    ['usdm', '/fstream/public/stream', 'btcusdt', '/fapi/v1/depth?symbol=BTCUSDT&limit=1000'],
    ['coinm', '/dstream/stream', 'btcusd_perp', '/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000'],
  ])('diffs of %s and a snapshot make the book by the rule of the venue', (market, path, symbol, rest) => {
    const { session, frames, run } = open(path)
    say(session, 'SUBSCRIBE', [`${symbol}@depth@100ms`])
    run(1000)
    // Asked for between two steps, as life has it.
    run(50, 50)
    const snapshot = body(rest) as unknown as { lastUpdateId: number; bids: [string, string][] }
    run(5000, 130)
    const final = body(rest) as unknown as typeof snapshot & { asks: [string, string][] }
    const rule = binanceAdapter.bookRule(market)
    const bids = new Map(snapshot.bids)
    let [last, isFirst] = [snapshot.lastUpdateId, true]
    for (const { data } of frames.slice(1)) {
      const d = data as { U: number; u: number; pu?: number; b: [string, string][] }
      const message = { firstId: d.U, lastId: d.u, previousId: d.pu ?? null, bids: [], asks: [] }
      const about = { kind: 'book', instrument: 'x', ts: null, action: 'update' } as const
      const verdict = rule.judge({ ...about, ...message }, last, isFirst)
      expect(verdict).not.toBe('gap')
      if (verdict !== 'apply') continue
      isFirst = false
      last = d.u
      for (const [price, size] of d.b)
        if (Number(size) === 0) bids.delete(price)
        else bids.set(price, size)
    }
    expect(isFirst).toBe(false)
    expect(last).toBe(final.lastUpdateId)
    expect([...bids].sort((a, b) => Number(b[0]) - Number(a[0]))).toEqual(final.bids)
  })

  it('close each bar once, with the values that REST tells', () => {
    const { session, frames, run } = open('/fstream/market/stream')
    say(session, 'SUBSCRIBE', ['btcusdt@kline_1m'])
    run(5 * MINUTE_MS, 700)
    const closed = frames.slice(1).flatMap(({ data }) => {
      const { k } = data as { k: Row }
      return k.x === true ? [[k.t, k.o, k.h, k.l, k.c, k.v]] : []
    })
    const first = Number(closed[0]![0])
    const rest = body(`/fapi/v1/klines?symbol=BTCUSDT&interval=1m&startTime=${first}&limit=5`)
    expect(closed).toEqual(rest.map((row) => (row as unknown as unknown[]).slice(0, 6)))
    expect(closed).toHaveLength(5)
  })
})

describe('connections to the simulated binance', () => {
  it('are cut when they talk too much', () => {
    const spot = open('/stream-spot/ws')
    for (let i = 0; i < 5; i++) say(spot.session, 'LIST_SUBSCRIPTIONS', [])
    expect(spot.closed).toEqual([])
    say(spot.session, 'LIST_SUBSCRIPTIONS', [])
    expect(spot.closed).toEqual(['Too many requests'])
    const futures = open('/dstream/ws')
    for (let i = 0; i < 10; i++) say(futures.session, 'LIST_SUBSCRIPTIONS', [])
    expect(futures.closed).toEqual([])
  })

  it('are cut when they do not answer pings', () => {
    const silent = open('/stream-spot/ws')
    silent.run(79 * SECOND_MS, SECOND_MS)
    expect([silent.pings(), silent.closed]).toEqual([3, []])
    silent.run(3 * SECOND_MS, SECOND_MS)
    expect(silent.closed).toEqual(['Pong timeout'])
    const answering = open('/stream-spot/ws')
    for (let i = 0; i < 10; i++) {
      answering.run(20 * SECOND_MS, SECOND_MS)
      answering.session.onPong()
    }
    expect(answering.closed).toEqual([])
  })

  it('are told and cut after a day', () => {
    const { session, frames, closed, run } = open('/stream-spot/ws')
    for (let i = 0; i < 24 * 60 + 1; i++) {
      run(MINUTE_MS / 2, MINUTE_MS / 2)
      session.onPong()
      run(MINUTE_MS / 2, MINUTE_MS / 2)
      session.onPong()
    }
    expect(frames).toMatchObject([{ e: 'serverShutdown' }])
    expect(closed).toEqual(['Connection lifetime'])
  })

  it('hold 1024 streams', () => {
    const { session, frames } = open('/fstream/public/stream')
    say(
      session,
      'SUBSCRIBE',
      Array.from({ length: 1024 }, (_, i) => `x${i}usdt@bookTicker`),
    )
    say(session, 'SUBSCRIBE', ['btcusdt@bookTicker'], 2)
    expect(frames).toMatchObject([
      { result: null, id: 1 },
      { code: 2, id: 2 },
    ])
    session.onMessage('{')
    expect(frames.at(-1)).toMatchObject({ code: 3 })
  })
})
