import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema, type UniverseEntry } from '#core/config/schema'
import type { OiPriceConfig } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, HOUR_MS, type Interval } from '#core/time'
import { createOiPrice } from '#signals/oi-price.decider'
import { event } from '#test/given'
import { type AnyDecider, BTC, bar, entry, flatCandle, instant, looksAhead, play, type Said, START } from './play.js'

const DEFAULTS = configSchema.parse({}).signals.oiPrice
const BYBIT = 'bybit.linear.BTCUSDT'
const SPOT = 'binance.spot.BTCUSDT'

const make = (change: Partial<OiPriceConfig> = {}, universe = [entry()], interval: Interval = '1d'): AnyDecider =>
  createOiPrice({ ...DEFAULTS, ...change }, universe, interval)

const dayEnd = (day: number): number => START + (day + 1) * DAY_MS
/** The daily figure of a day, as it can be read at the day's end. */
function interest(day: number, coins: number, { instrument = BTC, ts = dayEnd(day), seq = 3000 + day } = {}) {
  return event('OpenInterestChanged', { instrument, openInterest: coins, at: START + day * DAY_MS }, { seq, ts })
}

interface Day {
  readonly close: number
  readonly coins?: number
  readonly volume?: number
}
/** Bars, then open interest, then the close of the instant, day by day. */
const tapeOf = (days: readonly Day[], from = 0): EventEnvelope[] =>
  days.flatMap(({ close, coins, volume }, i) => [
    bar(from + i, flatCandle(close, volume)),
    ...(coins === undefined ? [] : [interest(from + i, coins)]),
    instant(from + i + 1),
  ])
/** 70 days of a price that alternates, open interest at 1000 coins. */
const quiet: Day[] = Array.from({ length: 70 }, (_, i) => ({ close: i % 2 === 0 ? 100 : 102, coins: 1000 }))
/** The day after the quiet ones, whose last close was 102. */
const next = (close: number, coins?: number): Day[] => [...quiet, coins === undefined ? { close } : { close, coins }]
const words = (said: readonly Said[]): Said['data'][] =>
  said.filter(({ type }) => type === 'SignalChanged').map(({ data }) => data)
const last = (days: readonly Day[], change: Partial<OiPriceConfig> = {}): Said['data'] =>
  words(play(make(change), tapeOf(days)).said).at(-1)!
const term = (said: Said['data'], name: string) => said.terms.find((one) => one.name === name)

describe('signal/oi decides', () => {
  it('by quadrant: new positions are followed, those given up are faded at half', () => {
    const cases = [
      [106, 1050, 'long', 'new-longs', 1],
      [106, 950, 'short', 'short-covering', -0.5],
      [98, 1050, 'short', 'new-shorts', -1],
      [98, 950, 'long', 'long-unwind', 0.5],
      [102.1, 1050, 'flat', 'neutral', 0],
      [106, 1001, 'flat', 'neutral', 0],
    ] as const
    for (const [close, coins, side, reason, strength] of cases) {
      const said = last([...next(close, coins)])
      expect(said).toMatchObject({
        signal: 'oi',
        side,
        reason,
        strength,
        price: reason === 'neutral' ? said.price : close,
      })
    }
  })

  it('at its bands inclusively', () => {
    const up = 102 * Math.exp(0.005)
    expect(last(next(up, 1000 * Math.exp(0.01))).reason).toBe('new-longs')
    expect(last(next(102 * Math.exp(0.00499), 1000 * Math.exp(0.01))).reason).toBe('neutral')
    expect(last(next(up, 1000 * Math.exp(-0.00999))).reason).toBe('neutral')
  })

  it('on a size of the volatility target, never above the whole NAV', () => {
    const said = last(next(106, 1050))
    expect(said.targetWeight).toBeCloseTo(0.15 / term(said, 'annualVol')!.value!, 5)
    expect(said.confidence).toBe(1)
    expect(last(next(98, 950), { volTarget: 1, volFloor: 0 }).targetWeight).toBe(0.5)
    expect(last(next(98, 1050), { volFloor: 1 }).targetWeight).toBeCloseTo(-0.15, 10)
  })

  it('and explains itself with the changes, the bands and the events they came from', () => {
    const said = last(next(106, 1050))
    expect(term(said, 'priceChange')).toEqual({ name: 'priceChange', value: 0.03846628, threshold: 0.005 })
    expect(term(said, 'openInterestChange')!.value).toBeCloseTo(Math.log(1.05), 7)
    expect(term(said, 'openInterest')!.value).toBe(1050)
    expect(term(said, 'stepHours')!.value).toBe(24)
    expect(term(said, 'reporting')!.value).toBe(1)
    expect(said.inputs).toEqual([71, 3070])
    expect(said.asOf).toBe(dayEnd(70))
    expect(said.validUntil).toBe(dayEnd(72))
  })

  it('once an instant: it waits for the snapshot behind the bar, and does not flip in between', () => {
    const { said } = play(make(), tapeOf(next(106, 1050)))
    const ofDay = said.filter(({ ts }) => ts === dayEnd(70))
    expect(ofDay).toHaveLength(1)
    expect(tapeOf(next(106, 1050))[ofDay[0]!.at]!.type).toBe('OpenInterestChanged')
  })

  it('at the end of the instant where no snapshot came, on the last one received', () => {
    const { said } = play(make(), tapeOf(next(106)))
    const ofDay = said.filter(({ ts }) => ts === dayEnd(70))
    expect(ofDay.map(({ data }) => data.reason)).toEqual([])
    const tape = tapeOf([...quiet, { close: 106, coins: 1050 }, { close: 110 }])
    const words = play(make(), tape).said
    expect(words.at(-1)!.data.reason).toBe('neutral') // open interest did not change, for all that is known
    expect(tape[words.at(-1)!.at]!.type).toBe('InstantClosed')
  })

  it('halves its confidence on a new extreme with less open interest than the last one had', () => {
    const high: Day[] = [
      ...quiet.slice(0, 65),
      { close: 130, coins: 3000 },
      ...quiet.slice(66, 69),
      { close: 120, coins: 1000 },
    ]
    const said = last([...high, { close: 131, coins: 1100 }])
    expect(said).toMatchObject({ reason: 'new-longs', confidence: 0.5 })
    expect(term(said, 'divergence')!.value).toBe(-1)
    expect(last([...high, { close: 129, coins: 1100 }])).toMatchObject({ reason: 'new-longs', confidence: 1 })
    expect(last([...high, { close: 131, coins: 3100 }])).toMatchObject({ reason: 'new-longs', confidence: 1 })
  })
})

describe('signal/oi and open interest that lacks', () => {
  it('warms up in words where prices are known and open interest is not', () => {
    const said = words(play(make(), tapeOf(quiet.map(({ close }) => ({ close })))).said)
    expect(said.map(({ reason }) => reason)).toEqual(['warming-up'])
    expect(said[0]).toMatchObject({ side: 'flat', targetWeight: 0, confidence: 0 })
    expect(term(said[0]!, 'openInterest')!.value).toBeNull()
  })

  it('is silent before volatility is known', () => {
    expect(play(make(), tapeOf(quiet.slice(0, 60))).said).toEqual([])
    expect(play(make(), tapeOf(quiet.slice(0, 61))).said).toHaveLength(1)
  })

  it('goes flat and stale once the last snapshot is older than its largest age, and comes back', () => {
    const days: Day[] = [...next(106, 1050), { close: 112 }, { close: 120 }]
    const said = words(play(make(), tapeOf(days)).said)
    expect(said.slice(-2).map(({ reason }) => reason)).toEqual(['neutral', 'stale']) // 24 h and 48 h old, of 30
    expect(said.at(-1)).toMatchObject({ side: 'flat', targetWeight: 0 })
    expect(term(said.at(-1)!, 'openInterestAgeHours')).toEqual({
      name: 'openInterestAgeHours',
      value: 48,
      threshold: 30,
    })
    const back = words(play(make(), tapeOf([...days, { close: 100, coins: 1200 }, { close: 90, coins: 1300 }])).said)
    expect(back.slice(-2).map(({ reason }) => reason)).toEqual(['warming-up', 'new-shorts'])
  })

  it('counts its age from when it was received: the stamp of a daily figure is its day’s beginning', () => {
    const late = [...tapeOf(next(106, 1050)), interest(70, 9000, { ts: dayEnd(70) + HOUR_MS, seq: 1 })]
    expect(words(play(make(), late).said).at(-1)!.reason).toBe('new-longs') // the same figure again is no news
  })

  it('does not read a snapshot that is received after the instant before the next bar', () => {
    const [one, two] = [tapeOf(quiet), bar(70, flatCandle(106))]
    const tape = [...one, two, instant(71), interest(70, 1050, { ts: dayEnd(70) + HOUR_MS })]
    const words = play(make(), tape).said
    expect(words.at(-1)!.ts).toBeLessThan(dayEnd(70))
  })

  it('holds an opinion whose window lacks a bar, for two steps at most', () => {
    const tape = tapeOf(next(106, 1050))
    const holed = [
      ...tape,
      interest(71, 1100),
      instant(72, [BTC]),
      bar(72, flatCandle(120)),
      interest(72, 1200),
      instant(73),
    ]
    const said = words(play(make(), holed).said)
    expect(said.at(-1)).toMatchObject({ reason: 'missing-bar', side: 'long' })
    const gone = [...tape, instant(72, [BTC]), instant(73, [BTC]), instant(74, [BTC])]
    expect(words(play(make(), gone).said).at(-1)).toMatchObject({ reason: 'stale', side: 'flat' })
  })

  it('holds its last word while a check of the data fails', () => {
    const bad = (isBad: boolean, ts: number) =>
      event('DataQualityChanged', { subject: BTC, check: 'outlier', isBad, detail: 'x' }, { seq: 8000, ts })
    const tape = [...tapeOf(next(106, 1050)), bad(true, dayEnd(70)), ...tapeOf([{ close: 90, coins: 1200 }], 71)]
    const said = words(play(make(), tape).said)
    expect(said.at(-1)).toMatchObject({ reason: 'held-outlier', side: 'long' })
    const after = words(play(make(), [...tape, bad(false, dayEnd(71))]).said)
    expect(after.at(-1)).toMatchObject({ reason: 'new-shorts', side: 'short' })
  })

  it('ends with its instrument', () => {
    const gone = event('InstrumentDelisted', { instrument: BTC, reason: 'end-of-data' }, { ts: dayEnd(70) })
    const said = words(play(make(), [...tapeOf(next(106, 1050)), gone, ...tapeOf([{ close: 1, coins: 9 }], 71)]).said)
    expect(said.at(-1)).toMatchObject({ reason: 'delisted', side: 'flat', targetWeight: 0 })
  })
})

describe('signal/oi over several instruments of a coin', () => {
  const two = [entry(), { ...entry(BYBIT), role: 'leg' as const }]
  const both = (days: readonly (readonly [close: number, a: number, b: number, volumeB: number])[]): EventEnvelope[] =>
    days.flatMap(([close, a, b, volumeB], i) => [
      bar(i, flatCandle(close, 1000)),
      bar(i, flatCandle(close, volumeB), { instrument: BYBIT, seq: 5000 + i }),
      interest(i, a),
      interest(i, b, { instrument: BYBIT, seq: 7000 + i }),
      instant(i + 1),
    ])
  const calm = Array.from({ length: 70 }, (_, i) => [i % 2 === 0 ? 100 : 102, 1000, 500, 3000] as const)

  it('weighs the changes by the volume of each, once all of them are in', () => {
    const { said } = play(make({}, two), both([...calm, [106, 1100, 460, 3000]]))
    const word = said.at(-1)!
    const expected = (1000 * Math.log(1.1) + 3000 * Math.log(460 / 500)) / 4000
    expect(term(word.data, 'openInterestChange')!.value).toBeCloseTo(expected, 7)
    expect(word.data.reason).toBe('short-covering')
    expect(term(word.data, 'reporting')!.value).toBe(2)
    expect(said.every(({ data }) => data.instrument === BTC)).toBe(true) // a leg reports and is not spoken of
    expect(said.filter(({ ts }) => ts === dayEnd(70)).length).toBe(1)
  })

  it('does not weigh one that has gone stale', () => {
    const tape = both([...calm, [106, 1100, 480, 3000]])
    const alone = tape.filter((one) => !(one.type === 'OpenInterestChanged' && one.seq >= 7068))
    const word = play(make({}, two), alone).said.at(-1)!
    expect(word.data).toMatchObject({ reason: 'new-longs' })
    expect(term(word.data, 'openInterest')!.value).toBe(1100)
  })

  it('leaves spot alone where a perpetual of the coin is there, and speaks of it where there is none', () => {
    const speakers = (universe: UniverseEntry[]): string[] => {
      const tape = quiet.flatMap(({ close }, i) =>
        universe.map(({ instrument }) => bar(i, flatCandle(close), { instrument })),
      )
      return [...new Set(words(play(make({}, universe), tape).said).map(({ instrument }) => instrument))]
    }
    expect(speakers([entry(SPOT), entry()])).toEqual([BTC])
    expect(speakers([entry(SPOT)])).toEqual([SPOT])
    expect(speakers([{ ...entry(), role: 'leg' }])).toEqual([])
  })
})

describe('signal/oi on hourly bars', () => {
  const hours = 24 * 64
  const close = (i: number): number => 100 * (1 + 0.02 * Math.sin(i / 7))
  /** Hourly bars with their days, open interest every four hours. */
  function hourly(count: number, oiEvery = 4): EventEnvelope[] {
    const tape: EventEnvelope[] = []
    for (let i = 0; i < count; i++) {
      const ts = START + (i + 1) * HOUR_MS
      tape.push(bar(i, flatCandle(close(i)), { interval: '1h' }))
      if ((i + 1) % 24 === 0) tape.push(bar((i + 1) / 24 - 1, flatCandle(close(i)), { seq: 50_000 + i }))
      if ((i + 1) % oiEvery === 0)
        tape.push(
          event('OpenInterestChanged', { instrument: BTC, openInterest: 1000 + i, at: ts }, { seq: 90_000 + i, ts }),
        )
      tape.push(event('InstantClosed', { instant: ts, intervals: ['1h'], missing: [] }, { seq: 80_000 + i, ts }))
    }
    return tape
  }

  it('compares the price of now with that of 24 hours ago, and open interest of the same times', () => {
    const { state, said } = play(make({}, [entry(BTC, '1h')], '1d'), hourly(hours))
    const one = (state as { instruments: { priceChange: number; oiChange: number }[] }).instruments[0]!
    expect(one.priceChange).toBeCloseTo(Math.log(close(hours - 1) / close(hours - 25)), 12)
    expect(one.oiChange).toBeCloseTo(Math.log((1000 + hours - 1) / (1000 + hours - 25)), 12)
    expect(term(words(said).at(-1)!, 'stepHours')!.value).toBe(1)
  })

  it('waits for a snapshot only in the hours in which one is due', () => {
    const tape = hourly(hours + 40)
    const { said } = play(make({ openInterestBand: 0.001 }, [entry(BTC, '1h')]), tape)
    expect(said.length).toBeGreaterThan(5)
    for (const { at, ts } of said) {
      const isDue = ((ts - START) / HOUR_MS) % 4 === 0
      expect(tape[at]!.type).toBe(isDue ? 'OpenInterestChanged' : 'BarClosed')
    }
  })

  it('does not wait for a snapshot that is younger than a bar', () => {
    const tape = hourly(hours)
    const ts = START + hours * HOUR_MS
    const fresh = event(
      'OpenInterestChanged',
      { instrument: BTC, openInterest: 5000, at: ts + 1 },
      { seq: 1, ts: ts + 1 },
    )
    const live = bar(hours, flatCandle(150), { interval: '1h', seq: 99 })
    const said = play(make({}, [entry(BTC, '1h')]), [...tape, fresh, { ...live, ts: live.ts + 200 }]).said.at(-1)!
    expect(said.data).toMatchObject({ reason: 'new-longs', price: 150 })
  })
})

describe('the cascade warning of signal/oi', () => {
  const rate = (day: number, value: number, k: number) =>
    event(
      'FundingSettled',
      { instrument: BTC, settledAt: dayEnd(day) - (2 - k) * 8 * HOUR_MS, rate: value, intervalHours: 8, proxy: false },
      { seq: 20_000 + 3 * day + k, ts: dayEnd(day) - (2 - k) * 8 * HOUR_MS },
    )
  /** 120 quiet days; in the last `hot` ones open interest and funding run away. */
  function tapeWith(hot: number, extra = 0): EventEnvelope[] {
    return Array.from({ length: 120 + hot + extra }, (_, i) => {
      const isHot = i >= 120 && i < 120 + hot
      const coins = 1000 + (i % 3) + (isHot ? 200 : 0)
      const funding = isHot ? 0.0009 : 0.0001 + (i % 5) * 1e-6
      return [
        rate(i, funding, 0),
        rate(i, funding, 1),
        ...tapeOf([{ close: i % 2 === 0 ? 100 : 102, coins }], i),
        rate(i, funding, 2),
      ].sort((a, b) => a.ts - b.ts)
    }).flat()
  }
  const warnings = (said: readonly Said[]) =>
    said
      .filter(({ type }) => type === 'CascadeWarningChanged')
      .map(({ data, ts }) => ({ ...data, ts }) as unknown as Warning)
  interface Warning {
    readonly ts: number
    readonly isOn: boolean
    readonly signal: string
    readonly inputs: number[]
    readonly terms: { name: string; value: number | null; threshold?: number }[]
  }

  it('goes on with the numbers that decided, and off again', () => {
    const said = warnings(play(make(), tapeWith(2, 9)).said)
    expect(said.map(({ isOn }) => isOn)).toEqual([true, false])
    expect(said[0]).toMatchObject({ signal: 'oi', isOn: true })
    const [z, apr] = said[0]!.terms
    expect(z!.value!).toBeGreaterThanOrEqual(1.5)
    expect(z!.threshold).toBe(1.5)
    expect(apr!.value!).toBeCloseTo(0.0009 * 1095, 9)
    expect(apr!.value!).toBeGreaterThan(apr!.threshold!)
    expect(said[0]!.inputs.length).toBeGreaterThan(0)
  })

  it('stays off on stand-ins for funding', () => {
    const proxies = tapeWith(3).map((one) =>
      one.type === 'FundingSettled' ? { ...one, data: { ...(one.data as object), proxy: true } } : one,
    )
    expect(warnings(play(make(), proxies).said)).toEqual([])
  })

  it('never depends on what comes later, and survives a snapshot anywhere', () => {
    const tape = tapeWith(3, 4)
    const other = tapeWith(0, 7).slice(-20)
    for (const cut of [tape.length - 45, tape.length - 30, tape.length - 22])
      expect(looksAhead(() => make(), tape, cut, other)).toBe(false)
    const whole = play(make(), tape)
    for (const at of [3, 200, tape.length - 25, tape.length - 2]) expect(play(make(), tape, at)).toEqual(whole)
  })
})

describe('signal/oi is a pure fold', () => {
  const days = fc.array(
    fc.record({
      close: fc.double({ min: 50, max: 150, noNaN: true }),
      coins: fc.option(fc.double({ min: 500, max: 1500, noNaN: true }), { nil: undefined, freq: 8 }),
      volume: fc.double({ min: 0, max: 1e6, noNaN: true }),
    }),
    { minLength: 75, maxLength: 90, size: 'max' },
  )

  it('whose state survives JSON anywhere, and whose weights stay within the NAV', () => {
    fc.assert(
      fc.property(days, fc.nat(), (drawn, at) => {
        const tape = tapeOf(drawn as Day[]).filter((_, i) => i % 41 !== 17)
        const whole = play(make(), tape)
        expect(play(make(), tape, at % tape.length)).toEqual(whole)
        for (const { targetWeight, strength, side } of words(whole.said)) {
          expect(Math.abs(targetWeight)).toBeLessThanOrEqual(Math.abs(strength))
          expect(Math.sign(targetWeight)).toBe(side === 'long' ? 1 : side === 'short' ? -1 : 0)
        }
      }),
      { seed: 21, numRuns: 40 },
    )
  })

  it('that does not see what comes', () => {
    fc.assert(
      fc.property(days, days, fc.integer({ min: 185, max: 215 }), (drawn, others, cut) => {
        const future = tapeOf(others.slice(0, 5) as Day[], 80)
        expect(looksAhead(() => make(), tapeOf(drawn as Day[]), cut, future)).toBe(false)
      }),
      { seed: 22, numRuns: 40 },
    )
  })
})
