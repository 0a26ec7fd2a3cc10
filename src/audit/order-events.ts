/** Owns what the events of one order say together: which order an event names, how far it came. */
import { formatUnits, parseUnits } from '#core/decimal'
import { symbolOf } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'
import type { RunFacts } from './run-facts.js'
import { exact } from './words.js'

/** Every event with an order id. */
export type OrderEvent = Extract<AnyEvent, { readonly data: { readonly order: string } }>

/** The order that an event names; undefined for all others. */
export function orderOf(event: AnyEvent): string | undefined {
  return 'order' in event.data ? event.data.order : undefined
}

export type OrderStatus =
  | 'approved'
  | 'submitted'
  | 'accepted'
  | 'filled'
  | 'partly filled'
  | 'cancelled'
  | 'rejected'
  | 'withheld'
  | 'unknown'

export interface OrderOutcome {
  readonly status: OrderStatus
  /** Base units traded, exact, each trade counted once. */
  readonly filled: string
}

/** How far the order came, after its events in order. */
export function outcomeOf(events: readonly OrderEvent[]): OrderOutcome {
  const trades = new Set<string>()
  let filled = 0n
  let status: OrderStatus = 'approved'
  for (const event of events) {
    if (event.type === 'OrderFilled' && !trades.has(event.data.trade)) {
      trades.add(event.data.trade)
      filled += parseUnits(event.data.quantity)
    }
    status = after(status, event, filled)
  }
  return { status, filled: formatUnits(filled) }
}

function after(status: OrderStatus, event: OrderEvent, filled: bigint): OrderStatus {
  switch (event.type) {
    case 'OrderApproved':
      return status
    case 'OrderSubmitted':
      return 'submitted'
    case 'OrderAccepted':
      return status === 'submitted' || status === 'unknown' ? 'accepted' : status
    case 'OrderFilled':
      return event.data.remaining === '0' ? 'filled' : 'partly filled'
    case 'OrderCancelled':
      return filled > 0n ? 'partly filled' : 'cancelled'
    case 'OrderRejected':
      return 'rejected'
    case 'OrderWithheld':
      return 'withheld'
    case 'OrderUnconfirmed':
      return status === 'filled' ? status : 'unknown'
    case 'CancelRequested':
      return status
  }
}

/** One line on an order: `o-12-3: sell 0.512 BTC of BTCUSDT, filled`. */
export function summaryOf(events: readonly OrderEvent[], facts: RunFacts): string {
  const named = events.find((event) => 'side' in event.data && 'quantity' in event.data) ?? events[0]!
  const { order, instrument } = named.data
  const { status, filled } = outcomeOf(events)
  if (!('side' in named.data)) return `order ${order} of ${symbolOf(instrument)}: ${status}`
  const { side, quantity } = named.data
  const part = status === 'partly filled' ? ` (${exact(filled)} ${facts.base(instrument)})` : ''
  return `order ${order}: ${side} ${exact(quantity)} ${facts.base(instrument)} of ${symbolOf(instrument)}, ${status}${part}`
}
