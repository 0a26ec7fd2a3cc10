/** Somebody else's client on the simulated OKX: ccxt reads what the world is, by REST and by stream, and signs as the venue wants. */
import ccxt, { type Exchange as CcxtExchange } from 'ccxt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import { OKX_SIM_ACCOUNT } from '#venues/exchange/okx/account'
import { okxProtocol } from '#venues/exchange/okx/protocol'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { WorldInstrument } from '#venues/exchange/world.port'

/** 2026-09-01, 03:05:20 UTC. */
const NOW = Date.UTC(2026, 8, 1, 3, 5, 20)
const time = scaledTime(1, NOW)
let exchange: Exchange
let okx: CcxtExchange
const clients: CcxtExchange[] = []

/** ccxt with its URLs on the simulator, and the simulator's time of day. */
async function client(secret?: string): Promise<CcxtExchange> {
  const { apiKey, passphrase } = OKX_SIM_ACCOUNT
  const credentials = secret === undefined ? {} : { apiKey, password: passphrase, secret }
  const made = new ccxt.pro.okx({ ...credentials, enableRateLimit: false })
  // ccxt's types know neither the nested URLs nor that its clock may be another one.
  Object.assign(made.urls, { api: { rest: exchange.rest, ws: `${exchange.ws}/ws/v5` } })
  Object.assign(made, { nonce: () => exchange.now(), milliseconds: () => exchange.now() })
  // Sockets without TLS need it.
  await made.loadHttpProxyAgent()
  clients.push(made)
  return made
}

const byId = (id: string): WorldInstrument => {
  const found = exchange.world.instruments(exchange.now()).find((instrument) => instrument.id === id)
  if (found === undefined) throw new Error(`${id} is not listed`)
  return found
}

beforeAll(async () => {
  const world = generatedWorld({ seed: 7, venue: 'okx', symbols: 6, tradesPerMinute: 120 })
  exchange = await openExchange({ protocol: okxProtocol(), world, time, seed: 1 })
  okx = await client()
  await okx.loadMarkets()
})

afterAll(async () => {
  for (const one of clients) await one.close()
  expect(exchange.stats().errors).toEqual([])
  await exchange.close()
})

const SPOT = 'BTC/USDT'
const PERP = 'BTC/USDT:USDT'
const INVERSE = 'BTC/USD:BTC'

describe('ccxt on the simulated okx, by REST', () => {
  it('loads the markets of all types under the world’s names', () => {
    const listed = exchange.world.instruments(exchange.now())
    expect([...(okx.symbols ?? [])].sort()).toEqual(listed.map(({ id }) => id).sort())
    expect(okx.market(PERP)).toMatchObject({ id: 'BTC-USDT-SWAP', linear: true, contractSize: 0.01 })
    expect(okx.market(INVERSE)).toMatchObject({ id: 'BTC-USD-SWAP', inverse: true, contractSize: 100 })
    expect(okx.market(PERP).precision).toMatchObject({ amount: 0.1, price: 0.1 })
    for (const { id, expiresAt, strike } of listed)
      expect([okx.market(id).expiry ?? null, okx.market(id).strike ?? null]).toEqual([expiresAt, strike])
  })

  it('reads the time', async () => {
    expect(Math.abs(((await okx.fetchTime()) ?? 0) - exchange.now())).toBeLessThan(2000)
  })

  it.each([
    [SPOT, '1m', MINUTE_MS, 300],
    [PERP, '1m', MINUTE_MS, 300],
    [PERP, '1m', MINUTE_MS, 3000],
    [INVERSE, '1h', HOUR_MS, 200],
    [PERP, '1d', DAY_MS, 100],
  ] as const)('reads the bars of %s, %s (%d ms), from %d bars ago on', async (symbol, interval, ms, ago) => {
    const since = Math.floor(NOW / ms) * ms - ago * ms
    const bars = await okx.fetchOHLCV(symbol, interval, since, 150)
    const played = exchange.world.bars(byId(symbol), ms, since, since + 150 * ms, exchange.now())
    const closed = played.filter(({ openTime }) => openTime + ms <= NOW)
    expect(closed.length).toBeGreaterThan(99)
    expect(bars.slice(0, closed.length).map((bar) => bar.slice(0, 5))).toEqual(
      closed.map((bar) => [bar.openTime, bar.open, bar.high, bar.low, bar.close]),
    )
    for (const [i, bar] of closed.entries()) expect(bars[i]![5]! / bar.volume).toBeCloseTo(1, 9)
  })

  it('reads the funding rate and its history', async () => {
    const rate = await okx.fetchFundingRate(PERP)
    const instrument = byId(PERP)
    const interval = exchange.world.fundingIntervalMs(instrument, exchange.now())
    expect(rate.fundingRate).toBeCloseTo(exchange.world.fundingRate(instrument, exchange.now()), 7)
    expect(rate.fundingTimestamp).toBe(Math.floor(NOW / interval) * interval + interval)
    expect(rate.interval).toBe(`${interval / HOUR_MS}h`)
    const since = NOW - 10 * DAY_MS
    const history = await okx.fetchFundingRateHistory(PERP, since, 100)
    const settled = exchange.world.settlements(instrument, since - 1, exchange.now())
    expect(history.map(({ timestamp }) => timestamp)).toEqual(settled.map(({ ts }) => ts))
    for (const [i, { fundingRate }] of history.entries()) expect(fundingRate).toBeCloseTo(settled[i]!.rate, 12)
    expect(history.length).toBeGreaterThan(29)
  })

  it('reads open interest in coins', async () => {
    for (const symbol of [PERP, INVERSE]) {
      const now = await okx.fetchOpenInterest(symbol)
      const coins = exchange.world.openInterest(byId(symbol), Number(now.timestamp))
      expect(Number(now.info.oiCcy) / coins).toBeCloseTo(1, 9)
    }
  })

  it('reads tickers, books and trades', async () => {
    const ticker = await okx.fetchTicker(PERP)
    // The ticker says when it was; the world says what stood then.
    const quote = exchange.world.quote(byId(PERP), Number(ticker.timestamp))
    expect([ticker.bid, ticker.ask]).toEqual([quote.bid, quote.ask])
    expect(ticker.bidVolume! * 0.01).toBeCloseTo(quote.bidSize, 9)
    const book = await okx.fetchOrderBook(SPOT, 20)
    const levels = exchange.world.book(byId(SPOT), Number(book.timestamp), 20)
    const pairs = (side: readonly (readonly (number | undefined)[])[]) => side.map((level) => level.slice(0, 2))
    expect(pairs(book.bids)).toEqual(levels.bids.map((level) => [...level]))
    expect(pairs(book.asks)).toEqual(levels.asks.map((level) => [...level]))
    const trades = await okx.fetchTrades(PERP, undefined, 200)
    expect(trades).toHaveLength(200)
    const first = Number(trades[0]?.timestamp)
    const played = new Map(
      exchange.world.trades(byId(PERP), first - 1, exchange.now()).map((it) => [String(it.id), it]),
    )
    for (const { id, price, side, amount, timestamp } of trades) {
      const of = played.get(String(id))!
      expect([price, side, timestamp]).toEqual([of.price, of.aggressor, of.ts])
      expect(amount! * 0.01).toBeCloseTo(of.size, 9)
    }
  })

  it('is let in with the right secret and refused with a wrong one', async () => {
    const balance = await (await client(OKX_SIM_ACCOUNT.secret)).fetchBalance()
    expect(balance.USDT).toMatchObject({ total: 100_000 })
    const wrong = await client('another secret')
    await wrong.fetchBalance().then(
      () => expect.unreachable('the wrong secret was let in'),
      (error: unknown) => expect(error).toBeInstanceOf(ccxt.AuthenticationError),
    )
  })

  it('is told in its own words what the venue refuses', async () => {
    await expect(okx.fetchOHLCV(PERP, '1w')).rejects.toBeInstanceOf(ccxt.BadRequest)
    const many = Array.from({ length: 30 }, () => okx.fetchFundingRate(PERP))
    const results = await Promise.allSettled(many)
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(reasons.length).toBeGreaterThan(0)
    for (const reason of reasons) expect(reason).toBeInstanceOf(ccxt.RateLimitExceeded)
  })
})

describe('ccxt on the simulated okx, by stream', () => {
  it('watches a ticker', async () => {
    const ticker = await okx.watchTicker(PERP)
    const quote = exchange.world.quote(byId(PERP), Number(ticker.timestamp))
    expect([ticker.bid, ticker.ask]).toEqual([quote.bid, quote.ask])
  })

  it('watches a book over many updates without a gap', async () => {
    const symbol = 'ETH/USDT'
    for (let i = 0; i < 15; i++) await okx.watchOrderBook(symbol)
    const book = await okx.watchOrderBook(symbol)
    const played = exchange.world.book(byId(symbol), Number(book.timestamp), 50)
    expect(book.bids.slice(0, 10).map((level) => level.slice(0, 2))).toEqual(
      played.bids.slice(0, 10).map((level) => [...level]),
    )
    expect(book.asks.slice(0, 10).map((level) => level.slice(0, 2))).toEqual(
      played.asks.slice(0, 10).map((level) => [...level]),
    )
  })

  it('watches trades', async () => {
    await okx.watchTrades(PERP)
    const trades = await okx.watchTrades(PERP)
    expect(trades.length).toBeGreaterThan(0)
    for (const { id, price, timestamp } of trades) {
      const at = Number(timestamp)
      const of = exchange.world.trades(byId(PERP), at - 1, at).find((trade) => String(trade.id) === id)
      expect(price).toBe(of?.price)
    }
  })

  it('watches bars on the business socket', async () => {
    const [bar] = (await okx.watchOHLCV(INVERSE, '1m')).slice(-1)
    const openTime = Number(bar?.[0])
    expect(openTime % MINUTE_MS).toBe(0)
    expect(exchange.now() - openTime).toBeLessThan(2 * MINUTE_MS)
    const [played] = exchange.world.bars(byId(INVERSE), MINUTE_MS, openTime, openTime + 1, exchange.now())
    expect(bar?.[1]).toBe(played?.open)
  })

  it('watches the funding rate', async () => {
    const rate = await okx.watchFundingRate(PERP)
    expect(rate.fundingRate).toBeCloseTo(exchange.world.fundingRate(byId(PERP), Number(rate.info.ts)), 12)
  })
})
