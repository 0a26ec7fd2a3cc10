/**
 * Owns sliding windows of doubles whose sum, mean, deviation and extreme cost O(1) a value, amortised.
 * Must never subtract what leaves a window: the stream is cut into blocks of the window's length, the finished block is
 * folded from its end (suffixes), the running one from its start (prefix), and a window is one suffix joined to one
 * prefix (van Herk, Pattern Recognition Letters 13, 1992; Gil & Werman, IEEE PAMI 15, 1993). Hence no drift: the error
 * of a result depends on the values in its window alone, however long the stream. Every `window` values one update costs
 * O(window). State is plain data: JSON restores it bit for bit. Inputs are finite; NaN is refused by the callers.
 */
import { invariant } from '#core/invariant'

/** A packed array of zeros. */
export function zeros(length: number): number[] {
  return Array.from({ length }, () => 0)
}

/** Throws unless `window` is a whole number of at least `least`. */
export function checkWindow(window: number, least: number, what: string): void {
  invariant(Number.isInteger(window) && window >= least, () => `${what}: ${window} must be a whole number >= ${least}`)
}

/** The last values of a stream; memory `capacity` numbers. */
export interface RingState {
  capacity: number
  values: number[]
  /** Where the next value goes. */
  at: number
  /** Values held, at most `capacity`. */
  count: number
}

export function createRing(capacity: number): RingState {
  checkWindow(capacity, 1, 'ring capacity')
  return { capacity, values: zeros(capacity), at: 0, count: 0 }
}

/** Adds a value, dropping the oldest when full. -0 becomes 0, for JSON has no -0. */
export function pushRing(state: RingState, value: number): void {
  state.values[state.at] = value + 0
  state.at = state.at + 1 === state.capacity ? 0 : state.at + 1
  if (state.count < state.capacity) state.count++
}

/** Value `ago` steps back (0 = newest); the caller knows that `ago < count`. */
export function ringAgo(state: RingState, ago: number): number {
  const index = state.at - 1 - ago
  return state.values[index < 0 ? index + state.capacity : index]!
}

/** Sum of the last `window` values. */
export interface RollingSumState {
  window: number
  block: number[]
  suffix: number[]
  prefix: number
  at: number
  full: boolean
}

export function createRollingSum(window: number): RollingSumState {
  checkWindow(window, 1, 'rolling sum window')
  return { window, block: zeros(window), suffix: zeros(window), prefix: 0, at: 0, full: false }
}

export function pushRollingSum(state: RollingSumState, value: number): void {
  state.block[state.at] = value + 0
  state.prefix += value
  state.at++
  if (state.at < state.window) return
  let sum = 0
  for (let i = state.window - 1; i >= 0; i--) {
    sum += state.block[i]!
    state.suffix[i] = sum
  }
  state.prefix = 0
  state.at = 0
  state.full = true
}

/** Sum of the last `window` values; null before there are as many. */
export function rollingSum(state: RollingSumState): number | null {
  return state.full ? state.suffix[state.at]! + state.prefix : null
}

/** Largest (`sign` 1) or smallest (`sign` -1) of the last `window` values. */
export interface RollingExtremeState {
  window: number
  sign: 1 | -1
  block: number[]
  suffix: number[]
  prefix: number
  at: number
  full: boolean
}

function createRollingExtreme(window: number, sign: 1 | -1): RollingExtremeState {
  checkWindow(window, 1, 'rolling extreme window')
  return { window, sign, block: zeros(window), suffix: zeros(window), prefix: 0, at: 0, full: false }
}

export const createRollingMax = (window: number): RollingExtremeState => createRollingExtreme(window, 1)
export const createRollingMin = (window: number): RollingExtremeState => createRollingExtreme(window, -1)

export function pushRollingExtreme(state: RollingExtremeState, value: number): void {
  // Minima are kept as maxima of the negatives: negation is exact, and one loop serves both.
  const signed = value * state.sign + 0
  state.block[state.at] = signed
  state.prefix = state.at === 0 || signed > state.prefix ? signed : state.prefix
  state.at++
  if (state.at < state.window) return
  let extreme = state.block[state.window - 1]!
  for (let i = state.window - 1; i >= 0; i--) {
    if (state.block[i]! > extreme) extreme = state.block[i]!
    state.suffix[i] = extreme
  }
  state.at = 0
  state.full = true
}

/** Extreme of the last `window` values; null before there are as many. */
export function rollingExtreme(state: RollingExtremeState): number | null {
  if (!state.full) return null
  const suffix = state.suffix[state.at]!
  const signed = state.at > 0 && state.prefix > suffix ? state.prefix : suffix
  return signed * state.sign + 0
}
