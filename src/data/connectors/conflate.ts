/**
 * Owns letting the newest value of a key pass at most so often: the first at once, the last when the gap is over. Only for
 * what may be conflated (quotes, marks, rates, open interest, indices); never for bars, settlements, trades, liquidations.
 */
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'

export interface ConflatorOptions<T> {
  readonly time: TimePort
  readonly gapMs: DurationMs
  readonly emit: (value: T) => void
  /** Whether it says the same as the one before: then it is not worth passing. */
  readonly isSame: (a: T, b: T) => boolean
}

interface Slot<T> {
  last: T
  lastAt: EpochMs
  /** The newest value that waits. */
  waiting: T | undefined
  cancel: (() => void) | undefined
}

/** Bounded by its keys: one value passed and one waiting for each. */
export class Conflator<T> {
  readonly #options: ConflatorOptions<T>
  readonly #slots = new Map<string, Slot<T>>()
  #isHeld = false

  constructor(options: ConflatorOptions<T>) {
    this.#options = options
  }

  offer(key: string, value: T): void {
    const slot = this.#slots.get(key)
    if (slot === undefined) {
      const fresh: Slot<T> = { last: value, lastAt: Number.NEGATIVE_INFINITY, waiting: value, cancel: undefined }
      this.#slots.set(key, fresh)
      this.#pass(fresh, true)
      return
    }
    slot.waiting = value
    if (slot.cancel === undefined) this.#pass(slot, false)
  }

  /** While held nothing passes; the newest of each key waits. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    if (isHeld) return
    for (const slot of this.#slots.values()) if (slot.cancel === undefined) this.#pass(slot, false)
  }

  /** Drops what waits; the next value of each key passes at once and counts as changed. */
  reset(): void {
    for (const { cancel } of this.#slots.values()) cancel?.()
    this.#slots.clear()
  }

  #pass(slot: Slot<T>, isFirst: boolean): void {
    const { time, gapMs, emit, isSame } = this.#options
    if (slot.waiting === undefined || this.#isHeld) return
    const value = slot.waiting
    if (!isFirst && slot.lastAt !== Number.NEGATIVE_INFINITY && isSame(slot.last, value)) {
      slot.waiting = undefined
      return
    }
    const now = time.now()
    const restMs = slot.lastAt + gapMs - now
    if (restMs > 0) {
      slot.cancel = time.after(restMs, () => {
        slot.cancel = undefined
        this.#pass(slot, false)
      })
      return
    }
    slot.waiting = undefined
    slot.last = value
    slot.lastAt = now
    emit(value)
  }
}
