/**
 * Owns risk parity (methods, section 13): long-only weights whose risk shares equal given budgets. Maillard, Roncalli &
 * Teiletche, JPM 36 (2010); min 0.5 x'Sx - sum b ln x by cyclical coordinates (Spinu 2013; Griveau-Billion et al. 2013).
 * Must be applied to signals' return streams, whose sign is inside; never to prices with short weights.
 */
import { invariant } from '#core/invariant'
import type { Matrix } from './matrix.js'

export interface RiskBudget {
  /** Positive, sum 1. */
  readonly weights: number[]
  /** x_i (S x)_i / x'S x: sum 1, equal to the normalised budgets. */
  readonly riskShares: number[]
  /** sqrt(x'S x) of the normalised weights, in the covariance's period. */
  readonly vol: number
}

const TOLERANCE = 1e-11
const MAX_SWEEPS = 10_000

/**
 * Weights with risk shares proportional to `budgets` (each > 0). Throws for a covariance without a positive diagonal;
 * null when the sweeps do not meet the tolerance (covariance not positive semidefinite: add a ridge).
 */
export function riskBudget(covariance: Matrix, budgets: readonly number[]): RiskBudget | null {
  const n = budgets.length
  invariant(n > 0 && covariance.length === n, 'riskBudget: one budget a series')
  invariant(
    budgets.every((b) => b > 0) && covariance.every((row, i) => row.length === n && row[i]! > 0),
    'riskBudget: budgets and variances must be positive',
  )
  const total = budgets.reduce((a, b) => a + b, 0)
  const shares = budgets.map((b) => b / total)
  const x = shares.map((b, i) => Math.sqrt(b / covariance[i]![i]!))
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    for (let i = 0; i < n; i++) {
      const variance = covariance[i]![i]!
      const c = marginal(covariance, x, i) - variance * x[i]!
      const root = Math.sqrt(c * c + 4 * variance * shares[i]!)
      // Both forms are the same root; each loses digits where the other does not.
      x[i] = c > 0 ? (2 * shares[i]!) / (root + c) : (root - c) / (2 * variance)
    }
    const result = normalise(covariance, x)
    if (result?.riskShares.every((share, i) => Math.abs(share - shares[i]!) < TOLERANCE)) return result
  }
  return null
}

/** Equal risk contributions: {@link riskBudget} with equal budgets. */
export function equalRiskContribution(covariance: Matrix): RiskBudget | null {
  return riskBudget(
    covariance,
    covariance.map(() => 1),
  )
}

function marginal(covariance: Matrix, x: readonly number[], i: number): number {
  let sum = 0
  for (let j = 0; j < x.length; j++) sum += covariance[i]![j]! * x[j]!
  return sum
}

function normalise(covariance: Matrix, x: readonly number[]): RiskBudget | null {
  const total = x.reduce((a, b) => a + b, 0)
  const weights = x.map((v) => v / total)
  const contributions = weights.map((w, i) => w * marginal(covariance, weights, i))
  const variance = contributions.reduce((a, b) => a + b, 0)
  if (!(variance > 0)) return null
  return { weights, riskShares: contributions.map((c) => c / variance), vol: Math.sqrt(variance) }
}
