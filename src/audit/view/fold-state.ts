/**
 * Owns what the view remembers of a run beside its book: plain JSON, so that a keyframe is its text, and bounded by instruments,
 * signals, agents and open orders. Must never hold what JSON cannot say.
 */
import type {
  AgentRow,
  AlertRow,
  FeedRow,
  MarketRow,
  OrderRow,
  OrderState,
  OutlookRow,
  SignalRow,
  ViewState,
} from './view.port.js'

export type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** An order at work: what is needed to go on with its row. */
export interface OrderFold extends Mutable<OrderRow> {
  trades: string[]
  /** Σ price × quantity of its trades, quote. */
  turnover: number
}

export type BlendRow = ViewState['blend'][number]

export interface OutlookFold extends Mutable<OutlookRow> {
  /** Future that the basis is of. */
  front: string
  frontExpiresAt: number
}

export interface FoldState {
  seq: number
  ts: number
  process: Mutable<ViewState['process']>
  /** Start of the UTC day, equity then and what was paid in since. */
  day: { from: number; equity: number; paid: number }
  halt: Mutable<NonNullable<ViewState['halt']>> | null
  flatten: Mutable<NonNullable<ViewState['flatten']>> | null
  measures: Readonly<Record<string, unknown>> | null
  /** Share of the turnover limit used, and that limit; null before the first assessment. */
  turnover: { value: number; limit: number } | null
  alerts: AlertRow[]
  signals: Record<string, Mutable<SignalRow>>
  blend: Record<string, BlendRow>
  /** Seqs that explanations begin from: blend of each package; its last assessment and the blend then; last stop of each instrument. */
  blendedPackages: Record<string, number>
  assessed: Record<string, [seq: number, blended: number]>
  stopped: Record<string, number>
  working: Record<string, OrderFold>
  /** Oldest first. */
  recent: OrderFold[]
  orderCounts: Record<OrderState, number>
  agents: Record<string, Mutable<AgentRow>>
  feeds: Record<string, Mutable<FeedRow>>
  market: Record<string, Mutable<MarketRow>>
  outlook: Record<string, OutlookFold>
  counts: { events: number; fills: number; orders: number }
}

export const ORDER_STATES = [
  'approved',
  'submitted',
  'accepted',
  'partly-filled',
  'unknown',
  'filled',
  'cancelled',
  'rejected',
  'withheld',
  'refused',
] as const satisfies readonly OrderState[]

export function createFoldState(log: 'full' | 'derived', agents: readonly string[], ts: number): FoldState {
  return {
    seq: 0,
    ts: 0,
    process: { state: log === 'full' ? 'running' : 'stopped', since: ts, starts: 0 },
    day: { from: 0, equity: 0, paid: 0 },
    halt: null,
    flatten: null,
    measures: null,
    turnover: null,
    alerts: [],
    signals: {},
    blend: {},
    blendedPackages: {},
    assessed: {},
    stopped: {},
    working: {},
    recent: [],
    orderCounts: {
      approved: 0,
      submitted: 0,
      accepted: 0,
      'partly-filled': 0,
      unknown: 0,
      filled: 0,
      cancelled: 0,
      rejected: 0,
      withheld: 0,
      refused: 0,
    },
    // A backtest has no supervisor: its agents run from the first event.
    agents: Object.fromEntries(
      agents.map((name) => [name, createAgent(name, log === 'full' ? 'idle' : 'running', ts)]),
    ),
    feeds: {},
    market: {},
    outlook: {},
    counts: { events: 0, fills: 0, orders: 0 },
  }
}

export function createAgent(name: string, state: string, since: number): Mutable<AgentRow> {
  const kind = name.startsWith('connector/') ? 'connector' : name.startsWith('gateway/') ? 'gateway' : 'decider'
  return { name, kind, state, restarts: 0, reason: '', since, sinceSeq: 0, lastSeq: 0, lastTs: 0 }
}
