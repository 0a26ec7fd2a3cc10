/** Every recorded payload of Bybit is read or refused with a reason: documents, other adapters' tests, recordings. */
import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bybitParser } from '#data/connectors/bybit/parser'
import { type Normal, type ParseContext, PayloadRefused } from '#data/connectors/normal'
import { payloadsContract } from '#test/contracts/payloads.contract'
import { sharedPath } from '../../shared.js'

const parse = (topic: string, market: string, payload: unknown, more: Partial<ParseContext> = {}) =>
  bybitParser.parse(topic, payload, {
    receivedAt: 1_700_000_000_000,
    market,
    facts: () => undefined,
    price: () => undefined,
    ...more,
  })

const fixtures = sharedPath('venues', 'fixtures', 'bybit')
const raw = sharedPath('data', 'raw', 'bybit')

/** Read, refused, or neither known: what became of a payload. Anything that is thrown beside PayloadRefused fails the test. */
function fate(payload: unknown, url?: string): { topic: string; records: readonly Normal[] | null; reason: string } {
  const guess = bybitParser.guess(payload, url)
  if (guess === undefined) return { topic: '', records: null, reason: 'no topic of ours' }
  const markets = guess.market === undefined ? ['linear'] : [guess.market]
  const more = { ...(guess.symbol !== undefined && { symbol: guess.symbol }), price: () => 100_000 }
  try {
    return { topic: guess.topic, records: parse(guess.topic, markets[0]!, payload, more), reason: '' }
  } catch (error) {
    if (!(error instanceof PayloadRefused)) throw error
    return { topic: guess.topic, records: null, reason: error.message }
  }
}

interface Fixture {
  readonly examples?: readonly { readonly json?: unknown; readonly httpLine?: string }[]
  readonly payload?: unknown
}

describe.skipIf(fixtures === undefined)('bybit fixtures', () => {
  const read = (folder: string) =>
    readdirSync(`${fixtures}/${folder}`).map((file) => {
      const fixture = JSON.parse(readFileSync(`${fixtures}/${folder}/${file}`, 'utf8')) as Fixture
      return { file, examples: fixture.examples ?? [{ json: fixture.payload }] }
    })

  it('each market payload of the documents is read', () => {
    const unread: string[] = []
    const kinds = new Map<string, number>()
    for (const { file, examples } of [...read('rest'), ...read('ws'), ...read('adapter')])
      for (const { json } of examples) {
        if (json === undefined) continue
        const { records, reason } = fate(json)
        for (const record of records ?? []) kinds.set(record.kind, (kinds.get(record.kind) ?? 0) + 1)
        if (records === null) unread.push(`${file}: ${reason}`)
      }
    const market = unread.filter((line) =>
      /^(market-(kline|time|tickers|instrument|orderbook|open-interest|recent|history)|public-(kline|ticker|trade|all|orderbook\.)|system|ws_ticker|ws_kline|ws_orderbook|http_get_(instr|order(book)|trades|funding))/.test(
        line,
      ),
    )
    expect(market).toEqual([])
    for (const kind of [
      'bar',
      'trade',
      'mark',
      'funding',
      'settlement',
      'openInterest',
      'liquidation',
      'quote',
      'book',
    ])
      expect([kind, (kinds.get(kind) ?? 0) > 0]).toEqual([kind, true])
    for (const kind of ['option', 'instrument', 'index', 'serverTime', 'status', 'control'])
      expect([kind, (kinds.get(kind) ?? 0) > 0]).toEqual([kind, true])
  })
})

it.skipIf(fixtures === undefined || raw === undefined)('bybit keeps the contract of payloads', () => {
  const tally = payloadsContract(bybitParser, [fixtures ?? '', raw ?? ''], {
    marketOf: () => 'linear',
    price: () => 100_000,
    skip: (file) => /errors\.json$/.test(file),
  })
  expect(tally.payloads).toBeGreaterThan(4500)
  expect(tally.byFile['xrpusdt-ob500-20241201.jsonl.gz book']).toBe(50)
  expect(tally.byFile['market-kline.json bar']).toBe(3)
  expect(tally.byFile['market-open-interest.json openInterest']).toBe(5)
  expect(tally.byFile['market-instrument.json instrument']).toBe(4)
  expect(tally.byFile['market-mark-kline.json mark']).toBe(1)
  expect(tally.refused['the protocol v2 of before v5 is not read']).toBeGreaterThan(4000)
})

it('the address of a recording tells the market', () => {
  const payload = { topic: 'orderbook.50.BTCUSDT', type: 'snapshot', data: {} }
  expect(bybitParser.guess(payload, 'wss://stream.bybit.com/v5/public/spot')).toEqual({
    topic: 'orderbook',
    market: 'spot',
    symbol: 'BTCUSDT',
  })
  expect(bybitParser.guess({}, 'https://api.bybit.com/v5/market/kline?category=inverse&symbol=BTCUSD')).toEqual({
    topic: 'rest/kline',
    market: 'inverse',
    symbol: 'BTCUSD',
  })
})

describe.skipIf(raw === undefined)('bybit recordings', () => {
  const lines = (file: string) => {
    const bytes = readFileSync(`${raw}/${file}`)
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n')
  }

  it('the v5 book of 2024 is a chain of snapshots and updates', () => {
    const books = lines('xrpusdt-ob500-20241201.jsonl.gz')
      .filter(Boolean)
      .map((line) => fate(JSON.parse(line)))
    expect(books).toHaveLength(50)
    let last: number | undefined
    for (const { records } of books) {
      const [book] = records ?? []
      if (book?.kind !== 'book') throw new Error('no book')
      expect(book.instrument).toBe('bybit.linear.XRPUSDT')
      if (last !== undefined) expect([book.action, book.lastId]).toEqual(['update', last + 1])
      last = book.lastId
    }
  })

  it('the old v2 protocol of 2021 is refused line by line, with a reason', () => {
    let refused = 0
    for (const file of readdirSync(raw ?? '.').filter((name) => name.startsWith('cryptofeed')))
      for (const line of lines(file)) {
        const at = line.search(/[{[]/)
        if (at < 0) continue
        let payload: unknown
        try {
          payload = JSON.parse(line.slice(at))
        } catch {
          continue
        }
        const { records, reason } = fate(payload)
        if (records !== null) expect(records.every((record) => record.kind === 'control')).toBe(true)
        else {
          expect(reason).not.toBe('')
          refused++
        }
      }
    expect(refused).toBeGreaterThan(4000)
  })

  it('each payload of the other adapter’s tests is read or refused', () => {
    let count = 0
    for (const line of lines('nautilus-payloads.jsonl').filter(Boolean)) {
      const { payload } = JSON.parse(line) as { payload: unknown }
      fate(payload)
      for (const { name, markets } of bybitParser.topics)
        for (const market of markets)
          try {
            parse(name, market, payload, { symbol: 'BTCUSDT', interval: '1m' })
          } catch (error) {
            if (!(error instanceof PayloadRefused)) throw error
          }
      count++
    }
    expect(count).toBe(64)
  })
})
