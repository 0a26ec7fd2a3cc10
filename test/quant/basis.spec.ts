import { describe, expect, it } from 'vitest'
import { annualisedBasis, inverseFuturePnl, inverseHedgeValue, netCarryApr, rollYield } from '#quant/basis'

describe('the basis of a dated future', () => {
  it('is the example of the method: 60000/61500 over 90 days', () => {
    const told = annualisedBasis(60_000, 61_500, 90)!
    expect(told.simple).toBeCloseTo(0.10139, 5)
    expect(told.continuous).toBeCloseTo(0.10014, 5)
    expect(netCarryApr(60_000, 61_500, 90, 30, 0.2)).toBeCloseTo(0.07435, 5)
  })

  it('is ordered: continuous below simple; compound above it for less than a year, below it for more', () => {
    for (const future of [90, 99, 101, 130])
      for (const days of [4, 30, 364, 366, 500]) {
        const { basis, simple, continuous, compound } = annualisedBasis(100, future, days)!
        expect(Math.sign(simple)).toBe(Math.sign(basis))
        expect(continuous).toBeLessThan(simple)
        if (days < 365) expect(compound).toBeGreaterThan(simple)
        else expect(compound).toBeLessThan(simple)
      }
  })

  it('is nothing without time left or prices', () => {
    expect(annualisedBasis(100, 101, 0)).toBeNull()
    expect(annualisedBasis(100, 101, -1)).toBeNull()
    expect(annualisedBasis(0, 101, 10)).toBeNull()
    expect(annualisedBasis(100, Number.NaN, 10)).toBeNull()
    expect(netCarryApr(100, 101, 0, 10, 0.2)).toBeNull()
    expect(rollYield(100, 101, 30, 30)).toBeNull()
    expect(inverseFuturePnl(-1000, 0, 50)).toBeNull()
    expect(inverseHedgeValue(1, 50, 50, 0)).toBeNull()
  })
})

describe('coin-margined contracts', () => {
  it('pay in coins; a full hedge is worth the same at every price', () => {
    expect(inverseFuturePnl(-100_000, 50_000, 40_000)).toEqual({
      coin: expect.closeTo(0.5, 12),
      usdAtExit: expect.closeTo(20_000, 8),
    })
    for (const exit of [100, 25_000, 50_000, 1e6])
      expect(inverseHedgeValue(2, 50_000, 100_000, exit)).toBeCloseTo(100_000, 6)
    expect(inverseHedgeValue(2, 50_000, 50_000, 100_000)).toBeCloseTo(150_000, 6)
  })
})
