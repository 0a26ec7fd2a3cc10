/** The check of warm-ups: one that is too short is caught with what would do; positions from before it are told apart. */
import { describe, expect, it } from 'vitest'
import { checkWarmup, MULTIPLES, type SignalWarmup, sampledDays } from '#backtest/check-warmup'
import { speakers } from '#backtest/check-words'
import { planTape } from '#backtest/tape-plan'
import type { Config } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import type { BarSignalRules } from '#signals/toolkit'
import { configOf, seriesOfSpec, TAPE_START, type TapeSpec } from '../pipeline/tape.js'
import { ownSignal } from './check-rig.js'

const SPEC: TapeSpec = {
  seed: 5,
  days: 900,
  interval: '1d',
  symbols: [{ symbol: 'AAA' }, { symbol: 'BBB', annualVol: 0.5 }],
}
const day = (n: number): number => TAPE_START + n * DAY_MS

function check(config: Config, signal: string, from = 820, samples = 8): SignalWarmup {
  const [result] = checkWarmup({
    config,
    deciders: (name) => speakers(config, new Set([name])),
    signals: [signal],
    long: planTape(config, seriesOfSpec(SPEC)),
    fromDay: day(from),
    toDay: day(890),
    samples,
    seed: 1,
  })
  return result!
}

interface Average {
  mean: number
  seen: number
}

/** Sized by the distance from an exponential mean of 200 days. */
const ema = (warmupDays: number): BarSignalRules<Average> => ({
  version: '1',
  interval: '1d',
  warmupDays,
  create: () => ({ mean: 0, seen: 0 }),
  onBar(memory, { close }) {
    memory.mean = memory.seen === 0 ? close : memory.mean + (2 / 201) * (close - memory.mean)
    memory.seen = 1
    const side = close > memory.mean ? 'long' : 'short'
    return { side, reason: 'ema', targetWeight: Math.min(1, Math.abs(close / memory.mean - 1)) }
  },
})

/** Holds from the first bar of a hundred that rises by more than a little, until one falls as much. */
const trade = (warmupDays: number): BarSignalRules<{ last: number; held: boolean }> => ({
  version: '1',
  interval: '1d',
  warmupDays,
  create: () => ({ last: 0, held: false }),
  onBar(memory, { close }) {
    const change = memory.last === 0 ? 0 : close / memory.last - 1
    memory.last = close
    memory.held = memory.held ? change > -0.07 : change > 0.07
    return { side: memory.held ? 'long' : 'flat', reason: 'jump', targetWeight: memory.held ? 0.2 : 0 }
  },
})

describe('the check of warm-ups', () => {
  it('catches a mean of 200 days that declares 10, and says that more than twice is needed', () => {
    const result = check(ownSignal(SPEC, 'hasty', ema(10)), 'signal/hasty')
    expect(result).toMatchObject({ warmupDays: 10, samples: 8, complete: 8 })
    expect(result.failing).toBeGreaterThan(8)
    expect(result.worst?.difference).toBeGreaterThan(0.1)
    expect(result.worst?.values).toHaveLength(MULTIPLES.length)
    expect(result).not.toHaveProperty('raiseToDays')
  })

  it('tells how long a warm-up would do', () => {
    // e^(−2·450/201) of the first price is left: too much after 450 days by more than the tolerance, and hardly any after 900.
    const long: TapeSpec = { ...SPEC, days: 3800 }
    const config = ownSignal(long, 'slow', ema(600))
    const [result] = checkWarmup({
      config,
      deciders: (name) => speakers(config, new Set([name])),
      signals: ['signal/slow'],
      long: planTape(config, seriesOfSpec(long)),
      fromDay: day(2500),
      toDay: day(3790),
      samples: 6,
      seed: 1,
    })
    expect(result!.failing).toBeGreaterThan(0)
    expect(result!.raiseToDays).toBe(1200)
  })

  it('passes one that declares enough', () => {
    const rules = ema(200)
    const windowed: BarSignalRules<{ closes: number[] }> = {
      ...rules,
      create: () => ({ closes: [] }),
      onBar({ closes }, { close }) {
        closes.push(close)
        if (closes.length > 200) closes.shift()
        if (closes.length < 200) return null
        const mean = closes.reduce((sum, one) => sum + one, 0) / 200
        return {
          side: close > mean ? 'long' : 'short',
          reason: 'sma',
          targetWeight: Math.min(1, Math.abs(close / mean - 1)),
        }
      },
    }
    const result = check(ownSignal(SPEC, 'patient', windowed), 'signal/patient')
    expect(result).toMatchObject({ samples: 8, failing: 0, older: 0 })
    expect(result.spoken).toBe(16)
  })

  it('does not blame a warm-up for positions that were held since before it', () => {
    const result = check(ownSignal(SPEC, 'trades', trade(10)), 'signal/trades', 820, 16)
    expect(result.older).toBeGreaterThan(0)
    expect(result.failing).toBe(0)
  })

  it('has no samples where there is less data than the warm-up', () => {
    expect(check(ownSignal(SPEC, 'young', ema(2000)), 'signal/young')).toMatchObject({ samples: 0, values: 0 })
  })

  it('passes the breakouts of the catalogue on what they declare', () => {
    const config = configOf(SPEC, { signals: { donchian: { entryDays: 15, exitDays: 7, adxMin: 10 } } })
    const result = check(config, 'signal/donchian')
    expect(result).toMatchObject({ samples: 8, failing: 0 })
    expect(result.values).toBe(16)
  })
})

describe('days', () => {
  it('are spread over the span, both ends included, each once', () => {
    expect(sampledDays(day(0), day(2), 3, 1)).toEqual([day(0), day(1), day(2)])
    expect(sampledDays(day(0), day(1), 9, 1)).toEqual([day(0), day(1)])
    expect(sampledDays(day(0), day(99), 10, 1)).not.toEqual(sampledDays(day(0), day(99), 10, 2))
  })
})
