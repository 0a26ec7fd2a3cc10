/**
 * Owns the rule that tells a torn tail from a damaged log. Never writes.
 *
 * The writer starts a group only after the one before is durable, in one write. So a crash can leave, behind the last
 * valid commit, at most one group: cut short, with holes of zeros where pages were lost, or whole with a wrong hash.
 * The bytes behind the last valid commit are therefore TORN exactly when
 *  1. they stand in the last segment (the caller knows; a new segment is begun only after a durable commit),
 *  2. they are no longer than one group can be,
 *  3. nothing follows the first trace of a commit line in them, and
 *  4. no commit line in them fits the lines before it by its own `prev` (a later valid commit).
 * Anything else was durable once and is damaged: LOG_CORRUPT, and no byte is moved. A last group whose commit line is
 * there and does not fit may be either, a lost page or a changed bit; it counts as torn, and `damaged` says so.
 */
import { groupHash, MAX_GROUP_BYTES, NEWLINE, parseCommit, readSeq } from './chain.js'
import type { ByteSource } from './segments.js'

export interface Tail {
  readonly torn: boolean
  /** Torn, but with a whole commit line or its remains: a lost page or a changed bit, not just an end too early. */
  readonly damaged: boolean
  /** Whole event lines in it. */
  readonly eventLines: number
  /** Why it is not torn. */
  readonly reason: string
}

/** Longest tail an interrupted write can leave: a group and its commit line. */
export const MAX_TAIL_BYTES = MAX_GROUP_BYTES + 512

const COMMIT_ANYWHERE = /\{"commit":\d+,"count":\d+,"prev":"[0-9a-f]{64}","hash":"[0-9a-f]{64}"\}/
const HALF_COMMIT = /"prev":"[0-9a-f]{64}",|"hash":"[0-9a-f]{64}"\}/
const COMMIT_START = /^\{"commit":\d+,"count":\d+,"prev":"[0-9a-f]{64}",/

/** Whether a line without newline is a commit line cut short, as an interrupted write leaves it. */
function isCutCommit(text: string): boolean {
  const start = COMMIT_START.exec(text)
  if (!start) return false
  const rest = text.slice(start[0].length)
  return '"hash":"'.startsWith(rest) || /^"hash":"[0-9a-f]{0,64}$/.test(rest) || /^"hash":"[0-9a-f]{64}"\}?$/.test(rest)
}

/** Offset in the line behind a trace of a commit line and its newline, -1 without a trace. */
function commitTrace(text: string, isEvent: boolean): number {
  const whole = COMMIT_ANYWHERE.exec(text)
  if (whole) return whole.index + whole[0].length + 1
  return !isEvent && HALF_COMMIT.test(text) ? text.length + 1 : -1
}

/** Judges the bytes behind the last valid commit of the last segment. O(bytes). */
export function judgeTail(bytes: Buffer): Tail {
  if (bytes.length > MAX_TAIL_BYTES) {
    return { torn: false, damaged: true, eventLines: 0, reason: 'longer than one group can be' }
  }
  let eventLines = 0
  let trace = -1
  let at = 0
  const starts: number[] = []
  while (at < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, at)
    const end = newline < 0 ? bytes.length : newline
    const isEvent = newline >= 0 && readSeq(bytes, at, end) > 0
    const text = bytes.toString('latin1', at, end)
    if (newline >= 0 && isLaterCommit(bytes, starts, at, text)) {
      return { torn: false, damaged: true, eventLines, reason: 'a later commit is valid by itself' }
    }
    if (isEvent) eventLines++
    if (trace < 0 && !(newline < 0 && isCutCommit(text))) {
      const behind = commitTrace(text, isEvent)
      if (behind >= 0) trace = at + behind
    }
    starts.push(at)
    at = end + 1
  }
  if (trace >= 0 && trace < bytes.length) {
    return { torn: false, damaged: true, eventLines, reason: 'more was written after its commit line' }
  }
  return { torn: true, damaged: trace >= 0, eventLines, reason: '' }
}

/** Whether `text` is a commit line whose hash fits the `count` lines before it. */
function isLaterCommit(bytes: Buffer, starts: readonly number[], at: number, text: string): boolean {
  const commit = parseCommit(text)
  const from = commit ? starts[starts.length - commit.count] : undefined
  return commit !== undefined && from !== undefined && groupHash(commit.prev, bytes.subarray(from, at)) === commit.hash
}

/** The bytes behind `offset`, at most one more than a torn tail may have. */
export function readTail(source: ByteSource, offset: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.min(source.size() - offset, MAX_TAIL_BYTES + 1))
  for (let at = 0; at < bytes.length; ) {
    const read = source.read(bytes, at, bytes.length - at, offset + at)
    if (read === 0) return bytes.subarray(0, at)
    at += read
  }
  return bytes
}
