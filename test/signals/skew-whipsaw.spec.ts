/** SkewWhipsaw: beyond which skew it fades, with what, and when it holds and leaves. Fear is positive. */
import { describe, expect, it } from 'vitest'
import { skewWhipsaw } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, HOUR_MS } from '#core/time'
import { addSkew, medianSkew } from '#signals/skew-history'
import { createSkewWhipsaw, type SkewWhipsawState } from '#signals/skew-whipsaw.decider'
import { type ChainShape, chain, expiry, leg, MONDAY, now, term, usdDelta, type Word, words } from './option-tape.js'
import { looksAhead, play } from './play.js'

const config = (keys: object = {}) => skewWhipsaw.parse({ enabled: true, ...keys })
const at = (day: number, hours = 0): number => MONDAY + day * DAY_MS + hours * HOUR_MS
const FAR = 30 * DAY_MS

/** Chains of two expiries around 30 days whose 25-delta skew is `points`, and the instant. */
function look(ts: number, points: number, shape: ChainShape = {}): EventEnvelope[] {
  const vol: ChainShape['vol'] = (_, side) => 0.6 + (side === 'put' ? points : -points) / 200
  return [...EXPIRIES.map((days) => chain(ts, expiry(days), { vol, step: 2000, ...shape })), now(ts)]
}
/** At MONDAY 25 and 32 days and some hours away. */
const EXPIRIES = [25, 32, 46, 74]

const said = (tape: readonly EventEnvelope[], keys: object = {}): Word[] => words(createSkewWhipsaw(config(keys)), tape)
const reasons = (tape: readonly EventEnvelope[], keys: object = {}): string[] =>
  said(tape, keys).map(({ data }) => data.reason)
/** What each day's first look sees. */
const days = (...points: readonly number[]): EventEnvelope[] => points.flatMap((skew, day) => look(at(day), skew))

describe('a skew beyond 15 points is faded', () => {
  const [word] = said(days(16))

  it('fear: the put is sold, the call is bought, and the rest hedged', () => {
    expect(word!.data).toMatchObject({
      signal: 'skew',
      package: 'skew/BTC',
      kind: 'riskReversal',
      reason: 'rich-puts',
      targetWeight: 0.2,
      confidence: 1,
      price: 100_000,
      inputs: [7, 7],
    })
    expect(word!.data.legs.map(({ role, ratio }) => [role, Math.sign(ratio)])).toEqual([
      ['put', -1],
      ['call', 1],
      ['hedge', -1],
    ])
    expect(Math.abs(leg(word!, 'put')!.delta + 0.25)).toBeLessThan(0.03)
    expect(Math.abs(leg(word!, 'call')!.delta - 0.25)).toBeLessThan(0.03)
    expect(leg(word!, 'put')!.terms.expiresAt).toBe(expiry(32))
    expect(Math.abs(usdDelta(word!))).toBeLessThan(3e-6)
  })

  it('greed: the other way round', () => {
    const [greed] = said(days(-16))
    expect(greed!.data.reason).toBe('rich-calls')
    expect(greed!.data.legs.map(({ role, ratio }) => [role, Math.sign(ratio)])).toEqual([
      ['put', 1],
      ['call', -1],
      ['hedge', 1],
    ])
    expect(greed!.data.strength).toBeGreaterThan(0)
    expect(word!.data.strength).toBeLessThan(0)
  })

  it('strictly: the threshold itself is none', () => {
    const [{ data }] = said(days(15.4)) as [Word]
    const skew = data.terms.find(({ name }) => name === 'skew30')!.value!
    expect(skew).toBeCloseTo(15.4, 6)
    const state = play(createSkewWhipsaw(config()), days(15.4)).state as SkewWhipsawState
    // The threshold put exactly where the skew is.
    expect(reasons(days(15.4), { entryPoints: state.skew! })).toEqual([])
    expect(reasons(days(15.4), { entryPoints: state.skew! - 1e-9 })).toEqual(['rich-puts'])
  })

  it('says the numbers: skew and threshold, stop, vega, what ±30 % would do', () => {
    expect(word!.data.terms.find(({ name }) => name === 'skew30')).toEqual({ name: 'skew30', value: 16, threshold: 15 })
    expect(word!.data.terms.find(({ name }) => name === 'stopSkew')!.threshold).toBeCloseTo(26, 6)
    expect(term(word!, 'vegaPerPoint')).toBeGreaterThan(0)
    expect(term(word!, 'worstDown30')).toBeLessThan(0)
    expect(term(word!, 'worstOfNav')).toBeCloseTo((0.2 * term(word!, 'worstDown30')!) / 100_000, 6)
  })

  it('sized by the gross vega of both options', () => {
    const [limited] = said(days(16), { vegaLimit: 0.001 })
    expect(limited!.data.reason).toBe('vega-limit')
    expect(term(limited!, 'vegaOfNav')).toBeCloseTo(0.001, 6)
  })

  it('once a day: a skew between two days is not faded', () => {
    expect(reasons([...look(at(0), 3), ...look(at(0, 6), 20), ...look(at(0, 12), 3), ...look(at(1), 3)])).toEqual([])
    expect(said([...look(at(0), 3), ...look(at(0, 6), 20), ...look(at(1, 2), 20)]).map(({ ts }) => ts)).toEqual([
      at(1, 2),
    ])
  })
})

describe('nothing is traded', () => {
  const narrow: ChainShape['mend'] = (row) => ({ ...row, bid: null })
  it.each([
    ['the skew is within 15 points', days(14.9, -14.9)],
    ['no expiry brackets 30 days', [chain(MONDAY, expiry(25), { vol: () => 0.6 }), now(MONDAY)]],
    ['books have one side only', look(MONDAY, 20, { mend: narrow })],
    ['chains are stale', [...look(MONDAY, 3), ...look(at(0, 8), 20).slice(0, -1), now(at(1))]],
  ])('while %s', (_, tape) => {
    expect(reasons(tape)).toEqual([])
  })

  it('while no expiry may be traded, though the skew is known', () => {
    const tape = look(MONDAY, 20)
    expect(reasons(tape)).toEqual(['rich-puts'])
    expect(reasons(tape, { minDays: 33, maxDays: 45 })).toEqual([])
  })

  it('while the skew is not beyond its own median', () => {
    // The median is known from the second day on: 20, at which the first one ends and below which none begins.
    const found = said(days(20, 20, 18, 22), { medianDays: 4 })
    expect(found.map(({ data, ts }) => [data.reason, ts])).toEqual([
      ['rich-puts', at(0)],
      ['median', at(1)],
      ['rich-puts', at(3)],
    ])
  })
})

describe('what is held', () => {
  it('is left below 5 points, not at it', () => {
    expect(reasons(days(16, 5.1, 4.9))).toEqual(['rich-puts', 'hedge', 'normal'])
    expect(said(days(16, -20)).at(-1)!.data).toMatchObject({ reason: 'normal', targetWeight: 0 })
    expect(reasons(days(-16, -4.9))).toEqual(['rich-calls', 'normal'])
  })

  it('is left when skew is back at the median of its days', () => {
    const tape = days(10, 11, 12, 17, 16, 11)
    expect(reasons(tape, { medianDays: 6 })).toEqual(['rich-puts', 'hedge', 'median'])
    expect(term(said(tape, { medianDays: 6 }).at(-1)!, 'medianSkew')).toBeCloseTo(11.5, 6)
  })

  it('is stopped 10 points further at any instant, and not begun again before it was calm', () => {
    const tape = [...days(16), ...look(at(0, 3), 26.1), ...look(at(1), 26), ...look(at(2), 14), ...look(at(3), 17)]
    const found = said(tape)
    expect(found.map(({ data, ts }) => [data.reason, ts])).toEqual([
      ['rich-puts', at(0)],
      ['stop', at(0, 3)],
      ['rich-puts', at(3)],
    ])
    expect(reasons([...days(16), ...look(at(0, 3), 25.9)])).toEqual(['rich-puts'])
    expect(reasons([...days(-16), ...look(at(0, 3), -26.1)])).toEqual(['rich-calls', 'stop'])
  })

  it('is hedged every four hours and beyond the trigger', () => {
    expect(reasons([...days(16), ...look(at(0, 4), 16, { forward: 101_000 })])).toEqual(['rich-puts', 'hedge'])
    expect(reasons([...days(16), ...look(at(0, 1), 16, { forward: 101_000 })])).toEqual(['rich-puts'])
    expect(reasons([...days(16), ...look(at(0, 1), 16, { forward: 112_000 })])).toEqual(['rich-puts', 'hedge'])
    for (const word of said([...days(16), ...look(at(0, 4), 16, { forward: 95_000 })]))
      expect(Math.abs(usdDelta(word))).toBeLessThan(3e-6)
  })

  it('stays while there is no skew', () => {
    // Only the expiry that is held is told: nothing behind it, nothing before.
    const only = (hours: number) => [chain(at(0, hours), expiry(32), { vol: () => 0.6 }), now(at(0, hours))]
    const tape = [...days(16), ...only(16)]
    const found = said(tape)
    expect(found.map(({ data }) => data.reason)).toEqual(['rich-puts', 'no-skew'])
    expect(found[1]!.data.targetWeight).toBe(0.2)
    expect(term(found[1]!, 'skew30')).toBeNull()
  })

  it('stays while its chain is stale, until it expires', () => {
    const tape = [...days(16), now(at(0, 15)), now(expiry(32))]
    expect(said(tape).map(({ data }) => [data.reason, data.targetWeight])).toEqual([
      ['rich-puts', 0.2],
      ['stale', 0.2],
      ['expiry', 0],
    ])
  })

  it('is left with a day to go', () => {
    const tape = [...days(16), ...look(expiry(31), 16).filter(({ ts }) => ts > 0)]
    expect(reasons(tape)).toEqual(['rich-puts', 'expiry'])
  })
})

describe('the median of days', () => {
  it('needs half of its days, and forgets those before the window', () => {
    const history = { days: [] as number[], points: [] as number[] }
    const add = (day: number, points: number): void => addSkew(history, day * DAY_MS, points, 4)
    add(1, 10)
    expect(medianSkew(history, DAY_MS, 4)).toBeNull()
    add(2, 20)
    add(2, 99)
    expect(medianSkew(history, 2 * DAY_MS, 4)).toBe(15)
    for (const day of [3, 4, 5, 6]) add(day, day)
    expect(history.points).toEqual([3, 4, 5, 6])
    expect(medianSkew(history, 6 * DAY_MS, 4)).toBe(4.5)
    expect(medianSkew(history, 6 * DAY_MS + FAR, 4)).toBeNull()
  })
})

describe('a fortnight of it', () => {
  const swing = (i: number): number => 25 * Math.sin(i / 7)
  const tape = Array.from({ length: 14 * 6 }, (_, i) =>
    look(at(0, 4 * i), swing(i), { forward: 100_000 * (1 + 0.05 * Math.sin(i / 3)) }),
  ).flat()
  const make = () => createSkewWhipsaw(config())

  it('is the same after a snapshot, bounded, and flat at every hedge', () => {
    const whole = play(make(), tape)
    expect(whole.said.length).toBeGreaterThan(10)
    expect(play(make(), tape, 200)).toEqual(whole)
    expect(JSON.stringify(whole.state).length).toBeLessThan(300_000)
    for (const word of words(make(), tape).filter(({ data }) => data.targetWeight > 0))
      expect(Math.abs(usdDelta(word))).toBeLessThan(5e-6)
  })

  it('does not look ahead', () => {
    const cut = 203
    const other = tape.slice(cut + 1).filter(({ type }) => type === 'InstantClosed')
    expect(looksAhead(make, tape, cut, other)).toBe(false)
  })
})
