/** Covariances, shrinkage, risk budgets, tails and volatility targets: laws for any sample. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createEwmaCovariance,
  ewmaCorrelationOf,
  ewmaCovariance,
  ewmaCovarianceMatrix,
  ewmaCovarianceOf,
  updateEwmaCovariance,
} from '#quant/ewma-covariance'
import { averageCorrelation, centred, correlationOf } from '#quant/matrix'
import { deribitOptionFee } from '#quant/option-fee'
import { equalRiskContribution, riskBudget } from '#quant/risk-budget'
import { shrinkToConstantCorrelation, shrinkToIdentity } from '#quant/shrinkage'
import { tailRisk } from '#quant/tail-risk'
import { confidenceOfZ, momentumZ, portfolioVol, sleeveScale, volScale } from '#quant/vol-target'

const r = fc.double({ min: -0.2, max: 0.2, noNaN: true })
const sample = fc
  .integer({ min: 1, max: 5 })
  .chain((n) => fc.array(fc.array(r, { minLength: n, maxLength: n }), { minLength: 2, maxLength: 40 }))
const trace = (m: readonly (readonly number[])[]): number => m.reduce((sum, row, i) => sum + row[i]!, 0)

/** x'Mx, which no covariance may make negative. */
const form = (m: readonly (readonly number[])[], x: readonly number[]): number =>
  m.reduce((sum, row, i) => sum + row.reduce((s, v, j) => s + v * x[i]! * x[j]!, 0), 0)

describe('EWMA covariance', () => {
  it('streams to the weighted sum over the whole window, symmetric and positive semidefinite', () => {
    fc.assert(
      fc.property(
        sample,
        fc.double({ min: 0.5, max: 0.99, noNaN: true }),
        fc.array(r, { minLength: 5, maxLength: 5 }),
        (rows, decay, x) => {
          const m = ewmaCovariance(rows, decay)
          const weights = rows.map((_, t) => Math.exp((rows.length - 1 - t) * Math.log(decay)))
          const total = weights.reduce((a, b) => a + b, 0)
          for (let i = 0; i < m.length; i++) {
            for (let j = 0; j < m.length; j++) {
              const expected = rows.reduce((s, row, t) => s + (weights[t]! / total) * row[i]! * row[j]!, 0)
              expect(Math.abs(m[i]![j]! - expected)).toBeLessThanOrEqual(1e-14)
              expect(m[i]![j]).toBe(m[j]![i])
            }
          }
          expect(form(m, x)).toBeGreaterThanOrEqual(-1e-16)
        },
      ),
    )
  })

  it('is restored from JSON bit for bit', () => {
    fc.assert(
      fc.property(sample, fc.nat(40), (rows, at) => {
        const n = rows[0]!.length
        const kept = createEwmaCovariance(n, 0.94)
        let restored = createEwmaCovariance(n, 0.94)
        rows.forEach((row, t) => {
          if (t === at % rows.length) {
            expect(JSON.parse(JSON.stringify(restored))).toStrictEqual(restored)
            restored = JSON.parse(JSON.stringify(restored))
          }
          updateEwmaCovariance(kept, row)
          updateEwmaCovariance(restored, row)
          expect(ewmaCovarianceMatrix(restored)).toStrictEqual(ewmaCovarianceMatrix(kept))
        })
      }),
    )
    const empty = createEwmaCovariance(2, 0.94)
    expect([ewmaCovarianceOf(empty, 0, 1), ewmaCorrelationOf(empty, 0, 1)]).toEqual([null, null])
    expect(() => updateEwmaCovariance(empty, [1])).toThrow()
    expect(() => updateEwmaCovariance(empty, [1, Number.NaN])).toThrow()
    updateEwmaCovariance(empty, [0.01, -0.02])
    expect(ewmaCorrelationOf(empty, 0, 1)).toBeCloseTo(-1, 12)
  })
})

describe('shrinkage', () => {
  it('keeps its intensity in [0, 1], the trace of the sample, and stays positive semidefinite', () => {
    fc.assert(
      fc.property(sample, fc.array(r, { minLength: 5, maxLength: 5 }), (rows, x) => {
        const { covariance } = centred(rows)
        for (const shrunk of [shrinkToIdentity(rows), shrinkToConstantCorrelation(rows)]) {
          expect(shrunk.intensity).toBeGreaterThanOrEqual(0)
          expect(shrunk.intensity).toBeLessThanOrEqual(1)
          expect(Math.abs(trace(shrunk.covariance) - trace(covariance))).toBeLessThanOrEqual(1e-14)
        }
        expect(form(shrinkToIdentity(rows).covariance, x)).toBeGreaterThanOrEqual(-1e-15)
      }),
    )
  })

  it('does not mind the scale of the returns', () => {
    fc.assert(
      fc.property(sample, fc.double({ min: 0.1, max: 10, noNaN: true }), (rows, k) => {
        const scaled = rows.map((row) => row.map((x) => x * k))
        const { covariance } = centred(rows)
        if (covariance.some((row, i) => row[i]! < 1e-6)) return
        expect(shrinkToIdentity(scaled).intensity).toBeCloseTo(shrinkToIdentity(rows).intensity, 5)
        expect(shrinkToConstantCorrelation(scaled).intensity).toBeCloseTo(
          shrinkToConstantCorrelation(rows).intensity,
          5,
        )
      }),
    )
  })

  it('a series that never moves has no correlation, and nothing is shrunk towards one', () => {
    const rows = [
      [0.01, 0],
      [-0.02, 0],
      [0.015, 0],
    ]
    expect(shrinkToConstantCorrelation(rows)).toMatchObject({ intensity: 0, averageCorrelation: null })
    expect(correlationOf(centred(rows).covariance)[0]![1]).toBeNull()
    expect(averageCorrelation(centred(rows).covariance)).toBeNull()
    expect(() => shrinkToIdentity([[1, 2], [1]])).toThrow()
  })
})

describe('risk budgets', () => {
  it('weights are positive, sum to 1, and carry the risk they were given, for any positive definite covariance', () => {
    fc.assert(
      fc.property(
        sample,
        fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }),
        (rows, raw) => {
          const { covariance } = centred(rows)
          covariance.forEach((row, i) => {
            row[i]! += 1e-3
          })
          const budgets = raw.slice(0, covariance.length)
          const total = budgets.reduce((a, b) => a + b, 0)
          const result = riskBudget(covariance, budgets)!
          expect(result.weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
          result.weights.forEach((w, i) => {
            expect(w).toBeGreaterThan(0)
            expect(Math.abs(result.riskShares[i]! - budgets[i]! / total)).toBeLessThanOrEqual(1e-10)
          })
          expect(result.vol).toBeCloseTo(portfolioVol(result.weights, covariance), 12)
        },
      ),
    )
  })

  it('equal risk of uncorrelated series is inverse volatility; impossible input is refused', () => {
    const result = equalRiskContribution([
      [0.01, 0],
      [0, 0.04],
    ])!
    expect(result.weights[0]).toBeCloseTo(2 / 3, 12)
    expect(() => riskBudget([[0]], [1])).toThrow()
    expect(() => riskBudget([[1]], [0])).toThrow()
    const impossible = [
      [1, -2],
      [-2, 1],
    ]
    expect(riskBudget(impossible, [1, 1])).toBeNull()
  })
})

describe('tails', () => {
  it('ES is never below VaR, and both rise with confidence', () => {
    fc.assert(
      fc.property(
        fc.array(r, { minLength: 2, maxLength: 80 }),
        fc.double({ min: 0.5, max: 0.98, noNaN: true }),
        (rs, c) => {
          const risk = tailRisk(rs, c)!
          const more = tailRisk(rs, c + 0.01)!
          expect(risk.historicEs).toBeGreaterThanOrEqual(risk.historicVar - 1e-15)
          expect(risk.normalEs).toBeGreaterThanOrEqual(risk.normalVar - 1e-15)
          expect(more.historicVar).toBeGreaterThanOrEqual(risk.historicVar - 1e-15)
          expect(more.normalVar).toBeGreaterThanOrEqual(risk.normalVar - 1e-15)
          expect(risk.historicVar).toBeLessThanOrEqual(-Math.min(...rs))
        },
      ),
    )
    const eleven = Array.from({ length: 11 }, (_, i) => i / 100)
    expect(tailRisk(eleven, 0.9)).toMatchObject({ historicVar: -0.01, historicEs: -0.005 })
    expect(tailRisk([0.1], 0.95)).toBeNull()
    expect(tailRisk([0, 0, 0], 0.95)?.cornishFisherVar).toBeNull()
    expect(() => tailRisk([0.1, 0.2], 1)).toThrow()
  })
})

describe('volatility targets', () => {
  it('scales stay within their bounds', () => {
    const vol = fc.double({ min: 0, max: 5, noNaN: true })
    fc.assert(
      fc.property(vol, vol, fc.double({ min: 0.1, max: 3, noNaN: true }), (v, target, cap) => {
        expect(volScale(target, v, cap, 0.05)).toBeLessThanOrEqual(cap)
        expect(volScale(target, v, cap, 0.05) * Math.max(v, 0.05)).toBeLessThanOrEqual(target * (1 + 1e-12) + 1e-300)
        expect(sleeveScale(target, v)).toBeLessThanOrEqual(1)
        expect(sleeveScale(target, v) * v).toBeLessThanOrEqual(target * (1 + 1e-12) + 1e-300)
      }),
    )
    expect(sleeveScale(0.1, 0)).toBe(1)
  })

  it('confidence is even in z, 0 at 0, and unknown without volatility', () => {
    expect(confidenceOfZ(0)).toBe(0)
    expect(confidenceOfZ(-1.5)).toBe(confidenceOfZ(1.5))
    expect(confidenceOfZ(40)).toBe(1)
    expect(momentumZ(0.1, 0, 30)).toBeNull()
    expect(momentumZ(-1, 0.03, 30)).toBeNull()
  })

  it('an option fee never exceeds its cap nor turns negative for a sale', () => {
    expect(deribitOptionFee(0.02, -2, 0.0003, 0.125)).toBe(0.0006)
    expect(deribitOptionFee(0.0004, 1, 0.0003, 0.125)).toBe(0.00005)
    expect(deribitOptionFee(0, 1, 0.0003, 0.125)).toBe(0)
  })
})
