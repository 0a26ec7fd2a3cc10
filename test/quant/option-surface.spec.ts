import { describe, expect, it } from 'vitest'
import { black76Price, type OptionSide } from '#quant/black76'
import { constantMaturity, type SmilePoint, skewPoints, smileLegs, usableVol, volAtDelta } from '#quant/vol-surface'

const F = 60_000
const YEARS = 30 / 365

const price = (side: OptionSide, strike: number, vol: number): number => black76Price(side, F, strike, YEARS, vol)!
const quote = (strike: number, bidVol: number, askVol: number, iv: number | null = (bidVol + askVol) / 2) => ({
  side: 'call' as const,
  strike,
  bid: price('call', strike, bidVol),
  ask: price('call', strike, askVol),
  iv,
})

describe('which quotes count', () => {
  it('those with a volatility and a book of at most ten points', () => {
    expect(usableVol(quote(65_000, 0.5, 0.52), F, YEARS)).toBeCloseTo(0.51, 12)
    expect(usableVol(quote(65_000, 0.5, 0.5999), F, YEARS)).not.toBeNull()
    expect(usableVol(quote(65_000, 0.5, 0.6001), F, YEARS)).toBeNull()
    expect(usableVol(quote(40_000, 0.5, 0.52), F, YEARS)).not.toBeNull()
  })

  it('not those without a volatility or a side, crossed, or bid below intrinsic', () => {
    expect(usableVol(quote(65_000, 0.5, 0.52, null), F, YEARS)).toBeNull()
    expect(usableVol({ ...quote(65_000, 0.5, 0.52), bid: null }, F, YEARS)).toBeNull()
    expect(usableVol({ ...quote(65_000, 0.5, 0.52), ask: null }, F, YEARS)).toBeNull()
    expect(usableVol({ ...quote(65_000, 0.5, 0.52), bid: 0 }, F, YEARS)).toBeNull()
    expect(usableVol(quote(65_000, 0.52, 0.51), F, YEARS)).toBeNull()
    expect(usableVol({ ...quote(50_000, 0.5, 0.52), bid: 9_999 }, F, YEARS)).toBeNull()
  })
})

describe('legs of a smile', () => {
  const smile = (strikes: readonly number[], volOf: (strike: number) => number): SmilePoint[] =>
    strikes.flatMap((strike) => [
      { side: 'call', strike, iv: volOf(strike) },
      { side: 'put', strike, iv: volOf(strike) },
    ])
  const ladder = Array.from({ length: 41 }, (_, i) => 40_000 + i * 1000)

  it('are flat where the smile is, in any order of strikes', () => {
    expect(
      smileLegs(
        smile([...ladder].reverse(), () => 0.6),
        F,
        YEARS,
      ),
    ).toEqual({ atm: 0.6, put25: 0.6, call25: 0.6 })
  })

  it('fear of falls is a positive skew', () => {
    const { put25, call25 } = smileLegs(
      smile(ladder, (strike) => 0.6 - (strike - F) / 200_000),
      F,
      YEARS,
    )
    expect(skewPoints(put25!, call25!)).toBeGreaterThan(3)
  })

  it('are null without strikes on both sides of the delta; nothing is extrapolated', () => {
    const upper = smileLegs(
      smile(
        ladder.filter((strike) => strike >= F),
        () => 0.6,
      ),
      F,
      YEARS,
    )
    expect(upper).toEqual({ atm: 0.6, put25: null, call25: 0.6 })
    expect(smileLegs([], F, YEARS)).toEqual({ atm: null, put25: null, call25: null })
    const calls = smile(ladder, () => 0.6).filter(({ side }) => side === 'call')
    expect(smileLegs(calls, F, YEARS)).toEqual({ atm: 0.6, put25: null, call25: 0.6 })
  })

  it('are linear in delta; of several brackets the one nearest the money counts', () => {
    const points = [
      { absDelta: 0.6, iv: 0.5 },
      { absDelta: 0.3, iv: 0.6 },
      { absDelta: 0.2, iv: 0.7 },
      { absDelta: 0.28, iv: 2 },
      { absDelta: 0.1, iv: 3 },
    ]
    expect(volAtDelta(points, 0.25)).toBeCloseTo(0.65, 12)
    expect(volAtDelta(points, 0.3)).toBe(0.6)
    expect(volAtDelta(points, 0.7)).toBeNull()
    expect(volAtDelta(points, 0.05)).toBeNull()
  })
})

describe('constant maturity', () => {
  it('is linear in total variance, and an expiry’s own at its time', () => {
    const vol = constantMaturity(0.6, 0.02, 0.5, 0.1, 0.06)!
    expect(vol * vol * 0.06).toBeCloseTo((0.36 * 0.02 + 0.25 * 0.1) / 2, 14)
    expect(constantMaturity(0.6, 0.02, 0.5, 0.1, 0.02)).toBeCloseTo(0.6, 14)
    expect(constantMaturity(0.6, 0.02, 0.5, 0.1, 0.1)).toBeCloseTo(0.5, 14)
    expect(constantMaturity(0.6, 0.06, 0.6, 0.06, 0.06)).toBe(0.6)
  })

  it('is null outside, and where total variance falls', () => {
    expect(constantMaturity(0.6, 0.02, 0.5, 0.1, 0.019)).toBeNull()
    expect(constantMaturity(0.6, 0.02, 0.5, 0.1, 0.11)).toBeNull()
    expect(constantMaturity(0.6, 0, 0.5, 0.1, 0.05)).toBeNull()
    expect(constantMaturity(1, 0.05, 0.7, 0.1, 0.08)).toBeNull()
  })
})
