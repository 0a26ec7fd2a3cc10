/**
 * Owns walking over committed groups from a point that is vouched for, a slice at a time: chain checked on the way, also while another
 * process appends, seals and compresses. Never writes; never shows a group whose hash does not fit.
 */
import { isQuantbotError, QuantbotError } from '#core/errors'
import { type Commit, type LogPoint, MAX_GROUP_BYTES, pointOf } from '#events/log/chain'
import { ChainWalk } from '#events/log/chain-walk'
import { GroupScanner } from '#events/log/scanner'
import { segmentPath } from '#events/log/segment-names'
import { memorySource } from '#events/log/segments'
import { judgeTail, MAX_TAIL_BYTES } from '#events/log/tail'
import type { OpenSegment, SegmentBytes } from './segment-bytes.js'

/** Bytes of a slice; chosen here: some ten milliseconds of folding. */
const SLICE_BYTES = 1024 * 1024

export interface Group {
  /** Event lines with their newlines. */
  readonly lines: Buffer
  readonly commit: Commit
}

export class GroupReader {
  readonly #runDir: string
  readonly #segments: SegmentBytes
  readonly #walk: ChainWalk
  #point: LogPoint
  #open: OpenSegment | undefined
  /** Bytes behind the last commit: a group that is being written, or a torn tail. */
  uncommittedBytes = 0

  constructor(runDir: string, segments: SegmentBytes, from: LogPoint, isFull: boolean) {
    this.#runDir = runDir
    this.#segments = segments
    this.#point = from
    this.#walk = new ChainWalk(from, isFull)
  }

  /** Behind the last group that was given. */
  get point(): LogPoint {
    return this.#point
  }

  /** Whole groups of the next slice, none at the end. LOG_CORRUPT; it stands where it was then. */
  async next(): Promise<Group[]> {
    for (;;) {
      this.#open ??= await this.#segments.open(this.#point.segment)
      if (this.#open === undefined) {
        if (this.#segments.has(this.#point.segment + 1)) throw this.#corrupt('the segment is missing')
        return []
      }
      const groups = this.#readGroups(this.#open)
      if (groups.length > 0) return groups
      // In this order: a segment is complete once the next one is there.
      const isComplete = this.#segments.has(this.#point.segment + 1)
      if (this.#open.size() > this.#point.offset + this.uncommittedBytes) continue
      if (!isComplete) {
        if (this.#open.isSealed) this.#open = endOf(this.#open)
        return []
      }
      if (this.uncommittedBytes > 0) throw this.#corrupt('no commit line follows')
      this.close()
      this.#point = { ...this.#point, segment: this.#point.segment + 1, offset: 0 }
    }
  }

  close(): void {
    this.#open?.close()
    this.#open = undefined
  }

  #readGroups(open: OpenSegment): Group[] {
    const { offset } = this.#point
    for (let length = SLICE_BYTES; ; length *= 4) {
      const size = open.size()
      if (size < offset) throw this.#corrupt('it is shorter than what was read of it')
      const bytes = open.slice(offset, offset + length)
      const groups = this.#cut(bytes, open)
      if (groups.length > 0 || bytes.length < length) return groups
      if (length > MAX_GROUP_BYTES) throw this.#corrupt('a group is longer than one can be')
    }
  }

  #cut(bytes: Buffer, open: OpenSegment): Group[] {
    const { segment, offset } = this.#point
    const scanner = new GroupScanner(memorySource(bytes), 0)
    const groups: Group[] = []
    let read = 0
    while (scanner.next() === 'group') {
      const fault = this.#walk.step(scanner)
      if (fault !== undefined) {
        if (groups.length > 0) return groups // The next slice begins with it.
        this.#judge(open, `${fault.code}: ${fault.detail}`, fault.seq)
        return []
      }
      read = scanner.end
      const { lastSeq, count } = scanner
      const commit = { lastSeq, lastTs: scanner.lastTs(), count, hash: this.#walk.hash, segment, offset: offset + read }
      groups.push({ lines: scanner.lines(), commit })
      this.#point = pointOf(commit)
    }
    this.uncommittedBytes = bytes.length - read
    if (groups.length === 0 && this.uncommittedBytes > 0 && offset + bytes.length >= open.size())
      this.#judge(open, 'no commit line follows', this.#walk.seq + 1)
    return groups
  }

  /** Bytes without a valid commit: fine where one running or interrupted write can have left them. */
  #judge(open: OpenSegment, what: string, seq: number): void {
    const { offset, segment } = this.#point
    const tail = open.slice(offset, offset + MAX_TAIL_BYTES + 1)
    this.uncommittedBytes = tail.length
    const isLast = !open.isSealed && !this.#segments.has(segment + 1)
    if (isLast && judgeTail(tail).torn) return
    throw this.#corrupt(`group of seq ${seq}: ${what}`)
  }

  #corrupt(what: string): QuantbotError {
    return new QuantbotError('LOG_CORRUPT', `${segmentPath(this.#runDir, this.#point.segment)}: ${what}`)
  }
}

/** A sealed segment that was read to its end changes no more: its bytes need not stay in memory. */
function endOf({ size }: OpenSegment): OpenSegment {
  const bytes = size()
  return { isSealed: true, size: () => bytes, slice: () => Buffer.alloc(0), close: () => undefined }
}

/** What `Head.fault` says of an error. */
export function faultOf(error: unknown): { readonly code: string; readonly detail: string } {
  if (isQuantbotError(error)) return { code: error.code, detail: error.message }
  return { code: 'LOG_CORRUPT', detail: error instanceof Error ? error.message : String(error) }
}
