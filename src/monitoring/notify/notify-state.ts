/**
 * Owns what the rules remember between events: plain JSON that is kept beside the position, so that a restart goes on from there. Every
 * member is bounded by what is open in the run, or by a constant here.
 */
import type { Note } from './note.js'

/** Something that lasts and is told again while it does. */
export interface Condition {
  /** As it was told first; for `dueTs` beyond now as it will be told. */
  readonly note: Note
  readonly since: number
  /** Run's time at which it is told for the first time, unless it ended before. */
  readonly dueTs: number
  /** When it was told last; null: not yet. */
  toldTs: number | null
}

/** An order that a venue may hold. */
export interface OpenOrder {
  readonly instrument: string
  /** Empty: none. */
  readonly package: string
}

/** What the next digest tells. Amounts are exact decimals by currency. */
export interface DayFigures {
  /** Seq behind which it counts; 0: since the first event. */
  readonly afterSeq: number
  readonly fromTs: number
  fills: number
  orders: number
  readonly fees: Record<string, string>
  readonly funding: Record<string, string>
  readonly transfers: Record<string, string>
  readonly refusals: Record<string, number>
  readonly rejections: Record<string, number>
  halts: number
  stops: number
  starts: number
  faults: number
  outages: number
  outageMs: number
}

/** A day that is over and not told yet. */
export interface DigestDue {
  readonly figures: DayFigures
  readonly toSeq: number
  readonly toTs: number
  readonly firstSeq: number
}

export interface NotifyState {
  /** Last event folded. */
  seq: number
  ts: number
  /** Since when the process runs; null: it ended in good order. */
  running: boolean
  readonly conditions: Record<string, Condition>
  /** Keys that were told lately, and how often they came again since. */
  readonly told: Record<string, { ts: number; again: number; note: Note }>
  readonly orders: Record<string, OpenOrder>
  /** Trades seen, newest last: a venue tells one again. */
  readonly trades: string[]
  /** Signed units by `package|instrument`, zero ones left out. */
  readonly positions: Record<string, string>
  /** Seq of the flatten that waits for flat; null: none. */
  flatten: { readonly seq: number; readonly ts: number } | null
  /** Rung of the ladder of drawdowns: its drawdown; 0: none. */
  rung: number
  tickedTs: number
  /** Number of the digest's day; null before the first event. */
  dayIndex: number | null
  firstSeq: number
  figures: DayFigures
  readonly digests: DigestDue[]
  /** Digests that were given up because too many waited. */
  digestsLeftOut: number
}

export const ORDERS_MAX = 10_000
export const TRADES_MAX = 500
export const TOLD_MAX = 1000
export const DIGESTS_MAX = 7

export function emptyFigures(afterSeq: number, fromTs: number): DayFigures {
  return {
    afterSeq,
    fromTs,
    fills: 0,
    orders: 0,
    fees: {},
    funding: {},
    transfers: {},
    refusals: {},
    rejections: {},
    halts: 0,
    stops: 0,
    starts: 0,
    faults: 0,
    outages: 0,
    outageMs: 0,
  }
}

export function initialNotifyState(): NotifyState {
  return {
    seq: 0,
    ts: 0,
    running: false,
    conditions: {},
    told: {},
    orders: {},
    trades: [],
    positions: {},
    flatten: null,
    rung: 0,
    tickedTs: 0,
    dayIndex: null,
    firstSeq: 0,
    figures: emptyFigures(0, 0),
    digests: [],
    digestsLeftOut: 0,
  }
}
