/**
 * Owns halts: drawdown, operator, faults, clock, log, a parent's halt. A halt outlives everything but `resume`.
 * Choices: `flatten` implies a halt. A drawdown breach closes the book even when trading was halted already. A resume sets
 * the peak to the equity of that moment, else the same drawdown would halt again at once. Must never add risk.
 */
import type { RiskConfig } from '#core/config/schema'
import type { DecideContext } from '#core/decider'
import { MINUTE_MS } from '#core/time'
import {
  type AgentFaulted,
  type ClockStepped,
  type FeedInterrupted,
  type LogStalled,
  type OperatorCommanded,
  RESTART_BUDGET_SPENT,
  type StateCarried,
} from '#events/lifecycle.events'
import type { TradingHalted, TradingResumed } from '#events/risk.events'
import type { ApprovedOrder } from './approved-order.js'
import { hasReducingOrder } from './order-book.js'
import { closePackages } from './packages/mend.js'
import { abandonPackages, resumePackages } from './packages/package-fold.js'
import { type Closing, drawdownOf, equity, type RiskState } from './risk-state.js'
import { closeOrderOf } from './stops.js'

/** A clock that stepped back further than this halts (architecture, section 5). */
export const CLOCK_STEP_MS = MINUTE_MS

type HaltedDraft = { readonly type: 'TradingHalted'; readonly data: TradingHalted['data'] }
type ResumedDraft = { readonly type: 'TradingResumed'; readonly data: TradingResumed['data'] }
export type HaltDraft = HaltedDraft | ResumedDraft | ApprovedOrder

function halted(
  reason: TradingHalted['data']['reason'],
  detail: string,
  value: number | null = null,
  limit: number | null = null,
): HaltedDraft {
  return { type: 'TradingHalted', data: { reason, detail, value, limit } }
}

/** Reduce-only orders for every position without one at work, and orders that take back every leg of a package; `ordered` are instruments that just got one. */
export function closeBook(
  state: RiskState,
  purpose: Exclude<Closing, 'none'>,
  context: DecideContext,
  ordered: ReadonlySet<number>,
): ApprovedOrder[] {
  const nav = equity(state)
  const orders: ApprovedOrder[] = []
  for (const index of state.held) {
    const slot = state.slots[index]!
    // A delisted instrument is settled, not traded.
    if (ordered.has(index) || !slot.listed || hasReducingOrder(state.orders, index)) continue
    orders.push(closeOrderOf(slot, purpose, nav, context, true))
  }
  if (state.packages.length > 0) orders.push(...closePackages(state, context, nav))
  return orders
}

/** Drawdown at the limit: halts and closes the book. While it is being closed, tries again what did not fill. */
export function watchDrawdown(
  state: RiskState,
  risk: RiskConfig,
  context: DecideContext,
  ordered: ReadonlySet<number>,
  retry: boolean,
): HaltDraft[] {
  if (state.closing !== 'none') return retry ? closeBook(state, state.closing, context, ordered) : []
  const drawdown = drawdownOf(state)
  if (drawdown > -risk.drawdownHalt) return []
  const halt = halted('drawdown', 'marked equity', drawdown, -risk.drawdownHalt)
  return [halt, ...closeBook(state, 'derisk', context, ordered)]
}

export function onCommand(state: RiskState, event: OperatorCommanded, context: DecideContext): HaltDraft[] {
  switch (event.data.command) {
    case 'halt':
      return state.halted ? [] : [halted('operator', 'halt')]
    case 'resume':
      return state.halted || state.closing !== 'none' ? [{ type: 'TradingResumed', data: { reason: 'operator' } }] : []
    case 'flatten':
      return [
        ...(state.halted ? [] : [halted('operator', 'flatten')]),
        ...closeBook(state, 'flatten', context, new Set()),
      ]
  }
}

/** What the process itself reports. Each halts once; a parent's halt is said again in the child's own log. */
export function onTrouble(
  state: RiskState,
  event: AgentFaulted | ClockStepped | LogStalled | FeedInterrupted | StateCarried,
): HaltDraft[] {
  switch (event.type) {
    case 'StateCarried':
      return event.data.halted ? [halted('carried', event.data.haltReason ?? 'parent')] : []
    case 'AgentFaulted':
      return event.data.onOrderPath && !state.halted ? [halted('agent-faulted', event.data.agent)] : []
    case 'ClockStepped':
      return event.data.backMs > CLOCK_STEP_MS && !state.halted
        ? [halted('clock-stepped', 'clock of the machine', event.data.backMs, CLOCK_STEP_MS)]
        : []
    case 'FeedInterrupted':
      // A feed that is being restarted is no reason: marks grow old, and old marks refuse orders.
      return event.data.reason === RESTART_BUDGET_SPENT && !state.halted ? [halted('feed-lost', event.data.feed)] : []
    case 'LogStalled':
      return state.halted ? [] : [halted('log-stalled', event.data.code, event.data.stalledMs)]
  }
}

/** What a halt of this reason does to the book; `flatten` is how a parent run hands on that it was being closed. */
function closingFor(reason: string): Closing {
  if (reason === 'drawdown') return 'derisk'
  return reason === 'flatten' ? 'flatten' : 'none'
}

/** Folds the halts. */
export function evolveHalt(state: RiskState, event: TradingHalted | TradingResumed | OperatorCommanded): void {
  switch (event.type) {
    case 'OperatorCommanded':
      if (event.data.command !== 'flatten') break
      state.closing = 'flatten'
      abandonPackages(state)
      break
    case 'TradingHalted':
      state.halted = true
      state.haltReason = event.data.reason === 'carried' ? event.data.detail : event.data.reason
      if (state.closing === 'none') state.closing = closingFor(state.haltReason)
      if (state.closing !== 'none') abandonPackages(state)
      break
    case 'TradingResumed':
      state.halted = false
      state.haltReason = ''
      state.closing = 'none'
      state.peak = equity(state)
      for (const slot of state.slots) if (slot.refusal === 'trading-halted') slot.refusal = ''
      resumePackages(state)
      break
  }
}
