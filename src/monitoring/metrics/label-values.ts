/**
 * Owns which values a label may take: those of the configuration and of lists of ours. Anything else is `other`, so that the number of
 * series is bounded whatever a venue, a file or a log makes up. Pure.
 */
import type { RunFacts } from '#audit/view/view.port'
import { venuesSchema } from '#core/config/venues-schema'
import { EVENT_TYPES } from '#events/catalogue'
import { agentLifecycleChanged, logStalled } from '#events/lifecycle.events'
import { dataQualityChanged } from '#events/market.events'
import { orderCancelled, orderFilled, orderRejected, orderWithheld } from '#events/order.events'
import { orderRefused, tradingHalted } from '#events/risk.events'
import { ALERTS } from '#events/risk-measures.events'

export const OTHER = 'other'

export const AGENT_STATES = agentLifecycleChanged.shape.to.words
export const PROCESS_STATES = ['starting', 'running', 'stalled', 'halted', 'stopping', 'stopped'] as const
export const HALT_REASONS = tradingHalted.shape.reason.words
export const CANCEL_REASONS = orderCancelled.shape.reason.words
export const STALL_CODES = logStalled.shape.code.words
export const LIQUIDITIES = orderFilled.shape.liquidity.words
export const CHECKS = dataQualityChanged.shape.check.words
export const SINKS = ['email', 'slack'] as const
export const OUTCOMES = [
  'approved',
  'refused',
  'withheld',
  'submitted',
  'accepted',
  'filled',
  'cancelled',
  'rejected',
  'unknown',
] as const
/** Who refuses an order, and with which codes. */
export const REFUSALS = {
  risk: orderRefused.shape.code.words,
  execution: orderWithheld.shape.code.words,
  venue: orderRejected.shape.code.words,
} as const
/** `cascade`: the early warning of a signal, beside those of the risk monitor. */
export const WARNINGS = [...ALERTS, 'cascade'] as const
/** As rows of ViewState's limits are named. */
export const LIMITS = ['gross', 'net', 'drawdown', 'position', 'vega', 'venue', 'coin', 'turnover'] as const
const STREAMS = [
  'bars',
  'trades',
  'mark',
  'funding',
  'openInterest',
  'liquidations',
  'quotes',
  'book',
  'options',
  'volatilityIndex',
  'index',
  'status',
] as const
const VENUES: readonly string[] = [...Object.keys(venuesSchema.shape), 'sim']
/** Connectors that are of no venue. */
const CONNECTORS = ['connector/instants', 'connector/quality', 'connector/onchain'] as const

/** Values by label; a label that is not named here is of the facts of the run, and has one value. */
export type LabelValues = ReadonlyMap<string, ReadonlySet<string>>

export function labelValues(facts: RunFacts): LabelValues {
  const agents = [
    ...facts.agents.map(({ name }) => name),
    ...facts.signals.map(({ agent }) => agent),
    ...VENUES.map((venue) => `connector/${venue}`),
    ...CONNECTORS,
  ]
  const values: Readonly<Record<string, readonly string[]>> = {
    type: [...EVENT_TYPES.keys()],
    outcome: OUTCOMES,
    by: Object.keys(REFUSALS),
    code: [...REFUSALS.risk, ...REFUSALS.execution, ...REFUSALS.venue, ...STALL_CODES],
    reason: [...HALT_REASONS, ...CANCEL_REASONS],
    liquidity: LIQUIDITIES,
    agent: agents,
    feed: agents,
    signal: facts.signals.map(({ signal }) => signal),
    instrument: facts.instruments.map(({ instrument }) => instrument),
    kind: ['gross', 'net'],
    limit: LIMITS,
    what: WARNINGS,
    state: [...AGENT_STATES, ...PROCESS_STATES, 'up', 'down'],
    venue: VENUES,
    stream: STREAMS,
    check: CHECKS,
    sink: SINKS,
    thread: ['main', 'observer'],
  }
  return new Map(Object.entries(values).map(([label, names]) => [label, new Set(names)]))
}
