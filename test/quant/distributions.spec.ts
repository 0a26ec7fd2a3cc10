/** The normal distribution, moments and quantiles: known values, and laws that hold for any sample. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  autocorrelation,
  correlation,
  kurtosis,
  mean,
  median,
  medianAbsoluteDeviation,
  quantile,
  regression,
  skewness,
  standardDeviation,
} from '#quant/moments'
import { erfc, normalCdf, normalInverse, normalPdf } from '#quant/normal'

const value = fc.double({ min: -1000, max: 1000, noNaN: true })
const sample = fc.array(fc.oneof(value, fc.integer({ min: -3, max: 3 })), { minLength: 1, maxLength: 60 })
const probability = fc.double({ min: 0, max: 1, noNaN: true })

describe('normal distribution', () => {
  // Series in 60 digits, rounded to doubles.
  const known = [
    [-8, 6.220960574271784e-16],
    [-5.5, 1.8989562465887718e-8],
    [-3, 0.0013498980316300946],
    [-1.96, 0.024997895148220435],
    [-0.5, 0.3085375387259869],
    [0, 0.5],
    [0.3, 0.6179114221889527],
    [1, 0.8413447460685429],
    [1.6448536269514722, 0.95],
    [2.5, 0.9937903346742238],
    [6, 0.9999999990134123],
  ] as const

  it.each(known)('P(Z <= %d) is right to nearly double accuracy, its inverse leads back', (x, p) => {
    expect(Math.abs(normalCdf(x) - p)).toBeLessThanOrEqual(p * 1e-14)
    if (Math.abs(x) <= 3) expect(Math.abs(normalInverse(p) - x)).toBeLessThanOrEqual(1e-13)
  })

  it('rises, mirrors itself, and differentiates to its density', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -30, max: 30, noNaN: true }),
        fc.double({ min: 1e-9, max: 5, noNaN: true }),
        (x, d) => {
          expect(normalCdf(x + d)).toBeGreaterThanOrEqual(normalCdf(x))
          expect(Math.abs(normalCdf(x) + normalCdf(-x) - 1)).toBeLessThanOrEqual(1e-15)
          const slope = (normalCdf(x + 1e-4) - normalCdf(x - 1e-4)) / 2e-4
          expect(Math.abs(slope - normalPdf(x))).toBeLessThanOrEqual(1e-8)
        },
      ),
    )
    expect(normalCdf(40)).toBe(1)
    expect(normalCdf(-40)).toBe(0)
    expect(erfc(-30)).toBe(2)
  })

  it('inverse leads back over the whole range, tails included', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1 - 1e-15, noNaN: true }), fc.integer({ min: 0, max: 250 }), (u, k) => {
        const p = Math.max(1e-300, u * Math.exp(-k))
        expect(Math.abs(normalCdf(normalInverse(p)) / p - 1)).toBeLessThanOrEqual(1e-12)
      }),
    )
    expect(normalInverse(0.5)).toBe(0)
    for (const p of [0, 1, -0.1, Number.NaN]) expect(() => normalInverse(p)).toThrow()
  })
})

describe('quantiles', () => {
  it('lie within the sample, rise with p, and mirror under negation', () => {
    fc.assert(
      fc.property(sample, probability, probability, (xs, p, q) => {
        const [low, high] = [Math.min(p, q), Math.max(p, q)]
        const size = Math.max(...xs.map(Math.abs))
        expect(quantile(xs, low)!).toBeGreaterThanOrEqual(Math.min(...xs))
        expect(quantile(xs, high)!).toBeLessThanOrEqual(Math.max(...xs))
        expect(quantile(xs, low)!).toBeLessThanOrEqual(quantile(xs, high)! + size * 1e-15)
        const mirrored = quantile(
          xs.map((x) => -x),
          1 - p,
        )!
        expect(Math.abs(mirrored + quantile(xs, p)!)).toBeLessThanOrEqual(size * 1e-12)
        expect(quantile(xs, 0)).toBe(Math.min(...xs) + 0)
        expect(quantile(xs, 1)).toBe(Math.max(...xs) + 0)
      }),
    )
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75)
    expect(quantile([], 0.5)).toBeNull()
    expect(median([5, 1, 3])).toBe(3)
    expect(medianAbsoluteDeviation([1, 1, 2, 2, 4, 6, 9])).toBe(1)
  })
})

describe('moments', () => {
  it('shift and scale as they must', () => {
    fc.assert(
      fc.property(sample, value, fc.double({ min: 0.1, max: 50, noNaN: true }), (xs, shift, scale) => {
        const ys = xs.map((x) => shift + scale * x)
        const size = Math.max(1, Math.abs(shift), ...xs.map((x) => Math.abs(x) * scale))
        expect(Math.abs(mean(ys)! - (shift + scale * mean(xs)!))).toBeLessThanOrEqual(size * 1e-13)
        expect(mean(xs)!).toBeGreaterThanOrEqual(Math.min(...xs) - size * 1e-15)
        expect(mean(xs)!).toBeLessThanOrEqual(Math.max(...xs) + size * 1e-15)
        const sd = standardDeviation(xs, 0)!
        expect(Math.abs(standardDeviation(ys, 0)! - scale * sd)).toBeLessThanOrEqual(size * 1e-12)
        if (sd < size * 1e-3) return
        expect(skewness(ys)!).toBeCloseTo(skewness(xs)!, 5)
        expect(kurtosis(ys)!).toBeCloseTo(kurtosis(xs)!, 5)
        const g3 = skewness(xs)!
        expect(kurtosis(xs)!).toBeGreaterThanOrEqual(1 + g3 * g3 - 1e-9) // Pearson's inequality
      }),
    )
  })

  it('undefined ones are null, never 0', () => {
    expect([mean([]), standardDeviation([], 0), standardDeviation([1], 1)]).toEqual([null, null, null])
    expect([skewness([0.1, 0.1, 0.1]), kurtosis([0.3, 0.3]), autocorrelation([0.7, 0.7, 0.7], 1)]).toEqual([
      null,
      null,
      null,
    ])
    expect(regression([1, 1], [1, 2])).toBeNull()
    expect(correlation([1, 2], [3, 3])).toBeNull()
    expect(standardDeviation([0.1, 0.1, 0.1], 1)).toBe(0)
  })

  it('regression leaves residuals without mean or slope; correlations stay within -1 and 1', () => {
    const pairs = fc.array(fc.tuple(value, value), { minLength: 3, maxLength: 40 })
    fc.assert(
      fc.property(pairs, (points) => {
        const xs = points.map(([x]) => x)
        const ys = points.map(([, y]) => y)
        const line = regression(xs, ys)
        if (line === null || standardDeviation(xs, 0)! < 1e-3) return
        const rest = points.map(([x, y]) => y - line.intercept - line.slope * x)
        const scale = 1 + Math.abs(line.slope) + Math.abs(line.intercept)
        expect(Math.abs(mean(rest)!)).toBeLessThanOrEqual(scale * 1e-9)
        const rho = correlation(xs, ys)
        if (rho !== null) expect(Math.abs(rho)).toBeLessThanOrEqual(1)
        const one = autocorrelation(xs, 1)
        if (one !== null) expect(Math.abs(one)).toBeLessThanOrEqual(1)
        expect(autocorrelation(xs, 0)).toBeCloseTo(1, 9)
      }),
    )
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12)
    expect(correlation([1, 2, 3], [6, 4, 2])).toBeCloseTo(-1, 12)
  })
})
