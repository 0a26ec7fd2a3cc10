/**
 * Owns pending timers: a heap by due time, ties in the order they were asked for. Plain state, rebuilt from the log.
 * Never reads a clock: the driver says what time it is.
 */
import type { EventEnvelope } from '#core/envelope'
import type { EpochMs } from '#core/time'

/** A timer asked for and not yet fired: payload of TimerRequested and TimerFired alike. */
export interface Timer {
  readonly agent: string
  readonly timer: string
  readonly dueAt: EpochMs
}

/** Pending timers in the order in which they will fire. */
export interface TimerState {
  readonly pending: readonly Timer[]
}

interface Entry {
  readonly timer: Timer
  readonly order: number
}

const before = (a: Entry, b: Entry): boolean =>
  a.timer.dueAt !== b.timer.dueAt ? a.timer.dueAt < b.timer.dueAt : a.order < b.order

/** Push and pop O(log n); `remove` O(n), but O(log n) for the next one due. */
export class TimerHeap {
  readonly #heap: Entry[] = []
  #order = 0

  get size(): number {
    return this.#heap.length
  }

  /** Time of the next one, infinity when none is pending. */
  nextDueAt(): EpochMs {
    return this.#heap[0]?.timer.dueAt ?? Number.POSITIVE_INFINITY
  }

  push(timer: Timer): void {
    const { agent, timer: id, dueAt } = timer
    this.#heap.push({ timer: { agent, timer: id, dueAt }, order: this.#order++ })
    this.#up(this.#heap.length - 1)
  }

  /** Takes out the next one if it is due at `now`. */
  popDue(now: EpochMs): Timer | undefined {
    const next = this.#heap[0]
    if (next === undefined || next.timer.dueAt > now) return undefined
    this.#removeAt(0)
    return next.timer
  }

  /** Takes out the pending timer of this agent, name and time; false when there is none. */
  remove(timer: Timer): boolean {
    let found = -1
    for (let i = 0; i < this.#heap.length; i++) {
      const entry = this.#heap[i]!
      if (!isSame(entry.timer, timer)) continue
      if (found < 0 || before(entry, this.#heap[found]!)) found = i
      if (found === 0) break
    }
    if (found < 0) return false
    this.#removeAt(found)
    return true
  }

  /** What a recorded event does to pending timers; other events do nothing. */
  fold(event: EventEnvelope): void {
    if (event.type === 'TimerRequested')
      this.push(event.data as Timer) // the catalogue's payload of that type
    else if (event.type === 'TimerFired') this.remove(event.data as Timer) // as above
  }

  /** Plain data for a snapshot. */
  state(): TimerState {
    const entries = [...this.#heap].sort((a, b) => (before(a, b) ? -1 : 1))
    return { pending: entries.map((entry) => ({ ...entry.timer })) }
  }

  restore(state: TimerState): void {
    this.#heap.length = 0
    this.#order = 0
    for (const timer of state.pending) this.push(timer)
  }

  #removeAt(at: number): void {
    const last = this.#heap.pop()!
    if (at === this.#heap.length) return
    this.#heap[at] = last
    this.#up(at)
    this.#down(at)
  }

  #up(from: number): void {
    const heap = this.#heap
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(heap[at]!, heap[parent]!)) return
      swap(heap, at, parent)
      at = parent
    }
  }

  #down(from: number): void {
    const heap = this.#heap
    let at = from
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      let least = at
      if (left < heap.length && before(heap[left]!, heap[least]!)) least = left
      if (right < heap.length && before(heap[right]!, heap[least]!)) least = right
      if (least === at) return
      swap(heap, at, least)
      at = least
    }
  }
}

function isSame(a: Timer, b: Timer): boolean {
  return a.timer === b.timer && a.agent === b.agent && a.dueAt === b.dueAt
}

function swap(heap: Entry[], a: number, b: number): void {
  const kept = heap[a]!
  heap[a] = heap[b]!
  heap[b] = kept
}
