/**
 * Owns quotes of the built-in market for the instruments that have an order at work, and for no others: what enters the
 * log is what deciders need. Has no state of its own: a quote is a function of the market and of time.
 */
import type { EpochMs } from '#core/time'
import type { Input } from '#engine/dispatcher'
import type { TimedSource } from '#engine/live.port'
import type { SimBars } from './sim-bars.source.js'

/** Not the name of a recovered source: a refold must not look for these inputs, since asking depended on the orders. */
const SIM_QUOTES = 'connector/sim-quotes'

/** What the process trades now. Must be a pure function of the steps so far. */
export interface Trading {
  /** Time of the last event. */
  readonly ts: EpochMs
  /** Instruments with orders at work; the same array while nothing changed. */
  readonly instruments: readonly string[]
}

export class SimQuotes implements TimedSource {
  readonly name = 'source/sim-quotes'
  readonly version = '1'
  readonly #bars: SimBars
  readonly #trading: () => Trading
  /** Quotes of one time, for the instruments that they were asked for. */
  #batch: readonly Input[] = []
  #taken = 0
  #askedFor: readonly string[] = []
  #askedAt: EpochMs = -1

  constructor(bars: SimBars, trading: () => Trading) {
    this.#bars = bars
    this.#trading = trading
  }

  peek(): Input | undefined {
    if (this.#taken > 0) return this.#batch[this.#taken]
    const { ts, instruments } = this.#trading()
    if (instruments.length === 0) return undefined
    const { at } = this.#bars.market
    const first = this.#batch[0]
    const isFresh = first !== undefined && first.ts >= ts && this.#askedFor === instruments && this.#askedAt === at
    if (!isFresh) this.#ask(ts, instruments, at)
    return this.#batch[0]
  }

  next(): void {
    this.#taken++
    if (this.#taken < this.#batch.length) return
    this.#taken = 0
    this.#batch = []
  }

  state(): unknown {
    return {}
  }

  restore(): void {
    this.#taken = 0
    this.#batch = []
  }

  #ask(ts: EpochMs, instruments: readonly string[], at: EpochMs): void {
    const { market } = this.#bars
    const quotes = market.quotesBetween(ts, market.nextTs(), instruments)
    const first = quotes[0]?.ts
    this.#batch = quotes.filter((quote) => quote.ts === first).map((quote) => ({ ...quote, by: SIM_QUOTES }))
    this.#askedFor = instruments
    this.#askedAt = at
  }
}
