/**
 * Owns how long an instrument outside the universe is remembered: it comes with an order and leaves when it expired or nothing
 * was ordered there for long. Terms come again with the next order, so that nothing is lost by forgetting.
 */
import { DAY_MS, type DurationMs, type EpochMs } from '#core/time'

/** Longest time without an order (ours). */
const IDLE_MS: DurationMs = 30 * DAY_MS

interface LegSlot {
  readonly expiresAt: EpochMs
  readonly usedAt: EpochMs
}

/** `legs` and the new one, without those that are over at `ts`. `isNeeded`: whether one must stay whatever its age. */
export function withLeg<T extends LegSlot>(
  legs: readonly T[],
  added: T,
  ts: EpochMs,
  isNeeded: (leg: T) => boolean,
): T[] {
  const isOver = (leg: T): boolean => (leg.expiresAt > 0 && leg.expiresAt <= ts) || ts - leg.usedAt > IDLE_MS
  return [...legs.filter((leg) => isNeeded(leg) || !isOver(leg)), added]
}
