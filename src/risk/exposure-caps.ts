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

/**
 * Scales the directional sleeve so that |sum w + residual| <= `cap` (0.3); `residual` is what delta-neutral legs leave open. A
 * sleeve that offsets the residual stays as it is: without it the rest would be larger.
 */
export function capNetExposure(weights: readonly number[], cap: number, residual = 0): CappedExposure {
  let net = 0
  for (let i = 0; i < weights.length; i++) net += weights[i]!
  if (residual === 0) return cappedBy(weights, net, cap)
  const exposure = net + residual
  const side = Math.sign(exposure)
  if (Math.abs(exposure) <= cap || Math.sign(net) !== side) return { exposure, scale: 1, weights }
  const scale = Math.max(0, Math.min(1, (cap * side - residual) / net))
  return { exposure, scale, weights: weights.map((w) => w * scale) }
}

/** Scales the book so that sum |w| + `beside` <= `cap`; `beside` is the gross of all legs of packages, which shrink alike. */
export function capGrossExposure(weights: readonly number[], cap: number, beside = 0): CappedExposure {
  let gross = beside
  for (let i = 0; i < weights.length; i++) gross += Math.abs(weights[i]!)
  return cappedBy(weights, gross, cap)
}
