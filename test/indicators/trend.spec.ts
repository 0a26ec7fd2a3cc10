/** Wilder's indicators, EWMA volatility, volume spikes and the trailing stop, against their definitions. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAdx, createAtr, dxOf, minusDiOf, plusDiOf, trueRange, updateAdx, updateAtr } from '#indicators/atr'
import { breakoutSide, breakoutStrength, breakoutWeight } from '#indicators/donchian'
import { createEwmaVolatility, updateEwmaVolatility } from '#indicators/ewma-volatility'
import { createTrailingStop, ratchetTrailingStop, stepTrailingStop, testTrailingStop } from '#indicators/trailing-stop'
import { createCascade, createVolumeZ, updateCascade, updateVolumeZ } from '#indicators/volume-spike'
import { bars, close, mean, median, sd } from './bars.js'

describe('Wilder', () => {
  it('ATR is the seed mean, then the recursion of Wilder over the whole history', () => {
    fc.assert(
      fc.property(bars(2, 50), fc.integer({ min: 1, max: 8 }), (tape, n) => {
        const state = createAtr(n)
        const ranges: number[] = []
        let expected = 0
        tape.forEach((bar, i) => {
          if (i > 0) ranges.push(trueRange(bar.high, bar.low, tape[i - 1]!.close))
          if (i === n) expected = mean(ranges)
          if (i > n) expected = ((n - 1) * expected + ranges.at(-1)!) / n
          expect(close(updateAtr(state, bar.high, bar.low, bar.close), i < n ? null : expected, 1e-11)).toBe(true)
        })
      }),
    )
  })

  it('DI, DX and ADX stay within 0 and 100 and appear when methods say', () => {
    fc.assert(
      fc.property(bars(2, 60), fc.integer({ min: 1, max: 8 }), (tape, n) => {
        const state = createAdx(n)
        tape.forEach((bar, i) => {
          const adx = updateAdx(state, bar.high, bar.low, bar.close)
          expect(adx === null).toBe(i < 2 * n - 1)
          expect(plusDiOf(state) === null).toBe(i < n)
          for (const x of [adx, plusDiOf(state), minusDiOf(state), dxOf(state)]) {
            if (x === null) continue
            expect(x).toBeGreaterThanOrEqual(0)
            expect(x).toBeLessThanOrEqual(100 + 1e-9)
          }
        })
      }),
    )
  })

  it('knows a pure trend and a flat market', () => {
    const up = createAdx(3)
    const flat = createAdx(3)
    for (let i = 0; i < 12; i++) {
      updateAdx(up, 11 + i, 10 + i, 10.5 + i)
      updateAdx(flat, 10, 10, 10)
    }
    expect(updateAdx(up, 23, 22, 22.5)).toBeCloseTo(100, 9)
    expect(minusDiOf(up)).toBe(0)
    expect(updateAdx(flat, 10, 10, 10)).toBe(0)
    expect(() => updateAdx(flat, Number.NaN, 10, 10)).toThrow()
    expect(() => updateAtr(createAtr(3), 10, 11, 10)).toThrow()
  })
})

describe('EWMA volatility', () => {
  it('equals the sum over the whole history with normalised weights', () => {
    fc.assert(
      fc.property(bars(4, 60), fc.double({ min: 0.5, max: 80, noNaN: true }), (tape, com) => {
        const state = createEwmaVolatility(com, 365, 2)
        const returns: number[] = []
        tape.forEach((bar, i) => {
          if (i > 0) returns.push(bar.close / tape[i - 1]!.close - 1)
          const value = updateEwmaVolatility(state, bar.close)
          if (returns.length < 2) {
            expect(value).toBeNull()
            return
          }
          const weights: number[] = []
          for (let w = 1, k = 0; k < returns.length; k++, w *= com / (1 + com)) weights.unshift(w)
          const total = weights.reduce((a, b) => a + b, 0)
          const m = returns.reduce((a, r, k) => a + (r * weights[k]!) / total, 0)
          const v = returns.reduce((a, r, k) => a + ((r - m) * (r - m) * weights[k]!) / total, 0)
          expect(close(value, Math.sqrt(365 * v), 1e-9)).toBe(true)
        })
      }),
    )
  })

  it('a flat price has volatility 0; the declared warm-up is kept', () => {
    const state = createEwmaVolatility(60, 365, 60)
    for (let i = 0; i < 60; i++) expect(updateEwmaVolatility(state, 100)).toBeNull()
    expect(updateEwmaVolatility(state, 100)).toBe(0)
    expect(() => updateEwmaVolatility(state, 0)).toThrow()
  })
})

describe('breakout', () => {
  it('strength lies in [0, 1] and the weight risks at most the given share at the stop', () => {
    const p = fc.double({ min: 1, max: 1e5, noNaN: true })
    fc.assert(
      fc.property(p, p, p, fc.constantFrom(1, -1), (c, level, atr, side) => {
        const s = breakoutStrength(side, c, level, atr, 2)
        expect(s).toBeGreaterThanOrEqual(0)
        expect(s).toBeLessThanOrEqual(1)
        const w = breakoutWeight(side, s, c, atr, 0.01, 2, 0.5)
        const lossAtStop = (Math.abs(w) * 2 * atr) / c
        expect(lossAtStop).toBeLessThanOrEqual(0.01 * (1 + 1e-12))
        expect(lossAtStop).toBeGreaterThanOrEqual(0.005 * (1 - 1e-12))
        expect(Math.sign(w)).toBe(side)
      }),
    )
    expect([
      breakoutSide(10, 10, 5),
      breakoutSide(5, 10, 5),
      breakoutSide(10.1, 10, 5),
      breakoutSide(4.9, 10, 5),
    ]).toEqual([0, 0, 1, -1])
  })
})

describe('volume spike', () => {
  it('z is that of ln volume against the bars before it', () => {
    fc.assert(
      fc.property(bars(10, 60), fc.integer({ min: 3, max: 9 }), (tape, n) => {
        const state = createVolumeZ(n)
        tape.forEach((bar, i) => {
          const z = updateVolumeZ(state, bar.volume)
          if (i < n || bar.volume === 0) {
            expect(z).toBeNull()
            return
          }
          const w = tape.slice(i - n, i).map((b) => Math.log(b.volume))
          const m = median(w)
          const mad = median(w.map((x) => Math.abs(x - m)))
          const expected = Number.isFinite(m) && Number.isFinite(mad) && mad > 0
          expect(z === null).toBe(!expected)
          if (expected) expect(close(z, (Math.log(bar.volume) - m) / (1.4826 * mad), 1e-9)).toBe(true)
        })
      }),
    )
  })

  it('flags a cascade only when volume and return both jump, in the direction of the return', () => {
    const quiet = (): ReturnType<typeof createCascade> => {
      const state = createCascade(10)
      for (let i = 0; i < 12; i++) expect(updateCascade(state, 100 + (i % 2), 50 + (i % 3), 3, 2)).toBe(0)
      return state
    }
    expect(updateCascade(quiet(), 80, 5000, 3, 2)).toBe(-1)
    expect(updateCascade(quiet(), 130, 5000, 3, 2)).toBe(1)
    expect(updateCascade(quiet(), 101, 5000, 3, 2)).toBe(0)
    expect(updateCascade(quiet(), 80, 51, 3, 2)).toBe(0)
    const state = quiet()
    updateCascade(state, 80, 5000, 3, 2)
    const returns = Array.from({ length: 10 }, (_, k) => (k % 2 === 0 ? Math.log(101 / 100) : Math.log(100 / 101)))
    expect(state.returnSigmas).toBeCloseTo(Math.log(80 / 101) / sd(returns, 1), 9)
  })
})

describe('trailing stop', () => {
  it('never loosens, keeps k ATR from the best price, and fills at the worse of open and stop', () => {
    fc.assert(
      fc.property(bars(1, 40), fc.constantFrom(1 as const, -1 as const), (tape, side) => {
        const state = createTrailingStop(side, tape[0]!.close, 2, 10)
        for (const bar of tape) {
          const before = state.stop
          const fill = stepTrailingStop(state, bar.open, bar.high, bar.low, bar.high - bar.low)
          const reached = side === 1 ? bar.low <= before : bar.high >= before
          expect(fill !== null).toBe(reached)
          if (fill !== null) {
            expect(side * fill).toBeLessThanOrEqual(side * before)
            expect(fill === before || fill === bar.open).toBe(true)
            expect(state.stop).toBe(before)
            return
          }
          expect(side * state.stop).toBeGreaterThanOrEqual(side * before)
        }
      }),
    )
  })

  it('tests a bar against the stop made before it: a bar that would ratchet above its own low does not stop itself', () => {
    const state = createTrailingStop(1, 100, 2, 5)
    expect(stepTrailingStop(state, 100, 140, 95, 5)).toBeNull()
    expect(state.stop).toBe(130)
    expect(testTrailingStop(state, 125, 128, 120)).toBe(125)
    ratchetTrailingStop(state, 120, 110, 50)
    expect(state.stop).toBe(130)
  })
})
