/**
 * Owns momentum over a formation window that ends some bars ago (methods, section 1): Jegadeesh & Titman, JF 48 (1993).
 * Must never read the skipped bars.
 */
import { invariant } from '#core/invariant'
import { checkWindow, createRing, pushRing, type RingState, ringAgo } from './window.js'

/** Memory lookback + skip + 1 closes. */
export interface MomentumState {
  lookback: number
  skip: number
  closes: RingState
}

export function createMomentum(lookback: number, skip: number): MomentumState {
  checkWindow(lookback, 1, 'momentum lookback')
  checkWindow(skip, 0, 'momentum skip')
  return { lookback, skip, closes: createRing(lookback + skip + 1) }
}

/** Takes a close > 0, gives P[t-S]/P[t-S-L] - 1; null until L + S + 1 closes are known. */
export function updateMomentum(state: MomentumState, close: number): number | null {
  invariant(close > 0, 'updateMomentum: close must be positive')
  pushRing(state.closes, close)
  return momentum(state)
}

/** `gap` form: a full L-bar formation window that ended S bars ago. */
export function momentum(state: MomentumState): number | null {
  const { closes, lookback, skip } = state
  if (closes.count < closes.capacity) return null
  return ringAgo(closes, skip) / ringAgo(closes, skip + lookback) - 1
}

/** `inside` form ("12-1"): P[t-S]/P[t-L] - 1; null also when S >= L, where it means nothing. */
export function insideMomentum(state: MomentumState): number | null {
  const { closes, lookback, skip } = state
  if (skip >= lookback || closes.count <= lookback) return null
  return ringAgo(closes, skip) / ringAgo(closes, lookback) - 1
}
