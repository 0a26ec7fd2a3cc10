/**
 * Owns listings, bars, funding and instants of the built-in market as a source that the host pulls. Its state and the log
 * lead to the same next input after any crash. Never looks at what the process trades.
 */
import type { EpochMs } from '#core/time'
import type { SimInput, SimMarket, SimMarketState } from '#data/connectors/sim/market'
import type { Input } from '#engine/dispatcher'
import type { TimedSource } from '#engine/live.port'

export const SIM_FEED = 'connector/sim'

interface State {
  readonly market: SimMarketState
  readonly isListed: boolean
  /** Inputs of the instant in hand that were taken. */
  readonly taken: number
}

export class SimBars implements TimedSource {
  readonly name = SIM_FEED
  readonly version = '1'
  /** Stands behind the last instant that was taken whole: its running bar is the one that lasts now. */
  readonly #running: SimMarket
  /** One instant ahead of it once that was asked for. */
  readonly #ahead: SimMarket
  #pending: readonly (Input | SimInput)[] | undefined
  #taken = 0
  #isListed = false
  #until: EpochMs = Number.POSITIVE_INFINITY

  /** Two markets of the same configuration and seed; both are moved past their history. */
  constructor(running: SimMarket, ahead: SimMarket) {
    this.#running = running
    this.#ahead = ahead
    for (const _ of running.history());
    ahead.restore(running.state())
  }

  /** The market at the last instant that was taken whole. */
  get market(): SimMarket {
    return this.#running
  }

  /** It gives no instant behind this one. */
  endAt(until: EpochMs): void {
    this.#until = until
  }

  get hasEnded(): boolean {
    return this.peek() === undefined
  }

  peek(): Input | undefined {
    this.#pending ??= this.#isListed ? this.#ahead.nextInstant().inputs : this.#listings()
    const next = this.#pending[this.#taken]!
    return next.ts <= this.#until ? next : undefined
  }

  next(): void {
    if (this.peek() === undefined) return
    this.#taken++
    if (this.#taken < this.#pending!.length) return
    if (this.#isListed) this.#running.nextInstant()
    this.#isListed = true
    this.#taken = 0
    this.#pending = undefined
  }

  state(): State {
    return { market: this.#running.state(), isListed: this.#isListed, taken: this.#taken }
  }

  restore(state: unknown): void {
    const { market, isListed, taken } = state as State // what `state` gave
    this.#running.restore(market)
    this.#ahead.restore(market)
    this.#isListed = isListed
    this.#taken = taken
    this.#pending = undefined
  }

  #listings(): Input[] {
    return this.#running.instruments.map((data) => ({
      type: 'InstrumentListed',
      by: SIM_FEED,
      ts: this.#running.start,
      data,
    }))
  }
}
