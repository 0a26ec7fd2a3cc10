/**
 * Owns the three clocks of a live host: the machine's, a simulated one that runs at a multiple of real time, and one
 * that jumps from input to input. Never reads the machine's time but through the ports it is given.
 */
import type { ClockPort, SchedulerPort } from '#core/ports'
import type { EpochMs } from '#core/time'

export interface HostClock {
  /** Simulated time: what was planned for an instant happens at that very instant, at any speed. */
  readonly isSimulated: boolean
  now(): EpochMs
  /** Inputs planned for a time up to this one may be taken. `isMoreToCome`: a source has not ended. */
  horizon(isMoreToCome: boolean): EpochMs
  /** Real milliseconds until `ts`. */
  delayUntil(ts: EpochMs): number
  /** An input of this time is taken. */
  reach(ts: EpochMs): void
}

/** The machine's clock: live and paper trading. */
export function machineClock(clock: ClockPort): HostClock {
  return {
    isSimulated: false,
    now: () => clock.now(),
    horizon: () => clock.now(),
    delayUntil: (ts) => Math.max(0, ts - clock.now()),
    reach: () => undefined,
  }
}

/** A venue's clock that runs `speed` times as fast as the machine's: paper trading against a simulated exchange. */
export function pacedClock(clock: ClockPort, speed: number): HostClock {
  return { ...machineClock(clock), delayUntil: (ts) => Math.max(0, (ts - clock.now()) / speed) }
}

/** `start + (real time since now) × speed`; monotonic, so it never steps. */
export function scaledClock(scheduler: SchedulerPort, start: EpochMs, speed: number): HostClock {
  const begun = scheduler.now()
  const now = (): EpochMs => Math.floor(start + (scheduler.now() - begun) * speed)
  return {
    isSimulated: true,
    now,
    horizon: now,
    delayUntil: (ts) => Math.max(0, (ts - now()) / speed),
    reach: () => undefined,
  }
}

/** As fast as it goes: time jumps to the next input, and stands still once all sources have ended. */
export function jumpingClock(start: EpochMs): HostClock {
  let reached = start
  return {
    isSimulated: true,
    now: () => reached,
    horizon: (isMoreToCome) => (isMoreToCome ? Number.POSITIVE_INFINITY : reached),
    delayUntil: (ts) => (ts <= reached ? 0 : Number.POSITIVE_INFINITY),
    reach: (ts) => {
      if (ts > reached) reached = ts
    },
  }
}

/** A clock that goes back further than this is an event; further than a minute, risk halts on it (architecture.md 5). */
const CLOCK_BACK_MS = 1000

/** Notices a machine's clock that steps back. Simulated ones never do. */
export class ClockWatch {
  readonly #clock: HostClock
  #latest: EpochMs

  /** `latest`: the last time that the log knows of. */
  constructor(clock: HostClock, latest: EpochMs) {
    this.#clock = clock
    this.#latest = latest
  }

  /** How far it stepped back since the last look; 0 when it did not. Each step is told once. */
  steppedBackMs(): number {
    if (this.#clock.isSimulated) return 0
    const now = this.#clock.now()
    const backMs = this.#latest - now
    if (backMs <= CLOCK_BACK_MS) {
      if (backMs < 0) this.#latest = now
      return 0
    }
    this.#latest = now
    return backMs
  }
}
