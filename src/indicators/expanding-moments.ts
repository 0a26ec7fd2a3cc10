/**
 * Owns mean and deviation of a stream from its first value on, O(1) a value and O(1) memory: Welford (Technometrics 4, 1962).
 * Must never forget a value, nor sum squares, whose difference would lose every digit of large numbers.
 */
import { invariant } from '#core/invariant'

export interface ExpandingMomentsState {
  count: number
  mean: number
  /** Sum of squared distances from the mean. */
  squares: number
}

export function createExpandingMoments(): ExpandingMomentsState {
  return { count: 0, mean: 0, squares: 0 }
}

/** Takes a finite value; NaN or infinity throws, for it would poison the state for good. */
export function pushExpandingMoments(state: ExpandingMomentsState, value: number): void {
  invariant(value - value === 0, 'pushExpandingMoments: the value must be finite')
  const distance = value - state.mean
  state.count++
  state.mean += distance / state.count + 0
  state.squares += distance * (value - state.mean)
}

/** Standard deviation with divisor count − ddof; null below ddof + 1 values. */
export function expandingSd({ count, squares }: ExpandingMomentsState, ddof: 0 | 1): number | null {
  return count > ddof ? Math.sqrt(squares / (count - ddof)) : null
}
