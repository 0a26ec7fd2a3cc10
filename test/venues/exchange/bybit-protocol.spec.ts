/** The rules that the simulated Bybit enforces: limits and bans, signatures, pages, parameters, subscriptions. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HOUR_MS, MINUTE_MS } from '#core/time'
import { SIM_ACCOUNT } from '#venues/exchange/bybit/account'
import { bybitRig } from './bybit-rig.js'
import { smallWorld, WORLD_NOW } from './bybit-world.js'

interface Body {
  readonly retCode: number
  readonly retMsg: string
  readonly result: { readonly list: readonly unknown[]; readonly nextPageCursor?: string }
  readonly time: number
}

describe('bybit REST', () => {
  const rig = bybitRig()
  const ask = (path: string) => rig.body(path) as Body

  it('klines: newest first, at most 1000, the last one may be open', () => {
    const { list } = ask('/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1&limit=1000').result
    const starts = (list as string[][]).map(([start]) => Number(start))
    expect(starts).toHaveLength(1000)
    expect(starts[0]).toBe(WORLD_NOW - 30_000)
    expect(starts.every((start, i) => i === 0 || starts[i - 1]! - start === MINUTE_MS)).toBe(true)
  })

  it('klines from a start alone go forward, up to an end alone backward', () => {
    const start = WORLD_NOW - 30_000 - 100 * MINUTE_MS
    const of = (query: string) =>
      (ask(`/v5/market/kline?category=spot&symbol=BTCUSDT&interval=1&limit=3&${query}`).result.list as string[][]).map(
        ([at]) => (Number(at) - start) / MINUTE_MS,
      )
    expect(of(`start=${start}`)).toEqual([2, 1, 0])
    expect(of(`end=${start}`)).toEqual([0, -1, -2])
    expect(of(`start=${start}&end=${start + 50 * MINUTE_MS}`)).toEqual([50, 49, 48])
  })

  it.each([
    ['/v5/market/kline?category=nothing&symbol=BTCUSDT&interval=1', /category/],
    ['/v5/market/kline?category=option&symbol=BTCUSDT&interval=1', /category/],
    ['/v5/market/kline?category=linear&symbol=NOPE&interval=1', /symbol/],
    ['/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1m', /interval/],
    ['/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1&limit=1001', /limit/],
    ['/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1&start=2000&end=1000', /start/],
    ['/v5/market/funding/history?category=linear&symbol=BTCUSDT&startTime=1', /endTime/],
    ['/v5/market/funding/history?category=linear&symbol=BTCUSDT&limit=201', /limit/],
    ['/v5/market/funding/history?category=linear&symbol=BTCUSDT-25DEC26', /symbol/],
    ['/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=1m', /intervalTime/],
    ['/v5/market/tickers?category=option', /baseCoin/],
  ])('%s is refused inside an HTTP 200', (path, reason) => {
    expect(rig.get(path).status).toBe(200)
    expect(ask(path)).toMatchObject({ retCode: 10001, retMsg: expect.stringMatching(reason) })
  })

  it('an unknown path is 404', () => {
    expect(rig.get('/v5/market/nothing').status).toBe(404)
  })

  it('open interest is told of both sides and of one, and pages by cursor', () => {
    const first = ask('/v5/market/open-interest?category=inverse&symbol=BTCUSD&intervalTime=1h&limit=2').result
    const rows = first.list as { openInterest: string; singleOpenInterest: string; timestamp: string }[]
    expect(Number(rows[0]?.openInterest)).toBe(2 * Number(rows[0]?.singleOpenInterest))
    const next = ask(
      `/v5/market/open-interest?category=inverse&symbol=BTCUSD&intervalTime=1h&limit=2&cursor=${first.nextPageCursor}`,
    ).result.list as { timestamp: string }[]
    const stamps = [...rows, ...next].map(({ timestamp }) => Number(timestamp))
    expect(stamps.map((ts) => (stamps[0]! - ts) / HOUR_MS)).toEqual([0, 1, 2, 3])
  })

  it('instruments page by cursor; spot does not', () => {
    const page = ask('/v5/market/instruments-info?category=linear&limit=2').result
    const rest = ask(`/v5/market/instruments-info?category=linear&limit=2&cursor=${page.nextPageCursor}`).result
    expect([...page.list, ...rest.list]).toMatchObject([
      { symbol: 'BTCUSDT', fundingInterval: 480 },
      { symbol: 'ETHUSDT', fundingInterval: 240 },
      { symbol: 'BTCUSDT-25DEC26', contractType: 'LinearFutures', fundingInterval: 0 },
    ])
    expect(rest.nextPageCursor).toBe('')
    expect(ask('/v5/market/instruments-info?category=spot').result).not.toHaveProperty('nextPageCursor')
    expect(ask('/v5/market/instruments-info?category=inverse').result.list).toMatchObject([
      { symbol: 'BTCUSD', lotSizeFilter: { qtyStep: '1' } },
      { symbol: 'BTCUSDZ26' },
    ])
    expect(ask('/v5/market/instruments-info?category=option').result.list).toMatchObject([
      { symbol: 'BTC-25DEC26-100000-C-USDT', optionsType: 'Call' },
      { symbol: 'BTC-25DEC26-100000-P-USDT', optionsType: 'Put' },
    ])
  })

  it('a delisted symbol is unknown', () => {
    const at = WORLD_NOW + HOUR_MS
    const own = bybitRig(smallWorld(new Map([['ETH/USDT:USDT', at]])))
    const path = '/v5/market/tickers?category=linear&symbol=ETHUSDT'
    expect(own.body(path)).toMatchObject({ retCode: 0 })
    own.now = at + 1000
    expect(own.body(path)).toMatchObject({ retCode: 10001 })
  })
})

it('more than 600 requests in five seconds ban the address for ten minutes', () => {
  const rig = bybitRig()
  const status = () => rig.get('/v5/market/time').status
  const statuses = Array.from({ length: 601 }, status)
  expect(statuses.slice(0, 600).every((one) => one === 200)).toBe(true)
  expect(statuses[600]).toBe(403)
  expect(rig.get('/v5/market/time').body).toBe('access too frequent')
  rig.now += 10 * MINUTE_MS - 1000
  expect(status()).toBe(403)
  rig.now += 2000
  expect(status()).toBe(200)
})

describe('bybit signatures', () => {
  const signed = (more: { key?: string; secret?: string; at?: number } = {}) => {
    const rig = bybitRig()
    const stamp = String(more.at ?? rig.now)
    const query = 'accountType=UNIFIED'
    const key = more.key ?? SIM_ACCOUNT.key
    const sign = createHmac('sha256', more.secret ?? SIM_ACCOUNT.secret)
      .update(`${stamp}${key}5000${query}`)
      .digest('hex')
    const headers = {
      'x-bapi-api-key': key,
      'x-bapi-timestamp': stamp,
      'x-bapi-recv-window': '5000',
      'x-bapi-sign': sign,
    }
    const ask = () => rig.get(`/v5/account/wallet-balance?${query}`, headers)
    return { rig, ask }
  }

  it('a good one is answered, with the limit in the headers', () => {
    const reply = signed().ask()
    expect(reply.body).toMatchObject({ retCode: 0 })
    expect(reply.headers).toMatchObject({ 'X-Bapi-Limit': '50', 'X-Bapi-Limit-Status': '49' })
  })

  it.each([
    ['another secret', { secret: 'wrong' }, 10004],
    ['another key', { key: 'wrong' }, 10003],
    ['older than the window', { at: WORLD_NOW - 5001 }, 10002],
    ['a second ahead', { at: WORLD_NOW + 1000 }, 10002],
  ])('%s is refused', (_what, more, code) => {
    expect(signed(more).ask().body).toMatchObject({ retCode: code })
  })

  it('the edges of the window are inside', () => {
    expect(signed({ at: WORLD_NOW - 5000 }).ask().body).toMatchObject({ retCode: 0 })
    expect(signed({ at: WORLD_NOW + 999 }).ask().body).toMatchObject({ retCode: 0 })
  })

  it('beyond 50 in a second: 10006 and when it is over', () => {
    const { rig, ask } = signed()
    const replies = Array.from({ length: 51 }, ask)
    expect(replies[49]?.body).toMatchObject({ retCode: 0 })
    expect(replies[50]?.body).toMatchObject({ retCode: 10006 })
    expect(Number(replies[50]?.headers?.['X-Bapi-Limit-Reset-Timestamp'])).toBe(rig.now + 1000)
  })
})

describe('bybit sockets', () => {
  const subscribe = (args: readonly string[], id = '1') => JSON.stringify({ req_id: id, op: 'subscribe', args })

  it('other paths are no sockets', () => {
    expect(bybitRig().open('/v5/nothing')).toBeUndefined()
    expect(bybitRig().open('/v5/public/futures')).toBeUndefined()
  })

  it('one bad topic fails its whole request', () => {
    const socket = bybitRig().open('/v5/public/linear')!
    socket.session.onMessage(subscribe(['tickers.BTCUSDT', 'tickers.NOPE'], '7-x'))
    expect(socket.take()).toMatchObject([
      { success: false, req_id: '7-x', op: 'subscribe', ret_msg: expect.stringContaining('tickers.NOPE') },
    ])
    socket.run(200)
    expect(socket.take()).toEqual([])
  })

  it('options answer topic by topic', () => {
    const socket = bybitRig().open('/v5/public/option')!
    socket.session.onMessage(subscribe(['tickers.BTC-25DEC26-100000-C-USDT', 'tickers.NOPE']))
    expect(socket.take()).toMatchObject([
      { success: true, type: 'COMMAND_RESP', data: { failTopics: ['tickers.NOPE'] } },
    ])
    socket.run(100)
    expect(socket.take()).toMatchObject([{ type: 'snapshot', data: { markPriceIv: '0.500000' } }])
  })

  it('spot takes ten topics a request, all 21,000 characters a connection', () => {
    const spot = bybitRig().open('/v5/public/spot')!
    const kinds = ['tickers', 'publicTrade', 'orderbook.1', 'orderbook.50', 'orderbook.200', 'kline.1', 'kline.5']
    const topics = kinds.flatMap((kind) => [`${kind}.BTCUSDT`, `${kind}.ETHUSDT`])
    spot.session.onMessage(subscribe(topics.slice(0, 11)))
    expect(spot.take()).toMatchObject([{ success: false, ret_msg: 'args size >10' }])
    spot.session.onMessage(subscribe(topics.slice(0, 10)))
    expect(spot.take()).toMatchObject([{ success: true }])
    const linear = bybitRig().open('/v5/public/linear')!
    linear.session.onMessage(subscribe(Array.from({ length: 1500 }, (_, i) => `tickers.X${i}USDT`)))
    expect(linear.take()).toMatchObject([{ success: false, ret_msg: 'error:args size exceeded' }])
  })

  it('pings are answered in the words of the market', () => {
    const ping = '{"req_id":"p","op":"ping"}'
    const linear = bybitRig().open('/v5/public/linear')!
    linear.session.onMessage(ping)
    expect(linear.take()).toMatchObject([{ success: true, ret_msg: 'pong', op: 'ping', req_id: 'p' }])
    const option = bybitRig().open('/v5/public/option')!
    option.session.onMessage(ping)
    expect(option.take()).toMatchObject([{ op: 'pong', args: [String(WORLD_NOW)] }])
    option.session.onMessage('no json')
    expect(option.take()).toMatchObject([{ success: false, ret_msg: 'error:invalid op' }])
  })

  it('maintenance is told on its own socket, when it begins and when it ends', () => {
    const rig = bybitRig()
    let isClosed = false
    Object.defineProperty(rig.context, 'isInMaintenance', { get: () => isClosed })
    const socket = rig.open('/v5/public/misc/status')!
    socket.session.onMessage(subscribe(['system.status']))
    socket.take()
    socket.run(1000)
    isClosed = true
    socket.run(1000)
    isClosed = false
    socket.run(1000)
    expect(socket.take()).toMatchObject([{ data: [{ state: 'ongoing' }] }, { data: [{ state: 'completed' }] }])
  })

  it('a connection without ping and data is cut after ten minutes', () => {
    const idle = bybitRig().open('/v5/public/linear')!
    idle.run(10 * MINUTE_MS - 1000, 1000)
    expect(idle.closed).toEqual([])
    idle.run(2000, 1000)
    expect(idle.closed).toContain('1000 idle')
  })

  it('tickers: a snapshot, then what changed', () => {
    const socket = bybitRig().open('/v5/public/linear')!
    socket.session.onMessage(subscribe(['tickers.BTCUSDT']))
    socket.take()
    socket.run(1000)
    const [first, ...later] = socket.take() as { type: string; data: Record<string, string> }[]
    expect(first).toMatchObject({ type: 'snapshot', data: { symbol: 'BTCUSDT', fundingIntervalHour: '8' } })
    expect(later.length).toBeGreaterThan(5)
    for (const { type, data } of later) {
      expect(type).toBe('delta')
      expect(Object.keys(data).length).toBeLessThan(Object.keys(first!.data).length)
    }
  })

  it('books: ids step by one and the deltas lead to the book of the world', () => {
    const rig = bybitRig()
    const socket = rig.open('/v5/public/linear')!
    socket.session.onMessage(subscribe(['orderbook.50.BTCUSDT']))
    socket.take()
    socket.run(30_000)
    type Frame = { type: string; data: { b: [string, string][]; a: [string, string][]; u: number } }
    const frames = socket.take() as unknown as Frame[]
    const bids = new Map<string, string>()
    let last = 0
    for (const { type, data } of frames) {
      if (type === 'delta') expect(data.u).toBe(last + 1)
      last = data.u
      for (const [price, size] of data.b) size === '0' ? bids.delete(price) : bids.set(price, size)
    }
    expect(frames.length).toBeGreaterThan(10)
    const instrument = rig.world.instruments(rig.now).find(({ id }) => id === 'BTC/USDT:USDT')!
    const expected = rig.world.book(instrument, rig.now, 50).bids.map(([price, size]) => [price, size])
    expect([...bids].map(([p, s]) => [Number(p), Number(s)]).sort((a, b) => b[0]! - a[0]!)).toEqual(expected)
  })

  it('klines: every bar is confirmed once, and is the one that REST gives', () => {
    const rig = bybitRig()
    const socket = rig.open('/v5/public/spot')!
    socket.session.onMessage(subscribe(['kline.1.BTCUSDT']))
    socket.take()
    socket.run(3 * MINUTE_MS, 130)
    const rows = (socket.take() as { data: { confirm: boolean; start: number; close: string; volume: string }[] }[])
      .flatMap(({ data }) => data)
      .filter(({ confirm }) => confirm)
    const first = WORLD_NOW - 30_000
    expect(rows.map(({ start }) => (start - first) / MINUTE_MS)).toEqual([0, 1, 2])
    const rest = rig.body(`/v5/market/kline?category=spot&symbol=BTCUSDT&interval=1&start=${first}&limit=3`) as Body
    const pages = (rest.result.list as string[][]).map(([start, , , , close, volume]) => [Number(start), close, volume])
    expect(rows.map(({ start, close, volume }) => [start, close, volume])).toEqual(pages.reverse())
  })

  it('every trade comes once, with the id that REST gives it', () => {
    const rig = bybitRig()
    const socket = rig.open('/v5/public/inverse')!
    socket.session.onMessage(subscribe(['publicTrade.BTCUSD', 'allLiquidation.BTCUSD']))
    socket.take()
    const from = rig.now
    socket.run(2 * MINUTE_MS)
    const frames = socket.take() as { topic: string; data: { i: string; T: number; S: string; v: string }[] }[]
    const trades = frames.filter(({ topic }) => topic.startsWith('publicTrade')).flatMap(({ data }) => data)
    const instrument = rig.world.instruments(rig.now).find(({ id }) => id === 'BTC/USD:BTC')!
    const played = rig.world.trades(instrument, from, rig.now)
    expect(trades.map(({ T, v }) => [T, v])).toEqual(
      played.map(({ ts, size, price }) => [ts, String(Math.round(size * price))]),
    )
    const rest = rig.body(`/v5/market/recent-trade?category=inverse&symbol=BTCUSD&limit=${trades.length}`) as Body
    expect((rest.result.list as { execId: string }[]).map(({ execId }) => execId).reverse()).toEqual(
      trades.map(({ i }) => i),
    )
    const forced = frames.filter(({ topic }) => topic.startsWith('allLiquidation')).flatMap(({ data }) => data)
    const expected = played.filter(({ isLiquidation }) => isLiquidation)
    expect(forced.map(({ S }) => S)).toEqual(expected.map(({ aggressor }) => (aggressor === 'sell' ? 'Buy' : 'Sell')))
    expect(forced.length).toBeGreaterThan(1)
  })
})
