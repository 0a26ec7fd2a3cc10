/**
 * Owns the folds of a walk-forward test and the lag of a backtest (methods, section 16).
 * Must never let a test row be nearer to its training rows than the embargo, nor a weight earn the return it was decided on.
 */
import { invariant } from '#core/invariant'

/** Half-open index ranges. */
export interface Fold {
  readonly train: readonly [number, number]
  readonly test: readonly [number, number]
}

export interface WalkForwardOptions {
  readonly train: number
  readonly test: number
  readonly step: number
  /** Rows left out between train and test: at least the longest holding time. */
  readonly embargo: number
  /** Anchored: every training range starts at 0 and grows. */
  readonly anchored: boolean
}

/** Folds whose test range lies wholly within `n` rows. */
export function walkForwardFolds(n: number, options: WalkForwardOptions): Fold[] {
  const { train, test, step, embargo, anchored } = options
  invariant(train > 0 && test > 0 && step > 0 && embargo >= 0, 'walkForwardFolds: lengths must be positive')
  const folds: Fold[] = []
  for (let start = 0; start + train + embargo + test <= n; start += step) {
    const end = start + train
    folds.push({ train: [anchored ? 0 : start, end], test: [end + embargo, end + embargo + test] })
  }
  return folds
}

export interface LaggedBacktest {
  /** One a close; the first holds the cost of the first trade alone. */
  readonly netReturns: number[]
  /** Compounded from 1, after each close. */
  readonly equity: number[]
}

/**
 * Returns of weights decided at each close: w_t earns r_{t+1}; the cost of |w_t - w_{t-1}| is charged at t.
 * `costPerTurnover` is a fraction of the traded notional. Weights are held in full units of equity (rebalanced each close).
 */
export function laggedBacktest(
  closes: readonly number[],
  weights: readonly number[],
  costPerTurnover: number,
  initialWeight = 0,
): LaggedBacktest {
  invariant(closes.length === weights.length, 'laggedBacktest: one weight a close')
  const netReturns: number[] = []
  const equity: number[] = []
  let held = initialWeight
  let value = 1
  for (let t = 0; t < closes.length; t++) {
    const earned = t === 0 ? 0 : held * (closes[t]! / closes[t - 1]! - 1)
    const net = earned - costPerTurnover * Math.abs(weights[t]! - held)
    value *= 1 + net
    netReturns.push(net)
    equity.push(value)
    held = weights[t]!
  }
  return { netReturns, equity }
}

/**
 * Recursive test: the last value of an indicator computed from only the last `warmup` inputs, as a relative difference to
 * the one from all inputs; null when that is 0 or unknown. Above 0.001 at the declared warm-up, raise the warm-up.
 */
export function warmupDrift<T>(
  inputs: readonly T[],
  warmups: readonly number[],
  last: (inputs: readonly T[]) => number | null,
): (number | null)[] {
  const full = last(inputs)
  return warmups.map((warmup) => {
    const part = last(inputs.slice(-warmup))
    return full === null || part === null || full === 0 ? null : part / full - 1
  })
}
