/**
 * Owns what the paper venue refuses, as a real one would: lot, tick, least value, reduce-only, post-only. Pure. Options have no
 * least value but their lot; contracts of dollars are their own value.
 */
import { parseUnits, type Units } from '#core/decimal'
import { isOption } from '#events/instrument-kind'
import type { OrderRejected } from '#events/order.events'
import { orderValueOf, type Side } from './exact-fill.js'
import type { PaperOrder, PaperSlot } from './paper-state.js'

export interface Refusal {
  readonly code: OrderRejected['data']['code']
  readonly detail: string
}

/** Prices an order meets on arrival; 0 when there is none yet. */
export interface Market {
  readonly price: Units
  readonly bid: Units
  readonly ask: Units
}

/** How much of a position an order of this side can close, in units; 0 when it would add to it. */
export function reducible(position: Units, side: Side): Units {
  if (side === 'sell') return position > 0n ? position : 0n
  return position < 0n ? -position : 0n
}

/** Why the venue refuses an order that arrives, or undefined when it takes it. `position` counts the fills of the same moment. */
export function refusalOf(slot: PaperSlot, order: PaperOrder, position: Units, market: Market): Refusal | undefined {
  if (!slot.listed) return { code: 'unknown-instrument', detail: `${slot.instrument} is not traded` }
  const quantity = parseUnits(order.quantity)
  if (quantity <= 0n || quantity % parseUnits(slot.lot) !== 0n)
    return { code: 'lot', detail: `quantity ${order.quantity} is no multiple of ${slot.lot}` }
  const limit = order.limitPrice === '' ? undefined : parseUnits(order.limitPrice)
  if (limit !== undefined && (limit <= 0n || limit % parseUnits(slot.tick) !== 0n))
    return { code: 'tick', detail: `price ${order.limitPrice} is no multiple of ${slot.tick}` }
  if (order.reduceOnly && reducible(position, order.side) === 0n)
    return { code: 'reduce-only', detail: `no position that a ${order.side} reduces` }
  const price = limit ?? market.price
  const isFree = order.reduceOnly || isOption(slot.kind)
  if (!isFree && price > 0n && orderValueOf(slot.kind, price, quantity) < parseUnits(slot.minNotional))
    return { code: 'min-notional', detail: `value is below ${slot.minNotional}` }
  return order.type === 'postOnly' ? refusedToPost(order, limit, market) : undefined
}

function refusedToPost(order: PaperOrder, limit: Units | undefined, { bid, ask }: Market): Refusal | undefined {
  if (limit === undefined) return { code: 'venue', detail: 'a post-only order needs a price' }
  if (bid === 0n || ask === 0n) return { code: 'venue', detail: 'no quote to hold a post-only price against' }
  const crosses = order.side === 'buy' ? limit >= ask : limit <= bid
  return crosses ? { code: 'post-only-crosses', detail: `${order.limitPrice} would take` } : undefined
}
