/** One unit of options with its hedge: flat in dollars by methods.md 9, marked without quotes, hedged on the grid and by trigger. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import { coinDelta } from '#quant/volatility-premium'
import {
  equityCoin,
  type HeldUnit,
  hedgeDue,
  hedgeUnit,
  markUnit,
  openUnit,
  premiumCoin,
  residualDelta,
  unitPnl,
  unitShock,
  unitVega,
  type Wanted,
} from '#signals/delta-hedge'
import { type Chain, createChainBook, straddleAt, takeChain } from '#signals/option-chain-book'
import { type ChainShape, chain, expiry, MONDAY } from './option-tape.js'

const FOUR = 4 * HOUR_MS
const TERMS = {
  kind: 'inversePerpetual',
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  tick: '0.5',
  lot: '10',
} as const
const PERPETUAL = { instrument: 'deribit.perpetual.BTC-PERPETUAL', terms: TERMS }

function chainAt(at: number, shape: ChainShape = {}): Chain {
  const book = createChainBook('deribit', 'BTC', 20, false)
  takeChain(book, chain(at, expiry(10), shape))
  return book.chains[0]!
}

function short(shape: ChainShape = {}): { unit: HeldUnit; wanted: Wanted[] } {
  const at = chainAt(MONDAY, shape)
  const { call, put } = straddleAt(at)!
  const wanted: Wanted[] = [
    { role: 'call', ratio: -1, option: call },
    { role: 'put', ratio: -1, option: put },
  ]
  return { unit: openUnit(at, wanted, PERPETUAL, MONDAY, FOUR), wanted }
}

describe('flat in US dollars', () => {
  it('as methods.md 9 says it: equity + DeltaTotal = 0, the premium at bid being the cash of the account', () => {
    const { unit, wanted } = short({ forward: 100_400 })
    expect(unit.cash).toBeCloseTo(wanted[0]!.option.bid + wanted[1]!.option.bid, 12)
    expect(premiumCoin(wanted)).toBe(unit.cash)
    const options = unit.options.map(({ ratio, delta, mark }) => ({ quantity: ratio, delta, priceCoin: mark }))
    const { usdFlatTrade } = coinDelta(options, unit.hedge.ratio, equityCoin(unit))
    expect(Math.abs(usdFlatTrade)).toBeLessThan(1e-8)
    expect(Math.abs(residualDelta(unit))).toBeLessThan(1e-8)
  })

  it('the hedge is what the deltas and the coins leave', () => {
    const { unit } = short()
    const deltas = unit.options.reduce((sum, { ratio, delta }) => sum + ratio * delta, 0)
    expect(unit.hedge.ratio).toBeCloseTo(-deltas - unit.cash, 7)
  })

  it('is what the dollars of the account feel of a small move: nothing', () => {
    const { unit } = short()
    const before = unitPnl(unit)
    const pnl = (move: number): number => {
      const moved = structuredClone(unit)
      markUnit(moved, chainAt(MONDAY, { forward: 100_000 + move }))
      return unitPnl(moved) - before
    }
    // One coin would gain or lose 10; the rest is gamma, the same on both sides.
    expect(Math.abs(pnl(10) - pnl(-10)) / 20).toBeLessThan(1e-3)
    expect(pnl(2000)).toBeLessThan(0)
    expect(pnl(-2000)).toBeLessThan(0)
  })

  it('while prices move the dollars of the contract stay, and the coins that they cost', () => {
    const { unit } = short()
    const { usd, ratio } = unit.hedge
    markUnit(unit, chainAt(MONDAY + HOUR_MS, { forward: 110_000 }))
    expect(unit.hedge).toMatchObject({ usd, ratio, price: 110_000 })
    expect(unit.cash).toBe(premiumCoin(short().wanted))
    expect(usd / ratio).toBe(100_000)
  })

  const hedgedAt = (unit: HeldUnit, forward: number, hours: number): HeldUnit => {
    markUnit(unit, chainAt(MONDAY + hours * HOUR_MS, { forward }))
    const before = equityCoin(unit)
    hedgeUnit(unit, MONDAY + hours * HOUR_MS, FOUR)
    // Trading at the mark costs nothing, and what is left is flat.
    expect(equityCoin(unit)).toBeCloseTo(before, 12)
    expect(Math.abs(residualDelta(unit))).toBeLessThan(1e-7)
    const legs = unit.options.reduce((sum, { ratio, delta }) => sum + ratio * delta, unit.cash + unit.hedge.ratio)
    expect(Math.abs(legs)).toBeLessThan(1e-7)
    return unit
  }

  it('a hedge that grows buys at the price of now', () => {
    const unit = hedgedAt(short().unit, 108_000, 1)
    const { usd, ratio } = unit.hedge
    hedgedAt(unit, 112_000, 2)
    expect(unit.hedge.usd - usd).toBeCloseTo((unit.hedge.ratio - ratio) * 112_000, 6)
    expect(ratio).toBeGreaterThan(0)
  })

  it('a hedge that shrinks keeps what it cost, and its profit becomes cash', () => {
    const unit = hedgedAt(short().unit, 108_000, 1)
    const { usd, ratio } = unit.hedge
    const { cash } = unit
    hedgedAt(unit, 106_000, 2)
    expect(unit.hedge.ratio).toBeLessThan(ratio)
    expect(unit.hedge.usd / unit.hedge.ratio).toBeCloseTo(usd / ratio, 6)
    // Bought at 108 000, sold at 106 000.
    const closed = (usd - unit.hedge.usd) * (1 / 108_000 - 1 / 106_000)
    expect(unit.cash - cash).toBeLessThan(0)
    expect(unit.cash - cash).toBeCloseTo(closed, 5)
  })

  it('a hedge that turns is closed first', () => {
    const unit = hedgedAt(short().unit, 108_000, 1)
    hedgedAt(unit, 92_000, 2)
    expect(unit.hedge.ratio).toBeLessThan(0)
    expect(unit.hedge.usd / unit.hedge.ratio).toBeCloseTo(92_000, 4)
  })
})

describe('marks', () => {
  it('of an option that the chain left out are those of its last volatility', () => {
    const moved = { forward: 120_000 }
    const [whole, part] = [short().unit, short().unit]
    markUnit(whole, chainAt(MONDAY + DAY_MS, moved))
    markUnit(part, chainAt(MONDAY + DAY_MS, { ...moved, mend: (row) => (row.option === 'put' ? undefined : row) }))
    expect(part.options[1]!.delta).toBeCloseTo(whole.options[1]!.delta, 9)
    expect(equityCoin(part)).toBeCloseTo(equityCoin(whole), 6)
  })

  it('begin with what the spread costs', () => {
    const { unit, wanted } = short()
    const lost = wanted.reduce((sum, { option }) => sum + option.mark! - option.bid, 0)
    expect(equityCoin(unit)).toBeCloseTo(-lost, 12)
  })
})

describe('a hedge is due', () => {
  const later = (ms: number, shape: ChainShape = {}): HeldUnit => {
    const { unit } = short()
    markUnit(unit, chainAt(MONDAY + ms, shape))
    return unit
  }

  it('at a fixed hour, never twice in a slot', () => {
    expect(hedgeDue(later(FOUR), MONDAY + FOUR, FOUR, 0)).toBe('schedule')
    expect(hedgeDue(later(HOUR_MS), MONDAY + FOUR - MINUTE_MS, FOUR, 0)).toBeUndefined()
    const unit = later(FOUR)
    hedgeUnit(unit, MONDAY + FOUR, FOUR)
    markUnit(unit, chainAt(MONDAY + FOUR + HOUR_MS))
    expect(hedgeDue(unit, MONDAY + FOUR + HOUR_MS, FOUR, 0)).toBeUndefined()
  })

  it('between them when delta is beyond the trigger; 0 never', () => {
    const moved = later(HOUR_MS, { forward: 106_000 })
    expect(Math.abs(residualDelta(moved))).toBeGreaterThan(0.1)
    expect(hedgeDue(moved, MONDAY + HOUR_MS, FOUR, 0.1)).toBe('event')
    expect(hedgeDue(moved, MONDAY + HOUR_MS, FOUR, 0)).toBeUndefined()
    expect(hedgeDue(later(HOUR_MS), MONDAY + HOUR_MS, FOUR, 0.1)).toBeUndefined()
  })

  it('never without a newer chain: with snapshots six hours apart it waits for one', () => {
    const { unit } = short()
    expect(hedgeDue(unit, MONDAY + FOUR, FOUR, 0.1)).toBeUndefined()
    markUnit(unit, chainAt(MONDAY + 6 * HOUR_MS))
    expect(hedgeDue(unit, MONDAY + 6 * HOUR_MS, FOUR, 0.1)).toBe('schedule')
  })
})

it('vega is that of the options, gross without netting; a fall of 30 % costs a sold straddle', () => {
  const { unit } = short()
  expect(unitVega(unit)).toBeLessThan(0)
  expect(unitVega(unit, true)).toBeCloseTo(-unitVega(unit), 9)
  const down = unitShock(unit, -0.3)
  const up = unitShock(unit, 0.3)
  // Struck at 100 000: the option pays 30 000, the premium was some 7 900.
  expect(down).toBeGreaterThan(-30_000)
  expect(down).toBeLessThan(-15_000)
  expect(up).toBeLessThan(-15_000)
  expect(unitShock(unit, 0)).toBeCloseTo(0, 9)
})
