/**
 * Owns Wilder's true range, average true range, directional indicators and ADX, one bar at a time (methods, section 2).
 * Must never seed in any other way: ATR and the smoothed sums start from bars 1..n (bar 0 has no previous close), ADX
 * from the mean of DX at n..2n-1. J. W. Wilder, New Concepts in Technical Trading Systems (1978).
 */
import { invariant } from '#core/invariant'
import { checkWindow } from './window.js'

/** Wilder's true range: max(H-L, |H-C1|, |L-C1|), in price units. */
export function trueRange(high: number, low: number, previousClose: number): number {
  return Math.max(high - low, Math.abs(high - previousClose), Math.abs(low - previousClose))
}

/** O(1) memory. */
export interface AtrState {
  period: number
  /** Bars seen, at most period + 1. */
  count: number
  previousClose: number
  /** Smoothed sum of true ranges: period x ATR. */
  sum: number
}

export function createAtr(period: number): AtrState {
  checkWindow(period, 1, 'ATR period')
  return { period, count: 0, previousClose: 0, sum: 0 }
}

/** Takes a closed bar (prices > 0), gives ATR in price units; null for the first `period` bars. */
export function updateAtr(state: AtrState, high: number, low: number, close: number): number | null {
  invariant(high >= low && close > 0, 'updateAtr: high, low and close must be prices')
  if (state.count > 0) {
    const tr = trueRange(high, low, state.previousClose)
    state.sum += state.count <= state.period ? tr : tr - state.sum / state.period
  }
  if (state.count <= state.period) state.count++
  state.previousClose = close
  return atrOf(state)
}

/** ATR after the last bar, in price units; null while warming up. */
export function atrOf(state: AtrState): number | null {
  return state.count > state.period ? state.sum / state.period : null
}

/** ATR, +DI, -DI, DX and ADX of one bar series. O(1) memory. */
export interface AdxState {
  period: number
  /** Bars seen, at most 2 x period. */
  count: number
  previousHigh: number
  previousLow: number
  previousClose: number
  trSum: number
  plusSum: number
  minusSum: number
  /** Sum of DX while it is being seeded, then ADX itself. */
  adx: number
}

export function createAdx(period: number): AdxState {
  checkWindow(period, 1, 'ADX period')
  return {
    period,
    count: 0,
    previousHigh: 0,
    previousLow: 0,
    previousClose: 0,
    trSum: 0,
    plusSum: 0,
    minusSum: 0,
    adx: 0,
  }
}

/** Takes a closed bar, gives ADX in [0, 100]; null for the first 2 x period - 1 bars. ATR and DI: the readers below. */
export function updateAdx(state: AdxState, high: number, low: number, close: number): number | null {
  invariant(high >= low && close > 0, 'updateAdx: high, low and close must be prices')
  const { period, count } = state
  if (count > 0) {
    const tr = trueRange(high, low, state.previousClose)
    const up = high - state.previousHigh
    const down = state.previousLow - low
    const plus = up > down && up > 0 ? up : 0
    const minus = down > up && down > 0 ? down : 0
    const seeding = count <= period
    state.trSum += seeding ? tr : tr - state.trSum / period
    state.plusSum += seeding ? plus : plus - state.plusSum / period
    state.minusSum += seeding ? minus : minus - state.minusSum / period
  }
  if (count >= period) {
    const dx = directionalIndex(state)
    if (count < 2 * period) {
      state.adx += dx
      if (count === 2 * period - 1) state.adx /= period
    } else state.adx = (state.adx * (period - 1) + dx) / period
  }
  if (count < 2 * period) state.count++
  state.previousHigh = high
  state.previousLow = low
  state.previousClose = close
  return adxOf(state)
}

/** DX in [0, 100]: 100 |+DI - -DI| / (+DI + -DI); 0 when nothing moved. The true ranges cancel. */
function directionalIndex(state: AdxState): number {
  const total = state.plusSum + state.minusSum
  return total > 0 ? (100 * Math.abs(state.plusSum - state.minusSum)) / total : 0
}

export function adxOf(state: AdxState): number | null {
  return state.count >= 2 * state.period ? state.adx : null
}

/** DX in [0, 100]; null for the first `period` bars. */
export function dxOf(state: AdxState): number | null {
  return state.count > state.period ? directionalIndex(state) : null
}

/** ATR in price units, the same as {@link updateAtr} gives. */
export function adxAtrOf(state: AdxState): number | null {
  return state.count > state.period ? state.trSum / state.period : null
}

/** +DI in [0, 100]; null for the first `period` bars; 0 when nothing moved. */
export function plusDiOf(state: AdxState): number | null {
  if (state.count <= state.period) return null
  return state.trSum > 0 ? (100 * state.plusSum) / state.trSum : 0
}

/** -DI in [0, 100]; null for the first `period` bars; 0 when nothing moved. */
export function minusDiOf(state: AdxState): number | null {
  if (state.count <= state.period) return null
  return state.trSum > 0 ? (100 * state.minusSum) / state.trSum : 0
}
