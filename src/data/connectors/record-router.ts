/**
 * Owns where each record of a venue goes: bars in order, books, chains, inputs, the tap; and the last price of each
 * instrument. Trades and liquidations that come twice go nowhere. Never keeps a record.
 */
import type { InstrumentId } from '#core/ids'
import type { EpochMs } from '#core/time'
import type { BarFeed } from './bar-feed.js'
import type { BookFeed } from './book-feed.js'
import type { ChainFeed } from './chain-feed.js'
import type { InstrumentFacts, Normal } from './normal.js'
import { RecentKeys } from './recent-keys.js'
import type { RecordInputs } from './record-inputs.js'

/** Trades that are remembered, to know those that come twice. */
const RECENT_TRADES = 50_000

export interface RecordRouterOptions {
  readonly bars: Pick<BarFeed, 'live'>
  readonly books: Pick<BookFeed, 'take'>
  readonly chains: readonly Pick<ChainFeed, 'take'>[]
  readonly inputs: Pick<RecordInputs, 'take'>
  readonly facts: (instrument: InstrumentId) => InstrumentFacts | undefined
  readonly onDelisted: (instrument: InstrumentId) => void
  readonly tap: ((record: Normal, receivedAt: EpochMs) => void) | undefined
}

export class RecordRouter {
  readonly #options: RecordRouterOptions
  readonly #trades = new RecentKeys(RECENT_TRADES)
  readonly #prices = new Map<InstrumentId, number>()

  constructor(options: RecordRouterOptions) {
    this.#options = options
  }

  /** Last price of an instrument, quote. */
  price(instrument: InstrumentId): number | undefined {
    return this.#prices.get(instrument)
  }

  priced(instrument: InstrumentId, price: number): void {
    this.#prices.set(instrument, price)
  }

  take(record: Normal, receivedAt: EpochMs, socketId: number): void {
    const { bars, books, chains, inputs, facts, onDelisted, tap } = this.#options
    switch (record.kind) {
      case 'bar':
        this.#prices.set(record.instrument, record.close)
        bars.live(record)
        return
      case 'book': {
        const terms = facts(record.instrument)
        if (terms !== undefined) books.take(terms, record, socketId)
        break
      }
      case 'trade':
        if (!this.#trades.add(`${record.instrument} ${record.id}`)) return
        this.#prices.set(record.instrument, record.price)
        break
      case 'liquidation':
        if (!this.#trades.add(`l ${record.instrument} ${record.ts} ${record.price} ${record.size} ${record.side}`))
          return
        break
      case 'mark':
        this.#prices.set(record.instrument, record.mark)
        break
      case 'option':
        for (const chain of chains) chain.take(record)
        break
      case 'status':
        if (record.instrument !== null && record.status === 'delisted') onDelisted(record.instrument)
        break
      default:
        break
    }
    inputs.take(record)
    tap?.(record, receivedAt)
  }
}
