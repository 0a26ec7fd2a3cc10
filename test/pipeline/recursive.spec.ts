/**
 * The recursive test (methods, section 16): what a signal says first, warmed by histories of different lengths. Momentum's volatility
 * remembers everything: after its 61 closes it still drifts (methods, section 1: below 1 % needs about 279 bars).
 */
import { describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import type { TapeSeries } from '#backtest/tape'
import { planTape } from '#backtest/tape-plan'
import { DAY_MS } from '#core/time'
import { decideTape, only } from './decide.js'
import { type ConfigPatch, configOf, seriesOfSpec, TAPE_START, type TapeSpec } from './tape.js'

const off = { enabled: false }
const START_DAY = 600
const spec = (seed: number): TapeSpec => ({
  seed,
  days: 700,
  interval: '1d',
  symbols: [{ symbol: 'AAA', annualVol: 0.8 }],
})

/** Rows that became available in (from, to]. */
function between(series: readonly TapeSeries[], from: number, to: number): TapeSeries[] {
  return series.map((one) => {
    const keep = [...one.rows.availableAt.keys()].filter(
      (i) => one.rows.availableAt[i]! > from && one.rows.availableAt[i]! <= to,
    )
    const rows = Object.fromEntries(
      Object.entries(one.rows).map(([name, column]) => [name, Float64Array.from(keep, (i) => column[i]!)]),
    )
    return { ...one, rows } as unknown as TapeSeries // the same columns, shorter
  })
}

/** Words of one signal over `days`, after `warmup` days of history. */
function words(seed: number, signals: ConfigPatch, warmup: number, days: number) {
  const config = configOf(spec(seed), { signals })
  const series = seriesOfSpec(spec(seed))
  const start = TAPE_START + START_DAY * DAY_MS
  const { events } = decideTape({
    config,
    plan: planTape(config, between(series, start, start + days * DAY_MS)),
    history: planTape(config, between(series, start - warmup * DAY_MS, start)),
  })
  return only(events, 'SignalChanged').map(({ ts, data }) => ({ ts, side: data.side, target: data.targetWeight }))
}

const TSMOM = { tsmom: {}, donchian: off, meanReversion: off }
const DONCHIAN = { tsmom: off, donchian: {}, meanReversion: off }
const SEEDS = [1, 2, 3, 4, 5]

function drift(warmup: number): number {
  const drifts = SEEDS.map((seed) => {
    const [short, long] = [warmup, START_DAY].map((days) => words(seed, TSMOM, days, 1)[0]!)
    expect([short!.ts, short!.side]).toEqual([long!.ts, long!.side])
    return Math.abs(short!.target / long!.target - 1)
  })
  return Math.max(...drifts)
}

describe('a longer history', () => {
  it('changes no side of momentum, and its size less and less', () => {
    expect(drift(61)).toBeGreaterThan(0.001) // the closes that it waits for would not pass the recursive test
    expect(drift(61)).toBeLessThan(0.2)
    expect(drift(279)).toBeLessThan(0.01)
    const declared = catalogue(configOf(spec(1), { signals: TSMOM }), 'nextOpen').find(
      ({ name }) => name === 'signal/tsmom',
    )!
    expect(drift(declared.warmupMs / DAY_MS)).toBeLessThan(0.001)
  })

  it('than the declared one changes no trade that breakouts begin', () => {
    const config = configOf(spec(1), { signals: DONCHIAN })
    const declared = catalogue(config, 'nextOpen').find(({ name }) => name === 'signal/donchian')!.warmupMs / DAY_MS
    let entries = 0
    for (const seed of [...SEEDS, 6, 7, 8]) {
      const [short, long] = [declared, START_DAY].map((days) => words(seed, DONCHIAN, days, 100))
      // A trade that began in the longer history is still held: the shorter one cannot know of it.
      if (long![0]!.side !== 'flat') continue
      const positions = (all: typeof short) => all!.filter(({ side }) => side !== 'flat')
      expect(positions(short).map(({ ts, side }) => [ts, side])).toEqual(
        positions(long).map(({ ts, side }) => [ts, side]),
      )
      positions(short).forEach(({ target }, i) => {
        expect(Math.abs(target / positions(long)[i]!.target - 1)).toBeLessThan(0.001)
        entries++
      })
    }
    expect(entries).toBeGreaterThan(3)
  })
})
