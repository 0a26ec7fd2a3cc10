/** Owns reading the last commit line before an offset, backwards. Never validates the group that it ends. */
import { type CommitLine, NEWLINE, parseCommit, readSeq, readTs } from './chain.js'
import type { ByteSource } from './segments.js'

export interface LastCommit {
  readonly commit: CommitLine
  /** ts of the event line before it, -1 when that is malformed. */
  readonly lastTs: number
}

const FIRST_READ_BYTES = 64 * 1024

/** The commit line that ends exactly at `offset`, undefined when there is none. Reads a line or two, not the segment. */
export function readBack(source: ByteSource, offset: number): LastCommit | undefined {
  if (offset > source.size()) return undefined
  for (let length = Math.min(FIRST_READ_BYTES, offset); ; length = Math.min(length * 4, offset)) {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; ) {
      const read = source.read(bytes, at, length - at, offset - length + at)
      if (read === 0) return undefined
      at += read
    }
    const found = lastTwoLines(bytes, length === offset)
    if (found !== 'more') return found
    if (length === offset) return undefined
  }
}

function lastTwoLines(bytes: Buffer, fromStart: boolean): LastCommit | undefined | 'more' {
  const end = bytes.length - 1
  if (end < 2 || bytes[end] !== NEWLINE) return undefined
  const eventEnd = bytes.lastIndexOf(NEWLINE, end - 1)
  if (eventEnd < 1) return fromStart ? undefined : 'more'
  const commit = parseCommit(bytes.toString('latin1', eventEnd + 1, end))
  if (!commit) return undefined
  const before = bytes.lastIndexOf(NEWLINE, eventEnd - 1)
  if (before < 0 && !fromStart) return 'more'
  const isEvent = readSeq(bytes, before + 1, eventEnd) > 0
  return { commit, lastTs: isEvent ? readTs(bytes, before + 1, eventEnd) : -1 }
}
