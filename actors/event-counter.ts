/** Owns the counts of what this process made durable. Never looks at numbers of the market. */
import type { AnyEvent } from '#events/catalogue'

const MARKET = new Set([
  'BarClosed',
  'QuoteChanged',
  'FundingSettled',
  'InstantClosed',
  'MarkChanged',
  'FundingRateChanged',
  'OpenInterestChanged',
  'VolatilityIndexChanged',
  'OptionChainObserved',
])

export class Counter {
  events = 0
  fills = 0
  orders = 0
  /** Real time, monotonic ms, at which the last market input became durable. */
  feedAt: number | undefined
  /** Seq from which this process went on. */
  readonly resumedAt: number

  constructor(resumedAt: number) {
    this.resumedAt = resumedAt
  }

  committed(events: readonly AnyEvent[], now: number): void {
    this.events += events.length
    for (const { type } of events) {
      if (type === 'OrderFilled') this.fills++
      else if (type === 'OrderSubmitted') this.orders++
      else if (MARKET.has(type)) this.feedAt = now
    }
  }
}
