/**
 * Owns what the paper venue answers to each event: when orders arrive, trade, are cancelled, or are over. Never answers within
 * the step that asked, never touches the state.
 */
import type { ExecutionConfig } from '#core/config/schema'
import { type DecideContext, SILENCE } from '#core/decider'
import { parseUnits, unitsFromNumber } from '#core/decimal'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import { isOption } from '#events/instrument-kind'
import type { StateCarried, TimerFired, TimerRequested } from '#events/lifecycle.events'
import type {
  BarClosed,
  BarOpened,
  InstantClosed,
  InstrumentDelisted,
  InstrumentListed,
  MarkChanged,
  OptionChainObserved,
  QuoteChanged,
} from '#events/market.events'
import type {
  CancelRequested,
  OrderAccepted,
  OrderCancelled,
  OrderFilled,
  OrderRejected,
  OrderSubmitted,
} from '#events/order.events'
import type { PositionSettled } from '#events/risk.events'
import { answerBar, answerOpen, answerQuote } from './paper-fills.js'
import { refusalOf } from './paper-rules.js'
import { type Answer, PaperSession } from './paper-session.js'
import { answerChain, answerMark } from './paper-snapshots.js'
import {
  hasExpired,
  isFinest,
  orderIn,
  type PaperOrder,
  type PaperSlot,
  type PaperState,
  paperSlot,
  slotHolding,
} from './paper-state.js'

export const PAPER = 'venue/paper'
/** Φ⁻¹(0.99): distance of the 99th percentile from the median, in standard deviations of ln latency. */
const Z99 = 2.3263478740408408

/** An immediate order for what nobody quotes meanwhile (it may not be watched) ends; chains come every few minutes (ours). */
const QUOTE_WAIT_MS = 5 * MINUTE_MS
const CHAIN_WAIT_MS = HOUR_MS
/** The same where chains and marks come with the tape: a weekend without them, and two days (ours). */
const SNAPSHOT_WAIT_MS = 4 * DAY_MS

export type PaperIn =
  | OrderSubmitted
  | CancelRequested
  | BarOpened
  | BarClosed
  | QuoteChanged
  | TimerFired
  | InstrumentListed
  | InstrumentDelisted
  | MarkChanged
  | OptionChainObserved
  | InstantClosed
  | PositionSettled
  | StateCarried
export type PaperOut = OrderAccepted | OrderFilled | OrderRejected | OrderCancelled | TimerRequested
export type Draft = Answer | { readonly type: 'TimerRequested'; readonly data: TimerRequested['data'] }

export interface Setting {
  readonly config: ExecutionConfig
  readonly quotes: boolean
}

/** What is over by now comes first; it is not answered a second time. */
export function decidePaper(
  state: PaperState,
  event: PaperIn,
  context: DecideContext,
  setting: Setting,
): readonly Draft[] {
  const { expiresAt } = state.waits
  if (expiresAt === 0 || event.ts < expiresAt || !isInput(event)) return answer(state, event, context, setting)
  return [...cancelExpired(state, context), ...answer(state, event, context, setting)]
}

/** Whether the event begins a step: the venue never answers within the step that asked. */
function isInput({ type }: PaperIn): boolean {
  return type !== 'OrderSubmitted' && type !== 'CancelRequested' && type !== 'PositionSettled'
}

function answer(state: PaperState, event: PaperIn, context: DecideContext, setting: Setting): readonly Draft[] {
  const { config, quotes } = setting
  switch (event.type) {
    case 'BarClosed': {
      const slot = working(state, event)
      if (slot === undefined || !isFinest(slot, event.data)) return SILENCE
      return answerBar(slot, event.data, config.maxParticipation, context)
    }
    case 'BarOpened':
      return opened(state, event, context, config)
    case 'QuoteChanged': {
      const slot = working(state, event)
      if (slot === undefined || (slot.isLeg && isOption(slot.kind))) return SILENCE
      return answerQuote(slot, event, config.maxParticipation, context)
    }
    case 'OptionChainObserved':
      return state.waits.chain === 0 || event.ts >= event.data.expiresAt
        ? SILENCE
        : answerChain(state, event, !quotes, context)
    case 'MarkChanged': {
      const slot = state.waits.mark === 0 ? undefined : working(state, event)
      return slot?.isLeg === true && !isOption(slot.kind) ? answerMark(slot, event, context) : SILENCE
    }
    case 'OrderSubmitted': {
      const { order, instrument } = event.data
      const known = paperSlot(state, instrument)
      if (known === undefined) return [timer(`arrive/${order}`, event.ts + 1)]
      if (quotes) return [timer(`arrive/${order}`, event.ts + latencyMs(config, context))]
      return known.isLeg ? [timer(`wait/${order}`, event.ts + SNAPSHOT_WAIT_MS)] : SILENCE
    }
    case 'CancelRequested':
      return quotes ? [timer(`cancel/${event.data.order}`, event.ts + latencyMs(config, context))] : SILENCE
    case 'TimerFired':
      return event.data.agent === PAPER ? answerTimer(state, event, context) : SILENCE
    case 'InstrumentDelisted': {
      const slot = working(state, event)
      return slot === undefined ? SILENCE : cancelAll(slot, context)
    }
    default:
      return SILENCE
  }
}

/** The instrument of an event, where an order waits there and it has not expired. */
function working(
  state: PaperState,
  { data, ts }: BarClosed | BarOpened | QuoteChanged | MarkChanged | InstrumentDelisted,
): PaperSlot | undefined {
  const slot = paperSlot(state, data.instrument)
  return slot === undefined || slot.orders.length === 0 || hasExpired(slot, ts) ? undefined : slot
}

function opened(
  state: PaperState,
  event: BarOpened,
  context: DecideContext,
  config: ExecutionConfig,
): readonly Answer[] {
  const slot = working(state, event)
  if (slot === undefined) return SILENCE
  const halfSpreadBps = Math.max(0, config.halfSpreadBps)
  const isHeld = (order: PaperOrder): boolean => waitsForSiblings(state, order, event.ts)
  return answerOpen(slot, event.data, config.maxParticipation, halfSpreadBps, isHeld, context)
}

/**
 * A leg with bars is worked after the legs of its package that wait for a chain, a mark or a longer bar, as a trader works the leg
 * that is harder to fill first: so they trade in one instant. Not for longer than those may wait: then it goes alone.
 */
function waitsForSiblings({ slots, legs, waits }: PaperState, order: PaperOrder, ts: number): boolean {
  if (order.package === '' || order.cancelled) return false
  if (ts - order.submittedAt >= SNAPSHOT_WAIT_MS) return false
  const isSibling = (other: PaperOrder): boolean =>
    other.package === order.package && !other.cancelled && other.acceptedAt < 0
  if (slots.some(({ opensMs, orders }) => ts % opensMs !== 0 && orders.some(isSibling))) return true
  return waits.chain + waits.mark > 0 && legs.some((leg) => leg.orders.some(isSibling))
}

function cancelAll(slot: PaperSlot, context: DecideContext): readonly Answer[] {
  const session = new PaperSession(slot, context, 0n)
  for (const order of slot.orders) session.cancel(order, 'expired', parseUnits(order.remaining))
  return session.answers
}

function cancelExpired(state: PaperState, context: DecideContext): readonly Answer[] {
  const over = [...state.slots, ...state.legs].filter((slot) => slot.orders.length > 0 && hasExpired(slot, context.ts))
  return over.flatMap((slot) => cancelAll(slot, context))
}

/** Legs with bars that waited for one that nobody priced are given up with it: a package that is whole stays whole. */
function cancelSiblings(
  { slots }: PaperState,
  { package: name }: PaperOrder,
  context: DecideContext,
): readonly Answer[] {
  if (name === '') return []
  return slots.flatMap((slot) => {
    const session = new PaperSession(slot, context, 0n)
    for (const order of slot.orders)
      if (order.package === name && order.acceptedAt < 0)
        session.cancel(order, 'no-liquidity', parseUnits(order.remaining))
    return session.answers
  })
}

/** An order or a cancel has reached the venue. A cancel that comes too late finds nothing and is not answered. */
function answerTimer(state: PaperState, { data, ts }: TimerFired, context: DecideContext): readonly Draft[] {
  const slash = data.timer.indexOf('/')
  const [about, id] = [data.timer.slice(0, slash), data.timer.slice(slash + 1)]
  const stranger = state.strangers.find(({ order }) => order === id)
  if (stranger !== undefined) {
    const detail = `${stranger.instrument} is not traded here`
    return [{ type: 'OrderRejected', data: { ...stranger, code: 'unknown-instrument', detail } }]
  }
  const slot = slotHolding(state, id)
  const order = slot === undefined ? undefined : orderIn(slot, id)
  if (slot === undefined || order === undefined || hasExpired(slot, ts)) return SILENCE
  const session = new PaperSession(slot, context, 0n)
  if (about === 'wait') {
    session.cancel(order, 'no-liquidity', parseUnits(order.remaining))
    return [...session.answers, ...cancelSiblings(state, order, context)]
  }
  if (about === 'arrive') {
    if (order.acceptedAt >= 0) return SILENCE
    const [bid, ask] = [unitsFromNumber(slot.bid), unitsFromNumber(slot.ask)]
    const refusal = refusalOf(slot, order, session.position, { price: (bid + ask) / 2n, bid, ask })
    if (refusal !== undefined) {
      session.reject(order, refusal)
      return session.answers
    }
    session.accept(order)
  } else if (order.acceptedAt < 0) return SILENCE
  if (order.cancelled) session.cancel(order, 'requested', parseUnits(order.remaining))
  else if (slot.isLeg && order.timeInForce === 'ioc')
    return [...session.answers, timer(`wait/${id}`, ts + (isOption(slot.kind) ? CHAIN_WAIT_MS : QUOTE_WAIT_MS))]
  return session.answers
}

/** Log-normal with the configured median and 99th percentile, whole ms, at least 1. */
function latencyMs(config: ExecutionConfig, context: DecideContext): number {
  const { latencyMsMedian: median, latencyMsP99: p99 } = config
  if (!(median > 0)) return 1
  const sigma = p99 > median ? Math.log(p99 / median) / Z99 : 0
  return Math.max(1, Math.ceil(median * Math.exp(sigma * context.random().normal())))
}

function timer(id: string, dueAt: number): Draft {
  return { type: 'TimerRequested', data: { agent: PAPER, timer: id, dueAt } }
}
