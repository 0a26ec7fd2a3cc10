/** Owns the machine's scheduler and clock as ports. Nothing of it may reach an event but through the host's clock. */
import type { ClockPort, SchedulerPort } from '#core/ports'

/** Longest delay that setTimeout takes, 2^31 − 1 ms. */
const MAX_DELAY_MS = 2147483647

export const machineScheduler: SchedulerPort = {
  now: () => performance.now(),
  soon: (fn) => {
    setImmediate(fn)
  },
  after: (delayMs, fn) => {
    const timer = setTimeout(fn, Math.min(Math.max(0, delayMs), MAX_DELAY_MS))
    return () => clearTimeout(timer)
  },
}

export const machineTime: ClockPort = { now: () => Date.now() }
