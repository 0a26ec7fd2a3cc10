/** Owns counting by word. Pure. */
import type { Tally } from './recording.js'

export class Counter {
  readonly #counts = new Map<string, number>()

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  /** Most frequent first, equal ones by code unit. */
  tally(): Tally {
    return [...this.#counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  }
}
