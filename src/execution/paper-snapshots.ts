/**
 * Owns the trades of instruments without bars: options against the chain that is observed, others against their mark. Pure.
 * Never trades at a snapshot that was taken before the order came; the depth is not known, so that an order fills whole or,
 * where nobody quotes, not at all.
 */
import type { DecideContext } from '#core/decider'
import { boundToStep, divideHalfEven, parseUnits, truncateToStep, type Units, unitsFromNumber } from '#core/decimal'
import type { EpochMs } from '#core/time'
import { isOption } from '#events/instrument-kind'
import type { MarkChanged, OptionChainObserved } from '#events/market.events'
import { worsenedPrice } from './exact-fill.js'
import { refusalOf } from './paper-rules.js'
import { type Answer, PaperSession } from './paper-session.js'
import type { PaperOrder, PaperSlot, PaperState } from './paper-state.js'

/** What an order is held against: prices before ticks; 0 where a side is empty. */
interface Snapshot {
  /** When the venue showed it. */
  readonly at: EpochMs
  readonly bid: Units
  readonly ask: Units
  readonly reference: Units
  /** Of the order, bp. */
  readonly slippageBps: (order: PaperOrder, price: Units) => number
  readonly underlying?: Units
}

/** Answers the orders for options of this expiry. O(options of the chain) for each instrument with an order, else O(legs). */
export function answerChain(
  state: PaperState,
  { data }: OptionChainObserved,
  arrives: boolean,
  context: DecideContext,
): readonly Answer[] {
  const answers: Answer[] = []
  for (const slot of state.legs) {
    if (slot.orders.length === 0 || !isOption(slot.kind) || slot.expiresAt !== data.expiresAt) continue
    const row = data.options.find(({ instrument }) => instrument === slot.instrument)
    if (row === undefined) continue
    const [bid, ask] = [priceOf(row.bid), priceOf(row.ask)]
    const middle = bid > 0n && ask > 0n ? divideHalfEven(bid + ask, 2n) : 0n
    const snapshot: Snapshot = {
      at: data.at,
      bid,
      ask,
      reference: middle,
      slippageBps: (_, price) => (middle > 0n ? (Number(distance(price, middle)) / Number(middle)) * 1e4 : 0),
      underlying: priceOf(data.underlyingPrice),
    }
    answers.push(...answerSnapshot(slot, snapshot, arrives, context))
  }
  return answers
}

/** Answers the orders of a leg without bars, at its mark worsened by the costs that were expected of the order. */
export function answerMark(slot: PaperSlot, { data }: MarkChanged, context: DecideContext): readonly Answer[] {
  const mark = priceOf(data.mark)
  const slippageBps = ({ spreadBps, impactBps }: PaperOrder): number => spreadBps + impactBps
  return answerSnapshot(slot, { at: data.at, bid: mark, ask: mark, reference: mark, slippageBps }, true, context)
}

const priceOf = (price: number | null): Units => (price !== null && price > 0 ? unitsFromNumber(price) : 0n)
const distance = (a: Units, b: Units): Units => (a > b ? a - b : b - a)

/** More than any order. */
const WHOLE: Units = 1_000_000_000_000_000_000_000_000n

/** `arrives`: whether orders reach the venue with a snapshot; elsewhere they have arrived by a timer of their own. */
function answerSnapshot(
  slot: PaperSlot,
  snapshot: Snapshot,
  arrives: boolean,
  context: DecideContext,
): readonly Answer[] {
  const session = new PaperSession(slot, context, WHOLE)
  const { bid, ask } = snapshot
  const market = { price: snapshot.reference, bid, ask }
  for (const order of slot.orders) {
    const isNew = order.acceptedAt < 0
    if (isNew && !arrives) continue
    if (!order.cancelled && snapshot.at <= (isNew ? order.submittedAt : order.acceptedAt)) continue
    if (isNew) {
      const refusal = refusalOf(slot, order, session.position, market)
      if (refusal !== undefined) {
        session.reject(order, refusal)
        continue
      }
      session.accept(order)
    }
    if (order.cancelled) session.cancel(order, 'requested', parseUnits(order.remaining))
    else if (order.type !== 'postOnly') take(session, order, snapshot)
  }
  return session.answers
}

function take(session: PaperSession, order: PaperOrder, snapshot: Snapshot): void {
  const price = takerPrice(session.slot, order, snapshot)
  const left = parseUnits(order.remaining)
  const isImmediate = order.timeInForce === 'ioc'
  if (price === 0n) {
    if (isImmediate) session.cancel(order, 'no-liquidity', left)
    return
  }
  const limit = order.limitPrice === '' ? price : parseUnits(order.limitPrice)
  if (order.side === 'buy' ? price > limit : price < limit) {
    if (isImmediate) session.cancel(order, 'limit-not-reached', left)
    return
  }
  const quantity = session.tradable(order)
  const { reference, underlying, slippageBps } = snapshot
  let remaining = left
  if (quantity > 0n)
    remaining = session.fill(order, {
      price,
      quantity,
      reference: reference > 0n ? reference : price,
      slippageBps: slippageBps(order, price),
      liquidity: 'taker',
      ...(underlying === undefined ? {} : { underlying }),
    })
  if (isImmediate) session.cancelRest(order, quantity, remaining)
}

/** On the tick, rounded against the order; 0 where nobody quotes. */
function takerPrice(slot: PaperSlot, order: PaperOrder, { bid, ask }: Snapshot): Units {
  const tick = parseUnits(slot.tick)
  const touch = order.side === 'buy' ? ask : bid
  if (touch === 0n) return 0n
  if (!isOption(slot.kind)) return worsenedPrice(order.side, touch, order.spreadBps + order.impactBps, tick)
  return order.side === 'buy' ? boundToStep(touch, tick, 'up') : truncateToStep(touch, tick)
}
