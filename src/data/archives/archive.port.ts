/** Owns what a venue's bulk archive gives: whole months of a series at once. Never says anything about the current month. */
import type { EpochMs, Interval } from '#core/time'
import type { HistoryRecord } from '../backfill/records.js'
import type { InstrumentFacts } from '../connectors/normal.js'

export interface ArchivePort {
  /**
   * All records of the UTC month that begins at `month`; undefined where the archive has none, or not that kind of series.
   * Throws ARCHIVE faults as QuantbotError: IMPORT_UNREADABLE for a damaged file, VENUE_UNREACHABLE.
   */
  month(
    kind: 'bars' | 'funding' | 'oi',
    facts: InstrumentFacts,
    interval: Interval | undefined,
    month: EpochMs,
    signal?: AbortSignal,
  ): Promise<readonly HistoryRecord[] | undefined>
  /** Files fetched so far, their check sums not counted. */
  readonly requests: number
}
