/** Owns which instruments have an order on its way, as the router remembers it: what a simulated feed must quote. */
import type { RouterState } from '#execution/router-state'

export class OrdersAtWork {
  readonly #router: () => RouterState
  readonly #isQuoted: (instrument: string) => boolean
  #live: RouterState['live'] = []
  #count = -1
  #instruments: readonly string[] = []

  /** `router` gives the router's state as of the last step; what is not `isQuoted` is left out: a feed may not have every leg. */
  constructor(router: () => RouterState, isQuoted: (instrument: string) => boolean = () => true) {
    this.#router = router
    this.#isQuoted = isQuoted
  }

  /** Sorted; the same array while nothing changed. The router adds to its list in place and replaces it to remove. */
  instruments(): readonly string[] {
    const { live } = this.#router()
    if (live === this.#live && live.length === this.#count) return this.#instruments
    this.#live = live
    this.#count = live.length
    this.#instruments = [...new Set(live.map((order) => order.instrument))].filter(this.#isQuoted).sort()
    return this.#instruments
  }
}
