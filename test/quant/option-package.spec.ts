/** A unit of options that is sold as one: wings by budget, size by vega, shocks. */
import { describe, expect, it } from 'vitest'
import { black76 } from '#quant/black76'
import { shockPnl, type UnitOption, unitValue, vegaWeight, wingQuantity } from '#quant/option-package'
import { straddleWings } from '#quant/volatility-premium'

const [F, YEARS, VOL] = [60_000, 10 / 365, 0.6]

describe('wings', () => {
  it('cost 15 % of the premium: 0.40 for each straddle at one volatility (methods.md 9)', () => {
    const { premium, wingCost, wingQuantity: expected } = straddleWings(F, YEARS, VOL, 0.25, 0.15)!
    expect(wingQuantity(premium, wingCost, 0.15)).toBe(expected)
    expect(expected).toBeCloseTo(0.4, 2)
  })

  it('are one at most, none without premium or budget, and as many as straddles where they cost nothing', () => {
    expect(wingQuantity(100, 10, 0.15)).toBe(1)
    expect(wingQuantity(100, 0, 0.15)).toBe(1)
    expect(wingQuantity(0, 10, 0.15)).toBe(0)
    expect(wingQuantity(-1, 10, 0.15)).toBe(0)
    expect(wingQuantity(100, 10, 0)).toBe(0)
  })
})

describe('size by vega', () => {
  it('ten points move NAV by the limit', () => {
    const vega = -2 * black76('call', F, F, YEARS, VOL)!.vegaPerPoint
    const weight = vegaWeight(vega, F, 0.01)
    const nav = 1_000_000
    expect(((weight * nav) / F) * Math.abs(vega) * 10).toBeCloseTo(0.01 * nav, 6)
  })

  it('without vega there is no limit', () => {
    expect(vegaWeight(0, F, 0.01)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('shocks', () => {
  const straddle: UnitOption[] = [
    { side: 'call', strike: F, quantity: -1, vol: VOL },
    { side: 'put', strike: F, quantity: -1, vol: VOL },
  ]

  it('a jump takes what the options are worth more, and gives what coins gain', () => {
    const before = unitValue(straddle, F, YEARS)
    const after = unitValue(straddle, 0.7 * F, YEARS)
    expect(shockPnl(straddle, 0, F, YEARS, -0.3)).toBeCloseTo(after - before, 9)
    expect(shockPnl(straddle, -0.5, F, YEARS, -0.3) - (after - before)).toBeCloseTo(0.5 * 0.3 * F, 6)
    expect(shockPnl([], 1, F, YEARS, 0.3)).toBeCloseTo(0.3 * F, 6)
  })

  it('at expiry options are worth what exercise gives', () => {
    expect(unitValue(straddle, 50_000, 0)).toBe(-10_000)
    expect(unitValue(straddle, 70_000, 0)).toBe(-10_000)
  })
})
