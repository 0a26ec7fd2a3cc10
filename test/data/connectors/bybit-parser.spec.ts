/** Numbers, units, signs and times of Bybit's payloads against the venue's own examples. */
import { describe, expect, it } from 'vitest'
import { bybitParser } from '#data/connectors/bybit/parser'
import { type ParseContext, PayloadRefused } from '#data/connectors/normal'

const context = (market: string, more: Partial<ParseContext> = {}): ParseContext => ({
  receivedAt: 1_700_000_000_000,
  market,
  facts: () => undefined,
  price: () => undefined,
  ...more,
})
const ok = (result: unknown, time = 1_672_025_956_592) => ({ retCode: 0, retMsg: 'OK', result, retExtInfo: {}, time })
const parse = (topic: string, market: string, payload: unknown, more: Partial<ParseContext> = {}) =>
  bybitParser.parse(topic, payload, context(market, more))

describe('bybit klines', () => {
  const list = [
    ['1670608800000', '17071', '17073', '17027', '17055.5', '268611', '15.74462667'],
    ['1670605200000', '17071.5', '17071.5', '17061', '17071', '4177', '0.24469757'],
    ['1670601600000', '17086.5', '17088', '16978', '17071.5', '6356', '0.37288112'],
  ]

  it('come newest first and leave oldest first; inverse volume is USD and becomes the coins of the turnover', () => {
    const bars = parse('rest/kline', 'inverse', ok({ symbol: 'BTCUSD', category: 'inverse', list }))
    expect(bars.map((bar) => bar.kind === 'bar' && bar.openTime)).toEqual([1670601600000, 1670605200000, 1670608800000])
    expect(bars[2]).toEqual({
      kind: 'bar',
      instrument: 'bybit.inverse.BTCUSD',
      interval: '1h',
      openTime: 1670608800000,
      open: 17071,
      high: 17073,
      low: 17027,
      close: 17055.5,
      volume: 15.74462667,
      quoteVolume: 268611,
      isClosed: null,
    })
  })

  it('of linear markets keep volume in coins', () => {
    const [bar] = parse('rest/kline', 'linear', ok({ symbol: 'BTCUSDT', category: 'linear', list }))
    expect(bar).toMatchObject({ volume: 6356, quoteVolume: 0.37288112 })
  })

  it('on the stream say whether they are closed', () => {
    const row = {
      start: 1672324800000,
      end: 1672325099999,
      interval: '5',
      open: '16649.5',
      close: '16677',
      high: '16677',
      low: '16608',
      volume: '2.081',
      turnover: '34666.4005',
      confirm: false,
      timestamp: 1672324988882,
    }
    const frame = (data: unknown) => ({ topic: 'kline.5.BTCUSDT', data: [data], ts: 1672324988882, type: 'snapshot' })
    expect(parse('kline', 'spot', frame(row))).toEqual([
      {
        kind: 'bar',
        instrument: 'bybit.spot.BTCUSDT',
        interval: '5m',
        openTime: 1672324800000,
        open: 16649.5,
        high: 16677,
        low: 16608,
        close: 16677,
        volume: 2.081,
        quoteVolume: 34666.4005,
        isClosed: false,
      },
    ])
    expect(parse('kline', 'linear', frame({ ...row, confirm: true }))[0]).toMatchObject({ isClosed: true })
    expect(() => parse('kline', 'linear', frame({ ...row, confirm: undefined }))).toThrow(/data\[\]\.confirm/)
    expect(() => parse('kline', 'option', frame(row))).toThrow(PayloadRefused)
  })

  it('of one row do not tell their interval', () => {
    const page = ok({ symbol: 'BTCUSD', category: 'inverse', list: list.slice(0, 1) })
    expect(() => parse('rest/kline', 'inverse', page)).toThrow(/interval/)
    expect(parse('rest/kline', 'inverse', page, { interval: '1h' })).toHaveLength(1)
  })
})

const LINEAR = {
  topic: 'tickers.BTCUSDT',
  type: 'snapshot',
  data: {
    symbol: 'BTCUSDT',
    lastPrice: '66666.60',
    markPrice: '66666.60',
    indexPrice: '115418.19',
    openInterest: '492373.72',
    openInterestValue: '32824881841.75',
    fundingIntervalHour: '8',
    nextFundingTime: '1760342400000',
    fundingRate: '-0.005',
    bid1Price: '66666.60',
    bid1Size: '23789.165',
    ask1Price: '66666.70',
    ask1Size: '23775.469',
  },
  cs: 9532239429,
  ts: 1760325052630,
}

describe('bybit tickers', () => {
  it('carry mark, funding, open interest and quotes in one frame', () => {
    const instrument = 'bybit.linear.BTCUSDT'
    const ts = 1760325052630
    expect(parse('tickers', 'linear', LINEAR)).toEqual([
      { kind: 'mark', instrument, ts, mark: 66666.6, index: 115418.19 },
      { kind: 'funding', instrument, ts, rate: -0.005, intervalMs: 28_800_000, nextFundingAt: 1760342400000 },
      { kind: 'openInterest', instrument, ts, openInterest: 492373.72, value: 32824881841.75 },
      { kind: 'quote', instrument, ts, bid: 66666.6, ask: 66666.7, bidSize: 23789.165, askSize: 23775.469 },
    ])
  })

  it('of dated futures have no funding', () => {
    const data = { ...LINEAR.data, symbol: 'BTC-26DEC25', fundingRate: '', nextFundingTime: '' }
    const kinds = parse('tickers', 'linear', { ...LINEAR, data }).map((record) => record.kind)
    expect(kinds).toEqual(['mark', 'openInterest', 'quote'])
  })

  it('of inverse markets: USD become coins at the mark and at the quote', () => {
    const row = {
      symbol: 'BTCUSD',
      indexPrice: '114890.92',
      markPrice: '114898.43',
      openInterest: '240113967',
      openInterestValue: '2089.79',
      fundingRate: '0.0001',
      nextFundingTime: '1760371200000',
      fundingIntervalHour: '8',
      ask1Size: '9854',
      bid1Price: '103401.00',
      ask1Price: '109152.80',
      bid1Size: '1063',
    }
    const records = parse('rest/tickers', 'inverse', ok({ category: 'inverse', list: [row] }, 1760352369814))
    const interest = records.find((record) => record.kind === 'openInterest')
    expect(interest).toMatchObject({ ts: 1760352369814, value: 240113967 })
    // The venue's own openInterestValue, which is in coins.
    expect(interest?.kind === 'openInterest' && interest.openInterest).toBeCloseTo(2089.79, 2)
    const quote = records.find((record) => record.kind === 'quote')
    expect(quote).toMatchObject({ bid: 103401, bidSize: 1063 / 103401, askSize: 9854 / 109152.8 })
  })

  it('count one side of the open interest: the single one, else half of what is younger than the doubling', () => {
    const of = (data: object, ts: number) =>
      parse('tickers', 'linear', { ...LINEAR, ts, data: { ...LINEAR.data, ...data } }).find(
        (record) => record.kind === 'openInterest',
      )
    expect(of({ singleOpenInterest: '246186.86' }, 1790000000000)).toMatchObject({
      openInterest: 246186.86,
      value: 32824881841.75 / 2,
    })
    expect(of({}, 1790000000000)).toMatchObject({ openInterest: 492373.72 / 2 })
    expect(of({}, 1760325052630)).toMatchObject({ openInterest: 492373.72 })
  })

  it('of options: volatilities are decimals already, 0 is no quote', () => {
    const data = {
      symbol: 'BTC-6JAN23-17500-C',
      bidPrice: '0',
      bidSize: '0',
      bidIv: '0',
      askPrice: '10',
      askSize: '5.1',
      askIv: '0.514',
      markPrice: '7.86976724',
      indexPrice: '16823.73',
      markPriceIv: '0.4896',
      underlyingPrice: '16815.1',
      openInterest: '49.85',
      delta: '0.047831',
      gamma: '0.00021453',
      vega: '0.81351067',
      theta: '-19.9115368',
    }
    const frame = { topic: 'tickers.BTC-6JAN23-17500-C', ts: 1672917511074, type: 'snapshot', data }
    expect(parse('tickers', 'option', frame)).toEqual([
      {
        kind: 'option',
        instrument: 'bybit.option.BTC-6JAN23-17500-C',
        ts: 1672917511074,
        bid: null,
        ask: 10,
        mark: 7.86976724,
        bidIv: null,
        askIv: 0.514,
        markIv: 0.4896,
        delta: 0.047831,
        gamma: 0.00021453,
        vega: 0.81351067,
        theta: -19.9115368,
        underlyingPrice: 16815.1,
        indexPrice: 16823.73,
        openInterest: 49.85,
      },
      {
        kind: 'quote',
        instrument: 'bybit.option.BTC-6JAN23-17500-C',
        ts: 1672917511074,
        bid: null,
        ask: 10,
        bidSize: 0,
        askSize: 5.1,
      },
    ])
  })
})

describe('bybit funding and open interest', () => {
  it('history descends there and ascends here; the period is the distance to the settlement before', () => {
    const list = [
      { symbol: 'BTCUSDT', fundingRate: '0.0001', fundingRateTimestamp: '1709884800003' },
      { symbol: 'BTCUSDT', fundingRate: '0.00015', fundingRateTimestamp: '1709856000000' },
    ]
    expect(parse('rest/funding/history', 'linear', ok({ category: 'linear', list }))).toEqual([
      {
        kind: 'settlement',
        instrument: 'bybit.linear.BTCUSDT',
        settledAt: 1709856000000,
        rate: 0.00015,
        intervalMs: null,
      },
      {
        kind: 'settlement',
        instrument: 'bybit.linear.BTCUSDT',
        settledAt: 1709884800000,
        rate: 0.0001,
        intervalMs: 28_800_000,
      },
    ])
  })

  it('open interest of inverse markets needs a price', () => {
    const list = [
      { openInterest: '63910691.00000000', singleOpenInterest: '31955346', timestamp: '1780963200000' },
      { openInterest: '63942311.00000000', singleOpenInterest: '31971156', timestamp: '1780704000000' },
    ]
    const page = ok({ symbol: 'BTCUSD', category: 'inverse', list })
    expect(() => parse('rest/open-interest', 'inverse', page)).toThrow(/need a price/)
    expect(parse('rest/open-interest', 'inverse', page, { price: () => 100_000 })).toEqual([
      {
        kind: 'openInterest',
        instrument: 'bybit.inverse.BTCUSD',
        ts: 1780704000000,
        openInterest: 319.71156,
        value: 31971156,
      },
      {
        kind: 'openInterest',
        instrument: 'bybit.inverse.BTCUSD',
        ts: 1780963200000,
        openInterest: 319.55346,
        value: 31955346,
      },
    ])
  })
})

describe('bybit trades, liquidations, books', () => {
  it('the side of a trade is the taker’s', () => {
    const data = [
      { T: 1672304486865, s: 'BTCUSDT', S: 'Buy', v: '0.001', p: '16578.50', i: '20f43950-d8dd', BT: false },
    ]
    const frame = { topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts: 1672304486868, data }
    expect(parse('publicTrade', 'linear', frame)).toEqual([
      {
        kind: 'trade',
        instrument: 'bybit.linear.BTCUSDT',
        ts: 1672304486865,
        id: '20f43950-d8dd',
        price: 16578.5,
        size: 0.001,
        aggressor: 'buy',
        isLiquidation: null,
      },
    ])
    const inverse = { ...frame, data: [{ ...data[0], s: 'BTCUSD', v: '1000', p: '20000' }] }
    expect(parse('publicTrade', 'inverse', inverse)[0]).toMatchObject({ size: 0.05 })
  })

  it('the side of a liquidation is the position’s: Sell was a short', () => {
    const data = [{ T: 1739502302929, s: 'ROSEUSDT', S: 'Sell', v: '20000', p: '0.04499' }]
    const frame = { topic: 'allLiquidation.ROSEUSDT', type: 'snapshot', ts: 1739502303204, data }
    expect(parse('allLiquidation', 'linear', frame)).toEqual([
      {
        kind: 'liquidation',
        instrument: 'bybit.linear.ROSEUSDT',
        ts: 1739502302929,
        side: 'short',
        price: 0.04499,
        size: 20000,
      },
    ])
  })

  it('books: pairs, deltas, an id of 1 is whole again', () => {
    const frame = {
      topic: 'orderbook.50.BTCUSDT',
      type: 'delta',
      ts: 1687940967466,
      data: { s: 'BTCUSDT', b: [['30240.00', '0']], a: [['30249.30', '0.892']], u: 177400507, seq: 66544703342 },
      cts: 1687940967464,
    }
    expect(parse('orderbook', 'linear', frame)).toEqual([
      {
        kind: 'book',
        instrument: 'bybit.linear.BTCUSDT',
        ts: 1687940967466,
        action: 'update',
        firstId: 177400507,
        lastId: 177400507,
        previousId: null,
        bids: [30240, 0],
        asks: [30249.3, 0.892],
      },
    ])
    const restarted = { ...frame, data: { ...frame.data, u: 1 } }
    expect(parse('orderbook', 'linear', restarted)[0]).toMatchObject({ action: 'snapshot' })
    const torn = { ...frame, data: { ...frame.data, b: [['30240.00']] } }
    expect(() => parse('orderbook', 'linear', torn)).toThrow(/data\.b\[0\]/)
  })
})

describe('bybit instruments', () => {
  it('linear: minutes of funding, steps without trailing zeros, "0" is no delivery', () => {
    const row = {
      symbol: 'BTCUSDT',
      contractType: 'LinearPerpetual',
      status: 'Trading',
      baseCoin: 'BTC',
      quoteCoin: 'USDT',
      settleCoin: 'USDT',
      launchTime: '1585526400000',
      deliveryTime: '0',
      priceFilter: { tickSize: '0.10' },
      lotSizeFilter: { minOrderQty: '0.001', qtyStep: '0.001', minNotionalValue: '5' },
      fundingInterval: 480,
    }
    const [record] = parse('rest/instruments-info', 'linear', ok({ category: 'linear', list: [row] }))
    expect(record?.kind === 'instrument' && record.facts).toEqual({
      instrument: 'bybit.linear.BTCUSDT',
      kind: 'linearPerpetual',
      base: 'BTC',
      quote: 'USDT',
      settle: 'USDT',
      tick: '0.1',
      lot: '0.001',
      minSize: '0.001',
      minNotional: '5',
      contractSize: '1',
      contractOf: 'base',
      isTrading: true,
      listedAt: 1585526400000,
      expiresAt: null,
      strike: null,
      option: null,
      fundingIntervalMs: 28_800_000,
    })
  })

  it('spot: the lot is basePrecision, the least value minOrderAmt', () => {
    const row = {
      symbol: 'BTCUSDT',
      baseCoin: 'BTC',
      quoteCoin: 'USDT',
      status: 'Trading',
      lotSizeFilter: { basePrecision: '0.000001', minOrderQty: '0.000011', minOrderAmt: '5' },
      priceFilter: { tickSize: '0.1' },
    }
    const [record] = parse('rest/instruments-info', 'spot', ok({ category: 'spot', list: [row] }))
    expect(record).toMatchObject({ facts: { kind: 'spot', lot: '0.000001', minSize: '0.000011', minNotional: '5' } })
  })

  it('options: strike and side, delivery by its field', () => {
    const row = {
      symbol: 'BTC-27MAR26-70000-P-USDT',
      status: 'Trading',
      baseCoin: 'BTC',
      quoteCoin: 'USDT',
      settleCoin: 'USDT',
      optionsType: 'Put',
      launchTime: '1743669649256',
      deliveryTime: '1774598400000',
      priceFilter: { tickSize: '5' },
      lotSizeFilter: { minOrderQty: '0.01', qtyStep: '0.01' },
    }
    const [record] = parse('rest/instruments-info', 'option', ok({ category: 'option', list: [row] }))
    expect(record).toMatchObject({
      facts: { kind: 'linearOption', strike: 70000, option: 'put', expiresAt: 1774598400000, minNotional: '0' },
    })
  })

  it('an unknown contract is refused, not guessed', () => {
    const row = { symbol: 'X', baseCoin: 'X', quoteCoin: 'Y', status: 'Trading', settleCoin: 'Y', contractType: 'New' }
    const steps = { priceFilter: { tickSize: '1' }, lotSizeFilter: { minOrderQty: '1', qtyStep: '1' } }
    const page = ok({ category: 'linear', list: [{ ...row, ...steps }] })
    expect(() => parse('rest/instruments-info', 'linear', page)).toThrow(/contractType/)
  })
})

it('a retCode in an HTTP 200 is no data', () => {
  const payload = { retCode: 10001, retMsg: 'params error', result: {}, time: 1 }
  expect(() => parse('rest/tickers', 'linear', payload)).toThrow(/retCode.*badRequest 10001: params error/)
})
