import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import { type OnChainRecord, type ParseContext, PayloadRefused } from '#data/connectors/normal'
import { cryptoquantCall, cryptoquantFailure, cryptoquantParser } from '#data/connectors/onchain/cryptoquant'
import { glassnodeCall, glassnodeFailure, glassnodeParser } from '#data/connectors/onchain/glassnode'
import { METRICS } from '#data/connectors/onchain/metrics'
import { sharedPath } from '#test/shared'

const T = Date.UTC(2024, 0, 1)
const context = (market: string, symbol: string): ParseContext => ({
  receivedAt: T,
  market,
  symbol,
  facts: () => undefined,
  price: () => undefined,
})
const values = (records: readonly unknown[]): unknown[] =>
  (records as readonly OnChainRecord[]).map(({ periodStart, value }) => [periodStart, value])

describe('Glassnode', () => {
  it('reads values by the start of their day, holes as null', () => {
    const payload = [
      { t: T / 1000, v: 2.5 },
      { t: T / 1000 + 86_400, v: null },
    ]
    expect(values(glassnodeParser.parse('rest/metric', payload, context('BTC', 'mvrv')))).toEqual([
      [T, 2.5],
      [T + DAY_MS, null],
    ])
    expect(glassnodeParser.parse('rest/metric', null, context('BTC', 'mvrv'))).toEqual([])
  })

  it.each([
    [[{ t: T, v: 1 }], '[0].t'],
    [[{ v: 1 }], '[0].t'],
    [[{ t: T / 1000, v: 'NaN' }], '[0].v'],
    [{ message: 'x' }, '$'],
  ])('refuses %j at %s', (payload, path) => {
    expect(() => glassnodeParser.parse('rest/metric', payload, context('BTC', 'mvrv'))).toThrow(
      expect.objectContaining({ path }) as Error,
    )
  })

  it('asks without the key in the path, and waits as long as it is told', () => {
    const call = glassnodeCall(METRICS[0]!, T)
    expect(call.path).toBe('/v1/metrics/market/marketcap_usd?a=BTC&i=24h&s=1704067200&timestamp_format=unix')
    expect(glassnodeFailure(429, { 'x-rate-limit-reset': '17' }, 'too many requests')).toMatchObject({
      kind: 'rateLimited',
      waitMs: 17_000,
    })
    expect(glassnodeFailure(403, {}, 'not in plan').kind).toBe('auth')
  })
})

describe('CryptoQuant', () => {
  const answer = (data: readonly object[]) => ({
    status: { code: 200, message: 'success' },
    result: { window: 'day', data },
  })

  it('reads rows newest first into order', () => {
    const payload = answer([
      { date: '2024-01-02', mvrv: 2 },
      { date: '2024-01-01', mvrv: 1 },
    ])
    expect(values(cryptoquantParser.parse('rest/metric', payload, context('BTC', 'mvrv')))).toEqual([
      [T, 1],
      [T + DAY_MS, 2],
    ])
  })

  it('refuses what is no success, and rows without a time', () => {
    const parse = (payload: unknown) => () => cryptoquantParser.parse('rest/metric', payload, context('BTC', 'mvrv'))
    expect(parse({ ...answer([]), status: { code: 403 } })).toThrow(PayloadRefused)
    expect(parse(answer([{ mvrv: 1 }]))).toThrow(PayloadRefused)
    expect(parse(answer([{ date: '2024-01-01', mvrv: 'high' }]))).toThrow(PayloadRefused)
  })

  it('asks from a day on, and takes the reset as a time of day', () => {
    const plan = METRICS.find(({ source }) => source === 'cryptoquant')!
    expect(cryptoquantCall(plan, T).path).toBe('/v1/btc/market-indicator/mvrv?window=day&from=20240101&limit=1000')
    const failure = cryptoquantFailure(429, { 'x-ratelimit-reset': String(T / 1000 + 30) }, '', T)
    expect(failure).toMatchObject({ kind: 'rateLimited', waitMs: 30_000 })
  })
})

const fixtures = sharedPath('venues/fixtures/onchain')

describe.skipIf(fixtures === undefined)('recorded payloads of vendors', () => {
  it.each([
    ['glassnode', glassnodeParser],
    ['cryptoquant', cryptoquantParser],
  ] as const)('of %s are read, or are none of ours', (vendor, parser) => {
    const read: Record<string, number> = {}
    for (const file of readdirSync(join(fixtures!, vendor))) {
      const { response, endpoint } = JSON.parse(readFileSync(join(fixtures!, vendor, file), 'utf8')) as {
        response?: unknown
        endpoint?: string
      }
      const guessed = parser.guess(response, endpoint)
      if (guessed === undefined) continue
      const records = parser.parse(
        guessed.topic,
        response,
        context(guessed.market ?? 'BTC', guessed.symbol ?? 'metric'),
      )
      read[file] = records.length
    }
    expect(read).toEqual(
      vendor === 'glassnode'
        ? { 'bulk-marketcap.json': 4, 'exchange-netflow.json': 3, 'metric-scalar.json': 2 }
        : { 'netflow-day.json': 3, 'reserve-hour.json': 2 },
    )
  })
})
