/** Owns going to any seq: the nearest keyframe, then the events behind it, through the same fold. Never touches the state at the head. */
import type { Keyframes } from './keyframes.js'
import type { LogBlocks } from './log-blocks.js'
import type { Folded, ViewFold } from './view-fold.js'

export interface JumpParts {
  readonly fold: ViewFold
  readonly keyframes: Keyframes
  readonly blocks: LogBlocks
  initial(): Folded
}

/**
 * The folded state at `seq`, which the log must have reached; the caller owns it. LOG_CORRUPT where lines that must be read from disk again
 * no longer fit their chain. O(events behind the keyframe).
 */
export async function jumpTo({ fold, keyframes, blocks, initial }: JumpParts, seq: number): Promise<Folded> {
  const frame = keyframes.before(seq)
  const folded = frame === undefined ? initial() : (JSON.parse(frame.text) as Folded) // our own text
  if ((frame?.seq ?? 0) >= seq) return folded
  const from = frame === undefined ? 0 : blocks.indexOf(frame.seq + 1)
  const last = blocks.indexOf(seq)
  for (let i = from; i <= last; i++) {
    const lines = await blocks.read(i)
    // A slider that is moved asks for neighbours: they need not go this way again.
    if (i === last && i > from) keyframes.visit(blocks.at(i).from.seq, folded)
    fold.group(folded, lines, seq)
    await new Promise((resolve) => setImmediate(resolve)) // nondeterminism-ok: lets the thread answer others
  }
  return folded
}
