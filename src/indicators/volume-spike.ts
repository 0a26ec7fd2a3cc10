/**
 * Owns the robust volume z-score, the liquidation-cascade flag and the liquidity median (methods, section 3).
 * Must never put the current bar into the window it is judged by. O(1) a bar, and O(window²), for windows of about 30, where a z is asked.
 */
import { invariant } from '#core/invariant'
import { createRollingMoments, pushRollingMoments, type RollingMomentsState, rollingSd } from './rolling-moments.js'
import {
  pushSortedWindow,
  type SortedWindowState,
  sortedDeviation,
  sortedMedian,
  windowMedian,
} from './sorted-window.js'
import { createRing, pushRing, type RingState } from './window.js'

/** Makes the MAD of a normal sample estimate its standard deviation: 1/Phi^-1(3/4), as rounded in methods, section 3. */
const MAD_TO_SD = 1.4826
/** Stands for ln 0: below every ln of a double (> -746), finite so that JSON can hold it. */
const LN_ZERO = -1e6

/** ln of the volumes that a z is asked against. Memory: window numbers. */
export type VolumeZState = RingState
export const createVolumeZ: (window: number) => VolumeZState = createRing

/** A window, ascending; filled anew by every call, so that nothing passes from one to the next. */
let scratch = new Float64Array(64)

/** The values held, ascending, in the scratch. */
function sortWindow({ values, count }: VolumeZState): Float64Array {
  if (scratch.length < count) scratch = new Float64Array(2 * count)
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    let hole = i
    for (; hole > 0 && scratch[hole - 1]! > value; hole--) scratch[hole] = scratch[hole - 1]!
    scratch[hole] = value
  }
  return scratch
}

/**
 * Takes a volume >= 0, gives (ln V - median) / (1.4826 MAD) against the `window` volumes before it. Null for the first
 * `window` bars, without volume, when half the window has none, or when the MAD is 0. O(window²) at worst.
 */
export function updateVolumeZ(state: VolumeZState, volume: number): number | null {
  const z = volume > 0 && state.count === state.capacity ? volumeZOf(state, Math.log(volume)) : null
  pushVolume(state, volume)
  return z
}

function volumeZOf(state: VolumeZState, logVolume: number): number | null {
  const logs = sortWindow(state)
  const median = sortedMedian(logs, state.count)
  const deviation = sortedDeviation(logs, state.count, median)
  if (deviation === 0 || median < LN_ZERO / 4 || deviation > -LN_ZERO / 4) return null
  return (logVolume - median) / (MAD_TO_SD * deviation)
}

/** Takes a volume >= 0 that nobody asks the z of: what {@link updateVolumeZ} does, without its cost. O(1). */
export function pushVolume(state: VolumeZState, volume: number): void {
  invariant(volume >= 0 && volume - volume === 0, 'updateVolumeZ: volume must be a number and not negative')
  pushRing(state, volume > 0 ? Math.log(volume) : LN_ZERO)
}

/** Cascade flag: a volume spike together with a large move. Values of the last bar; null while unknown. */
export interface CascadeState {
  volume: VolumeZState
  returns: RollingMomentsState
  previousClose: number
  /** Judged only on bars whose move is large: null on the others. */
  volumeZ: number | null
  /** Log return over the deviation (ddof 1, no mean taken off) of the `window` returns before it. */
  returnSigmas: number | null
}

export function createCascade(window: number): CascadeState {
  return {
    volume: createVolumeZ(window),
    returns: createRollingMoments(window),
    previousClose: 0,
    volumeZ: null,
    returnSigmas: null,
  }
}

/** Takes a close, gives the direction of a move of at least `returnSigmasMin` deviations, else 0; 0 too while unknown. */
export function updateMove(state: CascadeState, close: number, returnSigmasMin: number): -1 | 0 | 1 {
  invariant(close > 0, 'updateMove: close must be positive')
  let sigmas: number | null = null
  if (state.previousClose > 0) {
    const move = Math.log(close / state.previousClose)
    const sd = rollingSd(state.returns, 1)
    if (sd !== null && sd > 0) sigmas = move / sd + 0
    pushRollingMoments(state.returns, move)
  }
  state.previousClose = close
  state.returnSigmas = sigmas
  if (sigmas === null) return 0
  return sigmas >= returnSigmasMin ? 1 : sigmas <= -returnSigmasMin ? -1 : 0
}

/**
 * Takes a closed bar, gives the direction of the cascade (sign of its return) when volume z >= `volumeZMin` and
 * |return| >= `returnSigmasMin` deviations, else 0; 0 too while either is unknown.
 */
export function updateCascade(
  state: CascadeState,
  close: number,
  volume: number,
  volumeZMin: number,
  returnSigmasMin: number,
): -1 | 0 | 1 {
  const direction = updateMove(state, close, returnSigmasMin)
  return judgeVolume(state, state.volume, volume, volumeZMin, direction)
}

/** As {@link updateCascade}, against volumes kept elsewhere, such as those of the same hour of day. */
export function updateCascadeAgainst(
  state: CascadeState,
  volumes: VolumeZState,
  close: number,
  volume: number,
  volumeZMin: number,
  returnSigmasMin: number,
): -1 | 0 | 1 {
  return judgeVolume(state, volumes, volume, volumeZMin, updateMove(state, close, returnSigmasMin))
}

/** The z of a volume costs O(window) and matters to large moves alone. */
function judgeVolume(
  state: CascadeState,
  volumes: VolumeZState,
  volume: number,
  volumeZMin: number,
  direction: -1 | 0 | 1,
): -1 | 0 | 1 {
  if (direction === 0) {
    pushVolume(volumes, volume)
    state.volumeZ = null
    return 0
  }
  state.volumeZ = updateVolumeZ(volumes, volume)
  return state.volumeZ !== null && state.volumeZ >= volumeZMin ? direction : 0
}

/** Median of the last `window` daily quote volumes, the newest included; null until there are as many. */
export function updateQuoteVolumeMedian(state: SortedWindowState, quoteVolume: number): number | null {
  invariant(quoteVolume >= 0, 'updateQuoteVolumeMedian: volume must not be negative')
  pushSortedWindow(state, quoteVolume)
  return windowMedian(state)
}
