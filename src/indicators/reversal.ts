/**
 * Owns since when a rate has had its sign: the 6-hour reversal stop (methods.md 4). Must never know which side is held before it
 * is asked. A zero ends a run; a change of size does not.
 */
import type { DurationMs, EpochMs } from '#core/time'

/** Plain data. */
export interface SignRun {
  /** −1, 0, 1: of the newest rate. */
  sign: number
  /** First time of this sign without a break. */
  since: EpochMs
}

export const createSignRun = (): SignRun => ({ sign: 0, since: 0 })

/** The rate that could be seen at `at`. */
export function pushSign(run: SignRun, rate: number, at: EpochMs): void {
  const sign = rate > 0 ? 1 : rate < 0 ? -1 : 0
  if (sign === run.sign) return
  run.sign = sign
  run.since = at
}

/** How long the rate has gone against `side` (1: long, pays while it is positive); null while it does not. */
export function reversedFor(run: SignRun, side: number, now: EpochMs): DurationMs | null {
  return side !== 0 && run.sign === side ? now - run.since : null
}

/** Whether it has gone against `side` for `limit` or longer. */
export function isReversed(run: SignRun, side: number, now: EpochMs, limit: DurationMs): boolean {
  const reversed = reversedFor(run, side, now)
  return reversed !== null && reversed >= limit
}
