/**
 * Owns when and at what price the paper venue trades: at the next open, against a quote, or when the market trades through a
 * resting price. Pure. Never fills beyond its share of the volume, never a maker at the mere touch.
 */
import type { DecideContext } from '#core/decider'
import { boundToStep, divideHalfEven, parseUnits, truncateToStep, type Units, unitsFromNumber } from '#core/decimal'
import type { BarClosed, BarOpened, QuoteChanged } from '#events/market.events'
import { larger, sizeWithin, smaller, worsenedPrice } from './exact-fill.js'
import { type Market, refusalOf } from './paper-rules.js'
import { type Answer, impactShare, PaperSession } from './paper-session.js'
import type { PaperOrder, PaperSlot } from './paper-state.js'

/**
 * Answers every order of the instrument at the open of a bar: refusals, acknowledgements, cancels, fills. One that `isHeld` is
 * not answered yet.
 */
export function answerOpen(
  slot: PaperSlot,
  data: BarOpened['data'],
  maxShare: number,
  halfSpreadBps: number,
  isHeld: (order: PaperOrder) => boolean,
  context: DecideContext,
): readonly Answer[] {
  const tick = parseUnits(slot.tick)
  const open = unitsFromNumber(data.open)
  const bid = worsenedPrice('sell', open, halfSpreadBps, tick)
  const market: Market = { price: open, bid, ask: worsenedPrice('buy', open, halfSpreadBps, tick) }
  const volume = sizeWithin(slot.kind, data.liquidity * maxShare, data.open, parseUnits(slot.lot))
  const session = new PaperSession(slot, context, volume - parseUnits(slot.filledInBar))
  for (const order of slot.orders) {
    if (isHeld(order)) continue
    const arriving = order.acceptedAt < 0
    if (arriving) {
      const refusal = refusalOf(slot, order, session.position, market)
      if (refusal !== undefined) {
        session.reject(order, refusal)
        continue
      }
      session.accept(order)
    }
    if (order.cancelled) session.cancel(order, 'requested', parseUnits(order.remaining))
    else if (arriving && order.type !== 'postOnly') takeAtOpen(session, order, open, tick)
  }
  return session.answers
}

function takeAtOpen(session: PaperSession, order: PaperOrder, open: Units, tick: Units): void {
  const quantity = session.tradable(order)
  const reference = order.stopReference === '' ? open : parseUnits(order.stopReference)
  const costBps = order.spreadBps + order.impactBps * impactShare(quantity, order.quantity)
  const price = worsenedPrice(order.side, reference, costBps, tick)
  if (order.limitPrice !== '') {
    const limit = parseUnits(order.limitPrice)
    if (order.side === 'buy' ? price > limit : price < limit) {
      if (order.timeInForce === 'ioc') session.cancel(order, 'limit-not-reached', parseUnits(order.remaining))
      return
    }
  }
  let remaining = parseUnits(order.remaining)
  if (quantity > 0n)
    remaining = session.fill(order, { price, quantity, reference, slippageBps: costBps, liquidity: 'taker' })
  if (order.timeInForce === 'ioc') session.cancelRest(order, quantity, remaining)
}

/** Resting orders through whose price the bar traded: strictly beyond it, since they were taken before the bar began. */
export function answerBar(
  slot: PaperSlot,
  data: BarClosed['data'],
  maxShare: number,
  context: DecideContext,
): readonly Answer[] {
  const volume = sizeWithin(slot.kind, data.volume * maxShare, data.close, parseUnits(slot.lot))
  const session = new PaperSession(slot, context, volume - parseUnits(slot.filledInBar))
  for (const order of slot.orders)
    if (order.acceptedAt >= 0 && order.acceptedAt <= data.openTime) makeIfThrough(session, order, data.low, data.high)
  return session.answers
}

function makeIfThrough(session: PaperSession, order: PaperOrder, low: number, high: number): void {
  if (order.limitPrice === '' || order.cancelled) return
  const level = Number(order.limitPrice)
  if (order.side === 'buy' ? !(low < level) : !(high > level)) return
  const quantity = session.tradable(order)
  if (quantity > 0n) {
    const price = parseUnits(order.limitPrice)
    session.fill(order, { price, quantity, reference: price, slippageBps: 0, liquidity: 'maker' })
  } else if (order.reduceOnly && session.budget > 0n) session.cancelRest(order, quantity, parseUnits(order.remaining))
}

/**
 * Orders at work against a quote. A taker gets the shown size at the touch, and beyond it, up to its share of the last bar, pays
 * the impact; its reference is the mid price. Resting prices fill when the other side is strictly beyond them.
 */
export function answerQuote(
  slot: PaperSlot,
  event: QuoteChanged,
  maxShare: number,
  context: DecideContext,
): readonly Answer[] {
  const { bid, ask, bidSize, askSize } = event.data
  if (!(bid > 0 && ask >= bid)) return []
  const lot = parseUnits(slot.lot)
  const share = sizeWithin(slot.kind, slot.lastBarVolume * maxShare, bid, lot)
  const answers: Answer[] = []
  for (const side of ['buy', 'sell'] as const) {
    const shown = side === 'buy' ? sizeWithin(slot.kind, askSize, ask, lot) : sizeWithin(slot.kind, bidSize, bid, lot)
    const session = new PaperSession(slot, context, larger(shown, share))
    for (const answer of answers)
      if (answer.type === 'OrderFilled') session.position += parseUnits(answer.data.quantity)
    for (const order of slot.orders) {
      if (order.side !== side || order.acceptedAt < 0 || order.cancelled) continue
      if (order.firstQuoteSeq === event.seq && order.type !== 'postOnly')
        takeFromQuote(session, order, unitsFromNumber(bid), unitsFromNumber(ask), shown)
      else makeIfThrough(session, order, ask, bid)
    }
    answers.push(...session.answers)
  }
  return answers
}

function takeFromQuote(session: PaperSession, order: PaperOrder, bid: Units, ask: Units, shown: Units): void {
  const tick = parseUnits(session.slot.tick)
  const touch = order.side === 'buy' ? ask : bid
  const limit = order.limitPrice === '' ? undefined : parseUnits(order.limitPrice)
  const beyond = (price: Units): boolean =>
    limit !== undefined && (order.side === 'buy' ? price > limit : price < limit)
  if (beyond(touch)) {
    if (order.timeInForce === 'ioc') session.cancel(order, 'limit-not-reached', parseUnits(order.remaining))
    return
  }
  let quantity = session.tradable(order)
  const impactBps = order.impactBps * impactShare(quantity, order.quantity)
  const deep = worsenedPrice(order.side, touch, impactBps, tick)
  const left = larger(shown - session.used, 0n)
  if (beyond(deep)) quantity = smaller(quantity, left)
  let remaining = parseUnits(order.remaining)
  if (quantity > 0n) {
    const atTouch = smaller(quantity, left)
    const average = divideHalfEven(touch * atTouch + deep * (quantity - atTouch), quantity)
    const price = order.side === 'buy' ? boundToStep(average, tick, 'up') : truncateToStep(average, tick)
    const reference = divideHalfEven(bid + ask, 2n)
    const halfSpreadBps = (Number(ask - bid) / Number(ask + bid)) * 1e4
    const slippageBps = halfSpreadBps + impactBps * (Number(quantity - atTouch) / Number(quantity))
    remaining = session.fill(order, { price, quantity, reference, slippageBps, liquidity: 'taker' })
  }
  if (order.timeInForce === 'ioc') session.cancelRest(order, quantity, remaining)
}
