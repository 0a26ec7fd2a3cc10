/** Owns which events and figures become points of which series while the log is read. Never keeps any itself. */
import { MINUTE_MS } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import type { FoldState } from './fold-state.js'
import type { SeriesStore } from './series-store.js'
import type { BookFigures } from './view.port.js'
import type { Folded } from './view-fold.js'

/** Least time between two points of equity, unless something was traded; chosen here. */
const EQUITY_EVERY_MS = MINUTE_MS

export class SeriesFeed {
  readonly #store: SeriesStore
  #equityTs = Number.NEGATIVE_INFINITY

  constructor(store: SeriesStore) {
    this.#store = store
  }

  /** A folded step. */
  take(step: readonly AnyEvent[], { view }: Folded, figures: () => BookFigures): void {
    let trades = false
    for (let i = 0; i < step.length; i++) trades = this.#event(step[i]!, view) || trades
    if (!trades && view.ts - this.#equityTs < EQUITY_EVERY_MS) return
    this.#equityTs = view.ts
    this.#store.append('equity', view.seq, view.ts, { ...figures() })
  }

  /** Whether the book moved by it beyond its prices. */
  #event(event: AnyEvent, view: FoldState): boolean {
    const { seq, ts } = event
    switch (event.type) {
      case 'BarClosed':
      case 'QuoteChanged':
        return false
      case 'FundingSettled':
        this.#store.append(`funding:${event.data.instrument}`, seq, ts, { rate: event.data.rate, predicted: null })
        return false
      case 'FundingRateChanged':
        this.#store.append(`funding:${event.data.instrument}`, seq, ts, { rate: null, predicted: event.data.rate })
        return false
      case 'OpenInterestChanged':
        this.#store.append(`oi:${event.data.instrument}`, seq, ts, { openInterest: event.data.openInterest })
        return false
      case 'BasisChanged':
        if (view.outlook[event.data.base]?.front !== event.data.instrument) return false
        this.#store.append(`basis:${event.data.base}`, seq, ts, {
          aprSimple: event.data.aprSimple,
          daysToExpiry: event.data.daysToExpiry,
        })
        return false
      case 'VolatilityIndexChanged':
        this.#store.append(`dvol:${event.data.currency}`, seq, ts, { dvol: event.data.value })
        return false
      case 'VolatilitySurfaceChanged': {
        const { currency, skew30, indexIv30, atmIv30 } = event.data
        if (skew30 !== null) this.#store.append(`skew:${currency}`, seq, ts, { skew: skew30 / 100, atmIv: atmIv30 })
        if (indexIv30 !== null) this.#store.append(`dvol:${currency}`, seq, ts, { dvol: indexIv30 })
        return false
      }
      case 'SignalChanged': {
        const { signal, instrument, terms, strength, confidence, targetWeight } = event.data
        this.#signal(event, signal, instrument, terms, { strength, confidence, targetWeight })
        return false
      }
      case 'PackageChanged': {
        const { signal, package: id, terms, strength, confidence, targetWeight } = event.data
        this.#signal(event, signal, id, terms, { strength, confidence, targetWeight })
        return false
      }
      case 'RegimeChanged': {
        const { signal, terms, longFactor } = event.data
        this.#signal(event, signal, '', terms, { strength: longFactor, confidence: 1, targetWeight: 0 })
        return false
      }
      case 'OrderFilled':
      case 'FundingAccrued':
      case 'PositionSettled':
      case 'FundsTransferred':
      case 'StateCarried':
        return true
      default:
        return false
    }
  }

  #signal(
    { seq, ts }: AnyEvent,
    signal: string,
    subject: string,
    terms: readonly { readonly value: number | null; readonly threshold?: number }[],
    rest: Readonly<Record<string, number>>,
  ): void {
    const term = terms.find((each) => each.threshold !== undefined) ?? terms[0]
    const decided = { value: term?.value ?? null, threshold: term?.threshold ?? null }
    this.#store.append(`signal:${signal}:${subject}`, seq, ts, { ...decided, ...rest })
  }
}
