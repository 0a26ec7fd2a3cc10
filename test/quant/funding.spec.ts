import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSignRun, isReversed, pushSign, reversedFor } from '#indicators/reversal'
import {
  ageInIntervals,
  aprOver,
  hasGap,
  keepLast,
  keepSpan,
  meanApr,
  pushSettlement,
  type Settlements,
  streak,
} from '#indicators/settlements'
import {
  carrySize,
  fundingApy,
  fundingCashInverse,
  fundingOver,
  fundingSpread,
  halfLife,
  hurdleApr,
  netSpreadBps,
} from '#quant/funding'

const HOUR = 3_600_000
const made = (rates: readonly number[], hours = 8, from = 0): Settlements =>
  rates.map((rate, i) => ({ at: (from + i * hours) * HOUR, rate, hours, seq: i }))

describe('funding', () => {
  it('is undefined where nothing is left or nothing is priced', () => {
    expect(fundingApy(-1, 8)).toBeNull()
    expect(fundingCashInverse(100, 0, 0.0001)).toBeNull()
    expect(fundingSpread([{ name: 'a', apr: 1 }])).toBeNull()
    expect(
      halfLife([
        [1, 2],
        [2, 3],
      ]),
    ).toBeNull()
  })

  it('compares by time: an hour of 1.25e-5 is eight of 1e-4', () => {
    expect(fundingOver(1.25e-5, 1, 8)).toBeCloseTo(1e-4, 15)
  })

  it('sizes nothing up to the hurdle, the cap from `full` on, all or nothing where they cross', () => {
    expect([carrySize(0.05, 0.05, 0.3, 0.2), carrySize(0.3, 0.05, 0.3, 0.2)]).toEqual([0, 0.2])
    expect([carrySize(0.5, 0.6, 0.3, 0.2), carrySize(0.7, 0.6, 0.3, 0.2)]).toEqual([0, 0.2])
    const apr = fc.double({ min: -2, max: 2, noNaN: true })
    const cap = fc.double({ min: 0, max: 0.2, noNaN: true })
    fc.assert(
      fc.property(apr, apr, fc.double({ min: 0, max: 1, noNaN: true }), cap, (a, b, hurdle, limit) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((gain) => carrySize(gain, hurdle, 0.3, limit))
        expect(low).toBeGreaterThanOrEqual(0)
        expect(high).toBeLessThanOrEqual(limit)
        expect(low).toBeLessThanOrEqual(high!)
      }),
    )
  })

  it('asks of a spread what pays for the round trip', () => {
    const hurdle = hurdleApr(24, 7)
    expect(netSpreadBps(hurdle, 7, 24)).toBeCloseTo(0, 10)
  })

  it('names two different ends even where all are equal', () => {
    const spread = fundingSpread(['b', 'a', 'c'].map((name) => ({ name, apr: 0.1 })))!
    expect([spread.highest.name, spread.lowest.name, spread.spreadApr]).toEqual(['a', 'c', 0])
  })

  it('finds the half-life of a decay, none in noise that alternates, no end where nothing returns', () => {
    const phi = Math.exp(Math.log(0.5) / 5)
    const decay = Array.from(
      { length: 40 },
      (_, i) => [Math.exp(i * Math.log(phi)), Math.exp((i + 1) * Math.log(phi))] as const,
    )
    expect(halfLife(decay)).toBeCloseTo(5, 8)
    expect(
      halfLife([
        [1, -1],
        [-1, 1],
        [1, -1],
        [-1, 1],
      ]),
    ).toBe(0)
    expect(
      halfLife([
        [1, 2],
        [2, 4],
        [4, 8],
      ]),
    ).toBe(Number.POSITIVE_INFINITY)
    expect(
      halfLife([
        [1, 1],
        [1, 1],
        [1, 1],
      ]),
    ).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('settlements', () => {
  it('keep the newest, know those that they have, refuse what has no interval', () => {
    const rows = made([1, 2, 3])
    expect(pushSettlement(rows, { at: 16 * HOUR + 20, rate: 9, hours: 8, seq: 9 })).toBe(false)
    expect(pushSettlement(rows, { at: 24 * HOUR, rate: 9, hours: 0, seq: 9 })).toBe(false)
    expect(pushSettlement(rows, { at: 24 * HOUR - 20_000, rate: -0, hours: 8, seq: 9 })).toBe(true)
    expect(rows.at(-1)).toEqual({ at: 24 * HOUR, rate: 0, hours: 8, seq: 9 })
    keepLast(rows, 2)
    expect(rows.map(({ rate }) => rate)).toEqual([3, 0])
  })

  it('hold nine of eight hours in three days', () => {
    const rows = made(Array.from({ length: 20 }, () => 0.0001))
    keepSpan(rows, 72 * HOUR)
    expect(rows).toHaveLength(9)
    expect(aprOver(rows, 72 * HOUR)).toBeCloseTo(0.1095, 12)
    expect(aprOver(rows.slice(1), 72 * HOUR)).toBeNull()
    expect(aprOver([], 72 * HOUR)).toBeNull()
    expect(
      aprOver(
        made(
          Array.from({ length: 66 }, () => 1e-5),
          1,
        ),
        72 * HOUR,
      ),
    ).toBeCloseTo(0.0876, 12)
  })

  it('weigh hours over a span, settlements in a count', () => {
    const rows = [
      ...made([0.0008], 8),
      ...made(
        Array.from({ length: 16 }, () => 0),
        1,
        1,
      ),
    ]
    expect(aprOver(rows, 24 * HOUR)).toBeCloseTo((0.0008 / 24) * 8760, 12)
    expect(meanApr(rows)).toBeCloseTo(0.876 / 17, 12)
    expect(meanApr([])).toBeNull()
  })

  it('count the newest of one sign, zero being none', () => {
    expect([made([1, -1, 2, 3]), made([1, 0]), made([-1, -2]), []].map(streak)).toEqual([2, 0, 2, 0])
  })

  it('see a gap over one and a half intervals, the longer one at a change', () => {
    expect(hasGap([...made([1]), ...made([1], 8, 12)])).toBe(false)
    expect(hasGap([...made([1]), ...made([1], 8, 12.1)])).toBe(true)
    expect(hasGap([...made([1], 8), ...made([1], 1, 4)])).toBe(false)
    expect(ageInIntervals(made([1], 1), 3 * HOUR)).toBe(3)
    expect(ageInIntervals([], 0)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a sign run', () => {
  it('begins at the first rate of its sign and ends at zero', () => {
    const run = createSignRun()
    expect(reversedFor(run, 0, 5)).toBeNull()
    for (const [rate, at] of [
      [1, 1],
      [2, 2],
      [-1, 3],
      [-2, 4],
    ] as const)
      pushSign(run, rate, at)
    expect([run, reversedFor(run, -1, 9), reversedFor(run, 1, 9)]).toEqual([{ sign: -1, since: 3 }, 6, null])
    expect([isReversed(run, -1, 9, 6), isReversed(run, -1, 8, 6)]).toEqual([true, false])
    pushSign(run, 0, 9)
    expect(isReversed(run, -1, 99, 6)).toBe(false)
  })
})
