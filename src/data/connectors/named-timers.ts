/** Owns timers that are known by name, at most one of each. Never calls one that was cancelled. */
import type { TimePort } from '#core/ports'
import type { DurationMs } from '#core/time'

export class NamedTimers {
  readonly #time: TimePort
  readonly #cancels = new Map<string, () => void>()

  constructor(time: TimePort) {
    this.#time = time
  }

  has(name: string): boolean {
    return this.#cancels.has(name)
  }

  /** Instead of the one that waits under that name. */
  after(name: string, ms: DurationMs, fn: () => void): void {
    this.cancel(name)
    const cancel = this.#time.after(ms, () => {
      this.#cancels.delete(name)
      fn()
    })
    this.#cancels.set(name, cancel)
  }

  cancel(name: string): void {
    this.#cancels.get(name)?.()
    this.#cancels.delete(name)
  }

  cancelAll(): void {
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }
}
