/**
 * Owns the way of an approved order to the venue: sends it once, watches it, cancels what outlived itself, doubts what is not
 * answered. Never sizes a trade up, never sends what risk did not approve, never takes silence for an answer.
 */
import type { ExecutionConfig, UniverseEntry } from '#core/config/schema'
import { type DecideContext, type Decider, SILENCE } from '#core/decider'
import { DAY_MS, INTERVALS, type Interval } from '#core/time'
import type { TimerFired } from '#events/lifecycle.events'
import type { OrderApproved } from '#events/risk.events'
import { orderTerms } from './order-terms.js'
import { evolveRouter, RISK, type RouterIn, type RouterOut } from './router-fold.js'
import {
  addsRisk,
  createRouterState,
  isKnown,
  type LiveOrder,
  liveOrder,
  type RouterState,
  slotOf,
} from './router-state.js'
import { STAT_DAYS } from './trading-conditions.js'

const NAME = 'execution/router'

type DraftOf<E> = E extends { readonly type: infer T; readonly data: infer D }
  ? { readonly type: T; readonly data: D }
  : never
type Draft = DraftOf<RouterOut>

export interface RouterOptions {
  /** Whether silence of the venue is timed: where the venue takes time to answer, that is not at next-open fills. */
  readonly ackTimers: boolean
}

/**
 * The router. `finest` is the interval of instruments whose entry names none. An order that adds risk and arrives while trading
 * is halted is the second lock's business: it is not sent, and `OrderWithheld` says so, so that nobody waits for it. The leg of a
 * package goes out whole, since legs must match: if the venue fills less, risk sees the imbalance and mends it.
 */
export function createRouter(
  config: ExecutionConfig,
  universe: readonly UniverseEntry[],
  finest: Interval,
  options: RouterOptions = { ackTimers: false },
): Decider<RouterState, RouterIn, RouterOut> {
  const read = new Set<Interval>(['1d', finest, ...universe.map((entry) => entry.interval ?? finest)])
  return {
    name: NAME,
    // 2: the state knows legs of packages.
    version: '2',
    dependencies: [RISK],
    reads: READS,
    emits: ['OrderSubmitted', 'OrderWithheld', 'CancelRequested', 'TimerRequested', 'OrderUnconfirmed'],
    intervals: INTERVALS.filter((interval) => read.has(interval)),
    warmupMs: WARMUP_MS,
    onOrderPath: true,
    initial: () => createRouterState(universe, finest),
    evolve: (state, event) => evolveRouter(state, event, config),
    decide: (state, event, context) => decide(state, event, context, config, options),
  }
}

/** Enough for the daily statistics behind the expected costs. */
const WARMUP_MS = (STAT_DAYS + 2) * DAY_MS
const READS: readonly RouterIn['type'][] = [
  'OrderApproved',
  'BarClosed',
  'BarAggregated',
  'InstrumentListed',
  'InstrumentDelisted',
  'QuoteChanged',
  'OptionChainObserved',
  'OrderAccepted',
  'OrderFilled',
  'OrderRejected',
  'OrderCancelled',
  'TradingHalted',
  'TradingResumed',
  'TimerFired',
  'AgentFaulted',
  'InstantClosed',
  'StateCarried',
]

function decide(
  state: RouterState,
  event: RouterIn,
  context: DecideContext,
  config: ExecutionConfig,
  options: RouterOptions,
): readonly Draft[] {
  switch (event.type) {
    case 'OrderApproved':
      return send(state, event, config, options)
    case 'InstantClosed':
      return state.live.length === 0 ? SILENCE : cancelOutlived(state, event.data.instant, context.ts, config, options)
    case 'TradingHalted':
      return cancelAll(state, context.ts, config, options, 'trading-halted', mayNotStay)
    case 'AgentFaulted':
      if (!event.data.onOrderPath) return SILENCE
      return cancelAll(state, context.ts, config, options, 'agent-faulted', mayNotStay)
    case 'TimerFired':
      return event.data.agent === NAME ? doubt(state, event) : SILENCE
    default:
      return SILENCE
  }
}

function send(
  state: RouterState,
  { data, ts }: OrderApproved,
  config: ExecutionConfig,
  options: RouterOptions,
): readonly Draft[] {
  const { order, instrument, side, quantity } = data
  if (isKnown(state, order)) return SILENCE
  const slot = slotOf(state, instrument)
  const isOver = slot !== undefined && slot.expiresAt > 0 && ts >= slot.expiresAt
  if (slot === undefined || !slot.listed || isOver)
    return [{ type: 'OrderWithheld', data: { order, instrument, side, quantity, code: 'not-listed' } }]
  if (state.halted && addsRisk(data))
    return [{ type: 'OrderWithheld', data: { order, instrument, side, quantity, code: 'trading-halted' } }]
  const submitted: Draft = { type: 'OrderSubmitted', data: orderTerms(config, slot, data, ts) }
  return options.ackTimers ? [submitted, timer(`${order}/ack`, ts + config.ackTimeoutMs)] : [submitted]
}

const mayNotStay = (order: LiveOrder): boolean => order.addsRisk

function cancelOutlived(
  state: RouterState,
  instant: number,
  ts: number,
  config: ExecutionConfig,
  options: RouterOptions,
): readonly Draft[] {
  return cancelAll(state, ts, config, options, 'outlived', (o) => o.restsUntil > 0 && o.restsUntil <= instant)
}

function cancelAll(
  state: RouterState,
  ts: number,
  config: ExecutionConfig,
  options: RouterOptions,
  reason: string,
  which: (order: LiveOrder) => boolean,
): readonly Draft[] {
  const drafts: Draft[] = []
  for (const live of state.live) {
    if (live.cancelAskedAt > 0 || !which(live)) continue
    drafts.push({ type: 'CancelRequested', data: { order: live.order, instrument: live.instrument, reason } })
    if (options.ackTimers) drafts.push(timer(`${live.order}/cancel`, ts + config.ackTimeoutMs))
  }
  return drafts.length === 0 ? SILENCE : drafts
}

/** Silence until now, after a submission or a cancel: the order is UNKNOWN. */
function doubt(state: RouterState, { data, ts }: TimerFired): readonly Draft[] {
  const slash = data.timer.lastIndexOf('/')
  const live = liveOrder(state, data.timer.slice(0, slash))
  if (live === undefined) return SILENCE
  const about = data.timer.slice(slash + 1)
  if (about === 'ack' && live.phase !== 'submitted') return SILENCE
  const sinceMs = ts - (about === 'ack' ? live.submittedAt : live.cancelAskedAt)
  return [{ type: 'OrderUnconfirmed', data: { order: live.order, instrument: live.instrument, sinceMs } }]
}

function timer(id: string, dueAt: number): Draft {
  return { type: 'TimerRequested', data: { agent: NAME, timer: id, dueAt } }
}
