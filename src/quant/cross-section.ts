/**
 * Owns the arithmetic of cross-sectional momentum (methods, section 6): momentum relative to a benchmark, ranks, dollar-neutral weights
 * and overlapping tranches (Jegadeesh & Titman, JF 48, 1993). Must never know an instrument; a name only breaks ties.
 */
import { invariant } from '#core/invariant'

/** (P_t / P_{t−L}) / (B_t / B_{t−L}) − 1; prices > 0. */
export function relativeMomentum(start: number, end: number, benchmarkStart: number, benchmarkEnd: number): number {
  return end / start / (benchmarkEnd / benchmarkStart) - 1 + 0
}

/** A coin and what it is ranked by. */
export interface Ranked {
  readonly name: string
  readonly value: number
}

/** Names from the worst to the best; of equal values the name that comes first by code unit has the lower rank. O(n log n). */
export function rankAscending(coins: readonly Ranked[]): string[] {
  const order = [...coins].sort((a, b) => a.value - b.value || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return order.map(({ name }) => name)
}

/** Weights of ranks 1 … n, linear in the rank: (rank − (n + 1)/2) / Σ|·| × gross. They sum to 0; all 0 for n < 2. */
export function rankWeights(n: number, gross: number): number[] {
  const centred = Array.from({ length: n }, (_, i) => i + 1 - (n + 1) / 2)
  const total = centred.reduce((sum, x) => sum + Math.abs(x), 0)
  return centred.map((x) => (total === 0 ? 0 : (gross * x) / total + 0))
}

/** Weights of ranks 1 … n: the `k` worst −gross/2k each, the `k` best +gross/2k, the others 0. */
export function extremeWeights(n: number, k: number, gross: number): number[] {
  invariant(k >= 1 && 2 * k <= n, () => `extremeWeights: ${k} at each end of ${n}`)
  const each = gross / (2 * k)
  return Array.from({ length: n }, (_, i) => (i < k ? -each : i >= n - k ? each : 0))
}

/** Coins in a quartile of n: n/4, rounded down, at least 1. */
export const quartileOf = (n: number): number => Math.max(1, Math.floor(n / 4))

/** Mean of the last `hold` targets; one that is not there yet counts as flat, so that a book is built up over `hold` days. */
export function overlapTranches(targets: readonly (readonly number[])[], hold: number): number[] {
  const last = targets.slice(-hold)
  const size = last[0]?.length ?? 0
  return Array.from({ length: size }, (_, i) => last.reduce((sum, target) => sum + target[i]!, 0) / hold + 0)
}

/**
 * Weights of one tranche without a coin that is gone: the larger side shrinks to the smaller one, so that it stays dollar-neutral. A
 * tranche that lost a whole side is flat.
 */
export function withoutCoin(weights: readonly number[], index: number): number[] {
  const rest = weights.map((weight, i) => (i === index ? 0 : weight))
  const long = rest.reduce((sum, weight) => sum + Math.max(0, weight), 0)
  const short = rest.reduce((sum, weight) => sum + Math.max(0, -weight), 0)
  const least = Math.min(long, short)
  return rest.map((weight) => (weight > 0 ? (weight * least) / long : weight < 0 ? (weight * least) / short : 0))
}
