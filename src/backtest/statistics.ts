/**
 * Owns the statistics of a backtest: portfolio, each signal alone, each symbol, contributions, verdicts, and the trials to
 * record. Pure: recordings in, numbers out.
 */

import { periodSharpe } from '#quant/performance'
import type { BacktestRecording } from './recording.js'
import { returnsOnEquity } from './series.js'
import { DAYS_A_YEAR, type Summary, summariseBook, symbolBook, wholeBook } from './statistics-summary.js'
import { judge, type Verdict } from './statistics-verdict.js'
import { countTrials, type TrialRecord, type Trials } from './trials.js'

/** A signal alone through risk and costs. */
export interface StandAlone {
  readonly signal: string
  readonly recording: BacktestRecording
  /** Identity of the evaluation, where it differs from the portfolio's. */
  readonly configHash?: string
}

export interface StatisticsOptions {
  readonly configHash: string
  /** Seeds the bootstrap. */
  readonly seed: number
  /** Trials recorded before this run; the run counts itself. */
  readonly trials: Trials
  readonly standAlone: readonly StandAlone[]
}

/** A signal's part of the blended book (attribution.ts). The lines add up to the profit of the portfolio. */
export interface Contribution {
  /** Name of the signal, or {@link RESIDUAL}. */
  readonly signal: string
  /** Quote. */
  readonly profit: number
  /** Of the starting capital. */
  readonly onCapital: number
  /** Annual Sharpe ratio of its daily profit on NAV; null where it does not vary. */
  readonly sharpe: number | null
}

export const RESIDUAL = 'risk & rounding'
export const PORTFOLIO = 'portfolio'

export interface Judged extends Summary {
  readonly verdict: Verdict
}

export interface BacktestStatistics {
  readonly portfolio: Judged
  readonly signals: readonly Judged[]
  readonly symbols: readonly Summary[]
  readonly contributions: readonly Contribution[]
  /** To append to the record of trials: one for the portfolio, one a signal alone. */
  readonly trials: readonly Omit<TrialRecord, 'fingerprint'>[]
}

/** Statistics of a run. About 0.1 s a book of 7 years, for the bootstrap. */
export function summarise(recording: BacktestRecording, options: StatisticsOptions): BacktestStatistics {
  const { configHash, standAlone, trials, seed } = options
  const judged = (name: string, own: BacktestRecording, hash: string): Judged => {
    const summary = summariseBook(
      wholeBook(name, own),
      (sharpePerPeriod) => countTrials(trials, { signal: name, configHash: hash, sharpePerPeriod }),
      seed,
    )
    return { ...summary, verdict: judge(summary, own) }
  }
  const portfolio = judged(PORTFOLIO, recording, configHash)
  const signals = standAlone.map((alone) => judged(alone.signal, alone.recording, alone.configHash ?? configHash))
  const once = { trials: portfolio.trials, variance: null }
  const symbols = recording.instruments.map((_, i) => {
    const summary = summariseBook(symbolBook(recording, i), () => once, seed)
    return { ...summary, dsr: null } // trials are not kept by symbol
  })
  return {
    portfolio,
    signals,
    symbols,
    contributions: contributions(recording),
    trials: [
      trialOf(portfolio, configHash),
      ...signals.map((summary, s) => trialOf(summary, standAlone[s]!.configHash ?? configHash)),
    ],
  }
}

function contributions(recording: BacktestRecording): Contribution[] {
  return recording.contribution.map((profits, k) => {
    const perPeriod = periodSharpe(Array.from(returnsOnEquity(profits, recording.equity)))
    const profit = profits.reduce((sum, value) => sum + value, 0)
    return {
      signal: recording.signals[k] ?? RESIDUAL,
      profit,
      onCapital: profit / recording.capital,
      sharpe: perPeriod === null ? null : perPeriod * Math.sqrt(DAYS_A_YEAR),
    }
  })
}

function trialOf(summary: Summary, configHash: string): Omit<TrialRecord, 'fingerprint'> {
  return {
    configHash,
    signal: summary.name,
    from: summary.from,
    to: summary.to,
    sharpePerPeriod: summary.sharpePerPeriod,
    periods: summary.days,
    skew: summary.skew,
    kurt: summary.kurtosis,
  }
}

/** `{ portfolio, signals: { tsmom: … }, symbols: { … }, contributions }` for `--json`. Null-prototype: names are untrusted. */
export function statisticsJson(stats: BacktestStatistics): {
  portfolio: Judged
  signals: Record<string, Judged & { readonly contribution: Contribution | null }>
  symbols: Record<string, Summary>
  contributions: readonly Contribution[]
} {
  const signals: Record<string, Judged & { readonly contribution: Contribution | null }> = Object.create(null)
  for (const summary of stats.signals) {
    const contribution = stats.contributions.find(({ signal }) => signal === summary.name) ?? null
    signals[summary.name] = { ...summary, contribution }
  }
  const symbols: Record<string, Summary> = Object.create(null)
  for (const summary of stats.symbols) symbols[summary.name] = summary
  return { portfolio: stats.portfolio, signals, symbols, contributions: stats.contributions }
}
