/**
 * Owns the hash chain: what a group's hash is, how a commit line is written and read, where a line's seq and ts stand.
 * Never touches a file and never reads what an event says beyond its header.
 */
import { createHash } from 'node:crypto'
import { invariant } from '#core/invariant'
import type { EpochMs } from '#core/time'

/** What a commit line says: last seq of the group, lines in it, hash before it and hash up to and including it. */
export interface CommitLine {
  readonly commit: number
  readonly count: number
  readonly prev: string
  readonly hash: string
}

/** A durable group: its end in the log. `offset` is the byte after the commit line in the (uncompressed) segment. */
export interface Commit {
  readonly lastSeq: number
  /** ts of the group's last event, 0 before the first group. */
  readonly lastTs: EpochMs
  readonly count: number
  readonly hash: string
  readonly segment: number
  readonly offset: number
}

/** A place in the log right behind a commit line (or its very start): where reading or recovery may begin. */
export interface LogPoint {
  readonly segment: number
  readonly offset: number
  readonly seq: number
  readonly hash: string
}

export function pointOf(commit: Commit): LogPoint {
  return { segment: commit.segment, offset: commit.offset, seq: commit.lastSeq, hash: commit.hash }
}

/** One group of whole steps is at most this long, lines only: a bound for every reader's memory (64 MiB, ours). */
export const MAX_GROUP_BYTES = 64 * 1024 * 1024

export const NEWLINE = 10
const OPEN_BRACE = 0x7b
const QUOTE = 0x22
const COLON = 0x3a
const COMMA = 0x2c
const LETTER_S = 0x73
const LETTER_C = 0x63

/** SHA-256 as 64 lower-case hex characters. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** SHA-256(prev as its 64 hex characters, then the event lines with their newlines), hex. O(bytes). */
export function groupHash(prev: string, lines: Uint8Array): string {
  return createHash('sha256').update(prev, 'latin1').update(lines).digest('hex')
}

/** The commit line with its newline. */
export function formatCommit(line: CommitLine): string {
  return `{"commit":${line.commit},"count":${line.count},"prev":"${line.prev}","hash":"${line.hash}"}\n`
}

const COMMIT_PATTERN =
  /^\{"commit":([1-9]\d{0,15}),"count":([1-9]\d{0,9}),"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/

/** Reads a commit line without its newline; undefined for anything that {@link formatCommit} would not write. */
export function parseCommit(text: string): CommitLine | undefined {
  const match = COMMIT_PATTERN.exec(text)
  if (!match) return undefined
  const commit = Number(match[1])
  if (!Number.isSafeInteger(commit)) return undefined
  return { commit, count: Number(match[2]), prev: match[3]!, hash: match[4]! }
}

/** Whether the line at `at` starts as commit lines do (`{"c`). */
export function looksLikeCommit(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === OPEN_BRACE && bytes[at + 1] === QUOTE && bytes[at + 2] === LETTER_C
}

/** Seq of the event line at `at`, -1 when the bytes there do not start as `{"seq":<digits>,`. `end` is its newline. */
export function readSeq(bytes: Uint8Array, at: number, end: number): number {
  if (
    bytes[at] !== OPEN_BRACE ||
    bytes[at + 1] !== QUOTE ||
    bytes[at + 2] !== LETTER_S ||
    bytes[at + 3] !== 0x65 ||
    bytes[at + 4] !== 0x71 ||
    bytes[at + 5] !== QUOTE ||
    bytes[at + 6] !== COLON
  ) {
    return -1
  }
  return readWhole(bytes, at + 7, end)
}

/** Digits from `at` to a comma, no leading zero (which also refuses 0: no seq and no ts is 0); -1 for anything else. */
function readWhole(bytes: Uint8Array, at: number, end: number): number {
  let value = 0
  let i = at
  for (; i < end; i++) {
    const digit = bytes[i]! - 48
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  if (i === at || i - at > 16 || bytes[at] === 48 || bytes[i] !== COMMA) return -1
  return value
}

const TS_KEY = Buffer.from('"ts":')

/** ts of the event line at `at`, -1 when there is none behind the seq. */
export function readTs(bytes: Uint8Array, at: number, end: number): EpochMs {
  let i = at + 7
  while (i < end && bytes[i] !== COMMA) i++
  i++
  for (let k = 0; k < TS_KEY.length; k++) if (bytes[i + k] !== TS_KEY[k]) return -1
  return readWhole(bytes, i + TS_KEY.length, end)
}

/** Calls `fn` with the bounds of each line (`end` is its newline). The bytes must end with a newline. */
export function forEachLine(bytes: Buffer, fn: (bytes: Buffer, start: number, end: number) => void): void {
  let at = 0
  while (at < bytes.length) {
    const end = bytes.indexOf(NEWLINE, at)
    invariant(end >= 0, 'forEachLine: the last line has no newline')
    fn(bytes, at, end)
    at = end + 1
  }
}
