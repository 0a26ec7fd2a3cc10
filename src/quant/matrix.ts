/** Owns what the covariance estimators share: shape checks, correlations. Must never hold an estimator itself. */
import { invariant } from '#core/invariant'

/** Rows of equal length. */
export type Matrix = readonly (readonly number[])[]

/** Columns of a T x N matrix; throws when it is empty or ragged. */
export function columnCount(rows: Matrix, least: number): number {
  const n = rows[0]?.length ?? 0
  invariant(rows.length >= least && n > 0, () => `a sample needs at least ${least} rows and 1 column`)
  invariant(
    rows.every((row) => row.length === n),
    'a sample must have rows of one length',
  )
  return n
}

export const zeroMatrix = (n: number): number[][] => Array.from({ length: n }, () => Array.from({ length: n }, () => 0))

/** Correlations of a covariance; off-diagonal entries of a series without variance are null. */
export function correlationOf(covariance: Matrix): (number | null)[][] {
  return covariance.map((row, i) =>
    row.map((value, j) => {
      if (i === j) return 1
      const scale = Math.sqrt(row[i]! * covariance[j]![j]!)
      return scale > 0 ? value / scale : null
    }),
  )
}

/** Mean of the correlations of all pairs; null with fewer than 2 series that vary. */
export function averageCorrelation(covariance: Matrix): number | null {
  const correlations = correlationOf(covariance)
  let sum = 0
  let pairs = 0
  for (let i = 0; i < correlations.length; i++) {
    for (let j = 0; j < i; j++) {
      const rho = correlations[i]![j] ?? null
      if (rho === null) continue
      sum += rho
      pairs++
    }
  }
  return pairs > 0 ? sum / pairs : null
}

/** Covariance from volatilities and correlations: s_ij = vol_i vol_j rho_ij. */
export function covarianceFrom(vols: readonly number[], correlations: Matrix): number[][] {
  return correlations.map((row, i) => row.map((rho, j) => rho * vols[i]! * vols[j]!))
}

/** Rows less their column means, and the covariance with divisor n. */
export function centred(rows: Matrix): { readonly rows: number[][]; readonly covariance: number[][] } {
  const n = columnCount(rows, 2)
  const means = Array.from({ length: n }, (_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length)
  const moved = rows.map((row) => row.map((x, j) => x - means[j]!))
  const covariance = zeroMatrix(n)
  for (const row of moved) {
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) covariance[i]![j]! += (row[i]! * row[j]!) / rows.length
  }
  return { rows: moved, covariance }
}
