/** Owns which instruments have an order on its way, as the router remembers it: what a simulated feed must quote. */
import type { RouterState } from '#execution/router-state'

export class OrdersAtWork {
  readonly #router: () => RouterState
  #live: RouterState['live'] = []
  #count = -1
  #instruments: readonly string[] = []

  /** `router` gives the router's state as of the last step. */
  constructor(router: () => RouterState) {
    this.#router = router
  }

  /** Sorted; the same array while nothing changed. The router adds to its list in place and replaces it to remove. */
  instruments(): readonly string[] {
    const { live } = this.#router()
    if (live === this.#live && live.length === this.#count) return this.#instruments
    this.#live = live
    this.#count = live.length
    this.#instruments = [...new Set(live.map((order) => order.instrument))].sort()
    return this.#instruments
  }
}
