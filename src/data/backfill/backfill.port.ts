/** Owns what a backfill is asked, what it needs of a venue, and what it reports. */
import type { TimePort } from '#core/ports'
import type { EpochMs, Interval } from '#core/time'
import type { ArchivePort } from '../archives/archive.port.js'
import type { LakeKey } from '../columns.js'
import type { Call, VenueAdapter } from '../connectors/adapter.port.js'
import type { ImportProblem } from '../import-problem.js'
import type { Span } from './spans.js'

export type BackfillKind = 'bars' | 'funding' | 'oi' | 'mark' | 'volatility'
export const BACKFILL_KINDS: readonly BackfillKind[] = ['bars', 'funding', 'oi', 'mark', 'volatility']

export type HistoryAdapter = Pick<
  VenueAdapter,
  'venue' | 'instruments' | 'bars' | 'settlements' | 'openInterestHistory' | 'markHistory' | 'volatilityHistory'
>

export interface BackfillRequest {
  readonly home: string
  readonly adapter: HistoryAdapter
  /** Sends a call within the venue's limits; rejects with a QuantbotError, or the signal's reason. */
  readonly ask: <T>(call: Call<T>, signal: AbortSignal) => Promise<T>
  readonly kinds: readonly BackfillKind[]
  readonly market: string
  /** As the venue writes them; of a volatility index its currency. */
  readonly symbols: readonly string[]
  /** Of bars and volatility; open interest has it too, but not finer than 5m. */
  readonly interval: Interval
  readonly from: EpochMs
  /** Exclusive; the clock's now where it is later. */
  readonly to: EpochMs
  readonly time: Pick<TimePort, 'now'>
  readonly lagMs?: number
  /** Pieces that are asked for at once. */
  readonly parallel?: number
  /** Asks for everything again and tells where the venue contradicts the lake. */
  readonly verify?: boolean
  readonly archives?: ArchivePort
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: BackfillProgress) => void
}

export interface BackfillProgress {
  readonly rows: number
  readonly requests: number
  /** Time span of the pieces that are done, of all; for an estimate of the end. */
  readonly doneMs: number
  readonly totalMs: number
  readonly series: string
}

export interface BackfilledSeries {
  readonly key: LakeKey
  readonly written: number
  readonly files: number
  /** Spans behind the first row in which the venue itself has none, as far as they are known. */
  readonly venueGaps: readonly Span[]
}

export interface BackfillFailure {
  readonly key: LakeKey
  readonly span: Span
  readonly code: string
  readonly message: string
}

export interface BackfillReport {
  readonly rows: number
  readonly files: number
  readonly requests: number
  readonly series: readonly BackfilledSeries[]
  /** Rows that the lake holds with other values: the lake keeps its own. */
  readonly conflicts: readonly ImportProblem[]
  readonly failures: readonly BackfillFailure[]
  readonly isInterrupted: boolean
}
