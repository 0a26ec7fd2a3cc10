/** Bootstrap, walk-forward folds, overfitting and the lag of a backtest. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Sfc32 } from '#core/random'
import { bootstrapInterval, circularResample, percentileInterval } from '#quant/bootstrap'
import { mean } from '#quant/moments'
import { backtestOverfitting } from '#quant/pbo'
import { laggedBacktest, walkForwardFolds, warmupDrift } from '#quant/walk-forward'

const r = fc.double({ min: -0.2, max: 0.2, noNaN: true })

describe('bootstrap', () => {
  it('a resample has the length of its sample and holds its values in circular order', () => {
    fc.assert(
      fc.property(
        fc.array(r, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(1000),
        (xs, block, seed) => {
          const random = Sfc32.seeded(seed)
          const starts = Array.from({ length: Math.ceil(xs.length / block) }, () => random.below(xs.length))
          const resample = circularResample(xs, block, starts)
          expect(resample).toHaveLength(xs.length)
          resample.forEach((x, i) => {
            expect(x).toBe(xs[(starts[Math.floor(i / block)]! + (i % block)) % xs.length])
          })
        },
      ),
    )
  })

  it('is the same for the same seed, ordered, and wider for a higher level', () => {
    const xs = Array.from({ length: 200 }, (_, i) => Math.sin(i * 1.7) / 50)
    const options = { blockLength: 20, resamples: 300, level: 0.9 }
    const a = bootstrapInterval(xs, mean, Sfc32.seeded(7), options)!
    expect(bootstrapInterval(xs, mean, Sfc32.seeded(7), options)).toEqual(a)
    expect(bootstrapInterval(xs, mean, Sfc32.seeded(8), options)).not.toEqual(a)
    expect(a.low).toBeLessThan(mean(xs)!)
    expect(a.high).toBeGreaterThan(mean(xs)!)
    const wide = bootstrapInterval(xs, mean, Sfc32.seeded(7), { ...options, level: 0.99 })!
    expect(wide.low).toBeLessThanOrEqual(a.low)
    expect(wide.high).toBeGreaterThanOrEqual(a.high)
    expect(bootstrapInterval([], mean, Sfc32.seeded(7), options)).toBeNull()
    expect(bootstrapInterval(xs, () => null, Sfc32.seeded(7), options)).toBeNull()
    expect(percentileInterval([], 0.9)).toBeNull()
  })
})

describe('walk-forward', () => {
  it('never lets test rows touch training rows, keeps the embargo, and stays within the data', () => {
    const n = fc.integer({ min: 1, max: 50 })
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400 }),
        n,
        n,
        n,
        fc.integer({ min: 0, max: 20 }),
        fc.boolean(),
        (rows, train, test, step, embargo, anchored) => {
          const folds = walkForwardFolds(rows, { train, test, step, embargo, anchored })
          folds.forEach((fold, k) => {
            expect(fold.test[0] - fold.train[1]).toBe(embargo)
            expect(fold.test[1] - fold.test[0]).toBe(test)
            expect(fold.train[0]).toBe(anchored ? 0 : k * step)
            expect(fold.test[1]).toBeLessThanOrEqual(rows)
          })
          const next = folds.length * step + train + embargo + test
          expect(next).toBeGreaterThan(rows)
        },
      ),
    )
  })
})

describe('probability of overfitting', () => {
  const noise = (strategies: number, rows: number, seed: number): number[][] => {
    const random = Sfc32.seeded(seed)
    return Array.from({ length: rows }, () => Array.from({ length: strategies }, () => random.normal() / 100))
  }

  it('is near 0 when one strategy truly has skill, and far from it on noise', () => {
    const skilled = noise(8, 320, 3).map((row) => row.map((x, k) => (k === 5 ? x + 0.006 : x)))
    expect(backtestOverfitting(skilled, 8).pbo).toBe(0)
    expect(backtestOverfitting(skilled, 8).probabilityOfLoss).toBe(0)
    const pbos = [1, 2, 3, 4, 5, 6].map((seed) => backtestOverfitting(noise(8, 320, seed), 8).pbo)
    expect(mean(pbos)!).toBeGreaterThan(0.25)
    expect(backtestOverfitting(noise(4, 160, 1), 16).combinations).toBe(12870)
  })

  it('does not mind the order of the strategies nor their common leverage; the leading remainder is dropped', () => {
    const rows = noise(5, 83, 9)
    const base = backtestOverfitting(rows, 8)
    const mirrored = backtestOverfitting(
      rows.map((row) => row.toReversed()),
      8,
    )
    expect(mirrored.pbo).toBe(base.pbo)
    expect(mirrored.meanLogit).toBeCloseTo(base.meanLogit, 12)
    const levered = backtestOverfitting(
      rows.map((row) => row.map((x) => 3 * x)),
      8,
    )
    expect(levered.slope).toBeCloseTo(base.slope!, 9)
    expect(backtestOverfitting(rows.slice(3), 8)).toEqual(base)
  })

  it('takes strategies that never trade, and refuses what is no grid', () => {
    const rows = noise(3, 64, 2).map((row) => [...row, 0, 0])
    const report = backtestOverfitting(rows, 8)
    expect(Number.isFinite(report.meanLogit)).toBe(true)
    expect(() => backtestOverfitting(rows, 7)).toThrow()
    expect(() =>
      backtestOverfitting(
        rows.map(([x]) => [x!]),
        8,
      ),
    ).toThrow()
    expect(() => backtestOverfitting(rows.slice(0, 4), 8)).toThrow()
  })
})

describe('lagged backtest', () => {
  const tape = fc.array(
    fc.tuple(fc.double({ min: 10, max: 1000, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true })),
    {
      minLength: 2,
      maxLength: 50,
    },
  )

  it('no return depends on a weight of its own bar or later, save for the cost of trading to it', () => {
    fc.assert(
      fc.property(tape, fc.nat(49), (rows, at) => {
        const closes = rows.map(([c]) => c)
        const weights = rows.map(([, w]) => w)
        const t = at % rows.length
        const changed = weights.map((w, i) => (i >= t ? -w : w))
        const a = laggedBacktest(closes, weights, 0)
        const b = laggedBacktest(closes, changed, 0)
        expect(b.netReturns.slice(0, t + 1)).toEqual(a.netReturns.slice(0, t + 1))
        const costly = laggedBacktest(closes, weights, 0.001)
        costly.netReturns.forEach((net, i) => {
          expect(net).toBeLessThanOrEqual(a.netReturns[i]! + 1e-15)
        })
      }),
    )
  })

  it('a constant weight of 1 earns the market', () => {
    const { equity } = laggedBacktest([100, 110, 121], [1, 1, 1], 0, 1)
    expect(equity[2]).toBeCloseTo(1.21, 12)
    expect(() => laggedBacktest([1, 2], [1], 0)).toThrow()
  })

  it('warm-up drift vanishes for a window and is unknown without a value', () => {
    const lastMean = (xs: readonly number[]): number | null => (xs.length < 3 ? null : mean(xs.slice(-3)))
    expect(warmupDrift([5, 1, 2, 3], [2, 3, 4], lastMean)).toEqual([null, 0, 0])
  })
})
