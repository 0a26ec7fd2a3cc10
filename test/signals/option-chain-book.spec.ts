/** The newest chains of a currency: what enters, what leaves, and which options are fit to trade. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '#core/time'
import {
  type Chain,
  chainOf,
  createChainBook,
  dropExpired,
  freshChains,
  nearestDelta,
  straddleAt,
  takeChain,
} from '#signals/option-chain-book'
import { type ChainShape, chain, expiry, MONDAY } from './option-tape.js'

const book = () => createChainBook('deribit', 'BTC', 14, true)
function only(shape: ChainShape = {}, days = 10): Chain {
  const one = book()
  takeChain(one, chain(MONDAY, expiry(days), shape))
  return one.chains[0]!
}

describe('chains that enter', () => {
  it('stand by expiry, the newest of each, with their seq', () => {
    const one = book()
    for (const [at, days, seq] of [
      [0, 10, 3],
      [0, 3, 4],
      [60_000, 10, 5],
    ] as const)
      expect(takeChain(one, chain(MONDAY + at, expiry(days), { seq }))).toBe(true)
    expect(one.chains.map(({ expiresAt, seq }) => [expiresAt, seq])).toEqual([
      [expiry(3), 4],
      [expiry(10), 5],
    ])
  })

  it('are of this venue and currency, and not behind the one that is known', () => {
    const one = book()
    expect(takeChain(one, chain(MONDAY, expiry(10), { currency: 'ETH' }))).toBe(false)
    const late = chain(MONDAY - 1, expiry(10))
    takeChain(one, chain(MONDAY, expiry(10)))
    expect(takeChain(one, late)).toBe(false)
    expect(one.chains[0]!.at).toBe(MONDAY)
  })

  it('keep rows of expiries that may be traded, of others a slice, of far ones nothing', () => {
    const one = book()
    for (const days of [13, 40, 140]) takeChain(one, chain(MONDAY, expiry(days)))
    expect(one.chains.map(({ rows }) => rows.length > 0)).toEqual([true, false])
    expect(one.chains[1]!.slice!.put25).toBeCloseTo(0.6, 6)
  })

  it('without slices are those of the expiries that may be traded', () => {
    const one = createChainBook('deribit', 'BTC', 14, false)
    for (const days of [13, 40]) takeChain(one, chain(MONDAY, expiry(days)))
    expect(one.chains.map(({ expiresAt, slice }) => [expiresAt, slice])).toEqual([[expiry(13), null]])
  })

  it('are bounded: at most 300 options, the nearest to the forward', () => {
    const { rows } = only({ step: 100 })
    expect(rows).toHaveLength(300)
    for (const { strike } of rows) expect(Math.abs(Math.log(strike / 100_000))).toBeLessThan(0.08)
  })

  it('leave out options paid in dollar coins', () => {
    const mend: ChainShape['mend'] = (row) => ({ ...row, instrument: row.instrument.replace('BTC-', 'BTC_USDC-') })
    expect(only({ mend }).rows).toEqual([])
  })
})

it('chains leave when they expire, and grow stale before', () => {
  const one = book()
  takeChain(one, chain(MONDAY, expiry(1)))
  takeChain(one, chain(MONDAY + HOUR_MS, expiry(3)))
  expect(freshChains(one, MONDAY + 2 * HOUR_MS, HOUR_MS).map(({ expiresAt }) => expiresAt)).toEqual([expiry(3)])
  dropExpired(one, expiry(1))
  expect(chainOf(one, expiry(1))).toBeUndefined()
  expect(chainOf(one, expiry(3))).toBeDefined()
})

it('a chain that is told after its expiry does not enter', () => {
  const over = chain(MONDAY, MONDAY - DAY_MS)
  expect(takeChain(book(), over)).toBe(false)
})

describe('a straddle', () => {
  it('is struck nearest the forward, the lower of two', () => {
    expect(straddleAt(only({ forward: 100_400 }))?.call.strike).toBe(100_000)
    expect(straddleAt(only({ forward: 100_600 }))?.put.strike).toBe(101_000)
    expect(straddleAt(only({ forward: 100_500 }))?.call.strike).toBe(100_000)
  })

  it.each([
    ['no bid', { bid: null }],
    ['no ask', { ask: null }],
    ['a bid of nothing', { bid: 0 }],
    ['a crossed book', { bid: 0.06, ask: 0.05 }],
    ['no volatility', { markIv: null }],
    ['a book of more than ten points', { bid: 0.02 }],
  ])('is none with %s at one of its options', (_, change) => {
    const mend: ChainShape['mend'] = (row) =>
      row.strike === 100_000 && row.option === 'put' ? { ...row, ...change } : row
    expect(straddleAt(only({ mend }))).toBeUndefined()
    expect(straddleAt(only())).toBeDefined()
  })
})

describe('the option nearest a delta', () => {
  it('is out of the money, by its own volatility', () => {
    const put = nearestDelta(only(), 'put', 0.25)!
    const call = nearestDelta(only(), 'call', 0.25)!
    expect(put.strike).toBeLessThan(100_000)
    expect(call.strike).toBeGreaterThan(100_000)
    expect(Math.abs(put.delta + 0.25)).toBeLessThan(0.02)
    expect(Math.abs(call.delta - 0.25)).toBeLessThan(0.02)
  })

  it('passes over options that may not be traded', () => {
    const best = nearestDelta(only(), 'put', 0.25)!.strike
    const mend: ChainShape['mend'] = (row) => (row.strike === best ? { ...row, bid: null } : row)
    const next = nearestDelta(only({ mend }), 'put', 0.25)!
    expect(Math.abs(next.strike - best)).toBe(1000)
  })

  it('is none further than 0.1 away', () => {
    expect(nearestDelta(only({ step: 25_000 }), 'call', 0.25)).toBeUndefined()
  })

  it('is the first of two that are alike', () => {
    const one = only()
    const put = nearestDelta(one, 'put', 0.25)!
    const twin = { ...one.rows.find(({ instrument }) => instrument === put.instrument)!, instrument: 'twin' }
    expect(nearestDelta({ ...one, rows: [...one.rows, twin] }, 'put', 0.25)!.instrument).toBe(put.instrument)
  })
})
