import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeVariant, KPI_THRESHOLD, placesOf, verdictOf } from '#backtest/oi-warning'
import { alertsOf, eventsOf, type FundingPoint, type WarningGrid } from '#backtest/oi-warning-series'
import { configSchema } from '#core/config/schema'
import { DAY_MS, HOUR_MS } from '#core/time'

const CONFIG = configSchema.parse({}).signals.oiPrice
const START = 1000 * DAY_MS

interface Plan {
  readonly steps: number
  readonly stepMs?: number
  /** Steps in which the price falls on large volume while open interest drops. */
  readonly crashes?: readonly number[]
  /** Steps at whose close open interest has just been built up, and funding is extreme. */
  readonly heated?: readonly number[]
}

/** A calm market with crashes and heat where they are planned. */
function gridOf({
  steps,
  stepMs = DAY_MS,
  crashes = [],
  heated = [],
}: Plan): WarningGrid & { funding: FundingPoint[] } {
  const perDay = DAY_MS / stepMs
  const close = new Float64Array(steps)
  const volume = new Float64Array(steps)
  const knownCoins = new Float64Array(steps)
  const labelChange = new Float64Array(steps)
  let price = 100
  for (let i = 0; i < steps; i++) {
    price *= crashes.includes(i) ? 0.7 : i % 2 === 0 ? 1.01 : 1 / 1.01
    close[i] = price
    volume[i] = (crashes.includes(i) ? 50_000 : 1000 + 10 * (i % 7)) / perDay
    knownCoins[i] = (1000 + ((i * 7) % 5)) * (heated.includes(i) ? 1.5 : 1)
    labelChange[i] = crashes.includes(i) ? -0.2 : 0
  }
  const funding = Array.from({ length: Math.ceil((steps * stepMs) / (8 * HOUR_MS)) }, (_, k) => {
    const at = START + (k + 1) * 8 * HOUR_MS
    const isHot = heated.some((step) => Math.abs(at - (START + (step + 1) * stepMs)) < 8 * HOUR_MS)
    return { availableAt: at, settledAt: at, rate: isHot ? 0.002 : 0.0001 + (k % 7) * 1e-6, intervalHours: 8 }
  })
  return { stepMs, start: START, close, volume, knownCoins, labelChange, funding }
}

const whole = (grid: WarningGrid, trainEnd?: number) => ({
  from: 0,
  end: START + grid.close.length * grid.stepMs,
  trainEnd: trainEnd === undefined ? undefined : START + trainEnd * grid.stepMs,
})

describe('labels of cascades', () => {
  it('need the move, the volume and the drop together', () => {
    const grid = gridOf({ steps: 200, crashes: [120, 150] })
    expect(eventsOf(grid).onsets).toEqual([120, 150])
    const noDrop = { ...grid, labelChange: grid.labelChange.map((change) => (change < 0 ? -0.0499 : change)) }
    expect(eventsOf(noDrop).onsets).toEqual([])
    const atDrop = { ...grid, labelChange: grid.labelChange.map((change) => (change < 0 ? -0.05 : change)) }
    expect(eventsOf(atDrop).onsets).toEqual([120, 150])
    expect(eventsOf({ ...grid, volume: grid.volume.map(() => 1000) }).onsets).toEqual([])
    expect(eventsOf({ ...grid, close: grid.close.map((_, i) => 100 + (i % 2)) }).onsets).toEqual([])
  })

  it('are not told where open interest or a bar is missing', () => {
    const grid = gridOf({ steps: 200, crashes: [120] })
    const all = eventsOf(grid).labelled
    grid.labelChange[120] = Number.NaN
    expect(eventsOf(grid)).toEqual({ onsets: [], labelled: all - 1 })
    const holed = gridOf({ steps: 200, crashes: [120] })
    holed.close[119] = 0 // the move over the hole is no return of a day
    expect(eventsOf(holed).onsets).toEqual([])
  })

  it('are merged while hours apart, and compared with the same hour of the days before', () => {
    const steps = 24 * 40
    const grid = gridOf({ steps, stepMs: HOUR_MS, crashes: [900, 910, 940] })
    expect(eventsOf(grid).onsets).toEqual([900, 940])
    // An hour that is always so busy is no spike.
    const busy = { ...grid, volume: grid.volume.map((v, i) => (i % 24 === 900 % 24 ? 50_000 / 24 : v)) }
    expect(eventsOf(busy).onsets).not.toContain(900)
  })
})

describe('alerts', () => {
  it('are switches, never every period that the warning is on, and silence the next hours', () => {
    expect(alertsOf(CONFIG, gridOf({ steps: 220, heated: [150, 151, 200] })).alerts).toEqual([150, 200])
    const hours = Array.from({ length: 6 }, (_, k) => 24 * 130 + k * 2)
    const grid = gridOf({ steps: 24 * 140, stepMs: HOUR_MS, heated: [...hours, 24 * 130 + 40] })
    expect(alertsOf(CONFIG, grid).alerts).toEqual([24 * 130, 24 * 130 + 40])
  })

  it('need 90 days of builds and of funding before them', () => {
    const heated = [60, 150]
    expect(alertsOf(CONFIG, gridOf({ steps: 160, heated })).alerts).toEqual([150])
    expect(alertsOf(CONFIG, gridOf({ steps: 160, heated })).scores.findIndex((score) => score !== null)).toBe(97)
  })

  it('do not read a settlement before it was available', () => {
    const grid = gridOf({ steps: 160, heated: [150] })
    const late = {
      ...grid,
      funding: grid.funding.map((point) => ({ ...point, availableAt: point.availableAt + 12 * HOUR_MS })),
    }
    expect(alertsOf(CONFIG, late).alerts).toEqual([])
  })

  it('never depend on what comes after them, nor on labels', () => {
    const cell = fc.record({
      i: fc.integer({ min: 100, max: 199 }),
      factor: fc.double({ min: 0.5, max: 2, noNaN: true }),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 199 }),
        fc.array(cell, { minLength: 1, maxLength: 60 }),
        (cut, changes) => {
          const grid = gridOf({ steps: 200, heated: [120, 150, 180] })
          const other = gridOf({ steps: 200, heated: [120, 150, 180] })
          other.labelChange.fill(-1)
          for (const { i, factor } of changes) {
            if (i <= cut) continue
            other.close[i]! *= factor
            other.volume[i]! *= factor
            other.knownCoins[i]! *= factor
          }
          const funding = other.funding.map((point) =>
            point.availableAt > START + (cut + 1) * DAY_MS ? { ...point, rate: 0.01 } : point,
          )
          const [a, b] = [alertsOf(CONFIG, grid), alertsOf(CONFIG, { ...other, funding })]
          expect(b.alerts.filter((at) => at <= cut)).toEqual(a.alerts.filter((at) => at <= cut))
          expect(b.scores.slice(0, cut + 1)).toEqual(a.scores.slice(0, cut + 1))
        },
      ),
      { seed: 41, numRuns: 60 },
    )
  })

  it('and a planted leak is caught: coins of tomorrow known today move the alert', () => {
    const grid = gridOf({ steps: 200, heated: [150] })
    const leaky = { ...grid, knownCoins: grid.knownCoins.map((_, i) => grid.knownCoins[Math.min(i + 1, 199)]!) }
    expect(alertsOf(CONFIG, leaky).scores.slice(0, 150)).not.toEqual(alertsOf(CONFIG, grid).scores.slice(0, 150))
  })
})

describe('the report', () => {
  it('counts a crash on the day after an alert as foretold, one on its day as nowcast', () => {
    const grid = gridOf({ steps: 320, heated: [150, 200, 250], crashes: [151, 200, 290] })
    const { train, test, variant } = judgeVariant(CONFIG, grid, whole(grid, 300))
    expect(variant).toBe('daily')
    expect(train.prediction).toMatchObject({ alerts: 3, tpAlerts: 1, events: 3, hitEvents: 1 })
    expect(train.prediction.precision).toBeCloseTo(1 / 3, 12)
    expect(train.nowcast).toMatchObject({ tpAlerts: 1, hitEvents: 1 })
    expect(test.prediction).toMatchObject({ alerts: 0, events: 0, precision: null, recall: null })
    expect(train.basePrecision).toBeCloseTo(3 / train.periods, 12)
    expect(train.prediction.precisionInterval).toHaveLength(2)
  })

  it('purges alerts whose horizon leaves the train span, and embargoes the first ones behind it', () => {
    const span = (split: number) => {
      const grid = gridOf({ steps: 260, heated: [150, 200], crashes: [201] })
      const { train, test } = judgeVariant(CONFIG, grid, whole(grid, split))
      return [train.prediction.alerts, test.prediction.alerts]
    }
    expect(span(202)).toEqual([2, 0])
    expect(span(201)).toEqual([1, 0]) // its horizon ends with the span: purged
    expect(span(200)).toEqual([1, 0]) // within H of the split: embargoed
    expect(span(199)).toEqual([1, 1])
  })

  it('begins when the warning can be judged, and ends with the labels', () => {
    const grid = gridOf({ steps: 300 })
    grid.labelChange.fill(Number.NaN, 280)
    const alerts = alertsOf(CONFIG, grid)
    expect(placesOf(grid, alerts, whole(grid, 200))).toEqual({ first: 97, split: 200, end: 280 })
    expect(placesOf(grid, alerts, whole(grid))).toEqual({ first: 97, split: 97 + Math.floor(183 * 0.6), end: 280 })
    const short = gridOf({ steps: 50 })
    expect(judgeVariant(CONFIG, short, whole(short)).verdict).toBe('NOT TESTABLE')
  })

  it('is the same again', () => {
    const grid = gridOf({ steps: 320, heated: [150, 200, 250], crashes: [151, 290] })
    expect(judgeVariant(CONFIG, grid, whole(grid))).toEqual(judgeVariant(CONFIG, grid, whole(grid)))
  })

  it('keeps every share within 0 and 1', () => {
    const days = fc.uniqueArray(fc.integer({ min: 100, max: 300 }), { maxLength: 12 })
    fc.assert(
      fc.property(days, days, (heated, crashes) => {
        const grid = gridOf({ steps: 310, heated, crashes })
        const { train, test } = judgeVariant(CONFIG, grid, whole(grid, 200))
        for (const { prediction, nowcast, averagePrecision, basePrecision, permutation } of [train, test])
          for (const share of [
            prediction.precision,
            prediction.recall,
            prediction.f1,
            nowcast.precision,
            nowcast.recall,
            averagePrecision,
            basePrecision,
            permutation.p,
          ])
            if (share !== null) expect(share >= 0 && share <= 1).toBe(true)
      }),
      { seed: 42, numRuns: 15 },
    )
  })
})

describe('the verdict', () => {
  const perfect = gridOf({ steps: 320, heated: [250, 280, 300], crashes: [251, 281, 301] })
  const { test } = judgeVariant(CONFIG, perfect, whole(perfect, 200))
  const judged = (change: object) => verdictOf({ ...test, prediction: { ...test.prediction, ...change } })

  it('passes only where both reach the threshold, and says what the interval allows', () => {
    expect(test.prediction).toMatchObject({ precision: 1, recall: 1, alerts: 3, events: 3 })
    expect(judged({})).toMatchObject({ verdict: 'PASS', reason: expect.stringContaining('no evidence') })
    expect(judged({ precision: KPI_THRESHOLD }).verdict).toBe('PASS')
    expect(judged({ precision: 0.69 }).verdict).toBe('FAIL')
    expect(judged({ recall: 0.69 }).verdict).toBe('FAIL')
    expect(judged({ precision: null, precisionInterval: null, alerts: 0, recall: 0 }).verdict).toBe('FAIL')
    const certain = judged({ precisionInterval: [0.75, 1], recallInterval: [0.72, 1] })
    expect(certain.reason).not.toContain('no evidence')
  })

  it('is withheld without events', () => {
    expect(judged({ events: 0, recall: null, recallInterval: null })).toMatchObject({ verdict: 'NOT TESTABLE' })
  })
})
