/**
 * Owns the choice of the next input: what has arrived, timers that are due, sources whose time has come; the earliest
 * first, and within an instant in its fixed order. Never steps anything and never waits.
 */
import type { EpochMs } from '#core/time'
import type { Input } from './dispatcher.js'
import { compareWithinInstant } from './input-order.js'
import type { Arrived, InputQueue } from './input-queue.js'
import type { TimedSource } from './live.port.js'
import type { HostClock } from './live-clock.js'
import type { TimerHeap } from './timers.js'

/** Who says that a timer fired or the clock stepped. */
export const HOST_CLOCK = 'host/clock'

export class LiveInputs {
  readonly #queue: InputQueue
  readonly #timers: TimerHeap
  readonly #sources: readonly TimedSource[]
  readonly #clock: HostClock
  #first = 0

  constructor(queue: InputQueue, timers: TimerHeap, sources: readonly TimedSource[], clock: HostClock) {
    this.#queue = queue
    this.#timers = timers
    this.#sources = sources
    this.#clock = clock
  }

  /** Whether every source has ended. */
  get isEnded(): boolean {
    return this.#sources.every((source) => source.peek() === undefined)
  }

  /** When something is due next that has not arrived: infinity when nothing is. */
  nextDueAt(): EpochMs {
    let ts = this.#timers.nextDueAt()
    for (const source of this.#sources) ts = Math.min(ts, source.peek()?.ts ?? Number.POSITIVE_INFINITY)
    return ts
  }

  /**
   * What has arrived by now goes before any timer, however long that is due: it tells that the agents run, and a timer that fires
   * before they do is lost on them.
   */
  takeArrivedFirst(): void {
    this.#first = this.#queue.size
  }

  /** Takes the input whose turn it is; `tick` is when inputs that are not from the queue count as arrived. */
  take(tick: number): Arrived | undefined {
    if (this.#first > 0) {
      this.#first--
      return this.#queue.take()
    }
    let best: Input | undefined = this.#queue.peek()?.input
    let source: TimedSource | undefined
    let isTimer = false
    let isMoreToCome = false
    const candidates: TimedSource[] | readonly TimedSource[] = this.#sources
    for (let i = 0; i < candidates.length; i++) {
      const next = candidates[i]!.peek()
      if (next === undefined) continue
      isMoreToCome = true
      if (best !== undefined && !isBefore(next, best)) continue
      best = next
      source = candidates[i]!
    }
    const horizon = this.#clock.horizon(isMoreToCome)
    if (source !== undefined && best!.ts > horizon) {
      source = undefined
      best = this.#queue.peek()?.input
    }
    const dueAt = this.#timers.nextDueAt()
    if (dueAt <= horizon && (best === undefined || isTimerBefore(dueAt, best))) isTimer = true
    if (isTimer) return { input: this.#fire(horizon), arrivedAt: tick }
    if (source !== undefined) {
      this.#clock.reach(best!.ts)
      source.next()
      return { input: best!, arrivedAt: tick }
    }
    return this.#queue.take()
  }

  #fire(horizon: EpochMs): Input {
    const timer = this.#timers.popDue(horizon)!
    this.#clock.reach(timer.dueAt)
    const ts = this.#clock.isSimulated ? timer.dueAt : this.#clock.now()
    const { agent, timer: id, dueAt } = timer
    return { type: 'TimerFired', by: HOST_CLOCK, ts, data: { agent, timer: id, dueAt } }
  }
}

function isBefore(a: Input, b: Input): boolean {
  return a.ts !== b.ts ? a.ts < b.ts : compareWithinInstant(a, b) < 0
}

const A_TIMER: Input = { type: 'TimerFired', by: HOST_CLOCK, ts: 0, data: {} }

function isTimerBefore(dueAt: EpochMs, other: Input): boolean {
  return dueAt !== other.ts ? dueAt < other.ts : compareWithinInstant(A_TIMER, other) < 0
}
