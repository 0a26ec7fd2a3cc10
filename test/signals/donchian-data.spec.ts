import { describe, expect, it } from 'vitest'
import { configSchema, type DonchianConfig } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import type { BarClosed } from '#events/market.events'
import { createDonchian } from '#signals/donchian.decider'
import { event } from '#test/given'
import { BTC, bars, type Candle, entry, oracle, play, type Said, sharedCandles } from './play.js'

const DEFAULTS = configSchema.parse({}).signals.donchian
const make = (change: Partial<DonchianConfig>) => createDonchian({ ...DEFAULTS, ...change }, [entry()])
const candle = (open: number, high: number, low: number, close: number): Candle => ({
  open,
  high,
  low,
  close,
  volume: 1,
})
const term = (said: Said['data'], name: string) => said.terms.find((one) => one.name === name)

const vectors = oracle('indicators')
describe.skipIf(vectors === undefined)('signal/donchian against the oracles', () => {
  const series = vectors?.cases.find((one) => one.id === 'wilder14')?.inputs as unknown as Record<
    keyof Candle,
    number[]
  >

  it('side, strength and weight of every breakout of every case', () => {
    let compared = 0
    for (const { id, inputs, expected } of vectors!.cases.filter((one) => one.method === 'donchianEntry')) {
      const candles = series.close.map((close, i) => candle(series.open[i]!, series.high[i]!, series.low[i]!, close))
      const decider = make({ adxMin: inputs.adxMin as number })
      const state = decider.initial()
      const one = state.instruments[0]!
      one.bars = 1000 // the cases begin before the warm-up of ADX is over
      const rows = new Map((expected.entries as Row[]).map((row) => [row.i, row]))
      for (const [i, input] of bars(candles).entries()) {
        one.position = 0 // and hold no position
        decider.evolve(state, input)
        const row = rows.get(i)
        expect(one.position, `${id} ${i}`).toBe(row?.adxOk ? row.side : 0)
        if (row === undefined) continue
        expect(one.voice.target).toBeCloseTo(row.weight, 9)
        if (row.adxOk) expect(one.voice.strength).toBeCloseTo(row.side * row.strength, 9)
        compared++
      }
    }
    expect(compared).toBe(96)
  })
})

interface Row {
  readonly i: number
  readonly side: -1 | 1
  readonly strength: number
  readonly adxOk: boolean
  readonly weight: number
}

const real = sharedCandles('binance/BTCUSDT-1d.csv')
describe.skipIf(real.length === 0)('signal/donchian on the days of BTC', () => {
  it('enters only beyond the plain channel, holds one position at a time, and uses every way out', () => {
    const tape: BarClosed[] = real.map(({ ts, candle: day }, i) =>
      event('BarClosed', { instrument: BTC, interval: '1d', openTime: ts, ...day }, { seq: i + 1, ts: ts + DAY_MS }),
    )
    const { said } = play(make({}), tape)
    const reasons = new Map<string, number>()
    let held = 'flat'
    for (const { at, data } of said) {
      reasons.set(data.reason, (reasons.get(data.reason) ?? 0) + 1)
      if (data.reason === 'breakout') {
        const window = real.slice(at - 55, at).map((row) => row.candle)
        const { close } = real[at]!.candle
        if (data.side === 'long') expect(close).toBeGreaterThan(Math.max(...window.map((day) => day.high)))
        else expect(close).toBeLessThan(Math.min(...window.map((day) => day.low)))
        expect(term(data, 'adx')!.value).toBeGreaterThanOrEqual(20)
        expect(data.side).not.toBe(held)
      } else if (data.reason === 'exit-channel' || data.reason === 'trailing-stop') expect(held).not.toBe('flat')
      held = data.side
    }
    for (const reason of ['breakout', 'trailing-stop', 'choppy'])
      expect(reasons.get(reason) ?? 0, reason).toBeGreaterThan(0)
    expect(said[0]!.ts).toBe(real[149]!.ts + DAY_MS)
    // A stop of 2 ATR is always nearer than the 20-day channel here; the channel ends trades where the stop is far.
    const patient = play(make({ stopAtr: 9 }), tape).said
    expect(patient.some((word) => word.data.reason === 'exit-channel')).toBe(true)
  })
})
