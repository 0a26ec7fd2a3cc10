/**
 * Owns the paper venue: takes or refuses orders as a real venue would and trades them against the market it is shown.
 * Never answers within the step that asked, never fills at a price nobody could have had, never knows NAV or targets.
 */
import type { ExecutionConfig, UniverseEntry } from '#core/config/schema'
import { type DecideContext, type Decider, SILENCE } from '#core/decider'
import { parseUnits, unitsFromNumber } from '#core/decimal'
import { DAY_MS, floorTo } from '#core/time'
import type { StateCarried, TimerFired, TimerRequested } from '#events/lifecycle.events'
import type { BarClosed, BarOpened, InstrumentDelisted, InstrumentListed, QuoteChanged } from '#events/market.events'
import type {
  CancelRequested,
  OrderAccepted,
  OrderCancelled,
  OrderFilled,
  OrderRejected,
  OrderSubmitted,
} from '#events/order.events'
import { answerBar, answerOpen, answerQuote } from './paper-fills.js'
import { refusalOf } from './paper-rules.js'
import { type Answer, PaperSession } from './paper-session.js'
import {
  createPaperState,
  drop,
  foldClosed,
  foldOpen,
  foldPaperQuote,
  foldTerms,
  foldTrade,
  isFinest,
  orderIn,
  type PaperState,
  paperSlot,
  slotHolding,
  takeUp,
} from './paper-state.js'

const NAME = 'venue/paper'
/** Φ⁻¹(0.99): distance of the 99th percentile from the median, in standard deviations of ln latency. */
const Z99 = 2.3263478740408408

type In =
  | OrderSubmitted
  | CancelRequested
  | BarOpened
  | BarClosed
  | QuoteChanged
  | TimerFired
  | InstrumentListed
  | InstrumentDelisted
  | StateCarried
type Out = OrderAccepted | OrderFilled | OrderRejected | OrderCancelled | TimerRequested
type Draft = Answer | { readonly type: 'TimerRequested'; readonly data: TimerRequested['data'] }

export interface PaperVenueOptions {
  /** `nextOpen`: at the open of the next bar, at once; `quote`: after a latency, against quotes. */
  readonly fills: 'nextOpen' | 'quote'
}

interface Setting {
  readonly config: ExecutionConfig
  readonly quotes: boolean
}

/**
 * The paper venue. A repeated order id changes nothing and is not answered again: the id is the promise of idempotence.
 * An order for an instrument that is not in the universe is refused by timer, since no bar will ever come for it.
 */
export function createPaperVenue(
  config: ExecutionConfig,
  universe: readonly UniverseEntry[],
  options: PaperVenueOptions,
): Decider<PaperState, In, Out> {
  const setting: Setting = { config, quotes: options.fills === 'quote' }
  return {
    name: NAME,
    version: '1',
    dependencies: ['execution/router'],
    reads: readsOf(setting),
    emits: ['OrderAccepted', 'OrderFilled', 'OrderRejected', 'OrderCancelled', 'TimerRequested'],
    warmupMs: 0,
    onOrderPath: true,
    initial: () => createPaperState(config, universe),
    evolve: (state, event) => evolve(state, event, setting),
    decide: (state, event, context) => decide(state, event, context, setting),
  }
}

/** Closed bars matter only where orders rest or quotes are traded against. */
function readsOf({ config, quotes }: Setting): readonly In['type'][] {
  const always: readonly In['type'][] = [
    'OrderSubmitted',
    'CancelRequested',
    'TimerFired',
    'InstrumentListed',
    'InstrumentDelisted',
    'StateCarried',
  ]
  const bars: readonly In['type'][] = quotes || config.orderType !== 'ioc' ? ['BarClosed'] : []
  return [...always, ...bars, quotes ? 'QuoteChanged' : 'BarOpened']
}

function evolve(state: PaperState, event: In | Out, setting: Setting): PaperState {
  switch (event.type) {
    case 'OrderSubmitted':
      takeUp(state, event.data)
      return state
    case 'TimerFired':
      if (event.data.agent === NAME) foldTimer(state, event.data.timer)
      return state
    case 'StateCarried':
      for (const { instrument, quantity } of event.data.positions) {
        const held = paperSlot(state, instrument)
        if (held !== undefined) held.position = quantity
      }
      return state
    case 'TimerRequested':
      return state
  }
  const slot = paperSlot(state, event.data.instrument)
  if (slot !== undefined) evolveSlot(slot, event, setting)
  else if (event.type === 'OrderRejected') {
    const i = state.strangers.findIndex((stranger) => stranger.order === event.data.order)
    if (i >= 0) state.strangers.splice(i, 1)
  }
  return state
}

type SlotEvent = Exclude<In | Out, OrderSubmitted | TimerFired | StateCarried | TimerRequested>

function evolveSlot(slot: PaperState['slots'][number], event: SlotEvent, { quotes }: Setting): void {
  switch (event.type) {
    case 'BarClosed':
      foldClosed(slot, event.data)
      break
    case 'BarOpened':
      foldOpen(slot, event.data)
      break
    case 'QuoteChanged':
      foldPaperQuote(slot, event)
      break
    case 'InstrumentListed':
      foldTerms(slot, event.data)
      break
    case 'InstrumentDelisted':
      slot.listed = false
      slot.position = '0'
      break
    case 'CancelRequested': {
      const order = orderIn(slot, event.data.order)
      if (order !== undefined && !quotes) order.cancelled = true
      break
    }
    case 'OrderAccepted': {
      const order = orderIn(slot, event.data.order)
      if (order !== undefined) order.acceptedAt = event.ts
      break
    }
    case 'OrderFilled':
      foldTrade(slot, event.data, quotes ? floorTo(event.ts, slot.barMs > 0 ? slot.barMs : DAY_MS) : -1)
      break
    case 'OrderRejected':
    case 'OrderCancelled':
      drop(slot, event.data.order)
      break
  }
}

function foldTimer(state: PaperState, timer: string): void {
  if (!timer.startsWith('cancel/')) return
  const id = timer.slice('cancel/'.length)
  const slot = slotHolding(state, id)
  const order = slot === undefined ? undefined : orderIn(slot, id)
  if (order !== undefined) order.cancelled = true
}

function decide(state: PaperState, event: In, context: DecideContext, setting: Setting): readonly Draft[] {
  const { config, quotes } = setting
  switch (event.type) {
    case 'BarClosed': {
      const slot = paperSlot(state, event.data.instrument)
      if (slot === undefined || slot.orders.length === 0 || !isFinest(slot, event.data)) return SILENCE
      return answerBar(slot, event.data, config.maxParticipation, context)
    }
    case 'BarOpened': {
      const slot = paperSlot(state, event.data.instrument)
      if (slot === undefined || slot.orders.length === 0) return SILENCE
      return answerOpen(slot, event.data, config.maxParticipation, Math.max(0, config.halfSpreadBps), context)
    }
    case 'QuoteChanged': {
      const slot = paperSlot(state, event.data.instrument)
      if (slot === undefined || slot.orders.length === 0) return SILENCE
      return answerQuote(slot, event, config.maxParticipation, context)
    }
    case 'OrderSubmitted': {
      const { order, instrument } = event.data
      const known = paperSlot(state, instrument)
      if (known === undefined) return [timer(`arrive/${order}`, event.ts + 1)]
      return quotes ? [timer(`arrive/${order}`, event.ts + latencyMs(config, context))] : SILENCE
    }
    case 'CancelRequested':
      return quotes ? [timer(`cancel/${event.data.order}`, event.ts + latencyMs(config, context))] : SILENCE
    case 'TimerFired':
      return event.data.agent === NAME ? answerTimer(state, event.data.timer, context) : SILENCE
    case 'InstrumentDelisted': {
      const slot = paperSlot(state, event.data.instrument)
      if (slot === undefined || slot.orders.length === 0) return SILENCE
      const session = new PaperSession(slot, context, 0n)
      for (const order of slot.orders) session.cancel(order, 'expired', parseUnits(order.remaining))
      return session.answers
    }
    default:
      return SILENCE
  }
}

/** An order or a cancel has reached the venue. A cancel that comes too late finds nothing and is not answered. */
function answerTimer(state: PaperState, timerId: string, context: DecideContext): readonly Draft[] {
  const id = timerId.slice(timerId.indexOf('/') + 1)
  const stranger = state.strangers.find(({ order }) => order === id)
  if (stranger !== undefined) {
    const detail = `${stranger.instrument} is not traded here`
    return [{ type: 'OrderRejected', data: { ...stranger, code: 'unknown-instrument', detail } }]
  }
  const slot = slotHolding(state, id)
  const order = slot === undefined ? undefined : orderIn(slot, id)
  if (slot === undefined || order === undefined) return SILENCE
  const session = new PaperSession(slot, context, 0n)
  if (timerId.startsWith('arrive/')) {
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
  return { type: 'TimerRequested', data: { agent: NAME, timer: id, dueAt } }
}
