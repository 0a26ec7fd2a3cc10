/**
 * Owns the log as a viewer goes back into it: blocks of about a MiB, each with what kinds of line it holds, and kept compressed in memory as
 * far as the bound allows, because sealed segments can only be read from their start. Past the bound the oldest are read from disk again.
 * Holds only lines whose chain was proved. Never writes.
 */
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw, inflateRawSync } from 'node:zlib'
import { QuantbotError } from '#core/errors'
import { type LogPoint, pointOf } from '#events/log/chain'
import type { Group, GroupReader } from './group-reader.js'
import type { Middle } from './line-header.js'
import { firstAbove } from './thinning.js'

const pack = promisify(deflateRaw)
const unpack = promisify(inflateRaw)

/** Event lines of a block, at least; chosen here: some ten milliseconds of folding. */
const BLOCK_BYTES = 1024 * 1024
/** Compressed lines in memory; two million events of hourly bars. */
const MAX_PACKED_BYTES = 96 * 1024 * 1024
/** Compressions under way at a time. */
const MAX_PENDING = 2

export interface Block {
  readonly from: LogPoint
  readonly to: LogPoint
  readonly lastTs: number
  readonly bytes: number
  /** Types and authors of its lines. */
  readonly middles: ReadonlySet<Middle>
}

interface KeptBlock extends Block {
  /** Its lines, deflated; undefined: on disk alone, or being deflated. */
  packed: Buffer | undefined
  /** Until they are deflated. */
  lines: Buffer | undefined
}

export interface LogBlocksOptions {
  readonly blockBytes?: number
  readonly maxPackedBytes?: number
}

export class LogBlocks {
  readonly #readerFrom: (point: LogPoint) => GroupReader
  readonly #blockBytes: number
  readonly #maxPackedBytes: number
  readonly #blocks: KeptBlock[] = []
  readonly #pending = new Set<Promise<void>>()
  #open: Buffer[] = []
  #openBytes = 0
  #openFrom: LogPoint
  #middles = new Set<Middle>()
  #head: LogPoint
  #headTs = 0
  #packedBytes = 0
  /** Blocks before this one are on disk alone. */
  #firstPacked = 0

  constructor(start: LogPoint, readerFrom: (point: LogPoint) => GroupReader, options: LogBlocksOptions = {}) {
    this.#openFrom = start
    this.#head = start
    this.#readerFrom = readerFrom
    this.#blockBytes = options.blockBytes ?? BLOCK_BYTES
    this.#maxPackedBytes = options.maxPackedBytes ?? MAX_PACKED_BYTES
  }

  get packedBytes(): number {
    return this.#packedBytes
  }

  /** The open block, which grows, counts. */
  get count(): number {
    return this.#blocks.length + 1
  }

  at(index: number): Block {
    const block = this.#blocks[index]
    if (block !== undefined) return block
    const { bytes, from, to } = { bytes: this.#openBytes, from: this.#openFrom, to: this.#head }
    return { from, to, lastTs: this.#headTs, bytes, middles: this.#middles }
  }

  /** The block that holds `seq`, or the last one. O(log n). */
  indexOf(seq: number): number {
    return firstAbove(this.#blocks.length, seq - 1, (i) => this.#blocks[i]!.to.seq)
  }

  /** Takes a group; true where it ended a block. `middles` are those of its lines. */
  add({ lines, commit }: Group, middles: Iterable<Middle>): boolean {
    // A view of a sealed segment would keep all of it in memory.
    this.#open.push(lines.buffer.byteLength > 4 * this.#blockBytes ? Buffer.from(lines) : lines)
    this.#openBytes += lines.length
    for (const middle of middles) this.#middles.add(middle)
    this.#head = pointOf(commit)
    this.#headTs = commit.lastTs
    if (this.#openBytes < this.#blockBytes) return false
    const block: KeptBlock = { ...this.at(this.#blocks.length), packed: undefined, lines: Buffer.concat(this.#open) }
    this.#blocks.push(block)
    this.#open = []
    this.#openBytes = 0
    this.#openFrom = this.#head
    this.#middles = new Set()
    this.#pack(block)
    return true
  }

  /** Resolves when there is room for another block. */
  async settled(): Promise<void> {
    while (this.#pending.size > MAX_PENDING) await Promise.race(this.#pending)
  }

  /** Event lines of a block. LOG_CORRUPT where it must be read from disk and no longer fits its chain. */
  async read(index: number): Promise<Buffer> {
    const block = this.#blocks[index]
    if (block === undefined) return Buffer.concat(this.#open)
    if (block.lines !== undefined) return block.lines
    if (block.packed !== undefined) return unpack(block.packed, { chunkSize: block.bytes + 64 })
    return this.#fromDisk(block)
  }

  /** As {@link read}, at once; undefined where it would have to be read from disk. Blocks the thread for some milliseconds. */
  readNow(index: number): Buffer | undefined {
    const block = this.#blocks[index]
    if (block === undefined) return Buffer.concat(this.#open)
    if (block.lines !== undefined) return block.lines
    return block.packed && inflateRawSync(block.packed, { chunkSize: block.bytes + 64 })
  }

  async #fromDisk({ from, to }: Block): Promise<Buffer> {
    const reader = this.#readerFrom(from)
    const lines: Buffer[] = []
    try {
      for (;;) {
        const groups = await reader.next()
        if (groups.length === 0)
          throw new QuantbotError(
            'LOG_CORRUPT',
            `segment ${from.segment} ends at seq ${reader.point.seq} now, before ${to.seq}`,
          )
        for (const group of groups) {
          lines.push(group.lines)
          if (group.commit.lastSeq >= to.seq) return Buffer.concat(lines)
        }
      }
    } finally {
      reader.close()
    }
  }

  #pack(block: KeptBlock): void {
    const packing = pack(block.lines!, { level: 1 }).then((packed) => {
      block.lines = undefined
      block.packed = packed
      this.#packedBytes += packed.length
      this.#bound()
      this.#pending.delete(packing)
    })
    this.#pending.add(packing)
  }

  #bound(): void {
    for (; this.#packedBytes > this.#maxPackedBytes && this.#firstPacked < this.#blocks.length; this.#firstPacked++) {
      const oldest = this.#blocks[this.#firstPacked]!
      if (oldest.packed === undefined) return
      this.#packedBytes -= oldest.packed.length
      oldest.packed = undefined
    }
  }
}
