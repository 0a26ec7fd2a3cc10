/** Owns what verification of a log is told and tells. Holds types alone. */
import type { FaultCode } from './chain-walk.js'

export type ProblemCode =
  | FaultCode
  | 'MANIFEST_INVALID'
  | 'TAIL_DAMAGED'
  | 'SEGMENT_MISSING'
  | 'SEGMENT_DAMAGED'
  | 'SEGMENT_DOUBLED'
  | 'CHECKPOINT_INVALID'
  | 'CHECKPOINT_SIGNATURE'
  | 'CHECKPOINT_MISMATCH'
  | 'CHECKPOINT_MISSING'

/** `seq` is the first event's of the group concerned, or that of the line where one can be named; 0 outside groups. */
export interface Problem {
  readonly code: ProblemCode
  readonly segment: number
  readonly seq: number
  readonly detail: string
}

export interface VerifyProgress {
  readonly segment: number
  readonly segments: number
  readonly lastSeq: number
}

export interface VerifyOptions {
  /** A file of checkpoint lines kept outside the run folder, to hold the log against. */
  readonly checkpointFile?: string
  readonly onProgress?: (progress: VerifyProgress) => void
}

export interface Verification {
  readonly ok: boolean
  readonly events: number
  readonly commits: number
  readonly lastSeq: number
  readonly lastHash: string
  /** At most 1,000; more are not listed. */
  readonly problems: readonly Problem[]
  /** Archived segments, vouched for by the checkpoint of the last of them. */
  readonly absentSegments: readonly string[]
  /** `.torn` files of earlier recoveries. */
  readonly tornFiles: readonly string[]
  /** Bytes behind the last commit that an interrupted (or a running) write can have left: no problem, not part of the log. */
  readonly uncommittedBytes: number
}
