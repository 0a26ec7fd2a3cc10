import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema, type UniverseEntry } from '#core/config/schema'
import type { CrossSectionalConfig } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS } from '#core/time'
import { createBlender } from '#portfolio/blender.decider'
import { bookOf, createCrossSectional } from '#signals/cross-sectional.decider'
import type { CrossSectionalState } from '#signals/cross-sectional-coins'
import { event, given } from '#test/given'
import {
  type AnyDecider,
  bar,
  entry,
  flatCandle,
  instant,
  looksAhead,
  play,
  type Said,
  START,
  sharedCandles,
} from './play.js'

const DEFAULTS = configSchema.parse({}).signals.crossSectional
const SMALL = { rankDays: 3, holdDays: 2, volumeDays: 3, minListedDays: 4 }
const NAMES = ['BTC', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']
const id = (base: string): string => `binance.usdm.${base}USDT`
const coin = (base: string, more: Partial<UniverseEntry> = {}): UniverseEntry => ({ ...entry(id(base)), base, ...more })
const UNIVERSE = NAMES.map((base) => coin(base))

const make = (change: Partial<CrossSectionalConfig> = {}, universe = UNIVERSE): AnyDecider =>
  createCrossSectional({ ...DEFAULTS, ...SMALL, ...change }, universe)

type Prices = Readonly<Record<string, number | undefined>>
/** Bars of a day, then its instant, which names those that are missing. */
function day(at: number, prices: Prices, volume: (base: string) => number = () => 1e6, names = NAMES): EventEnvelope[] {
  const bars = names.flatMap((base, k) => {
    const close = prices[base]
    return close === undefined
      ? []
      : [bar(at, flatCandle(close, volume(base) / close), { instrument: id(base), seq: 100 * at + k + 1 })]
  })
  return [...bars, instant(at + 1, names.filter((base) => prices[base] === undefined).map(id), 100 * at + 99)]
}
/** BTC stands still; A falls by 4 % a day, B by 3 % … H rises by 3 %, and so on. */
const drift = (at: number, names = NAMES): Prices =>
  Object.fromEntries(names.map((base, k) => [base, base === 'BTC' ? 100 : 100 * Math.exp(0.01 * (k - 4.5) * at)]))
const tapeOf = (days: number, from = 0): EventEnvelope[] =>
  Array.from({ length: days }, (_, i) => day(from + i, drift(from + i))).flat()

const byCoin = (said: readonly Said[]): Record<string, Said['data']> =>
  Object.fromEntries(said.map(({ data }) => [data.instrument.split('.')[2]!.replace('USDT', ''), data]))
const term = (said: Said['data'], name: string) => said.terms.find((one) => one.name === name)?.value
const book = (state: unknown, hold = SMALL.holdDays): number[] => bookOf(state as CrossSectionalState, hold)
const sum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0)
const gross = (xs: readonly number[]): number => xs.reduce((total, x) => total + Math.abs(x), 0)

describe('signal/xsection decides', () => {
  it('when the instant of the day closes: long the best quartile, short the worst, the others eligible and flat', () => {
    const { said } = play(make(), tapeOf(6))
    expect(said.every(({ ts }) => (ts - START) % DAY_MS === 0)).toBe(true)
    const words = byCoin(said)
    const sides = Object.fromEntries(Object.entries(words).map(([name, { side }]) => [name, side]))
    expect(sides).toEqual({ A: 'short', B: 'short', C: 'flat', D: 'flat', E: 'flat', F: 'flat', G: 'long', H: 'long' })
    expect([words.A!.reason, words.D!.reason, words.H!.reason]).toEqual(['loser', 'middle', 'winner'])
    expect(words.BTC).toBeUndefined()
  })

  it('and says weights n times as large, so that the blender’s division by n gives the book', () => {
    const { said, state } = play(make(), tapeOf(6))
    const off = { enabled: false }
    const config = configSchema.parse({
      signals: { tsmom: off, donchian: off, meanReversion: off, crossSectional: { enabled: true } },
    })
    const blender = createBlender(config, UNIVERSE)
    const heard = said.map(({ data, ts }, i) =>
      event('SignalChanged', data, { seq: 1000 + i, ts, by: 'signal/xsection' }),
    )
    const { drafts } = given(blender, heard).when(instant(6))
    const { rows } = drafts.find(({ type }) => type === 'PortfolioBlended')!.data as {
      rows: { instrument: string; parts: { signal: string; weight: number }[] }[]
    }
    const shares = rows.map(({ instrument, parts }) => {
      const share = parts.find(({ signal }) => signal === 'xsection')!.weight
      expect(share).toBeCloseTo(book(state)[UNIVERSE.findIndex((one) => one.instrument === instrument)]!, 6)
      return share
    })
    expect(gross(shares)).toBeCloseTo(1, 6)
  })

  it('on the last bar that can be expected, so that it is heard before the instant closes, else when it closes', () => {
    const typeOf = (tape: readonly EventEnvelope[]): string => tape[play(make({ band: 0 }), tape).said.at(-1)!.at]!.type
    expect(typeOf(tapeOf(6))).toBe('BarClosed')
    expect(typeOf([...tapeOf(6), ...day(6, { ...drift(6), H: undefined, A: 500 })])).toBe('InstantClosed')
  })

  it('in daily tranches, each a part of the book', () => {
    const at = (days: number): number[] => book(play(make({ holdDays: 7 }), tapeOf(days)).state, 7)
    expect([4, 5, 8, 10, 15].map((days) => gross(at(days)).toFixed(4))).toEqual([
      '0.1429',
      '0.2857',
      '0.7143',
      '1.0000',
      '1.0000',
    ])
  })

  it('keeps the tranches of days before when ranks turn round', () => {
    const turned = [...tapeOf(6), ...day(6, { ...drift(5), A: 500, H: 1 })]
    const weights = book(play(make(), turned).state)
    expect([weights[1], weights[8]]).toEqual([0, 0]) // half a book long, half short
  })

  it('explains itself', () => {
    const { said } = play(make(), tapeOf(70))
    const words = byCoin(play(make({ band: 0 }), tapeOf(70)).said)
    expect(said.length).toBeGreaterThan(0)
    expect(term(words.H!, 'rank')).toBe(8)
    expect(term(words.H!, 'assets')).toBe(8)
    expect(term(words.H!, 'momentum')).toBeCloseTo(Math.exp(0.035 * 3) - 1, 7)
    expect(term(words.H!, 'trancheWeight')).toBe(0.25)
    expect(term(words.H!, 'bookWeight')).toBe(0.25)
    expect(words.H!.confidence).toBe(1)
    expect(words.H!.inputs.length).toBe(2)
  })

  it('reports beta to BTC, which dollar neutrality does not take away', () => {
    const btc = (i: number): number => 100 * (1 + 0.05 * Math.sin(i))
    const prices = (i: number): Prices =>
      Object.fromEntries(
        NAMES.map((base, k) => [
          base,
          base === 'BTC' ? btc(i) : Math.exp(Math.log(btc(i)) * (k > 4 ? 2 : 0.5) + 0.02 * k * i),
        ]),
      )
    const tape = Array.from({ length: 70 }, (_, i) => day(i, prices(i))).flat()
    const words = byCoin(play(make({ weighting: 'rank', minListedDays: 62 }), tape).said)
    expect(term(words.H!, 'beta')).toBeGreaterThan(1.6)
    expect(term(words.A!, 'beta')).toBeLessThan(0.7)
    expect(term(words.H!, 'bookBeta')).toBeGreaterThan(0.4)
  })

  it('linear in the rank where it is told to', () => {
    const weights = book(play(make({ weighting: 'rank' }), tapeOf(8)).state)
    expect(weights[8]).toBeCloseTo(3.5 / 16, 12)
    expect(weights[1]).toBeCloseTo(-3.5 / 16, 12)
    expect(weights[5]).toBeCloseTo(0.5 / 16, 12)
  })
})

describe('the universe of signal/xsection', () => {
  it('is flat with fewer coins than its least', () => {
    const few = (n: number) => {
      const names = NAMES.slice(0, n + 1)
      const tape = Array.from({ length: 8 }, (_, i) => day(i, drift(i, names), undefined, names)).flat()
      return play(
        make(
          {},
          names.map((base) => coin(base)),
        ),
        tape,
      )
    }
    expect(gross(book(few(6).state))).toBeCloseTo(1, 12)
    expect(gross(book(few(5).state))).toBe(0)
    expect(byCoin(few(5).said).A).toMatchObject({ side: 'flat', reason: 'too-few', targetWeight: 0 })
  })

  it('takes only coins listed long enough, by the day', () => {
    const late = Array.from({ length: 9 }, (_, i) => day(i, { ...drift(i), H: i < 3 ? undefined : drift(i).H })).flat()
    const firstOf = (name: string, least: number): number =>
      play(make({ minListedDays: least }), late).said.find(({ data }) => data.instrument === id(name))!.ts
    expect(firstOf('A', 6)).toBe(START + 6 * DAY_MS)
    expect(firstOf('H', 6)).toBe(START + 9 * DAY_MS)
  })

  it('takes the coins that trade most, by the median of the days before', () => {
    const volume = (base: string): number => (base === 'A' ? 1 : base === 'B' ? 2 : 1e6)
    const tape = Array.from({ length: 8 }, (_, i) => day(i, drift(i), volume)).flat()
    const words = byCoin(play(make({ top: 6 }), tape).said)
    expect([words.A, words.B]).toEqual([undefined, undefined])
    expect(words.C).toMatchObject({ side: 'short', reason: 'loser' })
    // One day of much volume does not move a median.
    const burst = [...tape, ...day(8, drift(8), (base) => (base === 'A' ? 1e9 : volume(base)))]
    expect(byCoin(play(make({ top: 6 }), burst).said).A).toBeUndefined()
    const dries = [...Array(12).keys()].flatMap((i) =>
      day(i, drift(i), (base) => (base === 'C' && i > 7 ? 0 : volume(base))),
    )
    expect(byCoin(play(make({ top: 7 }), dries).said).C).toMatchObject({ reason: 'outside-universe', targetWeight: 0 })
  })

  it('leaves out what is excluded, legs, and spot beside a perpetual', () => {
    const universe = [
      ...UNIVERSE.filter(({ base }) => base !== 'H'),
      coin('H', { role: 'leg' }),
      { ...coin('G'), instrument: 'binance.spot.GUSDT' },
    ]
    const { said } = play(make({ exclude: ['F'], minAssets: 2 }, universe), tapeOf(8))
    expect(Object.keys(byCoin(said)).sort()).toEqual(['A', 'B', 'C', 'D', 'E', 'G'])
    expect(said.some(({ data }) => data.instrument.includes('spot'))).toBe(false)
    const spotOnly = [...UNIVERSE.slice(0, 8), { ...coin('H'), instrument: 'binance.spot.HUSDT' }]
    const tape = tapeOf(8).map((one) =>
      one.type === 'BarClosed' && (one.data as { instrument: string }).instrument === id('H')
        ? { ...one, data: { ...(one.data as object), instrument: 'binance.spot.HUSDT' } }
        : one,
    )
    expect(play(make({}, spotOnly), tape).said.some(({ data }) => data.instrument === 'binance.spot.HUSDT')).toBe(true)
  })

  it('breaks ties by symbol', () => {
    const even = Array.from({ length: 8 }, (_, i) =>
      day(i, Object.fromEntries(NAMES.map((base) => [base, 100]))),
    ).flat()
    const words = byCoin(play(make(), even).said)
    expect(['A', 'B', 'G', 'H'].map((name) => words[name]!.side)).toEqual(['short', 'short', 'long', 'long'])
  })
})

describe('signal/xsection and days that lack', () => {
  it('does not rank a coin whose bar is missing, and keeps what other tranches hold of it', () => {
    const tape = [...tapeOf(6), ...day(6, { ...drift(6), H: undefined })]
    const weights = book(play(make(), tape).state)
    expect(weights[8]).toBeCloseTo(0.125, 12)
    expect(sum(weights)).toBeCloseTo(0, 12)
  })

  it('ranks by the close of days, not of bars: a hole at the start of the window leaves a coin out', () => {
    const holed = Array.from({ length: 9 }, (_, i) =>
      day(i, { ...drift(i), H: i === 5 ? undefined : drift(i).H }),
    ).flat()
    const state = play(make(), holed).state as CrossSectionalState // day 8 looks at day 5
    expect(state.coins[8]!.rank).toBe(0)
    expect(state.ranked).toBe(7)
  })

  it('takes a coin without bars for two days out of all tranches', () => {
    const gone = [6, 7, 8].flatMap((i) => day(i, { ...drift(i), H: undefined }))
    const { said, state } = play(make({ holdDays: 7 }), [...tapeOf(6), ...gone])
    expect(byCoin(said).H).toMatchObject({ reason: 'stale', side: 'flat', targetWeight: 0 })
    expect(book(state, 7)[8]).toBe(0)
    expect(sum(book(state, 7))).toBeCloseTo(0, 12)
  })

  it('holds without the benchmark, for two days', () => {
    const without = (count: number) =>
      play(make(), [
        ...tapeOf(8),
        ...Array.from({ length: count }, (_, k) => day(8 + k, { ...drift(8 + k), BTC: undefined })).flat(),
      ])
    expect(gross(book(without(2).state))).toBeCloseTo(1, 12)
    expect(without(2).said).toEqual(without(0).said)
    expect(gross(book(without(3).state))).toBe(0)
    expect(byCoin(without(3).said).H).toMatchObject({ reason: 'stale', side: 'flat' })
  })

  it('ends a coin that is delisted at once, and the book stays neutral', () => {
    const dead = event(
      'InstrumentDelisted',
      { instrument: id('H'), reason: 'end-of-data' },
      { seq: 5, ts: START + 8 * DAY_MS },
    )
    const { said, state } = play(make(), [...tapeOf(8), dead])
    expect(said.at(-1)!.data).toMatchObject({ instrument: id('H'), reason: 'delisted', side: 'flat', targetWeight: 0 })
    expect(book(state)[8]).toBe(0)
    expect(sum(book(state))).toBeCloseTo(0, 12)
    // Seven opinions are left; the two shorts share the weight of the one long that is left.
    expect(byCoin(said).G!.targetWeight).toBeCloseTo(book(state)[7]! * 7, 6)
    expect(byCoin(said).A!.targetWeight).toBeCloseTo(book(state)[1]! * 7, 6)
    const after = play(make(), [...tapeOf(8), dead, ...tapeOf(3, 8)])
    expect(byCoin(after.said).H).toMatchObject({ reason: 'delisted' })
    expect(gross(book(after.state))).toBeCloseTo(1, 12)
  })

  it('says its last word again, with the reason, while a check of the data fails', () => {
    const bad = event(
      'DataQualityChanged',
      { subject: id('H'), check: 'outlier', isBad: true, detail: 'x' },
      { seq: 5, ts: START + 8 * DAY_MS },
    )
    expect(play(make(), [...tapeOf(8), bad]).said.at(-1)!.data).toMatchObject({ reason: 'held-outlier', side: 'long' })
  })

  it('never trades without its benchmark in the universe', () => {
    expect(play(make({}, UNIVERSE.slice(1)), tapeOf(9)).said).toEqual([])
  })
})

describe('signal/xsection is a pure fold', () => {
  const tapes = fc
    .array(
      fc.array(fc.option(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { nil: undefined, freq: 12 }), {
        minLength: NAMES.length,
        maxLength: NAMES.length,
      }),
      { minLength: 12, maxLength: 25, size: 'max' },
    )
    .map((steps) => {
      const prices = NAMES.map(() => 100)
      return steps.flatMap((moves, at) => {
        moves.forEach((move, k) => {
          prices[k]! *= 1 + (move ?? 0)
        })
        return day(
          at,
          Object.fromEntries(NAMES.map((base, k) => [base, moves[k] === undefined ? undefined : prices[k]!])),
        )
      })
    })
  const weighting = fc.constantFrom('quartile' as const, 'rank' as const)

  it('whose book is dollar-neutral with gross at most 1, and whose state survives JSON anywhere', () => {
    fc.assert(
      fc.property(tapes, weighting, fc.nat(), (tape, way, at) => {
        const whole = play(make({ weighting: way }), tape)
        expect(play(make({ weighting: way }), tape, at % tape.length)).toEqual(whole)
        for (let end = 30; end <= tape.length; end += 17) {
          const weights = book(play(make({ weighting: way }), tape.slice(0, end)).state)
          expect(sum(weights)).toBeCloseTo(0, 9)
          expect(gross(weights)).toBeLessThanOrEqual(1 + 1e-9)
        }
      }),
      { seed: 31, numRuns: 15 },
    )
  })

  it('that does not see what comes', () => {
    fc.assert(
      fc.property(tapes, tapes, fc.integer({ min: 60, max: 100 }), (tape, other, cut) => {
        expect(looksAhead(() => make(), tape, cut, other.slice(cut + 1))).toBe(false)
      }),
      { seed: 32, numRuns: 40 },
    )
  })
})

const REAL = ['BTC', 'ETH', 'BNB', 'LTC', 'ADA', 'XRP', 'XLM', 'TRX', 'ETC', 'LINK', 'EOS', 'XMR', 'FTT', 'SOL']
const candles = REAL.map((base) => sharedCandles(`binance/${base}USDT-1d.csv`))

describe('signal/xsection on real coins', () => {
  it.skipIf(candles.some((one) => one.length === 0))('is neutral every day, and coins enter as they are listed', () => {
    const universe = REAL.map((base) => coin(base))
    const decider = createCrossSectional(DEFAULTS, universe)
    const byDay = candles.map((one) => new Map(one.map(({ ts, candle }) => [ts, candle])))
    const from = Date.UTC(2020, 0, 1)
    const tape: EventEnvelope[] = []
    for (let ts = from; ts < Date.UTC(2021, 5, 1); ts += DAY_MS) {
      const at = Math.round((ts - START) / DAY_MS)
      REAL.forEach((base, k) => {
        const candle = byDay[k]!.get(ts)
        if (candle !== undefined) tape.push(bar(at, candle, { instrument: id(base), seq: 1000 + at }))
      })
      tape.push(instant(at + 1, REAL.filter((_, k) => !byDay[k]!.has(ts)).map(id)))
    }
    let state = decider.initial()
    const first = new Map<string, number>()
    for (const one of tape) {
      state = decider.evolve(state, one as Parameters<typeof decider.evolve>[1]) // of the types that it reads
      if (one.type !== 'InstantClosed') continue
      const weights = bookOf(state, DEFAULTS.holdDays)
      expect(Math.abs(sum(weights))).toBeLessThan(1e-9)
      expect(gross(weights)).toBeLessThanOrEqual(1 + 1e-9)
      weights.forEach((weight, i) => {
        if (weight !== 0 && !first.has(REAL[i]!)) first.set(REAL[i]!, one.ts)
      })
    }
    expect(first.has('BTC')).toBe(false)
    // SOL was listed on 2020-08-11: no weight within its first 60 days.
    expect(first.get('SOL')!).toBeGreaterThanOrEqual(Date.UTC(2020, 7, 11) + 60 * DAY_MS)
    expect(first.get('ETH')!).toBeLessThan(Date.UTC(2020, 5, 1))
  })
})
