/** A clock that moves only when told; what falls due is called in its order, with promises settled in between. */
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'

interface Due {
  readonly at: EpochMs
  readonly order: number
  readonly fn: () => void
}

export class ManualTime implements TimePort {
  #now: EpochMs
  #order = 0
  #due: Due[] = []

  constructor(start: EpochMs = 1_767_225_600_000) {
    this.#now = start
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#due.length
  }

  now(): EpochMs {
    return this.#now
  }

  after(delayMs: DurationMs, fn: () => void): () => void {
    const due = { at: this.#now + Math.max(0, delayMs), order: this.#order++, fn }
    this.#due.push(due)
    return () => {
      this.#due = this.#due.filter((other) => other !== due)
    }
  }

  async advance(ms: DurationMs): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (;;) {
      const next = this.#due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0]
      if (next === undefined) break
      this.#due = this.#due.filter((other) => other !== next)
      this.#now = Math.max(this.#now, next.at)
      next.fn()
      await settle()
    }
    this.#now = until
  }
}

/** Lets promises that are ready run on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
