/**
 * Owns the net and gross exposure caps (methods, section 14). Weights are signed fractions of NAV.
 * Must never scale a book up, and never change its composition: the directional sleeve is scaled as a whole.
 */

export interface CappedExposure {
  /** Sum of the weights before the cap. */
  readonly exposure: number
  /** In (0, 1]. */
  readonly scale: number
  /** The weights given, where the cap does not bind. */
  readonly weights: readonly number[]
}

function cappedBy(weights: readonly number[], exposure: number, cap: number): CappedExposure {
  const size = Math.abs(exposure)
  const scale = size > cap ? cap / size : 1
  return { exposure, scale, weights: scale === 1 ? weights : weights.map((w) => w * scale) }
}

/** Scales the directional sleeve so that |sum w| <= `cap` (0.3). Delta-neutral legs enter at their residual delta. */
export function capNetExposure(weights: readonly number[], cap: number): CappedExposure {
  let net = 0
  for (let i = 0; i < weights.length; i++) net += weights[i]!
  return cappedBy(weights, net, cap)
}

/** Scales the book so that sum |w| <= `cap`. */
export function capGrossExposure(weights: readonly number[], cap: number): CappedExposure {
  let gross = 0
  for (let i = 0; i < weights.length; i++) gross += Math.abs(weights[i]!)
  return cappedBy(weights, gross, cap)
}
