/**
 * Owns the log as explanations read it, from the blocks of a view instead of from the start of the log: what was proved once is not proved
 * again. What is no longer in memory is read from disk as the auditor does.
 */

import type { AnyEvent } from '#events/catalogue'
import { parseTrusted } from '#events/codec'
import { forEachLine, readSeq } from '#events/log/chain'
import type { ReadEnd } from '#events/log/reader'
import { AuditLog, type Scan, typeOfLine } from '../log-scan.js'
import type { LogBlocks } from './log-blocks.js'

export class BlockLog extends AuditLog {
  readonly #blocks: LogBlocks
  /** Blocks behind this seq are not looked at: the head when the question was asked. */
  readonly #lastSeq: number

  constructor(runDir: string, blocks: LogBlocks, lastSeq: number) {
    super(runDir)
    this.#blocks = blocks
    this.#lastSeq = lastSeq
  }

  /** O(bytes from `scan.from` on). */
  override scan(scan: Scan, visit: (event: AnyEvent) => unknown): ReadEnd {
    const { from = 1, types, seq: wantedSeq, holding } = scan
    for (let i = this.#blocks.indexOf(from); i < this.#blocks.count; i++) {
      const lines = this.#blocks.readNow(i)
      if (lines === undefined) return super.scan(scan, visit)
      let goOn = true
      forEachLine(lines, (bytes, start, end) => {
        if (!goOn) return
        const seq = readSeq(bytes, start, end)
        if (seq > this.#lastSeq) return
        const isWanted =
          types === undefined ||
          seq === wantedSeq ||
          types.has(typeOfLine(bytes, start, end)) ||
          (holding?.types.has(typeOfLine(bytes, start, end)) === true &&
            bytes.subarray(start, end).includes(holding.text))
        if (isWanted) goOn = visit(parseTrusted(bytes.toString('utf8', start, end))) !== false
      })
      if (!goOn) break
    }
    return { last: undefined, uncommittedBytes: 0 }
  }

  /** O(blocks that hold them). */
  override fetch(seqs: readonly number[]): Map<number, AnyEvent> {
    const found = new Map<number, AnyEvent>()
    const byBlock = new Map<number, Set<number>>()
    for (const seq of seqs) {
      const index = this.#blocks.indexOf(seq)
      byBlock.set(index, (byBlock.get(index) ?? new Set()).add(seq))
    }
    for (const [index, wanted] of byBlock) {
      const lines = this.#blocks.readNow(index)
      if (lines === undefined) return super.fetch(seqs)
      forEachLine(lines, (bytes, start, end) => {
        const seq = readSeq(bytes, start, end)
        if (wanted.has(seq)) found.set(seq, parseTrusted(bytes.toString('utf8', start, end)))
      })
    }
    return found
  }
}
