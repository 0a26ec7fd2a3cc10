/** Owns which committed events become latest values, and under which key. A projection: may lag, is never asked by deciders. */
import type { AnyEvent } from '#events/catalogue'
import type { Cache, CacheEntry } from './cache.port.js'

/** The entry of an event; undefined for events that are no latest value of anything. */
export function entryOfEvent(event: AnyEvent): CacheEntry | undefined {
  const { seq, ts } = event
  switch (event.type) {
    case 'BarClosed':
    case 'BarAggregated':
      return { key: `bar:${event.data.instrument}:${event.data.interval}`, seq, ts, value: event.data }
    case 'MarkChanged':
      return { key: `mark:${event.data.instrument}`, seq, ts, value: event.data }
    case 'FundingRateChanged':
      return { key: `funding:${event.data.instrument}`, seq, ts, value: event.data }
    case 'FundingSettled':
      return { key: `settlement:${event.data.instrument}`, seq, ts, value: event.data }
    case 'FundingSpreadChanged':
      return { key: `spread:${event.data.base}`, seq, ts, value: event.data }
    case 'BasisChanged':
      return { key: `basis:${event.data.instrument}`, seq, ts, value: event.data }
    case 'FuturesRolled':
      return {
        key: `basis:front:${event.data.venue}:${event.data.base}:${event.data.quote}`,
        seq,
        ts,
        value: event.data,
      }
    case 'OpenInterestChanged':
      return { key: `openInterest:${event.data.instrument}`, seq, ts, value: event.data }
    case 'VolatilityIndexChanged':
      return { key: `volatilityIndex:${event.data.venue}:${event.data.currency}`, seq, ts, value: event.data }
    case 'VolatilitySurfaceChanged':
      return { key: `surface:${event.data.venue}:${event.data.currency}`, seq, ts, value: event.data }
    case 'QuoteChanged':
      return { key: `quote:${event.data.instrument}`, seq, ts, value: event.data }
    case 'OnChainPublished':
      return { key: `onChain:${event.data.asset}:${event.data.metric}`, seq, ts, value: event.data }
    case 'SignalChanged':
      return { key: `signal:${event.data.signal}:${event.data.instrument}`, seq, ts, value: event.data }
    default:
      return undefined
  }
}

/** What a person wants to see of the book and of health, as the process says it. */
export interface BookNow {
  readonly seq: number
  readonly ts: number
  readonly positions: readonly { readonly instrument: string }[]
  readonly health: { readonly [field: string]: unknown }
}

const CHANGES_BOOK: ReadonlySet<string> = new Set(['OrderFilled', 'PositionSettled', 'FundingAccrued', 'InstantClosed'])

/** Fills a cache from committed events. `book` is asked behind groups that may have changed it. */
export class CacheProjection {
  readonly #cache: Cache
  readonly #book: () => BookNow

  constructor(cache: Cache, book: () => BookNow) {
    this.#cache = cache
    this.#book = book
  }

  /** O(events); of several values of one key in a group the last one stands. */
  take(events: readonly AnyEvent[]): void {
    let isBookDue = false
    for (const event of events) {
      if (CHANGES_BOOK.has(event.type)) isBookDue = true
      const entry = entryOfEvent(event)
      if (entry !== undefined) this.#cache.put(entry)
    }
    if (isBookDue) this.health()
  }

  /** Positions and health as they are now; called once more every few seconds, so that they do not expire. */
  health(): void {
    const { seq, ts, positions, health } = this.#book()
    for (const position of positions)
      this.#cache.put({ key: `position:${position.instrument}`, seq, ts, value: { ...position } })
    this.#cache.put({ key: 'health', seq, ts, value: health })
  }
}
