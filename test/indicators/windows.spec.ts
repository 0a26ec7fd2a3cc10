/** Streaming windows against a plain recomputation over the same values, at every bar. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDonchian, donchianLower, donchianUpper, updateDonchian } from '#indicators/donchian'
import { createMomentum, insideMomentum, updateMomentum } from '#indicators/momentum'
import { createPriceZ, createReturnZ, maxAbsZ, updatePriceZ, updateReturnZ } from '#indicators/return-z'
import { createRollingMoments, pushRollingMoments, rollingMean, rollingSd } from '#indicators/rolling-moments'
import { createRollingVwap, updateRollingVwap } from '#indicators/rolling-vwap'
import { createSortedWindow, pushSortedWindow, windowDeviation, windowMedian } from '#indicators/sorted-window'
import {
  createRollingMax,
  createRollingMin,
  createRollingSum,
  pushRollingExtreme,
  pushRollingSum,
  rollingExtreme,
  rollingSum,
} from '#indicators/window'
import { bars, close, mean, median, sd } from './bars.js'

const finite = fc.double({ min: -1e9, max: 1e9, noNaN: true })
const values = fc.array(fc.oneof(finite, fc.integer({ min: -3, max: 3 })), { minLength: 1, maxLength: 80, size: 'max' })
const window = fc.integer({ min: 2, max: 12 })
const last = (xs: readonly number[], i: number, n: number): number[] | null =>
  i + 1 < n ? null : xs.slice(i + 1 - n, i + 1)

describe('windows', () => {
  it('extremes are those of the last n values, exactly', () => {
    fc.assert(
      fc.property(values, window, (xs, n) => {
        const max = createRollingMax(n)
        const min = createRollingMin(n)
        xs.forEach((x, i) => {
          pushRollingExtreme(max, x)
          pushRollingExtreme(min, x)
          const w = last(xs, i, n)
          expect(rollingExtreme(max)).toBe(w && Math.max(...w) + 0)
          expect(rollingExtreme(min)).toBe(w && Math.min(...w) + 0)
        })
      }),
    )
  })

  it('sums, means and deviations err by rounding of their own window only, whatever came before', () => {
    fc.assert(
      fc.property(values, window, fc.constantFrom(0 as const, 1 as const), (xs, n, ddof) => {
        const sum = createRollingSum(n)
        const moments = createRollingMoments(n)
        xs.forEach((x, i) => {
          pushRollingSum(sum, x)
          pushRollingMoments(moments, x)
          const w = last(xs, i, n)
          if (w === null) {
            expect(rollingSum(sum)).toBeNull()
            expect(rollingMean(moments)).toBeNull()
            expect(rollingSd(moments, ddof)).toBeNull()
            return
          }
          // The addend keeps denormals out of the comparison.
          const size = Math.max(...w.map(Math.abs)) + 1e-120
          expect(Math.abs(rollingSum(sum)! - mean(w) * n)).toBeLessThanOrEqual(size * n * 1e-15 * n)
          expect(Math.abs(rollingMean(moments)! - mean(w))).toBeLessThanOrEqual(size * 1e-15 * n)
          expect(Math.abs(rollingSd(moments, ddof)! - sd(w, ddof))).toBeLessThanOrEqual(size * 1e-14 * n)
        })
      }),
    )
  })

  it('a huge value leaves no trace once it has left the window', () => {
    const moments = createRollingMoments(4)
    const sum = createRollingSum(4)
    for (const x of [1e15, 1, 2, 3, 4]) {
      pushRollingMoments(moments, x)
      pushRollingSum(sum, x)
    }
    expect(rollingSum(sum)).toBe(10)
    expect(rollingMean(moments)).toBe(2.5)
    expect(rollingSd(moments, 0)).toBeCloseTo(Math.sqrt(1.25), 14)
  })

  it('medians and absolute deviations are those of the sorted window, exactly', () => {
    fc.assert(
      fc.property(values, window, (xs, n) => {
        const state = createSortedWindow(n)
        xs.forEach((x, i) => {
          pushSortedWindow(state, x)
          const w = last(xs, i, n)
          const m = windowMedian(state)
          expect(m).toBe(w && median(w) + 0)
          if (w && m !== null) expect(windowDeviation(state, m)).toBe(median(w.map((y) => Math.abs(y - m))) + 0)
        })
      }),
    )
  })

  it('refuses values that would poison a window, and lengths that make none', () => {
    expect(() => pushRollingMoments(createRollingMoments(3), Number.NaN)).toThrow()
    expect(() => pushSortedWindow(createSortedWindow(3), Number.POSITIVE_INFINITY)).toThrow()
    expect(() => createRollingMax(0)).toThrow()
    expect(() => createRollingMoments(1)).toThrow()
    expect(() => createRollingSum(2.5)).toThrow()
  })
})

describe('Donchian channel', () => {
  it('is the extreme of the n bars before the current one', () => {
    fc.assert(
      fc.property(bars(1, 60), window, (tape, n) => {
        const state = createDonchian(n)
        tape.forEach((bar, i) => {
          const ready = updateDonchian(state, bar.high, bar.low)
          const before = i < n ? null : tape.slice(i - n, i)
          expect(ready).toBe(before !== null)
          expect(donchianUpper(state)).toBe(before && Math.max(...before.map((b) => b.high)))
          expect(donchianLower(state)).toBe(before && Math.min(...before.map((b) => b.low)))
        })
      }),
    )
  })
})

describe('z-scores, VWAP and momentum', () => {
  it('return z compares with the overlapping returns before, the current one left out', () => {
    fc.assert(
      fc.property(bars(20, 60), fc.integer({ min: 1, max: 4 }), window, (tape, h, n) => {
        const state = createReturnZ(h, n)
        const closes = tape.map((b) => b.close)
        const returns = closes.map((c, i) => (i < h ? Number.NaN : Math.log(c / closes[i - h]!)))
        closes.forEach((c, i) => {
          const z = updateReturnZ(state, c)
          if (i < h + n) {
            expect(z).toBeNull()
            return
          }
          const w = returns.slice(i - n, i)
          const s = sd(w, 1)
          if (s > 1e-6) expect(close(z, (returns[i]! - mean(w)) / s, 1e-8)).toBe(true)
          if (w.every((x) => x === w[0])) expect(z).toBeNull()
        })
      }),
    )
  })

  it('price z stays within the bound of Shiffler and equals its definition', () => {
    fc.assert(
      fc.property(bars(20, 60), window, (tape, n) => {
        const state = createPriceZ(n)
        const closes = tape.map((b) => b.close)
        closes.forEach((c, i) => {
          const z = updatePriceZ(state, c)
          const w = last(closes, i, n)
          if (w === null || w.every((x) => x === c)) {
            expect(z).toBeNull()
            return
          }
          if (z === null) return
          expect(Math.abs(z)).toBeLessThanOrEqual(maxAbsZ(n, 0) + 1e-6)
          if (sd(w, 0) > 1e-6) expect(close(z, (c - mean(w)) / sd(w, 0), 1e-6)).toBe(true)
        })
      }),
    )
  })

  it('VWAP lies between the lowest and highest typical price, equals its definition, and is null without volume', () => {
    fc.assert(
      fc.property(bars(10, 60), fc.integer({ min: 1, max: 6 }), (tape, n) => {
        const state = createRollingVwap(n)
        tape.forEach((bar, i) => {
          const v = updateRollingVwap(state, bar.high, bar.low, bar.close, bar.volume)
          const w = i + 1 < n ? null : tape.slice(i + 1 - n, i + 1)
          const volume = w?.reduce((a, b) => a + b.volume, 0) ?? 0
          if (w === null || volume === 0) {
            expect(v).toBeNull()
            return
          }
          const typical = w.map((b) => (b.high + b.low + b.close) / 3)
          const traded = w.reduce((a, b, k) => a + typical[k]! * b.volume, 0)
          expect(close(v, traded / volume, 1e-12)).toBe(true)
          expect(v!).toBeGreaterThanOrEqual(Math.min(...typical) * (1 - 1e-12))
          expect(v!).toBeLessThanOrEqual(Math.max(...typical) * (1 + 1e-12))
        })
      }),
    )
  })

  it('momentum never reads the skipped bars', () => {
    fc.assert(
      fc.property(bars(1, 40), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 8 }), (tape, l, s) => {
        const state = createMomentum(l, s)
        tape.forEach((bar, i) => {
          const m = updateMomentum(state, bar.close)
          expect(m).toBe(i < l + s ? null : tape[i - s]!.close / tape[i - s - l]!.close - 1)
          expect(insideMomentum(state)).toBe(i < l || s >= l ? null : tape[i - s]!.close / tape[i - l]!.close - 1)
        })
      }),
    )
  })
})
