import { describe, expect, it } from 'vitest'
import { configSchema, type TsmomConfig } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import type { BarClosed } from '#events/market.events'
import { createTsmom } from '#signals/tsmom.decider'
import { event } from '#test/given'
import { BTC, bars, entry, flatCandle, oracle, play, type Said, sharedCandles } from './play.js'

const DEFAULTS = configSchema.parse({}).signals.tsmom
const make = (change: Partial<TsmomConfig> = {}) => createTsmom({ ...DEFAULTS, ...change }, [entry()])
const priced = (closes: readonly number[]): BarClosed[] => bars(closes.map((close) => flatCandle(close)))
const term = (said: Said['data'], name: string) => said.terms.find((one) => one.name === name)

const vectors = oracle('tsmom')
describe.skipIf(vectors === undefined)('signal/tsmom against the oracles', () => {
  const closes = (vectors?.closes ?? []) as number[]
  const ask = (at: number, change: Partial<TsmomConfig>): Said['data'] =>
    play(make({ ...change, band: 0 }), priced(closes.slice(0, at + 1))).said.at(-1)!.data

  it('momentum and side of every window', () => {
    for (const { id, inputs, expected } of vectors!.cases.filter((one) => one.method === 'tsmom')) {
      const { lookback, skip, atIdx } = inputs as { lookback: number; skip: number; atIdx: number[] }
      const { gap, signGap } = expected as { gap: number[]; signGap: number[] }
      atIdx.forEach((at, i) => {
        const said = ask(at, { lookbackDays: lookback, skipDays: skip })
        expect(term(said, 'momentum')!.value, id).toBeCloseTo(gap[i]!, 8)
        expect(said.side, id).toBe(signGap[i] === 1 ? 'long' : 'short')
      })
    }
  })

  it('volatility and weight', () => {
    const weights = vectors!.cases.find((one) => one.method === 'tsmomWeight')!
    const { rows } = weights.expected as { rows: { vol: number; w15: number; w10: number }[] }
    ;(weights.inputs.atIdx as number[]).forEach((at, i) => {
      const said = ask(at, {})
      expect(term(said, 'annualVol')!.value).toBeCloseTo(rows[i]!.vol, 7)
      expect(said.targetWeight).toBeCloseTo(rows[i]!.w15, 6)
      expect(ask(at, { volTarget: 0.1 }).targetWeight).toBeCloseTo(rows[i]!.w10, 6)
    })
  })
})

const real = sharedCandles('binance/BTCUSDT-1d.csv')
describe.skipIf(real.length === 0)('signal/tsmom on the days of BTC', () => {
  it('takes the sign of the plain formula on every day', () => {
    const tape = real.map(({ ts, candle }, i) =>
      event('BarClosed', { instrument: BTC, interval: '1d', openTime: ts, ...candle }, { seq: i + 1, ts: ts + DAY_MS }),
    )
    const { said } = play(make(), tape)
    let next = 0
    let side = ''
    let flips = 0
    for (let i = 60; i < real.length; i++) {
      if (said[next]?.at === i) {
        if (side !== '' && side !== said[next]!.data.side) flips++
        side = said[next++]!.data.side
      }
      const momentum = real[i - 10]!.candle.close / real[i - 40]!.candle.close - 1
      expect(side).toBe(momentum > 0 ? 'long' : momentum < 0 ? 'short' : 'flat')
    }
    expect(next).toBe(said.length)
    expect(flips).toBeGreaterThan(50)
  })
})
