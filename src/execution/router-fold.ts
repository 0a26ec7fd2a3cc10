/** Owns how the router remembers each event that it reads or emits. A fold; never decides. */
import type { ExecutionConfig } from '#core/config/schema'
import { assertNever, invariant } from '#core/invariant'
import type { AgentFaulted, StateCarried, TimerFired, TimerRequested } from '#events/lifecycle.events'
import type {
  BarAggregated,
  BarClosed,
  InstantClosed,
  InstrumentDelisted,
  InstrumentListed,
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
  OrderUnconfirmed,
  OrderWithheld,
} from '#events/order.events'
import type { OrderApproved, TradingHalted, TradingResumed } from '#events/risk.events'
import {
  foldApproval,
  foldCancelRequest,
  foldChain,
  foldFill,
  foldFinished,
  foldListing,
  foldQuote,
  foldSubmitted,
  foldWord,
  type RouterState,
  slotOf,
} from './router-state.js'
import { foldDay } from './trading-conditions.js'

/** Whose approval counts. */
export const RISK = 'risk/engine'

export type RouterIn =
  | OrderApproved
  | BarClosed
  | BarAggregated
  | InstrumentListed
  | InstrumentDelisted
  | QuoteChanged
  | OptionChainObserved
  | OrderAccepted
  | OrderFilled
  | OrderRejected
  | OrderCancelled
  | TradingHalted
  | TradingResumed
  | TimerFired
  | AgentFaulted
  | InstantClosed
  | StateCarried
export type RouterOut = OrderSubmitted | OrderWithheld | CancelRequested | TimerRequested | OrderUnconfirmed
/** Takes one event. Throws InvariantError for an approval that risk did not give, and for impossible words about an order. */
export function evolveRouter(state: RouterState, event: RouterIn | RouterOut, config: ExecutionConfig): RouterState {
  switch (event.type) {
    case 'BarClosed':
    case 'BarAggregated':
      foldBar(state, event)
      return state
    case 'QuoteChanged':
      foldQuote(state, event)
      return state
    case 'OptionChainObserved':
      foldChain(state, event)
      return state
    case 'InstrumentListed':
      foldListing(state, event.data)
      return state
    case 'InstrumentDelisted': {
      const slot = slotOf(state, event.data.instrument)
      if (slot !== undefined) slot.listed = false
      return state
    }
    case 'TradingHalted':
      state.halted = true
      return state
    case 'TradingResumed':
      state.halted = false
      return state
    case 'StateCarried':
      state.halted = event.data.halted
      return state
    case 'AgentFaulted':
      if (event.data.onOrderPath) state.halted = true
      return state
    case 'OrderApproved':
      checkApproval(event)
      foldApproval(state, event)
      return state
    case 'InstantClosed':
    case 'TimerFired':
    case 'TimerRequested':
      return state
    default:
      return evolveOrder(state, event, config)
  }
}

/** Apart, because a function that makes a closure costs at every bar. */
function checkApproval({ by, data }: OrderApproved): void {
  invariant(by === RISK, () => `order ${data.order} was approved by ${by}, not by ${RISK}`)
}

type OrderWordEvent = Exclude<RouterOut, TimerRequested> | OrderAccepted | OrderFilled | OrderRejected | OrderCancelled

function evolveOrder(state: RouterState, event: OrderWordEvent, config: ExecutionConfig): RouterState {
  const { order } = event.data
  switch (event.type) {
    case 'OrderSubmitted':
      foldSubmitted(state, event, config.limitTtlBars)
      return state
    case 'OrderWithheld':
      foldFinished(state, order, 'rejected')
      return state
    case 'CancelRequested':
      foldCancelRequest(state, event)
      return state
    case 'OrderUnconfirmed':
      foldWord(state, order, 'doubt')
      return state
    case 'OrderAccepted':
      foldWord(state, order, 'accept')
      return state
    case 'OrderFilled':
      foldFill(state, event.data)
      return state
    case 'OrderRejected':
      foldWord(state, order, 'reject')
      return state
    case 'OrderCancelled':
      foldWord(state, order, 'cancel')
      return state
    default:
      return assertNever(event, 'router')
  }
}

function foldBar(state: RouterState, { data }: BarClosed | BarAggregated): void {
  const i = state.index[data.instrument]
  if (i === undefined) return
  const slot = state.slots[i]!
  if (data.interval === slot.finest) slot.market.lastBarVolume = data.volume
  if (data.interval === '1d') foldDay(slot.market, data.openTime, data.close, data.volume)
}
