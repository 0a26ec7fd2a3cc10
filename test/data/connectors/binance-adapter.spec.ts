/** What the Binance adapter asks, plans and refuses: pages, sockets, limits, failures, frames. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import type { Call, Page, Want } from '#data/connectors/adapter.port'
import { binanceAdapter } from '#data/connectors/binance/adapter'
import type { InstrumentFacts } from '#data/connectors/normal'

const facts = (id: string, more: Partial<InstrumentFacts> = {}): InstrumentFacts => ({
  instrument: id,
  kind: id.includes('coinm') ? 'inversePerpetual' : id.includes('spot') ? 'spot' : 'linearPerpetual',
  base: 'BTC',
  quote: id.includes('coinm') ? 'USD' : 'USDT',
  settle: 'USDT',
  tick: '0.1',
  lot: '0.001',
  minSize: '0.001',
  minNotional: '5',
  contractSize: id.includes('coinm') ? '100' : '1',
  contractOf: id.includes('coinm') ? 'quote' : 'base',
  isTrading: true,
  listedAt: null,
  expiresAt: null,
  strike: null,
  option: null,
  fundingIntervalMs: 8 * HOUR_MS,
  ...more,
})
const SPOT = facts('binance.spot.BTCUSDT')
const PERP = facts('binance.usdm.BTCUSDT')
const COIN = facts('binance.coinm.BTCUSD_PERP')
const knowledge = { facts: () => COIN, price: () => undefined }
const T0 = 1_700_000_000_000 - (1_700_000_000_000 % DAY_MS)

const query = (call: Call<unknown>): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(call.path.split('?')[1]))
const bar = (open: number): unknown[] => [
  open,
  '1',
  '2',
  '0.5',
  '1.5',
  '10',
  open + MINUTE_MS - 1,
  '15',
  3,
  '1',
  '2',
  '0',
]

/** Reads every page with what `serve` answers. */
function pagesOf<T>(first: Call<Page<T>>, serve: (q: Record<string, string>) => unknown) {
  const rows: T[] = []
  const calls: Call<unknown>[] = []
  for (let call: Call<Page<T>> | undefined = first; call !== undefined && calls.length < 50; ) {
    calls.push(call)
    const page: Page<T> = call.read(serve(query(call)), T0)
    rows.push(...page.rows)
    call = page.next
  }
  return { rows, calls }
}

describe('pages of binance', () => {
  const minutes = (from: number, to: number): unknown[] =>
    Array.from({ length: Math.max(0, Math.ceil((to - from) / MINUTE_MS)) }, (_, i) => bar(from + i * MINUTE_MS))

  it.each([
    ['spot', SPOT, false],
    ['coinm', COIN, true],
  ] as const)('of bars on %s hold each bar once, whichever end of a window the venue gives', (_, of, isNewest) => {
    const to = T0 + 2500 * MINUTE_MS
    const { rows, calls } = pagesOf(binanceAdapter.bars(of, '1m', T0, to), (q) => {
      const all = minutes(Number(q.startTime), Number(q.endTime) + 1)
      return isNewest ? all.slice(-Number(q.limit)) : all.slice(0, Number(q.limit))
    })
    expect(rows.map(({ openTime }) => openTime)).toEqual(minutes(T0, to).map((row) => (row as number[])[0]))
    expect(calls).toHaveLength(3)
  })

  it('of COIN-M never ask for more than 200 days', () => {
    const { calls } = pagesOf(binanceAdapter.bars(COIN, '1d', T0 - 900 * DAY_MS, T0), () => [])
    const spans = calls.map(query).map((q) => Number(q.endTime) - Number(q.startTime))
    expect(Math.max(...spans)).toBeLessThan(200 * DAY_MS)
    expect(calls).toHaveLength(5)
  })

  it('of settlements tell each period by the one before, and leave out what was not asked', () => {
    const stamps = [0, 8, 16, 20, 24].map((hour) => T0 + hour * HOUR_MS)
    const { rows } = pagesOf(binanceAdapter.settlements(PERP, T0, T0 + 24 * HOUR_MS)!, () =>
      stamps.map((ts) => ({ symbol: 'BTCUSDT', fundingTime: ts + 4, fundingRate: '0.0001' })),
    )
    expect(rows.map(({ settledAt, intervalMs }) => [(settledAt - T0) / HOUR_MS, intervalMs! / HOUR_MS])).toEqual([
      [8, 8],
      [16, 8],
      [20, 4],
      [24, 4],
    ])
  })

  it('of open interest reach back a month at most', () => {
    const first = binanceAdapter.openInterestHistory(COIN, '1h', 0, T0, knowledge)!
    expect(query(first)).toMatchObject({
      pair: 'BTCUSD',
      contractType: 'PERPETUAL',
      startTime: String(T0 - 30 * DAY_MS),
    })
    expect(binanceAdapter.openInterestHistory(PERP, '1m', 0, T0, knowledge)).toBeUndefined()
    expect(binanceAdapter.settlements(SPOT, 0, T0)).toBeUndefined()
  })

  it('of instruments ask for funding intervals first: whoever is not named there settles every 8 h', () => {
    const symbol = (name: string) => ({
      symbol: name,
      status: 'TRADING',
      contractType: 'PERPETUAL',
      baseAsset: 'A',
      quoteAsset: 'USDT',
      marginAsset: 'USDT',
      filters: [
        { filterType: 'PRICE_FILTER', tickSize: '1' },
        { filterType: 'LOT_SIZE', stepSize: '1', minQty: '1' },
      ],
    })
    const answers = [[{ symbol: 'AUSDT', fundingIntervalHours: 4 }], { symbols: [symbol('AUSDT'), symbol('BUSDT')] }]
    const { rows } = pagesOf(binanceAdapter.instruments('usdm'), () => answers.shift())
    expect(rows.map(({ fundingIntervalMs }) => fundingIntervalMs)).toEqual([4 * HOUR_MS, 8 * HOUR_MS])
  })
})

describe('sockets of binance', () => {
  const want = (kind: Want['kind'], of: InstrumentFacts): Want => ({ kind, facts: of, interval: '1m' })

  it('split USD-M by path, share topics and hold 200 at most', () => {
    const plans = binanceAdapter.sockets([
      want('mark', PERP),
      want('funding', PERP),
      want('quotes', PERP),
      want('bars', PERP),
      want('trades', SPOT),
      want('openInterest', PERP),
    ])
    const named = plans.map(({ endpoint, topics }) => [endpoint, topics.map(({ name }) => name)])
    expect(named).toEqual([
      ['usdmMarketWs', ['btcusdt@markPrice@1s', 'btcusdt@kline_1m']],
      ['usdmPublicWs', ['btcusdt@bookTicker']],
      ['spotWs', ['btcusdt@trade']],
    ])
    expect(plans[0]!.topics[0]!.wants.map(({ kind }) => kind)).toEqual(['mark', 'funding'])
    const many = Array.from({ length: 450 }, (_, i) => want('quotes', facts(`binance.usdm.X${i}USDT`)))
    expect(binanceAdapter.sockets(many).map(({ topics }) => topics.length)).toEqual([200, 200, 50])
    expect(binanceAdapter.subscribe(binanceAdapter.sockets(many)[0]!.topics, () => 7)).toHaveLength(1)
  })

  it('decode frames by their stream, and say when a request was refused or the venue will close', () => {
    const [plan] = binanceAdapter.sockets([want('quotes', SPOT)])
    const decoder = binanceAdapter.decoder(plan!, knowledge)
    const frame = { stream: 'btcusdt@bookTicker', data: { u: 1, s: 'BTCUSDT', b: '1', B: '2', a: '3', A: '4' } }
    expect(decoder.decode(JSON.stringify(frame), T0)).toMatchObject({
      topic: 'btcusdt@bookTicker',
      records: [{ kind: 'quote', instrument: 'binance.spot.BTCUSDT', bid: 1, ask: 3 }],
    })
    expect(decoder.decode('{"result":null,"id":1}', T0)).toMatchObject({ topic: null, records: [{ what: 'ack' }] })
    expect(decoder.decode('{"code":2,"msg":"no","id":1}', T0).refused).toEqual(['btcusdt@bookTicker'])
    expect(decoder.decode('{"e":"serverShutdown","E":1}', T0).reconnect).toBe('serverShutdown')
    expect(() => decoder.decode('<html>', T0)).toThrow('no JSON')
    expect(() => decoder.decode('{"stream":"x@y","data":{"e":"new"}}', T0)).toThrow('new')
  })
})

describe('failures of binance', () => {
  const failure = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    binanceAdapter.failure(status, headers, typeof body === 'string' ? body : JSON.stringify(body))

  it('are told by status and code; bans last as long as the later of header and text says', () => {
    expect(failure(429, { code: -1003, msg: 'Too many' }, { 'retry-after': '12' })).toMatchObject({
      kind: 'rateLimited',
      waitMs: 12_000,
    })
    const date = 'Tue, 14 Nov 2023 22:13:20 GMT'
    const msg = `IP banned until ${1_700_000_000_000 + 300_000}.`
    expect(failure(418, { code: -1003, msg }, { 'retry-after': '120', date })).toMatchObject({
      kind: 'banned',
      waitMs: 300_000,
    })
    expect(failure(418, '', {})).toMatchObject({ kind: 'banned', waitMs: 120_000 })
    expect(failure(403, '<html>forbidden</html>').kind).toBe('rateLimited')
    expect(failure(400, { code: -1021, msg: 'Timestamp' }).kind).toBe('clock')
    expect(failure(400, { code: -1022, msg: 'Signature' }).kind).toBe('auth')
    expect(failure(400, { code: -1121, msg: 'Invalid symbol.' })).toMatchObject({ kind: 'badRequest', code: '-1121' })
    expect(failure(502, '<html>').kind).toBe('temporary')
    expect(failure(503, { code: -1000, msg: 'Service Unavailable: system maintenance.' }).kind).toBe('maintenance')
  })

  it('the used weight is of the market whose host told it', () => {
    const call = binanceAdapter.bars(PERP, '1m', T0, T0 + HOUR_MS)
    expect(call.costs).toEqual([{ pool: 'usdmWeight', weight: 5 }])
    expect(binanceAdapter.usage({ 'x-mbx-used-weight-1m': '321' }, call)).toEqual([{ pool: 'usdmWeight', weight: 321 }])
    expect(binanceAdapter.usage({}, call)).toEqual([])
  })
})
