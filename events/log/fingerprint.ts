/**
 * Owns the fingerprint: SHA-256 over the derived event lines (cause > 0) with their newlines, in order.
 * Never sees inputs or commit lines: two runs that decide the same have the same fingerprint.
 */
import { createHash, type Hash } from 'node:crypto'
import { invariant } from '#core/invariant'
import { forEachLine } from './chain.js'
import { forEachGroup, type ReadOptions } from './reader.js'

const CAUSE = Buffer.from(',"cause":')
const COMMA = 0x2c
const QUOTE = 0x22
const ZERO = 0x30
const SEQ_AT = '{"seq":'.length
const TS_GAP = ',"ts":'.length
const TYPE_GAP = ',"type":"'.length
const V_GAP = '","v":'.length
const BY_GAP = ',"by":"'.length

/** Index of the first `byte` from `from` on, `end` when there is none. For a few bytes a loop beats a native call. */
function skipTo(bytes: Uint8Array, byte: number, from: number, end: number): number {
  let i = from
  while (i < end && bytes[i] !== byte) i++
  return i
}

/**
 * Whether the event line at `at` follows from another (cause > 0). Steps over the fixed header (architecture.md 5:
 * seq, ts, type, v, by, cause; type and by hold no quotes) without looking into `data`. Throws for another header.
 */
export function isDerivedLine(bytes: Uint8Array, at: number, end: number): boolean {
  const ts = skipTo(bytes, COMMA, at + SEQ_AT, end) + TS_GAP
  const type = skipTo(bytes, COMMA, ts, end) + TYPE_GAP
  const v = skipTo(bytes, QUOTE, type, end) + V_GAP
  const by = skipTo(bytes, COMMA, v, end) + BY_GAP
  const cause = skipTo(bytes, QUOTE, by, end) + 1
  for (let k = 0; k < CAUSE.length; k++) {
    invariant(bytes[cause + k] === CAUSE[k], 'an event line has no "cause" after "by"')
  }
  const digit = bytes[cause + CAUSE.length]!
  invariant(digit >= ZERO && digit <= ZERO + 9, 'the cause of an event line is no number')
  return digit !== ZERO
}

/** Takes event lines as they are made or read. */
export class Fingerprint {
  readonly #hash: Hash = createHash('sha256')
  #derived = 0

  /** Event lines so far that follow from another. */
  get derivedLines(): number {
    return this.#derived
  }

  /** Adds whole event lines; runs of derived ones go into the hash at once. O(bytes). */
  update(lines: Buffer): void {
    let from = -1
    forEachLine(lines, (bytes, start, end) => {
      if (isDerivedLine(bytes, start, end)) {
        this.#derived++
        if (from < 0) from = start
      } else if (from >= 0) {
        this.#hash.update(bytes.subarray(from, start))
        from = -1
      }
    })
    if (from >= 0) this.#hash.update(from === 0 ? lines : lines.subarray(from))
  }

  /** 64 hex characters over what was added so far; more may be added. */
  hex(): string {
    return this.#hash.copy().digest('hex')
  }
}

/** Fingerprint of the committed events of a run. */
export function fingerprintOf(runDir: string, options: ReadOptions = {}): string {
  const fingerprint = new Fingerprint()
  forEachGroup(runDir, (lines) => fingerprint.update(lines), options)
  return fingerprint.hex()
}
