/** Exposure caps, the turnover limiter and Kelly leverage. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capGrossExposure, capNetExposure } from '#risk/exposure-caps'
import { kellyEstimate, kellyLeverage } from '#risk/kelly'
import { addTurnover, createTurnover, limitTurnover, turnoverUsed } from '#risk/turnover-limiter'

const weight = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constant(0))
const book = fc.array(fc.tuple(weight, weight), { minLength: 1, maxLength: 10 })
const share = fc.double({ min: 0, max: 1, noNaN: true })

describe('exposure caps', () => {
  it('bring the book within the cap without scaling up or changing its composition', () => {
    fc.assert(
      fc.property(
        fc.array(weight, { maxLength: 10 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (weights, cap) => {
          const net = capNetExposure(weights, cap)
          expect(Math.abs(net.weights.reduce((a, b) => a + b, 0))).toBeLessThanOrEqual(cap + 1e-12)
          const gross = capGrossExposure(weights, cap)
          expect(gross.weights.reduce((a, b) => a + Math.abs(b), 0)).toBeLessThanOrEqual(cap + 1e-12)
          for (const capped of [net, gross]) {
            expect(capped.scale).toBeGreaterThan(0)
            expect(capped.scale).toBeLessThanOrEqual(1)
            capped.weights.forEach((w, i) => {
              expect(w).toBe(weights[i]! * capped.scale)
            })
          }
        },
      ),
    )
    expect(capNetExposure([0.1, 0.1], 0.3)).toMatchObject({ scale: 1, weights: [0.1, 0.1] })
  })
})

describe('turnover limiter', () => {
  it('always lets the reducing part go, and never lets the adding part exceed the budget', () => {
    fc.assert(
      fc.property(book, share, share, (pairs, used, limit) => {
        const current = pairs.map(([c]) => c)
        const target = pairs.map(([, t]) => t)
        const out = limitTurnover(current, target, used, limit)
        expect(out.scale).toBeGreaterThanOrEqual(0)
        expect(out.scale).toBeLessThanOrEqual(1)
        let reducing = 0
        let adding = 0
        let traded = 0
        out.weights.forEach((w, i) => {
          const c = current[i]!
          const t = target[i]!
          // Between current and target, on the way, and at least as far as the reduction goes.
          expect(w).toBeGreaterThanOrEqual(Math.min(c, t) - 1e-15)
          expect(w).toBeLessThanOrEqual(Math.max(c, t) + 1e-15)
          const floor = c * t > 0 ? Math.min(Math.abs(c), Math.abs(t)) : 0
          const cut = Math.abs(c) - floor
          reducing += cut / 2
          const full = Math.abs(t - c) - cut
          const done = Math.abs(w - c) - cut
          expect(done).toBeGreaterThanOrEqual(-1e-12)
          adding += done / 2
          traded += Math.abs(w - c) / 2
          expect(done).toBeLessThanOrEqual(full + 1e-12)
        })
        expect(adding).toBeLessThanOrEqual(Math.max(0, limit - used - reducing) + 1e-12)
        expect(out.turnover).toBeCloseTo(traded, 12)
        if (reducing <= limit - used) expect(out.turnover).toBeLessThanOrEqual(limit - used + 1e-12)
      }),
    )
  })

  it('a reduction goes through with no budget left; a new position does not', () => {
    expect(limitTurnover([0.3], [0], 0.15, 0.15)).toEqual({ scale: 1, weights: [0], turnover: 0.15 })
    expect(limitTurnover([-0.3], [-0.1], 0.5, 0.15).weights).toEqual([-0.1])
    expect(limitTurnover([0], [0.1], 0.15, 0.15)).toEqual({ scale: 0, weights: [0], turnover: 0 })
    expect(limitTurnover([0.2], [-0.2], 0.15, 0.15).weights).toEqual([0])
    expect(() => limitTurnover([0], [], 0, 1)).toThrow()
  })

  it('counts what was traded within the span and forgets the rest', () => {
    const state = createTurnover(30)
    addTurnover(state, 0, 0.05)
    addTurnover(state, 0, 0.05)
    addTurnover(state, 10, 0.02)
    expect(turnoverUsed(state, 29)).toBeCloseTo(0.12, 12)
    expect(turnoverUsed(state, 30)).toBeCloseTo(0.02, 12)
    expect(state.times).toEqual([10])
    expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
    expect(turnoverUsed(state, 100)).toBe(0)
    expect(() => addTurnover(state, 100, -1)).toThrow()
    addTurnover(state, 100, 0)
    expect(() => addTurnover(state, 99, 0)).toThrow()
  })
})

describe('Kelly', () => {
  const options = { fraction: 0.5, floor: 1, cap: 3, noEdge: 'literalFloor' } as const
  it('stays between floor and cap, rises with the mean, and goes flat without an edge where so asked', () => {
    const mu = fc.double({ min: -2, max: 2, noNaN: true })
    const sigma = fc.double({ min: 0.05, max: 2, noNaN: true })
    fc.assert(
      fc.property(mu, mu, sigma, (a, b, s) => {
        const low = kellyLeverage(Math.min(a, b), s, options)
        const high = kellyLeverage(Math.max(a, b), s, options)
        expect(low).toBeGreaterThanOrEqual(1)
        expect(high).toBeLessThanOrEqual(3)
        expect(low).toBeLessThanOrEqual(high)
        expect(kellyLeverage(a, s, { ...options, noEdge: 'flatIfNoEdge' })).toBe(
          a <= 0 ? 0 : kellyLeverage(a, s, options),
        )
      }),
    )
    expect(kellyEstimate(0.4, 0.01)).toEqual({ annualMean: 0.2, annualVol: 0.05 })
    expect(() => kellyLeverage(0.1, 0, options)).toThrow()
  })
})
