/** Somebody else's client on the simulated Deribit: ccxt reads what the world is, by REST and by socket, and signs as the venue wants. */
import ccxt, { type Exchange as CcxtExchange } from 'ccxt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { HOUR_MS, MINUTE_MS } from '#core/time'
import { DERIBIT_SIM_ACCOUNT } from '#venues/exchange/deribit/account'
import { deribitProtocol } from '#venues/exchange/deribit/protocol'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { byId, smallWorld, WORLD_NOW } from '../venues/exchange/bybit-world.js'

const time = scaledTime(1, WORLD_NOW)
let exchange: Exchange
const clients: CcxtExchange[] = []

/** ccxt with its URLs on the simulator, and the simulator's time of day. */
async function client(secret?: string): Promise<CcxtExchange> {
  const credentials = secret === undefined ? {} : { apiKey: DERIBIT_SIM_ACCOUNT.clientId, secret }
  const deribit = new ccxt.pro.deribit({ ...credentials, enableRateLimit: false })
  const urls = deribitProtocol().urls(exchange.rest, exchange.ws)
  // ccxt's types know neither the nested URLs nor that its clock may be another one.
  Object.assign(deribit.urls, { api: { rest: urls.rest, ws: urls.ws } })
  Object.assign(deribit, { nonce: () => exchange.now(), milliseconds: () => exchange.now() })
  // Sockets without TLS need it.
  await deribit.loadHttpProxyAgent()
  clients.push(deribit)
  return deribit
}

let deribit: CcxtExchange

beforeAll(async () => {
  exchange = await openExchange({ protocol: deribitProtocol(), world: smallWorld(), time, seed: 1 })
  deribit = await client()
  await deribit.loadMarkets()
})

afterAll(async () => {
  for (const one of clients) await one.close()
  await exchange.close()
})

const PERP = 'BTC/USD:BTC'
const FUTURE = 'BTC/USD:BTC-261225'
const CALL = 'BTC/USD:BTC-261225-100000-C'
/** Amounts are whole contracts of 10 USD. */
const usd = (coins: number, price: number): number => Math.max(1, Math.round((coins * price) / 10)) * 10

describe('ccxt on the simulated deribit, by REST', () => {
  it('loads the markets', () => {
    expect([...(deribit.symbols ?? [])].sort()).toEqual([PERP, FUTURE, CALL, CALL.replace(/C$/, 'P')].sort())
    expect(deribit.market(PERP)).toMatchObject({ id: 'BTC-PERPETUAL', swap: true, inverse: true, contractSize: 10 })
    expect(deribit.market(FUTURE)).toMatchObject({ id: 'BTC-25DEC26', future: true, expiry: Date.UTC(2026, 11, 25, 8) })
    expect(deribit.market(CALL)).toMatchObject({ option: true, strike: 100_000, optionType: 'call' })
  })

  it('reads the time and the state of the venue', async () => {
    expect(Math.abs(((await deribit.fetchTime()) ?? 0) - exchange.now())).toBeLessThan(2000)
    expect(await deribit.fetchStatus()).toMatchObject({ status: 'ok' })
  })

  it.each([PERP, FUTURE])('reads the bars of %s', async (symbol) => {
    const since = WORLD_NOW - 30_000 - 500 * MINUTE_MS
    const bars = await deribit.fetchOHLCV(symbol, '1m', since, 400)
    const played = exchange.world.bars(byId(symbol), MINUTE_MS, since, since + 400 * MINUTE_MS, exchange.now())
    expect(bars).toEqual(played.map((bar) => [bar.openTime, bar.open, bar.high, bar.low, bar.close, bar.volume]))
    expect(bars).toHaveLength(400)
  })

  it('reads funding: the last eight hours, and the hours one by one', async () => {
    const perpetual = byId(PERP)
    const since = WORLD_NOW - 240 * HOUR_MS
    const history = await deribit.fetchFundingRateHistory(PERP, since, 500)
    expect(history.length).toBeGreaterThan(239)
    for (const { timestamp, fundingRate } of history)
      expect(fundingRate).toBeCloseTo(exchange.world.fundingRate(perpetual, Number(timestamp) - 1), 11)
    const { fundingRate } = await deribit.fetchFundingRate(PERP)
    const now = exchange.now()
    const hours = Array.from({ length: 8 }, (_, i) => now - (now % HOUR_MS) - i * HOUR_MS - 1)
    const eighths = hours.map((at) => exchange.world.fundingRate(perpetual, at) / 8)
    expect(fundingRate).toBeCloseTo(
      eighths.reduce((sum, rate) => sum + rate, 0),
      11,
    )
  })

  it('reads open interest: USD of inverse contracts, coins of options', async () => {
    const perpetual = await deribit.fetchOpenInterest(PERP)
    const at = Number(perpetual.timestamp)
    const world = exchange.world
    // Dollars at the mark that the venue shows, which has four decimals.
    const shown = Number(world.mark(byId(PERP), at).toFixed(4))
    expect(perpetual.openInterestValue).toBe(usd(world.openInterest(byId(PERP), at), shown))
    const option = await deribit.fetchOpenInterest(CALL)
    expect(option.openInterestAmount).toBeCloseTo(world.openInterest(byId(CALL), Number(option.timestamp)), 6)
  })

  it('reads tickers, books and trades', async () => {
    const ticker = await deribit.fetchTicker(PERP)
    const at = Number(ticker.timestamp)
    const { bid, ask } = exchange.world.quote(byId(PERP), at)
    expect([ticker.bid, ticker.ask]).toEqual([bid, ask])
    expect(ticker.markPrice).toBeCloseTo(exchange.world.mark(byId(PERP), at), 3)
    expect(ticker.indexPrice).toBeCloseTo(exchange.world.index('BTC', at), 1)
    const book = await deribit.fetchOrderBook(PERP, 20)
    const played = exchange.world.book(byId(PERP), Number(book.timestamp), 20)
    for (const side of ['bids', 'asks'] as const)
      expect(book[side].map((level) => [...level])).toEqual(
        played[side].map(([price, size]) => [price, usd(size, price)]),
      )
    const trades = await deribit.fetchTrades(PERP, undefined, 50)
    const truth = exchange.world.trades(byId(PERP), Number(trades[0]?.timestamp) - 1, Number(trades.at(-1)?.timestamp))
    expect(trades.map(({ id, timestamp, price, amount, side }) => [id, timestamp, price, amount, side])).toEqual(
      truth.map(({ id, ts, price, size, aggressor }) => [String(id), ts, price, usd(size, price), aggressor]),
    )
    expect(trades).toHaveLength(50)
    const since = await deribit.fetchTrades(PERP, WORLD_NOW - HOUR_MS, 30)
    expect(since).toHaveLength(30)
    expect(Number(since[0]?.timestamp) - (WORLD_NOW - HOUR_MS)).toBeLessThan(1000)
  })

  it('reads Greeks, an option, its chain', async () => {
    const greeks = await deribit.fetchGreeks(CALL)
    const option = exchange.world.option(byId(CALL), Number(greeks.timestamp))
    expect(greeks).toMatchObject({ delta: option.delta, vega: option.vega, theta: option.theta, gamma: option.gamma })
    expect(greeks).toMatchObject({
      markImpliedVolatility: option.markIv * 100,
      bidPrice: option.bid,
      askPrice: option.ask,
      markPrice: option.mark,
    })
    expect(await deribit.fetchOption(CALL)).toMatchObject({ bidPrice: option.bid, markPrice: option.mark })
    expect(Object.keys(await deribit.fetchOptionChain('BTC'))).toHaveLength(2)
    expect(((await deribit.fetchVolatilityHistory('BTC')) as unknown[]).length).toBeGreaterThan(300)
  })

  it('is told what is wrong', async () => {
    const wrong = deribit.fetchOHLCV(PERP, '1m', undefined, 5, { resolution: '7' })
    await expect(wrong).rejects.toThrow(/-32602/)
  })
})

describe('ccxt on the simulated deribit, signed', () => {
  it('a right signature is accepted', async () => {
    const signed = await client(DERIBIT_SIM_ACCOUNT.clientSecret)
    expect((await signed.fetchBalance()).BTC).toMatchObject({ total: 10, free: 9.5 })
    expect((await signed.fetchBalance({ code: 'BTC' })).BTC).toMatchObject({ total: 10 })
  })

  it('a wrong secret is refused', async () => {
    await expect((await client('wrong')).fetchBalance()).rejects.toBeInstanceOf(ccxt.AuthenticationError)
  })

  it('a clock that is off is refused', async () => {
    const late = await client(DERIBIT_SIM_ACCOUNT.clientSecret)
    await late.loadMarkets()
    Object.assign(late, { milliseconds: () => exchange.now() - 120_000 })
    await expect(late.fetchBalance()).rejects.toBeInstanceOf(ccxt.AuthenticationError)
  })

  it('raw channels are for who logged in', async () => {
    const signed = await client(DERIBIT_SIM_ACCOUNT.clientSecret)
    const ticker = await signed.watchTicker(PERP, { interval: 'raw' })
    expect(ticker.bid).toBe(exchange.world.quote(byId(PERP), Number(ticker.timestamp)).bid)
  })
})

describe('ccxt on the simulated deribit, by socket', () => {
  it('watches tickers', async () => {
    for (const symbol of [PERP, FUTURE]) {
      let seen = await deribit.watchTicker(symbol)
      for (let i = 0; i < 5; i++) seen = await deribit.watchTicker(symbol)
      const { bid, ask } = exchange.world.quote(byId(symbol), Number(seen.timestamp))
      expect([seen.bid, seen.ask]).toEqual([bid, ask])
    }
    const option = await deribit.watchTicker(CALL)
    expect(option.info).toMatchObject({ mark_iv: 50, greeks: { delta: 0.55 } })
  })

  it('watches books: snapshot and changes make the book of the world', async () => {
    let book = await deribit.watchOrderBook(PERP)
    for (let i = 0; i < 8; i++) book = await deribit.watchOrderBook(PERP)
    const played = exchange.world.book(byId(PERP), Number(book.timestamp), 20)
    for (const side of ['bids', 'asks'] as const)
      expect(book[side].map((level) => [level[0], level[1]])).toEqual(
        played[side].map(([price, size]) => [price, usd(size, price)]),
      )
  })

  it('watches trades: none is missing or doubled', async () => {
    const seen = new Map<string, readonly unknown[]>()
    while (seen.size < 4)
      for (const { id, timestamp, price, amount, side } of await deribit.watchTrades(PERP))
        seen.set(String(id), [timestamp, price, amount, side])
    const rows = [...seen.values()]
    const played = exchange.world.trades(byId(PERP), Number(rows[0]?.[0]) - 1, Number(rows.at(-1)?.[0]))
    expect(rows).toEqual(played.map(({ ts, price, size, aggressor }) => [ts, price, usd(size, price), aggressor]))
  })

  it('watches bars', async () => {
    const bars = await deribit.watchOHLCV(PERP, '1m')
    const [openTime, open, , , , volume] = bars.at(-1)!
    const at = Number(openTime)
    const played = exchange.world.bars(byId(PERP), MINUTE_MS, at, at + 1, exchange.now())[0]!
    expect([openTime, open]).toEqual([played.openTime, played.open])
    expect(Number(volume)).toBeLessThanOrEqual(played.volume)
  })
})
