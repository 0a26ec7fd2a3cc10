/** Owns which instruments a process holds or has orders for, as risk and router remember it: only those need quotes in the log. */
import type { RouterState } from '#execution/router-state'
import type { RiskState } from '#risk/engine.decider'
import { OrdersAtWork } from './orders-at-work.js'

export class TradedInstruments {
  readonly #atWork: OrdersAtWork
  readonly #risk: () => RiskState

  /** Both give the states as of the last step. */
  constructor(router: () => RouterState, risk: () => RiskState) {
    this.#atWork = new OrdersAtWork(router)
    this.#risk = risk
  }

  /** Of packages every leg that is named or held counts: quotes must be there before the first order for it. O(legs). */
  has(instrument: string): boolean {
    if (this.#atWork.instruments().includes(instrument)) return true
    const { indexOf, slots, packages } = this.#risk()
    const at = indexOf[instrument]
    if (at !== undefined && slots[at]!.position.quantity !== '0') return true
    for (const { legs } of packages)
      for (const leg of legs)
        if (leg.instrument === instrument && (leg.ratio !== 0 || leg.position.quantity !== '0')) return true
    return false
  }
}
