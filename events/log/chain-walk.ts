/**
 * Owns judging one group after another: hash, prev, count and order of seq; and naming the line that is damaged.
 * Never reads files and never decides what to do about a fault.
 */
import { forEachLine, groupHash, readSeq } from './chain.js'
import type { GroupScanner } from './scanner.js'

export type FaultCode =
  | 'COMMIT_PREV'
  | 'COMMIT_COUNT'
  | 'COMMIT_SEQ'
  | 'GROUP_HASH'
  | 'GROUP_EMPTY'
  | 'LINE_MALFORMED'
  | 'SEQ_ORDER'

/** What is wrong with a group; `seq` is its first event's, or that of the line where one could be named. */
export interface Fault {
  readonly code: FaultCode
  readonly seq: number
  readonly detail: string
}

/** Follows a chain from a known hash and seq. */
export class ChainWalk {
  hash: string
  seq: number
  readonly #full: boolean

  /** `full`: every seq is in the log; otherwise gaps stand for unwritten inputs. */
  constructor(start: { readonly hash: string; readonly seq: number }, full: boolean) {
    this.hash = start.hash
    this.seq = start.seq
    this.#full = full
  }

  /** Moves on over a sound group and gives undefined; gives its first fault, and stays, otherwise. O(bytes). */
  step(scanner: GroupScanner): Fault | undefined {
    const commit = scanner.commit!
    const seq = this.#firstSeq(scanner)
    if (scanner.count === 0) return { code: 'GROUP_EMPTY', seq, detail: 'a commit line without event lines' }
    if (commit.prev !== this.hash) {
      const hint = this.seq === 0 ? ' (the hash of manifest.json)' : ''
      return { code: 'COMMIT_PREV', seq, detail: `prev is ${commit.prev}, the chain stands at ${this.hash}${hint}` }
    }
    const hash = groupHash(commit.prev, scanner.lines())
    if (hash !== commit.hash) {
      return { code: 'GROUP_HASH', seq, detail: `the group's hash is ${hash}, its commit line says ${commit.hash}` }
    }
    const fault = this.#structure(scanner, seq)
    if (fault) return fault
    this.hash = commit.hash
    this.seq = commit.commit
    return undefined
  }

  #structure(scanner: GroupScanner, seq: number): Fault | undefined {
    const commit = scanner.commit!
    const ordered = this.#full
      ? scanner.contiguous && scanner.firstSeq === this.seq + 1
      : scanner.ordered && scanner.firstSeq > this.seq
    if (!ordered) return this.damagedLine(scanner) ?? { code: 'SEQ_ORDER', seq, detail: 'seq does not increase' }
    if (commit.count !== scanner.count) {
      return { code: 'COMMIT_COUNT', seq, detail: `count is ${commit.count}, the group has ${scanner.count} lines` }
    }
    if (commit.commit !== scanner.lastSeq) {
      return { code: 'COMMIT_SEQ', seq, detail: `commit is ${commit.commit}, the last event's seq ${scanner.lastSeq}` }
    }
    return undefined
  }

  /** Takes the group's own commit line for granted, so that the groups behind a fault can be judged by themselves. */
  resync(scanner: GroupScanner): void {
    this.hash = scanner.commit!.hash
    this.seq = Math.max(this.seq, scanner.commit!.commit)
  }

  /** Goes on from a place that something else vouches for. */
  jump(hash: string, seq: number): void {
    this.hash = hash
    this.seq = seq
  }

  /** Seq of the group's first event, as the log should have it. */
  #firstSeq(scanner: GroupScanner): number {
    return this.#full || scanner.firstSeq <= this.seq ? this.seq + 1 : scanner.firstSeq
  }

  /** First line of a faulty group that does not parse or breaks the order of seq. Slow; only for faults. */
  damagedLine(scanner: GroupScanner): Fault | undefined {
    let last = this.seq
    let fault: Fault | undefined
    forEachLine(scanner.lines(), (bytes, start, end) => {
      if (fault) return
      const seq = readSeq(bytes, start, end)
      if (seq < 0 || !parses(bytes.subarray(start, end))) {
        const named = !this.#full && seq > last ? seq : last + 1
        fault = { code: 'LINE_MALFORMED', seq: named, detail: 'the line is no event line' }
      } else if (this.#full ? seq !== last + 1 : seq <= last) {
        fault = { code: 'SEQ_ORDER', seq: this.#full ? last + 1 : seq, detail: `seq ${seq} follows ${last}` }
      }
      last = seq
    })
    return fault
  }
}

function parses(line: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
    return true
  } catch {
    return false
  }
}
