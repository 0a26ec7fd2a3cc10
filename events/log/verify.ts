/**
 * Owns proving a log: the whole chain, counts, order of seq, sealed files, checkpoints. Never writes, and reports every
 * problem instead of stopping at the first.
 */
import { createHash } from 'node:crypto'
import { isQuantbotError } from '#core/errors'
import { ChainWalk } from './chain-walk.js'
import type { Checkpoint } from './checkpoints.js'
import { type ReadManifest, readManifest } from './manifest.js'
import { GroupScanner } from './scanner.js'
import { type Loaded, loadGzip } from './sealed-file.js'
import {
  type ByteSource,
  gzipPath,
  memorySource,
  openSegment,
  readSegments,
  type SegmentFile,
  segmentName,
  tornFiles,
} from './segments.js'
import { judgeTail, readTail } from './tail.js'
import type { Problem, Verification, VerifyOptions } from './verification.js'
import { compareExternal, loadOwnCheckpoints, type SegmentEnd } from './verify-checkpoints.js'

export type { Problem, ProblemCode, Verification, VerifyOptions, VerifyProgress } from './verification.js'

const MAX_PROBLEMS = 1000 // A log wrong everywhere need not be listed line by line.

/** Verifies a run folder. Throws only for what cannot be read at all. O(bytes); memory: 4 MiB, or a sealed segment. */
export async function verifyLog(runDir: string, options: VerifyOptions = {}): Promise<Verification> {
  const verifier = new Verifier(runDir)
  return verifier.run(options)
}

class Verifier {
  readonly #runDir: string
  readonly #problems: Problem[] = []
  readonly #ends = new Map<number, SegmentEnd>()
  #read: ReadManifest | undefined
  #walk = new ChainWalk({ hash: '', seq: 0 }, false)
  /** Number of the segment before the one in hand, 0 at the start. */
  #previous = 0
  #events = 0
  #commits = 0
  #uncommittedBytes = 0

  constructor(runDir: string) {
    this.#runDir = runDir
  }

  async run(options: VerifyOptions): Promise<Verification> {
    this.#readManifest()
    const own = loadOwnCheckpoints(this.#runDir, this.#read)
    for (const problem of own.problems) this.#add(problem)
    const segments = readSegments(this.#runDir)
    const absent = this.#begin(segments, own.bySegment)
    const last = segments.at(-1)
    let ahead = loadSealed(this.#runDir, segments[0])
    for (const [index, file] of segments.entries()) {
      const loaded = ahead
      const next = segments[index + 1]
      await loaded?.content
      ahead = loadSealed(this.#runDir, next)
      await this.#verifySegment(file, loaded, own.bySegment.get(file.segment), file === last)
      options.onProgress?.({ segment: file.segment, segments: last!.segment, lastSeq: this.#walk.seq })
    }
    this.#compareOwn(segments, own.bySegment)
    if (options.checkpointFile !== undefined) {
      for (const problem of compareExternal(options.checkpointFile, this.#read, this.#ends)) this.#add(problem)
    }
    return {
      ok: this.#problems.length === 0,
      events: this.#events,
      commits: this.#commits,
      lastSeq: this.#walk.seq,
      lastHash: this.#walk.hash,
      problems: this.#problems,
      absentSegments: absent.map(segmentName),
      tornFiles: tornFiles(this.#runDir),
      uncommittedBytes: this.#uncommittedBytes,
    }
  }

  #add(problem: Problem): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem)
  }

  #readManifest(): void {
    try {
      this.#read = readManifest(this.#runDir)
    } catch (error) {
      if (!isQuantbotError(error)) throw error
      this.#add({ code: 'MANIFEST_INVALID', segment: 0, seq: 0, detail: error.message })
    }
  }

  /** Stands at the start of the first segment that is there; gives the archived ones before it. */
  #begin(segments: readonly SegmentFile[], checkpoints: ReadonlyMap<number, Checkpoint>): number[] {
    const first = segments[0]?.segment ?? Math.max(0, ...checkpoints.keys()) + 1
    const absent = Array.from({ length: first - 1 }, (_, index) => index + 1)
    const before = checkpoints.get(first - 1)
    if (absent.length > 0 && !before) {
      const detail = `${segmentName(first - 1)} is absent and has no sound checkpoint`
      this.#add({ code: 'SEGMENT_MISSING', segment: first - 1, seq: 0, detail })
    }
    for (const segment of absent) {
      const checkpoint = checkpoints.get(segment)
      if (checkpoint) this.#ends.set(segment, checkpoint)
    }
    const start = before ? { hash: before.hash, seq: before.lastSeq } : { hash: this.#read?.hash ?? '', seq: 0 }
    this.#walk = new ChainWalk(start, this.#read?.manifest.log === 'full')
    return absent
  }

  async #verifySegment(
    file: SegmentFile,
    loaded: Loaded | undefined,
    checkpoint: Checkpoint | undefined,
    isLast: boolean,
  ): Promise<void> {
    const { segment } = file
    this.#checkNumbering(segment)
    if (file.plain && file.gzip) {
      const detail = `${segmentName(segment)} is there twice, plain and compressed: open the run once to mend it`
      this.#add({ code: 'SEGMENT_DOUBLED', segment, seq: this.#walk.seq + 1, detail })
    }
    const source = loaded ? await this.#openSealed(segment, loaded) : openSegment(this.#runDir, file)
    this.#previous = segment
    if (!source) {
      if (checkpoint) this.#walk.jump(checkpoint.hash, checkpoint.lastSeq)
      return
    }
    try {
      this.#walkGroups(source, segment, isLast && file.plain && !file.gzip)
      this.#ends.set(segment, { lastSeq: this.#walk.seq, hash: this.#walk.hash })
      if (checkpoint && digestOf(source) !== checkpoint.bytesSha256) {
        const detail = `${segmentName(segment)}: bytesSha256 of its checkpoint is not that of its bytes`
        this.#add({ code: 'CHECKPOINT_MISMATCH', segment, seq: checkpoint.lastSeq, detail })
      }
    } finally {
      source.close()
    }
  }

  #checkNumbering(segment: number): void {
    const expected = this.#previous + 1
    if (this.#previous === 0 || segment === expected) return
    const detail = `${segmentName(expected)} is missing`
    this.#add({ code: 'SEGMENT_MISSING', segment: expected, seq: this.#walk.seq + 1, detail })
  }

  async #openSealed(segment: number, loaded: Loaded): Promise<ByteSource | undefined> {
    const path = gzipPath(this.#runDir, segment)
    const seq = this.#walk.seq + 1
    if (!loaded.isIntact) {
      const detail = `${path} is not as it was sealed (SHA-256 at its end)`
      this.#add({ code: 'SEGMENT_DAMAGED', segment, seq, detail })
    }
    const content = await loaded.content
    if (content.ok) return memorySource(content.bytes)
    const detail = `${path} cannot be uncompressed: ${String(content.error)}`
    this.#add({ code: 'SEGMENT_DAMAGED', segment, seq, detail })
    return undefined
  }

  #walkGroups(source: ByteSource, segment: number, mayBeOpen: boolean): void {
    const scanner = new GroupScanner(source, 0)
    for (;;) {
      const scan = scanner.next()
      if (scan === 'end') return
      if (scan === 'tail') {
        this.#takeTail(source, scanner.start, segment, mayBeOpen)
        return
      }
      this.#commits++
      this.#events += scanner.count
      const fault = this.#walk.step(scanner)
      if (!fault) continue
      this.#add({ ...fault, segment, detail: `${segmentName(segment)}, byte ${scanner.start}: ${fault.detail}` })
      const line = this.#walk.damagedLine(scanner)
      if (line && line.code !== fault.code) {
        this.#add({ ...line, segment, detail: `${segmentName(segment)}, byte ${scanner.start}: ${line.detail}` })
      }
      this.#walk.resync(scanner)
    }
  }

  #takeTail(source: ByteSource, offset: number, segment: number, mayBeOpen: boolean): void {
    const bytes = readTail(source, offset)
    const tail = judgeTail(bytes)
    if (mayBeOpen && tail.torn && !tail.damaged) {
      this.#uncommittedBytes = bytes.length
      return
    }
    const why = mayBeOpen ? tail.reason || 'it has the remains of a commit line' : 'the segment was complete'
    const detail = `${segmentName(segment)}, byte ${offset}: ${bytes.length} bytes without a valid commit: ${why}`
    this.#add({ code: 'TAIL_DAMAGED', segment, seq: this.#walk.seq + 1, detail })
  }

  /** The run's own checkpoints against the ends of its segments. */
  #compareOwn(segments: readonly SegmentFile[], checkpoints: ReadonlyMap<number, Checkpoint>): void {
    for (const [segment, checkpoint] of checkpoints) {
      const end = this.#ends.get(segment)
      if (end && end.hash === checkpoint.hash && end.lastSeq === checkpoint.lastSeq) continue
      const seen = end ? `ends at seq ${end.lastSeq} with ${end.hash}` : 'is missing'
      const detail = `checkpoint of ${checkpoint.segment}: seq ${checkpoint.lastSeq}, ${checkpoint.hash}; it ${seen}`
      this.#add({ code: 'CHECKPOINT_MISMATCH', segment, seq: checkpoint.lastSeq, detail })
    }
    const newestSealed = segments.findLast((file) => file.gzip)?.segment
    for (const { segment, gzip } of segments) {
      // The newest one may lack it: a crash between sealing and signing, mended at the next open.
      if (!gzip || checkpoints.has(segment) || segment === newestSealed) continue
      const seq = this.#ends.get(segment)?.lastSeq ?? 0
      this.#add({ code: 'CHECKPOINT_MISSING', segment, seq, detail: `${segmentName(segment)} has no sound checkpoint` })
    }
  }
}

/** Begins to load a segment that is compressed. */
function loadSealed(runDir: string, file: SegmentFile | undefined): Loaded | undefined {
  return file && !file.plain ? loadGzip(runDir, file.segment) : undefined
}

/** SHA-256 of a segment's bytes. */
function digestOf(source: ByteSource): string {
  const hash = createHash('sha256')
  if (source.whole) return hash.update(source.whole).digest('hex')
  const chunk = Buffer.allocUnsafe(1024 * 1024)
  for (let at = 0; ; ) {
    const read = source.read(chunk, 0, chunk.length, at)
    if (read === 0) return hash.digest('hex')
    hash.update(chunk.subarray(0, read))
    at += read
  }
}
