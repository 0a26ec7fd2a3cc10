/**
 * Owns one answer of the paper venue: the drafts of a single event, with the position and the liquidity they use up between them.
 * Lives during one decision; never touches the state.
 */
import type { DecideContext } from '#core/decider'
import { formatUnits, ONE, parseUnits, type Units } from '#core/decimal'
import { isInDollars, isOption } from '#events/instrument-kind'
import type { OrderAccepted, OrderCancelled, OrderFilled, OrderRejected } from '#events/order.events'
import { feeOf, inverseFeeOf, optionFeeOf, smaller } from './exact-fill.js'
import { type Refusal, reducible } from './paper-rules.js'
import type { PaperOrder, PaperSlot } from './paper-state.js'

type DraftOf<E> = E extends { readonly type: infer T; readonly data: infer D }
  ? { readonly type: T; readonly data: D }
  : never
export type Answer = DraftOf<OrderAccepted | OrderFilled | OrderRejected | OrderCancelled>

export interface Trade {
  readonly price: Units
  readonly quantity: Units
  readonly reference: Units
  readonly slippageBps: number
  readonly liquidity: 'maker' | 'taker'
  /** Price of the underlying, quote: of options that are paid in the quote. */
  readonly underlying?: Units
}

export class PaperSession {
  readonly answers: Answer[] = []
  readonly slot: PaperSlot
  readonly #context: DecideContext
  position: Units
  /** What the moment still gives, base units. */
  budget: Units
  /** What was traded in it. */
  used: Units = 0n

  constructor(slot: PaperSlot, context: DecideContext, budget: Units) {
    this.slot = slot
    this.#context = context
    this.position = parseUnits(slot.position)
    this.budget = budget > 0n ? budget : 0n
  }

  accept({ order }: PaperOrder): void {
    const { instrument } = this.slot
    this.answers.push({ type: 'OrderAccepted', data: { order, instrument, venueOrder: this.#context.newId('v') } })
  }

  reject({ order }: PaperOrder, { code, detail }: Refusal): void {
    this.answers.push({ type: 'OrderRejected', data: { order, instrument: this.slot.instrument, code, detail } })
  }

  cancel({ order }: PaperOrder, reason: OrderCancelled['data']['reason'], remaining: Units): void {
    const { instrument } = this.slot
    this.answers.push({
      type: 'OrderCancelled',
      data: { order, instrument, reason, remaining: formatUnits(remaining) },
    })
  }

  /** Largest quantity that can trade now: what is left of order and liquidity; never turns a reduced position over. */
  tradable(order: PaperOrder): Units {
    const left = smaller(parseUnits(order.remaining), this.budget)
    return order.reduceOnly ? smaller(left, reducible(this.position, order.side)) : left
  }

  /** Reports a trade; gives what is left of the order. */
  fill(order: PaperOrder, trade: Trade): Units {
    const { slot } = this
    const remaining = parseUnits(order.remaining) - trade.quantity
    this.answers.push({
      type: 'OrderFilled',
      data: {
        order: order.order,
        instrument: slot.instrument,
        trade: this.#context.newId('t'),
        side: order.side,
        price: formatUnits(trade.price),
        quantity: formatUnits(trade.quantity),
        remaining: formatUnits(remaining),
        fee: formatUnits(feeOn(slot, trade)),
        feeCurrency: slot.feeCurrency,
        liquidity: trade.liquidity,
        referencePrice: formatUnits(trade.reference),
        slippageBps: trade.slippageBps,
      },
    })
    this.position += order.side === 'buy' ? trade.quantity : -trade.quantity
    this.budget -= trade.quantity
    this.used += trade.quantity
    return remaining
  }

  /** What an immediate-or-cancel order leaves is gone at once. */
  cancelRest(order: PaperOrder, filled: Units, remaining: Units): void {
    if (remaining === 0n) return
    if (order.reduceOnly && reducible(this.position, order.side) === 0n) this.cancel(order, 'reduce-only', remaining)
    else this.cancel(order, filled === 0n ? 'no-liquidity' : 'ioc-remainder', remaining)
  }
}

/** Fee of a trade in the currency that its instrument settles in, by kind. */
function feeOn(slot: PaperSlot, { price, quantity, liquidity, underlying }: Trade): Units {
  const feeBps = liquidity === 'maker' ? slot.makerFeeBps : slot.takerFeeBps
  if (isInDollars(slot.kind)) return inverseFeeOf(price, quantity, feeBps)
  if (!isOption(slot.kind)) return feeOf(price, quantity, feeBps)
  const isPaidInCoin = slot.kind === 'inverseOption'
  return optionFeeOf(price, quantity, feeBps, slot.feeCap, isPaidInCoin ? ONE : (underlying ?? price))
}

/** Share of the full impact that a partial fill pays: square-root law in the filled quantity (methods, section 15). */
export function impactShare(filled: Units, quantity: string): number {
  return Math.sqrt(Number(filled) / Number(parseUnits(quantity)))
}
