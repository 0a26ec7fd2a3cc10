/**
 * Owns sealing: gzip a finished segment, put it in the plain one's place, sign a checkpoint. Every step can be repeated
 * after a crash. Never removes the plain segment before the compressed one is durable under its name.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { QuantbotError } from '#core/errors'
import { sha256 } from './chain.js'
import { appendCheckpoint, type Checkpoint, readCheckpoints, signCheckpoint } from './checkpoints.js'
import type { Signer } from './keys.js'
import { syncDirectory } from './log-files.port.js'
import { readBack } from './read-back.js'
import { digestMember, isSealIntact, readGzip } from './sealed-file.js'
import { gzipPath, logFolder, openSegment, segmentName, segmentPath } from './segments.js'

const GZIP_LEVEL = 1 // Chosen for speed: sealing shares the machine with trading.
const CHUNK_BYTES = 1024 * 1024
export interface SealContext {
  readonly runDir: string
  readonly run: string
  readonly manifestHash: string
  readonly signer: Signer
}

/** Compresses the plain segment next to it; gives the SHA-256 of the uncompressed bytes. Streams; zlib's own threads. */
async function compress(plain: string, target: string): Promise<string> {
  const plainHash = createHash('sha256')
  const fileHash = createHash('sha256')
  await pipeline(
    createReadStream(plain, { highWaterMark: CHUNK_BYTES }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        plainHash.update(chunk)
        yield chunk
      }
    },
    createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        fileHash.update(chunk)
        yield chunk
      }
      yield digestMember(fileHash.digest())
    },
    createWriteStream(target, { flags: 'w', mode: 0o644 }),
  )
  const fd = openSync(target, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  return plainHash.digest('hex')
}

/**
 * Seals a segment whose bytes are complete and valid; does what is left to do after a crash between any two steps.
 * `expected` is the chain's end where the caller knows it: a file that ends otherwise is LOG_CORRUPT and is not signed.
 */
export async function sealSegment(
  context: SealContext,
  segment: number,
  expected: { readonly hash?: string } = {},
): Promise<Checkpoint> {
  const { runDir } = context
  const [plain, gzip] = [segmentPath(runDir, segment), gzipPath(runDir, segment)]
  const end = segmentEnd(runDir, segment, expected)
  let bytesSha256: string | undefined
  if (existsSync(plain)) {
    // A compressed file beside the plain one was judged at open; it is made anew.
    const temporary = `${gzip}.tmp`
    bytesSha256 = await compress(plain, temporary)
    renameSync(temporary, gzip)
    syncDirectory(logFolder(runDir))
    unlinkSync(plain)
    syncDirectory(logFolder(runDir))
  }
  const name = segmentName(segment)
  const known = readCheckpoints(runDir).find((c) => c.segment === name && c.hash === end.hash)
  if (known) return known
  const checkpoint = signCheckpoint(
    {
      run: context.run,
      manifest: context.manifestHash,
      segment: name,
      lastSeq: end.lastSeq,
      hash: end.hash,
      bytesSha256: bytesSha256 ?? sha256(readGzip(runDir, segment)),
      ts: end.ts,
    },
    context.signer,
  )
  appendCheckpoint(runDir, checkpoint)
  return checkpoint
}

function segmentEnd(runDir: string, segment: number, expected: { readonly hash?: string }) {
  const source = openSegment(runDir, { segment, plain: existsSync(segmentPath(runDir, segment)), gzip: true })
  try {
    const last = readBack(source, source.size())
    if (!last || last.lastTs < 0 || (expected.hash ?? last.commit.hash) !== last.commit.hash) {
      const detail = `${segmentPath(runDir, segment)} does not end with the commit line that was written`
      throw new QuantbotError('LOG_CORRUPT', detail)
    }
    return { lastSeq: last.commit.commit, hash: last.commit.hash, ts: last.lastTs }
  } finally {
    source.close()
  }
}

/** Whether both forms of a segment hold the same bytes, and the compressed one is whole. Reads both. */
export function isSameSegment(runDir: string, segment: number): boolean {
  const file = readFileSync(gzipPath(runDir, segment))
  if (!isSealIntact(file)) return false
  const plain = segmentPath(runDir, segment)
  const uncompressed = readGzip(runDir, segment)
  return uncompressed.length === statSync(plain).size && uncompressed.equals(readFileSync(plain))
}
