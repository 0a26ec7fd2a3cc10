/**
 * Owns cutting a segment's bytes into groups: event lines up to their commit line, in bounded memory.
 * Never decides whether a group is valid (chain-walk.ts) or torn (tail.ts).
 */
import { type CommitLine, looksLikeCommit, MAX_GROUP_BYTES, NEWLINE, parseCommit, readSeq, readTs } from './chain.js'
import type { ByteSource } from './segments.js'

const CHUNK_BYTES = 4 * 1024 * 1024

/** `group`: a commit line was met; `end`: nothing is left; `tail`: bytes are left without a commit line. */
export type Scan = 'group' | 'end' | 'tail'

/**
 * Walks one segment. After `next() === 'group'` the fields tell the group; `lines()` is a view valid until the next call.
 * Cost: one indexOf and some ten bytes of header a line.
 */
export class GroupScanner {
  readonly #source: ByteSource
  #buffer: Buffer
  #filled: number
  /** Segment offset of the buffer's first byte. */
  #base: number
  #lineStart = 0
  #groupStart = 0
  #linesEnd = 0
  #lastLine = 0

  /** Event lines in the group. */
  count = 0
  /** Seq of the group's first and last line, -1 where the line is malformed. */
  firstSeq = -1
  lastSeq = -1
  /** Whether every line has a seq and each seq is above the one before; `contiguous` also wants steps of one. */
  ordered = true
  contiguous = true
  commit: CommitLine | undefined = undefined

  constructor(source: ByteSource, offset: number) {
    this.#source = source
    if (source.whole) {
      this.#buffer = source.whole
      this.#filled = source.whole.length
      this.#base = 0
      this.#lineStart = Math.min(offset, this.#filled)
    } else {
      this.#buffer = Buffer.allocUnsafe(CHUNK_BYTES)
      this.#filled = 0
      this.#base = offset
    }
    this.#groupStart = this.#lineStart
  }

  /** Segment offset of the group's first byte. */
  get start(): number {
    return this.#base + this.#groupStart
  }

  /** Segment offset behind the group's commit line. */
  get end(): number {
    return this.#base + this.#lineStart
  }

  /** The event lines with their newlines. */
  lines(): Buffer {
    return this.#buffer.subarray(this.#groupStart, this.#linesEnd)
  }

  /** ts of the group's last event, -1 when malformed. */
  lastTs(): number {
    return readTs(this.#buffer, this.#lastLine, this.#linesEnd)
  }

  next(): Scan {
    this.#groupStart = this.#lineStart
    this.count = 0
    this.firstSeq = -1
    this.lastSeq = -1
    this.ordered = true
    this.contiguous = true
    this.commit = undefined
    for (;;) {
      const found = this.#scanBuffered()
      if (found) return 'group'
      if (!this.#fill()) return this.#filled > this.#groupStart ? 'tail' : 'end'
    }
  }

  /** Takes lines from the buffer until a commit line (true) or until it is used up. */
  #scanBuffered(): boolean {
    const buffer = this.#buffer.length === this.#filled ? this.#buffer : this.#buffer.subarray(0, this.#filled)
    for (;;) {
      const at = this.#lineStart
      const end = buffer.indexOf(NEWLINE, at)
      if (end < 0) return false
      if (looksLikeCommit(buffer, at)) {
        const commit = parseCommit(buffer.toString('latin1', at, end))
        if (commit) {
          this.commit = commit
          this.#linesEnd = at
          this.#lineStart = end + 1
          return true
        }
      }
      this.#take(readSeq(buffer, at, end), at)
      this.#lineStart = end + 1
    }
  }

  #take(seq: number, at: number): void {
    if (this.count === 0) {
      this.firstSeq = seq
      if (seq < 0) this.ordered = false
    } else if (seq !== this.lastSeq + 1) {
      this.contiguous = false
      if (seq <= this.lastSeq) this.ordered = false
    }
    this.count++
    this.lastSeq = seq
    this.#lastLine = at
  }

  /** Moves the open group to the buffer's front and reads on behind it; false at the end or past the group bound. */
  #fill(): boolean {
    if (this.#source.whole) return false
    const shift = this.#groupStart
    if (shift > 0) {
      this.#buffer.copyWithin(0, shift, this.#filled)
      this.#filled -= shift
      this.#base += shift
      this.#lineStart -= shift
      this.#lastLine -= shift
      this.#groupStart = 0
    }
    if (this.#filled === this.#buffer.length) {
      if (this.#filled > MAX_GROUP_BYTES + CHUNK_BYTES) return false
      const larger = Buffer.allocUnsafe(this.#buffer.length * 2)
      this.#buffer.copy(larger, 0, 0, this.#filled)
      this.#buffer = larger
    }
    const free = this.#buffer.length - this.#filled
    const read = this.#source.read(this.#buffer, this.#filled, free, this.#base + this.#filled)
    this.#filled += read
    return read > 0
  }
}
