/** Risk of sleeves: which are measured, on which days, and the shares that follow; directional signals by risk too. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import type { BlenderState } from '#portfolio/blender-state'
import { betaOf, measureSleeves, NO_SLEEVE_RISK, riskContributions, riskShares } from '#portfolio/sleeve-risk'
import { ewmaCovariance } from '#quant/ewma-covariance'
import { shrinkToConstantCorrelation, shrinkToIdentity } from '#quant/shrinkage'
import { given } from '../given.js'
import { BTC, bar, blenderOf, ETH, instant, ON, says, weighted } from './rig.js'

const wave = (size: number, period: number, t: number): number => size * Math.cos((2 * Math.PI * t) / period)
const days = (count: number, row: (t: number) => (number | null)[]) => Array.from({ length: count }, (_, t) => row(t))

describe('covariance of sleeves', () => {
  it('is the plain estimator where every day was held', () => {
    const rows = days(60, (t) => [wave(0.01, 7, t), wave(0.03, 5, t), wave(0.02, 9, t)]) as number[][]
    expect(measureSleeves(rows, 'ewma', 0.94).covariance).toEqual(ewmaCovariance(rows, 0.94))
    expect(measureSleeves(rows, 'identity', 0.94).covariance).toEqual(shrinkToIdentity(rows).covariance)
    const constant = measureSleeves(rows, 'constantCorrelation', 0.94)
    expect(constant.covariance).toEqual(shrinkToConstantCorrelation(rows).covariance)
    expect(constant.intensity).toBe(shrinkToConstantCorrelation(rows).intensity)
  })

  it.each(['ewma', 'constantCorrelation'] as const)('days without a position make nobody calmer (%s)', (method) => {
    // Held on every second day, with the same size of return: as volatile as one that always held.
    const rows = days(90, (t) => [t % 4 < 2 ? 0.01 : -0.01, t % 2 === 0 ? null : t % 4 === 1 ? 0.01 : -0.01])
    const { covariance, measured } = measureSleeves(rows, method, 0.94)
    expect(measured).toEqual([0, 1])
    expect(covariance[1]![1]! / covariance[0]![0]!).toBeCloseTo(1, 2)
  })

  it('measures nobody with fewer than 30 days or without variation', () => {
    const rows = days(60, (t) => [wave(0.01, 7, t), t < 29 ? wave(0.01, 5, t) : null, 0.001])
    expect(measureSleeves(rows, 'ewma', 0.94)).toMatchObject({ measured: [0], averageCorrelation: null })
    expect(measureSleeves([], 'identity', 0.94)).toEqual(NO_SLEEVE_RISK)
  })
})

describe('shares by risk', () => {
  const risk = measureSleeves(
    days(60, (t) => [wave(0.01, 7, t), wave(0.03, 5, t), null]),
    'identity',
    0.94,
  )

  it('those who are not measured keep their plain budget', () => {
    const [a, b, c] = riskShares(risk, [0, 1, 2], [1, 1, 1])
    expect(c!).toBeCloseTo(1 / 3, 12)
    expect(a! + b!).toBeCloseTo(2 / 3, 12)
    expect(a!).toBeGreaterThan(b!)
    expect(riskShares(risk, [0, 1, 2], [1, 0, 1])).toEqual([0.5, 0, 0.5])
    expect(riskShares(risk, [0], [0])).toEqual([0])
    expect(riskShares(NO_SLEEVE_RISK, [0, 1], [1, 3])).toEqual([0.25, 0.75])
  })

  it('property: shares are positive, sum to 1, and risk follows the budgets', () => {
    const value = fc.integer({ min: -1000, max: 1000 }).map((v) => v / 1e4)
    const table = fc.array(fc.tuple(value, value, value), { minLength: 40, maxLength: 80 })
    const budget = fc.integer({ min: 1, max: 100 })
    fc.assert(
      fc.property(table, fc.tuple(budget, budget, budget), (rows, budgets) => {
        const measured = measureSleeves(rows, 'identity', 0.94)
        if (measured.measured.length < 3) return
        const shares = riskShares(measured, [0, 1, 2], budgets)
        expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10)
        const total = budgets.reduce((a, b) => a + b, 0)
        riskContributions(measured, shares).forEach((share, k) => {
          expect(shares[k]!).toBeGreaterThan(0)
          expect(share!).toBeCloseTo(budgets[k]! / total, 4)
        })
      }),
      { numRuns: 50 },
    )
  })

  it('beta is the slope, and unknown without days or without a market', () => {
    const market = days(40, (t) => [wave(0.02, 11, t)]).map(([v]) => v!)
    expect(
      betaOf(
        market.map((v) => 0.3 * v + 0.001),
        market,
        30,
      )!,
    ).toBeCloseTo(0.3, 12)
    expect(betaOf(market.slice(0, 29), market.slice(0, 29), 30)).toBeNull()
    expect(
      betaOf(
        market,
        market.map(() => 0.01),
        30,
      ),
    ).toBeNull()
  })
})

describe('directional signals by risk', () => {
  const past = () => {
    const events = [says('tsmom', BTC, 0.05), says('donchian', ETH, 0.2)].map(
      (e) => e as Parameters<typeof given>[1][number],
    )
    for (let day = 0, a = 100, b = 100; day <= 45; day++) {
      a *= 1 + wave(0.02, 7, day)
      b *= 1 + wave(0.02, 5, day)
      events.push(bar(BTC, day, a), bar(ETH, day, b), instant((day + 1) * DAY_MS))
    }
    return events
  }

  it('have plain budgets until two are measured, then those of equal risk', () => {
    const decider = () =>
      blenderOf({ tsmom: ON, donchian: ON }, { directionalMethod: 'erc', performanceWeighting: false })
    const events = past()
    const early = given(decider(), events.slice(0, 61)).when(events[61]!).state as BlenderState
    expect(early.signals.map(({ budget }) => budget)).toEqual([0.5, 0.5])
    const { drafts, state } = given(decider(), events.slice(0, -1)).when(events.at(-1)!)
    const [calm, wild] = (state as BlenderState).signals
    expect(calm!.budget / wild!.budget).toBeGreaterThan(3)
    const told = weighted(drafts)
    expect(told.directionalMethod).toBe('erc')
    expect(told.signals.map(({ riskShare }) => riskShare)).toEqual([expect.closeTo(0.5, 3), expect.closeTo(0.5, 3)])
  })

  it('a module of the user and the later signals take part under their own names', () => {
    const decider = blenderOf({
      oiPrice: ON,
      external: [{ module: './lib/my-signal.js', budget: 3, maxAbsWeight: 0.1 }],
    })
    expect(decider.dependencies).toContain('signal/my-signal')
    expect(decider.dependencies).toContain('signal/carry')
    const words = [says('my-signal', BTC, 0.4), says('oi', BTC, 0.2)]
    const { drafts } = given(decider, words).when(instant(DAY_MS))
    const row = (drafts.find(({ type }) => type === 'PortfolioBlended')!.data as { rows: unknown[] }).rows[0]
    expect(row).toMatchObject({
      weight: 0.125,
      parts: [{ signal: 'oi' }, { signal: 'my-signal', weight: 0.1, budget: 0.75 }],
    })
    expect(weighted(drafts).signals.map(({ signal }) => signal)).toEqual(['oi', 'my-signal'])
  })
})
