/** Owns how far a venue's clock is from ours, and so the venue's time. Never sets a clock. */
import { QuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'

export interface OffsetMeasure {
  /** Venue time minus ours, ms. */
  readonly offsetMs: DurationMs
  /** Round trip of the sample it is from: the offset is wrong by at most half of it. */
  readonly rttMs: DurationMs
  /** On our clock. */
  readonly measuredAt: EpochMs
}

/** Samples a measurement (ours): the one with the shortest way there and back is believed. */
const SAMPLES = 5

/** The measure is wrong by up to half of a round trip: beyond this the one before is the better one (ours). */
const RTT_MAX_MS = 4000

export class ClockOffset {
  readonly #time: TimePort
  readonly #ask: (signal?: AbortSignal) => Promise<EpochMs>
  readonly #samples: number
  #last: OffsetMeasure | undefined

  /** `ask` gives the venue's time. It should not retry: what it waits counts as travel. */
  constructor(time: TimePort, ask: (signal?: AbortSignal) => Promise<EpochMs>, samples = SAMPLES) {
    this.#time = time
    this.#ask = ask
    this.#samples = samples
  }

  get last(): OffsetMeasure | undefined {
    return this.#last
  }

  /** The venue's time now; ours while nothing was measured. */
  now(): EpochMs {
    return this.#time.now() + (this.#last?.offsetMs ?? 0)
  }

  /** Our time of a venue's instant. */
  local(venueTs: EpochMs): EpochMs {
    return venueTs - (this.#last?.offsetMs ?? 0)
  }

  /** Midpoint of the round trip, of several the shortest. Samples that fail are left out; rejects when all do. */
  async measure(signal?: AbortSignal): Promise<OffsetMeasure> {
    let best: OffsetMeasure | undefined
    let failure: unknown
    for (let i = 0; i < this.#samples && !signal?.aborted; i++) {
      const sentAt = this.#time.now()
      try {
        const venueTs = await this.#ask(signal)
        const measuredAt = this.#time.now()
        const rttMs = measuredAt - sentAt
        if (rttMs > RTT_MAX_MS)
          throw new QuantbotError('VENUE_UNREACHABLE', `an answer after ${rttMs} ms does not tell the venue's time`)
        if (best === undefined || rttMs < best.rttMs)
          best = { offsetMs: Math.round(venueTs - (sentAt + measuredAt) / 2), rttMs, measuredAt }
      } catch (error) {
        failure = error
      }
    }
    if (best === undefined) throw failure ?? signal?.reason
    this.#last = best
    return best
  }
}
