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

/** Columns less their means, and the covariance with divisor n. O(T N²): columns are walked side by side, each pair once. */
export function centred(rows: Matrix): { readonly columns: Float64Array[]; readonly covariance: number[][] } {
  const n = columnCount(rows, 2)
  const columns = Array.from({ length: n }, (_, j) => {
    const column = new Float64Array(rows.length)
    let sum = 0
    for (let t = 0; t < rows.length; t++) sum += rows[t]![j]!
    const mean = sum / rows.length
    for (let t = 0; t < rows.length; t++) column[t] = rows[t]![j]! - mean
    return column
  })
  return { columns, covariance: momentsOf(columns, columns) }
}

/** Mean of a_i b_j over the rows; symmetric when both are the same columns. */
export function momentsOf(a: readonly Float64Array[], b: readonly Float64Array[]): number[][] {
  const moments = zeroMatrix(a.length)
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < (a === b ? i + 1 : b.length); j++) {
      const value = meanProduct(a[i]!, b[j]!)
      moments[i]![j] = value
      if (a === b) moments[j]![i] = value
    }
  }
  return moments
}

function meanProduct(x: Float64Array, y: Float64Array): number {
  // Four sums, because one would wait for each addition before the next.
  const whole = x.length - (x.length % 4)
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let t = 0; t < whole; t += 4) {
    a += x[t]! * y[t]!
    b += x[t + 1]! * y[t + 1]!
    c += x[t + 2]! * y[t + 2]!
    d += x[t + 3]! * y[t + 3]!
  }
  for (let t = whole; t < x.length; t++) a += x[t]! * y[t]!
  return (a + b + (c + d)) / x.length
}
