import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  extremeWeights,
  overlapTranches,
  quartileOf,
  rankAscending,
  rankWeights,
  withoutCoin,
} from '#quant/cross-section'

const sum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0)
const gross = (xs: readonly number[]): number => xs.reduce((total, x) => total + Math.abs(x), 0)

describe('cross-sectional weights', () => {
  it('are dollar-neutral with gross 1, and rise with the rank', () => {
    for (let n = 2; n <= 60; n++) {
      for (const weights of [rankWeights(n, 1), extremeWeights(n, quartileOf(n), 1)]) {
        expect(sum(weights)).toBeCloseTo(0, 12)
        expect(gross(weights)).toBeCloseTo(1, 12)
        for (let i = 1; i < n; i++) expect(weights[i]!).toBeGreaterThanOrEqual(weights[i - 1]!)
      }
    }
    expect(rankWeights(1, 1)).toEqual([0])
    expect(() => extremeWeights(3, 2, 1)).toThrow()
    expect([4, 6, 7, 8, 30].map(quartileOf)).toEqual([1, 1, 1, 2, 7])
  })

  it('break ties by symbol, whatever the order they come in', () => {
    const coins = ['b', 'a', 'c'].map((name) => ({ name, value: 1 }))
    expect(rankAscending(coins)).toEqual(['a', 'b', 'c'])
    expect(rankAscending([...coins, { name: 'd', value: 0 }])).toEqual(['d', 'a', 'b', 'c'])
  })

  it('are built up over the holding time and forget what is older', () => {
    expect(overlapTranches([[1, -1]], 4)).toEqual([0.25, -0.25])
    expect(
      overlapTranches(
        [
          [9, 9],
          [1, -1],
          [0, 0],
        ],
        2,
      ),
    ).toEqual([0.5, -0.5])
    expect(overlapTranches([], 7)).toEqual([])
  })

  it('stay dollar-neutral without a coin that is gone, and never grow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(), (n, pick) => {
        const before = rankWeights(n, 1)
        const after = withoutCoin(before, pick % n)
        expect(after[pick % n]).toBe(0)
        expect(sum(after)).toBeCloseTo(0, 12)
        after.forEach((weight, i) => {
          expect(Math.abs(weight)).toBeLessThanOrEqual(Math.abs(before[i]!) + 1e-15)
        })
      }),
      { seed: 3 },
    )
    expect(withoutCoin([-0.5, 0.5], 0)).toEqual([0, 0])
  })
})
