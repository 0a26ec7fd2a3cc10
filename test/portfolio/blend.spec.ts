/** The blend of opinions, the tilt of budgets and the beta gate. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { betaGateScale } from '#portfolio/beta-gate'
import { type BlendInput, blend } from '#portfolio/blend'
import { tiltBudgets } from '#portfolio/performance-weight'

// As the log says them: six decimals. Products of the least doubles would lose their digits, and blend none.
const unit = fc.integer({ min: 0, max: 1_000_000 }).map((millionths) => millionths / 1_000_000)
const signal: fc.Arbitrary<BlendInput> = fc.record({
  weight: fc.double({ min: -2, max: 2, noNaN: true }),
  confidence: unit,
  budget: unit,
  maxAbsWeight: fc.double({ min: 0.01, max: 1, noNaN: true }),
})
const signals = fc.array(signal, { minLength: 0, maxLength: 12 })

describe('blend', () => {
  it('stays within the largest bound, agreement in [0, 1]; conflict alone makes it 0', () => {
    fc.assert(
      fc.property(
        signals,
        unit,
        fc.constantFrom('budget' as const, 'active' as const),
        (inputs, minAgreement, norm) => {
          const out = blend(inputs, minAgreement, norm)
          const bound = Math.max(0, ...inputs.map((s) => s.maxAbsWeight))
          expect(Math.abs(out.weight)).toBeLessThanOrEqual(bound * (1 + 1e-12))
          if (out.agreement === null) {
            expect(out.weight).toBe(0)
            return
          }
          expect(out.agreement).toBeGreaterThanOrEqual(0)
          expect(out.agreement).toBeLessThanOrEqual(1)
          expect(out.conflict).toBe(out.agreement < minAgreement)
          if (out.conflict) expect(out.weight).toBe(0)
        },
      ),
    )
  })

  it('mirrors when every opinion does, and low confidence shrinks the budget norm only', () => {
    fc.assert(
      fc.property(signals, (inputs) => {
        const mirrored = inputs.map((s) => ({ ...s, weight: -s.weight }))
        expect(blend(mirrored, 0.2).weight + 0).toBe(-blend(inputs, 0.2).weight + 0)
      }),
    )
    const one = (confidence: number): BlendInput[] => [{ weight: 0.2, confidence, budget: 0.5, maxAbsWeight: 1 }]
    expect(blend(one(0.5), 0.2, 'budget').weight).toBeCloseTo(0.1, 12)
    expect(blend(one(0.5), 0.2, 'active').weight).toBeCloseTo(0.2, 12)
    expect(blend(one(0), 0.2, 'active')).toEqual({ weight: 0, agreement: null, conflict: false })
    expect(blend([], 0.2)).toEqual({ weight: 0, agreement: null, conflict: false })
  })
})

describe('budget tilt', () => {
  it('multipliers stay in [0.5, 2], rise with the Sharpe ratio, and budgets sum to 1', () => {
    const rows = fc.array(
      fc.tuple(fc.option(fc.double({ min: -5, max: 5, noNaN: true })), fc.double({ min: 0.01, max: 1, noNaN: true })),
      {
        minLength: 1,
        maxLength: 12,
      },
    )
    fc.assert(
      fc.property(rows, (pairs) => {
        const sharpes = pairs.map(([s]) => s)
        const out = tiltBudgets(
          sharpes,
          pairs.map(([, b]) => b),
        )
        expect(out.budgets.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
        out.multipliers.forEach((m, i) => {
          expect(m).toBeGreaterThanOrEqual(0.5)
          expect(m).toBeLessThanOrEqual(2)
          if (sharpes[i] === null) expect(m).toBe(1)
          sharpes.forEach((s, j) => {
            const own = sharpes[i]
            if (s !== null && own !== null && own !== undefined && s > own)
              expect(out.multipliers[j]!).toBeGreaterThanOrEqual(m)
          })
        })
      }),
    )
    expect(tiltBudgets([1, 2], [0, 0]).budgets).toEqual([0, 0])
    expect(() => tiltBudgets([1], [1, 2])).toThrow()
    expect(() => tiltBudgets([1], [-1])).toThrow()
  })
})

describe('beta gate', () => {
  it('brings |beta| within the limit and never scales up', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (beta, limit) => {
          const scale = betaGateScale(beta, limit)
          expect(scale).toBeLessThanOrEqual(1)
          expect(Math.abs(beta) * scale).toBeLessThanOrEqual(limit * (1 + 1e-12))
        },
      ),
    )
  })
})
