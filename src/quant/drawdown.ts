/**
 * Owns the drawdown of an equity curve (methods, section 14). Must never leave out the initial capital: it is a peak.
 */
import { invariant } from '#core/invariant'

/** Drawdowns are negative fractions of the running peak. Indices into the equity given. */
export interface Drawdown {
  /** min(E / running peak - 1), in [-1, 0]. */
  readonly maxDrawdown: number
  readonly peakIndex: number
  readonly troughIndex: number
  /** First index at or above the peak after the trough; null while under water. */
  readonly recoveryIndex: number | null
}

/** Deepest fall of an equity curve that starts with the initial capital; the first one when two are equally deep. O(n). */
export function maxDrawdown(equity: readonly number[]): Drawdown {
  invariant(equity.length > 0 && equity[0]! > 0, 'maxDrawdown: equity must start with a positive capital')
  let peak = 0
  let deepest = 0
  let peakIndex = 0
  let troughIndex = 0
  for (let i = 1; i < equity.length; i++) {
    if (equity[i]! > equity[peak]!) peak = i
    const fall = equity[i]! / equity[peak]! - 1
    if (fall < deepest) {
      deepest = fall
      peakIndex = peak
      troughIndex = i
    }
  }
  let recoveryIndex: number | null = null
  for (let i = troughIndex; deepest < 0 && i < equity.length && recoveryIndex === null; i++) {
    if (equity[i]! >= equity[peakIndex]!) recoveryIndex = i
  }
  return { maxDrawdown: deepest, peakIndex, troughIndex, recoveryIndex }
}

/** Compounds simple returns from 1: n + 1 values, the first of them the initial capital. */
export function equityCurve(returns: readonly number[]): number[] {
  const equity = [1]
  for (let i = 0; i < returns.length; i++) equity.push(equity[i]! * (1 + returns[i]!))
  return equity
}
