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
  let x = shares.map((b, i) => Math.sqrt(b / covariance[i]![i]!))
  let y = product(covariance, x)
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    // The minimum has x'S x = sum b = 1: along a ray it is found at once, which no sweep of single coordinates does.
    const variance = dot(x, y)
    if (!(variance > 0)) return null
    const scale = 1 / Math.sqrt(variance)
    x = x.map((v) => v * scale)
    y = y.map((v) => v * scale)
    if (x.every((v, i) => Math.abs(v * y[i]! - shares[i]!) < TOLERANCE)) {
      const result = normalise(covariance, x)
      if (result?.riskShares.every((share, i) => Math.abs(share - shares[i]!) < TOLERANCE)) return result
    }
    improve(covariance, shares, x, y)
    // What the sweep carried on in y has rounded; it is worked out anew.
    y = product(covariance, x)
  }
  return null
}

/** One sweep over the coordinates; `y` is S x and is carried on. */
function improve(covariance: Matrix, shares: readonly number[], x: number[], y: number[]): void {
  for (let i = 0; i < x.length; i++) {
    const row = covariance[i]!
    const variance = row[i]!
    const c = y[i]! - variance * x[i]!
    const root = Math.sqrt(c * c + 4 * variance * shares[i]!)
    // Both forms are the same root; each loses digits where the other does not.
    const next = c > 0 ? (2 * shares[i]!) / (root + c) : (root - c) / (2 * variance)
    const step = next - x[i]!
    x[i] = next
    for (let j = 0; j < x.length; j++) y[j] = y[j]! + step * row[j]!
  }
}

/** Equal risk contributions: {@link riskBudget} with equal budgets. */
export function equalRiskContribution(covariance: Matrix): RiskBudget | null {
  return riskBudget(
    covariance,
    covariance.map(() => 1),
  )
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!
  return sum
}

const product = (covariance: Matrix, x: readonly number[]): number[] => covariance.map((row) => dot(row, x))

function normalise(covariance: Matrix, x: readonly number[]): RiskBudget | null {
  const total = x.reduce((a, b) => a + b, 0)
  const weights = x.map((v) => v / total)
  const marginal = product(covariance, weights)
  const variance = dot(weights, marginal)
  if (!(variance > 0)) return null
  return { weights, riskShares: weights.map((w, i) => (w * marginal[i]!) / variance), vol: Math.sqrt(variance) }
}
