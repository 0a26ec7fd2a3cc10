/**
 * Owns the form of a sealed segment's file, and reading one. Never writes.
 *
 * A sealed file is two gzip members: the segment, and an empty one whose extra field (RFC 1952, 2.3.1.1: subfield "QB")
 * holds the SHA-256 of all bytes before it. gzip's own CRC is over the content only and leaves header and padding bits
 * unprotected; with the second member a changed bit anywhere in the file is seen, and gunzip still gives the segment.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { gunzip, gunzipSync, type ZlibOptions } from 'node:zlib'
import { QuantbotError } from '#core/errors'
import { gzipPath } from './segment-names.js'

const SPARE_BYTES = 64 * 1024
const MEMBER_HEAD = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 36, 0, 0x51, 0x42, 32, 0])
const MEMBER_END = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const MEMBER_BYTES = MEMBER_HEAD.length + 32 + MEMBER_END.length

/** The empty gzip member that ends a sealed file. */
export function digestMember(digest: Uint8Array): Buffer {
  return Buffer.concat([MEMBER_HEAD, digest, MEMBER_END])
}

/** Whether a sealed file ends with the member that fits all its bytes. O(bytes), without uncompressing. */
export function isSealIntact(file: Buffer): boolean {
  if (file.length <= MEMBER_BYTES) return false
  const body = file.subarray(0, file.length - MEMBER_BYTES)
  return digestMember(createHash('sha256').update(body).digest()).equals(file.subarray(body.length))
}

/** Length of the segment in a sealed file by its own word (ISIZE, RFC 1952), within what one buffer should take; a hint. */
export function uncompressedBytes(file: Buffer): number {
  const at = file.length - MEMBER_BYTES - 4
  const said = at >= 0 ? file.readUInt32LE(at) : 0
  return Math.min(Math.max(said, 0) + SPARE_BYTES, 512 * 1024 * 1024)
}

/** Uncompressed bytes of a sealed segment, whole; LOG_CORRUPT when it is no intact gzip. */
export function readGzip(runDir: string, segment: number): Buffer {
  const path = gzipPath(runDir, segment)
  try {
    const file = readFileSync(path)
    return gunzipSync(file, { chunkSize: uncompressedBytes(file) })
  } catch (cause) {
    throw new QuantbotError('LOG_CORRUPT', `${path} cannot be uncompressed: ${String(cause)}`, { cause })
  }
}

const uncompress = promisify<Buffer, ZlibOptions, Buffer>(gunzip)

/** A sealed segment: judged by its own digest, and being uncompressed on the thread pool. */
export interface Loaded {
  readonly isIntact: boolean
  readonly content: Promise<
    { readonly ok: true; readonly bytes: Buffer } | { readonly ok: false; readonly error: unknown }
  >
}

/** Begins to uncompress a sealed segment, beside the walk over the one before it. */
export function loadGzip(runDir: string, segment: number): Loaded {
  const file = readFileSync(gzipPath(runDir, segment))
  const content = uncompress(file, { chunkSize: uncompressedBytes(file) }).then(
    (bytes) => ({ ok: true as const, bytes }),
    (error: unknown) => ({ ok: false as const, error }),
  )
  return { isIntact: isSealIntact(file), content }
}
