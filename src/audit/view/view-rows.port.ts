/** Owns the rows of a run's view: positions, packages, signals, orders, agents, feeds, markets. Plain JSON; no logic. */
import type { BookSums, LegView, PositionView } from '#core/book.port'
import type { DecimalString } from '#core/decimal'
import type { AnyEvent } from '#events/catalogue'

export type PositionRow = PositionView

export type LegRow = LegView

export interface PackageRow {
  readonly package: string
  readonly signal: string
  readonly kind: string
  readonly status: string
  readonly units: DecimalString
  readonly target: number
  readonly residualDelta: number
  readonly refusal: string
  readonly legs: readonly LegRow[]
}

export interface BalanceRow {
  readonly currency: string
  readonly balance: DecimalString
  readonly price: number
  readonly value: number
}

/** The book as risk/engine folds it. `#risk/book-view` has more; this is what a viewer needs of it. */
export interface Book extends BookSums {
  readonly positions: readonly PositionRow[]
  readonly balances?: readonly BalanceRow[]
  readonly packages?: readonly PackageRow[]
}

/** Risk's own fold of a log, lent to this room by who composes it: its state is plain JSON. */
export interface BookFold {
  initial(): unknown
  /**
   * One step (an input and what followed), or its beginning, in order of seq; it takes the order in which risk saw them. May change
   * the state. Types that it does not read are ignored.
   */
  evolve(state: unknown, step: readonly AnyEvent[]): unknown
  book(state: unknown): Book
  /** As in the book. Cheap: asked for at every step that may move them. */
  figures(state: unknown): BookFigures
  /** Event types that it reads or needs to put a step in order. */
  readonly reads: ReadonlySet<string>
}

export interface BookFigures {
  readonly equity: number
  readonly drawdown: number
  readonly gross: number
  readonly net: number
}

/** What one signal thinks of one instrument, package or market. */
export interface SignalRow {
  /** `tsmom`, `carry` … */
  readonly signal: string
  /** Instrument id, package id; empty for an overlay. */
  readonly subject: string
  readonly kind: 'directional' | 'package' | 'overlay'
  /** `long`, `short`, `flat`; package: `open`, `flat`; overlay: its regime. */
  readonly stance: string
  readonly reason: string
  readonly strength: number
  readonly confidence: number
  /** As the signal asks for it, fraction of NAV. */
  readonly targetWeight: number
  /** As the blender last let it, fraction of NAV; null: not blended. */
  readonly blendedWeight: number | null
  /** The number that decided and what it was held against: the first term with a threshold, else the first term. */
  readonly term: string
  readonly value: number | null
  readonly threshold: number | null
  readonly terms: readonly { readonly name: string; readonly value: number | null; readonly threshold?: number }[]
  /** Seq and time since which stance and reason are these. */
  readonly sinceSeq: number
  readonly since: number
  /** The newest word. */
  readonly seq: number
  readonly ts: number
  readonly validUntil: number
}

export type OrderState =
  | 'approved'
  | 'submitted'
  | 'accepted'
  | 'partly-filled'
  | 'unknown'
  | 'filled'
  | 'cancelled'
  | 'rejected'
  | 'withheld'
  | 'refused'

export interface OrderRow {
  /** Order id; of a refusal `refusal-<seq>`. */
  readonly order: string
  readonly instrument: string
  readonly package: string | null
  readonly side: 'buy' | 'sell'
  readonly state: OrderState
  readonly purpose: string
  readonly quantity: DecimalString
  readonly filled: DecimalString
  readonly averagePrice: number | null
  /** Refused, rejected, cancelled, withheld: why, in the log's own code; empty otherwise. */
  readonly reason: string
  readonly seq: number
  readonly ts: number
  readonly lastSeq: number
  readonly lastTs: number
}

export interface AgentRow {
  readonly name: string
  readonly kind: 'decider' | 'connector' | 'gateway'
  readonly state: string
  readonly restarts: number
  readonly reason: string
  readonly since: number
  readonly sinceSeq: number
  /** Newest event that it said, 0: none. */
  readonly lastSeq: number
  readonly lastTs: number
}

export interface FeedRow {
  readonly feed: string
  readonly isUp: boolean
  readonly reason: string
  readonly since: number
  readonly interruptions: number
  /** Its newest event, epoch ms of the run; 0: none. */
  readonly lastTs: number
}

export interface MarketRow {
  readonly instrument: string
  readonly price: number | null
  readonly ts: number
  readonly mark: number | null
  readonly index: number | null
  /** Settled last, for its own interval. */
  readonly fundingRate: number | null
  readonly fundingIntervalHours: number | null
  readonly predictedFunding: number | null
  /** Coins. */
  readonly openInterest: number | null
}

/** Of a coin. */
export interface OutlookRow {
  readonly coin: string
  /** Deribit's index, decimal. */
  readonly dvol: number | null
  /** 25-delta risk reversal at 30 days, decimal. */
  readonly skew: number | null
  /** A year, of the front future. */
  readonly basis: number | null
  /** A year, between venues. */
  readonly fundingSpread: number | null
}

export interface LimitRow {
  /** `gross`, `net`, `drawdown`, `vega` … */
  readonly name: string
  readonly value: number
  readonly limit: number
  readonly unit: 'fraction of NAV' | 'fraction'
}

export interface AlertRow {
  readonly name: string
  readonly text: string
  readonly since: number
  readonly seq: number
}
