/** What OKX's documented payloads say, in numbers; which are refused, and why. */
import { describe, expect, it } from 'vitest'
import type { InstrumentFacts } from '#data/connectors/normal'
import { fixtures, frame, parse, read, refusal } from './okx-context.js'

describe.skipIf(fixtures === undefined)('values of documented payloads', () => {
  it('reads bars of a linear swap: coins are volCcy, newest first as the page has them', () => {
    const { payload } = read('adapter/http_get_candlesticks_full.json')
    const bars = parse('rest/candles', payload, { symbol: 'BTC-USDT-SWAP', interval: '1m' })
    expect(bars).toEqual([
      {
        kind: 'bar',
        instrument: 'okx.swap.BTC-USDT-SWAP',
        interval: '1m',
        openTime: 1747094040000,
        open: 102806.1,
        high: 102820.4,
        low: 102806.1,
        close: 102820.4,
        volume: 10.4037,
        quoteVolume: 1069603.34883,
        isClosed: true,
      },
      expect.objectContaining({ openTime: 1747093980000, volume: 71.6404 }),
    ])
  })

  it('reads the same columns of a spot pair: coins are vol', () => {
    const { payload } = read('adapter/http_get_candlesticks_full.json')
    const [bar] = parse('rest/candles', payload, { symbol: 'BTC-USDT', interval: '1m' })
    expect(bar).toMatchObject({ instrument: 'okx.spot.BTC-USDT', volume: 1040.37, quoteVolume: 1069603.34883 })
  })

  it('takes the rate of the current period, its payment and its length', () => {
    const [funding] = parse('funding-rate', read('docs/ws-funding-rate.json').message)
    expect(funding).toEqual({
      kind: 'funding',
      instrument: 'okx.swap.BTC-USD-SWAP',
      ts: 1700724675402,
      rate: 0.0001875391284828,
      intervalMs: 28_800_000,
      nextFundingAt: 1700726400000,
    })
    expect(parse('rest/funding-rate', read('docs/rest-funding-rate.json').response)).toEqual([funding])
  })

  it('takes the realized rate of a settlement, not the predicted one', () => {
    const { payload } = read('adapter/http_get_funding_rate_history.json')
    expect(parse('rest/funding-rate-history', payload)).toEqual([
      {
        kind: 'settlement',
        instrument: 'okx.swap.BTC-USDT-SWAP',
        settledAt: 1704067200000,
        rate: 0.00015,
        intervalMs: null,
      },
      {
        kind: 'settlement',
        instrument: 'okx.swap.BTC-USDT-SWAP',
        settledAt: 1704038400000,
        rate: -0.00002,
        intervalMs: null,
      },
    ])
  })

  it('takes open interest in coins, of the stream and of the history', () => {
    expect(parse('open-interest', read('docs/ws-open-interest.json').message)).toEqual([
      {
        kind: 'openInterest',
        instrument: 'okx.swap.BTC-USDT-SWAP',
        ts: 1743041250440,
        openInterest: 22161.13010000003,
        value: 1939251795.5476928,
      },
    ])
    const history = parse('rest/open-interest-history', read('docs/rest-open-interest-history.json').response, {
      symbol: 'BTC-USDT-SWAP',
      interval: '1h',
    })
    expect(history[0]).toMatchObject({ ts: 1701417600000, openInterest: 111, value: 8888888 })
  })

  it('takes the liquidated position, the bankruptcy price and contracts as coins', () => {
    const expected = {
      kind: 'liquidation',
      instrument: 'okx.swap.IOST-USDT-SWAP',
      ts: 1692266434010,
      side: 'short',
      price: 0.007831,
      size: 13_000,
    }
    expect(parse('liquidation-orders', read('docs/ws-liquidation-orders.json').message)).toEqual([expected])
    expect(parse('rest/liquidation-orders', read('docs/rest-liquidation-orders.json').response)).toEqual([expected])
  })

  it('reads marks, indices and the time', () => {
    expect(parse('mark-price', read('docs/ws-mark-price.json').message)).toEqual([
      { kind: 'mark', instrument: 'okx.futures.LTC-USD-190628', ts: 1597026383085, mark: 0.1, index: null },
    ])
    expect(parse('rest/index-tickers', read('adapter/http_get_index_price.json').payload)).toEqual([
      { kind: 'index', venue: 'okx', name: 'BTC-USDT', ts: 1746942707815, price: 103895 },
    ])
    expect(parse('rest/time', read('docs/rest-system-time.json').response)).toEqual([
      { kind: 'serverTime', venue: 'okx', ts: 1597026383085 },
    ])
  })

  it('reads best bid and ask of tickers and of bbo-tbt', () => {
    expect(parse('rest/ticker', read('docs/rest-ticker.json').response)).toEqual([
      {
        kind: 'quote',
        instrument: 'okx.spot.BTC-USDT',
        ts: 1708669925904,
        bid: 51239.9,
        ask: 51240,
        bidSize: 1.68139044,
        askSize: 0.64278176,
      },
    ])
    expect(parse('bbo-tbt', read('adapter/ws_bbo_tbt.json').payload)[0]).toMatchObject({
      bid: 8476.97,
      bidSize: 256,
      ask: 8476.98,
      askSize: 415,
    })
  })

  it('reads a snapshot and an update of a book with their numbers', () => {
    const { snapshot, update } = read('docs/ws-books.json')
    const [whole] = parse('books', snapshot)
    expect(whole).toMatchObject({
      kind: 'book',
      action: 'snapshot',
      firstId: 123456,
      lastId: 123456,
      previousId: null,
      ts: 1597026383085,
    })
    expect(whole?.kind === 'book' && whole.bids.slice(0, 4)).toEqual([8476.97, 256, 8475.55, 101])
    expect(parse('books', update)[0]).toMatchObject({ action: 'update', previousId: 123456, lastId: 123457 })
  })

  it('reads volatilities as decimals and the Black-Scholes Greeks, never the coin-adjusted ones', () => {
    const { payload } = read('adapter/ws_opt_summary.json')
    expect(parse('opt-summary', payload)[0]).toEqual({
      kind: 'option',
      instrument: 'okx.option.BTC-USD-250328-92000-C',
      ts: 1711612800000,
      bid: null,
      ask: null,
      mark: null,
      bidIv: 0.52,
      askIv: 0.55,
      markIv: 0.53,
      delta: 0.5312,
      gamma: 0.0000134,
      vega: 0.0038,
      theta: -0.0015,
      underlyingPrice: 92150.5,
      indexPrice: null,
      openInterest: null,
    })
    const [bare] = parse('rest/opt-summary', read('adapter/http_get_option_summary.json').payload)
    expect(bare).toMatchObject({ markIv: 0.455, delta: null, vega: null })
  })

  it('reads terms: contracts of coins, of USD, and of the multiplier of options', () => {
    const facts = (file: string): readonly InstrumentFacts[] =>
      parse('rest/instruments', read(file).payload ?? read(file).body ?? read(file).response).flatMap((record) =>
        record.kind === 'instrument' ? [record.facts] : [],
      )
    const byId = (file: string, id: string) => facts(file).find(({ instrument }) => instrument === id)
    expect(byId('docs/rest-instruments-spot.json', 'okx.spot.BTC-USDT')).toEqual({
      instrument: 'okx.spot.BTC-USDT',
      kind: 'spot',
      base: 'BTC',
      quote: 'USDT',
      settle: 'USDT',
      tick: '0.1',
      lot: '0.00000001',
      minSize: '0.00001',
      minNotional: '0',
      contractSize: '1',
      contractOf: 'base',
      isTrading: true,
      listedAt: 1606468572000,
      expiresAt: null,
      strike: null,
      option: null,
      fundingIntervalMs: null,
    })
    expect(byId('adapter/http_get_instruments_swap.json', 'okx.swap.BTC-USD-SWAP')).toMatchObject({
      kind: 'inversePerpetual',
      base: 'BTC',
      quote: 'USD',
      settle: 'BTC',
      contractSize: '100',
      contractOf: 'quote',
      expiresAt: null,
    })
    expect(byId('adapter/http_get_instruments_futures.json', 'okx.futures.BTC-USD-241220')).toMatchObject({
      kind: 'inverseFuture',
      expiresAt: 1734681600000,
      contractSize: '100',
    })
    const option = {
      kind: 'inverseOption',
      strike: 92000,
      option: 'call',
      contractOf: 'base',
      expiresAt: 1734422400000,
    }
    const id = 'okx.option.BTC-USD-241217-92000-C'
    expect(byId('adapter/http_get_instruments_option.json', id)).toMatchObject({ ...option, contractSize: '0.01' })
    expect(facts('capture/instruments-OPTION.json')[0]).toMatchObject({ contractSize: '0.1', strike: 22000 })
  })

  it('tells control frames apart', () => {
    const control = read('docs/ws-control.json')
    const what = (key: string) => parse('control', control[key])[0]
    expect(what('subscribeOk')).toMatchObject({ what: 'ack' })
    expect(what('subscribeError')).toMatchObject({ what: 'error' })
    expect(what('notice')).toMatchObject({ what: 'other' })
    expect(what('connCountError')).toMatchObject({ what: 'error' })
    expect(parse('control', 'pong')).toEqual([{ kind: 'control', what: 'pong', detail: '' }])
  })
})

describe('units and refusals', () => {
  const trade = { instId: '', tradeId: '7', px: '50000', sz: '3', side: 'sell', ts: '1700000000000' }
  const size = (instId: string) => parse('trades', frame('trades', instId, { ...trade, instId }))[0]

  it('turns contracts into coins: by value, and by price where they are of USD', () => {
    expect(size('BTC-USDT')).toMatchObject({ size: 3, aggressor: 'sell', id: '7', isLiquidation: null })
    expect(size('BTC-USDT-SWAP')).toMatchObject({ size: 0.03 })
    expect(size('BTC-USD-SWAP')).toMatchObject({ size: 300 / 50_000 })
    expect(size('BTC-USD-241217-92000-C')).toMatchObject({ size: 0.03 })
  })

  it('refuses contracts whose size is not known', () => {
    const instId = 'ETH-USDT-SWAP'
    expect(refusal('trades', frame('trades', instId, { ...trade, instId }))).toContain('not known')
  })

  it('refuses a trade without side, time or price', () => {
    const without = (key: string) =>
      refusal('trades', frame('trades', 'BTC-USDT', { ...trade, instId: 'BTC-USDT', [key]: '' }))
    expect([without('side'), without('ts'), without('px')]).toEqual([
      'data[].side: is neither buy nor sell',
      'data[].ts: is "", not a number',
      'data[].px: is "", not a number',
    ])
  })

  it('refuses day bars that open at UTC+8 and takes the UTC ones', () => {
    const utc = ['1700006400000', '1', '2', '0.5', '1.5', '10', '15', '15', '0']
    expect(refusal('candle', frame('candle1D', 'BTC-USDT', utc))).toContain('open at UTC+8')
    expect(refusal('candle', frame('candle1s', 'BTC-USDT', utc))).toContain('not known')
    expect(parse('candle', frame('candle1Dutc', 'BTC-USDT', utc))[0]).toMatchObject({ interval: '1d', isClosed: false })
    const inHongKong = ['1699977600000', ...utc.slice(1)]
    expect(refusal('candle', frame('candle1Dutc', 'BTC-USDT', inHongKong))).toContain('does not begin a bar')
  })

  it('reads the seven columns of before 2022 without saying more than they do', () => {
    const row = ['1600000020000', '1', '2', '0.5', '1.5', '10', '15']
    const of = (symbol: string) => parse('rest/candles', { code: '0', data: [row] }, { symbol, interval: '1m' })[0]
    expect(of('BTC-USDT')).toMatchObject({ volume: 10, quoteVolume: 15, isClosed: null })
    expect(of('BTC-USDT-SWAP')).toMatchObject({ volume: 15, quoteVolume: null, isClosed: null })
  })

  it('an empty side of a ticker is no price', () => {
    const row = { instId: 'BTC-USDT', bidPx: '', bidSz: '', askPx: '2', askSz: '1', ts: '1700000000000' }
    expect(parse('tickers', frame('tickers', 'BTC-USDT', row))[0]).toMatchObject({ bid: null, bidSize: 0, ask: 2 })
  })

  it('a book of a stream without seqId is refused, one of REST is a quote', () => {
    const row = { asks: [['2', '1', '0', '1']], bids: [['1', '3', '0', '1']], ts: '1700000000000' }
    const books = { ...frame('books', 'BTC-USDT', row), action: 'snapshot' }
    expect(refusal('books', books)).toBe('data[].seqId: is absent, not a number')
    const rest = parse('rest/books', { code: '0', data: [row] }, { symbol: 'BTC-USDT' })
    expect(rest[0]).toMatchObject({ kind: 'quote', bid: 1, bidSize: 3, ask: 2, askSize: 1 })
  })

  it('a net position that was sold was long', () => {
    const detail = { bkPx: '10', posSide: 'net', side: 'sell', sz: '1', ts: '1700000000000' }
    const row = { instId: 'BTC-USDT-SWAP', details: [detail] }
    expect(parse('liquidation-orders', { data: [row] })[0]).toMatchObject({ side: 'long', size: 0.01 })
  })

  it('an error in the envelope is an error, not data', () => {
    expect(parse('rest/candles', { code: '50011', msg: 'Too Many Requests', data: [] })).toEqual([
      { kind: 'control', what: 'error', detail: '50011 Too Many Requests' },
    ])
  })

  it('passes over a preopen row without terms, and tells of one that is suspended', () => {
    const bare = { instId: 'X-USD-SWAP', instType: 'SWAP', state: 'preopen', tickSz: '' }
    expect(parse('rest/instruments', { code: '0', data: [bare] })).toEqual([])
    const terms = { baseCcy: 'X', quoteCcy: 'USDT', tickSz: '0.1', lotSz: '1', minSz: '1', listTime: '' }
    const pair = { instId: 'X-USDT', instType: 'SPOT', state: 'suspend', ...terms }
    expect(parse('rest/instruments', { code: '0', data: [pair] })).toMatchObject([
      { kind: 'instrument', facts: { isTrading: false, listedAt: null } },
      { kind: 'status', status: 'halted' },
    ])
    expect(refusal('rest/instruments', { data: [{ ...pair, tickSz: '' }] })).toContain('data[].tickSz')
  })
})
