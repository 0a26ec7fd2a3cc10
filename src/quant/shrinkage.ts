/**
 * Owns shrunk covariance estimates (methods, section 13), on the 1/n covariance of centred returns.
 * Must never give an intensity outside [0, 1].
 */
import { averageCorrelation, centred, type Matrix, momentsOf, zeroMatrix } from './matrix.js'

export interface ShrunkCovariance {
  /** Weight of the target, in [0, 1]. */
  readonly intensity: number
  readonly covariance: number[][]
}

/** noise / distance in [0, 1]; 0 for a sample that equals its target but for rounding: it has nothing to shrink. */
function intensityOf(noise: number, distance: number, sample: Matrix): number {
  const size = squaredDistance(sample, zeroMatrix(sample.length))
  return noise > 0 && distance > size * 1e-24 ? Math.min(noise / distance, 1) : 0
}

function blendMatrices(sample: Matrix, target: Matrix, intensity: number): number[][] {
  return sample.map((row, i) => row.map((value, j) => (1 - intensity) * value + intensity * target[i]![j]!))
}

/**
 * Towards mu I: Ledoit & Wolf, A well-conditioned estimator, JMVA 88 (2004). `rows`: T x N returns. O(T N^2).
 * The noise, sum ||x x' - S||^2 over the rows, is sum |x|^4 - T ||S||^2, because the mean of x x' is S.
 */
export function shrinkToIdentity(rows: Matrix): ShrunkCovariance {
  const { columns, covariance } = centred(rows)
  const n = covariance.length
  let mu = 0
  for (let i = 0; i < n; i++) mu += covariance[i]![i]! / n
  const target = zeroMatrix(n)
  for (let i = 0; i < n; i++) target[i]![i] = mu
  let fourth = 0
  for (let t = 0; t < rows.length; t++) {
    let square = 0
    for (let i = 0; i < n; i++) square += columns[i]![t]! * columns[i]![t]!
    fourth += square * square
  }
  const noise = fourth / rows.length - squaredDistance(covariance, zeroMatrix(n))
  const intensity = intensityOf(noise / rows.length, squaredDistance(covariance, target), covariance)
  return { intensity, covariance: blendMatrices(covariance, target, intensity) }
}

function powerOf(column: Float64Array, power: 2 | 3): Float64Array {
  const powers = new Float64Array(column.length)
  for (let t = 0; t < column.length; t++) {
    const v = column[t]!
    powers[t] = power === 2 ? v * v : v * v * v
  }
  return powers
}

function squaredDistance(a: Matrix, b: Matrix): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < a.length; j++) {
      const d = a[i]![j]! - b[i]![j]!
      sum += d * d
    }
  }
  return sum
}

/**
 * Towards the constant correlation: Ledoit & Wolf, Honey, I shrunk the sample covariance matrix, JPM 30 (2004).
 * Needs every series to vary: `averageCorrelation` is null otherwise and for a single series, and nothing is shrunk.
 */
export function shrinkToConstantCorrelation(
  rows: Matrix,
): ShrunkCovariance & { readonly averageCorrelation: number | null } {
  const { columns, covariance: s } = centred(rows)
  const n = s.length
  const rBar = s.every((row, i) => row[i]! > 0) ? averageCorrelation(s) : null
  if (rBar === null) return { intensity: 0, covariance: s, averageCorrelation: null }
  const target = s.map((row, i) => row.map((value, j) => (i === j ? value : rBar * Math.sqrt(row[i]! * s[j]![j]!))))
  // The variance of x_i x_j is the mean of their squares' product less s_ij^2; theta_ii,ij likewise from the mean of x_i^3 x_j.
  const squares = columns.map((column) => powerOf(column, 2))
  const fourth = momentsOf(squares, squares)
  const cubes = momentsOf(
    columns.map((column) => powerOf(column, 3)),
    columns,
  )
  let pi = 0
  let rho = 0
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const spread = fourth[i]![j]! - s[i]![j]! * s[i]![j]!
      pi += spread
      // The two halves of rho's off-diagonal sum mirror each other: theta_ii,ij of (i, j) is theta_jj,ij of (j, i).
      const theta = cubes[i]![j]! - s[i]![i]! * s[i]![j]!
      rho += i === j ? spread : rBar * Math.sqrt(s[j]![j]! / s[i]![i]!) * theta
    }
  }
  const gamma = squaredDistance(s, target)
  const intensity = intensityOf((pi - rho) / rows.length, gamma, s)
  return { intensity, covariance: blendMatrices(s, target, intensity), averageCorrelation: rBar }
}
