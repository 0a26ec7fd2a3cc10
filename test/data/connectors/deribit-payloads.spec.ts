import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { deribitAdapter } from '#data/connectors/deribit/adapter'
import { deribitParser } from '#data/connectors/deribit/parser'
import type { BookRecord, Normal, ParseContext } from '#data/connectors/normal'
import { PayloadRefused } from '#data/connectors/normal'
import { payloadsContract } from '../../contracts/payloads.contract.js'
import { sharedPath } from '../../shared.js'

const fixtures = sharedPath('venues', 'fixtures', 'deribit')
const raw = sharedPath('data', 'raw', 'deribit')
const context: ParseContext = {
  receivedAt: 1_800_000_000_000,
  market: 'perpetual',
  facts: () => undefined,
  price: () => undefined,
}

function read(
  payload: unknown,
  url?: string,
  more: Partial<ParseContext> = {},
): readonly Normal[] | 'refused' | 'unknown' {
  const guess = deribitParser.guess(payload, url)
  if (!guess) return 'unknown'
  try {
    const symbol = guess.symbol === undefined ? {} : { symbol: guess.symbol }
    return deribitParser.parse(guess.topic, payload, { ...context, ...symbol, ...more })
  } catch (error) {
    if (error instanceof PayloadRefused) return 'refused'
    throw error
  }
}

const json = (...parts: readonly string[]) => JSON.parse(readFileSync(join(fixtures!, ...parts), 'utf8'))
const adapterFixture = (name: string): unknown => json('adapter', `${name}.json`).payload
const rpc = (method: string): unknown => json('rpc', `public-${method}.json`).responses[0].value

describe.skipIf(!fixtures || !raw)('recorded payloads of Deribit', () => {
  it('reads or refuses every fixture', () => {
    const unread: string[] = []
    let count = 0
    for (const file of readdirSync(join(fixtures!, 'rpc'))) {
      const { method, responses, requests } = json('rpc', file)
      const query = new URLSearchParams((requests[0]?.value?.params ?? {}) as Record<string, string>)
      for (const { value } of responses) {
        count++
        if (typeof read(value, `https://www.deribit.com/api/v2/${method}?${query}`) === 'string') unread.push(method)
      }
    }
    for (const file of readdirSync(join(fixtures!, 'adapter'))) {
      count++
      const { payload } = json('adapter', file)
      if (typeof read(payload, undefined, { symbol: 'BTC-PERPETUAL' }) === 'string') unread.push(file)
    }
    expect(count).toBeGreaterThan(80)
    // What is not read is private, or no market data of ours: nothing that a connector asks for.
    const ours =
      /ticker|book_summary|order_book|chart_data\b|instrument\b|get_instruments|funding_rate_history|volatility_index|last_trades|get_time|ws_/
    expect(
      unread.filter((name) => ours.test(name) && !/private|get_funding_chart|index_chart|settlements/.test(name)),
    ).toEqual([])
  })

  it('reads or refuses every line of the recordings, books and tickers all of them', () => {
    let records = 0
    for (const line of readFileSync(join(raw!, 'nautilus-payloads.jsonl'), 'utf8').trim().split('\n')) {
      const got = read(JSON.parse(line).payload, undefined, { symbol: 'BTC-PERPETUAL' })
      if (typeof got !== 'string') records += got.length
    }
    expect(records).toBeGreaterThan(30)
    const seen: Record<string, number> = {}
    for (const line of gunzipSync(readFileSync(join(raw!, 'cryptofeed-ws.txt.gz')))
      .toString('utf8')
      .split('\n')) {
      const text = line.replace(/^\d+\.\d+: /, '')
      if (!text.startsWith('{')) continue
      const got = read(JSON.parse(text))
      if (typeof got === 'string') throw new Error(`${got}: ${text.slice(0, 200)}`)
      for (const record of got) seen[record.kind] = (seen[record.kind] ?? 0) + 1
    }
    expect(seen.book).toBeGreaterThan(40)
    expect(seen.option).toBeGreaterThan(10)
    for (const line of gunzipSync(readFileSync(join(raw!, 'cryptofeed-rest-instruments.txt.gz')))
      .toString('utf8')
      .split('\n')) {
      const match = /^(https\S+) -> [\d.]+: (\{.*)$/.exec(line)
      if (!match) continue
      const got = read(JSON.parse(match[2]!), match[1])
      expect(Array.isArray(got) && got.length > 0 && got.every((record) => record.kind === 'instrument')).toBe(true)
    }
  })

  it('keeps the contract of parsers on everything that is stored of Deribit', () => {
    const tally = payloadsContract(deribitParser, [fixtures!, raw!], { marketOf: () => 'perpetual' })
    expect(tally.payloads).toBeGreaterThan(250)
    for (const kind of ['instrument', 'bar', 'trade', 'mark', 'funding', 'openInterest', 'quote', 'book', 'option'])
      expect(tally.records[kind], kind).toBeGreaterThan(0)
    expect(tally.records).toMatchObject({ volatilityIndex: 5, settlement: 4 })
  })

  it('a recorded book ends as it must, by the adapter’s rule', () => {
    const expected = json('capture', 'book-raw-BTC-24SEP21-8000-P.expected.json')
    const rule = deribitAdapter.bookRule('option')
    const sides = { bids: new Map<number, number>(), asks: new Map<number, number>() }
    let last: number | null = null
    let frames = 0
    let gaps = 0
    for (const line of readFileSync(join(fixtures!, 'capture', 'book-raw-BTC-24SEP21-8000-P.jsonl'), 'utf8')
      .trim()
      .split('\n')) {
      const [book] = deribitParser.parse('book', JSON.parse(line).msg, context) as readonly BookRecord[]
      const verdict = rule.judge(book!, last, frames === 1)
      if (verdict === 'gap') gaps++
      if (verdict === 'replace') for (const side of ['bids', 'asks'] as const) sides[side].clear()
      for (const side of ['bids', 'asks'] as const) {
        for (let i = 0; i < book![side].length; i += 2) {
          if (book![side][i + 1] === 0) sides[side].delete(book![side][i]!)
          else sides[side].set(book![side][i]!, book![side][i + 1]!)
        }
      }
      last = book!.lastId
      frames++
    }
    expect({ frames, gaps, last }).toEqual({ frames: expected.frames, gaps: 0, last: expected.lastChangeId })
    expect([...sides.bids].sort((a, b) => b[0] - a[0])).toEqual(expected.bids)
    expect([...sides.asks].sort((a, b) => a[0] - b[0])).toEqual(expected.asks)
  })

  it('perpetual ticker: USD become coins at the mark, funding is of eight hours', () => {
    const id = 'deribit.perpetual.BTC-PERPETUAL'
    const ts = 1765541474086
    expect(read(adapterFixture('ws_ticker'))).toEqual([
      { kind: 'mark', instrument: id, ts, mark: 92281.78, index: 92263.55 },
      { kind: 'openInterest', instrument: id, ts, openInterest: 1132329370 / 92281.78, value: 1132329370 },
      {
        kind: 'quote',
        instrument: id,
        ts,
        bid: 92283.5,
        ask: 92284,
        bidSize: 117660 / 92283.5,
        askSize: 186520 / 92284,
      },
      { kind: 'funding', instrument: id, ts, rate: 0.00001742, intervalMs: 28_800_000, nextFundingAt: null },
    ])
  })

  it('option ticker: percent become decimals, a bid of zero is none, Greeks as they are', () => {
    const lines = readFileSync(join(fixtures!, 'capture', 'ticker-option-raw.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const [call] = read(JSON.parse(lines[0]!).msg) as readonly Normal[]
    expect(call).toEqual({
      kind: 'option',
      instrument: 'deribit.option.ETH-30JUL21-2800-C',
      ts: 1626993723632,
      bid: 0.0015,
      ask: 0.0025,
      mark: 0.001972,
      bidIv: 115.62 / 100,
      askIv: 1.2563,
      markIv: 1.2074,
      delta: 0.03127,
      gamma: 0.0002,
      vega: 0.20072,
      theta: -1.64029,
      underlyingPrice: 2003.61,
      indexPrice: 2006.72,
      openInterest: 12685,
    })
    const [empty] = read(JSON.parse(lines[1]!).msg) as readonly Normal[]
    expect(empty).toMatchObject({ bid: null, ask: null, bidIv: null, askIv: null, markIv: 1.172, delta: -0.95701 })
  })

  it('trades: size in coins at the trade’s own price, side of the taker, exact ids, combos left out', () => {
    expect(read(adapterFixture('ws_trades'))).toEqual([
      {
        kind: 'trade',
        instrument: 'deribit.perpetual.BTC-PERPETUAL',
        ts: 1765531356452,
        id: '403691824',
        price: 92294.5,
        size: 10 / 92294.5,
        aggressor: 'sell',
        isLiquidation: false,
      },
      expect.objectContaining({ id: '403691825', size: 750 / 92288.5 }),
    ])
    const [option] = read(rpc('get_last_trades_by_instrument_and_time')) as readonly Normal[]
    expect(option).toMatchObject({ instrument: 'deribit.option.BTC-24APR26-72000-C', size: 3, price: 0.0525 })
    const combo = readFileSync(join(raw!, 'nautilus-payloads.jsonl'), 'utf8')
      .split('\n')
      .find((line) => line.includes('ws_trades_option_combo'))
    expect(read(JSON.parse(combo!).payload)).toEqual([])
  })

  it('bars: volume in coins, cost in quote, no word about being final', () => {
    const bars = read(adapterFixture('http_get_tradingview_chart_data'), undefined, { symbol: 'BTC-PERPETUAL' })
    expect(bars).toHaveLength(5)
    expect((bars as readonly Normal[])[0]).toEqual({
      kind: 'bar',
      instrument: 'deribit.perpetual.BTC-PERPETUAL',
      interval: '1m',
      openTime: 1766483460000,
      open: 87451,
      high: 87456.5,
      low: 87451,
      close: 87456.5,
      volume: 2.94375216,
      quoteVolume: 257490,
      isClosed: null,
    })
  })

  it('hourly funding, DVOL in both scales, index ticks, time', () => {
    const funding = read(rpc('get_funding_rate_history'), undefined, { symbol: 'BTC-PERPETUAL' }) as readonly Normal[]
    expect(funding[0]).toEqual({
      kind: 'settlement',
      instrument: 'deribit.perpetual.BTC-PERPETUAL',
      settledAt: 1569891600000,
      rate: -4.739622041017375e-7,
      intervalMs: 3_600_000,
    })
    // A bar of a minute that opens at …300: its close is known a minute later. The documents show fractions here.
    const history = read(rpc('get_volatility_index_data'), undefined, { symbol: 'BTC' }) as readonly Normal[]
    expect(history[0]).toEqual({
      kind: 'volatilityIndex',
      venue: 'deribit',
      currency: 'BTC',
      ts: 1598019360000,
      value: 0.212860821,
    })
    expect(read(adapterFixture('ws_volatility_index'))).toEqual([
      { kind: 'volatilityIndex', venue: 'deribit', currency: 'BTC', ts: 1619777946007, value: 1.2936 },
    ])
    expect(read(adapterFixture('http_get_time'))).toEqual([{ kind: 'serverTime', venue: 'deribit', ts: 1733338800000 }])
  })

  it('terms: inverse perpetual by USD, option by coin with strike, finest tick', () => {
    const of = (payload: unknown) => {
      const [record] = read(payload) as readonly Normal[]
      return record?.kind === 'instrument' ? record.facts : undefined
    }
    expect(of(adapterFixture('http_get_instrument'))).toEqual({
      instrument: 'deribit.perpetual.BTC-PERPETUAL',
      kind: 'inversePerpetual',
      base: 'BTC',
      quote: 'USD',
      settle: 'BTC',
      tick: '0.5',
      lot: '10',
      minSize: '10',
      minNotional: '0',
      contractSize: '1',
      contractOf: 'quote',
      isTrading: true,
      listedAt: 1534167754000,
      expiresAt: null,
      strike: null,
      option: null,
      fundingIntervalMs: 3_600_000,
    })
    expect(of(adapterFixture('http_get_instrument_option'))).toMatchObject({
      instrument: 'deribit.option.BTC-27DEC24-100000-C',
      kind: 'inverseOption',
      quote: 'USD',
      settle: 'BTC',
      tick: '0.0005',
      lot: '0.1',
      contractOf: 'base',
      expiresAt: 1735300800000,
      strike: 100_000,
      option: 'call',
    })
    expect(of(json('capture', 'get_instruments-USDC.json').body)).toMatchObject({
      instrument: 'deribit.perpetual.UNI_USDC-PERPETUAL',
      kind: 'linearPerpetual',
      contractOf: 'base',
      settle: 'USDC',
    })
  })
})
