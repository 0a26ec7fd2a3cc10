/** What the simulated OKX answers by REST, and which of the venue's rules it enforces, read with our own parser and adapter. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from '#core/time'
import { okxAdapter } from '#data/connectors/okx/adapter'
import { codeOf, data, factsOf, KNOWN, NOW, parse, pick, venue } from './okx-rig.js'
import { ALTCOIN, EXPIRY, FUTURE, INVERSE, OPTION, SPOT, START, SWAP } from './okx-world.js'

describe('REST', () => {
  it('lists instruments that our adapter reads as the world has them', () => {
    const facts = factsOf(venue())
    expect([...facts.keys()]).toEqual([
      'okx.spot.BTC-USDT',
      'okx.swap.BTC-USDT-SWAP',
      'okx.swap.BTC-USD-SWAP',
      'okx.swap.SOL-USDT-SWAP',
      'okx.futures.BTC-USD-260925',
      'okx.option.BTC-USD-260925-60000-C',
    ])
    const terms = (id: string) => {
      const of = facts.get(id)!
      return [of.kind, of.contractSize, of.contractOf, of.lot, of.tick, of.settle, of.expiresAt]
    }
    expect(terms('okx.swap.BTC-USDT-SWAP')).toEqual(['linearPerpetual', '0.01', 'base', '0.1', '0.1', 'USDT', null])
    expect(terms('okx.swap.BTC-USD-SWAP')).toEqual(['inversePerpetual', '100', 'quote', '1', '0.1', 'BTC', null])
    expect(terms('okx.swap.SOL-USDT-SWAP')).toEqual(['linearPerpetual', '0.1', 'base', '0.1', '0.1', 'USDT', null])
    expect(terms('okx.option.BTC-USD-260925-60000-C').slice(0, 3)).toEqual(['inverseOption', '0.01', 'base'])
    expect(facts.get('okx.futures.BTC-USD-260925')).toMatchObject({ kind: 'inverseFuture', expiresAt: EXPIRY })
  })

  it.each([
    [SPOT, 'okx.spot.BTC-USDT'],
    [SWAP, 'okx.swap.BTC-USDT-SWAP'],
    [INVERSE, 'okx.swap.BTC-USD-SWAP'],
    [FUTURE, 'okx.futures.BTC-USD-260925'],
  ] as const)('plays bars of %o that our adapter reads back', (of, id) => {
    const it = venue()
    const facts = factsOf(it).get(id)!
    for (const [interval, ms, count] of [
      ['1m', MINUTE_MS, 1700],
      ['1d', DAY_MS, 40],
    ] as const) {
      const to = Math.ceil(it.now() / ms) * ms
      const bars = it.follow(okxAdapter.bars(facts, interval, to - count * ms, to))
      const expected = it.world.bars(of, ms, to - count * ms, to, NOW)
      expect(bars).toHaveLength(count)
      expect(bars[5]).toMatchObject({ ...pick(expected[5]!), isClosed: true })
      expect(bars[5]?.volume).toBeCloseTo(expected[5]!.volume, 9)
      expect(bars[5]?.quoteVolume).toBeCloseTo(expected[5]!.quoteVolume, 6)
      expect(bars.at(-1)?.isClosed).toBe(false)
      expect(bars.map(({ openTime }) => openTime)).toEqual(expected.map(({ openTime }) => openTime))
    }
  })

  it('opens days at UTC+8 when nobody says utc, newest first, before and after the wrong way round', () => {
    const it = venue()
    const opens = (query: string) =>
      data(it.ask(`/market/candles?instId=BTC-USDT&${query}`)).map((row) => Number((row as string[])[0]))
    expect(opens('bar=1D&limit=2')).toEqual([START - 8 * HOUR_MS, START - 32 * HOUR_MS])
    expect(opens('bar=1Dutc&limit=2')).toEqual([START, START - DAY_MS])
    expect(opens(`bar=1H&after=${START}&limit=2`)).toEqual([START - HOUR_MS, START - 2 * HOUR_MS])
    expect(opens(`bar=1H&before=${START + HOUR_MS}`)).toEqual([START + 3 * HOUR_MS, START + 2 * HOUR_MS])
    expect(opens(`bar=1m&after=${NOW - 1500 * MINUTE_MS}`)).toEqual([])
    expect(opens('bar=1m&limit=300')).toHaveLength(300)
  })

  it('pays funding as the world does', () => {
    const it = venue()
    const facts = factsOf(it).get('okx.swap.BTC-USDT-SWAP')!
    const rows = it.follow(okxAdapter.settlements(facts, NOW - 20 * DAY_MS, NOW)!)
    const expected = it.world.settlements(SWAP, NOW - 20 * DAY_MS, NOW)
    expect(rows.map(({ settledAt, rate }) => [settledAt, rate])).toEqual(expected.map(({ ts, rate }) => [ts, rate]))
    expect(new Set(rows.map(({ intervalMs }) => intervalMs))).toEqual(new Set([8 * HOUR_MS]))
    const [now] = parse('rest/funding-rate', it.ask('/public/funding-rate?instId=BTC-USDT-SWAP').body)
    expect(now).toMatchObject({
      rate: it.world.fundingRate(SWAP, it.now()),
      nextFundingAt: START + 8 * HOUR_MS,
      intervalMs: 8 * HOUR_MS,
    })
    expect(data(it.ask('/public/funding-rate?instId=ANY'))).toHaveLength(3)
  })

  it('tells open interest, marks, indices and options in the world’s units', () => {
    const it = venue()
    const facts = factsOf(it)
    const [oi] = parse('rest/open-interest', it.ask('/public/open-interest?instType=SWAP&instId=BTC-USD-SWAP').body)
    expect(oi).toMatchObject({ openInterest: it.world.openInterest(INVERSE, it.now()) })
    const history = it.follow(
      okxAdapter.openInterestHistory(facts.get('okx.swap.BTC-USDT-SWAP')!, '1h', START - 300 * HOUR_MS, NOW, KNOWN)!,
    )
    expect(history).toHaveLength(304)
    expect(history[7]).toMatchObject({ openInterest: it.world.openInterest(SWAP, START - 293 * HOUR_MS) })
    const [mark] = parse('rest/mark-price', it.ask('/public/mark-price?instType=SWAP&instId=BTC-USDT-SWAP').body)
    expect(mark).toMatchObject({ kind: 'mark', mark: it.world.mark(SWAP, it.now()) })
    const [index] = parse('rest/index-tickers', it.ask('/market/index-tickers?instId=BTC-USDT').body)
    expect(index).toMatchObject({ name: 'BTC-USDT', price: it.world.index('BTC', it.now()) })
    const [option] = parse('rest/opt-summary', it.ask('/public/opt-summary?instFamily=BTC-USD&expTime=260925').body)
    expect(option).toMatchObject({ markIv: 0.5, delta: 0.55, vega: 60, theta: -45, underlyingPrice: 60_100 })
    expect(data(it.ask('/public/opt-summary?instFamily=BTC-USD&expTime=260926'))).toEqual([])
  })

  it('tells trades and quotes in contracts, which are the world’s coins', () => {
    const it = venue()
    const facts = factsOf(it)
    const known = { facts: (id: string) => facts.get(id) }
    for (const [of, id] of [
      [SWAP, 'BTC-USDT-SWAP'],
      [INVERSE, 'BTC-USD-SWAP'],
      [OPTION, 'BTC-USD-260925-60000-C'],
      [ALTCOIN, 'SOL-USDT-SWAP'],
    ] as const) {
      const trades = parse('rest/trades', it.ask(`/market/trades?instId=${id}&limit=300`).body, known)
      const expected = it.world
        .trades(of, 0 + it.now() - 100 * 1000, it.now())
        .slice(-300)
        .reverse()
      expect(trades).toHaveLength(300)
      expect(trades[4]).toMatchObject({ id: String(expected[4]!.id), price: expected[4]!.price, ts: expected[4]!.ts })
      expect(trades[4]?.kind === 'trade' && trades[4].size).toBeCloseTo(0.02, 12)
      const [quote] = parse('rest/ticker', it.ask(`/market/ticker?instId=${id}`).body, known)
      expect(quote).toMatchObject({ bid: it.world.quote(of, it.now()).bid })
      expect(quote?.kind === 'quote' && quote.bidSize).toBeCloseTo(1.5, 12)
    }
  })

  it('refuses parameters, instruments and paths as the venue does', () => {
    const it = venue()
    const code = (target: string) => codeOf(it.ask(target))
    expect(code('/market/candles')).toEqual([400, '50014'])
    expect(code('/market/candles?instId=NO-PE')).toEqual([200, '51001'])
    expect(code('/market/candles?instId=BTC-USDT&bar=7m')).toEqual([400, '51000'])
    expect(code('/market/candles?instId=BTC-USDT&limit=301')).toEqual([400, '51000'])
    expect(code('/public/instruments')).toEqual([400, '50014'])
    expect(code('/public/instruments?instType=OPTION')).toEqual([400, '50015'])
    expect(code('/public/funding-rate?instId=BTC-USDT')).toEqual([400, '51000'])
    expect(code('/market/index-tickers?instId=X-Y')).toEqual([200, '51014'])
    expect(it.ask('/nothing').status).toBe(404)
  })

  it('limits each endpoint by address for two seconds', () => {
    const it = venue()
    const many = (ip: string) => Array.from({ length: 11 }, () => it.ask('/public/time', {}, ip))
    expect(many('9.9.9.9').map(({ status }) => status)).toEqual([...Array(10).fill(200), 429])
    expect(codeOf(it.ask('/public/time', {}, '9.9.9.9'))).toEqual([429, '50011'])
    expect(it.ask('/public/time', {}, '8.8.8.8').status).toBe(200)
    expect(it.ask('/market/ticker?instId=BTC-USDT', {}, '9.9.9.9').status).toBe(200)
    it.pass(2000)
    expect(it.ask('/public/time', {}, '9.9.9.9').status).toBe(200)
  })

  it('lets in who signs: key, secret, passphrase and clock', () => {
    const it = venue()
    const signed = (change: Record<string, string> = {}, secret = 'sim-secret', at = it.now()) => {
      const time = isoTime(at)
      const path = '/api/v5/account/balance?ccy=USDT'
      const sign = createHmac('sha256', secret).update(`${time}GET${path}`).digest('base64')
      return codeOf(
        it.ask('/account/balance?ccy=USDT', {
          'ok-access-key': 'sim-key',
          'ok-access-passphrase': 'sim-passphrase',
          'ok-access-timestamp': time,
          'ok-access-sign': sign,
          ...change,
        }),
      )
    }
    expect(signed()).toEqual([200, '0'])
    expect(signed({}, 'wrong')).toEqual([401, '50113'])
    expect(signed({}, 'sim-secret', it.now() - 31_000)).toEqual([401, '50102'])
    expect(signed({ 'ok-access-timestamp': '1700000000' })).toEqual([401, '50112'])
    it.pass(2000)
    expect(signed({ 'ok-access-key': '' })).toEqual([401, '50103'])
    expect(signed({ 'ok-access-key': 'other' })).toEqual([401, '50111'])
    expect(signed({ 'ok-access-passphrase': 'other' })).toEqual([401, '50105'])
  })
})
