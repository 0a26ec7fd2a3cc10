/** Somebody else's client on the simulated Bybit: ccxt reads what the world is, by REST and by stream, and signs as the venue wants. */
import ccxt, { type Exchange as CcxtExchange } from 'ccxt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { HOUR_MS, MINUTE_MS } from '#core/time'
import { SIM_ACCOUNT } from '#venues/exchange/bybit/account'
import { bybitProtocol } from '#venues/exchange/bybit/protocol'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { byId, smallWorld, WORLD_NOW } from '../venues/exchange/bybit-world.js'

const time = scaledTime(1, WORLD_NOW)
let exchange: Exchange
const clients: CcxtExchange[] = []

/** ccxt with its URLs on the simulator, and the simulator's time of day. */
async function client(secret: string = SIM_ACCOUNT.secret, isSigned = false): Promise<CcxtExchange> {
  const credentials = isSigned ? { apiKey: SIM_ACCOUNT.key, secret } : {}
  const bybit = new ccxt.pro.bybit({ ...credentials, enableRateLimit: false, options: { fetchCurrencies: false } })
  const publicWs = Object.fromEntries(
    ['spot', 'linear', 'inverse', 'option'].map((name) => [name, `${exchange.ws}/v5/public/${name}`]),
  )
  const rest = Object.fromEntries(['spot', 'futures', 'v2', 'public', 'private'].map((name) => [name, exchange.rest]))
  // ccxt's types know neither the nested URLs nor that its clock may be another one.
  Object.assign(bybit.urls, { api: { ...rest, ws: { public: publicWs } } })
  Object.assign(bybit, { nonce: () => exchange.now(), milliseconds: () => exchange.now() })
  // Sockets without TLS need it.
  await bybit.loadHttpProxyAgent()
  clients.push(bybit)
  return bybit
}

let bybit: CcxtExchange

beforeAll(async () => {
  exchange = await openExchange({ protocol: bybitProtocol(), world: smallWorld(), time, seed: 1 })
  bybit = await client()
  await bybit.loadMarkets()
})

afterAll(async () => {
  for (const one of clients) await one.close()
  await exchange.close()
})

const PERP = 'BTC/USDT:USDT'
const INVERSE = 'BTC/USD:BTC'

describe('ccxt on the simulated bybit, by REST', () => {
  it('loads the markets of all categories', () => {
    expect([...(bybit.symbols ?? [])].sort()).toEqual([
      'BTC/USD:BTC',
      'BTC/USD:BTC-261225',
      'BTC/USDT',
      'BTC/USDT:USDT',
      'BTC/USDT:USDT-261225',
      'BTC/USDT:USDT-261225-100000-C',
      'BTC/USDT:USDT-261225-100000-P',
      'ETH/USDT',
      'ETH/USDT:USDT',
    ])
    expect(bybit.market(PERP)).toMatchObject({ id: 'BTCUSDT', linear: true, precision: { amount: 0.001, price: 0.1 } })
    expect(bybit.market(INVERSE)).toMatchObject({ id: 'BTCUSD', inverse: true, contractSize: 1 })
    expect(bybit.market('BTC/USDT:USDT-261225')).toMatchObject({ expiry: Date.UTC(2026, 11, 25, 8) })
  })

  it('reads the time', async () => {
    expect(Math.abs(((await bybit.fetchTime()) ?? 0) - exchange.now())).toBeLessThan(2000)
  })

  it.each(['BTC/USDT', PERP])('reads the bars of %s', async (symbol) => {
    const since = WORLD_NOW - 30_000 - 500 * MINUTE_MS
    const bars = await bybit.fetchOHLCV(symbol, '1m', since, 400)
    const played = exchange.world.bars(byId(symbol), MINUTE_MS, since, since + 400 * MINUTE_MS, exchange.now())
    expect(bars).toHaveLength(400)
    expect(bars.map((bar) => bar.slice(0, 5))).toEqual(
      played.map((bar) => [bar.openTime, bar.open, bar.high, bar.low, bar.close]),
    )
    for (const [i, bar] of bars.entries()) expect(bar[5]).toBeCloseTo(played[i]!.volume, 6)
  })

  it('reads the funding rate and its history', async () => {
    const rate = await bybit.fetchFundingRate(PERP)
    const instrument = byId(PERP)
    expect(rate.fundingRate).toBeCloseTo(exchange.world.fundingRate(instrument, exchange.now()), 7)
    expect(rate.fundingTimestamp).toBe(Date.UTC(2026, 8, 1, 8))
    expect(rate.interval).toBe('8h')
    expect(Math.abs((rate.markPrice ?? 0) / exchange.world.mark(instrument, exchange.now()) - 1)).toBeLessThan(1e-3)
    const since = WORLD_NOW - 10 * 24 * HOUR_MS
    const history = await bybit.fetchFundingRateHistory(PERP, since, 100)
    const settled = exchange.world.settlements(instrument, since, exchange.now())
    expect(history.map(({ timestamp, fundingRate }) => [timestamp, fundingRate])).toEqual(
      settled.map(({ ts, rate: played }) => [ts, Number(played.toFixed(8))]),
    )
    expect(history).toHaveLength(30)
  })

  it('reads open interest: both sides, as the venue tells them', async () => {
    const now = await bybit.fetchOpenInterest(PERP)
    const instrument = byId(PERP)
    const at = Number(now.timestamp)
    expect(now.openInterestAmount).toBeCloseTo(2 * exchange.world.openInterest(instrument, at), 2)
    const history = (await bybit.fetchOpenInterestHistory(INVERSE, '1h', undefined, 24)) as {
      timestamp?: number
      openInterestValue?: number
    }[]
    expect(history).toHaveLength(24)
    for (const { timestamp = 0, openInterestValue = 0 } of history) {
      const inverse = byId(INVERSE)
      const usd = 2 * exchange.world.openInterest(inverse, timestamp) * exchange.world.mark(inverse, timestamp)
      expect(Math.abs(openInterestValue / usd - 1)).toBeLessThan(1e-6)
    }
  })

  it('reads tickers, books and trades', async () => {
    const ticker = await bybit.fetchTicker(PERP)
    // The world moves while the answer travels: a second of it is the tolerance.
    const near = (value: number | undefined, of: number) => expect(Math.abs((value ?? 0) / of - 1)).toBeLessThan(1e-3)
    near(ticker.bid, exchange.world.quote(byId(PERP), exchange.now()).bid)
    near(ticker.markPrice, exchange.world.mark(byId(PERP), exchange.now()))
    near(ticker.indexPrice, exchange.world.index('BTC', exchange.now()))
    for (const symbol of [PERP, 'BTC/USDT']) {
      const book = await bybit.fetchOrderBook(symbol, 50)
      const played = exchange.world.book(byId(symbol), Number(book.timestamp), 50)
      expect(book.bids.map((level) => [...level])).toEqual(played.bids.map((level) => [...level]))
      expect(book.asks.map((level) => [...level])).toEqual(played.asks.map((level) => [...level]))
    }
    const trades = await bybit.fetchTrades(PERP, undefined, 50)
    const played = exchange.world.trades(byId(PERP), Number(trades[0]?.timestamp) - 1, Number(trades.at(-1)?.timestamp))
    expect(trades.map(({ timestamp, price, amount, side }) => [timestamp, price, amount, side])).toEqual(
      played.map(({ ts, price, size, aggressor }) => [ts, price, Number(size.toFixed(3)), aggressor]),
    )
    expect(trades).toHaveLength(50)
  })

  it('is told what is wrong', async () => {
    const wrong = bybit.fetchOHLCV(PERP, '1m', undefined, 5, { interval: '2' })
    await expect(wrong).rejects.toBeInstanceOf(ccxt.BadRequest)
  })
})

describe('ccxt on the simulated bybit, signed', () => {
  it('a right signature is accepted', async () => {
    const balance = await (await client(SIM_ACCOUNT.secret, true)).fetchBalance()
    expect(balance.USDT?.total).toBe(100_000)
    expect(balance.BTC?.total).toBe(1)
  })

  it('a wrong secret is refused', async () => {
    await expect((await client('wrong', true)).fetchBalance()).rejects.toBeInstanceOf(ccxt.AuthenticationError)
  })

  it('a clock that is off is refused', async () => {
    const late = await client(SIM_ACCOUNT.secret, true)
    Object.assign(late, { nonce: () => exchange.now() - 60_000 })
    await expect(late.fetchBalance()).rejects.toBeInstanceOf(ccxt.InvalidNonce)
  })
})

describe('ccxt on the simulated bybit, by stream', () => {
  it('watches tickers, with deltas', async () => {
    for (const symbol of [PERP, INVERSE, 'BTC/USDT']) {
      let seen = await bybit.watchTicker(symbol)
      for (let i = 0; i < 5; i++) seen = await bybit.watchTicker(symbol)
      const last = exchange.world
        .bars(
          byId(symbol),
          MINUTE_MS,
          Number(seen.timestamp) - MINUTE_MS,
          Number(seen.timestamp) + 1,
          Number(seen.timestamp),
        )
        .at(-1)!
      expect(Math.abs((seen.last ?? 0) / last.close - 1)).toBeLessThan(1e-3)
      if (symbol === 'BTC/USDT') continue
      const quote = exchange.world.quote(byId(symbol), Number(seen.timestamp))
      expect([seen.bid, seen.ask]).toEqual([quote.bid, quote.ask])
    }
  })

  it('watches books: snapshot and deltas make the book of the world', async () => {
    let book = await bybit.watchOrderBook(PERP, 50)
    for (let i = 0; i < 8; i++) book = await bybit.watchOrderBook(PERP, 50)
    const played = exchange.world.book(byId(PERP), Number(book.timestamp), 50)
    expect(book.bids.map((level) => [level[0], level[1]])).toEqual(played.bids.map((level) => [...level]))
    expect(book.asks.map((level) => [level[0], level[1]])).toEqual(played.asks.map((level) => [...level]))
  })

  it('watches trades: none is missing or doubled', async () => {
    const seen = new Map<string, readonly unknown[]>()
    while (seen.size < 4)
      for (const { id, timestamp, price, amount, side } of await bybit.watchTrades(PERP))
        seen.set(String(id), [timestamp, price, amount, side])
    const rows = [...seen.values()]
    const played = exchange.world.trades(byId(PERP), Number(rows[0]?.[0]) - 1, Number(rows.at(-1)?.[0]))
    expect(rows).toEqual(
      played.map(({ ts, price, size, aggressor }) => [ts, price, Number(size.toFixed(3)), aggressor]),
    )
  })

  it('watches bars', async () => {
    const bars = await bybit.watchOHLCV('BTC/USDT', '1m')
    const [openTime, open, , , , volume] = bars.at(-1)!
    const played = exchange.world.bars(
      byId('BTC/USDT'),
      MINUTE_MS,
      Number(openTime),
      Number(openTime) + 1,
      exchange.now(),
    )[0]!
    expect([openTime, open]).toEqual([played.openTime, played.open])
    expect(Number(volume)).toBeLessThanOrEqual(played.volume)
  })

  it('options: by their ticker', async () => {
    const seen = await bybit.watchTicker('BTC/USDT:USDT-261225-100000-C')
    expect(seen.info).toMatchObject({ markPriceIv: '0.500000', delta: '0.55000000' })
  })

  it('a bad topic is refused', async () => {
    const other = await client()
    await other.loadMarkets()
    Object.assign(other.market(PERP), { id: 'GONEUSDT' })
    await expect(other.watchTicker(PERP)).rejects.toThrow(/tickers\.GONEUSDT/)
  })
})
