/**
 * Owns the rolling volume-weighted average price (methods, section 3): sum(tp v)/sum v over the last n bars, the current
 * one included, tp = (H+L+C)/3, base volume. Must never span a fixed session: that would be look-ahead at its start.
 */
import { invariant } from '#core/invariant'
import { createRollingSum, pushRollingSum, type RollingSumState, rollingSum } from './window.js'

/** Memory 4 x window numbers. */
export interface RollingVwapState {
  traded: RollingSumState
  volume: RollingSumState
}

export function createRollingVwap(window: number): RollingVwapState {
  return { traded: createRollingSum(window), volume: createRollingSum(window) }
}

/** Takes a bar (base volume >= 0), gives the VWAP in price units; null for the first window - 1 bars or without volume. */
export function updateRollingVwap(
  state: RollingVwapState,
  high: number,
  low: number,
  close: number,
  volume: number,
): number | null {
  pushRollingVwap(state, high, low, close, volume)
  return rollingVwap(state)
}

/** Takes a bar whose VWAP nobody asks for yet. */
export function pushRollingVwap(
  state: RollingVwapState,
  high: number,
  low: number,
  close: number,
  volume: number,
): void {
  invariant(high >= low && close > 0 && volume >= 0, 'updateRollingVwap: prices and volume must be a bar')
  pushRollingSum(state.traded, ((high + low + close) / 3) * volume)
  pushRollingSum(state.volume, volume)
}

/** VWAP after the last bar; null while warming up or without volume. */
export function rollingVwap(state: RollingVwapState): number | null {
  const volume = rollingSum(state.volume)
  const traded = rollingSum(state.traded)
  return traded === null || volume === null || !(volume > 0) ? null : traded / volume
}
