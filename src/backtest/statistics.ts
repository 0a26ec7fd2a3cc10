/**
 * Owns the statistics of a backtest: portfolio, each signal alone, each symbol, contributions, verdicts, and the trials to
 * record. Pure: recordings in, numbers out.
 */

import { periodSharpe } from '#quant/performance'
import type { BacktestRecording } from './recording.js'
import { returnsOnBase } from './series.js'
import { type BlenderVerdict, blenderVerdict, type OverlayEffect, overlayEffect } from './statistics-blend.js'
import { type Correlations, correlationsOf } from './statistics-correlation.js'
import {
  CARRY_GATE,
  CARRY_WINDOW,
  type CarryFigures,
  carryFigures,
  liveDays,
  type SignalFigures,
  signalFigures,
  silentRecording,
  speechOf,
  windowDays,
} from './statistics-signal.js'
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
  /** Signals without a book alone, because they never had data: told as such, never left out. */
  readonly untested?: readonly string[]
  /** The blended book without an overlay, one each. */
  readonly withoutOverlay?: readonly StandAlone[]
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

/** The roadmap's claim on carry: its window by itself. */
export interface CarryWindow {
  readonly from: string
  readonly to: string
  readonly summary: Summary
  readonly figures: CarryFigures
  readonly verdict: Verdict
}

export interface JudgedSignal extends Judged {
  readonly figures: SignalFigures
  /** Of carry alone, where the window lies inside the span. */
  readonly window: CarryWindow | null
}

export interface BacktestStatistics {
  readonly portfolio: Judged
  readonly signals: readonly JudgedSignal[]
  readonly overlays: readonly OverlayEffect[]
  readonly blender: BlenderVerdict
  readonly correlations: Correlations
  readonly symbols: readonly Summary[]
  readonly contributions: readonly Contribution[]
  /** To append to the record of trials: one for the portfolio, one a signal alone. */
  readonly trials: readonly Omit<TrialRecord, 'fingerprint'>[]
}

/** Statistics of a run. About 0.1 s a book of 7 years, for the bootstrap. */
export function summarise(recording: BacktestRecording, options: StatisticsOptions): BacktestStatistics {
  const { configHash, standAlone, trials, seed } = options
  const counted = (name: string, own: BacktestRecording, hash: string, live?: Float64Array): Summary =>
    summariseBook(
      wholeBook(name, own, live),
      (sharpePerPeriod) => countTrials(trials, { signal: name, configHash: hash, sharpePerPeriod }),
      seed,
    )
  const whole = counted(PORTFOLIO, recording, configHash)
  const portfolio: Judged = { ...whole, verdict: judge(whole, recording) }
  const alone = (signal: string, own: BacktestRecording, hash: string): JudgedSignal => {
    const live = liveDays(own, signal)
    const summary = counted(signal, own, hash, live)
    const window = signal === 'carry' ? carryWindow(own, live, (days) => counted(signal, own, hash, days)) : null
    const figures = signalFigures(signal, own)
    const verdict = judge(summary, own, { speech: speechOf(own, signal), figures })
    return { ...summary, verdict: window === null ? verdict : ofClaim(window.verdict, verdict), figures, window }
  }
  const placeOf = (signal: string): number => {
    const k = recording.signals.indexOf(signal)
    return k < 0 ? recording.signals.length : k
  }
  const signals = [
    ...standAlone.map((one) => alone(one.signal, one.recording, one.configHash ?? configHash)),
    ...(options.untested ?? []).map((signal) => alone(signal, silentRecording(recording, signal), configHash)),
  ].sort((a, b) => placeOf(a.name) - placeOf(b.name))
  const without = (options.withoutOverlay ?? []).map(({ signal, recording: own, configHash: hash = configHash }) => ({
    signal,
    hash,
    summary: counted(PORTFOLIO, own, hash),
  }))
  const once = { trials: portfolio.trials, variance: null }
  const symbols = recording.instruments.flatMap(({ isLeg }, i) => {
    const book = symbolBook(recording, i)
    if (isLeg === true && book.trades === 0) return []
    return [{ ...summariseBook(book, () => once, seed), dsr: null }] // trials are not kept by symbol
  })
  return {
    portfolio,
    signals,
    overlays: without.map(({ signal, summary }) => overlayEffect(signal, recording, portfolio, summary)),
    blender: blenderVerdict(portfolio, signals),
    correlations: correlationsOf(standAlone),
    symbols,
    contributions: contributions(recording),
    trials: [
      trialOf(portfolio, configHash),
      ...standAlone.map((one) =>
        trialOf(signals.find(({ name }) => name === one.signal)!, one.configHash ?? configHash),
      ),
      // A look at the book without an overlay is a look at another configuration.
      ...without.filter(({ hash }) => hash !== configHash).map(({ summary, hash }) => trialOf(summary, hash)),
    ],
  }
}

/** The claim on carry is about its window: that is the verdict, what the whole span says stands beside it. */
function ofClaim(claim: Verdict, whole: Verdict): Verdict {
  return { kind: claim.kind, text: `${claim.text} | the whole span, which is not the claim: ${whole.text}` }
}

function carryWindow(
  own: BacktestRecording,
  live: Float64Array | undefined,
  counted: (days: Float64Array) => Summary,
): CarryWindow | null {
  const days = windowDays(own, live ?? new Float64Array(own.days).fill(1))
  if (days === undefined) return null
  const summary = counted(days)
  const figures = carryFigures(own, days)
  const isEmpty = days.every((value) => value === 0)
  const verdict: Verdict = isEmpty
    ? { kind: 'NOT TESTABLE', text: `NOT TESTABLE - no funding in ${CARRY_WINDOW.from} to ${CARRY_WINDOW.to}` }
    : judge(summary, own, {
        gate: CARRY_GATE,
        figures: { ...signalFigures('carry', own), carry: figures },
        isPart: true,
      })
  return { ...CARRY_WINDOW, summary, figures, verdict }
}

/** Overlays take no position: what they do is told by the book without them. */
function contributions(recording: BacktestRecording): Contribution[] {
  const lines = recording.contribution.map((profits, k) => {
    const perPeriod = periodSharpe(Array.from(returnsOnBase(profits, recording.bases)))
    const profit = profits.reduce((sum, value) => sum + value, 0)
    return {
      signal: recording.signals[k] ?? RESIDUAL,
      profit,
      onCapital: profit / recording.capital,
      // What is left by rounding has no ratio.
      sharpe:
        perPeriod === null || profits.every((p) => Math.abs(p) < 1e-4) ? null : perPeriod * Math.sqrt(DAYS_A_YEAR),
    }
  })
  return lines.filter(({ signal }) => !recording.overlays.includes(signal))
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

type SignalJson = JudgedSignal & {
  readonly contribution: Contribution | null
  readonly correlations: Record<string, number | null>
}

/** `{ portfolio, signals: { tsmom: … }, overlays, blender, correlations, symbols: { … }, contributions }` for `--json`. Null-prototype: names are untrusted. */
export function statisticsJson(stats: BacktestStatistics): {
  portfolio: Judged
  signals: Record<string, SignalJson>
  overlays: Record<string, OverlayEffect>
  blender: BlenderVerdict
  correlations: Correlations
  symbols: Record<string, Summary>
  contributions: readonly Contribution[]
} {
  const signals: Record<string, SignalJson> = Object.create(null)
  for (const summary of stats.signals) {
    const contribution = stats.contributions.find(({ signal }) => signal === summary.name) ?? null
    const row = stats.correlations.matrix[stats.correlations.signals.indexOf(summary.name)] ?? []
    const correlations: Record<string, number | null> = Object.create(null)
    row.forEach((value, s) => {
      const other = stats.correlations.signals[s]!
      if (other !== summary.name) correlations[other] = value
    })
    signals[summary.name] = { ...summary, contribution, correlations }
  }
  const overlays: Record<string, OverlayEffect> = Object.create(null)
  for (const effect of stats.overlays) overlays[effect.signal] = effect
  const symbols: Record<string, Summary> = Object.create(null)
  for (const summary of stats.symbols) symbols[summary.name] = summary
  const { portfolio, blender, correlations, contributions } = stats
  return { portfolio, signals, overlays, blender, correlations, symbols, contributions }
}
