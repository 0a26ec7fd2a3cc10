/**
 * Owns how far the log of a run has come: the newest bar of each instrument, the settlements and the newest instant that are durable.
 * What a connector has given may still wait for its seq, what a venue has played may still be asked for, and a run that is stopped
 * leaves that: only the log says what is in it.
 */
import { type EpochMs, MINUTE_MS } from '#core/time'
import type { AnyEvent } from '#events/catalogue'

export class SoakProgress {
  /** End of the newest bar, by instrument. */
  readonly #bars: Map<string, EpochMs>
  readonly #settled = new Map<string, EpochMs>()
  readonly #delisted = new Set<string>()
  #instant: EpochMs = 0

  /** `traded`: their bars of a minute are waited for, until one is delisted. */
  constructor(traded: readonly string[]) {
    this.#bars = new Map(traded.map((instrument) => [instrument, 0]))
  }

  /** Durable events, in the order of the log. */
  take(events: readonly AnyEvent[]): void {
    for (const { type, data } of events) {
      if (type === 'BarClosed') {
        if (this.#bars.has(data.instrument)) this.#bars.set(data.instrument, data.openTime + MINUTE_MS)
      } else if (type === 'FundingSettled') this.#settled.set(data.instrument, data.settledAt)
      else if (type === 'InstrumentDelisted') {
        this.#bars.delete(data.instrument)
        this.#delisted.add(data.instrument)
      } else if (type === 'InstantClosed') this.#instant = data.instant
    }
  }

  /** Whether the log has all bars and instants that ended by then. */
  has(to: EpochMs): boolean {
    return this.#instant >= to && [...this.#bars.values()].every((end) => end >= to)
  }

  /** Whether the log has that settlement of a perpetual, or will have no more of them. */
  hasSettlement(instrument: string, at: EpochMs): boolean {
    return this.#delisted.has(instrument) || (this.#settled.get(instrument) ?? 0) >= at
  }
}
