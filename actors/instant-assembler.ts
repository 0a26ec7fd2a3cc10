/**
 * Owns when an instant is complete over all connectors: every subscribed bar is in, or it is overdue and said to be missing.
 * Plain logic without clocks: who uses it says what time it is. Never says an instant twice, nor an older one after a newer.
 */
import { type DurationMs, type EpochMs, floorTo, INTERVALS, type Interval, intervalMs } from '#core/time'
import type { PushedInput } from '#engine/live'
import type { InstantClosed } from '#events/market.events'

export const INSTANTS = 'connector/instants'

/** Live at most so long after the close (architecture.md, section 4). */
const WAIT_MS = 2000

interface Subscription {
  readonly instrument: string
  readonly interval: Interval
  readonly stepMs: DurationMs
  /** Close of the newest bar that came. */
  newest: EpochMs
}

export interface InstantAssemblerOptions {
  readonly bars: readonly { readonly instrument: string; readonly interval: Interval }[]
  /** Last instant that the log or the history knows of; 0 for none. */
  readonly last: EpochMs
  /** Longest wait behind the close at the very start, while connectors fill what was missed. */
  readonly firstWaitMs: DurationMs
}

export class InstantAssembler {
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #finestMs: DurationMs
  readonly #firstWaitMs: DurationMs
  #last: EpochMs
  /** Closes up to this one wait longer: they were over when the process began. */
  #startedAt: EpochMs | undefined

  constructor({ bars, last, firstWaitMs }: InstantAssemblerOptions) {
    for (const { instrument, interval } of bars)
      this.#subscriptions.set(`${instrument} ${interval}`, {
        instrument,
        interval,
        stepMs: intervalMs(interval),
        newest: last,
      })
    this.#finestMs = Math.min(...bars.map(({ interval }) => intervalMs(interval)))
    this.#last = last
    this.#firstWaitMs = firstWaitMs
  }

  /** The newest instant that is complete now, if it is a new one. Call behind every bar that was handed on. */
  bar(instrument: string, interval: string, openTime: EpochMs): InstantClosed['data'] | undefined {
    const subscription = this.#subscriptions.get(`${instrument} ${interval}`)
    if (subscription === undefined) return undefined
    const close = openTime + subscription.stepMs
    if (close > subscription.newest) subscription.newest = close
    if (close <= this.#last) return undefined
    return this.#close(close, false)
  }

  /** Bars of it come no more. The instant that waited for nothing else, if there is one. */
  remove(instrument: string): InstantClosed['data'] | undefined {
    for (const [name, subscription] of this.#subscriptions)
      if (subscription.instrument === instrument) this.#subscriptions.delete(name)
    const newest = Math.max(0, ...[...this.#subscriptions.values()].map((subscription) => subscription.newest))
    return newest > this.#last ? this.#close(newest, false) : undefined
  }

  /** The newest instant that is overdue at `now`. */
  overdue(now: EpochMs): InstantClosed['data'] | undefined {
    this.#startedAt ??= now
    const instant = floorTo(now, this.#finestMs)
    const due = this.#dueAt(instant) <= now ? instant : instant - this.#finestMs
    return due > this.#last && this.#dueAt(due) <= now ? this.#close(due, true) : undefined
  }

  /** When to ask again at the latest. */
  nextLookAt(now: EpochMs): EpochMs {
    const instant = floorTo(now, this.#finestMs)
    const due = this.#dueAt(instant)
    return instant > this.#last && due > now ? due : instant + this.#finestMs + WAIT_MS
  }

  #dueAt(instant: EpochMs): EpochMs {
    const isFirst = this.#startedAt !== undefined && instant <= this.#startedAt
    return isFirst ? this.#startedAt! + this.#firstWaitMs : instant + WAIT_MS
  }

  #close(instant: EpochMs, isOverdue: boolean): InstantClosed['data'] | undefined {
    const intervals = new Set<Interval>()
    const missing: string[] = []
    for (const { instrument, interval, stepMs, newest } of this.#subscriptions.values()) {
      if (instant % stepMs !== 0) continue
      if (newest >= instant) intervals.add(interval)
      else if (!isOverdue) return undefined
      else missing.push(instrument)
    }
    this.#last = instant
    return { instant, intervals: INTERVALS.filter((name) => intervals.has(name)), missing: missing.sort() }
  }
}

/** As an input; its time is the host's. */
export function instantInput(data: InstantClosed['data']): PushedInput {
  return { type: 'InstantClosed', by: INSTANTS, data: { ...data, intervals: [...data.intervals] } }
}
