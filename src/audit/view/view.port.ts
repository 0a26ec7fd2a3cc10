/**
 * Owns what a run looks like at a seq: the documents that the page, the metrics and the time machine are made of. All of it is folded from
 * committed events; the same documents come from a process that runs, one that stopped, a backtest and a replay. Plain JSON; no logic.
 */
import type {
  AgentRow,
  AlertRow,
  Book,
  FeedRow,
  LimitRow,
  MarketRow,
  OrderRow,
  OrderState,
  OutlookRow,
  SignalRow,
} from './view-rows.port.js'

export type * from './view-rows.port.js'

/** What never changes in a run. */
export interface RunFacts {
  readonly run: string
  readonly mode: 'sim' | 'paper' | 'live' | 'backtest' | 'replay'
  /** `derived`: inputs are on a tape, not in the log; prices are then those that risk and fills name. */
  readonly log: 'full' | 'derived'
  readonly codeVersion: string
  readonly configurationHash: string
  readonly createdAt: number
  readonly parent: { readonly run: string; readonly seq: number } | null
  /** Currency of the book. */
  readonly currency: string
  readonly agents: readonly {
    readonly name: string
    readonly version: string
    readonly dependencies: readonly string[]
  }[]
  readonly instruments: readonly { readonly instrument: string; readonly base: string; readonly quote: string }[]
  /** Bars are of this length unless an instrument says otherwise: `1h`. */
  readonly interval: string
  /** Names under which signals speak, enabled ones first in the order of the registry. */
  readonly signals: readonly { readonly signal: string; readonly agent: string; readonly isEnabled: boolean }[]
  /** First seq that the log still has: above 1 where segments are archived. */
  readonly firstSeq: number
}

/** Where the log has come to, as its reader has proved it. */
export interface Head {
  readonly seq: number
  readonly ts: number
  /** Hash of the commit at `seq`: the chain holds up to here. */
  readonly hash: string
  readonly segment: number
  /** Last seq under a signed checkpoint; 0: none. */
  readonly checkpointSeq: number
  /** Events read so far of those on disk, in [0, 1]: below 1 while a long log is read for the first time. */
  readonly read: number
  /** Code and detail where the chain does not hold or a line cannot be read; the reader stands still there. */
  readonly fault: { readonly code: string; readonly detail: string } | null
  /** Bytes behind `seq` without a commit: a group being written, or the torn tail of a process that was killed. */
  readonly uncommittedBytes?: number
}

/** The whole run at one seq. */
export interface ViewState {
  readonly seq: number
  readonly ts: number
  /** The log's first segments are archived: what came before `facts.firstSeq` is missing from all of this, the book too. */
  readonly isPartial?: boolean
  /** Of the process that writes the log, as the log tells: `stopped` behind ProcessStopped. */
  readonly process: { readonly state: 'running' | 'stopped'; readonly since: number; readonly starts: number }
  readonly book: Book
  readonly today: { readonly from: number; readonly equity: number; readonly pnl: number }
  readonly limits: readonly LimitRow[]
  /** Null: trading. */
  readonly halt: { readonly reason: string; readonly detail?: string; readonly seq: number; readonly ts: number } | null
  /** The newest flatten: asked for, and flat when every position is closed and no order is open, as the venue says. */
  readonly flatten: { readonly seq: number; readonly ts: number; readonly flatSeq: number | null } | null
  readonly measures: Readonly<Record<string, unknown>> | null
  readonly alerts: readonly AlertRow[]
  readonly signals: readonly SignalRow[]
  /** Weight of each instrument after the blend, with the parts. */
  readonly blend: readonly {
    readonly instrument: string
    readonly weight: number
    readonly agreement: number
    readonly outcome: string
    readonly seq: number
    readonly parts: readonly { readonly signal: string; readonly contribution: number; readonly seq: number }[]
  }[]
  readonly orders: {
    readonly working: readonly OrderRow[]
    /** Ended or refused, newest first, at most 200. */
    readonly recent: readonly OrderRow[]
    readonly counts: Readonly<Record<OrderState, number>>
  }
  readonly agents: readonly AgentRow[]
  readonly feeds: readonly FeedRow[]
  readonly market: readonly MarketRow[]
  readonly outlook: readonly OutlookRow[]
  readonly counts: { readonly events: number; readonly fills: number; readonly orders: number }
}

/** Columns of equal length; a row a point. Null where it is not known. */
export interface SeriesDoc {
  readonly name: string
  /** Whole; thinned to at most `points` by keeping the least and greatest of each bucket. */
  readonly seq: readonly number[]
  readonly ts: readonly number[]
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>
}

/** `equity`; `funding:<instrument>`, `oi:<instrument>`, `basis:<coin>`, `dvol:<coin>`, `skew:<coin>`; `signal:<signal>:<subject>`. */
export interface SeriesQuery {
  readonly name: string
  /** Points behind this seq are left out. */
  readonly until?: number
  readonly from?: number
  readonly to?: number
  /** At most so many; 2,000 when absent. */
  readonly points?: number
}

export interface BarsDoc {
  readonly instrument: string
  readonly interval: string
  /** Open times, epoch ms. */
  readonly ts: readonly number[]
  readonly open: readonly number[]
  readonly high: readonly number[]
  readonly low: readonly number[]
  readonly close: readonly number[]
  readonly volume: readonly number[]
  /** Seq of the bar's event; 0 for one that is not in the log (history, tape). */
  readonly seq: readonly number[]
}

/** What we did in one instrument. */
export interface MarksDoc {
  readonly instrument: string
  readonly marks: readonly {
    readonly kind: 'fill' | 'decision' | 'stop' | 'refusal' | 'settlement'
    readonly seq: number
    readonly ts: number
    readonly side: 'buy' | 'sell' | 'long' | 'short' | 'flat'
    readonly price: number | null
    readonly quantity: string
    /** Order id or signal. */
    readonly of: string
    readonly says: string
  }[]
}

export interface EventQuery {
  /** Events before (exclusive) or after this seq; the newest when both are absent. */
  readonly before?: number
  readonly after?: number
  readonly types?: readonly string[]
  readonly by?: string
  /** Instrument or package: a line that holds this text. */
  readonly text?: string
  /** 200 when absent, at most 1,000. */
  readonly limit?: number
}

export interface EventPage {
  /** In order of seq. */
  readonly events: readonly {
    readonly seq: number
    readonly ts: number
    readonly type: string
    readonly by: string
    readonly cause: number
    readonly says: string
    readonly data: unknown
  }[]
  /** Whether the log has more in that direction. */
  readonly hasMore: boolean
  /** How far the search went; a search is bounded, ask on from here. */
  readonly searchedTo: number
}

/** Everything that a viewer may ask of a run. Times are epoch ms of the run. SEQ_OUT_OF_RANGE, ORDER_NOT_FOUND, LOG_CORRUPT, USAGE. */
export interface RunViewPort {
  facts(): RunFacts
  head(): Head
  /** At `seq`, or at the head. O(log n) plus the events behind the nearest keyframe. */
  state(seq?: number): Promise<ViewState>
  series(query: SeriesQuery): Promise<SeriesDoc>
  bars(query: {
    readonly instrument: string
    readonly interval?: string
    readonly until?: number
    readonly from?: number
    readonly to?: number
  }): Promise<BarsDoc>
  /** Of seqs in `(after, until]`; marks never change once they are made. */
  marks(query: { readonly instrument: string; readonly after?: number; readonly until?: number }): Promise<MarksDoc>
  events(query: EventQuery): Promise<EventPage>
  /** The causal tree of an order or a seq, as `quantbot audit explain` gives it. */
  explain(target: string): Promise<unknown>
  /** Called after each batch that was read; gives a function that ends it. */
  onHead(fn: (head: Head) => void): () => void
}
