/**
 * Owns the fingerprint: SHA-256 over the derived event lines (cause > 0) with their newlines, in order.
 * Never sees inputs or commit lines: two runs that decide the same have the same fingerprint.
 */
import { createHash, type Hash } from 'node:crypto'
import { invariant } from '#core/invariant'
import { forEachLine } from './chain.js'
import { forEachGroup, type ReadOptions } from './reader.js'

const CAUSE = Buffer.from('"cause":')
const COMMA = 0x2c
const QUOTE = 0x22
/** `"seq":`, `"ts":`, `"type":`, `"v":`, `"by":` stand before `"cause":` (architecture.md 5). */
const MEMBERS_BEFORE_CAUSE = 5

/**
 * Whether the event line at `at` follows from another (cause > 0). Scans the header only: its five members hold no
 * escapes, so a comma outside quotes ends each. Throws for a line with another header.
 */
export function isDerivedLine(bytes: Uint8Array, at: number, end: number): boolean {
  let members = 0
  let isQuoted = false
  let i = at
  for (; i < end && members < MEMBERS_BEFORE_CAUSE; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) isQuoted = !isQuoted
    else if (byte === COMMA && !isQuoted) members++
  }
  for (let k = 0; k < CAUSE.length; k++) {
    invariant(bytes[i + k] === CAUSE[k], 'an event line has no "cause" after "by"')
  }
  const digit = bytes[i + CAUSE.length]!
  invariant(digit >= 48 && digit <= 57, 'the cause of an event line is no number')
  return digit !== 48
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
