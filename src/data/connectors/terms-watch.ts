/** Owns when the terms of a venue's instruments are looked at, and that what is read follows them. Never reads them itself. */
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import { type EpochMs, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { InstrumentBook } from './instrument-book.js'
import type { InstrumentFacts } from './normal.js'

export interface TermsWatchOptions {
  readonly time: TimePort
  readonly venueNow: () => EpochMs
  readonly instruments: Pick<InstrumentBook, 'reload' | 'nextExpiry'>
  readonly onChanged: (facts: InstrumentFacts) => void
  readonly onGone: (instrument: InstrumentId) => void
  /** What is wanted may be other than before. */
  readonly replan: () => void
}

/** Between two looks at the terms of instruments (binance.md 11: hourly). */
const TERMS_MS = 60 * MINUTE_MS
/** Behind an expiry, and behind a look that failed (ours). */
const EXPIRED_MS = 10 * SECOND_MS
const TERMS_AGAIN_MS = 5 * MINUTE_MS
/** Instruments seldom go alone: what is read is changed once for all of them. */
const REPLAN_MS = SECOND_MS

export class TermsWatch {
  readonly #options: TermsWatchOptions
  #cancelReplan: (() => void) | undefined
  #failed = 0

  constructor(options: TermsWatchOptions) {
    this.#options = options
  }

  /** Looks that failed. */
  get failed(): number {
    return this.#failed
  }

  /** Every hour, and when something has expired that is read: new ones are listed then. Until it is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { time, venueNow, instruments, replan } = this.#options
    let waitMs = TERMS_MS
    for (;;) {
      const now = venueNow()
      await wait(time, Math.min(waitMs, instruments.nextExpiry(now) + EXPIRED_MS - now), signal)
      if (signal.aborted) return
      replan()
      try {
        await this.#look(signal)
        waitMs = TERMS_MS
      } catch {
        if (!signal.aborted) this.#failed++
        waitMs = TERMS_AGAIN_MS
      }
    }
  }

  replanSoon(): void {
    this.#cancelReplan ??= this.#options.time.after(REPLAN_MS, () => {
      this.#cancelReplan = undefined
      this.#options.replan()
    })
  }

  stop(): void {
    this.#cancelReplan?.()
    this.#cancelReplan = undefined
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { instruments, onChanged, onGone, replan } = this.#options
    const { changed, gone } = await instruments.reload(signal)
    for (const facts of changed) onChanged(facts)
    for (const instrument of gone) onGone(instrument)
    replan()
  }
}
