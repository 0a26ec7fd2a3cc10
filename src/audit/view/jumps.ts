/** Owns going to any seq: the nearest keyframe, then the events behind it, through the same fold. Never touches the state at the head. */
import { QuantbotError } from '#core/errors'
import type { LogPoint } from '#events/log/chain'
import { pointOf } from '#events/log/chain'
import type { GroupReader } from './group-reader.js'
import type { Keyframes } from './keyframes.js'
import type { Folded, ViewFold } from './view-fold.js'

export interface JumpParts {
  readonly fold: ViewFold
  readonly keyframes: Keyframes
  readonly start: LogPoint
  initial(): Folded
  readerFrom(point: LogPoint): GroupReader
}

/**
 * The folded state at `seq`, which the log must have reached; the caller owns it. LOG_CORRUPT where what was read once no longer fits its
 * chain. O(events behind the keyframe).
 */
export async function jumpTo(parts: JumpParts, seq: number): Promise<Folded> {
  const { fold, keyframes } = parts
  const frame = keyframes.before(seq)
  const folded = frame === undefined ? parts.initial() : (JSON.parse(frame.text) as Folded) // our own text
  if (folded.view.seq >= seq) return folded
  const begin = frame?.point ?? parts.start
  const reader = parts.readerFrom(begin)
  let behind = begin
  try {
    for (;;) {
      const groups = await reader.next()
      if (groups.length === 0)
        throw new QuantbotError('LOG_CORRUPT', `the log ends at seq ${behind.seq} now, before ${seq}`)
      for (const { lines, commit } of groups) {
        if (commit.lastSeq >= seq) {
          if (behind.seq > begin.seq) keyframes.visit(behind, folded)
          fold.group(folded, lines, seq)
          return folded
        }
        fold.group(folded, lines, seq)
        behind = pointOf(commit)
      }
      await new Promise((resolve) => setImmediate(resolve)) // nondeterminism-ok: lets the thread answer others
    }
  } finally {
    reader.close()
  }
}
