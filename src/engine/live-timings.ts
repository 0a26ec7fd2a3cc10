/**
 * Owns how long a live host takes: for a step, for making a group durable, from an input's arrival to its commit. Reads a monotonic clock
 * that never enters an event. O(1) a measure, without allocation.
 */
import type { SchedulerPort } from '#core/ports'
import type { StepGroup } from './live-groups.js'
import { LatencyHistogram } from './live-latency.js'

/** Of steps in a row every so many is timed: a flood pays for one reading of the clock in sixteen. A power of two. */
const STEPS_A_READING = 16

export class HostTimings {
  /** Arrival of an input to its commit. */
  readonly input = new LatencyHistogram()
  /** A step: the first of each turn and every sixteenth behind it. */
  readonly step = new LatencyHistogram()
  /** A group: seal to the end of its sync. */
  readonly commit = new LatencyHistogram()
  readonly #scheduler: SchedulerPort
  #steps = 0
  #begunAt = 0

  constructor(scheduler: SchedulerPort) {
    this.#scheduler = scheduler
  }

  /** A turn begins: its first step is timed. Gives the time. */
  turn(): number {
    this.#steps = 0
    return this.#scheduler.now()
  }

  begin(): void {
    if (this.#steps % STEPS_A_READING === 0) this.#begunAt = this.#scheduler.now()
  }

  end(): void {
    if (this.#steps++ % STEPS_A_READING === 0) this.step.record(this.#scheduler.now() - this.#begunAt)
  }

  /** The group is on disk. */
  durable({ arrivals, sealedAt }: StepGroup, now: number): void {
    this.commit.record(now - sealedAt)
    for (const arrivedAt of arrivals) this.input.record(now - arrivedAt)
  }
}
