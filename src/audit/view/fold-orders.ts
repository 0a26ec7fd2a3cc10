/** Owns the life of orders in the view: how each event of one moves its row. Never says that an order is over before the log does. */
import { formatUnits, parseUnits } from '#core/decimal'
import type { AnyEvent } from '#events/catalogue'
import type { OrderFilled } from '#events/order.events'
import type { OrderApproved, OrderRefused } from '#events/risk.events'
import type { FoldState, OrderFold } from './fold-state.js'
import type { OrderRow, OrderState } from './view.port.js'

/** Ended and refused orders that are kept, chosen by the contract. */
const RECENT_KEPT = 200

export function foldOrder(state: FoldState, event: AnyEvent): void {
  switch (event.type) {
    case 'OrderApproved':
      onApproved(state, event)
      break
    case 'OrderRefused':
      onRefused(state, event)
      break
    case 'OrderSubmitted':
      advance(state, event, 'submitted')
      break
    case 'OrderAccepted':
      // An acknowledgement may come behind the fill that it announces.
      if (state.working[event.data.order]?.filled === '0') advance(state, event, 'accepted')
      break
    case 'OrderUnconfirmed':
      advance(state, event, 'unknown')
      break
    case 'OrderFilled':
      onFilled(state, event)
      break
    case 'OrderCancelled':
      end(state, event, 'cancelled', event.data.reason)
      break
    case 'OrderRejected':
      end(state, event, 'rejected', `${event.data.code}: ${event.data.detail}`)
      break
    case 'OrderWithheld':
      end(state, event, 'withheld', event.data.code)
      break
  }
}

function rowOf(event: OrderApproved | OrderRefused, order: string, state: OrderState, reason: string): OrderFold {
  const { data, seq, ts } = event
  const isApproved = event.type === 'OrderApproved'
  return {
    order,
    instrument: data.instrument,
    package: isApproved ? (event.data.package ?? null) : null,
    side: data.side,
    state,
    purpose: isApproved ? event.data.purpose : 'rebalance',
    quantity: data.quantity,
    filled: '0',
    averagePrice: null,
    reason,
    seq,
    ts,
    lastSeq: seq,
    lastTs: ts,
    trades: [],
    turnover: 0,
  }
}

function onApproved(state: FoldState, event: OrderApproved): void {
  state.working[event.data.order] = rowOf(event, event.data.order, 'approved', '')
  state.orderCounts.approved++
  state.counts.orders++
}

function onRefused(state: FoldState, event: OrderRefused): void {
  keep(state, rowOf(event, `refusal-${event.seq}`, 'refused', event.data.code))
  state.orderCounts.refused++
}

type OrderWord = AnyEvent & { readonly data: { readonly order: string } }

function advance(state: FoldState, event: OrderWord, next: OrderState): void {
  const order = state.working[event.data.order]
  if (order === undefined) return
  touch(order, event)
  move(state, order, next)
}

function move(state: FoldState, order: OrderFold, next: OrderState): void {
  state.orderCounts[order.state]--
  state.orderCounts[next]++
  order.state = next
}

function touch(order: OrderFold, { seq, ts }: AnyEvent): void {
  order.lastSeq = seq
  order.lastTs = ts
}

function end(state: FoldState, event: OrderWord, next: OrderState, reason: string): void {
  const order = state.working[event.data.order]
  if (order === undefined) return
  touch(order, event)
  order.reason = reason
  close(state, order, next)
}

function close(state: FoldState, order: OrderFold, next: OrderState): void {
  move(state, order, next)
  delete state.working[order.order]
  keep(state, order)
}

function keep(state: FoldState, order: OrderFold): void {
  state.recent.push(order)
  if (state.recent.length > RECENT_KEPT) state.recent.shift()
}

/** A trade counts once; one that reaches us after the end of its order is booked to it all the same. */
function onFilled(state: FoldState, event: OrderFilled): void {
  const { order: id, trade, quantity, price, remaining } = event.data
  const order = state.working[id] ?? state.recent.findLast((each) => each.order === id)
  if (order === undefined) {
    state.counts.fills++
    return
  }
  if (order.trades.includes(trade)) return
  state.counts.fills++
  order.trades.push(trade)
  order.filled = formatUnits(parseUnits(order.filled) + parseUnits(quantity))
  order.turnover += Number(price) * Number(quantity)
  const filled = Number(order.filled)
  order.averagePrice = filled > 0 ? order.turnover / filled : null
  touch(order, event)
  const isWhole = parseUnits(remaining) === 0n
  if (order.state === 'filled') return
  if (state.working[id] === undefined) {
    if (isWhole) move(state, order, 'filled')
  } else if (isWhole) close(state, order, 'filled')
  else move(state, order, 'partly-filled')
}

/** What is shown of it. */
export function orderRow({ trades: _trades, turnover: _turnover, ...row }: OrderFold): OrderRow {
  return row
}
