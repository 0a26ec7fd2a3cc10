/**
 * Owns opening a log after a crash: finds the last valid commit, mends what sealing left half done, moves a torn tail
 * aside. Never drops a byte and never touches a log that is damaged (tail.ts has the rule).
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { QuantbotError } from '#core/errors'
import type { AppendPlace } from './appender.js'
import type { Commit, LogPoint } from './chain.js'
import { ChainWalk, type Fault } from './chain-walk.js'
import { parseCheckpoint, readCheckpoints } from './checkpoints.js'
import { createAtomically } from './durable.js'
import { syncDirectory } from './log-files.port.js'
import { findStart } from './log-start.js'
import { type ReadManifest, readManifest } from './manifest.js'
import { readBack } from './read-back.js'
import { GroupScanner } from './scanner.js'
import { isSameSegment } from './seal.js'
import {
  checkpointFile,
  gzipPath,
  logFolder,
  openSegment,
  readSegments,
  type SegmentFile,
  segmentName,
  segmentPath,
} from './segments.js'
import { judgeTail, readTail, type Tail } from './tail.js'

/** What was moved aside. */
export interface TornTail {
  /** Path of the new `.torn` file. */
  readonly file: string
  readonly bytes: number
  /** Whole event lines in it. */
  readonly eventLines: number
  /** It had a commit line: a lost page or a changed bit, not just an end too early. Worth a louder report. */
  readonly damaged: boolean
}

export interface Recovery {
  readonly read: ReadManifest
  /** End of the last valid commit. A new log: seq 0, hash of the manifest, segment 1, offset 0. */
  readonly position: Commit
  /** Where the next group goes: behind `position`, or at the start of the next segment. */
  readonly appendAt: AppendPlace
  /** Groups and events that were validated, from `from` on. */
  readonly commits: number
  readonly events: number
  readonly torn: readonly TornTail[]
  /** Archived segments. */
  readonly absent: readonly number[]
  /** Segments that are complete but not sealed, or sealed without a checkpoint: the writer finishes them. */
  readonly unsealed: readonly number[]
}

export interface OpenOptions {
  /** A commit known to be right (a snapshot's): only what follows is validated. */
  readonly from?: LogPoint
}

/**
 * Opens the log of a run for writing. The caller holds the run's lock. O(bytes behind `from`).
 * LOG_CORRUPT names the segment and the first seq of the damaged group; nothing has been changed then.
 */
export function openLog(runDir: string, options: OpenOptions = {}): Recovery {
  const read = readManifest(runDir)
  const start = findStart(runDir, read, options.from)
  const walk = new ChainWalk(start.point, read.manifest.log === 'full')
  const { segment: firstSegment, offset: firstOffset } = start.point
  const found: Found = {
    commits: 0,
    events: 0,
    count: 0,
    lastTs: start.lastTs,
    segment: firstSegment,
    offset: firstOffset,
  }
  let tail:
    | { readonly segment: number; readonly offset: number; readonly bytes: Buffer; readonly judged: Tail }
    | undefined
  for (const file of start.segments) {
    const source = openSegment(runDir, file)
    try {
      const from = file.segment === start.point.segment ? start.point.offset : 0
      if (from > 0 && found.commits === 0) found.lastTs = readBack(source, from)?.lastTs ?? 0
      const scanner = new GroupScanner(source, from)
      const stopped = walkSegment(scanner, walk, found, file.segment)
      if (!stopped) continue
      const isLast = file === start.segments.at(-1) && file.plain && !file.gzip
      const bytes = isLast ? readTail(source, stopped.offset) : undefined
      const judged = bytes ? judgeTail(bytes) : undefined
      if (!bytes || !judged?.torn) throw corrupt(runDir, file, stopped, walk.seq + 1, judged)
      tail = { segment: file.segment, offset: stopped.offset, bytes, judged }
    } finally {
      source.close()
    }
  }
  mendSealing(runDir)
  const torn = tail ? [moveTail(runDir, tail.segment, tail.offset, tail.bytes, tail.judged)] : []
  torn.push(...mendCheckpoints(runDir))
  const { segment, offset, count, lastTs } = found
  return {
    read,
    position: { lastSeq: walk.seq, lastTs, count, hash: walk.hash, segment, offset },
    appendAt: findAppendPlace(runDir, start.point.segment),
    commits: found.commits,
    events: found.events,
    torn,
    absent: start.absent,
    unsealed: findUnsealed(runDir),
  }
}

interface Found {
  commits: number
  events: number
  count: number
  lastTs: number
  segment: number
  offset: number
}

interface Stopped {
  readonly offset: number
  readonly fault: Fault | undefined
}

/** Walks to the segment's end (undefined) or to the first group that is not valid. */
function walkSegment(scanner: GroupScanner, walk: ChainWalk, found: Found, segment: number): Stopped | undefined {
  for (;;) {
    const scan = scanner.next()
    const fault = scan === 'group' ? walk.step(scanner) : undefined
    if (scan === 'tail' || fault) return { offset: scanner.start, fault }
    if (scan === 'end') return undefined
    found.commits++
    found.events += scanner.count
    Object.assign(found, { count: scanner.count, lastTs: scanner.lastTs(), segment, offset: scanner.end })
  }
}

function corrupt(runDir: string, file: SegmentFile, stopped: Stopped, seq: number, tail: Tail | undefined) {
  const path = file.plain ? segmentPath(runDir, file.segment) : gzipPath(runDir, file.segment)
  const what = stopped.fault ? `${stopped.fault.code}: ${stopped.fault.detail}` : 'no commit line follows'
  const why = tail ? `; no torn tail: ${tail.reason}` : '; the segment was complete'
  const first = stopped.fault?.seq ?? seq
  return new QuantbotError('LOG_CORRUPT', `${path}: group of seq ${first} at byte ${stopped.offset}: ${what}${why}`)
}

/** Copies the tail to a new `.torn` file, durable, and only then cuts it off. */
function moveTail(runDir: string, segment: number, offset: number, bytes: Buffer, tail: Tail): TornTail {
  const file = putAside(join(logFolder(runDir), segmentName(segment)), bytes)
  const fd = openSync(segmentPath(runDir, segment), 'r+')
  try {
    ftruncateSync(fd, offset)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  return { file, bytes: bytes.length, eventLines: tail.eventLines, damaged: tail.damaged }
}

/** Writes `<path>.<n>.torn` with the next free n; a crash before the cut leaves the same bytes, which serve again. */
function putAside(path: string, bytes: Buffer): string {
  for (let n = 1; ; n++) {
    const file = `${path}.${n}.torn`
    if (createAtomically(file, bytes, 0o644)) return file
    if (!existsSync(`${path}.${n + 1}.torn`) && readFileSync(file).equals(bytes)) return file
  }
}

/** After a crash while sealing: drops a half-made copy, or the plain form where the sealed one is whole and the same. */
function mendSealing(runDir: string): void {
  if (!existsSync(logFolder(runDir))) return
  for (const name of readdirSync(logFolder(runDir))) {
    // Made only from bytes that are still there under their own name.
    if (name.endsWith('.tmp')) unlinkSync(join(logFolder(runDir), name))
  }
  for (const { segment, plain, gzip } of readSegments(runDir)) {
    if (!plain || !gzip) continue
    if (isSameSegment(runDir, segment)) {
      unlinkSync(segmentPath(runDir, segment))
    } else {
      putAside(gzipPath(runDir, segment), readFileSync(gzipPath(runDir, segment)))
      unlinkSync(gzipPath(runDir, segment))
    }
  }
  syncDirectory(logFolder(runDir))
}

/** A checkpoint line cut short at the file's end goes aside; the segment's checkpoint is then made again. */
function mendCheckpoints(runDir: string): TornTail[] {
  const path = checkpointFile(runDir)
  if (!existsSync(path)) return []
  const bytes = readFileSync(path)
  const end = bytes.lastIndexOf(10) + 1
  if (end === bytes.length) return []
  const rest = bytes.subarray(end)
  const file = putAside(join(dirname(path), basename(path)), rest)
  const fd = openSync(path, 'r+')
  try {
    ftruncateSync(fd, end)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  return [{ file, bytes: rest.length, eventLines: 0, damaged: parseCheckpoint(rest.toString()) !== undefined }]
}

/** After the tail was cut and sealing mended: the end of the last plain segment, or the segment after the last. */
function findAppendPlace(runDir: string, firstSegment: number): AppendPlace {
  const last = readSegments(runDir).at(-1)
  if (!last) return { segment: firstSegment, offset: 0, exists: false }
  if (!last.plain) return { segment: last.segment + 1, offset: 0, exists: false }
  return { segment: last.segment, offset: statSync(segmentPath(runDir, last.segment)).size, exists: true }
}

function findUnsealed(runDir: string): readonly number[] {
  const segments = readSegments(runDir)
  const known = new Set(readCheckpoints(runDir).map((checkpoint) => checkpoint.segment))
  return segments
    .filter((file, index) => {
      const complete = file.gzip || index < segments.length - 1
      return complete && (file.plain || !known.has(segmentName(file.segment)))
    })
    .map((file) => file.segment)
}
