/** Owns knowing what came already: two sockets, and an old and a new one, say the same. Bounded; the oldest are forgotten. */
export class RecentKeys {
  readonly #max: number
  #young = new Set<string>()
  #old = new Set<string>()

  /** Remembers at least the last `max` keys, and at most twice as many. */
  constructor(max: number) {
    this.#max = max
  }

  /** Whether it is new; it is remembered from then on. */
  add(key: string): boolean {
    if (this.#young.has(key) || this.#old.has(key)) return false
    this.#young.add(key)
    if (this.#young.size >= this.#max) {
      this.#old = this.#young
      this.#young = new Set()
    }
    return true
  }
}
