/**
 * Owns the turnover limit (methods, section 14): half the sum of |dw| over a rolling span, 15 % of NAV in 30 days.
 * Must never hold back what reduces risk: the reducing part of each trade always executes and counts; only the adding
 * part is scaled by the budget that remains.
 */
import { invariant } from '#core/invariant'
import type { DurationMs, EpochMs } from '#core/time'

export interface LimitedTurnover {
  /** Share of the risk-adding trades that may go on, in [0, 1]. */
  readonly scale: number
  readonly weights: number[]
  /** One-way turnover of what remains: half the sum of |dw|. */
  readonly turnover: number
}

/** Weights in one order; `used`: one-way turnover of the span so far; `limit`: of the whole span. O(n). */
export function limitTurnover(
  current: readonly number[],
  target: readonly number[],
  used: number,
  limit: number,
): LimitedTurnover {
  invariant(current.length === target.length, 'limitTurnover: one target a weight')
  // A position is reduced down to the nearer of 0 and its target; whatever lies beyond adds risk.
  const weights: number[] = []
  let reducing = 0
  let adding = 0
  for (let i = 0; i < current.length; i++) {
    const reduced = reducedWeight(current[i]!, target[i]!)
    weights.push(reduced)
    reducing += Math.abs(reduced - current[i]!) / 2
    adding += Math.abs(target[i]! - reduced) / 2
  }
  const budget = Math.max(0, limit - used - reducing)
  const scale = adding > budget ? budget / adding : 1
  for (let i = 0; i < weights.length; i++) {
    const w = weights[i]!
    weights[i] = scale === 1 ? target[i]! : w + scale * (target[i]! - w) + 0
  }
  return { scale, weights, turnover: reducing + scale * adding }
}

function reducedWeight(current: number, target: number): number {
  if (current > 0) return Math.max(0, Math.min(current, target))
  if (current < 0) return Math.min(0, Math.max(current, target))
  return 0
}

/** One-way turnover by the time it was traded. Plain data; entries older than the span are dropped. */
export interface TurnoverState {
  spanMs: DurationMs
  times: EpochMs[]
  amounts: number[]
}

export function createTurnover(spanMs: DurationMs): TurnoverState {
  invariant(spanMs > 0, 'turnover span must be positive')
  return { spanMs, times: [], amounts: [] }
}

/** Records one-way turnover (half of |dw|, >= 0) at `ts`; times never step back. One entry a distinct time. */
export function addTurnover(state: TurnoverState, ts: EpochMs, amount: number): void {
  const last = state.times.length - 1
  invariant(amount >= 0 && (last < 0 || ts >= state.times[last]!), 'addTurnover: amount or time out of range')
  if (last >= 0 && state.times[last] === ts) state.amounts[last]! += amount
  else {
    state.times.push(ts)
    state.amounts.push(amount)
  }
}

/** One-way turnover within (now - span, now]; forgets what is older. O(entries in the span). */
export function turnoverUsed(state: TurnoverState, now: EpochMs): number {
  let stale = 0
  while (stale < state.times.length && state.times[stale]! <= now - state.spanMs) stale++
  if (stale > 0) {
    state.times.splice(0, stale)
    state.amounts.splice(0, stale)
  }
  let used = 0
  for (const amount of state.amounts) used += amount
  return used
}
