/**
 * Owns value at risk and expected shortfall of a sample of returns (methods, section 14).
 * Must never scale to longer horizons unasked: sqrt(h) is an approximation and the caller's to label.
 */
import { invariant } from '#core/invariant'
import { kurtosis, mean, skewness, sortedQuantile, standardDeviation } from './moments.js'
import { normalInverse, normalPdf } from './normal.js'

/** Losses per period as positive decimals. */
export interface TailRisk {
  /** -quantile(1 - confidence), type 7. */
  readonly historicVar: number
  /** -mean of the returns at or below that quantile. */
  readonly historicEs: number
  readonly normalVar: number
  readonly normalEs: number
  /** Cornish & Fisher (1937) expansion of the normal quantile by skewness and excess kurtosis; null when constant. */
  readonly cornishFisherVar: number | null
}

/** VaR and ES at `confidence` (0.95); null below 2 returns. Standard deviation with ddof 1. O(n log n). */
export function tailRisk(returns: readonly number[], confidence: number): TailRisk | null {
  invariant(confidence > 0 && confidence < 1, 'tailRisk: confidence must lie within 0 and 1')
  const m = mean(returns)
  const sd = standardDeviation(returns, 1)
  if (m === null || sd === null) return null
  const sorted = [...returns].sort((a, b) => a - b)
  const threshold = sortedQuantile(sorted, 1 - confidence)!
  const tail = sorted.filter((r) => r <= threshold)
  const z = normalInverse(1 - confidence)
  const g3 = skewness(returns)
  const g4 = kurtosis(returns)
  const adjusted = g3 === null || g4 === null ? null : cornishFisher(z, g3, g4)
  return {
    historicVar: -threshold,
    historicEs: -mean(tail)!,
    normalVar: -(m + z * sd),
    normalEs: -m + (sd * normalPdf(z)) / (1 - confidence),
    cornishFisherVar: adjusted === null ? null : -(m + adjusted * sd),
  }
}

/** Fourth-order Cornish-Fisher quantile; `kurt` is full kurtosis. Not monotone in z for fat tails: a known limit. */
export function cornishFisher(z: number, skew: number, kurt: number): number {
  const z2 = z * z
  return z + ((z2 - 1) * skew) / 6 + (z * (z2 - 3) * (kurt - 3)) / 24 - (z * (2 * z2 - 5) * skew * skew) / 36
}
