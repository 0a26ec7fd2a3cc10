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
  /** Null: it stands where history ends. */
  readonly market: SimMarketState | null
  readonly isListed: boolean
  /** Inputs of the instant in hand that were taken. */
  readonly taken: number
}

export class SimBars implements TimedSource {
  readonly name = SIM_FEED
  readonly version = '2'
  /** Stands behind the last instant that was taken whole: its running bar is the one that lasts now. */
  readonly #running: SimMarket
  /** One instant ahead of it once that was asked for. */
  readonly #ahead: SimMarket
  #pending: readonly (Input | SimInput)[] | undefined
  #taken = 0
  #isListed = false
  #until: EpochMs = Number.POSITIVE_INFINITY
  /** Whether both stand behind their history: years of bars, which a restart from a snapshot need not make again. */
  #isPlaced = false
  readonly #origin: SimMarketState
  readonly #placeKnown: () => SimMarketState | undefined

  /**
   * Two new markets of the same configuration and seed. They are moved past their history when they are first needed there;
   * `placeKnown`: where that is, if another market has gone through it by then.
   */
  constructor(running: SimMarket, ahead: SimMarket, placeKnown: () => SimMarketState | undefined = () => undefined) {
    this.#running = running
    this.#ahead = ahead
    this.#origin = running.state()
    this.#placeKnown = placeKnown
  }

  /** The market at the last instant that was taken whole. O(history) when it is first asked for in a new run. */
  get market(): SimMarket {
    this.#place()
    return this.#running
  }

  #place(): void {
    if (this.#isPlaced) return
    this.#isPlaced = true
    const known = this.#placeKnown()
    if (known === undefined) for (const _ of this.#running.history());
    else this.#running.restore(known)
    this.#ahead.restore(this.#running.state())
  }

  /** It gives no instant behind this one. */
  endAt(until: EpochMs): void {
    this.#until = until
  }

  get hasEnded(): boolean {
    return this.peek() === undefined
  }

  peek(): Input | undefined {
    if (this.#isListed) this.#place()
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
    return { market: this.#isPlaced ? this.#running.state() : null, isListed: this.#isListed, taken: this.#taken }
  }

  restore(state: unknown): void {
    const { market, isListed, taken } = state as State // what `state` gave
    this.#isPlaced = market !== null
    this.#running.restore(market ?? this.#origin)
    if (market !== null) this.#ahead.restore(market)
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
