/** The fixed pipeline, step by step, and its invariants over any book. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema, type RiskConfig } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import { CAP_DRIFT, enforceCaps, isInBand, runPipeline, type Wish } from '#risk/pipeline'
import {
  ASSUMED_VOL,
  closeDay,
  createVirtualBook,
  exAnteVol,
  fixTargets,
  KELLY_DAYS,
  kellyOf,
  takeDay,
  type VirtualBookState,
} from '#risk/virtual-book'

const riskOf = (risk: object = {}): RiskConfig => configSchema.parse({ risk }).risk
const wish = (blended: number, more: Partial<Wish> = {}): Wish => ({
  blended,
  trend: blended,
  carry: 0,
  held: 0,
  frozen: false,
  ...more,
})

/** A book whose instruments moved by ±`moves[i]` every day, all alike or against each other. */
function bookOf(days: number, moves: readonly number[], target = 0): VirtualBookState {
  const book = createVirtualBook(moves.length, 0.94)
  const prices = moves.map(() => 100)
  for (let day = 0; day <= days; day++) {
    for (let i = 0; i < moves.length; i++) {
      if (day > 0) prices[i]! *= 1 + (day % 2 === 0 ? moves[i]! : -moves[i]!)
      takeDay(book, i, day * DAY_MS, prices[i]!)
    }
    closeDay(book)
    fixTargets(book, () => target)
  }
  return book
}
const quiet = bookOf(40, [0.001, 0.001, 0.001])
const stepNames = (wishes: Wish[], risk = riskOf()) => runPipeline(wishes, quiet, 0, risk).steps.map(({ step }) => step)
const step = (name: string, wishes: Wish[], risk = riskOf(), book = quiet, used = 0) =>
  runPipeline(wishes, book, used, risk).steps.find((one) => one.step === name)!

describe('pipeline', () => {
  it('has its steps in the order of methods, section 14, bound or not', () => {
    expect(stepNames([wish(0), wish(0), wish(0)])).toEqual([
      'maxAbsWeight',
      'volTarget',
      'kelly',
      'sleeveCap',
      'netCap',
      'grossCap',
      'turnover',
    ])
  })

  it('maxAbsWeight clips each weight', () => {
    expect(step('maxAbsWeight', [wish(0.5), wish(-0.1), wish(0)])).toMatchObject({
      grossBefore: 0.6,
      grossAfter: 0.35,
      measured: 0.5,
      limit: 0.25,
      factor: 0.5,
    })
  })

  it('the volatility target scales the trend sleeve down by its ex-ante volatility, and never up', () => {
    const wild = bookOf(60, [0.05, 0.05])
    // Daily ±5 % of two alike: 0.25 × 0.05 × 2 × sqrt 365.
    const capped = step('volTarget', [wish(0.25), wish(0.25)], riskOf(), wild)
    expect(capped.measured).toBeCloseTo(0.5 * 0.05 * Math.sqrt(365), 3)
    expect(capped.grossAfter).toBeCloseTo((0.5 * 0.1) / capped.measured!, 9)
    expect(step('volTarget', [wish(0.25), wish(0.25)]).factor).toBe(1)
    const hedged = step('volTarget', [wish(0.25), wish(-0.25)], riskOf(), wild)
    expect(hedged.factor).toBe(1)
  })

  it('leaves what other signals hold alone, and never turns a position round or makes it larger', () => {
    const wild = bookOf(60, [0.1, 0.1])
    const other = runPipeline([wish(0.2, { trend: 0 }), wish(0)], wild, 0, riskOf({ netCap: 1 }))
    expect(other.wanted[0]).toBe(0.2)
    const opposed = runPipeline([wish(0.05, { trend: 0.25 }), wish(0)], wild, 0, riskOf())
    expect(opposed.wanted[0]).toBe(0)
  })

  it('instruments without 30 returns count at the assumed volatility as if perfectly correlated', () => {
    const young = bookOf(10, [0.001, 0.001])
    expect(exAnteVol(young, [0.1, -0.1])).toBeCloseTo(0.2 * ASSUMED_VOL, 12)
    expect(exAnteVol(createVirtualBook(0, 0.94), [0.1])).toBeCloseTo(0.1 * ASSUMED_VOL, 12)
    expect(exAnteVol(quiet, [0, 0, 0])).toBe(0)
    // A floor of 5 % a year: 0.1 % a day is below it.
    expect(exAnteVol(quiet, [1, 0, 0])).toBeCloseTo(0.05, 9)
  })

  it('corrects the covariance of an instrument that came later', () => {
    const book = createVirtualBook(2, 0.94)
    let [a, b] = [100, 100]
    for (let day = 0; day < 100; day++) {
      a *= day % 2 === 0 ? 1.02 : 0.98
      takeDay(book, 0, day * DAY_MS, a)
      if (day >= 65) {
        b *= day % 2 === 0 ? 1.02 : 0.98
        takeDay(book, 1, day * DAY_MS, b)
      }
      closeDay(book)
    }
    expect(exAnteVol(book, [0, 1])).toBeCloseTo(exAnteVol(book, [1, 0]), 9)
    expect(takeDay(book, 1, 99 * DAY_MS, 1)).toBe(false)
  })

  it('Kelly is 1 with less than a year of the virtual book, then half of f* within 1 and 3', () => {
    expect(kellyOf(bookOf(300, [0.01], 0.5), riskOf())).toEqual({ full: null, leverage: 1 })
    const book = bookOf(1, [0.01], 1)
    const drift = (mean: number, size: number) => {
      book.returns = Array.from({ length: KELLY_DAYS }, (_, i) => mean + (i % 2 === 0 ? size : -size))
      book.returns.pop()
      fixTargets(book, () => 0)
      closeDay(book)
      return kellyOf(book, riskOf())
    }
    // Mean 1 %/day, half of it shrunk away; volatility ~ 5 %/day: f* = 1.825 / 0.9125 = 2, half of it 1.
    expect(drift(0.01, 0.05).full!).toBeCloseTo(2, 1)
    expect(drift(0.01, 0.02).leverage).toBe(3)
    expect(drift(-0.01, 0.05).leverage).toBe(1)
    expect(kellyOf(book, riskOf({ flatIfNoEdge: true })).leverage).toBe(0)
    expect(book.returns).toHaveLength(KELLY_DAYS)
    const flat = runPipeline([wish(0.1)], book, 0, riskOf({ flatIfNoEdge: true }))
    expect(flat.wanted).toEqual([0])
  })

  it('the virtual book earns on targets of the day before, and only once the blender spoke', () => {
    const book = createVirtualBook(1, 0.94)
    takeDay(book, 0, 0, 100)
    closeDay(book)
    takeDay(book, 0, DAY_MS, 110)
    closeDay(book)
    expect(book.returns).toEqual([])
    fixTargets(book, () => 0.5)
    takeDay(book, 0, 2 * DAY_MS, 121)
    closeDay(book)
    expect(book.returns[0]!).toBeCloseTo(0.05, 12)
  })

  it('caps the carry sleeve at 20 % gross', () => {
    const carried = step('sleeveCap', [
      wish(0.25, { trend: 0, carry: 0.25 }),
      wish(-0.15, { trend: 0, carry: -0.15 }),
      wish(0),
    ])
    expect(carried).toMatchObject({ measured: 0.4, limit: 0.2, factor: 0.5 })
    expect(carried.grossAfter).toBeCloseTo(0.2, 12)
  })

  it('net cap scales the directional sleeve, gross cap the book', () => {
    const net = step('netCap', [wish(0.25), wish(0.2), wish(-0.05)])
    expect(net.factor).toBeCloseTo(0.75, 12)
    expect(net.netAfter).toBeCloseTo(0.3, 12)
    const gross = step('grossCap', [wish(0.25), wish(-0.25), wish(0)], riskOf({ grossCap: 0.4 }))
    expect(gross.grossAfter).toBeCloseTo(0.4, 12)
  })

  it('turnover: adding waits for the budget, reducing does not, what is in its band uses none', () => {
    const risk = riskOf({ netCap: 2 })
    const wishes = [wish(0.25), wish(0, { held: 0.2 }), wish(0.1, { held: 0.095 })]
    const piped = runPipeline(wishes, quiet, 0.04, risk)
    // 0.15 − 0.04 − 0.1 reduced leaves 0.01 of the 0.125 wanted.
    expect(piped.turnoverScale).toBeCloseTo(0.08, 9)
    expect(piped.weights[0]).toBeCloseTo(0.02, 9)
    expect(piped.weights.slice(1)).toEqual([0, 0.095])
    expect(piped.steps.at(-1)).toMatchObject({ step: 'turnover', measured: 0.04, limit: 0.15 })
    const free = runPipeline(wishes, quiet, 0.04, riskOf({ netCap: 2, turnoverLimiter: false }))
    expect(free.weights[0]).toBe(0.25)
    expect(free.steps.at(-1)!.limit).toBeNull()
  })

  it('a cap outranks the band and frozen instruments count as they are held', () => {
    const inBand = runPipeline([wish(0.3, { held: 0.31 })], quiet, 0, riskOf({ maxAbsWeight: 1 }))
    expect(inBand.weights[0]).toBeCloseTo(0.3, 12)
    expect(enforceCaps([0.25, 0.2, -0.05], [true, false, false], 0.3, 1)).toEqual([
      0.25,
      expect.closeTo(0.1, 12),
      -0.05,
    ])
    expect(enforceCaps([0.5, 0.2], [true, false], 0.3, 0.6)).toEqual([0.5, 0])
    expect(enforceCaps([0.5], [true], 0.3, 0.4)).toEqual([0.5])
  })

  it('the band never holds back an exit or a change of sign', () => {
    expect([isInBand(0.1, 0.105, 0.1), isInBand(0.1, 0.2, 0.1), isInBand(0.1, 0, 0.1), isInBand(0, 0, 0.1)]).toEqual([
      true,
      false,
      false,
      true,
    ])
    expect([isInBand(-0.1, 0.1, 10), isInBand(0, 0.1, 0.1)]).toEqual([false, false])
  })

  it('property: net and gross caps hold, the limiter holds, nothing is turned round', () => {
    const weight = fc.integer({ min: -1000, max: 1000 }).map((w) => w / 1000)
    const wishes = fc.array(fc.record({ blended: weight, held: weight, share: fc.integer({ min: -10, max: 20 }) }), {
      minLength: 3,
      maxLength: 3,
    })
    fc.assert(
      fc.property(wishes, fc.integer({ min: 0, max: 200 }), fc.boolean(), (list, used, wild) => {
        const risk = riskOf({ leverageCap: 3 })
        const book = wild ? bookOf(35, [0.05, 0.08, 0.02]) : quiet
        const rows = list.map(({ blended, held, share }) => wish(blended, { held, trend: (blended * share) / 10 }))
        const { wanted, weights } = runPipeline(rows, book, used / 1000, risk)
        const sum = (ws: readonly number[]) => Math.abs(ws.reduce((a, b) => a + b, 0))
        const gross = (ws: readonly number[]) => ws.reduce((a, b) => a + Math.abs(b), 0)
        for (const ws of [wanted, weights]) {
          expect(sum(ws)).toBeLessThanOrEqual(risk.netCap * (ws === wanted ? 1 + 1e-9 : 1 + CAP_DRIFT))
          expect(gross(ws)).toBeLessThanOrEqual(risk.grossCap * (ws === wanted ? 1 + 1e-9 : 1 + CAP_DRIFT))
        }
        let adding = 0
        rows.forEach((row, i) => {
          if (wanted[i] !== 0) expect(Math.sign(wanted[i]!)).toBe(Math.sign(row.blended))
          expect(Math.abs(wanted[i]!)).toBeLessThanOrEqual(Math.min(risk.maxAbsWeight, Math.abs(row.blended)) + 1e-12)
          const crosses = weights[i]! * row.held < 0
          adding += crosses ? Math.abs(weights[i]!) : Math.max(0, Math.abs(weights[i]!) - Math.abs(row.held))
        })
        expect(adding / 2).toBeLessThanOrEqual(Math.max(0, risk.turnoverMonthly - used / 1000) + 1e-9)
      }),
      { numRuns: 300 },
    )
  })
})
