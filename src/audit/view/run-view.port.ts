/** Owns how a run's view is opened and kept going: what its composer gives and gets. No logic. */
import type { AnyEvent } from '#events/catalogue'
import type { KeyframeLimits } from './keyframes.js'
import type { LogBlocksOptions } from './log-blocks.js'
import type { BarsDoc, BookFold, Head, RunViewPort } from './view.port.js'

export interface HistoryQuery {
  readonly instrument: string
  readonly interval: string
  /** Open times, epoch ms. */
  readonly from?: number
  readonly to?: number
}

export interface RunViewOptions {
  readonly runDir: string
  readonly book: BookFold
  /** Each batch of events, every type, once and in order, when the view has folded it. Must not throw; must not take long. */
  readonly onEvents?: (events: readonly AnyEvent[], head: Head) => void
  /** Bars that are not in the log: before its start, or the tape of a backtest. Undefined: it has none. */
  readonly history?: (query: HistoryQuery) => Promise<BarsDoc | undefined>
  /** Ms to rest after a slice that took so many; nobody's question waits for it. Absent: none. */
  readonly restMs?: (workedMs: number) => number
  readonly keyframes?: KeyframeLimits
  readonly blocks?: LogBlocksOptions
  /** Event lines that one search reads at most, bytes. */
  readonly searchBytes?: number
}

/** What is kept in memory. */
export interface ViewFigures {
  readonly keyframes: number
  readonly keyframeBytes: number
  /** Least events between two keyframes as of now. */
  readonly keyframeEvents: number
  readonly blocks: number
  readonly packedBytes: number
}

export interface RunView extends RunViewPort {
  /** Begins to read, and goes on for as long as the log grows. Does not wait. */
  start(): void
  /** The log has come so far: looks at once. Cheap; may be called at every commit. */
  committed(lastSeq: number): void
  /** Ends reading; resolves when it has ended. */
  close(): Promise<void>
  /** Resolves when everything up to `seq`, or what is on disk now, is folded; or the reader stands at a fault or is closed. */
  caughtUp(seq?: number): Promise<void>
  figures(): ViewFigures
}
