/** Roll calendars: rules, then what holds for any chain; series that are made by them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import { type ContinuousPoint, continuousSeries, ratioAdjusted, rollRatios } from '#quant/continuous-future'
import { type Activity, type DatedContract, frontAt, type RollRule, rollCalendar } from '#quant/roll-calendar'

const day = (n: number): number => n * DAY_MS
const contract = (instrument: string, expires: number, listed: number | null = null): DatedContract => ({
  instrument,
  expiresAt: day(expires),
  listedAt: listed === null ? null : day(listed),
})
const days = (daysBefore: number): RollRule => ({ kind: 'days', daysBefore })

describe('by days before expiry', () => {
  it('rolls that many days before, in order of expiry, whatever the order of the contracts', () => {
    const chain = [contract('C', 300), contract('A', 100), contract('B', 200)]
    expect(rollCalendar(chain, days(7))).toEqual([
      { instrument: 'A', expiresAt: day(100), from: null, until: day(93), why: 'first' },
      { instrument: 'B', expiresAt: day(200), from: day(93), until: day(193), why: 'days' },
      { instrument: 'C', expiresAt: day(300), from: day(193), until: day(300), why: 'days' },
    ])
  })

  it('waits for a contract that is not listed yet, and leaves a hole only where nothing is', () => {
    const late = rollCalendar([contract('A', 100, 0), contract('B', 200, 97), contract('C', 300, 210)], days(7))
    expect(late.map(({ instrument, from, until, why }) => [instrument, from, until, why])).toEqual([
      ['A', day(0), day(97), 'first'],
      ['B', day(97), day(200), 'days'],
      ['C', day(210), day(300), 'expiry'],
    ])
    expect(frontAt(late, day(-1))).toBeUndefined()
    expect(frontAt(late, day(205))).toBeUndefined()
    expect(frontAt(late, day(97))?.instrument).toBe('B')
    expect(frontAt(late, day(97) - 1)?.instrument).toBe('A')
  })
})

describe('by crossover', () => {
  const chain = [contract('A', 100), contract('B', 200), contract('C', 300)]
  const seen = (instrument: string, at: number, value: number): Activity => ({
    instrument,
    availableAt: day(at),
    value,
  })
  const by = (...activity: readonly Activity[]): RollRule => ({ kind: 'crossover', daysBefore: 2, activity })

  it('rolls when it could be read that a later one has more, and never back', () => {
    const rule = by(seen('A', 80, 10), seen('B', 80, 9), seen('B', 90, 11), seen('A', 91, 50), seen('C', 120, 12))
    expect(rollCalendar(chain, rule).map(({ instrument, from, why }) => [instrument, from, why])).toEqual([
      ['A', null, 'first'],
      ['B', day(90), 'crossover'],
      ['C', day(120), 'crossover'],
    ])
  })

  it('passes over a contract that nobody trades, and rolls by date where nothing crosses', () => {
    const rule = by(seen('A', 10, 5), seen('B', 10, 1), seen('C', 50, 6))
    expect(rollCalendar(chain, rule).map(({ instrument }) => instrument)).toEqual(['A', 'C'])
    expect(rollCalendar(chain, by(seen('A', 10, 5))).map(({ from, why }) => [from, why])).toEqual([
      [null, 'first'],
      [day(98), 'days'],
      [day(198), 'days'],
    ])
  })
})

describe('any chain', () => {
  const chains = fc.uniqueArray(
    fc.record({ expires: fc.integer({ min: 0, max: 400 }), age: fc.option(fc.integer({ min: 1, max: 300 })) }),
    { minLength: 1, maxLength: 12, selector: ({ expires }) => expires },
  )
  const rules = fc.record({
    daysBefore: fc.integer({ min: 0, max: 20 }),
    activity: fc.option(
      fc.array(fc.record({ i: fc.nat(11), at: fc.integer({ min: -50, max: 400 }), value: fc.nat(5) }), {
        maxLength: 40,
      }),
    ),
  })

  it('has exactly one front whenever a contract trades that is no step back, rolls before expiry, and is the same again', () => {
    fc.assert(
      fc.property(chains, rules, (drawn, { daysBefore, activity }) => {
        const chain = drawn.map(({ expires, age }, i) =>
          contract(`c${i}`, expires, age === null ? null : expires - age),
        )
        const rule: RollRule =
          activity === null
            ? days(daysBefore)
            : {
                kind: 'crossover',
                daysBefore,
                activity: activity.map(({ i, at, value }) => ({
                  instrument: `c${i % chain.length}`,
                  availableAt: day(at),
                  value,
                })),
              }
        const spans = rollCalendar(chain, rule)
        expect(rollCalendar([...chain].reverse(), rule)).toEqual(spans)
        for (const [i, span] of spans.entries()) {
          expect(span.until).toBeLessThanOrEqual(span.expiresAt)
          expect(span.from ?? Number.NEGATIVE_INFINITY).toBeLessThan(span.until)
          if (i === 0) continue
          expect(span.from).toBeGreaterThanOrEqual(spans[i - 1]!.until)
          expect(span.expiresAt).toBeGreaterThan(spans[i - 1]!.expiresAt)
        }
        const wrong: number[] = []
        for (let at = day(-310) + 1; at < day(410); at += day(3)) {
          const fronts = spans.filter(({ from, until }) => (from ?? at) <= at && at < until)
          const passed = Math.max(...spans.filter(({ from }) => (from ?? at) <= at).map(({ expiresAt }) => expiresAt))
          const mayBe = chain.filter(
            ({ listedAt, expiresAt }) => (listedAt ?? at) <= at && at < expiresAt && expiresAt >= passed,
          )
          const isOne = fronts.length === (mayBe.length > 0 ? 1 : 0) && frontAt(spans, at) === fronts[0]
          const isOpen = fronts.every((front) => mayBe.some(({ instrument }) => instrument === front.instrument))
          if (!isOne || !isOpen) wrong.push(at)
        }
        expect(wrong).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('the continuous series', () => {
  const spans = rollCalendar([contract('A', 10), contract('B', 20), contract('C', 30)], days(2))
  const points = (from: number, to: number, price: (n: number) => number) =>
    Array.from({ length: to - from }, (_, i) => ({ ts: day(from + i), price: price(from + i) }))
  const prices = new Map([
    ['A', points(0, 10, (n) => 100 + n)],
    ['B', points(5, 20, (n) => 110 + n)],
    ['C', points(15, 30, (n) => 130 + n)],
  ])

  it('holds the front’s own prices', () => {
    const series = continuousSeries(spans, prices)
    expect(series).toHaveLength(30)
    expect(series.slice(7, 9)).toEqual([
      { ts: day(7), price: 107, instrument: 'A' },
      { ts: day(8), price: 118, instrument: 'B' },
    ])
  })

  it('is adjusted by ratios, so that each return is one of a contract, known before the roll', () => {
    const series = continuousSeries(spans, prices)
    const rolls = rollRatios(spans, prices)
    expect(rolls[0]).toEqual({ from: 'A', to: 'B', at: day(8), ratio: 117 / 107 })
    const adjusted = ratioAdjusted(series, rolls) as ContinuousPoint[]
    expect(adjusted.at(-1)).toEqual(series.at(-1))
    expect(adjusted[8]!.price / adjusted[7]!.price).toBeCloseTo(118 / 117, 12)
    expect(adjusted[3]!.price / adjusted[2]!.price).toBeCloseTo(103 / 102, 12)
    // What comes after a roll does not change its ratio.
    const cut = new Map([...prices].map(([name, all]) => [name, all.filter(({ ts }) => ts < day(8))]))
    expect(rollRatios(spans, cut)[0]).toEqual(rolls[0])
  })

  it('is not adjusted over a roll at which the two never had a price together', () => {
    const apart = new Map([
      ['A', points(0, 5, () => 1)],
      ['B', points(8, 18, () => 2)],
    ])
    const series = continuousSeries(spans, apart)
    expect(ratioAdjusted(series, rollRatios(spans, apart))).toBeNull()
    expect(ratioAdjusted(series.slice(0, 3), rollRatios(spans, apart))).toEqual(series.slice(0, 3))
  })
})
