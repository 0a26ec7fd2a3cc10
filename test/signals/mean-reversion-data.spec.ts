import { describe, expect, it } from 'vitest'
import { configSchema, type MeanReversionConfig } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import { createMeanReversion } from '#signals/mean-reversion.decider'
import { event } from '#test/given'
import { BTC, bars, type Candle, entry, oracle, play, type Said, sharedCandles } from './play.js'

const DEFAULTS = configSchema.parse({}).signals.meanReversion
const make = (change: Partial<MeanReversionConfig> = {}) =>
  createMeanReversion({ ...DEFAULTS, ...change }, [entry()], '1d')
const term = (said: Said['data'], name: string) => said.terms.find((one) => one.name === name)

const vectors = oracle('meanrev')
describe.skipIf(vectors === undefined)('signal/meanrev A against the oracles', () => {
  const series = vectors?.bars as Record<keyof Candle, number[]>
  const candles = (): Candle[] =>
    series.close.map((close, i) => ({
      open: series.open[i]!,
      high: series.high[i]!,
      low: series.low[i]!,
      close,
      volume: series.volume[i]!,
    }))
  const expectedOf = (id: string) => vectors!.cases.find((one) => one.id === id)!.expected

  it('z, entries and cascades of every day', () => {
    const decider = make()
    const state = decider.initial()
    const one = state.instruments[0]!
    const { z, longIdx, shortIdx } = expectedOf('z3d_excl60') as Record<string, number[]>
    const flags = expectedOf('cascade').flags as { i: number; dir: number; volZ: number; retSigmas: number }[]
    for (const [i, input] of bars(candles()).entries()) {
      one.position = 0
      decider.evolve(state, input)
      if (z![i] === null) expect(one.z).toBeNull()
      else expect(one.z).toBeCloseTo(z![i]!, 9)
      expect((one.z ?? 0) <= -2).toBe(longIdx!.includes(i))
      expect((one.z ?? 0) >= 2).toBe(shortIdx!.includes(i))
      const flag = flags.find((row) => row.i === i)
      expect(one.filters.flag).toBe(flag?.dir ?? 0)
      if (flag) expect(one.filters.volumeZ).toBeCloseTo(flag.volZ, 9)
      if (flag) expect(one.filters.cascade.returnSigmas).toBeCloseTo(flag.retSigmas, 9)
    }
  })
})

const real = sharedCandles('binance/BTCUSDT-1d.csv')
describe.skipIf(real.length === 0)('signal/meanrev A on the days of BTC', () => {
  it('fades both ways, uses every way out and never holds beyond three days', () => {
    const tape = real.map(({ ts, candle }, i) =>
      event('BarClosed', { instrument: BTC, interval: '1d', openTime: ts, ...candle }, { seq: i + 1, ts: ts + DAY_MS }),
    )
    const { said } = play(make(), tape)
    const count = new Map<string, number>()
    let entered = 0
    for (const { ts, data } of said) {
      count.set(data.reason, (count.get(data.reason) ?? 0) + 1)
      if (data.reason === 'reversion') {
        entered = ts
        expect(term(data, 'z')!.value! * (data.side === 'long' ? 1 : -1)).toBeLessThanOrEqual(-2)
      } else if (['stop', 'vwap', 'time-stop'].includes(data.reason))
        expect(ts - entered).toBeLessThanOrEqual(3 * DAY_MS)
    }
    for (const reason of ['reversion', 'stop', 'vwap', 'cascade'])
      expect(count.get(reason) ?? 0, reason).toBeGreaterThan(0)
    const picky = play(make({ minQuoteVolume: 1e9 }), tape).said // first reached in 2019
    expect(picky.find((word) => word.data.reason === 'illiquid')!.ts).toBeLessThan(
      picky.find((word) => word.data.reason === 'reversion')!.ts,
    )
  })
})
