import { describe, expect, it } from 'vitest'
import { configSchema, type MeanReversionConfig } from '#core/config/schema'
import type { EventEnvelope } from '#core/envelope'
import { isQuantbotError } from '#core/errors'
import { DAY_MS, HOUR_MS } from '#core/time'
import { Dispatcher } from '#engine/dispatcher'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import { rollingVwap } from '#indicators/rolling-vwap'
import { createDonchian } from '#signals/donchian.decider'
import { createMarketBars } from '#signals/market-bars.decider'
import { createMeanReversion } from '#signals/mean-reversion.decider'
import type { MeanReversionInstrument } from '#signals/mean-reversion-state'
import { createTsmom } from '#signals/tsmom.decider'
import { event, given } from '#test/given'
import { BTC, bar, type Candle, ETH, entry, oracle, partialDay, play, type Said, START } from './play.js'

const CONFIG = configSchema.parse({}).signals
const DEFAULTS = CONFIG.meanReversion
const make = (change: Partial<MeanReversionConfig> = {}) =>
  createMeanReversion({ ...DEFAULTS, ...change }, [entry(BTC, '1h')], '1d')

const WARM_DAYS = 61
/** The noon hour always trades twenty times as much. */
const busy = (i: number): number => (i % 24 === 12 ? 20 : 1)
const calm = (i: number): Candle => {
  const close = 100 + 0.5 * Math.sin(i * 0.7) + 0.2 * Math.sin(i / 24)
  const volume = busy(i) * (1e5 + 1e4 * Math.sin(i * 2.3))
  return { open: close, high: close + 0.2, low: close - 0.2, close, volume }
}
const at = (i: number, close: number, change: Partial<Candle> = {}): Candle => ({
  open: close,
  high: close + 0.2,
  low: close - 0.2,
  close,
  volume: busy(i) * 1e5,
  ...change,
})
const hour = (i: number, candle: Candle) => bar(i, candle, { interval: '1h' })
/** Hours with the day that market/bars makes of them after each 24th. */
function hours(count: number): EventEnvelope[] {
  return Array.from({ length: count }, (_, i) => i).flatMap((i): EventEnvelope[] => {
    const one = hour(i, calm(i))
    if (i % 24 !== 23) return [one]
    const { close } = calm(i)
    const day = Math.floor(i / 24)
    return [one, partialDay(day, { open: 100, high: 101, low: 99, close, volume: 4.3e6 }, 24, 50_000 + day)]
  })
}
const FIRST = WARM_DAYS * 24
const lastOf = (candles: readonly Candle[], change: Partial<MeanReversionConfig> = {}) => {
  const tail = candles.map((candle, i) => hour(FIRST + 2 + i, candle))
  const { drafts, state } = given(make(change), [...hours(FIRST + 2), ...tail.slice(0, -1)]).when(tail.at(-1)!)
  const { instruments } = state as { instruments: MeanReversionInstrument[] }
  return { said: drafts.map((draft) => draft.data as Said['data']), one: instruments[0]! }
}
const term = (said: Said['data'], name: string) => said.terms.find((one) => one.name === name)

describe('signal/meanrev B', () => {
  it('is chosen by the finest bars, or by the configuration', () => {
    expect(make().intervals).toEqual(['1h', '1d'])
    expect(make({ variant: 'daily' }).intervals).toEqual(['1d'])
    expect(createMeanReversion(DEFAULTS, [entry()], '1d').intervals).toEqual(['1d'])
    expect(createMeanReversion(DEFAULTS, [entry()], '4h').intervals).toEqual(['1d'])
    const mixed = createMeanReversion(DEFAULTS, [entry(BTC, '1h'), entry(ETH)], '1d')
    expect(mixed.initial().instruments.map((one) => one.hourly)).toEqual([true, false])
  })

  it('refuses a configuration that asks for hours where there are none, naming key and instrument', () => {
    let asked: unknown
    try {
      createMeanReversion({ ...DEFAULTS, variant: 'hourly' }, [entry(BTC, '4h')], '1d')
    } catch (error) {
      asked = error
    }
    expect(isQuantbotError(asked) && asked.code).toBe('CONFIG_INVALID')
    expect(String(asked)).toContain('signals.meanReversion.variant')
    expect(String(asked)).toContain(BTC)
  })

  it('speaks with the first hour after 61 days', () => {
    const { said } = play(make(), hours(FIRST + 2))
    expect(said[0]!.ts).toBe(START + WARM_DAYS * DAY_MS + HOUR_MS)
    expect(said.map((word) => word.data.reason)).toEqual(['neutral'])
    expect(make().warmupMs).toBe(720 * DAY_MS)
  })

  it('fades a fall below its 72 hours and is valid for two of them', () => {
    const { said, one } = lastOf([at(2, 97)])
    expect(said[0]).toMatchObject({ side: 'long', reason: 'reversion' })
    expect(said[0]!.validUntil - said[0]!.asOf).toBe(2 * HOUR_MS)
    expect(one.stop).toBeCloseTo(97 - 1.5 * one.atr, 10)
    expect(term(said[0]!, 'vwap')!.value).toBeGreaterThan(97)
  })

  it('leaves at the VWAP of 72 hours, or after 72 hours', () => {
    expect(lastOf([at(2, 97), at(3, 101)]).said[0]).toMatchObject({ side: 'flat', reason: 'vwap' })
    const sagging = Array.from({ length: 72 }, (_, i) => at(3 + i, 97 - i * 0.001, { high: 97.5 }))
    expect(lastOf([at(2, 97), ...sagging.slice(0, 71)], { stopAtr: 50 }).said).toEqual([])
    expect(lastOf([at(2, 97), ...sagging], { stopAtr: 50 }).said[0]).toMatchObject({ reason: 'time-stop' })
  })

  it('compares volume with the same hour of the days before', () => {
    const noon = Array.from({ length: 10 }, (_, i) => at(2 + i, 100))
    const usual = lastOf([...noon, at(12, 97)]) // twenty times its neighbours, as every noon
    expect(usual.one.filters.flag).toBe(0)
    expect(usual.said[0]).toMatchObject({ side: 'long' })
    const night = lastOf([at(2, 97, { volume: 2e6 })])
    expect(night.one.filters.flag).toBe(-1)
    expect(night.said[0]).toMatchObject({ side: 'flat', reason: 'cascade' })
  })

  it('lets nothing in while more than a tenth of its hours is missing', () => {
    const gap = (missing: number) =>
      given(make(), hours(FIRST + 2)).when(hour(FIRST + 2 + missing, at(2, 97))).state as {
        instruments: MeanReversionInstrument[]
      }
    expect(gap(7).instruments[0]!.z).toBeLessThan(-2)
    expect(gap(8).instruments[0]!.z).toBeNull()
  })

  it('is stale after three hours without a bar', () => {
    const tape = [...hours(FIRST + 2), hour(FIRST + 2, at(2, 97))]
    const closed = (i: number) =>
      event(
        'InstantClosed',
        { instant: START + i * HOUR_MS, intervals: ['1h'], missing: [BTC] },
        { ts: START + i * HOUR_MS },
      )
    given(make(), tape)
      .when(closed(FIRST + 5))
      .thenNothing()
    const { drafts } = given(make(), tape).when(closed(FIRST + 6))
    expect(drafts[0]!.data).toMatchObject({ side: 'flat', reason: 'stale' })
    expect((drafts[0]!.data as Said['data']).terms).toEqual([{ name: 'ageHours', value: 3, threshold: 2 }])
  })

  it('survives JSON anywhere', () => {
    const tape = [
      ...hours(FIRST + 2),
      ...[97, 96, 101, 103, 99].map((close, i) => hour(FIRST + 2 + i, at(2 + i, close))),
    ]
    const plain = play(make(), tape)
    for (const when of [1, 30, 700, tape.length - 3]) expect(play(make(), tape, when)).toEqual(plain)
    expect(plain.said.length).toBeGreaterThan(2)
  })

  const vectors = oracle('meanrev')
  it.skipIf(vectors === undefined)('z and VWAP of the oracles', () => {
    const series = vectors!.bars as Record<keyof Candle, number[]>
    const expectedOf = (id: string) => vectors!.cases.find((one) => one.id === id)!.expected as Record<string, number[]>
    const decider = make()
    const state = decider.initial()
    const one = state.instruments[0]!
    for (const [i, close] of series.close.entries()) {
      const candle = {
        open: series.open[i]!,
        high: series.high[i]!,
        low: series.low[i]!,
        close,
        volume: series.volume[i]!,
      }
      decider.evolve(state, hour(i, candle))
      const z = expectedOf('zprice72').z![i] ?? null
      const vwap = expectedOf('vwap_roll').vwap![i] ?? null
      if (z === null) expect(one.z).toBeNull()
      else expect(one.z).toBeCloseTo(z, 9)
      if (vwap === null) expect(rollingVwap(one.vwapState)).toBeNull()
      else expect(rollingVwap(one.vwapState)! / vwap).toBeCloseTo(1, 9)
    }
  })
})

describe('the signals in the dispatcher', () => {
  const universe = [entry(BTC, '1h')]
  const run = (historyHours: number, count: number): AnyEvent[] => {
    const seen: AnyEvent[] = []
    const dispatcher = new Dispatcher({
      deciders: [
        createMarketBars(universe, '1d'),
        createTsmom(CONFIG.tsmom, universe),
        createDonchian(CONFIG.donchian, universe),
        createMeanReversion(DEFAULTS, universe, '1d'),
      ],
      runSeed: 1,
      lines: new LineBuffer(),
      log: 'derived',
      startRunning: true,
      observe: (one) => seen.push(one),
    })
    for (let i = 0; i < count; i++) {
      const input = hour(i, calm(i))
      if (i < historyHours) dispatcher.warm(input)
      else dispatcher.step(input)
    }
    return seen
  }
  const signals = (seen: readonly AnyEvent[]) => seen.filter((one) => one.type === 'SignalChanged')

  it('take their days from market/bars, whose last part closes them', () => {
    const seen = run(0, 151 * 24)
    const days = seen.filter((one) => one.type === 'BarAggregated')
    expect(days).toHaveLength(151)
    const firsts = ['signal/tsmom', 'signal/donchian', 'signal/meanrev'].map(
      (name) => signals(seen).find((one) => one.by === name)!.ts,
    )
    expect(firsts).toEqual([START + 61 * DAY_MS, START + 150 * DAY_MS, START + 61 * DAY_MS + HOUR_MS])
    const tsmom = signals(seen).find((one) => one.by === 'signal/tsmom')!
    expect(seen.find((one) => one.seq === tsmom.cause)!.type).toBe('BarAggregated')
    for (const seq of tsmom.type === 'SignalChanged' ? tsmom.data.inputs : [])
      expect(seen.find((one) => one.seq === seq)!.type).toBe('BarAggregated')
  })

  it('hold after history the opinions of a run that lived it', () => {
    const lived = run(0, 170 * 24).filter((one) => one.ts > START + 160 * DAY_MS)
    const warmed = run(160 * 24, 170 * 24)
    const last = (seen: readonly AnyEvent[], name: string) =>
      signals(seen)
        .filter((one) => one.by === name)
        .map((one) => (one.type === 'SignalChanged' ? [one.ts, one.data.side] : []))
        .at(-1)
    expect(last(warmed, 'signal/tsmom')?.[1]).toBe(last(run(0, 170 * 24), 'signal/tsmom')?.[1])
    expect(signals(lived).length).toBeGreaterThan(0)
    for (const word of signals(lived)) {
      const same = signals(warmed).find((one) => one.ts === word.ts && one.by === word.by)
      expect(same?.data).toMatchObject({ side: (word.data as Said['data']).side })
    }
  })
})
