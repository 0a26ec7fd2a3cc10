/** Owns how a log writer is told to work, and what it asks of a group. Never touches the disk. */
import type { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import type { EpochMs } from '#core/time'
import { MAX_GROUP_BYTES, NEWLINE, readSeq } from './chain.js'
import type { Checkpoint } from './checkpoints.js'
import type { Signer } from './keys.js'
import type { LogFiles } from './log-files.port.js'
import type { OpenOptions } from './recover.js'

export interface LogWriterOptions extends OpenOptions {
  readonly signer: Signer
  /** A segment is followed by the next one once it is at least this long. Default 64 MiB. */
  readonly segmentBytes?: number
  /** `none` is for tests and benchmarks: nothing is durable then. Default `fdatasync`. */
  readonly sync?: 'fdatasync' | 'none'
  /** A write and sync that takes longer is reported as LOG_STALLED. Default 2,000 ms. */
  readonly stallMs?: number
  /** Called once an episode with LOG_STALLED or LOG_WRITE_FAILED; an episode ends with the next durable group. */
  readonly onStalled?: (error: QuantbotError) => void
  /** Called with each new checkpoint, to carry it elsewhere. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void
  /** Called when sealing in the background fails; the segment stays as it is and is sealed at the next open. */
  readonly onSealFailed?: (error: unknown) => void
  readonly files?: LogFiles
}

export const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024
export const DEFAULT_STALL_MS = 2000 // A live group takes 1–17 ms; two seconds are no hiccup any more.

/** Throws unless the group goes on from seq `head` in whole lines: the pair of what every reader checks. */
export function checkGroup(
  lines: Uint8Array,
  count: number,
  head: number,
  lastSeq: number,
  lastTs: EpochMs,
  full: boolean,
) {
  invariant(count > 0 && lines.length > 0 && lines.length <= MAX_GROUP_BYTES, 'a group has lines, at most 64 MiB')
  invariant(Number.isSafeInteger(lastSeq) && lastTs > 0, 'a group ends with a seq and a ts')
  const steps = lastSeq - head
  invariant(full ? steps === count : steps >= count, () => `${count} lines cannot lead from seq ${head} to ${lastSeq}`)
  invariant(lines[lines.length - 1] === NEWLINE, 'the last line of a group has no newline')
  const first = readSeq(lines, 0, lines.length)
  invariant(first > head && first <= lastSeq, () => `first seq ${first} of a group that ends at ${lastSeq}`)
}
