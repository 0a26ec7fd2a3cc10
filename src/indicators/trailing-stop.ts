/**
 * Owns the ATR trailing stop of one position (methods, section 2): stop = entry - side k ATR, ratcheted after each bar to
 * best price - side k ATR. Must never test a bar against a stop made from that same bar, and never loosens a stop.
 */
import { invariant } from '#core/invariant'

/** O(1) memory. Prices in quote units. */
export interface TrailingStopState {
  side: 1 | -1
  /** k: 2 by default, 3 is the chandelier. */
  multiple: number
  stop: number
  /** Best price since entry: highest high of a long, lowest low of a short, the entry itself at first. */
  extreme: number
}

/** The stop that is live from the next bar on, for an entry at `entry` > 0 with ATR of the entry's bar. */
export function createTrailingStop(side: 1 | -1, entry: number, multiple: number, atr: number): TrailingStopState {
  invariant(entry > 0 && multiple > 0 && atr >= 0, 'trailing stop: entry, multiple and ATR must be positive')
  return { side, multiple, stop: entry - side * multiple * atr, extreme: entry }
}

/**
 * Whether a bar reaches the live stop: the fill price, the worse of open and stop, or null. For an entry inside the
 * bar pass the entry price as its open: entry and stop in one bar count as stopped.
 */
export function testTrailingStop(state: TrailingStopState, open: number, high: number, low: number): number | null {
  if (state.side === 1) return low <= state.stop ? Math.min(open, state.stop) : null
  return high >= state.stop ? Math.max(open, state.stop) : null
}

/** Moves the stop after a bar closed; it only ever moves towards the price. `atr` includes that bar. */
export function ratchetTrailingStop(state: TrailingStopState, high: number, low: number, atr: number): void {
  if (state.side === 1) {
    state.extreme = Math.max(state.extreme, high)
    state.stop = Math.max(state.stop, state.extreme - state.multiple * atr)
  } else {
    state.extreme = Math.min(state.extreme, low)
    state.stop = Math.min(state.stop, state.extreme + state.multiple * atr)
  }
}

/** One whole bar: tests the stop of the bars before, then ratchets. Gives the fill price when stopped, else null. */
export function stepTrailingStop(
  state: TrailingStopState,
  open: number,
  high: number,
  low: number,
  atr: number,
): number | null {
  const fill = testTrailingStop(state, open, high, low)
  if (fill === null) ratchetTrailingStop(state, high, low, atr)
  return fill
}
