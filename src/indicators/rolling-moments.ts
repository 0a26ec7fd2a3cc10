/**
 * Owns mean, deviation and z-score over the last n values of a stream, O(1) a value amortised.
 * Must never subtract a value that left: blocks with prefix and suffix as in window.ts, joined by the pairwise update of
 * Chan, Golub & LeVeque (1979), so that the relative error stays near n x 1e-16 whatever passed before the window.
 */
import { invariant } from '#core/invariant'
import { checkWindow, zeros } from './window.js'

/** Memory 3 x window numbers. */
export interface RollingMomentsState {
  window: number
  block: number[]
  suffixMean: number[]
  suffixSquares: number[]
  prefixMean: number
  /** Sum of squared distances from the prefix mean. */
  prefixSquares: number
  at: number
  full: boolean
}

export function createRollingMoments(window: number): RollingMomentsState {
  checkWindow(window, 2, 'rolling moments window')
  return {
    window,
    block: zeros(window),
    suffixMean: zeros(window),
    suffixSquares: zeros(window),
    prefixMean: 0,
    prefixSquares: 0,
    at: 0,
    full: false,
  }
}

/** Takes a finite value; NaN or infinity throws, for it would poison every later window. */
export function pushRollingMoments(state: RollingMomentsState, value: number): void {
  invariant(value - value === 0, 'pushRollingMoments: the value must be finite')
  const distance = value - state.prefixMean
  state.block[state.at] = value + 0
  state.at++
  state.prefixMean += distance / state.at + 0
  state.prefixSquares += distance * (value - state.prefixMean)
  if (state.at < state.window) return
  foldBlock(state)
  state.prefixMean = 0
  state.prefixSquares = 0
  state.at = 0
  state.full = true
}

function foldBlock(state: RollingMomentsState): void {
  let mean = 0
  let squares = 0
  for (let i = state.window - 1; i >= 0; i--) {
    const value = state.block[i]!
    const distance = value - mean
    mean += distance / (state.window - i) + 0
    squares += distance * (value - mean)
    state.suffixMean[i] = mean
    state.suffixSquares[i] = squares
  }
}

/** Mean of the last `window` values; null before there are as many. */
export function rollingMean(state: RollingMomentsState): number | null {
  if (!state.full) return null
  const suffix = state.suffixMean[state.at]!
  return suffix + ((state.prefixMean - suffix) * state.at) / state.window + 0
}

/** Standard deviation of the last `window` values with divisor window - ddof; null before there are as many. */
export function rollingSd(state: RollingMomentsState, ddof: 0 | 1): number | null {
  if (!state.full) return null
  const { window, at } = state
  const gap = state.prefixMean - state.suffixMean[at]!
  // With at = 0 the prefix is empty and the last term vanishes.
  const squares = state.suffixSquares[at]! + state.prefixSquares + (gap * gap * at * (window - at)) / window
  return Math.sqrt(squares / (window - ddof))
}

/**
 * (value - mean) / sd over the last `window` values; null while warming up and when they do not vary (a deviation within
 * rounding of the mean, 1e-12 of it, counts as none). Push the value before for an inclusive window, after for an exclusive one.
 */
export function rollingZ(state: RollingMomentsState, value: number, ddof: 0 | 1): number | null {
  const mean = rollingMean(state)
  const sd = rollingSd(state, ddof)
  if (mean === null || sd === null || sd <= Math.abs(mean) * 1e-12) return null
  return (value - mean) / sd
}
