/** Performance statistics and what a Sharpe ratio proves: laws, edges, and the published signs. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equityCurve, maxDrawdown } from '#quant/drawdown'
import { compoundGrowth, loFactor, performance, periodSharpe, sharpe, sortino } from '#quant/performance'
import {
  deflatedSharpe,
  expectedMaximum,
  minimumBacktestLength,
  minimumTrackRecord,
  probabilisticSharpe,
  sharpeStandardError,
} from '#quant/sharpe-inference'

// A grid of a millionth: returns whose squares underflow are no returns.
const daily = fc.integer({ min: -200_000, max: 200_000 }).map((x) => x / 1e6)
const returns = fc.array(daily, { minLength: 3, maxLength: 80 })
const positive = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true })

describe('Sharpe and Sortino', () => {
  it('do not change with leverage, change sign with the side, and grow with the root of the year', () => {
    fc.assert(
      fc.property(returns, positive(0.01, 20), (rs, leverage) => {
        const sr = periodSharpe(rs)
        const levered = rs.map((r) => r * leverage)
        if (sr === null || Math.abs(sr) > 100) return
        expect(periodSharpe(levered)!).toBeCloseTo(sr, 6)
        expect(periodSharpe(rs.map((r) => -r))!).toBeCloseTo(-sr, 9)
        expect(sharpe(rs, 365)!).toBeCloseTo(sr * Math.sqrt(365), 9)
        const so = sortino(rs, 1)
        if (so !== null && Math.abs(so) < 100) expect(sortino(levered, 1)!).toBeCloseTo(so, 6)
      }),
    )
  })

  it('count flat days, and are null where nothing varies or falls', () => {
    const busy = [0.01, -0.005, 0.02, 0.01]
    expect(sharpe([...busy, 0, 0, 0, 0], 365)!).toBeLessThan(sharpe(busy, 365)!)
    expect(sharpe([0.01, 0.01, 0.01], 365)).toBeNull()
    expect(sharpe([0.1], 365)).toBeNull()
    expect(sortino([0.01, 0], 365)).toBeNull()
    expect(periodSharpe([0.01, 0.03], 0.02)).toBeCloseTo(0, 12)
  })

  it('Lo: positive autocorrelation lowers the annual ratio, negative raises it, none leaves the root of the year', () => {
    const trend = Array.from({ length: 400 }, (_, i) => Math.sin(i / 30) + 0.01)
    const zigzag = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 1 : -1) + 0.01)
    expect(loFactor(trend, 365, 10)!).toBeLessThan(Math.sqrt(365))
    expect(loFactor(zigzag, 365, 1)).toBeNull() // 365 - 2 x 364 < 0: no annual variance left
    expect(loFactor(zigzag, 365, 0)).toBeCloseTo(Math.sqrt(365), 12)
    expect(loFactor([1, 1, 1], 365, 3)).toBeNull()
  })
})

describe('growth and drawdown', () => {
  it('drawdowns lie in [-1, 0], between the peak and trough they name, and recover where they say', () => {
    fc.assert(
      fc.property(returns, (rs) => {
        const equity = equityCurve(rs)
        const fall = maxDrawdown(equity)
        let worst = 0
        for (let i = 0; i < equity.length; i++) {
          for (let j = i; j < equity.length; j++) worst = Math.min(worst, equity[j]! / equity[i]! - 1)
        }
        expect(fall.maxDrawdown).toBe(worst)
        expect(fall.maxDrawdown).toBeGreaterThanOrEqual(-1)
        expect(fall.peakIndex).toBeLessThanOrEqual(fall.troughIndex)
        expect(equity[fall.troughIndex]! / equity[fall.peakIndex]! - 1).toBe(worst)
        const after = equity.findIndex((e, i) => i > fall.troughIndex && e >= equity[fall.peakIndex]!)
        expect(fall.recoveryIndex).toBe(worst === 0 || after < 0 ? null : after)
      }),
    )
    expect(maxDrawdown([100]).maxDrawdown).toBe(0)
    expect(maxDrawdown([100, 50]).maxDrawdown).toBe(-0.5)
    expect(() => maxDrawdown([])).toThrow()
    expect(() => maxDrawdown([0, 1])).toThrow()
  })

  it('growth compounds: a year of CAGR leads back to the total return', () => {
    fc.assert(
      fc.property(positive(0.2, 5), fc.integer({ min: 60, max: 2000 }), (growth, n) => {
        const rate = compoundGrowth(growth, n, 365)!
        expect(Math.abs(Math.log(1 + rate) * (n / 365) - Math.log(growth))).toBeLessThanOrEqual(1e-9)
      }),
    )
    expect(compoundGrowth(0, 10, 365)).toBe(-1)
    expect(compoundGrowth(1.1, 0, 365)).toBeNull()
  })

  it('the report agrees with its parts and holds null for what is undefined', () => {
    const p = performance([0.02, -0.01, 0.03, -0.02, 0.01], 365)
    expect(p.totalReturn).toBeCloseTo(1.02 * 0.99 * 1.03 * 0.98 * 1.01 - 1, 12)
    expect(p.calmar).toBeCloseTo(p.cagr! / -p.maxDrawdown, 9)
    expect(p.maxDrawdown).toBeCloseTo(-0.02, 12)
    const flat = performance([0, 0, 0], 365)
    expect([flat.sharpe, flat.sortino, flat.calmar, flat.psrAboveZero, flat.loFactor]).toEqual([
      null,
      null,
      null,
      null,
      null,
    ])
    expect([flat.cagr, flat.totalReturn, flat.maxDrawdown]).toEqual([0, 0, 0])
    expect(performance([], 365).cagr).toBeNull()
  })
})

describe('what a Sharpe ratio proves', () => {
  const sr = fc.double({ min: -0.3, max: 0.3, noNaN: true })
  it('PSR lies in [0, 1], rises with the ratio and falls with the benchmark', () => {
    fc.assert(
      fc.property(sr, sr, positive(0, 0.2), fc.integer({ min: 10, max: 3000 }), (s, benchmark, more, n) => {
        const p = probabilisticSharpe(s, benchmark, n, 0, 3)!
        expect(p).toBeGreaterThanOrEqual(0)
        expect(p).toBeLessThanOrEqual(1)
        expect(probabilisticSharpe(s, benchmark + more, n, 0, 3)!).toBeLessThanOrEqual(p)
        if (s > benchmark) expect(probabilisticSharpe(s, benchmark, n * 4, 0, 3)!).toBeGreaterThanOrEqual(p)
        expect(probabilisticSharpe(s, s, n, 0, 3)).toBe(0.5)
      }),
    )
    expect(probabilisticSharpe(0.1, 0, 1, 0, 3)).toBeNull()
  })

  it('fat tails and left skew cost certainty', () => {
    const normal = sharpeStandardError(0.1, 500, 0, 3)!
    expect(sharpeStandardError(0.1, 500, -2, 3)!).toBeGreaterThan(normal)
    expect(sharpeStandardError(0.1, 500, 0, 12)!).toBeGreaterThan(normal)
    expect(normal).toBeCloseTo(Math.sqrt((1 + 0.1 * 0.05) / 499), 12)
  })

  it('the more trials, the higher the bar: DSR falls, MinBTL rises', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5000 }), fc.integer({ min: 1, max: 500 }), (n, more) => {
        expect(expectedMaximum(n + more)).toBeGreaterThan(expectedMaximum(n))
        const few = deflatedSharpe(0.12, 0.002, n, 800, -0.5, 5)!
        expect(deflatedSharpe(0.12, 0.002, n + more, 800, -0.5, 5)!).toBeLessThanOrEqual(few)
        expect(minimumBacktestLength(n + more, 1)).toBeGreaterThan(minimumBacktestLength(n, 1))
      }),
    )
    expect(expectedMaximum(1)).toBe(0)
    expect(deflatedSharpe(0.12, 0.002, 1, 800, 0, 3)).toBe(probabilisticSharpe(0.12, 0, 800, 0, 3))
    expect(() => expectedMaximum(0)).toThrow()
  })

  it('MinTRL is where PSR reaches the confidence', () => {
    fc.assert(
      fc.property(positive(0.02, 0.3), positive(0.8, 0.99), positive(-1, 1), (s, confidence, skew) => {
        const n = minimumTrackRecord(s, 0, skew, 4, confidence)!
        if (n > 1.5) expect(probabilisticSharpe(s, 0, n + 1e-9, skew, 4) ?? 0).toBeCloseTo(confidence, 6)
      }),
    )
    expect(minimumTrackRecord(0.1, 0.1, 0, 3, 0.95)).toBeNull()
  })
})
