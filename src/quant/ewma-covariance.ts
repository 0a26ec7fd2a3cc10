/**
 * Owns the exponentially weighted covariance of aligned return series: zero mean (RiskMetrics 1996), weights normalised
 * to 1 over the history at hand. Must never be fed series of different closes: that biases correlations down.
 */
import { invariant } from '#core/invariant'
import { columnCount, type Matrix } from './matrix.js'

/** Plain data, O(n^2) memory; `values` is the covariance, row by row. */
export interface EwmaCovarianceState {
  decay: number
  size: number
  count: number
  /** Sum of the weights decay^i of the rows seen. */
  weight: number
  values: number[]
}

/** `decay`: lambda, 0.94 a day. */
export function createEwmaCovariance(size: number, decay: number): EwmaCovarianceState {
  invariant(Number.isInteger(size) && size > 0, 'EWMA covariance: size must be a whole number above 0')
  invariant(decay > 0 && decay < 1, 'EWMA covariance: decay must lie within 0 and 1')
  return { decay, size, count: 0, weight: 0, values: Array.from({ length: size * size }, () => 0) }
}

/** Takes one return of each series, of the same instant. O(n^2), without allocation. */
export function updateEwmaCovariance(state: EwmaCovarianceState, returns: readonly number[]): void {
  const { size, values } = state
  invariant(returns.length === size, 'updateEwmaCovariance: one return a series')
  for (let i = 0; i < size; i++) {
    invariant(returns[i]! - returns[i]! === 0, 'updateEwmaCovariance: returns must be finite')
  }
  state.weight = 1 + state.decay * state.weight
  state.count++
  const share = 1 / state.weight
  for (let i = 0; i < size; i++) {
    const ri = returns[i]!
    for (let j = 0; j <= i; j++) {
      const value = values[i * size + j]! + share * (ri * returns[j]! - values[i * size + j]!) + 0
      values[i * size + j] = value
      values[j * size + i] = value
    }
  }
}

/** Covariance per period of series i and j; null before the first row. */
export function ewmaCovarianceOf(state: EwmaCovarianceState, i: number, j: number): number | null {
  return state.count > 0 ? state.values[i * state.size + j]! : null
}

/** Correlation of series i and j; null before the first row or when either has not moved. */
export function ewmaCorrelationOf(state: EwmaCovarianceState, i: number, j: number): number | null {
  const scale = Math.sqrt(state.values[i * state.size + i]! * state.values[j * state.size + j]!)
  return scale > 0 ? state.values[i * state.size + j]! / scale : null
}

/** The covariance as rows. */
export function ewmaCovarianceMatrix(state: EwmaCovarianceState): number[][] {
  return Array.from({ length: state.size }, (_, i) => state.values.slice(i * state.size, (i + 1) * state.size))
}

/** EWMA covariance of a finite window of rows, oldest first: the same as streaming them all. */
export function ewmaCovariance(rows: Matrix, decay: number): number[][] {
  const state = createEwmaCovariance(columnCount(rows, 1), decay)
  for (const row of rows) updateEwmaCovariance(state, row)
  return ewmaCovarianceMatrix(state)
}
