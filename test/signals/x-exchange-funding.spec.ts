import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import type { XExchangeFundingConfig } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { createXExchangeFunding } from '#signals/x-exchange-funding.decider'
import {
  asset,
  delisted,
  doubt,
  hour,
  type Market,
  marketTape,
  type PackageWord,
  predicted,
  settled,
  settlements,
  termOf,
  words,
} from './funding-tape.js'

const A = 'binance.usdm.BTCUSDT'
const B = 'dydx.swap.BTC-USD'
const C = 'okx.swap.BTC-USDT-SWAP'
const DEFAULTS = configSchema.parse({}).signals.xExchangeFunding
/** Four recorded days are enough; a spread that never moved is expected to stay for 30. */
const SHORT: Partial<XExchangeFundingConfig> = { halfLifeDays: 12 }
const UNIVERSE = [A, B, C].map((one) => ({ ...asset(one), role: 'leg' as const }))
const make = (change: Partial<XExchangeFundingConfig> = {}) =>
  createXExchangeFunding({ ...DEFAULTS, ...SHORT, ...change }, UNIVERSE)
const run = (market: Omit<Market, 'instruments'>, change: Partial<XExchangeFundingConfig> = {}): PackageWord[] =>
  words(make(change), marketTape({ ...market, instruments: [A, B, C] }))
const flat = (n: number, rate: number): number[] => Array.from({ length: n }, () => rate)
const brief = (said: readonly PackageWord[]) => said.map(({ at, data }) => [at, data.reason, data.targetWeight])

/** First time that four days are recorded: the instant 120 hours after the first settlement; there all three settle. */
const FIRST = 120
/** A: 2 bp every 8 hours, 21.9 %; B: 2 tenths of a bp an hour, 17.52 %; C: −2 tenths of a bp every 8 hours, −2.19 %. */
const rates = (hours: number): EventEnvelope[] => [
  ...settlements(flat(Math.floor(hours / 8) + 1, 0.0002), 8, A),
  ...settlements(flat(hours + 1, 0.00002), 1, B),
  ...settlements(flat(Math.floor(hours / 8) + 1, -0.00002), 8, C),
]
const onwards = (from: number, instrument: string, every: number, values: readonly number[]): EventEnvelope[] =>
  settlements(values, every, instrument, from)

describe('opening', () => {
  it('shorts the highest, buys the lowest, each by its own interval', () => {
    const [only, ...rest] = run({ until: FIRST + 20, events: rates(FIRST + 20) })
    expect(rest).toEqual([])
    expect(only!.at).toBe(FIRST - 24) // days 1 to 4
    const { terms, inputs, ...said } = only!.data
    const hurdle = (24e-4 * 365) / 30
    expect(said).toMatchObject({
      signal: 'dispersion',
      package: 'dispersion/BTC',
      kind: 'dispersion',
      reason: 'dispersion',
      confidence: 1,
      asOf: hour(FIRST - 24),
      validUntil: hour(FIRST + 1),
      price: 40_000,
    })
    expect(said.legs.map(({ role, instrument, ratio }) => [role, instrument, ratio])).toEqual([
      ['perpetual', A, -1],
      ['otherPerpetual', C, 1],
    ])
    const size = (0.2 * (0.2409 - hurdle)) / (0.3 - hurdle)
    expect(said.targetWeight).toBeCloseTo(size, 6)
    expect(said.strength).toBeCloseTo(-size / 0.2, 6)
    const values = Object.fromEntries(terms.map(({ name, value }) => [name, value]))
    expect(values.spreadApr).toBeCloseTo(0.2409, 8)
    expect(values.shortApr).toBeCloseTo(0.219, 8)
    expect(values.longApr).toBeCloseTo(-0.0219, 8)
    const mean = (0.219 + 0.1752 - 0.0219) / 3
    const squares = [0.219, 0.1752, -0.0219].map((apr) => (apr - mean) * (apr - mean))
    expect(values.sdApr).toBeCloseTo(Math.sqrt((squares[0]! + squares[1]! + squares[2]!) / 2), 8)
    expect(values).toMatchObject({ venues: 3, holdDays: 30, roundTripBps: 24, reversedHours: 0, feed: 0 })
    expect(values.netBps).toBeCloseTo((0.2409 * 30 * 1e4) / 365 - 24, 6)
    expect(terms.find(({ name }) => name === 'spreadApr')!.threshold).toBeCloseTo(hurdle, 8)
    expect(inputs).toHaveLength(18)
  })

  it('does not take an hour for eight: 1 tenth of a bp an hour is not below 4 tenths in eight', () => {
    const events = [
      ...settlements(flat(16, 0.00004), 8, A), // 4.38 %
      ...settlements(flat(121, 0.00001), 1, B), // 8.76 %
      ...settlements(flat(16, 0.00002), 8, C), // 2.19 %
    ]
    const [first] = run({ until: FIRST, events })
    expect(first!.data.legs.map(({ instrument }) => instrument)).toEqual([B, C])
  })

  it('stays out unless the spread pays for the round trip within the time expected', () => {
    const events = rates(FIRST)
    expect(run({ until: FIRST, events }, { maxHoldDays: 3.6 })).toEqual([]) // 23.8 bp
    expect(run({ until: FIRST, events }, { maxHoldDays: 3.7 })).toHaveLength(1) // 24.4 bp
  })

  it('is capped at 20 % of NAV a leg', () => {
    const events = [...rates(FIRST).filter((one) => (one.data as { instrument: string }).instrument !== A)]
    const [first] = run({ until: FIRST, events: [...events, ...settlements(flat(16, 0.002), 8, A)] })
    expect(first!.data).toMatchObject({ targetWeight: 0.2, strength: -1 })
  })

  it('waits for a third of its days, for two venues, for prices, and for real settlements', () => {
    expect(run({ until: FIRST, events: rates(FIRST) }, { halfLifeDays: 90 })).toEqual([])
    expect(run({ until: FIRST, events: settlements(flat(16, 0.0002), 8, A) })).toEqual([])
    const hasBar = (one: string) => one === B
    expect(run({ until: FIRST, events: rates(FIRST), hasBar })).toEqual([])
    const proxies = rates(FIRST).map((one) => ({ ...one, data: { ...(one.data as object), proxy: true } }))
    expect(run({ until: FIRST, events: proxies })).toEqual([])
    expect(words(createXExchangeFunding(DEFAULTS, [asset(A), asset('binance.spot.BTCUSDT')]), [])).toEqual([])
  })

  it('holds as long as its spread lasts: half-lives of days without overlap', () => {
    // The spread of a day alternates: what is wide today is narrow tomorrow.
    const wild = Array.from({ length: 16 }, (_, i) => (Math.floor((i + 2) / 3) % 2 === 0 ? 0.0009 : 0.0005))
    const events = [...settlements(wild, 8, A), ...settlements(flat(16, 0), 8, C)]
    expect(run({ until: FIRST, events })).toEqual([]) // a day is too short for 24 bp
    const [first] = run({ until: FIRST, events }, { minHoldDays: 20 })
    expect(termOf(first!.data, 'holdDays')).toBe(20)
  })
})

/** Opened at 96. */
const OPEN = rates(FIRST)
const without = (instrument: string, from: number) => (one: EventEnvelope) =>
  (one.data as { instrument: string }).instrument !== instrument || one.ts < hour(from)

describe('holding', () => {
  // A spread that moves has a half-life; here it is expected to stay for 30 days all the same.
  const LONG = { minHoldDays: 30 }
  it('switches only to a pair that beats the held one by a round trip', () => {
    // B grows from 17.5 % to 5 points above A: 41 bp in 30 days is more than the 24 bp of a switch, 3 points are not.
    const with_ = (rate: number) => [...rates(240).filter(without(B, 121)), ...onwards(121, B, 1, flat(120, rate))]
    const legs = (said: readonly PackageWord[]) => said.at(-1)!.data.legs.map(({ instrument }) => instrument)
    expect(legs(run({ until: 240, events: with_(0.000028) }, LONG))).toEqual([A, C]) // 24.5 %
    const switched = run({ until: 240, events: with_(0.000031) }, LONG) // 27.2 %
    expect(legs(switched)).toEqual([B, C])
    expect(switched.at(-1)!.at).toBeGreaterThan(130)
    expect(switched.at(-1)!.data.reason).toBe('dispersion')
  })

  // The mean of A falls to what makes 24 bp and 12 bp in 30 days: 2.92 % and 1.46 %.
  const falling = (rate: number): PackageWord[] => {
    const events = [...rates(240).filter(without(A, 121)), ...onwards(128, A, 8, flat(15, rate))]
    return run({ until: 240, events: events.filter(without(B, -1)) }, LONG)
  }

  it('keeps its size while it earns the way out', () => {
    expect(falling(0).map(({ at }) => at)).toEqual([96]) // 2.19 %
  })

  it('ends when it does not', () => {
    const { data } = falling(-0.00001).at(-1)! // 1.1 %
    expect(data).toMatchObject({ reason: 'below-hurdle', targetWeight: 0 })
    expect(termOf(data, 'distance')).toBeLessThan(0)
  })

  it('grows when the spread does', () => {
    const said = falling(0.0003)
    expect(said.length).toBeGreaterThan(1)
    expect(said.at(-1)!.data.targetWeight).toBe(0.2)
  })
})

describe('the stop of six hours on the spread', () => {
  const reversing = (rate: number) => [...OPEN.filter(without(A, 120)), settled(120, rate, { instrument: A })]

  it('fires six hours after the spread that is held turned, inclusive', () => {
    const events = reversing(-0.00003)
    const reasons = (until: number) => run({ until, events: [...events] }).map(({ data }) => data.reason)
    expect(reasons(125)).not.toContain('reversed')
    const fired = run({ until: 126, events }).at(-1)!
    expect(fired).toMatchObject({ at: 126, data: { reason: 'reversed', targetWeight: 0 } })
    expect(termOf(fired.data, 'reversedHours')).toBe(6)
  })

  it('does not fire for a spread of zero', () => {
    const said = run({ until: 127, events: reversing(-0.00002) })
    expect(said.map(({ data }) => data.reason)).not.toContain('reversed')
  })

  it('looks at the rates of the running period where a feed tells them', () => {
    const feed = [predicted(98.5, -0.0003, A), predicted(98.5, 0.0001, C)]
    const fired = run({ until: FIRST, events: [...OPEN.filter(without('', 0)), ...feed] })
    // The settlements of 104 hours turn it back before six hours are over: 5.5.
    expect(fired.map(({ data }) => data.reason)).not.toContain('reversed')
    const later = [predicted(104.5, -0.0003, A), predicted(97, -0.0003, A), predicted(104.1, -0.0003, A)]
    const early = run({ until: 103, events: [...OPEN, ...later] }).at(-1)!
    expect(early).toMatchObject({ at: 103, data: { reason: 'reversed' } })
    expect(termOf(early.data, 'feed')).toBe(0) // only one of both legs is watched so
  })

  it('lets the same pair in again only when its mean knows nothing of the time before', () => {
    const back = onwards(128, A, 8, flat(30, 0.0003))
    const events = [...rates(340).filter(without(A, 120)), settled(120, -0.00003, { instrument: A }), ...back]
    const said = run({ until: 340, events: events.filter(without(B, -1)) }, { maxHoldDays: 30, minHoldDays: 30 })
    const at = said.findIndex(({ data }) => data.reason === 'reversed')
    expect(said[at]!.at).toBe(126)
    expect(said[at + 1]).toMatchObject({ at: 120 + 72, data: { reason: 'dispersion' } })
  })
})

describe('inputs that are missing, old or in doubt', () => {
  it('hold through a missing settlement, end without any for 25 hours', () => {
    const events = [...rates(140).filter(without(C, 105)), settled(120, -0.00002, { instrument: C })]
    expect(brief(run({ until: 125, events })).map(([at, reason]) => [at, reason])).toEqual([
      [96, 'dispersion'],
      [120, 'missing-settlement'],
    ])
    const gone = run({ until: 140, events: rates(140).filter(without(C, 105)) })
    expect(brief(gone)).toContainEqual([130, 'stale', 0])
  })

  it('end where a leg has no price for two bars, or is delisted', () => {
    const hasBar = (one: string, at: number) => one !== C || at < 100
    expect(brief(run({ until: 110, events: rates(110), hasBar }))).toContainEqual([102, 'stale', 0])
    const said = run({ until: 110, events: [...rates(110), delisted(99, C)] })
    expect(said[1]).toMatchObject({ at: 99, data: { reason: 'delisted', targetWeight: 0 } })
    expect(said.slice(2).every(({ data }) => data.legs.every(({ instrument }) => instrument !== C))).toBe(true)
    expect(run({ until: 110, events: [...rates(110), delisted(99, B)] })).toHaveLength(1)
  })

  it('hold the last word while a leg is in doubt; others only stay out', () => {
    const events = [...rates(130), doubt(99, C, true), doubt(105, C, false)]
    expect(brief(run({ until: 110, events })).map(([at, reason]) => [at, reason])).toEqual([
      [96, 'dispersion'],
      [99, 'held-outlier'],
      [105, 'dispersion'],
    ])
    expect(run({ until: 110, events: [...rates(110), doubt(99, B, true)] })).toHaveLength(1)
    const [first] = run({ until: 100, events: [...rates(100), doubt(1, C, true)] })
    expect(first!.data.legs.map(({ instrument }) => instrument)).toEqual([A, B])
  })
})
