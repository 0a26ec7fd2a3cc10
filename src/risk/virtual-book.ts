/**
 * Owns what risk knows about returns: daily returns of the instruments (streaming covariance) and of the blended VIRTUAL
 * book — the targets of the blender before risk, times daily returns — on which Kelly rests. Must never look at fills.
 */
import type { RiskConfig } from '#core/config/schema'
import type { EpochMs } from '#core/time'
import { createEwmaCovariance, type EwmaCovarianceState, updateEwmaCovariance } from '#quant/ewma-covariance'
import { mean, standardDeviation } from '#quant/moments'
import { kellyEstimate, kellyFraction, kellyLeverage } from './kelly.js'

const DAYS_A_YEAR = 365
/** Days of the virtual book behind Kelly; less history gives 1× (methods, section 14). */
export const KELLY_DAYS = 365
/** Daily returns below which an instrument's own variance is not believed [D]. */
export const LEAST_RETURNS = 30
/** Annual volatility assumed of an instrument with fewer returns [D: a young coin, on the high side]. */
export const ASSUMED_VOL = 0.8
/** Least annual volatility believed [D, as for the signals]. */
const VOL_FLOOR = 0.05

interface DailySeries {
  lastClose: number
  lastOpenTime: EpochMs
  /** Return of the day that is closing, and whether there is one. */
  dayReturn: number
  fresh: boolean
  /** Target since the last close of a day: what earns the day's return. */
  dayTarget: number
  returns: number
  /** Σ λ^age of the days on which it had a return: the covariance counts the others as 0 and is corrected by this. */
  weight: number
}

export interface VirtualBookState {
  series: DailySeries[]
  covariance: EwmaCovarianceState | null
  /** Whether the blender has spoken: only then the virtual book exists. */
  started: boolean
  dayReturn: number
  /** Returns of the last KELLY_DAYS days, oldest first. */
  returns: number[]
  /** Annual mean and volatility of them, as of the last close of a day. */
  annualMean: number
  annualVol: number
}

export function createVirtualBook(size: number, lambda: number): VirtualBookState {
  return {
    series: Array.from({ length: size }, () => ({
      lastClose: 0,
      lastOpenTime: -1,
      dayReturn: 0,
      fresh: false,
      dayTarget: 0,
      returns: 0,
      weight: 0,
    })),
    covariance: size > 0 ? createEwmaCovariance(size, lambda) : null,
    started: false,
    dayReturn: 0,
    returns: [],
    annualMean: 0,
    annualVol: 0,
  }
}

/** A daily bar. False when the same or a later day was seen already (native and aggregated bars side by side). O(1). */
export function takeDay(book: VirtualBookState, index: number, openTime: EpochMs, close: number): boolean {
  const series = book.series[index]
  if (series === undefined || openTime <= series.lastOpenTime) return false
  if (series.lastClose > 0) {
    series.dayReturn = close / series.lastClose - 1
    series.fresh = true
    book.dayReturn += series.dayTarget * series.dayReturn
  }
  series.lastClose = close
  series.lastOpenTime = openTime
  return true
}

/** Close of a UTC day, after its bars: one row of aligned returns for the covariance, one return of the virtual book. O(n²). */
export function closeDay(book: VirtualBookState): void {
  const { covariance, series } = book
  if (covariance !== null && series.some((one) => one.fresh)) {
    for (const one of series) one.weight = covariance.decay * one.weight + (one.fresh ? 1 : 0)
    updateEwmaCovariance(
      covariance,
      series.map((one) => (one.fresh ? one.dayReturn : 0)),
    )
  }
  for (const one of series) {
    if (one.fresh) one.returns++
    one.fresh = false
  }
  if (book.started) bookDay(book)
  book.dayReturn = 0
}

function bookDay(book: VirtualBookState): void {
  book.returns.push(book.dayReturn + 0)
  if (book.returns.length > KELLY_DAYS) book.returns.shift()
  if (book.returns.length < KELLY_DAYS) return
  book.annualMean = (mean(book.returns) ?? 0) * DAYS_A_YEAR + 0
  book.annualVol = (standardDeviation(book.returns, 1) ?? 0) * Math.sqrt(DAYS_A_YEAR)
}

/** The targets decided at the close of a day earn the next day's returns. */
export function fixTargets(book: VirtualBookState, targetOf: (index: number) => number): void {
  book.started = true
  for (let i = 0; i < book.series.length; i++) book.series[i]!.dayTarget = targetOf(i)
}

function dailyCovariance(book: VirtualBookState, covariance: EwmaCovarianceState, i: number, j: number): number {
  const seen = Math.min(book.series[i]!.weight, book.series[j]!.weight)
  const value = (covariance.values[i * covariance.size + j]! * covariance.weight) / seen
  return i === j ? Math.max(value, (VOL_FLOOR * VOL_FLOOR) / DAYS_A_YEAR) : value
}

/**
 * Ex-ante annual volatility of some weights (fractions of NAV, by instrument): sqrt(w'Σw) of the instruments with at least
 * LEAST_RETURNS returns. The others are added at ASSUMED_VOL as if perfectly correlated with everything: the worst case.
 */
export function exAnteVol(book: VirtualBookState, weights: readonly number[]): number {
  const { covariance } = book
  const known: number[] = []
  let assumed = 0
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue
    if (covariance !== null && (book.series[i]?.returns ?? 0) >= LEAST_RETURNS) known.push(i)
    else assumed += Math.abs(weights[i]!) * ASSUMED_VOL
  }
  if (covariance === null || known.length === 0) return assumed
  let variance = 0
  for (let a = 0; a < known.length; a++) {
    const i = known[a]!
    for (let b = 0; b < known.length; b++) {
      const j = known[b]!
      variance += weights[i]! * weights[j]! * (DAYS_A_YEAR * dailyCovariance(book, covariance, i, j))
    }
  }
  return Math.sqrt(Math.max(0, variance)) + assumed
}

export interface KellyView {
  /** f*, after shrinking the mean and flooring the volatility; null with less than a year of history. */
  readonly full: number | null
  readonly leverage: number
}

/** Kelly multiplier of the book: clip(fraction × f*, floor, cap); 1 with less than KELLY_DAYS days of history. */
export function kellyOf(book: VirtualBookState, risk: RiskConfig): KellyView {
  if (book.returns.length < KELLY_DAYS) return { full: null, leverage: 1 }
  const { annualMean, annualVol } = kellyEstimate(book.annualMean, book.annualVol)
  const leverage = kellyLeverage(annualMean, annualVol, {
    fraction: risk.kellyFraction,
    floor: risk.leverageFloor,
    cap: risk.leverageCap,
    noEdge: risk.flatIfNoEdge ? 'flatIfNoEdge' : 'literalFloor',
  })
  return { full: kellyFraction(annualMean, annualVol), leverage }
}
