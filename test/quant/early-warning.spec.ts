import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Sfc32 } from '#core/random'
import {
  applyRefractory,
  averagePrecision,
  circularShiftTest,
  eventBaseRate,
  eventPrecisionRecall,
  mergeEvents,
  nowcastPrecisionRecall,
  wilsonInterval,
} from '#quant/early-warning'

describe('events and alerts', () => {
  it('merge while less than the gap apart, and not at exactly the gap', () => {
    expect(mergeEvents([30, 0, 23, 46], 24)).toEqual([0])
    expect(mergeEvents([0, 24, 47], 24)).toEqual([0, 24])
    expect(mergeEvents([], 24)).toEqual([])
  })

  it('silences an alert within the refractory time of the last one kept, whatever came between', () => {
    expect(applyRefractory([0, 20, 40, 64], 24)).toEqual([0, 40, 64])
    expect(applyRefractory([24, 0], 24)).toEqual([0, 24])
  })
})

describe('precision and recall', () => {
  it('count an onset in (a, a + H]: neither at the alert nor beyond the horizon', () => {
    const tp = (event: number) => eventPrecisionRecall([10], [event], 24).tpAlerts
    expect([tp(10), tp(11), tp(34), tp(35)]).toEqual([0, 1, 1, 0])
    const hit = (alert: number) => eventPrecisionRecall([alert], [30], 24).hitEvents
    expect([hit(5), hit(6), hit(29), hit(30)]).toEqual([0, 1, 1, 0])
  })

  it('know no share where nothing was there to be counted', () => {
    expect(eventPrecisionRecall([], [5], 24)).toMatchObject({ precision: null, recall: 0, f1: null })
    expect(eventPrecisionRecall([5], [], 24)).toMatchObject({ precision: 0, recall: null, f1: null })
    expect(eventPrecisionRecall([50], [5], 24)).toMatchObject({ precision: 0, recall: 0, f1: 0 })
  })

  it('are told apart from a nowcast, which begins with the onset', () => {
    const now = (alert: number) => nowcastPrecisionRecall([alert], [30], 24)
    expect([29, 30, 54, 55].map((alert) => now(alert).tpAlerts)).toEqual([0, 1, 1, 0])
    expect([29, 30, 54, 55].map((alert) => now(alert).hitEvents)).toEqual([0, 1, 1, 0])
  })

  it('agree with a plain count, in any order, and lie within 0 and 1', () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 30 })
    fc.assert(
      fc.property(times, times, fc.integer({ min: 1, max: 40 }), (alerts, events, h) => {
        const score = eventPrecisionRecall(alerts, events, h)
        const tp = alerts.filter((a) => events.some((e) => e > a && e <= a + h)).length
        const hits = events.filter((e) => alerts.some((a) => a >= e - h && a < e)).length
        expect([score.tpAlerts, score.hitEvents]).toEqual([tp, hits])
        for (const share of [score.precision, score.recall, score.f1])
          if (share !== null) expect(share >= 0 && share <= 1).toBe(true)
        const late = nowcastPrecisionRecall(alerts, events, h)
        expect(late.tpAlerts).toBe(alerts.filter((a) => events.some((e) => e >= a - h && e <= a)).length)
        expect(late.hitEvents).toBe(events.filter((e) => alerts.some((a) => a >= e && a <= e + h)).length)
        expect(eventPrecisionRecall(alerts.toReversed(), events.toReversed(), h)).toEqual(score)
      }),
      { seed: 5, numRuns: 200 },
    )
  })
})

describe('the base rate', () => {
  it('is the share of periods with an onset ahead, each period counted once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -30, max: 130 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 30 }),
        (events, h) => {
          let covered = 0
          for (let t = 0; t < 100; t++) if (events.some((e) => e > t && e <= t + h)) covered++
          expect(eventBaseRate(events, h, 0, 100)).toBeCloseTo(covered / 100, 12)
        },
      ),
      { seed: 6, numRuns: 200 },
    )
    expect(eventBaseRate([5], 24, 10, 10)).toBeNull()
  })
})

describe('the Wilson interval', () => {
  it('holds the share, stays within 0 and 1, and is open where nothing was tried', () => {
    expect(wilsonInterval(0, 0, 0.95)).toBeNull()
    expect(wilsonInterval(0, 7, 0.95)![0]).toBe(0)
    expect(wilsonInterval(7, 7, 0.95)![1]).toBe(1)
    expect(wilsonInterval(14, 20, 0.95)![0]).toBeCloseTo(0.481, 3) // no evidence of more than 0.7
    expect(() => wilsonInterval(3, 2, 0.95)).toThrow()
  })
})

describe('average precision', () => {
  it('takes equal scores as one threshold, so that their order says nothing', () => {
    expect(averagePrecision([1, 1, 0], [1, 0, 0])).toBe(0.5)
    expect(averagePrecision([1, 1, 0], [0, 1, 0])).toBe(0.5)
    expect(averagePrecision([3, 2, 1], [1, 1, 0])).toBe(1)
    expect(averagePrecision([3, 2, 1], [0, 0, 0])).toBeNull()
  })
})

describe('the circular shift', () => {
  const events = [50, 150, 250, 350, 450, 550, 650, 750, 850, 950]
  const p = (alerts: number[], seed = 1) => circularShiftTest(alerts, events, 10, [0, 1000], 500, Sfc32.seeded(seed)).p!

  it('finds foresight unlikely and none likely', () => {
    const irregular = [45, 150 - 3, 242, 349, 441, 545, 647]
    expect(p(irregular)).toBeLessThan(0.05)
    expect(p([100, 200, 300])).toBe(1)
  })

  it('repeats with its seed', () => {
    const run = () => circularShiftTest([45, 300, 445], events, 10, [0, 1000], 200, Sfc32.seeded(9))
    expect(run()).toEqual(run())
  })

  it('has no chance to state without alerts or events', () => {
    expect(circularShiftTest([], events, 10, [0, 1000], 100, Sfc32.seeded(1))).toEqual({
      observed: null,
      shifts: 0,
      p: null,
    })
  })
})
