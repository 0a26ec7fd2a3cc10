/**
 * Owns the tilt of signal budgets towards what worked (methods, section 13).
 * Must be given Sharpe ratios of the 90 days that ended the day before: today's returns are look-ahead.
 */
import { invariant } from '#core/invariant'

/** Floor of |mean Sharpe| in the tilt, so that a mean near 0 does not blow it up. */
const MEAN_FLOOR = 0.5
const TILT = 0.5
const MULTIPLIER_MIN = 0.5
const MULTIPLIER_MAX = 2

export interface TiltedBudgets {
  /** clip(1 + 0.5 (SR_k - mean SR) / max(|mean SR|, 0.5), 0.5, 2). */
  readonly multipliers: number[]
  /** base x multiplier, sum 1; all 0 when every base is 0. */
  readonly budgets: number[]
}

/** Annual Sharpe ratios and base budgets (>= 0) of the same signals, in one order; null ratios are not tilted. */
export function tiltBudgets(sharpes: readonly (number | null)[], base: readonly number[]): TiltedBudgets {
  invariant(sharpes.length === base.length, 'tiltBudgets: one Sharpe ratio a budget')
  invariant(
    base.every((b) => b >= 0),
    'tiltBudgets: budgets must not be negative',
  )
  const known = sharpes.filter((sr) => sr !== null)
  const mean = known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : 0
  const scale = TILT / Math.max(Math.abs(mean), MEAN_FLOOR)
  const multipliers = sharpes.map((sr) =>
    sr === null ? 1 : Math.min(MULTIPLIER_MAX, Math.max(MULTIPLIER_MIN, 1 + scale * (sr - mean))),
  )
  const raw = base.map((b, k) => b * multipliers[k]!)
  const total = raw.reduce((a, b) => a + b, 0)
  return { multipliers, budgets: raw.map((b) => (total > 0 ? b / total : 0)) }
}
