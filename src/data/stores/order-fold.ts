/** Owns what the events of an order say together: how far it came. The words are those of the auditor. */
import type { OrderRow, OrderState } from './store.port.js'

/** One event of an order, with the sums of its fills beside it. */
export interface OrderEventRow {
  readonly run: string
  readonly order: string
  readonly seq: number
  readonly ts: number
  readonly instrument: string
  readonly state: OrderState | 'cancel requested'
  readonly side: string | null
  readonly purpose: string | null
  readonly quantity: string | null
  readonly limitPrice: string | null
  readonly referencePrice: string | null
  readonly code: string | null
  readonly filled: string | null
  readonly fees: string | null
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Orders from their events, those of one order next to each other and in order of seq. */
export function ordersOf(events: readonly OrderEventRow[]): OrderRow[] {
  const orders: Mutable<OrderRow>[] = []
  for (const event of events) {
    let order = orders.at(-1)
    if (order?.run !== event.run || order.order !== event.order) {
      order = begin(event)
      orders.push(order)
    }
    order.state = after(order.state, event)
    order.side ??= event.side
    order.purpose ??= event.purpose
    // What was sent may be less than what was approved.
    if (event.state === 'submitted' || order.quantity === null) order.quantity = event.quantity ?? order.quantity
    order.limitPrice ??= event.limitPrice
    order.referencePrice ??= event.referencePrice
    order.code = event.code ?? order.code
    order.lastSeq = event.seq
    order.lastTs = event.ts
  }
  return orders
}

function begin(event: OrderEventRow): Mutable<OrderRow> {
  const { run, seq, ts, order, instrument, side, purpose, quantity, limitPrice, referencePrice } = event
  const named = { run, seq, ts, order, instrument, side, purpose, quantity, limitPrice, referencePrice }
  const sums = { filled: event.filled ?? '0', fees: event.fees ?? '0' }
  return { ...named, ...sums, state: 'approved', code: null, lastSeq: seq, lastTs: ts }
}

function after(state: OrderState, event: OrderEventRow): OrderState {
  switch (event.state) {
    case 'approved':
    case 'cancel requested':
      return state
    case 'accepted':
      return state === 'approved' || state === 'submitted' || state === 'unknown' ? 'accepted' : state
    case 'cancelled':
      return state === 'partly filled' || event.filled !== null ? 'partly filled' : 'cancelled'
    case 'unknown':
      return state === 'filled' ? state : 'unknown'
    default:
      return event.state
  }
}
