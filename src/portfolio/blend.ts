/**
 * Owns the blend of several signals' weights on one asset into one weight (methods, section 13).
 * Must never read risk, positions or fills: it knows opinions only.
 */

/** One signal's opinion on the asset. */
export interface BlendInput {
  /** Target weight as a signed fraction of NAV. */
  readonly weight: number
  /** In [0, 1]. */
  readonly confidence: number
  /** Share of the budget, >= 0. */
  readonly budget: number
  /** Bound of |weight|. */
  readonly maxAbsWeight: number
}

/** `budget` divides by the sum of budgets (low confidence shrinks), `active` by the sum of budget x confidence. */
export type BlendNorm = 'budget' | 'active'

export interface Blend {
  /** Signed fraction of NAV; 0 when the signals conflict. */
  readonly weight: number
  /** |sum b c v| / sum b c |v|, in [0, 1]; null when no signal has an opinion. */
  readonly agreement: number | null
  /** Whether agreement below the minimum set the weight to 0. */
  readonly conflict: boolean
}

/** W = sum b c v / norm with v = clip(w, +-maxAbs); 0 when agreement < `minAgreement`. O(n), one allocation. */
export function blend(signals: readonly BlendInput[], minAgreement: number, norm: BlendNorm = 'budget'): Blend {
  let net = 0
  let gross = 0
  let budgets = 0
  let active = 0
  for (let k = 0; k < signals.length; k++) {
    const signal = signals[k]!
    const bound = signal.maxAbsWeight
    const clipped = signal.weight > bound ? bound : signal.weight < -bound ? -bound : signal.weight
    const conviction = signal.budget * signal.confidence
    net += conviction * clipped
    gross += conviction * Math.abs(clipped)
    budgets += signal.budget
    active += conviction
  }
  const divisor = norm === 'budget' ? budgets : active
  if (!(gross > 0) || !(divisor > 0)) return { weight: 0, agreement: null, conflict: false }
  // Rounding may lift a unanimous vote above 1.
  const agreement = Math.min(1, Math.abs(net) / gross)
  const conflict = agreement < minAgreement
  return { weight: conflict ? 0 : net / divisor + 0, agreement, conflict }
}
