/** Somebody else's client on the simulated Binance: ccxt reads what the world is on all three markets, by REST and stream. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { HOUR_MS, MINUTE_MS } from '#core/time'
import { TEST_ACCOUNT } from '#venues/exchange/binance/account'
import { binanceProtocol } from '#venues/exchange/binance/protocol'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { WorldInstrument } from '#venues/exchange/world.port'
import { type CcxtClient, ccxtClient } from '../ccxt-client.js'

const START = 1_735_900_000_000
const time = scaledTime(1, START)
let exchange: Exchange
const clients: CcxtClient[] = []

async function client(name: 'binance' | 'binanceusdm' | 'binancecoinm', secret?: string): Promise<CcxtClient> {
  const { spotWs, futureWs, deliveryWs, ...rest } = binanceProtocol().urls(exchange.rest, exchange.ws)
  const ws = { spot: spotWs, future: futureWs, delivery: deliveryWs }
  const types = { binance: ['spot'], binanceusdm: ['linear'], binancecoinm: ['inverse'] }[name]
  const made = await ccxtClient({
    name,
    urls: { ...rest, ws },
    now: () => exchange.now(),
    ...(secret === undefined ? {} : { credentials: { apiKey: TEST_ACCOUNT.apiKey, secret } }),
    options: { fetchMarkets: { types }, fetchMargins: false },
  })
  clients.push(made)
  return made
}

const instrument = (id: string): WorldInstrument => {
  const found = exchange.world.instruments(exchange.now()).find((one) => one.id === id)
  if (found === undefined) throw new Error(`${id} is not in the world`)
  return found
}

beforeAll(async () => {
  const world = generatedWorld({ seed: 7, venue: 'binance', symbols: 6, tradesPerMinute: 240 })
  exchange = await openExchange({ protocol: binanceProtocol(), world, time, seed: 1 })
})

afterAll(async () => {
  for (const one of clients) await one.close()
  expect(exchange.stats().errors).toEqual([])
  await exchange.close()
})

describe.each([
  { name: 'binance' as const, symbol: 'BTC/USDT', contractUsd: 0 },
  { name: 'binanceusdm' as const, symbol: 'BTC/USDT:USDT', contractUsd: 0 },
  { name: 'binancecoinm' as const, symbol: 'BTC/USD:BTC', contractUsd: 100 },
])('ccxt $name on the simulator', ({ name, symbol, contractUsd }) => {
  let venue: CcxtClient
  beforeAll(async () => {
    venue = await client(name)
    await venue.loadMarkets()
  })

  it('loads what is listed, on its terms', () => {
    const market = venue.market(symbol)
    const { tick, lot } = instrument(symbol)
    expect(market).toMatchObject({ active: true, precision: { price: Number(tick) } })
    expect(market?.precision.amount).toBe(contractUsd > 0 ? 1 : Number(lot))
    if (contractUsd > 0) expect(market).toMatchObject({ contractSize: 100, inverse: true })
    const kinds = { binance: 'spot', binanceusdm: 'linear', binancecoinm: 'inverse' }
    const wanted = exchange.world.instruments(exchange.now()).filter(({ kind }) => {
      if (kind === 'inverseOption') return false
      return kind.startsWith(kinds[name])
    })
    expect([...(venue.symbols ?? [])].sort()).toEqual(wanted.map(({ id }) => id).sort())
  })

  it('reads bars', async () => {
    const since = START - 30 * HOUR_MS
    const from = Math.ceil(since / HOUR_MS) * HOUR_MS
    // COIN-M gives the newest of a window, so the window is named.
    const rows = await venue.fetchOHLCV(symbol, '1h', since, 24, { until: from + 24 * HOUR_MS - 1 })
    const bars = exchange.world.bars(instrument(symbol), HOUR_MS, from, from + 24 * HOUR_MS, exchange.now())
    expect(rows.map((row) => row.slice(0, 5))).toEqual(bars.map((b) => [b.openTime, b.open, b.high, b.low, b.close]))
    // ccxt takes the column of coins on COIN-M.
    for (const [i, row] of rows.entries()) expect(row[5]).toBeCloseTo(bars[i]!.volume, 3)
    expect(rows).toHaveLength(24)
  })

  it('reads books that stand one step', async () => {
    const book = await venue.fetchOrderBook(symbol, 20)
    const id = Number(book.nonce)
    const truth = exchange.world.book(instrument(symbol), (id / 10) * 100, 20)
    expect(book.bids.map(([price]) => price)).toEqual(truth.bids.map(([price]) => price))
    expect(book.asks.map(([price]) => price)).toEqual(truth.asks.map(([price]) => price))
    const [price, size] = truth.bids[0]!
    expect(book.bids[0]![1]).toBeCloseTo(contractUsd > 0 ? Math.max(1, Math.round((size * price) / 100)) : size, 6)
  })

  it('reads trades with the taker side', async () => {
    const trades = await venue.fetchTrades(symbol, undefined, 30)
    const truth = exchange.world.trades(instrument(symbol), trades[0]!.timestamp! - 1, trades.at(-1)!.timestamp!)
    const byId = new Map(truth.map((trade) => [String(trade.id), trade]))
    expect(trades).toHaveLength(30)
    for (const trade of trades)
      expect(byId.get(trade.id!)).toMatchObject({ price: trade.price, aggressor: trade.side, ts: trade.timestamp })
  })

  it('reads the ticker of a day', async () => {
    const ticker = await venue.fetchTicker(symbol)
    const bars = exchange.world.bars(
      instrument(symbol),
      HOUR_MS,
      Math.floor(START / HOUR_MS) * HOUR_MS - 23 * HOUR_MS,
      exchange.now(),
      exchange.now(),
    )
    expect(ticker.high).toBe(Math.max(...bars.map(({ high }) => high)))
    expect(ticker.open).toBe(bars[0]!.open)
    expect(ticker.last).toBeGreaterThan(0)
  })

  // Spot has neither.
  if (name !== 'binance')
    it('reads funding and open interest', async () => {
      const of = instrument(symbol)
      const now = await venue.fetchFundingRate(symbol)
      expect(now.fundingRate).toBeCloseTo(exchange.world.fundingRate(of, now.timestamp!), 8)
      expect(now.markPrice).toBeCloseTo(exchange.world.mark(of, now.timestamp!), 6)
      expect(now.fundingTimestamp! % HOUR_MS).toBe(0)
      const since = START - 100 * HOUR_MS
      const history = await venue.fetchFundingRateHistory(symbol, since, 100)
      const settled = exchange.world.settlements(of, since, exchange.now())
      expect(settled.length).toBeGreaterThan(10)
      expect(history.map(({ timestamp }) => Math.floor(timestamp! / MINUTE_MS) * MINUTE_MS)).toEqual(
        settled.map(({ ts }) => ts),
      )
      for (const [i, row] of history.entries()) expect(row.fundingRate).toBeCloseTo(settled[i]!.rate, 8)
      const interest = await venue.fetchOpenInterest(symbol)
      const coins = exchange.world.openInterest(of, interest.timestamp!)
      const amount = contractUsd > 0 ? (coins * exchange.world.mark(of, interest.timestamp!)) / contractUsd : coins
      expect(interest.openInterestAmount! / amount).toBeCloseTo(1, 4)
    })

  it('follows trades, books, bars and the ticker by stream', { timeout: 60_000 }, async () => {
    const of = instrument(symbol)
    const trades = await venue.watchTrades(symbol)
    const truth = exchange.world.trades(of, trades[0]!.timestamp! - 1, exchange.now())
    for (const trade of trades)
      expect(truth.find(({ id }) => String(id) === trade.id)).toMatchObject({
        price: trade.price,
        aggressor: trade.side,
      })

    // ccxt checks the chain of ids itself, and throws when it breaks.
    let book = await venue.watchOrderBook(symbol)
    for (let i = 0; i < 10; i++) book = await venue.watchOrderBook(symbol)
    const top = exchange.world.book(of, (Number(book.nonce) / 10) * 100, 5)
    expect(book.bids.slice(0, 5).map(([price]) => price)).toEqual(top.bids.map(([price]) => price))
    expect(book.asks.slice(0, 5).map(([price]) => price)).toEqual(top.asks.map(([price]) => price))

    const [bar] = await venue.watchOHLCV(symbol, '1m')
    const openTime = Number(bar![0])
    const [real] = exchange.world.bars(of, MINUTE_MS, openTime, openTime + MINUTE_MS, exchange.now())
    expect(bar![1]).toBe(real!.open)
    expect(Number(bar![2])).toBeLessThanOrEqual(real!.high)

    const ticker = await venue.watchTicker(symbol)
    expect(Math.abs(ticker.last! / exchange.world.quote(of, exchange.now()).bid - 1)).toBeLessThan(0.01)
    await venue.close()
  })

  it('signs as the venue wants, and is refused with another secret', async () => {
    const owner = await client(name, TEST_ACCOUNT.secret)
    const balance = await owner.fetchBalance()
    const held = { binance: ['USDT', 250_000], binanceusdm: ['USDT', 100_000], binancecoinm: ['BTC', 2] }[name]
    expect(balance[held[0]!]).toMatchObject({ free: held[1] })
    await expect((await client(name, 'wrong')).fetchBalance()).rejects.toThrow(/-1022|Signature/)
  })
})
