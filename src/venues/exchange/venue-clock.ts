/** Owns the venue's own clock: the exchange's, shifted by injected skew. Never goes back: it stands still instead. */
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'

export interface VenueClock {
  now(): EpochMs
  skew(byMs: DurationMs): void
}

/** What a venue published is never contradicted by a later answer, because its time never runs twice. */
export function createVenueClock(time: TimePort): VenueClock {
  let skewMs = 0
  let last = Number.NEGATIVE_INFINITY
  return {
    now() {
      last = Math.max(last, Math.floor(time.now() + skewMs))
      return last
    },
    skew(byMs) {
      skewMs = byMs
    },
  }
}
