/** Chains of the lake: looks at the market, expiries, order of options, forwards, and floats of 32 bits. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import { importFiles } from '#data/import'
import { chainsOf, loadOptionChains } from '#data/load-options'
import type { Rows } from '#data/rows'
import { csv, DAY0, tempHome } from './fixtures.js'

const NEAR = DAY0 + 8 * DAY_MS + 8 * HOUR_MS
const FAR = NEAR + 7 * DAY_MS

interface Quote {
  readonly ts: number
  readonly name: string
  readonly expiry: number
  readonly strike: number
  readonly cp: 'C' | 'P'
  readonly bid?: number
  readonly underlying?: number
  readonly availableAt?: number
}

function rowsOf(quotes: readonly Quote[]): Rows {
  const numbers = (of: (quote: Quote) => number): Float64Array => Float64Array.from(quotes, of)
  const none = numbers(() => Number.NaN)
  return {
    ts: numbers(({ ts }) => ts),
    availableAt: numbers(({ ts, availableAt }) => availableAt ?? ts),
    instrument: quotes.map(({ name }) => name),
    cp: quotes.map(({ cp }) => cp),
    strike: numbers(({ strike }) => strike),
    expiry: numbers(({ expiry }) => expiry),
    bid: numbers(({ bid }) => bid ?? Number.NaN),
    underlyingPrice: numbers(({ underlying }) => underlying ?? 100),
    ...{ ask: none, mark: none, markIv: none, delta: none, vega: none, oi: none, indexPrice: none },
  }
}

const quote = (ts: number, expiry: number, strike: number, cp: 'C' | 'P', more: Partial<Quote> = {}): Quote => ({
  ...{ ts, expiry, strike, cp, name: `${expiry}-${strike}-${cp}` },
  ...more,
})

describe('chainsOf', () => {
  it('groups a look by expiry, nearest first, options by strike and calls before puts', () => {
    const chains = chainsOf(
      rowsOf([
        quote(DAY0, FAR, 90, 'P'),
        quote(DAY0, NEAR, 110, 'C'),
        quote(DAY0, NEAR, 90, 'P'),
        quote(DAY0, NEAR, 90, 'C'),
      ]),
    )
    expect([...chains.expiresAt]).toEqual([NEAR, FAR])
    expect([...chains.first]).toEqual([0, 3])
    expect([...chains.count]).toEqual([3, 1])
    const { strike, isPut } = chains.options
    expect([...strike].map((at, i) => `${at}${isPut[i] === 1 ? 'P' : 'C'}`)).toEqual(['90C', '90P', '110C', '90P'])
  })

  it('takes rows that follow each other within a minute for one look, known when its last row was', () => {
    const late = DAY0 + 30_000
    const chains = chainsOf(
      rowsOf([
        quote(DAY0, NEAR, 90, 'C', { availableAt: late + 5 }),
        quote(late, NEAR, 100, 'C'),
        quote(late + 1, FAR, 100, 'C'),
      ]),
    )
    expect([...chains.ts]).toEqual([late + 1, late + 1])
    expect([...chains.availableAt]).toEqual([late + 5, late + 5])
    expect([...chains.count]).toEqual([2, 1])
  })

  it('begins another look after a pause, and where an option comes again', () => {
    const paused = chainsOf(rowsOf([quote(DAY0, NEAR, 90, 'C'), quote(DAY0 + MINUTE_MS + 1, NEAR, 100, 'C')]))
    expect([...paused.count]).toEqual([1, 1])
    const again = chainsOf(rowsOf([quote(DAY0, NEAR, 90, 'C'), quote(DAY0 + 10, NEAR, 90, 'C')]))
    expect([...again.ts]).toEqual([DAY0, DAY0 + 10])
  })

  it('takes the median of the forwards, and leaves out chains without one and what has expired', () => {
    const forwards = [101, Number.NaN, 99, 180]
    const rows = forwards.map((underlying, i) => quote(DAY0, NEAR, 90 + i, 'C', { underlying }))
    const chains = chainsOf(
      rowsOf([...rows, quote(DAY0, FAR, 90, 'C', { underlying: Number.NaN }), quote(DAY0, DAY0 - 1, 90, 'C')]),
    )
    expect([...chains.expiresAt]).toEqual([NEAR])
    expect(chains.underlyingPrice[0]).toBe(101)
    expect(chains.indexPrice[0]).toBeNaN()
  })

  it('reads a float of 32 bits as the decimal that was meant, and leaves doubles alone', () => {
    const bids = [Math.fround(0.0029), 0.0029, Math.fround(0.08285), Math.fround(1 / 3), 0.00305802, 5]
    const chains = chainsOf(rowsOf(bids.map((bid, i) => quote(DAY0, NEAR, 90 + i, 'C', { bid }))))
    expect([...chains.options.bid]).toEqual([0.0029, 0.0029, 0.08285, Math.fround(1 / 3), 0.00305802, 5])
  })
})

describe('loadOptionChains', () => {
  it('reads what was imported, in the units of the event, and nothing outside its range', async () => {
    const home = tempHome()
    const header = 'ts,instrument,bid,ask,mark,mark_iv_pct,delta,vega,oi,underlying_price,index_price'
    const line = (ts: number, name: string): string => `${ts},${name},0,0.05,0.04,80,0.5,12,3,30000,29990`
    const file = csv(home, 'chain.csv', [
      header,
      line(DAY0, 'BTC-8JAN21-30000-C'),
      line(DAY0, 'BTC-8JAN21-30000-P'),
      line(DAY0 + DAY_MS, 'BTC-8JAN21-30000-C'),
    ])
    const names = { venue: 'deribit', market: 'option', symbol: 'BTC' }
    const { problems } = await importFiles({ home, files: [file], kind: 'options', ...names })
    expect(problems).toEqual([])
    const chains = await loadOptionChains(home, names, DAY0, DAY0 + DAY_MS)
    expect([...chains.count]).toEqual([2])
    const { bid, ask, markIv, vega, openInterest } = chains.options
    expect([bid[0], ask[0], markIv[0], vega[0], openInterest[0]]).toEqual([Number.NaN, 0.05, 0.8, 12, 3])
    expect([chains.underlyingPrice[0], chains.indexPrice[0]]).toEqual([30_000, 29_990])
    await expect(loadOptionChains(home, { ...names, symbol: 'ETH' }, 0, DAY0)).rejects.toMatchObject({
      code: 'LAKE_EMPTY',
    })
  })
})
