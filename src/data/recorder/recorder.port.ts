/** Owns what the recorder of live data is given, hands to its writer and tells of itself. Holds no logic. */
import type { EpochMs } from '#core/time'
import type { LakeKey } from '../columns.js'

/** Kinds of the lake that a run may keep. */
export const RECORDED_KINDS = ['bars', 'funding', 'oi', 'mark', 'volatility', 'onchain', 'options'] as const
export type RecordedKind = (typeof RECORDED_KINDS)[number]

/** A row of a series, as a line of a source file would say it. */
export interface RecordedRow {
  readonly key: LakeKey
  readonly ts: EpochMs
  /** When it could be read; null: as the kind says of its `ts` (the close, the settlement). */
  readonly availableAt: EpochMs | null
  /** By the names of source columns (`quote_volume`); null: the venue did not say. */
  readonly numbers: Readonly<Record<string, number | null>>
  readonly texts?: Readonly<Record<string, string>>
  /** Settlements: hours that the rate is for. */
  readonly intervalHours?: number
  /** On-chain: when the vendor was asked; a changed value becomes a revision. */
  readonly fetchedAt?: EpochMs
}

export interface WriteReport {
  readonly written: number
  /** The lake had them with the same values. */
  readonly same: number
  readonly files: number
  /** Rows that the lake has with other values: the lake keeps its own. In words, the first of each series. */
  readonly conflicts: readonly string[]
  readonly conflicting: number
  /** Rows that are no rows of their kind. In words, the first of each series. */
  readonly refused: readonly string[]
  readonly refusals: number
}

/** Puts rows into the lake. Publishes all of them or none. */
export interface LakeWriter {
  /** LAKE_BUSY while another process writes; anything else is a fault of the disk. */
  write(rows: readonly RecordedRow[]): Promise<WriteReport>
  close(): Promise<void>
}

export interface RecorderStatus {
  /** Rows that wait for the next flush. */
  readonly waiting: number
  readonly written: number
  readonly same: number
  readonly files: number
  readonly conflicts: number
  readonly refused: number
  /** Rows that found no room because the lake could not be written for long. */
  readonly dropped: number
  readonly flushedAt: EpochMs | null
  /** Why the last flush did not succeed; empty when it did. */
  readonly trouble: string
}
