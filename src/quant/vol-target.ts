/**
 * Owns volatility targeting and the confidence of a momentum (methods, section 1).
 * Must never lever up a sleeve: a sleeve's scale only reduces. Volatilities are annual decimals.
 */
import { invariant } from '#core/invariant'
import { normalCdf } from './normal.js'

/** min(target / max(vol, floor), maxLeverage). */
export function volScale(target: number, annualVol: number, maxLeverage: number, volFloor: number): number {
  invariant(annualVol >= 0 && volFloor > 0, 'volScale: volatility must not be negative, its floor must be positive')
  return Math.min(target / Math.max(annualVol, volFloor), maxLeverage)
}

/** sqrt(w' S w), annual when `covariance` is; rounding below 0 counts as 0. */
export function portfolioVol(weights: readonly number[], covariance: readonly (readonly number[])[]): number {
  let variance = 0
  for (let i = 0; i < weights.length; i++) {
    for (let j = 0; j < weights.length; j++) variance += weights[i]! * weights[j]! * covariance[i]![j]!
  }
  return Math.sqrt(Math.max(0, variance))
}

/** min(1, target / ex-ante volatility): never above 1, and 1 for a sleeve without risk. */
export function sleeveScale(target: number, exAnteVol: number): number {
  return exAnteVol > target ? target / exAnteVol : 1
}

/** ln(1 + momentum) / (daily sd x sqrt lookback); null for volatility 0 or a price that fell to 0. */
export function momentumZ(momentum: number, dailySd: number, lookbackDays: number): number | null {
  return dailySd > 0 && momentum > -1 ? Math.log(1 + momentum) / (dailySd * Math.sqrt(lookbackDays)) : null
}

/** 2 Phi(|z|) - 1, in [0, 1]. */
export function confidenceOfZ(z: number): number {
  return 2 * normalCdf(Math.abs(z)) - 1
}
