/** The check of look-ahead: signals that only know what was known pass; a leak planted anywhere is found, named and dated. */
import { describe, expect, it } from 'vitest'
import { checkLookahead, type LookaheadCheck, sampled } from '#backtest/check-lookahead'
import { changed } from '#backtest/check-tape'
import { speakers } from '#backtest/check-words'
import type { TapeSeries } from '#backtest/tape'
import { planTape } from '#backtest/tape-plan'
import type { Rows } from '#data/rows'
import type { BarSignalRules } from '#signals/toolkit'
import { normalisesOverAll, peeksAtNextBar } from '../pipeline/cheats.js'
import { configOf, seriesOfSpec, type TapeSpec } from '../pipeline/tape.js'
import { type Loader, ownSignal, sourceOf } from './check-rig.js'

const SPEC: TapeSpec = {
  seed: 11,
  days: 220,
  interval: '4h',
  symbols: [
    { symbol: 'AAA', funding: 'recorded', drift: 0.6 },
    { symbol: 'BBB', funding: 'recorded', fromDay: 20, gapDays: [120, 121, 160] },
    { symbol: 'CCC', toDay: 150 },
  ],
}
const SHORT = {
  signals: {
    tsmom: { lookbackDays: 10, skipDays: 2 },
    donchian: { entryDays: 15, exitDays: 7, adxMin: 10 },
    meanReversion: { minQuoteVolume: 0, maxFundingBps: 5 },
    fundingCarry: { enabled: true },
    xExchangeFunding: { enabled: true },
    crossSectional: { enabled: true },
  },
}
const config = configOf(SPEC, SHORT)
const series = seriesOfSpec(SPEC)

const check = (more: Partial<LookaheadCheck> = {}) =>
  checkLookahead({
    config,
    deciders: () => speakers(config),
    tape: sourceOf(config, series),
    samples: 4,
    seed: 1,
    ...more,
  })

/** The close of the next bar stands in the row of this one: a join by the wrong end of a bar. */
const joinedLate: Loader = (rows) =>
  rows.map((one): TapeSeries => {
    if (one.kind !== 'bars') return one
    const { close } = one.rows
    return { ...one, rows: { ...one.rows, close: close.map((value, i) => close[i + 1] ?? value) } }
  })

describe('the check of look-ahead', () => {
  it('passes the signals, on gaps, late listings and early ends', async () => {
    const results = await check({ samples: 8 })
    expect(results.map(({ signal, leaking, leak }) => [signal, leaking, leak])).toEqual(
      results.map(({ signal }) => [signal, 0, undefined]),
    )
    const compared = new Map(results.map(({ signal, compared: words }) => [signal, words]))
    for (const name of ['tsmom', 'donchian', 'meanrev'])
      expect(compared.get(`signal/${name}`), name).toBeGreaterThan(20)
  })

  it('catches a loader that joins by the wrong end of a bar', async () => {
    const results = await check({ tape: sourceOf(config, series, joinedLate) })
    const tsmom = results.find(({ signal }) => signal === 'signal/tsmom')
    expect(tsmom?.leaking).toBeGreaterThan(0)
    const { instant, withFuture, without } = tsmom!.leak!
    expect(withFuture).not.toBe(without)
    for (const text of [withFuture, without])
      if (text !== undefined) expect((JSON.parse(text) as { ts: number }).ts).toBeLessThanOrEqual(instant)
  })

  it.each([
    ['peeks at the next bar', peeksAtNextBar],
    ['normalises over the whole sample', normalisesOverAll],
  ])('catches a decider that %s, and blames nobody else', async (_, make) => {
    const results = await check({
      deciders: (plan) => {
        const cheats = make(config, plan)
        return speakers(config).map((decider) => cheats.find(({ name }) => name === decider.name) ?? decider)
      },
    })
    const guilty = results.filter(({ leaking }) => leaking > 0)
    expect(guilty.map(({ signal }) => signal)).toEqual(['signal/tsmom'])
    expect(guilty[0]!.leak?.withFuture).toContain('SignalChanged')
  })

  it('catches a module that remembers from one run to the next', async () => {
    let highest = 0
    const rules: BarSignalRules<object> = {
      version: '1',
      interval: '1d',
      warmupDays: 1,
      create: () => ({}),
      onBar(_memory, bar) {
        highest = Math.max(highest, bar.close)
        return { side: bar.close > 0.7 * highest ? 'long' : 'flat', reason: 'near-the-top', targetWeight: 0.1 }
      },
    }
    const own = ownSignal(SPEC, 'remembers', rules)
    const results = await check({ config: own, deciders: () => speakers(own), tape: sourceOf(own, series) })
    expect(results).toMatchObject([{ signal: 'signal/remembers' }])
    expect(results[0]!.leaking).toBeGreaterThan(0)
  })

  it('says the same again, and tells how far it is', async () => {
    const seen: string[] = []
    const once = await check({ samples: 2, onProgress: (done, of) => seen.push(`${done}/${of}`) })
    expect(seen).toEqual(['0/5', '1/5', '2/5', '3/5', '4/5', '5/5'])
    expect(await check({ samples: 2 })).toEqual(once)
  })
})

describe('samples', () => {
  const plan = planTape(config, series)

  it('are spread over the tape, differ by seed, and never fall on its end', () => {
    const instants = sampled(plan, [], 10, 1)
    expect(instants).toHaveLength(10)
    expect([...instants].sort((a, b) => a - b)).toEqual(instants)
    expect(instants.at(-1)).toBeLessThan(plan.merged.instants.at(-1)!)
    expect(sampled(plan, [], 10, 2)).not.toEqual(instants)
    expect(sampled(plan, [], 10, 1)).toEqual(instants)
  })
})

describe('samples of signals that speak seldom', () => {
  it('fall on their words in turn', () => {
    const plan = planTape(config, series)
    const [seldom, never] = [[plan.merged.instants[500]!], []]
    const instants = sampled(plan, [seldom, never], 10, 1)
    expect(instants).toContain(seldom[0])
    expect(instants).toHaveLength(6)
  })
})

describe('another future', () => {
  const rows = {
    ts: Float64Array.of(1, 2, 3),
    availableAt: Float64Array.of(2, 3, 4),
    rate: Float64Array.of(0.01, 0.02, 0.03),
    name: ['a', 'b', 'c'],
  } as unknown as Rows

  it('hides every row that became known behind the instant, texts too', () => {
    expect(changed({ kind: 'funding' }, rows, 'truncated', 3)).toMatchObject({ name: ['a', 'b'] })
    expect(changed({ kind: 'funding' }, rows, 'truncated', 1).ts).toHaveLength(0)
  })

  it('alters what was seen behind it, and neither its time nor what came before', () => {
    const other = changed({ kind: 'funding' }, rows, 'altered', 3)
    expect(other.ts).toEqual(rows.ts)
    expect((other.rate as Float64Array).slice(0, 2)).toEqual((rows.rate as Float64Array).slice(0, 2))
    expect((other.rate as Float64Array)[2]).toBeLessThan(0)
  })
})
