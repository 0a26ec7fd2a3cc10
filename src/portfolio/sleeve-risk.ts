/**
 * Owns the risk of sleeves: covariance of the signals' virtual return streams, and the shares that give each its risk budget
 * (methods, section 13). Must never see a price: the sign of a position is inside its stream.
 */
import { ewmaCovariance } from '#quant/ewma-covariance'
import { averageCorrelation, correlationOf } from '#quant/matrix'
import { riskBudget } from '#quant/risk-budget'
import { shrinkToConstantCorrelation, shrinkToIdentity } from '#quant/shrinkage'
import { LEAST_PERFORMANCE_DAYS } from './return-book.js'

export type CovarianceMethod = 'ewma' | 'identity' | 'constantCorrelation'

/** Plain data, O(signals²). */
export interface SleeveRisk {
  /** Days in the window. */
  days: number
  /** Indices of the signals that held something on enough days of it, and varied. */
  measured: number[]
  /** Of the measured, a day, while they hold something. */
  covariance: number[][]
  correlations: (number | null)[][]
  /** Mean over the pairs; null with fewer than two. */
  averageCorrelation: number | null
  /** Of Ledoit and Wolf, in [0, 1]; null for an EWMA. */
  intensity: number | null
}

export const NO_SLEEVE_RISK: SleeveRisk = {
  days: 0,
  measured: [],
  covariance: [],
  correlations: [],
  averageCorrelation: null,
  intensity: null,
}

/** Below it a stream does not vary: a deviation a day, fraction of NAV. */
const LEAST_DEVIATION = 1e-9
/** Added to the diagonal, relative: streams that hedge each other to the last digit have no risk parity. */
const RIDGE = 1e-6

type Streams = readonly (readonly (number | null)[])[]

/**
 * Estimates over `rows`: days, oldest first, one value a signal, null where it held nothing. A day without a position is a return of 0 for the
 * correlations, so that all pairs stand on the same days and the matrix is positive semidefinite; but it is no day of low volatility: variances
 * are scaled to the days on which something was held. Where every day was held this is the plain estimator.
 */
export function measureSleeves(rows: Streams, method: CovarianceMethod, lambda: number): SleeveRisk {
  const measured: number[] = []
  for (let k = 0; k < (rows[0]?.length ?? 0); k++) if (isMeasurable(rows, k)) measured.push(k)
  if (measured.length === 0) return { ...NO_SLEEVE_RISK, days: rows.length }
  const filled = rows.map((row) => measured.map((k) => row[k] ?? 0))
  const { covariance, intensity } = estimate(filled, method, lambda)
  const stretch = measured.map((k) => Math.sqrt(1 / heldShare(rows, k, method === 'ewma' ? lambda : 1)))
  return {
    days: rows.length,
    measured,
    covariance: covariance.map((row, i) => row.map((value, j) => value * stretch[i]! * stretch[j]! + 0)),
    correlations: correlationOf(covariance),
    averageCorrelation: averageCorrelation(covariance),
    intensity,
  }
}

function estimate(
  rows: readonly (readonly number[])[],
  method: CovarianceMethod,
  lambda: number,
): { readonly covariance: number[][]; readonly intensity: number | null } {
  if (method === 'ewma') return { covariance: ewmaCovariance(rows, lambda), intensity: null }
  return method === 'identity' ? shrinkToIdentity(rows) : shrinkToConstantCorrelation(rows)
}

function isMeasurable(rows: Streams, k: number): boolean {
  let days = 0
  let sum = 0
  let squares = 0
  for (const row of rows) {
    const value = row[k] ?? null
    if (value === null) continue
    days++
    sum += value
    squares += value * value
  }
  if (days < LEAST_PERFORMANCE_DAYS) return false
  return squares / days - (sum / days) * (sum / days) > LEAST_DEVIATION * LEAST_DEVIATION
}

/** Share of the window's weight that lies on days on which signal k held something, in (0, 1]. */
function heldShare(rows: Streams, k: number, lambda: number): number {
  let weight = 1
  let held = 0
  let total = 0
  for (let t = rows.length - 1; t >= 0; t--) {
    total += weight
    if ((rows[t]![k] ?? null) !== null) held += weight
    weight *= lambda
  }
  return held / total
}

/**
 * Shares (≥ 0, sum 1; all 0 without a budget) of `sleeves`, whose risk is split in proportion to `budgets`. Sleeves that are not measured yet keep
 * their plain budget; so do all while fewer than two are, or where no solution is found.
 */
export function riskShares(risk: SleeveRisk, sleeves: readonly number[], budgets: readonly number[]): number[] {
  const total = budgets.reduce((sum, budget) => sum + budget, 0)
  if (!(total > 0)) return budgets.map(() => 0)
  const plain = budgets.map((budget) => budget / total)
  const at = sleeves.map((sleeve, n) => (budgets[n]! > 0 ? risk.measured.indexOf(sleeve) : -1))
  const known = at.flatMap((place, n) => (place >= 0 ? [n] : []))
  if (known.length < 2) return plain
  const covariance = known.map((n) => known.map((m) => risk.covariance[at[n]!]![at[m]!]! * (n === m ? 1 + RIDGE : 1)))
  const parity = riskBudget(
    covariance,
    known.map((n) => budgets[n]!),
  )
  if (parity === null) return plain
  const mass = known.reduce((sum, n) => sum + plain[n]!, 0)
  const shares = [...plain]
  known.forEach((n, i) => {
    shares[n] = mass * parity.weights[i]!
  })
  return shares
}

/** Share of each sleeve in the risk of them all at these sizes (multiples of their streams); null for one that is not measured. */
export function riskContributions(risk: SleeveRisk, sizes: readonly number[]): (number | null)[] {
  const x = risk.measured.map((k) => sizes[k]!)
  const parts = x.map((size, i) => size * x.reduce((sum, other, j) => sum + other * risk.covariance[i]![j]!, 0))
  const variance = parts.reduce((sum, part) => sum + part, 0)
  return sizes.map((_, k) => {
    const i = risk.measured.indexOf(k)
    return i < 0 || !(variance > 0) ? null : parts[i]! / variance
  })
}

/** Slope of `returns` on `benchmark` over the same days; null with fewer than `least` days or without variation. */
export function betaOf(returns: readonly number[], benchmark: readonly number[], least: number): number | null {
  const n = returns.length
  if (n < least || n === 0) return null
  const meanReturn = returns.reduce((a, b) => a + b, 0) / n
  const meanBenchmark = benchmark.reduce((a, b) => a + b, 0) / n
  let cross = 0
  let squares = 0
  for (let i = 0; i < n; i++) {
    const d = benchmark[i]! - meanBenchmark
    cross += d * (returns[i]! - meanReturn)
    squares += d * d
  }
  return squares > n * 1e-16 ? cross / squares : null
}
