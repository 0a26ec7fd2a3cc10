import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema, type MeanReversionConfig } from '#core/config/schema'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS } from '#core/time'
import { createMeanReversion } from '#signals/mean-reversion.decider'
import type { MeanReversionInstrument } from '#signals/mean-reversion-state'
import { event, given } from '#test/given'
import {
  BTC,
  bars,
  type Candle,
  entry,
  flatCandle,
  instant,
  looksAhead,
  oracle,
  play,
  type Said,
  START,
  walk,
} from './play.js'

const DEFAULTS = configSchema.parse({}).signals.meanReversion
const make = (change: Partial<MeanReversionConfig> = {}) =>
  createMeanReversion({ ...DEFAULTS, ...change }, [entry()], '1d')

/** 80 calm days around 100, half a percent up and down, 100 million a day. */
const calm = (i: number): Candle => {
  const close = 100 + 0.5 * Math.sin(i * 1.7)
  return { open: close, high: close + 0.5, low: close - 0.5, close, volume: 1e6 + 1e5 * Math.sin(i * 2.3) }
}
const CALM = Array.from({ length: 80 }, (_, i) => calm(i))
const day = (close: number, { high = close + 0.5, low = close - 0.5, volume = 1e6 } = {}): Candle => ({
  open: close,
  high,
  low,
  close,
  volume,
})
const CRASH = day(95)
const funding = (rate: number, { intervalHours = 8, at = 80, proxy = false, seq = 700 } = {}) => {
  const settledAt = START + at * DAY_MS
  return event('FundingSettled', { instrument: BTC, settledAt, rate, intervalHours, proxy }, { seq, ts: settledAt })
}

const term = (said: Said['data'], name: string) => said.terms.find((one) => one.name === name)
/** What is said on the last of some days that follow the calm ones. */
const lastOf = (
  candles: readonly Candle[],
  change: Partial<MeanReversionConfig> = {},
  between: EventEnvelope[] = [],
) => {
  const tape = bars([...CALM, ...candles])
  const { drafts, state } = given(make(change), [...tape.slice(0, -1), ...between]).when(tape.at(-1)!)
  const { instruments } = state as { instruments: MeanReversionInstrument[] }
  return { said: drafts.map((draft) => draft.data as Said['data']), one: instruments[0]! }
}

describe('signal/meanrev A warms up', () => {
  it('is silent for 63 days, then eligible and neutral', () => {
    const { said } = play(make(), bars(CALM))
    expect(said.map((word) => word.at)).toEqual([63])
    expect(said[0]!.data).toMatchObject({ side: 'flat', reason: 'neutral', targetWeight: 0 })
    expect(make().warmupMs).toBe(720 * DAY_MS)
  })

  it('is eligible though prices never move, and then has no z', () => {
    const still = Array.from({ length: 90 }, () => flatCandle(7, 1e9))
    const { said } = play(make(), bars(still))
    expect(said.map((word) => word.data.reason)).toEqual(['neutral'])
    expect(term(said[0]!.data, 'z')?.value).toBeNull()
  })
})

describe('signal/meanrev A enters', () => {
  it('long after a fall, sized to the volatility target', () => {
    const { said } = lastOf([CRASH])
    expect(said[0]).toMatchObject({ side: 'long', reason: 'reversion', price: 95, confidence: 1, strength: 1 })
    expect(said[0]!.targetWeight).toBeCloseTo(0.15 / term(said[0]!, 'annualVol')!.value!, 5)
    expect(term(said[0]!, 'z')!.value).toBeLessThan(-2)
    expect(term(said[0]!, 'z')!.threshold).toBe(2)
    expect(term(said[0]!, 'funding8hBps')).toEqual({ name: 'funding8hBps', value: null, threshold: 1 })
  })

  it('short after a rise', () => {
    const { said } = lastOf([day(105)])
    expect(said[0]).toMatchObject({ side: 'short', reason: 'reversion', strength: -1 })
    expect(said[0]!.targetWeight).toBeLessThan(0)
  })

  it('exactly at the threshold, with half the confidence, and not a hair before', () => {
    const z = Math.abs(lastOf([CRASH]).one.z!)
    expect(lastOf([CRASH], { entryZ: z }).said[0]).toMatchObject({ side: 'long', confidence: 0.5 })
    expect(lastOf([CRASH], { entryZ: z * (1 + 1e-12) }).said).toEqual([])
  })

  it('with the leverage of 1 at most, and the floor of volatility', () => {
    expect(lastOf([CRASH], { volTarget: 9 }).said[0]!.targetWeight).toBe(1)
    expect(lastOf([CRASH], { volFloor: 3 }).said[0]!.targetWeight).toBe(0.05)
  })
})

describe('signal/meanrev A refuses', () => {
  it('thin markets, by the median of the 30 days before; the limit itself will do', () => {
    const { said } = lastOf([CRASH], { minQuoteVolume: 2e8 })
    expect(said[0]).toMatchObject({ side: 'flat', reason: 'illiquid', targetWeight: 0 })
    expect(term(said[0]!, 'medianQuoteVolume')!.threshold).toBe(2e8)
    const median = lastOf([CRASH]).one.median!
    const sorted = CALM.slice(50)
      .map((c) => ((c.high + c.low + c.close) / 3) * c.volume)
      .sort((a, b) => a - b)
    expect(median).toBeCloseTo((sorted[14]! + sorted[15]!) / 2, 4)
    expect(lastOf([CRASH], { minQuoteVolume: median }).said[0]!.side).toBe('long')
  })

  it('funding that leans one way, of whatever interval, the limit included', () => {
    const ask = (rate: number, intervalHours: number) =>
      lastOf([CRASH], {}, [funding(rate, { intervalHours })]).said[0]!
    expect(ask(0.0001, 8)).toMatchObject({ side: 'long', inputs: [700] })
    expect(ask(-0.0001, 8).side).toBe('long')
    expect(ask(0.000_05, 4).side).toBe('long')
    expect(ask(0.000_012_5, 1).side).toBe('long')
    const refused = ask(0.0001, 4)
    expect(refused).toMatchObject({ side: 'flat', reason: 'funding', inputs: [700] })
    expect(term(refused, 'funding8hBps')).toEqual({ name: 'funding8hBps', value: 2, threshold: 1 })
    expect(ask(-0.000_13, 8).reason).toBe('funding')
  })

  it('or passes a settlement that the tape does not hold, as configured', () => {
    const proxy = [funding(0.01, { proxy: true })]
    expect(lastOf([CRASH], { missing: 'skip' }, proxy).said[0]).toMatchObject({ side: 'long', inputs: [] })
    expect(lastOf([CRASH], { missing: 'hold' }, proxy).said[0]).toMatchObject({
      side: 'flat',
      reason: 'funding-missing',
    })
    expect(lastOf([CRASH], { missing: 'hold' }).said[0]).toMatchObject({ reason: 'funding-missing' })
    const old = [funding(0.01, { at: 79 })]
    expect(lastOf([CRASH], { missing: 'skip' }, old).said[0]).toMatchObject({ side: 'long' })
    expect(lastOf([CRASH], { missing: 'hold' }, [funding(0.0001)]).said[0]).toMatchObject({ side: 'long' })
  })

  it('and takes the last settlement, not one that came late', () => {
    const late = [funding(0.0001, { at: 80 }), funding(0.01, { at: 79, seq: 701 })]
    expect(lastOf([CRASH], {}, late).said[0]!.side).toBe('long')
  })

  it('the bar of a cascade; the bars after it are faded with more confidence', () => {
    const panic = day(95, { volume: 3e7 })
    const { said } = lastOf([panic])
    expect(said[0]).toMatchObject({ side: 'flat', reason: 'cascade' })
    expect(term(said[0]!, 'cascade')!.value).toBe(-1)
    expect(term(said[0]!, 'volumeZ')!.value).toBeGreaterThan(3)
    const ask = (cascadeConfidence: number, entryZ: number) =>
      lastOf([panic, day(94.9)], { cascadeConfidence, entryZ }).said[0]!
    const z = Math.abs(lastOf([panic, day(94.9)]).one.z!)
    expect(ask(1, z).confidence).toBe(0.5)
    expect(ask(1.25, z)).toMatchObject({ side: 'long', confidence: 0.625, strength: 0.5 })
    expect(ask(9, z).confidence).toBe(1)
    expect(term(ask(1.25, z), 'cascadeConfidence')!.value).toBe(1.25)
  })

  it('no more confidence without a cascade, or with the cascade', () => {
    const z = Math.abs(lastOf([CRASH]).one.z!)
    expect(lastOf([CRASH], { entryZ: z }).said[0]!.confidence).toBe(0.5)
    const bounced = [day(95, { volume: 3e7 }), day(100), day(105)]
    const short = lastOf(bounced, { entryZ: Math.abs(lastOf(bounced).one.z!) })
    expect(short.said[0]).toMatchObject({ side: 'short', confidence: 0.5 })
  })

  it('says a refusal once while it lasts', () => {
    expect(lastOf([CRASH, day(94.9)], { minQuoteVolume: 2e8 }).said).toEqual([])
  })

  it('has no z for three days after a hole', () => {
    const tape = bars([...CALM, day(100), CRASH, CRASH, CRASH, CRASH])
    const holed = tape.filter((_, i) => i !== 79)
    const states = [80, 81, 82, 83].map((_, i) => play(make(), holed.slice(0, 80 + i)).state) as {
      instruments: MeanReversionInstrument[]
    }[]
    expect(states.map((state) => state.instruments[0]!.z === null)).toEqual([true, true, true, false])
  })
})

describe('signal/meanrev A leaves', () => {
  it('at or beyond the rolling VWAP', () => {
    const { said } = lastOf([CRASH, day(99)])
    expect(said[0]).toMatchObject({ side: 'flat', reason: 'vwap', targetWeight: 0, inputs: [81] })
    expect(term(said[0]!, 'vwap')!.value).toBeLessThan(99)
    expect(lastOf([CRASH, day(96)]).said).toEqual([])
    expect(lastOf([day(105), day(101)]).said[0]).toMatchObject({ side: 'flat', reason: 'vwap' })
  })

  it('at its stop, 1.5 ATR from the close of the entry, wherever the day closed', () => {
    const { one } = lastOf([CRASH])
    const stop = 95 - 1.5 * one.atr
    expect(one.stop).toBeCloseTo(stop, 10)
    expect(lastOf([CRASH, day(95, { low: stop })]).said[0]).toMatchObject({ side: 'flat', reason: 'stop' })
    expect(lastOf([CRASH, day(95, { low: stop + 1e-9 })]).said).toEqual([])
    expect(lastOf([CRASH, day(99, { low: stop })]).said[0]!.reason).toBe('stop') // the worse of two ways out
    expect(lastOf([day(105), day(105, { high: 109 })]).said[0]!.reason).toBe('stop')
  })

  it('and the stop does not trail', () => {
    const { one } = lastOf([CRASH])
    const { one: later } = lastOf([CRASH, day(96, { high: 97 })])
    expect(later.stop).toBe(one.stop)
  })

  it('after three days', () => {
    const below = day(95, { high: 95.9, low: 95 })
    expect(lastOf([CRASH, below, below]).said).toEqual([])
    const { said } = lastOf([CRASH, below, below, below])
    expect(said[0]).toMatchObject({ side: 'flat', reason: 'time-stop' })
    expect(term(said[0]!, 'heldHours')).toEqual({ name: 'heldHours', value: 72, threshold: 72 })
  })

  it('without VWAP by stop and time alone', () => {
    const silent = day(96, { volume: 0 })
    const words = play(make(), bars([...CALM, day(95, { volume: 0 }), silent, silent, silent, silent])).said
    expect(words.map((word) => word.data.reason)).toEqual(['neutral', 'reversion', 'time-stop'])
  })

  it('and comes back to the side of a stop only after z has been inside the band', () => {
    const stopped = [CRASH, day(90)]
    expect(lastOf(stopped).said[0]!.reason).toBe('stop')
    const falling = lastOf([...stopped, day(86)])
    expect(falling.one.z).toBeLessThan(-2)
    expect(falling.said).toEqual([])
    const calmed = [...stopped, day(86), day(86), day(86), day(86)]
    const again = lastOf([...calmed, day(72)])
    expect(again.said[0]).toMatchObject({ side: 'long', reason: 'reversion' })
  })

  it('and drops its position when it is stale or delisted', () => {
    const tape = bars([...CALM, CRASH])
    const stale = given(make(), tape).when(instant(84, [BTC])).drafts
    expect(stale[0]!.data).toMatchObject({ side: 'flat', reason: 'stale' })
    const gone = event('InstrumentDelisted', { instrument: BTC, reason: 'end-of-data' })
    const { drafts, state } = given(make(), tape).when(gone)
    expect(drafts[0]!.data).toMatchObject({ side: 'flat', reason: 'delisted' })
    expect((state as { instruments: MeanReversionInstrument[] }).instruments[0]!.position).toBe(0)
  })
})

describe('signal/meanrev is a pure fold', () => {
  const tapeOf = (candles: readonly Candle[]): EventEnvelope[] =>
    bars(candles).flatMap((one, i) => [
      one,
      funding((i % 5) * 0.000_04, { at: i + 1, seq: 2000 + i, proxy: i % 7 === 0 }),
    ])
  const loose = { minQuoteVolume: 0, entryZ: 1 }

  it('whose state survives JSON anywhere', () => {
    fc.assert(
      fc.property(walk(70, 140), fc.nat(), (candles, at) => {
        const tape = tapeOf(candles).filter((_, i) => i % 97 !== 40)
        expect(play(make(loose), tape, at % tape.length)).toEqual(play(make(loose), tape))
      }),
      { seed: 31, numRuns: 30 },
    )
  })

  it('that does not see what comes', () => {
    fc.assert(
      fc.property(walk(110, 140), walk(30, 40), fc.integer({ min: 65, max: 100 }), (candles, other, cut) => {
        const tape = tapeOf(candles)
        expect(looksAhead(() => make(loose), tape, 2 * cut + 1, bars(other, cut + 1))).toBe(false)
      }),
      { seed: 32, numRuns: 30 },
    )
  })
})

const vectors = oracle('meanrev')
describe.skipIf(vectors === undefined)('signal/meanrev A and the oracle of funding', () => {
  it('which funding is neutral', () => {
    const { inputs, expected } = vectors!.cases.find((one) => one.method === 'fundingNeutral')!
    ;(inputs.rate8h as number[]).forEach((rate, i) => {
      const side = (expected.ok as boolean[])[i] ? 'long' : 'flat'
      expect(lastOf([CRASH], {}, [funding(rate)]).said[0]!.side, String(rate)).toBe(side)
    })
  })
})
