/**
 * Owns the Donchian channel of the bars before the current one (methods, section 2) and the strength of a close beyond it.
 * Must never let a bar into the channel that it is compared with: a close can never exceed a channel that holds its own high.
 */
import { invariant } from '#core/invariant'
import {
  createRollingMax,
  createRollingMin,
  pushRollingExtreme,
  type RollingExtremeState,
  rollingExtreme,
} from './window.js'

/** Channel of the last `period` bars seen; memory 4 x period numbers. */
export interface DonchianState {
  highs: RollingExtremeState
  lows: RollingExtremeState
  /** Channel that the newest bar is compared with; meaningless until `ready`. */
  upper: number
  lower: number
  ready: boolean
}

export function createDonchian(period: number): DonchianState {
  return { highs: createRollingMax(period), lows: createRollingMin(period), upper: 0, lower: 0, ready: false }
}

/**
 * Takes a closed bar; afterwards `upper` and `lower` are max(H) and min(L) of the `period` bars before it.
 * Gives whether there were as many.
 */
export function updateDonchian(state: DonchianState, high: number, low: number): boolean {
  invariant(high >= low, 'updateDonchian: high must not be below low')
  if (state.highs.full) {
    state.upper = rollingExtreme(state.highs)!
    state.lower = rollingExtreme(state.lows)!
    state.ready = true
  }
  pushRollingExtreme(state.highs, high)
  pushRollingExtreme(state.lows, low)
  return state.ready
}

/** Highest high of the `period` bars before the newest; null while warming up. */
export function donchianUpper(state: DonchianState): number | null {
  return state.ready ? state.upper : null
}

/** Lowest low of the `period` bars before the newest; null while warming up. */
export function donchianLower(state: DonchianState): number | null {
  return state.ready ? state.lower : null
}

/** 1 when the close is above the channel, -1 below it, else 0; touching is not breaking. */
export function breakoutSide(close: number, upper: number, lower: number): -1 | 0 | 1 {
  return close > upper ? 1 : close < lower ? -1 : 0
}

/** How far a close stands beyond its level, in [0, 1]: clip(side (C - level) / ATR, 0, cap) / cap. `atr` > 0. */
export function breakoutStrength(side: number, close: number, level: number, atr: number, capAtr: number): number {
  const reach = (side * (close - level)) / atr
  return reach <= 0 ? 0 : reach >= capAtr ? 1 : reach / capAtr
}

/**
 * Signed weight of a breakout as a fraction of NAV: side (floor + (1 - floor) strength) risk C / (stopAtr ATR), so that
 * the loss at the stop is `risk` of NAV at full strength (methods, section 2).
 */
export function breakoutWeight(
  side: number,
  strength: number,
  close: number,
  atr: number,
  riskPerTrade: number,
  stopAtr: number,
  strengthFloor: number,
): number {
  return (side * (strengthFloor + (1 - strengthFloor) * strength) * riskPerTrade * close) / (stopAtr * atr)
}
