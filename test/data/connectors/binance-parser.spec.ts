/** Numbers, units, signs and times of Binance's payloads, mostly the venue's own examples. */
import { describe, expect, it } from 'vitest'
import { binanceParser } from '#data/connectors/binance/parser'
import { type InstrumentFacts, type ParseContext, PayloadRefused } from '#data/connectors/normal'

const BTC_COIN: InstrumentFacts = {
  instrument: 'binance.coinm.BTCUSD_PERP',
  kind: 'inversePerpetual',
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  tick: '0.1',
  lot: '1',
  minSize: '1',
  minNotional: '0',
  contractSize: '100',
  contractOf: 'quote',
  isTrading: true,
  listedAt: null,
  expiresAt: null,
  strike: null,
  option: null,
  fundingIntervalMs: 28_800_000,
}

const parse = (topic: string, market: string, payload: unknown, more: Partial<ParseContext> = {}) =>
  binanceParser.parse(topic, payload, {
    receivedAt: 1_700_000_000_000,
    market,
    facts: (id) => (id.startsWith('binance.coinm.BTCUSD') ? BTC_COIN : undefined),
    price: () => 50_000,
    ...more,
  })

describe('binance bars', () => {
  const row = [
    1591258320000,
    '9640.7',
    '9642.4',
    '9640.6',
    '9642.0',
    '206',
    1591258379999,
    '2.13660389',
    48,
    '119',
    '1.2',
    '0',
  ]

  it('of spot and USD-M have coins in column 5 and quote in 7', () => {
    const [bar] = parse('rest/klines', 'usdm', [row], { symbol: 'BTCUSDT', interval: '1m' })
    expect(bar).toEqual({
      kind: 'bar',
      instrument: 'binance.usdm.BTCUSDT',
      interval: '1m',
      openTime: 1591258320000,
      open: 9640.7,
      high: 9642.4,
      low: 9640.6,
      close: 9642,
      volume: 206,
      quoteVolume: 2.13660389,
      isClosed: null,
    })
  })

  it('of COIN-M have contracts in column 5 and coins in 7', () => {
    const [bar] = parse('rest/klines', 'coinm', [row], { symbol: 'BTCUSD_PERP', interval: '1m' })
    expect(bar).toMatchObject({ volume: 2.13660389, quoteVolume: 20_600 })
  })

  it('are refused when a price is missing or nobody said of what they are', () => {
    expect(() => parse('rest/klines', 'usdm', [[1591258320000]], { symbol: 'X', interval: '1m' })).toThrow(
      PayloadRefused,
    )
    expect(() => parse('rest/klines', 'usdm', [row])).toThrow('symbol')
  })
})

describe('binance marks and funding', () => {
  it('premiumIndex tells the rate that is being formed, and when it will be settled', () => {
    const row = {
      symbol: 'BTCUSDT',
      markPrice: '11793.63104562',
      indexPrice: '11781.80495970',
      estimatedSettlePrice: '11781.16138815',
      lastFundingRate: '0.00038246',
      interestRate: '0.00010000',
      nextFundingTime: 1597392000000,
      time: 1597370495002,
    }
    expect(parse('rest/premiumIndex', 'usdm', row)).toEqual([
      {
        kind: 'mark',
        instrument: 'binance.usdm.BTCUSDT',
        ts: 1597370495002,
        mark: 11793.63104562,
        index: 11781.8049597,
      },
      {
        kind: 'funding',
        instrument: 'binance.usdm.BTCUSDT',
        ts: 1597370495002,
        rate: 0.00038246,
        intervalMs: null,
        nextFundingAt: 1597392000000,
      },
    ])
  })

  it('of delivery contracts have no rate', () => {
    const frame = {
      e: 'markPriceUpdate',
      E: 1596095725000,
      s: 'BTCUSD_201225',
      p: '10934.62615417',
      P: '10962.17178236',
      i: '10933.62615417',
      r: '',
      T: 0,
    }
    expect(parse('markPrice', 'coinm', frame)).toEqual([
      {
        kind: 'mark',
        instrument: 'binance.coinm.BTCUSD_201225',
        ts: 1596095725000,
        mark: 10934.62615417,
        index: 10933.62615417,
      },
    ])
  })

  it('settlements are rounded to the minute and keep their sign', () => {
    const rows = [{ symbol: 'BTCUSDT', fundingRate: '-0.03750000', fundingTime: 1570608000007, markPrice: '1' }]
    expect(parse('rest/fundingRate', 'usdm', rows)).toEqual([
      {
        kind: 'settlement',
        instrument: 'binance.usdm.BTCUSDT',
        settledAt: 1570608000000,
        rate: -0.0375,
        intervalMs: null,
      },
    ])
  })
})

describe('binance open interest', () => {
  it('is coins on USD-M, and contracts at the last price on COIN-M', () => {
    const row = { openInterest: '10659.509', symbol: 'BTCUSDT', time: 1589437530011 }
    expect(parse('rest/openInterest', 'usdm', row)).toMatchObject([{ openInterest: 10659.509, value: null }])
    const coin = { symbol: 'BTCUSD_PERP', pair: 'BTCUSD', openInterest: '15004', time: 1591261042378 }
    expect(parse('rest/openInterest', 'coinm', coin)).toMatchObject([{ openInterest: 30.008, value: 1_500_400 }])
    expect(() => parse('rest/openInterest', 'coinm', coin, { price: () => undefined })).toThrow('no price')
  })

  it('history of COIN-M has its coins in the value', () => {
    const row = {
      pair: 'BTCUSD',
      contractType: 'PERPETUAL',
      sumOpenInterest: '20403',
      sumOpenInterestValue: '176.5',
      timestamp: 1591261042378,
    }
    expect(parse('rest/openInterestHist', 'coinm', [row])).toMatchObject([
      { instrument: 'binance.coinm.BTCUSD_PERP', openInterest: 176.5, value: 2_040_300 },
    ])
    expect(() => parse('rest/openInterestHist', 'coinm', [{ ...row, contractType: 'ALL' }])).toThrow('ALL')
  })
})

describe('binance trades, liquidations and quotes', () => {
  it('m says that the buyer was the maker: the taker sold', () => {
    const trade = {
      e: 'trade',
      E: 1672515782136,
      s: 'BNBBTC',
      t: 12345,
      p: '0.001',
      q: '100',
      T: 1672515782136,
      m: true,
      M: true,
    }
    expect(parse('trade', 'spot', trade)).toEqual([
      {
        kind: 'trade',
        instrument: 'binance.spot.BNBBTC',
        ts: 1672515782136,
        id: '12345',
        price: 0.001,
        size: 100,
        aggressor: 'sell',
        isLiquidation: null,
      },
    ])
  })

  it('a SELL of forceOrder liquidated a long; contracts become coins at its price', () => {
    const o = {
      s: 'BTCUSD_PERP',
      S: 'SELL',
      o: 'LIMIT',
      f: 'IOC',
      q: '14',
      p: '9910',
      ap: '10000',
      X: 'FILLED',
      l: '14',
      z: '14',
      T: 1568014460893,
    }
    expect(parse('forceOrder', 'coinm', { e: 'forceOrder', E: 1568014460893, o })).toEqual([
      {
        kind: 'liquidation',
        instrument: 'binance.coinm.BTCUSD_PERP',
        ts: 1568014460893,
        side: 'long',
        price: 10_000,
        size: 0.14,
      },
    ])
    expect(parse('forceOrder', 'coinm', { e: 'forceOrder', E: 1, o: { ...o, S: 'BUY' } })).toMatchObject([
      { side: 'short' },
    ])
  })

  it('spot quotes have no time; an empty side is no price', () => {
    const quote = { u: 400900217, s: 'BNBUSDT', b: '25.35190000', B: '31.21000000', a: '0.00000000', A: '0.00000000' }
    expect(parse('bookTicker', 'spot', quote)).toEqual([
      {
        kind: 'quote',
        instrument: 'binance.spot.BNBUSDT',
        ts: null,
        bid: 25.3519,
        ask: null,
        bidSize: 31.21,
        askSize: 0,
      },
    ])
  })

  it('an id beyond 2^53 is refused, not rounded', () => {
    const trade = { e: 'trade', E: 1672515782136, s: 'BNBBTC', t: 2 ** 53, p: '1', q: '1', T: 1672515782136, m: true }
    expect(() => parse('trade', 'spot', trade)).toThrow('exact id')
  })
})

describe('binance instruments', () => {
  const symbol = {
    symbol: 'BTCUSDT',
    status: 'TRADING',
    contractType: 'PERPETUAL',
    deliveryDate: 4133404800000,
    onboardDate: 1569398400000,
    baseAsset: 'BTC',
    quoteAsset: 'USDT',
    marginAsset: 'USDT',
    pricePrecision: 2,
    quantityPrecision: 3,
    filters: [
      { filterType: 'PRICE_FILTER', tickSize: '0.10', minPrice: '1', maxPrice: '2' },
      { filterType: 'LOT_SIZE', stepSize: '0.001', minQty: '0.001', maxQty: '1' },
      { filterType: 'MIN_NOTIONAL', notional: '100' },
    ],
  }

  it('take steps from filters, never from precisions; the far date is no expiry', () => {
    const [record] = parse('rest/exchangeInfo', 'usdm', { symbols: [symbol] })
    expect(record).toEqual({
      kind: 'instrument',
      instrument: 'binance.usdm.BTCUSDT',
      facts: {
        ...BTC_COIN,
        instrument: 'binance.usdm.BTCUSDT',
        kind: 'linearPerpetual',
        quote: 'USDT',
        settle: 'USDT',
        tick: '0.1',
        lot: '0.001',
        minSize: '0.001',
        minNotional: '100',
        contractSize: '1',
        contractOf: 'base',
        listedAt: 1569398400000,
        fundingIntervalMs: null,
      },
    })
  })

  it('of quarterlies expire, and names beyond ASCII are left out', () => {
    const dated = { ...symbol, symbol: 'BTCUSDT_260925', contractType: 'NEXT_QUARTER', deliveryDate: 1790323200000 }
    const records = parse('rest/exchangeInfo', 'usdm', { symbols: [dated, { ...symbol, symbol: '币安人生USDT' }] })
    expect(records).toMatchObject([{ facts: { kind: 'linearFuture', expiresAt: 1790323200000 } }])
  })
})

describe('binance topics', () => {
  it('are told by keys, streams and URLs', () => {
    const guess = binanceParser.guess
    expect(guess({ stream: 'btcusdt@depth5@100ms', data: { lastUpdateId: 1, bids: [], asks: [] } })).toEqual({
      topic: 'partialDepth',
      symbol: 'BTCUSDT',
    })
    expect(guess({ e: 'aggTrade', s: 'BTCUSD_PERP' })).toEqual({ topic: 'aggTrade', market: 'coinm' })
    expect(guess([], 'https://dapi.binance.com/futures/data/openInterestHist?pair=BTCUSD')).toEqual({
      topic: 'rest/openInterestHist',
      market: 'coinm',
    })
    expect(guess({ e: 'ORDER_TRADE_UPDATE' })).toEqual({ topic: 'private' })
    expect(guess({ result: null, id: 1 })).toEqual({ topic: 'control' })
    expect(guess({ e: '24hrTicker' })).toBeUndefined()
  })
})
