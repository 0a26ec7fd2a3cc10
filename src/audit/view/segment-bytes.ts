/**
 * Owns reading segments for a viewer: plain ones by ranges, sealed ones uncompressed off the thread and kept for the next question.
 * One sealed segment stays in memory. Never writes, never judges what the bytes say.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { QuantbotError } from '#core/errors'
import { uncompressedBytes } from '#events/log/sealed-file'
import { gzipPath, segmentPath } from '#events/log/segment-names'

const uncompress = promisify(gunzip)

/** Sealed segments kept uncompressed, 64 MiB each; chosen here: questions that must go to the disk at all come in neighbourhoods. */
const KEPT = 1

/** Bytes of one segment. Close it. */
export interface OpenSegment {
  readonly isSealed: boolean
  /** Bytes there now; of a plain one that is written it grows. */
  size(): number
  /** A copy or a view of [from, to), shorter at the end. */
  slice(from: number, to: number): Buffer
  close(): void
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function openPlain(path: string): OpenSegment | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
  return {
    isSealed: false,
    size: () => fstatSync(fd).size,
    slice: (from, to) => {
      const there = Math.min(to, fstatSync(fd).size)
      const bytes = Buffer.allocUnsafe(Math.max(0, there - from))
      let at = 0
      while (at < bytes.length) {
        const read = readSync(fd, bytes, at, bytes.length - at, from + at)
        if (read === 0) break
        at += read
      }
      return bytes.subarray(0, at)
    },
    close: () => closeSync(fd),
  }
}

const ofBytes = (bytes: Buffer): OpenSegment => ({
  isSealed: true,
  size: () => bytes.length,
  slice: (from, to) => bytes.subarray(from, to),
  close: () => undefined,
})

/** Segments of one run. */
export class SegmentBytes {
  readonly #runDir: string
  readonly #kept = new Map<number, Promise<Buffer>>()

  constructor(runDir: string) {
    this.#runDir = runDir
  }

  /** Whether the segment is there, plain or sealed. */
  has(segment: number): boolean {
    return existsSync(segmentPath(this.#runDir, segment)) || existsSync(gzipPath(this.#runDir, segment))
  }

  /** Undefined where the segment is not there. LOG_CORRUPT where a sealed one cannot be uncompressed. */
  async open(segment: number): Promise<OpenSegment | undefined> {
    const kept = this.#kept.get(segment)
    if (kept === undefined) {
      const plain = openPlain(segmentPath(this.#runDir, segment))
      if (plain !== undefined) return plain
      if (!existsSync(gzipPath(this.#runDir, segment))) return undefined
    }
    return ofBytes(await this.#sealed(segment, kept))
  }

  /** Forgets what is kept. */
  clear(): void {
    this.#kept.clear()
  }

  #sealed(segment: number, kept: Promise<Buffer> | undefined): Promise<Buffer> {
    const bytes = kept ?? this.#uncompress(segment)
    this.#kept.delete(segment)
    this.#kept.set(segment, bytes)
    for (const old of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break
      this.#kept.delete(old)
    }
    bytes.catch(() => this.#kept.delete(segment))
    return bytes
  }

  async #uncompress(segment: number): Promise<Buffer> {
    const path = gzipPath(this.#runDir, segment)
    try {
      const file = readFileSync(path)
      return await uncompress(file, { chunkSize: uncompressedBytes(file) })
    } catch (cause) {
      throw new QuantbotError('LOG_CORRUPT', `${path} cannot be uncompressed: ${String(cause)}`, { cause })
    }
  }
}
