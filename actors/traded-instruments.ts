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

  has(instrument: string): boolean {
    if (this.#atWork.instruments().includes(instrument)) return true
    const { indexOf, slots } = this.#risk()
    const at = indexOf[instrument]
    return at !== undefined && slots[at]!.position.quantity !== '0'
  }
}
