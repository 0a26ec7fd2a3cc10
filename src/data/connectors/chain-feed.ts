/** Owns the option chains of one currency: the newest quote of each option, told by expiry now and again. */
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import { type DurationMs, type EpochMs, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { OptionChainObserved } from '#events/market.events'
import type { InstrumentFacts, OptionRecord } from './normal.js'
import { chains } from './to-inputs.js'

export interface ChainFeedOptions {
  readonly venue: string
  readonly currency: string
  readonly everyMs: DurationMs
  readonly time: TimePort
  readonly venueNow: () => EpochMs
  readonly facts: (instrument: InstrumentId) => InstrumentFacts | undefined
  readonly onChain: (chain: OptionChainObserved['data']) => void
}

/** The first look waits until the streams have spoken. */
const FIRST_MS = 30 * SECOND_MS

export class ChainFeed {
  readonly #options: ChainFeedOptions
  readonly #newest = new Map<InstrumentId, OptionRecord>()

  constructor(options: ChainFeedOptions) {
    this.#options = options
  }

  take(record: OptionRecord): void {
    if (this.#options.facts(record.instrument)?.base === this.#options.currency)
      this.#newest.set(record.instrument, record)
  }

  /** Forward that the venue used last, quote; undefined: no option has said one yet. */
  get underlyingPrice(): number | undefined {
    let newest: OptionRecord | undefined
    for (const record of this.#newest.values())
      if (record.underlyingPrice !== null && record.ts > (newest?.ts ?? 0)) newest = record
    return newest?.underlyingPrice ?? undefined
  }

  async run(signal: AbortSignal): Promise<void> {
    const { time, everyMs } = this.#options
    await wait(time, FIRST_MS, signal)
    while (!signal.aborted) {
      this.#tell()
      await wait(time, everyMs, signal)
    }
  }

  #tell(): void {
    const { venue, currency, venueNow, facts, onChain } = this.#options
    const now = venueNow()
    const rows: (readonly [InstrumentFacts, OptionRecord])[] = []
    for (const [instrument, record] of this.#newest) {
      const terms = facts(instrument)
      if (terms === undefined || (terms.expiresAt ?? 0) <= now) this.#newest.delete(instrument)
      else rows.push([terms, record])
    }
    for (const chain of chains(venue, currency, rows)) onChain(chain)
  }
}
