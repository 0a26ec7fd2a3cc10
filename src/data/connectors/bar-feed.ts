/** Owns the closed bars of a venue's instruments: streams first, REST for holes and what is overdue. Never drops a bar. */
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs, Interval } from '#core/time'
import { wait } from '#core/wait'
import { BarSequencer, type SequencerOutput } from './bar-sequencer.js'
import type { BarRecord, InstrumentFacts } from './normal.js'

export interface BarFeedOptions {
  readonly time: TimePort
  /** The venue's time. */
  readonly venueNow: () => EpochMs
  /** How long after its end a bar may come before it is asked for. */
  readonly overdueMs: DurationMs
  readonly fetch: (
    facts: InstrumentFacts,
    interval: Interval,
    from: EpochMs,
    to: EpochMs,
    signal: AbortSignal,
  ) => Promise<readonly BarRecord[]>
  readonly onBar: (bar: BarRecord) => void
  /** The venue has no such bars. */
  readonly onMissing: (instrument: InstrumentId, openTimes: readonly EpochMs[]) => void
}

const TICK_MS = 250
/** Histories that are asked for at the same time. */
const FETCHES_MAX = 6

interface Fed {
  readonly facts: InstrumentFacts
  readonly sequencer: BarSequencer
}

export class BarFeed {
  readonly #options: BarFeedOptions
  readonly #fed = new Map<InstrumentId, Fed>()
  #fetches = 0
  #filled = 0
  #failed = 0

  constructor(options: BarFeedOptions) {
    this.#options = options
  }

  /** Bars that came by REST, questions that failed, and the next open time by instrument. */
  get stats(): { readonly filled: number; readonly failed: number; readonly next: Readonly<Record<string, EpochMs>> } {
    const next = [...this.#fed].map(([instrument, { sequencer }]) => [instrument, sequencer.next] as const)
    return { filled: this.#filled, failed: this.#failed, next: Object.fromEntries(next) }
  }

  /** Begins with the bar that opens at `from`; an instrument that is fed already goes on where it is. */
  add(facts: InstrumentFacts, interval: Interval, from: EpochMs): void {
    const { instrument } = facts
    if (this.#fed.has(instrument)) return
    this.#fed.set(instrument, {
      facts,
      sequencer: new BarSequencer({ instrument, interval, from, overdueMs: this.#options.overdueMs }),
    })
  }

  remove(instrument: InstrumentId): void {
    this.#fed.delete(instrument)
  }

  live(bar: BarRecord): void {
    const fed = this.#fed.get(bar.instrument)
    if (fed !== undefined) this.#give(fed, fed.sequencer.live(bar, this.#options.venueNow()))
  }

  /** Asks for what is missing until it is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { time, venueNow } = this.#options
    while (!signal.aborted) {
      for (const fed of this.#fed.values()) {
        if (this.#fetches >= FETCHES_MAX) break
        const now = venueNow()
        const span = fed.sequencer.ask(now)
        if (span !== undefined) void this.#fill(fed, span.from, span.to, now, signal)
      }
      await wait(time, TICK_MS, signal)
    }
  }

  async #fill(fed: Fed, from: EpochMs, to: EpochMs, askedAt: EpochMs, signal: AbortSignal): Promise<void> {
    const { fetch, venueNow } = this.#options
    const { facts, sequencer } = fed
    this.#fetches++
    try {
      const bars = await fetch(facts, sequencer.interval, from, to, signal)
      const output = sequencer.answered(bars, askedAt, venueNow())
      this.#filled += output.bars.length
      this.#give(fed, output)
    } catch {
      // The client has retried and told; the sequencer asks again.
      if (!signal.aborted) this.#failed++
      sequencer.failed(venueNow())
    } finally {
      this.#fetches--
    }
  }

  #give({ sequencer }: Fed, { bars, missing }: SequencerOutput): void {
    if (missing.length > 0) this.#options.onMissing(sequencer.instrument, missing)
    for (const bar of bars) this.#options.onBar(bar)
  }
}
