/**
 * Owns the z-scores of the mean-reversion signals (methods, section 3): A, the last h-bar log return against the n
 * overlapping ones before it; B, the close against its own moving average.
 * Must never take the z of a few closes: over n points |z| cannot exceed (n-1)/sqrt n (Shiffler 1988).
 */
import { invariant } from '#core/invariant'
import {
  createRollingMoments,
  pushRollingMoments,
  type RollingMomentsState,
  rollingMean,
  rollingZ,
} from './rolling-moments.js'
import { checkWindow, createRing, pushRing, type RingState, ringAgo } from './window.js'

/** Variant A. Memory horizon + 1 closes and the window's moments. */
export interface ReturnZState {
  horizon: number
  closes: RingState
  returns: RollingMomentsState
}

/** `horizon` bars a return (3), `window` overlapping returns ending at t-1 (60). */
export function createReturnZ(horizon: number, window: number): ReturnZState {
  checkWindow(horizon, 1, 'return z horizon')
  return { horizon, closes: createRing(horizon + 1), returns: createRollingMoments(window) }
}

/** Takes a close > 0, gives z (ddof 1, current return excluded); null for the first horizon + window bars or when flat. */
export function updateReturnZ(state: ReturnZState, close: number): number | null {
  invariant(close > 0, 'updateReturnZ: close must be positive')
  pushRing(state.closes, close)
  if (state.closes.count < state.closes.capacity) return null
  const value = Math.log(close / ringAgo(state.closes, state.horizon))
  const z = rollingZ(state.returns, value, 1)
  pushRollingMoments(state.returns, value)
  return z
}

/** Variant B: (C - SMA) / sd over `window` closes, the current one included, ddof 0. */
export type PriceZState = RollingMomentsState
export const createPriceZ: (window: number) => PriceZState = createRollingMoments

/** Takes a close > 0, gives z; null for the first window - 1 bars or when flat. */
export function updatePriceZ(state: PriceZState, close: number): number | null {
  invariant(close > 0, 'updatePriceZ: close must be positive')
  pushRollingMoments(state, close)
  return rollingZ(state, close, 0)
}

/** Simple moving average of variant B, in price units. */
export const priceMeanOf: (state: PriceZState) => number | null = rollingMean

/** Largest |z| that one of n points can have: (n-1)/sqrt n with ddof 1, sqrt(n-1) with ddof 0. */
export function maxAbsZ(n: number, ddof: 0 | 1): number {
  checkWindow(n, 2, 'maxAbsZ')
  return ddof === 1 ? (n - 1) / Math.sqrt(n) : Math.sqrt(n - 1)
}
