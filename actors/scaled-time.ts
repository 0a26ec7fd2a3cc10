/** Owns the clock that connectors and a simulated exchange share: the machine's, or one that starts elsewhere and runs faster. */
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'

/** Longest delay that the machine's timers take. */
const LONGEST_MS = 2_147_483_647

/** The machine's clock. */
export const machineTime: TimePort = { now: () => Date.now(), after: (ms, fn) => delay(ms, fn) }

/**
 * A clock that shows `start` now and runs `speed` times as fast as the machine's. Never goes back, whatever the machine's
 * clock of day does. Delays are in its own milliseconds.
 */
export function scaledTime(speed: number, start: EpochMs): TimePort {
  const origin = performance.now()
  return {
    now: () => Math.floor(start + (performance.now() - origin) * speed),
    after: (ms, fn) => delay(ms / speed, fn),
  }
}

/** Delays beyond what a timer takes are waited for in parts. */
function delay(ms: DurationMs, fn: () => void): () => void {
  let timer: NodeJS.Timeout
  const arm = (rest: DurationMs): void => {
    timer = rest > LONGEST_MS ? setTimeout(() => arm(rest - LONGEST_MS), LONGEST_MS) : setTimeout(fn, Math.max(0, rest))
  }
  arm(ms)
  return () => clearTimeout(timer)
}
