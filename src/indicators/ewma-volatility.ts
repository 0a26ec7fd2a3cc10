/**
 * Owns the exponentially weighted volatility of simple returns (methods, section 1): Moskowitz, Ooi & Pedersen, Time
 * series momentum, JFE 104 (2012), equation 1, with weights normalised to 1 over the history at hand, the same-weighted
 * mean taken off and no bias correction. Must never use an observation it has not been given, and keeps no window.
 */
import { invariant } from '#core/invariant'

/** O(1) memory: weighted mean and variance as West, CACM 22 (1979), updates them, so that no squares cancel. */
export interface EwmaVolatilityState {
  /** com / (1 + com). */
  decay: number
  periodsPerYear: number
  minReturns: number
  count: number
  previousClose: number
  /** Sum of the weights decay^i of the returns seen. */
  weight: number
  mean: number
  variance: number
}

/** `com`: centre of mass in bars (60 d), `minReturns`: returns seen before a value is given (at least 2). */
export function createEwmaVolatility(com: number, periodsPerYear: number, minReturns: number): EwmaVolatilityState {
  invariant(com > 0 && periodsPerYear > 0, 'EWMA volatility: com and periodsPerYear must be positive')
  invariant(Number.isInteger(minReturns) && minReturns >= 2, 'EWMA volatility: minReturns must be whole and >= 2')
  return {
    decay: com / (1 + com),
    periodsPerYear,
    minReturns,
    count: 0,
    previousClose: 0,
    weight: 0,
    mean: 0,
    variance: 0,
  }
}

/** Takes a close > 0, gives annual volatility as a decimal; null while fewer than `minReturns` returns are known. */
export function updateEwmaVolatility(state: EwmaVolatilityState, close: number): number | null {
  invariant(close > 0, 'updateEwmaVolatility: close must be positive')
  if (state.previousClose > 0) {
    state.weight = 1 + state.decay * state.weight
    const share = 1 / state.weight
    const distance = close / state.previousClose - 1 - state.mean
    state.mean += share * distance + 0
    state.variance = (1 - share) * (state.variance + share * distance * distance)
    if (state.count < state.minReturns) state.count++
  }
  state.previousClose = close
  return ewmaVolatility(state)
}

/** Whether there is a volatility yet. */
export function knowsVolatility(state: EwmaVolatilityState): boolean {
  return state.count >= state.minReturns
}

/** Annual volatility after the last close, as a decimal; null while warming up. 0 for a flat price. */
export function ewmaVolatility(state: EwmaVolatilityState): number | null {
  return knowsVolatility(state) ? Math.sqrt(state.periodsPerYear * state.variance) : null
}
