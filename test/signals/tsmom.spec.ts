import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema, type TsmomConfig } from '#core/config/schema'
import type { EventEnvelope } from '#core/envelope'
import { powInt } from '#core/power'
import { DAY_MS } from '#core/time'
import type { BarClosed } from '#events/market.events'
import { createTsmom } from '#signals/tsmom.decider'
import { event, given } from '#test/given'
import {
  BTC,
  bar,
  bars,
  type Candle,
  ETH,
  entry,
  flatCandle,
  instant,
  looksAhead,
  partialDay,
  play,
  type Said,
  START,
  walk,
} from './play.js'

const DEFAULTS = configSchema.parse({}).signals.tsmom
const make = (change: Partial<TsmomConfig> = {}) => createTsmom({ ...DEFAULTS, ...change }, [entry()])
const SMALL = { lookbackDays: 3, skipDays: 2 }

/** Closes that alternate around a level, so that volatility is known and momentum is 0 where the window is even. */
const zigzag = (n: number, level = 100): Candle[] =>
  Array.from({ length: n }, (_, i) => flatCandle(i % 2 === 0 ? level : level * 1.01))
const priced = (closes: readonly number[]): BarClosed[] => bars(closes.map((close) => flatCandle(close)))
const term = (said: Said['data'], name: string) => said.terms.find((one) => one.name === name)
const only = (drafts: readonly { data: unknown }[]): Said['data'] => {
  expect(drafts).toHaveLength(1)
  return drafts[0]!.data as Said['data']
}

describe('signal/tsmom warms up', () => {
  it('is silent for 60 closes and speaks on the 61st', () => {
    const candles = zigzag(61)
    given(make(SMALL), bars(candles.slice(0, 59)))
      .when(bar(59, candles[59]!))
      .thenNothing()
    const said = only(given(make(SMALL), bars(candles.slice(0, 60))).when(bar(60, candles[60]!)).drafts)
    expect(said.reason).toBe('momentum')
  })

  it('waits for the whole window where that is longer', () => {
    const tape = bars(zigzag(101))
    expect(play(make({ lookbackDays: 90, skipDays: 10 }), tape).said.map((word) => word.at)).toEqual([100])
    expect(make({ lookbackDays: 800, skipDays: 10 }).warmupMs).toBe(811 * DAY_MS)
    expect(make().warmupMs).toBe(720 * DAY_MS)
  })

  it('speaks even when flat: eligible and neutral', () => {
    const said = only(given(make(SMALL), priced(Array(60).fill(100))).when(bar(60, flatCandle(100))).drafts)
    expect(said).toMatchObject({ side: 'flat', reason: 'neutral', targetWeight: 0, confidence: 0, strength: 0 })
    expect(term(said, 'annualVol')?.value).toBe(0)
  })

  it('holds in history the opinion that it says once it may', () => {
    const decider = make(SMALL)
    let state = decider.initial()
    for (const past of bars(zigzag(80))) state = decider.evolve(state, { ...past, seq: 0 })
    const next = bar(80, flatCandle(100))
    const { said } = play({ ...decider, initial: () => state }, [next])
    expect(said).toHaveLength(1)
    expect(said[0]!.data.inputs).toEqual([]) // history has no seqs
  })
})

describe('signal/tsmom decides', () => {
  const rising = [...zigzag(56), ...[100, 100, 100, 103, 104, 105].map((close) => flatCandle(close))]

  it('takes the sign of the window that ended S days ago, explains it and names its bars', () => {
    const { said } = play(make(SMALL), bars(rising))
    const last = said.at(-1)!.data // day 61: P[59] / P[56] - 1
    expect(last).toMatchObject({ side: 'long', reason: 'momentum', price: 105, inputs: [60, 57] })
    expect(term(last, 'momentum')).toEqual({ name: 'momentum', value: 0.03, threshold: 0 })
    expect(term(last, 'skipClose')?.value).toBe(103)
    expect(term(last, 'lookbackClose')?.value).toBe(100)
    expect(last.asOf).toBe(START + 62 * DAY_MS)
    expect(last.validUntil).toBe(START + 64 * DAY_MS)
  })

  it('does not read the skipped days', () => {
    const crashed = rising.with(60, flatCandle(20)).with(61, flatCandle(10))
    expect(play(make(SMALL), bars(crashed)).said.at(-1)!.data.side).toBe('long')
  })

  it('goes short below, and flat exactly at, momentum 0', () => {
    const falling = rising.with(59, flatCandle(99.999_999))
    expect(play(make(SMALL), bars(falling)).said.at(-1)!.data.side).toBe('short')
    const even = rising.with(59, flatCandle(100))
    expect(play(make(SMALL), bars(even)).said.at(-1)!.data).toMatchObject({ side: 'flat', reason: 'neutral' })
  })

  it('sizes to the volatility target, not beyond the leverage, not on less than the floor', () => {
    const said = (change: Partial<TsmomConfig>): Said['data'] =>
      play(make({ ...SMALL, ...change }), bars(rising)).said.at(-1)!.data
    const free = said({ maxLeverage: 10, volFloor: 0 })
    expect(free.targetWeight).toBeCloseTo(0.15 / term(free, 'annualVol')!.value!, 5)
    expect(said({ maxLeverage: 0.2 }).targetWeight).toBe(0.2)
    expect(said({ maxLeverage: 10, volFloor: 3 }).targetWeight).toBe(0.05)
  })

  it('survives a price that doubles every day: no volatility, no floor', () => {
    const doubling = priced(Array.from({ length: 62 }, (_, i) => powInt(2, i)))
    const { said } = play(make({ ...SMALL, volFloor: 0 }), doubling)
    expect(said).toHaveLength(1)
    expect(said[0]!.data).toMatchObject({ side: 'long', confidence: 1, targetWeight: 1 })
    expect(term(said[0]!.data, 'z')?.value).toBeNull()
  })
})

describe('signal/tsmom keeps quiet', () => {
  it('while side and reason stay and the target moves within the band', () => {
    const steady = bars(
      Array.from({ length: 90 }, (_, i) => flatCandle(100 * powInt(1.01, i) * (i % 2 === 0 ? 1 : 1.001))),
    )
    const { said } = play(make({ ...SMALL, maxLeverage: 0.5 }), steady)
    expect(said).toHaveLength(1)
  })

  it('and speaks when the target moves by more than the band', () => {
    const wilder = Array.from({ length: 150 }, (_, i) => 100 * powInt(1.05, i) * (i % 2 === 0 ? 1 : 1 + i / 1500))
    const said = (band: number): Said['data'][] =>
      play(make({ lookbackDays: 4, skipDays: 2, maxLeverage: 10, band }), priced(wilder)).said.map((word) => word.data)
    const words = said(0.05)
    for (let i = 1; i < words.length; i++) {
      const [before, now] = [words[i - 1]!.targetWeight, words[i]!.targetWeight]
      expect(Math.abs(now - before)).toBeGreaterThan(0.05 * before)
    }
    expect(words.length).toBeGreaterThan(5)
    expect(words.length).toBeLessThan(30)
    expect(said(0).length).toBeGreaterThan(80)
    expect(said(10).length).toBeLessThan(3) // confidence alone moves it
  })

  it('and speaks when confidence grew while side and size stayed', () => {
    const slow = [...zigzag(57), ...[100, 100, 100, 100.2, 104, 112, 112, 112].map((c) => flatCandle(c))]
    const { said } = play(make({ ...SMALL, maxLeverage: 0.1 }), bars(slow))
    const longs = said.filter((word) => word.data.side === 'long' && word.at >= 62)
    expect(longs.length).toBeGreaterThan(1)
    expect(new Set(longs.map((word) => word.data.targetWeight)).size).toBe(1)
  })

  it('about other instruments, bars that come twice and bars that come late', () => {
    const tape = bars(zigzag(70))
    given(make(SMALL), tape)
      .when(bar(70, flatCandle(5), { instrument: ETH }))
      .thenNothing()
    given(make(SMALL), tape).when(tape[69]!).thenNothing()
    given(make(SMALL), tape)
      .when(bar(40, flatCandle(5000), { seq: 999 }))
      .thenNothing()
  })
})

describe('signal/tsmom and missing days', () => {
  const closes = Array.from({ length: 90 }, (_, i) => 100 + i + (i % 2))
  const holed = (...holes: number[]): BarClosed[] => priced(closes).filter((_, i) => !holes.includes(i))
  const onDay = (said: readonly Said[], day: number): Said['data'] | undefined =>
    said.find((word) => word.ts === START + (day + 1) * DAY_MS)?.data

  it('counts days, not bars: a hole inside the window moves nothing', () => {
    const plain = play(make({ ...SMALL, maxLeverage: 0.1 }), holed()).said
    const tape = holed(70)
    const state = play(make({ ...SMALL, maxLeverage: 0.1 }), tape.slice(0, -15)).state as {
      instruments: { skipClose: number; lookbackClose: number }[]
    }
    expect(plain.length).toBeGreaterThan(0)
    expect(state.instruments[0]).toMatchObject({ skipClose: closes[72], lookbackClose: closes[69] })
  })

  it('holds the opinion for a day whose window lacks a close, and says why', () => {
    const { said } = play(make(SMALL), holed(70))
    const before = said.filter((word) => word.ts < START + 73 * DAY_MS).at(-1)!.data
    const held = onDay(said, 72)! // P[t-2] is missing
    expect(held).toMatchObject({ side: before.side, reason: 'missing-bar', targetWeight: before.targetWeight })
    expect(held.asOf).toBe(START + 72 * DAY_MS) // the day before, on which it was last decided
    expect(held.terms.slice(0, 2)).toEqual([
      { name: 'momentum', value: null, threshold: 0 },
      { name: 'skipClose', value: null },
    ])
    expect(onDay(said, 73)).toMatchObject({ side: 'long', reason: 'momentum' })
    expect(onDay(said, 75)).toMatchObject({ reason: 'missing-bar' }) // P[t-5] is missing
  })

  it('goes stale where three closes in a row lack the window', () => {
    const { said } = play(make({ lookbackDays: 30, skipDays: 10 }), holed(65, 66, 67))
    const words = said.filter((word) => word.ts > START + 75 * DAY_MS && word.ts <= START + 79 * DAY_MS)
    expect(words.map((word) => word.data.reason)).toEqual(['missing-bar', 'stale', 'momentum'])
    expect(words[1]!.data).toMatchObject({ side: 'flat', targetWeight: 0 })
    expect(words[1]!.data.terms).toEqual([{ name: 'ageHours', value: 72, threshold: 48 }])
  })

  it('takes no return over a hole', () => {
    const jump = priced([...Array(70).fill(100), ...Array(20).fill(200)])
    const seen = play(
      make(SMALL),
      jump.filter((_, i) => i !== 70),
    ).state as { instruments: { annualVol: number }[] }
    expect(seen.instruments[0]!.annualVol).toBe(0)
  })

  it('counts a partial day and says of how many parts it is', () => {
    const tape: EventEnvelope[] = priced(closes.slice(0, 60))
    const said = only(given(make(SMALL), tape).when(partialDay(60, flatCandle(170), 20)).drafts)
    expect(said.price).toBe(170)
    expect(term(said, 'parts')).toEqual({ name: 'parts', value: 20, threshold: 24 })
    const whole = only(given(make(SMALL), tape).when(partialDay(60, flatCandle(170), 24)).drafts)
    expect(term(whole, 'parts')).toBeUndefined()
  })
})

describe('signal/tsmom ends', () => {
  const tape = priced(Array.from({ length: 70 }, (_, i) => 100 + i + (i % 2)))

  it('stays while its bar is missing for two days, and is stale after', () => {
    given(make(SMALL), tape)
      .when(instant(72, [BTC]))
      .thenNothing()
    const said = only(given(make(SMALL), tape).when(instant(73, [BTC])).drafts)
    expect(said).toMatchObject({ side: 'flat', reason: 'stale', targetWeight: 0, confidence: 0 })
    expect(said.terms).toEqual([{ name: 'ageHours', value: 72, threshold: 48 }])
  })

  it('says stale once, and comes back with the first bar whose window is whole', () => {
    const quiet = [...tape, instant(73, [BTC])]
    given(make(SMALL), quiet)
      .when(instant(74, [BTC]))
      .thenNothing()
    const again = [73, 74, 75, 76, 77].map((day) => bar(day, flatCandle(100 + day)))
    given(make(SMALL), [...quiet, ...again.slice(0, 4)])
      .when(again[4]!)
      .thenNothing()
    const back = only(given(make(SMALL), [...quiet, ...again]).when(bar(78, flatCandle(179))).drafts)
    expect(back).toMatchObject({ side: 'long', reason: 'momentum' })
  })

  it('does not mind the missing bars of others, nor an instant without missing bars', () => {
    given(make(SMALL), tape)
      .when(instant(90, [ETH]))
      .thenNothing()
    given(make(SMALL), tape).when(instant(90)).thenNothing()
  })

  it('never says stale or delisted of what was never eligible', () => {
    given(make(SMALL), tape.slice(0, 20))
      .when(instant(60, [BTC]))
      .thenNothing()
    const gone = event('InstrumentDelisted', { instrument: BTC, reason: 'end-of-data' })
    given(make(SMALL), tape.slice(0, 20)).when(gone).thenNothing()
  })

  it('goes flat when the instrument is delisted, for good', () => {
    const gone = event('InstrumentDelisted', { instrument: BTC, reason: 'end-of-data' }, { seq: 500 })
    const said = only(given(make(SMALL), tape).when(gone).drafts)
    expect(said).toMatchObject({ side: 'flat', reason: 'delisted', targetWeight: 0 })
    given(make(SMALL), [...tape, gone])
      .when(bar(70, flatCandle(900)))
      .thenNothing()
    given(make(SMALL), [...tape, gone])
      .when(instant(99, [BTC]))
      .thenNothing()
  })
})

describe('signal/tsmom is a pure fold', () => {
  it('whose state survives JSON anywhere', () => {
    fc.assert(
      fc.property(walk(70, 140), fc.nat(), (candles, at) => {
        const tape = bars(candles).filter((_, i) => i % 37 !== 31)
        expect(play(make(SMALL), tape, at % tape.length)).toEqual(play(make(SMALL), tape))
      }),
      { seed: 11, numRuns: 40 },
    )
  })

  it('that does not see what comes', () => {
    fc.assert(
      fc.property(walk(90, 130), walk(30, 40), fc.integer({ min: 62, max: 88 }), (candles, other, cut) => {
        expect(looksAhead(() => make(SMALL), bars(candles), cut, bars(other, cut + 1))).toBe(false)
      }),
      { seed: 12, numRuns: 40 },
    )
  })

  it('unlike a planted leak, which is caught', () => {
    const cheat = (tape: readonly EventEnvelope[]) => {
      const honest = make({ ...SMALL, skipDays: 0, lookbackDays: 1 })
      const shifted = (seen: EventEnvelope): EventEnvelope => {
        const next = tape.find((one) => one.ts === seen.ts + DAY_MS) as BarClosed | undefined
        const own = seen as BarClosed // the tape of this spec holds bars alone
        return next === undefined ? seen : { ...seen, data: { ...own.data, close: next.data.close } }
      }
      return {
        ...honest,
        evolve: (state: never, seen: EventEnvelope) =>
          honest.evolve(state, (seen.type === 'BarClosed' ? shifted(seen) : seen) as BarClosed),
      } as ReturnType<typeof make>
    }
    const candles = Array.from({ length: 90 }, (_, i) => flatCandle(100 + 10 * Math.sin(i)))
    const other = Array.from({ length: 9 }, () => flatCandle(1))
    const caught = [70, 71, 72, 73, 74, 75].some((cut) => looksAhead(cheat, bars(candles), cut, bars(other, cut + 1)))
    expect(caught).toBe(true)
  })
})
