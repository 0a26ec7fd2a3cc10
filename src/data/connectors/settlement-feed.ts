/** Owns the settled funding of a venue's perpetuals: asked for after each settlement, each given once and in order. */
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import { type DurationMs, type EpochMs, floorTo, HOUR_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { FundingRecord, InstrumentFacts, SettlementRecord } from './normal.js'

export interface SettlementFeedOptions {
  readonly time: TimePort
  readonly venueNow: () => EpochMs
  /** Settlements in `(from, to]`. */
  readonly fetch: (
    facts: InstrumentFacts,
    from: EpochMs,
    to: EpochMs,
    signal: AbortSignal,
  ) => Promise<readonly SettlementRecord[]>
  readonly onSettled: (row: SettlementRecord, knownIntervalMs: DurationMs) => void
}

const TICK_MS = SECOND_MS
/** Venues publish some seconds after the settlement. */
const LAG_MS = 3 * SECOND_MS
const RETRY_FIRST_MS = 3 * SECOND_MS
const RETRY_CAP_MS = 60 * SECOND_MS
const FETCHES_MAX = 4
/** Questions in vain before the stream's word is taken for when the next one comes. */
const TRIES = 4
/** Where neither instrument nor stream tells (methods.md 0: most venues, most instruments). */
const USUAL_MS = 8 * HOUR_MS

interface Fed {
  facts: InstrumentFacts
  /** Settlements up to here were given, or are of no interest. */
  lastAt: EpochMs
  intervalMs: DurationMs
  /** Of the stream; null where funding is continuous or nothing came yet. */
  nextAt: EpochMs | null
  notBefore: EpochMs
  tries: number
  isAsked: boolean
}

export class SettlementFeed {
  readonly #options: SettlementFeedOptions
  readonly #fed = new Map<InstrumentId, Fed>()
  #fetches = 0
  #failed = 0

  constructor(options: SettlementFeedOptions) {
    this.#options = options
  }

  get failed(): number {
    return this.#failed
  }

  /** Settlements after `since`; an instrument that is fed already goes on where it is. */
  add(facts: InstrumentFacts, since: EpochMs): void {
    if (this.#fed.has(facts.instrument)) return
    const intervalMs = facts.fundingIntervalMs ?? USUAL_MS
    this.#fed.set(facts.instrument, {
      facts,
      lastAt: since,
      intervalMs,
      nextAt: null,
      notBefore: 0,
      tries: 0,
      isAsked: false,
    })
  }

  remove(instrument: InstrumentId): void {
    this.#fed.delete(instrument)
  }

  /** Its terms have changed: the length of the running period as they say it. */
  update(facts: InstrumentFacts): void {
    const fed = this.#fed.get(facts.instrument)
    if (fed === undefined) return
    fed.facts = facts
    fed.intervalMs = facts.fundingIntervalMs ?? fed.intervalMs
  }

  /** Length of the running period, as far as it is known. */
  intervalMs(instrument: InstrumentId): DurationMs {
    return this.#fed.get(instrument)?.intervalMs ?? USUAL_MS
  }

  /** When the next one falls due, and for how long a period. */
  learn({ instrument, intervalMs, nextFundingAt }: FundingRecord): void {
    const fed = this.#fed.get(instrument)
    if (fed === undefined) return
    if (intervalMs !== null) fed.intervalMs = intervalMs
    // The period in hand stays until it was asked for: the stream is at the next one as soon as it ends.
    if (nextFundingAt !== null && (fed.nextAt === null || fed.nextAt <= fed.lastAt)) fed.nextAt = nextFundingAt
    else if (nextFundingAt !== null && nextFundingAt < (fed.nextAt ?? 0)) fed.nextAt = nextFundingAt
  }

  async run(signal: AbortSignal): Promise<void> {
    const { time, venueNow } = this.#options
    while (!signal.aborted) {
      const now = venueNow()
      for (const fed of this.#fed.values())
        if (!fed.isAsked && this.#fetches < FETCHES_MAX && now >= Math.max(dueAt(fed) + LAG_MS, fed.notBefore))
          void this.#ask(fed, now, signal)
      await wait(time, TICK_MS, signal)
    }
  }

  async #ask(fed: Fed, now: EpochMs, signal: AbortSignal): Promise<void> {
    const due = dueAt(fed)
    fed.isAsked = true
    this.#fetches++
    try {
      const rows = await this.#options.fetch(fed.facts, fed.lastAt, now, signal)
      for (const row of [...rows].sort((a, b) => a.settledAt - b.settledAt)) {
        if (row.settledAt <= fed.lastAt || row.settledAt > now) continue
        fed.lastAt = row.settledAt
        fed.intervalMs = row.intervalMs ?? fed.intervalMs
        this.#options.onSettled(row, fed.intervalMs)
      }
    } catch {
      // The client has retried and told; it is asked again.
      if (!signal.aborted) this.#failed++
    } finally {
      this.#fetches--
      fed.isAsked = false
    }
    if (fed.lastAt >= due) {
      fed.tries = 0
      fed.notBefore = 0
      if (fed.nextAt !== null && fed.nextAt <= fed.lastAt) fed.nextAt = null
      return
    }
    let waitMs = RETRY_FIRST_MS
    for (let i = 0; i < fed.tries && waitMs < RETRY_CAP_MS; i++) waitMs *= 2
    fed.tries++
    fed.notBefore = this.#options.venueNow() + Math.min(waitMs, RETRY_CAP_MS)
  }
}

/** When the next settlement falls due that was not given yet: at once where some may lie behind us. */
function dueAt({ lastAt, intervalMs, nextAt, tries }: Fed): EpochMs {
  const next = floorTo(lastAt, intervalMs) + intervalMs
  if (nextAt === null || nextAt <= lastAt) return next
  // A period that became longer: what was expected never comes, and the stream knows when the next one does.
  return tries > TRIES ? nextAt : Math.min(nextAt, next)
}
