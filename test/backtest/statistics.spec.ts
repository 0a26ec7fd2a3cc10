import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BacktestRecording } from '#backtest/recording'
import { monthlyTable, returnsOf } from '#backtest/series'
import { type StatisticsOptions, statisticsJson, summarise } from '#backtest/statistics'
import { countTrials } from '#backtest/trials'
import { parseDay } from '#core/time'
import { appendTrials, NO_TRIALS, readTrials, type TrialRecord, trialsFile } from '#data/trials'
import { performance } from '#quant/performance'
import { deflatedSharpe, probabilisticSharpe } from '#quant/sharpe-inference'
import { sharedDir } from '../shared.js'
import { START, syntheticRecording } from './recorded.js'

const OPTIONS: StatisticsOptions = { configHash: 'c0ffee', seed: 5, trials: NO_TRIALS, standAlone: [] }

/** A recording of nothing but an equity curve. */
function curve(equity: readonly number[], days = equity.length - 1): BacktestRecording {
  const made = syntheticRecording({ days })
  const points = Float64Array.from(equity)
  return { ...made, capital: equity[0]!, equity: points, fills: made.fills.slice(0, 1), trips: [] }
}

const trial = (configHash: string, sharpePerPeriod: number | null, signal = 'portfolio'): TrialRecord => ({
  configHash,
  signal,
  from: '2022-01-01',
  to: '2022-12-31',
  fingerprint: 'f',
  sharpePerPeriod,
  periods: 365,
  skew: 0,
  kurt: 3,
})

describe('statistics of a backtest', () => {
  const recording = syntheticRecording({ days: 500, edge: 0.001 })
  const stats = summarise(recording, OPTIONS)

  it('are those of the quant room on all calendar days', () => {
    const returns = Array.from(returnsOf(recording.equity))
    const expected = performance(returns, 365)
    const { portfolio } = stats
    expect(portfolio.days).toBe(500)
    expect(portfolio.sharpe).toBe(expected.sharpe)
    expect(portfolio.sharpeSe).toBe(expected.sharpeStandardError)
    expect(portfolio.sharpeLo).toBe(expected.sharpeLo)
    expect(portfolio.sortino).toBe(expected.sortino)
    expect(portfolio.calmar).toBe(expected.calmar)
    expect(portfolio.annualVol).toBe(expected.annualVol)
    expect(portfolio.totalReturn).toBeCloseTo(recording.equity.at(-1)! / 1_000_000 - 1, 12)
    const { sharpePerPeriod: sr, skew, kurtosis } = portfolio
    expect(portfolio.psrGate).toBe(probabilisticSharpe(sr!, 0.8 / Math.sqrt(365), 500, skew!, kurtosis!))
    expect(portfolio.sharpeCi!.low).toBeLessThan(portfolio.sharpe!)
    expect(portfolio.sharpeCi!.high).toBeGreaterThan(portfolio.sharpe!)
  })

  const shared = sharedDir()
  it.skipIf(shared === undefined)('agree with the oracle of performance figures', () => {
    const oracle = JSON.parse(readFileSync(join(shared!, 'oracles/stats.json'), 'utf8')) as {
      cases: { id: string; inputs: { dailyReturns: number[] }; expected: Record<string, number> }[]
    }
    const { inputs, expected } = oracle.cases.find(({ id }) => id === 'perf')!
    const equity = [1]
    for (const r of inputs.dailyReturns) equity.push(equity.at(-1)! * (1 + r))
    const { portfolio } = summarise(curve(equity), OPTIONS)
    const pairs = [
      ['sharpe', 'sharpe'],
      ['sharpeSe', 'sharpeSEann'],
      ['sharpeLo', 'sharpeLo'],
      ['sortino', 'sortino'],
      ['calmar', 'calmar'],
      ['maxDrawdown', 'maxDD'],
      ['psr0', 'psr0'],
      ['totalReturn', 'totalReturn'],
      ['kurtosis', 'kurt'],
    ] as const
    for (const [ours, theirs] of pairs) expect(portfolio[ours], ours).toBeCloseTo(expected[theirs]!, 8)
  })

  it('date the drawdown by hand: peak, trough, recovery, the capital being a peak', () => {
    const { portfolio } = summarise(curve([100, 90, 95, 101, 100, 99, 102]), OPTIONS)
    expect(portfolio.drawdown).toEqual({
      depth: expect.closeTo(-0.1, 12),
      peak: '2021-12-31',
      trough: '2022-01-01',
      recovery: '2022-01-03',
    })
    expect(portfolio.maxDrawdown).toBeCloseTo(-0.1, 12)
    expect(summarise(curve([100, 120, 90]), OPTIONS).portfolio.drawdown).toMatchObject({
      peak: '2022-01-01',
      recovery: null,
    })
  })

  it('count turnover one way, an average of thirty days', () => {
    const two = { ...curve([100, 101, 100, 101]), traded: Float64Array.of(0.3, 0, 0.3) }
    expect(summarise(two, OPTIONS).portfolio.turnoverMonthly).toBeCloseTo(3, 12)
  })

  it('let symbols and contributions add up to the profit of the portfolio', () => {
    const profit = recording.equity.at(-1)! - recording.capital
    expect(stats.contributions.reduce((sum, line) => sum + line.profit, 0)).toBeCloseTo(profit, 3)
    expect(stats.contributions.map(({ signal }) => signal)).toEqual(['tsmom', 'donchian', 'risk & rounding'])
    for (const key of ['fees', 'slippage', 'funding', 'trades', 'roundTrips', 'turnoverMonthly'] as const)
      expect(stats.symbols.reduce((sum, symbol) => sum + symbol[key], 0)).toBeCloseTo(stats.portfolio[key], 6)
    expect(stats.portfolio.fees).toBeGreaterThan(0)
    expect(stats.portfolio.slippage).toBeGreaterThan(0)
  })

  it('hit rate counts closed round trips with a profit', () => {
    const trip = { instrument: 0, side: 'long', openedAt: START, closedAt: START } as const
    const trips = [
      { ...trip, profit: 5 },
      { ...trip, profit: 0 },
      { ...trip, profit: -1 },
      { ...trip, profit: 0.1 },
    ]
    expect(summarise({ ...recording, trips }, OPTIONS).portfolio).toMatchObject({ hitRate: 0.5, roundTrips: 4 })
    expect(summarise({ ...recording, trips: [] }, OPTIONS).portfolio.hitRate).toBeNull()
  })

  it('say null and why where nothing varies, never 0', () => {
    const flat = { ...curve([100, 100, 100, 100]), fills: [] }
    const { portfolio } = summarise(flat, OPTIONS)
    expect(portfolio).toMatchObject({ sharpe: null, sharpeCi: null, dsr: null, undefinedBecause: 'never traded' })
    expect(portfolio.totalReturn).toBe(0)
  })

  it('are the same for the same seed and differ in the interval alone for another', () => {
    expect(summarise(recording, OPTIONS)).toEqual(stats)
    const other = summarise(recording, { ...OPTIONS, seed: 6 }).portfolio
    expect(other.sharpeCi).not.toEqual(stats.portfolio.sharpeCi)
    expect(other.sharpe).toBe(stats.portfolio.sharpe)
  })

  it('carry signals alone next to what they gave to the blend, under names that are data', () => {
    const alone = syntheticRecording({ days: 300, seed: 3 })
    const standAlone = [
      { signal: 'tsmom', recording: alone },
      { signal: '__proto__', recording: alone },
    ]
    const json = statisticsJson(summarise(recording, { ...OPTIONS, standAlone }))
    expect(json.signals.tsmom!.days).toBe(300)
    expect(json.signals.tsmom!.contribution!.profit).toBe(stats.contributions[0]!.profit)
    expect(Object.keys(json.signals)).toEqual(['tsmom', '__proto__'])
  })
})

describe('monthly table', () => {
  it('compounds by calendar month and leaves months outside the span empty', () => {
    const rows = monthlyTable(parseDay('2021-12-30')!, Float64Array.of(0.1, 0.1, 0.5, -0.5))
    expect(rows.map(({ year }) => year)).toEqual([2021, 2022])
    expect(rows[0]!.months[11]).toBeCloseTo(0.21, 12)
    expect(rows[1]!.months[0]).toBeCloseTo(-0.25, 12)
    expect(rows[0]!.months.slice(0, 11)).toEqual(new Array(11).fill(null))
    expect(rows[1]!.total).toBeCloseTo(-0.25, 12)
  })
})

describe('deflation by trials', () => {
  it('counts distinct configurations of the signal, the run in hand included', () => {
    const trials = [trial('a', 0.1), trial('a', 0.2), trial('b', null), trial('c', 0.4, 'tsmom')]
    const current = { signal: 'portfolio', configHash: 'd', sharpePerPeriod: 0.3 }
    expect(countTrials({ trials, damaged: 0 }, current)).toEqual({ trials: 3, variance: expect.closeTo(0.005, 12) })
    expect(countTrials({ trials, damaged: 2 }, current).trials).toBe(5)
    expect(countTrials({ trials, damaged: 0 }, { ...current, configHash: 'a' })).toEqual({ trials: 2, variance: null })
  })

  it('deflates with the scatter of the trials; a first look is not deflated', () => {
    const recording = syntheticRecording({ days: 500, edge: 0.001 })
    const first = summarise(recording, OPTIONS).portfolio
    expect(first.trials).toBe(1)
    expect(first.dsr).toBeCloseTo(first.psr0!, 14)
    const trials = { trials: [trial('a', 0.02), trial('b', -0.03), trial('c', 0.05)], damaged: 0 }
    const looked = summarise(recording, { ...OPTIONS, trials }).portfolio
    const { variance } = countTrials(trials, {
      signal: 'portfolio',
      configHash: 'd',
      sharpePerPeriod: first.sharpePerPeriod,
    })
    expect(looked.trials).toBe(4)
    expect(looked.dsr).toBe(deflatedSharpe(first.sharpePerPeriod!, variance!, 4, 500, first.skew!, first.kurtosis!))
    expect(looked.dsr!).toBeLessThan(first.dsr!)
  })
})

describe('verdicts', () => {
  const verdict = (recording: BacktestRecording, trials = NO_TRIALS) =>
    summarise(recording, { ...OPTIONS, trials }).portfolio.verdict
  const rising = (up: number, down: number) => {
    const equity = [1000]
    for (let d = 0; d < 600; d++) equity.push(equity.at(-1)! * (1 + (d % 2 === 0 ? up : -down)))
    return curve(equity)
  }

  it('pass only with the deflated ratio behind the point estimate', () => {
    expect(verdict(rising(0.02, 0.01)).kind).toBe('PASS')
    const trials = { trials: [trial('a', -1), trial('b', 2), trial('c', 0.5)], damaged: 0 }
    expect(verdict(rising(0.02, 0.01), trials).kind).toBe('point pass, not significant')
    expect(verdict(rising(0.01, 0.02)).kind).toBe('FAIL')
  })

  it('fail in the fixed words, with the numbers', () => {
    expect(verdict(rising(0.01, 0.02)).text).toMatch(
      /^FAIL - measured Sharpe -[\d.]+ \[-[\d.]+, -[\d.]+\], threshold 0.8, period 2022-01-01 to 2023-08-23, universe .+, costs \d+ .+, trials 1, DSR 0\.000; not tuned after the fact$/,
    )
  })

  it('without data are NOT TESTABLE, with data and no trade they fail', () => {
    const flat = { ...curve(new Array(100).fill(1000)), fills: [] }
    const silent = { ...flat, signalChanges: [['tsmom: warming-up', 2]] as const }
    expect(verdict(silent).kind).toBe('NOT TESTABLE')
    expect(verdict({ ...flat, marks: [new Float64Array(100).fill(Number.NaN)] }).kind).toBe('NOT TESTABLE')
    const spoke = verdict({ ...flat, signalChanges: [['tsmom: neutral', 1]] })
    expect(spoke.text).toContain('FAIL - measured Sharpe undefined (never traded)')
  })
})

describe('record of trials', () => {
  let home = ''
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'quantbot-trials-'))
  })
  afterEach(() => {
    rmSync(home, { recursive: true })
  })

  it('gives back what was appended, and nothing where there is no file', () => {
    expect(readTrials(home)).toEqual(NO_TRIALS)
    const first = { ...trial('a', 0.1), at: '2024-01-01T00:00:00.000Z' }
    appendTrials(home, [first, trial('b', null)])
    appendTrials(home, [trial('c', -0.2)])
    expect(readTrials(home)).toEqual({ trials: [first, trial('b', null), trial('c', -0.2)], damaged: 0 })
  })

  it('counts a torn or edited line as damage, and damages no other', () => {
    appendTrials(home, [trial('a', 0.1)])
    appendFileSync(trialsFile(home), '{"configHash":"b","sig')
    expect(readTrials(home).damaged).toBe(1)
    appendTrials(home, [trial('c', 0.3)])
    appendFileSync(trialsFile(home), '{"configHash":"d"}\n')
    expect(readTrials(home)).toEqual({ trials: [trial('a', 0.1), trial('c', 0.3)], damaged: 2 })
  })
})
