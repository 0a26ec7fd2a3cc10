/** Prices behind realised volatility: one a slot, a window that ends now and is nearly whole, the step that prices really have. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '#core/time'
import { variancePremium } from '#quant/volatility-premium'
import { addPrice, createSeries, type PriceSeries, trailing } from '#signals/vol-realised'

const NOW = 20_000 * DAY_MS

/** A price every `stepHours` until NOW, `days` long, up and down by `move`. */
function series(days: number, stepHours: number, move = 0.01, skip: (i: number) => boolean = () => false): PriceSeries {
  const one = createSeries(HOUR_MS, 14 * DAY_MS)
  const count = (days * 24) / stepHours
  for (let i = 0; i <= count; i++)
    if (!skip(i)) addPrice(one, NOW - (count - i) * stepHours * HOUR_MS, 100 * Math.exp(i % 2 === 0 ? 0 : move))
  return one
}

describe('a trailing window', () => {
  it('of whole hours is that of methods.md 9: 8760 / n Σ r²', () => {
    const { logReturns, stepHours, periodsPerYear } = trailing(series(14, 1), NOW, 10 * DAY_MS)!
    expect([logReturns.length, stepHours, periodsPerYear]).toEqual([240, 1, 8760])
    expect(variancePremium(logReturns, 1, periodsPerYear)!.realisedVol).toBeCloseTo(0.01 * Math.sqrt(8760), 9)
  })

  it('of snapshots six hours apart has 1460 a year', () => {
    expect(trailing(series(14, 6), NOW, 10 * DAY_MS)).toMatchObject({ stepHours: 6, periodsPerYear: 1460 })
  })

  it('counts what is missing as time, not as calm', () => {
    const gap = (i: number): boolean => i > 250 && i <= 262
    const { logReturns, periodsPerYear } = trailing(series(14, 1, 0.01, gap), NOW, 10 * DAY_MS)!
    expect(logReturns).toHaveLength(228)
    expect(periodsPerYear).toBeCloseTo((8760 * 228) / 240, 9)
  })

  it.each([
    ['prices cover less than four fifths of it', series(7, 1), 10],
    ['there is one price', series(0, 1), 10],
    ['there is none', createSeries(HOUR_MS, DAY_MS), 10],
  ])('is none while %s', (_, one, days) => {
    expect(trailing(one, NOW, days * DAY_MS)).toBeUndefined()
  })

  it('is none when the newest price is more than three steps old, or later than now', () => {
    const one = series(14, 1)
    expect(trailing(one, NOW + 3 * HOUR_MS, 10 * DAY_MS)).toBeDefined()
    expect(trailing(one, NOW + 3.1 * HOUR_MS, 10 * DAY_MS)).toBeUndefined()
    expect(trailing(one, NOW - HOUR_MS, 10 * DAY_MS)).toBeUndefined()
  })
})

describe('prices', () => {
  it('are the first of each slot, in order, and real', () => {
    const one = createSeries(6 * HOUR_MS, DAY_MS)
    addPrice(one, NOW, 1)
    addPrice(one, NOW + HOUR_MS, 2)
    addPrice(one, NOW + 7 * HOUR_MS, 3)
    addPrice(one, NOW + 6 * HOUR_MS, 4)
    addPrice(one, NOW + 13 * HOUR_MS, 0)
    expect(one.prices).toEqual([1, 3])
  })

  it('are bounded by the longest window', () => {
    expect(series(40, 1).prices.length).toBeLessThan(14 * 24 + 3)
  })
})
