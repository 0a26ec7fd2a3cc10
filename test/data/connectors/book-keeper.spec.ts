import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { BookRule } from '#data/connectors/adapter.port'
import { ADAPTERS } from '#data/connectors/adapters'
import { BookKeeper } from '#data/connectors/book-keeper'
import type { BookRecord, Levels, Venue } from '#data/connectors/normal'
import { sharedPath } from '#test/shared'

const fixtures = sharedPath('venues', 'fixtures')

type Json = Readonly<Record<string, unknown>>
type Rows = readonly (readonly (string | number)[])[]

const linesOf = (path: string): Json[] =>
  readFileSync(`${fixtures}/${path}.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly msg: Json }).msg) // as fixtures/README.md says
const expectedOf = (path: string): Json => JSON.parse(readFileSync(`${fixtures}/${path}.expected.json`, 'utf8')) as Json // written there
const ruleOf = (venue: Venue, market: string): BookRule => ADAPTERS[venue]!.bookRule(market)

/** Price and size are the first two of a row, or the last two (Deribit: an action before them, and 0 when it deletes). */
const levels = (rows: unknown, first = 0): Levels =>
  (rows as Rows).flatMap((row) => [Number(row[first]), Number(row[first + 1])])
const message = (
  action: BookRecord['action'],
  ids: readonly [number, number, number | null],
  bids: Levels,
  asks: Levels,
): BookRecord => ({
  kind: 'book',
  instrument: 'x.y.Z',
  ts: null,
  action,
  firstId: ids[0],
  lastId: ids[1],
  previousId: ids[2],
  bids,
  asks,
})

const numbers = (rows: unknown): number[][] => (rows as Rows).map((row) => row.map(Number))

describe.skipIf(fixtures === undefined)('the local book on recorded frames', () => {
  for (const [market, symbol] of [
    ['spot', 'NKNUSDT'],
    ['usdm', 'SUSHIUSDT'],
    ['coinm', 'BTCUSD_211231'],
  ] as const)
    it(`is the one of an independent reader: binance ${market} ${symbol}`, () => {
      const path = `binance/${market}/capture/booksync-${symbol}`
      const keeper = new BookKeeper(ruleOf('binance', market))
      const needs = linesOf(path).map((frame) => {
        const data = (frame.data ?? frame) as Json // combined frames wrap it
        if (typeof data.lastUpdateId === 'number') {
          const id = data.lastUpdateId
          return keeper.take(message('snapshot', [id, id, null], levels(data.bids), levels(data.asks)))
        }
        const ids = [Number(data.U), Number(data.u), data.pu === undefined ? null : Number(data.pu)] as const
        return keeper.take(message('update', ids, levels(data.b), levels(data.a)))
      })
      const wanted = expectedOf(path)
      expect(needs.at(-1)).toBe('none')
      expect(keeper.stats).toEqual({ applied: wanted.applied, ignored: wanted.dropped, gaps: wanted.gaps })
      expect(keeper.lastId).toBe(wanted.finalLastUpdateId)
      expect({ bids: keeper.bids.depth, asks: keeper.asks.depth }).toEqual(wanted.levels)
      const top5 = wanted.top5 as Json // fixture
      expect(keeper.bids.top(5)).toEqual(numbers(top5.bids))
      expect(keeper.asks.top(5)).toEqual(numbers(top5.asks))
    })

  it('is the one of an independent reader: deribit, change ids', () => {
    const path = 'deribit/capture/book-raw-BTC-24SEP21-8000-P'
    const keeper = new BookKeeper(ruleOf('deribit', 'option'))
    for (const frame of linesOf(path)) {
      const data = (frame.params as Json).data as Json // fixture
      const id = Number(data.change_id)
      const previous = data.prev_change_id === undefined ? null : Number(data.prev_change_id)
      const action = data.type === 'snapshot' ? 'snapshot' : 'update'
      expect(keeper.take(message(action, [id, id, previous], levels(data.bids, 1), levels(data.asks, 1)))).toBe('none')
    }
    const wanted = expectedOf(path)
    expect(keeper.lastId).toBe(wanted.lastChangeId)
    expect(keeper.bids.top(1000)).toEqual(numbers(wanted.bids))
    expect(keeper.asks.top(1000)).toEqual(numbers(wanted.asks))
  })

  for (const symbol of ['BTC-USDT', 'BTC-USD-220527'])
    it(`is the one of an independent reader: okx ${symbol}, of before there were ids`, () => {
      const path = `okx/capture/books-${symbol}`
      const keeper = new BookKeeper({
        needsSnapshot: false,
        judge: ({ action }) => (action === 'snapshot' ? 'replace' : 'apply'),
      })
      for (const frame of linesOf(path)) {
        const data = (frame.data as readonly Json[])[0]! // fixture
        keeper.take(message(frame.action as BookRecord['action'], [0, 0, null], levels(data.bids), levels(data.asks)))
      }
      const wanted = expectedOf(path)
      const top5 = wanted.top5 as Json // fixture
      expect({ bids: keeper.bids.depth, asks: keeper.asks.depth }).toEqual(wanted.levels)
      expect(keeper.bids.top(5)).toEqual(numbers(top5.bids))
      expect(keeper.asks.top(5)).toEqual(numbers(top5.asks))
    })
})

describe('the local book', () => {
  const update = (id: number): BookRecord => message('update', [id, id, id - 1], [100 - id, 1], [101 + id, 1])
  const snapshot = (id: number): BookRecord => message('snapshot', [id, id, null], [100, 1], [101, 1])

  it('keeps what comes while the snapshot is on its way, and asks again when the snapshot is too old', () => {
    const keeper = new BookKeeper(ruleOf('binance', 'usdm'))
    for (const id of [4, 5, 6]) expect(keeper.take(update(id))).toBe('snapshot')
    expect(keeper.take(snapshot(2))).toBe('snapshot')
    expect(keeper.isSynced).toBe(false)
    expect(keeper.take(snapshot(5))).toBe('none')
    expect(keeper.lastId).toBe(6)
  })

  for (const venue of ['bybit', 'okx', 'deribit'] as const)
    it(`asks for the snapshot that was lost before it was seen: ${venue}`, () => {
      const keeper = new BookKeeper(ruleOf(venue, { bybit: 'linear', okx: 'swap', deribit: 'perpetual' }[venue]))
      expect(keeper.take(update(5))).toBe('resubscribe')
      expect(keeper.isSynced).toBe(false)
      expect(keeper.stats.gaps).toBe(0)
      expect(keeper.take(snapshot(6))).toBe('none')
      expect(keeper.take(update(7))).toBe('none')
      expect(keeper.lastId).toBe(7)
    })

  it('is no book behind a gap', () => {
    for (const [venue, market, need] of [
      ['binance', 'usdm', 'snapshot'],
      ['deribit', 'perpetual', 'resubscribe'],
    ] as const) {
      const keeper = new BookKeeper(ruleOf(venue, market))
      keeper.take(snapshot(1))
      expect(keeper.take(update(2))).toBe('none')
      expect(keeper.take(update(9))).toBe(need)
      expect(keeper.isSynced).toBe(false)
      expect(keeper.bids.at(0)).toBeUndefined()
      expect(keeper.stats.gaps).toBe(1)
      expect(keeper.take(snapshot(9))).toBe('none')
      expect(keeper.take(update(10))).toBe('none')
    }
  })
})
