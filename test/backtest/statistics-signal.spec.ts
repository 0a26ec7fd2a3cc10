import { describe, expect, it } from 'vitest'
import { Recorder } from '#backtest/recorder'
import type { BacktestRecording, RecordedSpeech } from '#backtest/recording'
import { renderReport } from '#backtest/report'
import { type StatisticsOptions, statisticsJson, summarise } from '#backtest/statistics'
import { billRate, billReturns } from '#backtest/statistics-bills'
import { carryFigures, liveDays, signalFigures } from '#backtest/statistics-signal'
import { renderTables } from '#backtest/table'
import { DAY_MS } from '#core/time'
import { NO_TRIALS } from '#data/trials'
import { mean } from '#quant/moments'
import { performance } from '#quant/performance'
import { event } from '../given.js'
import { chain, named } from './package-events.js'
import { START, syntheticRecording } from './recorded.js'

const OPTIONS: StatisticsOptions = { configHash: 'c', seed: 5, trials: NO_TRIALS, standAlone: [] }
const PERP = 'test.usdm.BTCUSDT'
const says = (reason: string, side: 'long' | 'short' | 'flat', signal = 'tsmom') =>
  event('SignalChanged', {
    signal,
    instrument: PERP,
    side,
    reason,
    strength: 0,
    confidence: 1,
    targetWeight: side === 'flat' ? 0 : 0.1,
    asOf: 1,
    validUntil: 2,
    price: 1,
    terms: [],
    inputs: [],
  })

/** A recorder whose days all end at the capital. */
function quiet(signals: readonly string[], only: Record<string, readonly string[]> = {}) {
  const made = new Recorder({ start: START, capital: 1000, instruments: [{ id: PERP }], signals, only })
  made.marks[0] = 100
  let day = 0
  return { made, night: () => made.day(START + ++day * DAY_MS, 1000) }
}

const live = (speech: readonly RecordedSpeech[], signal: string): number[] => [
  ...speech.find((own) => own.signal === signal)!.live,
]

describe('days on which a signal had data', () => {
  it('go from an eligible opinion until it says that it has none', () => {
    const { made, night } = quiet(['tsmom'])
    made.observe(says('warming-up', 'flat'))
    night()
    made.observe(says('momentum', 'long'))
    night()
    night()
    made.observe(says('stale', 'flat'))
    night()
    night()
    const { speech } = made.finish()
    expect(live(speech, 'tsmom')).toEqual([0, 1, 1, 1, 0])
    expect(speech[0]!.triggers).toEqual([
      ['entry: momentum', 1],
      ['exit: stale', 1],
    ])
  })

  it('of packages are those with an input of their kind, for a flat package is not spoken of', () => {
    const { made, night } = quiet(['carry', 'dispersion', 'basis', 'vrp', 'skew'], { carry: [PERP] })
    const funding = (instrument: string, proxy = false) =>
      made.observe(event('FundingSettled', { instrument, settledAt: 1, rate: 1e-4, intervalHours: 8, proxy }))
    funding(PERP, true) // a stand-in is no datum
    night()
    funding(PERP)
    night()
    funding('other.usdm.BTCUSDT') // not one of carry's
    funding('third.usdm.BTCUSDT')
    night()
    made.observe(event('MarkChanged', { instrument: 'deribit.future.BTC-27MAR26', mark: 1, index: null, at: 1 }))
    made.observe(event('MarkChanged', { instrument: PERP, mark: 1, index: null, at: 1 }))
    night()
    made.observe(chain({}))
    night()
    const { speech } = made.finish()
    expect(live(speech, 'carry')).toEqual([0, 1, 0, 0, 0])
    expect(live(speech, 'dispersion')).toEqual([0, 0, 1, 0, 0])
    expect(live(speech, 'basis')).toEqual([0, 0, 0, 1, 0])
    expect(live(speech, 'vrp')).toEqual([0, 0, 0, 0, 1])
    expect(live(speech, 'skew')).toEqual([0, 0, 0, 0, 1])
  })

  it('count entries, turns, sizes, exits, warnings, regimes and legs that did not match', () => {
    const { made, night } = quiet(['carry', 'oi', 'mvrv'])
    made.observe(named('carry/BTC', [], 0.1, 'carry'))
    made.observe(named('carry/BTC', [], 0.15, 'carry'))
    made.observe(named('carry/BTC', [], 0, 'reversed'))
    made.observe(says('new-longs', 'long', 'oi'))
    made.observe(says('new-shorts', 'short', 'oi'))
    const warning = { signal: 'oi', instrument: PERP, asOf: 1, terms: [], inputs: [] }
    made.observe(event('CascadeWarningChanged', { ...warning, isOn: true, isConfirmed: true }))
    const factors = { longFactor: 0.5, shortFactor: 1, blocksNewLongs: true, blocksShorts: false }
    const regime = { signal: 'mvrv', ...factors, asOf: 1, validUntil: 2, terms: [], inputs: [] }
    made.observe(event('RegimeChanged', { ...regime, regime: 'euphoria' }))
    const imbalance = { package: 'carry/BTC', signal: 'carry', excessDelta: 1, excessWeight: 0.1, tolerance: 0.01 }
    made.observe(
      event('PackageImbalanced', { ...imbalance, attempts: 1, action: 'completes', legs: [], isHalted: false }),
    )
    night()
    const [carry, oi, mvrv] = made.finish().speech
    expect(Object.fromEntries(carry!.triggers)).toEqual({ 'entry: carry': 1, resize: 1, 'exit: reversed': 1 })
    expect(carry!.legging).toEqual([['completes', 1]])
    expect(Object.fromEntries(oi!.triggers)).toEqual({
      'entry: new-longs': 1,
      'turn: new-shorts': 1,
      'warning: on': 1,
      'warning: confirmed': 1,
    })
    expect(mvrv!.triggers).toEqual([['regime: euphoria', 1]])
    expect([...mvrv!.live]).toEqual([1])
  })
})

/** A recording of an equity curve with one signal that had data on some days. */
function curve(equity: readonly number[], days: readonly number[], signal = 'tsmom', accrued: readonly number[] = []) {
  const made = syntheticRecording({ days: equity.length - 1, signals: [signal] })
  const flat = new Float64Array(equity.length)
  const own: BacktestRecording = {
    ...made,
    capital: equity[0]!,
    equity: Float64Array.from(equity),
    bases: Float64Array.from(equity.slice(0, -1)),
    gross: flat,
    accrued: Float64Array.from({ length: equity.length - 1 }, (_, d) => accrued[d] ?? 0),
    speech: [{ signal, live: Float64Array.from(days), needs: null, reasons: [], triggers: [], legging: [] }],
  }
  return own
}

describe('a signal over its own days', () => {
  it('is judged over the days with data, and says so', () => {
    const own = curve([100, 100, 101, 102, 101, 101], [0, 1, 1, 1, 0])
    const [judged] = summarise(own, { ...OPTIONS, standAlone: [{ signal: 'tsmom', recording: own }] }).signals
    const returns = [0.01, 102 / 101 - 1, 101 / 102 - 1]
    expect([...liveDays(own, 'tsmom')!]).toEqual([0, 1, 1, 1, 0])
    expect(judged!.sharpe).toBeCloseTo(performance(returns, 365).sharpe!, 12)
    expect(judged).toMatchObject({ days: 3, calendarDays: 5, from: '2022-01-02', to: '2022-01-04' })
    expect(judged!.verdict.text).toContain('(3 days with data of 5)')
    expect(judged!.figures.sharpeCalendar).toBeCloseTo(performance([0, ...returns, 0], 365).sharpe!, 12)
  })

  it('is NOT TESTABLE without any, whatever the reason, and never left out', () => {
    const recording = (speech: Partial<RecordedSpeech>): BacktestRecording => ({
      ...curve([100, 100, 100], [0, 0], 'vrp'),
      speech: [
        { signal: 'vrp', live: new Float64Array(2), needs: null, reasons: [], triggers: [], legging: [], ...speech },
      ],
    })
    const verdict = (own: BacktestRecording) => summarise(own, { ...OPTIONS, untested: ['vrp'] }).signals[0]!.verdict
    expect(verdict(recording({ needs: 'option chains' }))).toMatchObject({
      kind: 'NOT TESTABLE',
      text: expect.stringContaining('no option chains on the tape'),
    })
    expect(verdict(recording({})).text).toContain('it never spoke')
    const warming = verdict(recording({ reasons: [['warming-up', 3]] }))
    expect(warming).toMatchObject({ kind: 'NOT TESTABLE', text: expect.stringContaining('warming-up 3') })
  })

  it('fails with data and no trade', () => {
    const own = { ...curve([100, 100, 100], [1, 1], 'vrp'), fills: [], packages: [], trips: [] }
    const [judged] = summarise(own, { ...OPTIONS, standAlone: [{ signal: 'vrp', recording: own }] }).signals
    expect(judged!.verdict).toMatchObject({ kind: 'FAIL', text: expect.stringContaining('never traded') })
  })

  it('of an equity with deposits takes returns that are time-weighted', () => {
    const own = curve([100, 210, 210], [1, 1])
    const moved = { ...own, transfers: Float64Array.of(100, 0), returns: Float64Array.of(0.05, 0) }
    expect(summarise(moved, OPTIONS).portfolio.totalReturn).toBeCloseTo(0.05, 12)
  })
})

describe('the carry class', () => {
  const equity = [100, 100.1, 100.05, 100.2]
  const own = curve(equity, [1, 1, 1], 'carry', [0.1, 0.1, 0.2])

  it('is marked to market, held against bills, and its accruals are told apart', () => {
    const figures = carryFigures(own, Float64Array.of(1, 1, 1))
    const returns = [0.1 / 100, 100.05 / 100.1 - 1, 100.2 / 100.05 - 1]
    expect(figures.sharpe).toBeCloseTo(performance(returns, 365).sharpe!, 10)
    expect(figures.annualReturn).toBeCloseTo(mean(returns)! * 365, 10)
    expect(figures.billsReturn).toBeCloseTo(0.02, 12) // 2022
    expect(figures.excessReturn).toBeCloseTo(mean(returns)! * 365 - 0.02, 10)
    const excess = returns.map((value) => value - 0.02 / 365)
    expect(figures.excessSharpe).toBeCloseTo(performance(excess, 365).sharpe!, 10)
    const accruals = [0.001, 0.1 / 100.1, 0.2 / 100.05]
    expect(figures.accrualOnlySharpe).toBeCloseTo(performance(accruals, 365).sharpe!, 8)
    expect(
      carryFigures({ ...own, accrued: new Float64Array(3) }, Float64Array.of(1, 1, 1)).accrualOnlySharpe,
    ).toBeNull()
  })

  it('is no pass on stand-ins, where both legs have one price, and a failure stays one', () => {
    const rising = curve(
      Array.from({ length: 400 }, (_, d) => 100 * Math.exp(d * 1e-4 + (d % 2) * 1e-5)),
      new Array(399).fill(1),
      'dispersion',
    )
    const none = new Float64Array(400)
    const sums = { fees: 0, slippage: 0, funding: 0, traded: 0, fills: 4, settlements: 0, legDays: 100 }
    const books = { signal: 'dispersion', packages: 1, profit: none, gross: none, net: none, ...sums }
    const judge = (recording: BacktestRecording, proxyDays: number) => {
      const alone = { ...recording, weights: recording.weights.map(() => none), packages: [{ ...books, proxyDays }] }
      return summarise(alone, { ...OPTIONS, standAlone: [{ signal: 'dispersion', recording: alone }] }).signals[0]!
    }
    expect(judge(rising, 5).verdict.kind).toBe('PASS')
    expect(judge(rising, 5).verdict.text).toContain('over bills')
    expect(judge(rising, 50).verdict).toMatchObject({
      kind: 'NOT TESTABLE',
      text: expect.stringContaining('50 % of its legs stood on the bars of another instrument'),
    })
    const falling = { ...rising, equity: rising.equity.map((value) => 1e4 / value) }
    expect(judge(falling, 50).verdict.kind).toBe('FAIL')
  })

  it('knows the bills of each year, and the nearest beyond the table', () => {
    expect([2019, 2023, 2010, 2040].map(billRate)).toEqual([0.021, 0.051, 0.021, 0.036])
    const days = billReturns(START - DAY_MS, 2)
    expect([...days]).toEqual([0.0005 / 365, 0.02 / 365])
  })

  it('has its window 2022–23 by itself, with the gate of the roadmap, where the span holds it', () => {
    const whole = Array.from({ length: 731 }, (_, d) => 100 * Math.exp(d * 1e-4 + (d % 2) * 1e-5))
    const long = curve(whole, new Array(730).fill(1), 'carry')
    const judge = (alone: BacktestRecording) =>
      summarise(alone, { ...OPTIONS, standAlone: [{ signal: 'carry', recording: alone }] }).signals[0]!
    const { window } = judge(long)
    expect(window!.summary).toMatchObject({ from: '2022-01-01', to: '2023-12-31', days: 730 })
    expect(window!.verdict.text).toContain('threshold 1,')
    expect(judge(long).verdict.kind).toBe(window!.verdict.kind)
    expect(judge(long).verdict.text).toContain('the whole span, which is not the claim')
    expect(judge(own).window).toBeNull()
    const gone = { ...long, speech: [{ ...long.speech[0]!, live: new Float64Array(730) }] }
    expect(judge(gone).window!.verdict.kind).toBe('NOT TESTABLE')
  })
})

describe('the blend and its overlays', () => {
  const up = curve([100, 101, 101.5, 103], [1, 1, 1], 'tsmom')
  const down = curve([100, 99.5, 99.6, 98], [1, 1, 1], 'donchian')
  const standAlone = [
    { signal: 'tsmom', recording: up },
    { signal: 'donchian', recording: down },
  ]

  it('is held against the mean of its signals', () => {
    const { blender, signals } = summarise(up, { ...OPTIONS, standAlone })
    const average = (signals[0]!.figures.sharpeCalendar! + signals[1]!.figures.sharpeCalendar!) / 2
    expect(blender.meanSharpe).toBeCloseTo(average, 12)
    expect(blender.verdict.kind).toBe('PASS')
    expect(summarise(down, { ...OPTIONS, standAlone }).blender.verdict.kind).toBe('FAIL')
    expect(summarise(up, OPTIONS).blender.verdict.kind).toBe('NOT TESTABLE')
  })

  it('tells what an overlay changed, with no gate to pass; one that never spoke is NOT TESTABLE', () => {
    const speech = { ...up.speech[0]!, signal: 'mvrv', triggers: [['regime: euphoria', 2]] as const }
    const withIt = { ...up, overlays: ['mvrv'], signals: ['tsmom', 'mvrv'], speech: [speech] }
    const without = { ...OPTIONS, withoutOverlay: [{ signal: 'mvrv', recording: down, configHash: 'd' }] }
    const stats = summarise(withIt, without)
    const [effect] = stats.overlays
    expect(effect!.difference.totalReturn).toBeCloseTo(0.03 + 0.02, 12)
    expect(effect!.verdict).toMatchObject({ kind: 'NO GATE', text: expect.stringContaining('return 5.00 points') })
    expect(stats.trials.map(({ configHash }) => configHash)).toEqual(['c', 'd'])
    const silent = { ...withIt, speech: [{ ...speech, live: new Float64Array(3), reasons: [], triggers: [] }] }
    expect(summarise(silent, without).overlays[0]!.verdict.kind).toBe('NOT TESTABLE')
  })

  it('shows correlations over common days, in the JSON by name', () => {
    const a = syntheticRecording({ days: 200, seed: 1 })
    const b = syntheticRecording({ days: 200, seed: 2 })
    const books = [a, b].map((recording, k) => ({ signal: ['tsmom', 'donchian'][k]!, recording }))
    const stats = summarise(a, { ...OPTIONS, standAlone: books })
    const { matrix, days } = stats.correlations
    expect(matrix[0]![0]).toBeCloseTo(1, 12)
    expect(matrix[0]![1]).toBe(matrix[1]![0])
    expect(days[0]![1]).toBe(200)
    expect(statisticsJson(stats).signals.tsmom!.correlations).toEqual({ donchian: matrix[0]![1] })
    expect(summarise(up, { ...OPTIONS, standAlone }).correlations.matrix[0]![1]).toBeNull() // three days
  })

  it('stand on screen and on the page, the same bytes for the same run', () => {
    const stats = summarise(up, { ...OPTIONS, standAlone, untested: ['vrp'] })
    const text = renderTables(stats, { width: 100, color: false })
    for (const words of ['Correlation of the signals', 'vrp: NOT TESTABLE', 'blender:']) expect(text).toContain(words)
    const meta = { runId: 'r', fingerprint: 'f', configHash: 'c', from: 'a', to: 'b', seed: 1, proxyShare: 0 }
    const page = renderReport(stats, up, { ...meta, absentFunding: [], standAlone })
    expect(page).toBe(renderReport(stats, up, { ...meta, absentFunding: [], standAlone }))
    expect(page).toContain('id="alone"')
    expect(signalFigures('tsmom', { ...up, weights: [], packages: [] }).proxyShare).toBeNull()
  })
})
