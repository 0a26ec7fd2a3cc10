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
export const tailRisk = (returns: readonly number[], confidence: number): TailRisk | null =>
  tailRisks(returns, [confidence])?.[0] ?? null

/** As {@link tailRisk} at several confidences, sorted and measured once. */
export function tailRisks(returns: readonly number[], confidences: readonly number[]): TailRisk[] | null {
  const m = mean(returns)
  const sd = standardDeviation(returns, 1)
  if (m === null || sd === null) return null
  const sorted = ascending(returns)
  const [g3, g4] = [skewness(returns), kurtosis(returns)]
  return confidences.map((confidence) => tailAt(sorted, m, sd, g3, g4, confidence))
}

/** By value, in an array of doubles while it is sorted: neither a comparison nor an iterator is called. */
function ascending(returns: readonly number[]): number[] {
  const doubles = new Float64Array(returns).sort()
  const sorted: number[] = []
  for (let i = 0; i < doubles.length; i++) sorted.push(doubles[i]!)
  return sorted
}

function tailAt(
  sorted: readonly number[],
  m: number,
  sd: number,
  g3: number | null,
  g4: number | null,
  confidence: number,
): TailRisk {
  invariant(confidence > 0 && confidence < 1, 'tailRisk: confidence must lie within 0 and 1')
  const threshold = sortedQuantile(sorted, 1 - confidence)!
  let count = 0
  while (count < sorted.length && sorted[count]! <= threshold) count++
  const tail = sorted.slice(0, count)
  const z = normalInverse(1 - confidence)
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
