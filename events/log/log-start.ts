/**
 * Owns where a walk over the log begins and which segments it covers: manifest, checkpoint of archived segments, or a
 * given point. Never reads event lines.
 */
import { QuantbotError } from '#core/errors'
import type { LogPoint } from './chain.js'
import { type Checkpoint, isSignedBy, readCheckpoints } from './checkpoints.js'
import { type ReadManifest, readManifest } from './manifest.js'
import { readBack } from './read-back.js'
import { GroupScanner } from './scanner.js'
import { openSegment, readSegments, type SegmentFile, segmentName, segmentOfName, segmentPath } from './segments.js'

export interface LogStart {
  readonly point: LogPoint
  /** ts of the event before the point where a checkpoint tells it, else 0. */
  readonly lastTs: number
  /** Segments to walk, in order without a gap; the first contains or follows `point`. */
  readonly segments: readonly SegmentFile[]
  /** Archived segments before the first one that is there. */
  readonly absent: readonly number[]
}

/** The newest checkpoint of a segment that is of this run and signed by its key. */
export function trustedCheckpoint(
  checkpoints: readonly Checkpoint[],
  read: ReadManifest,
  segment: number,
): Checkpoint | undefined {
  const name = segmentName(segment)
  return checkpoints.findLast(
    (c) =>
      c.segment === name &&
      c.run === read.manifest.run &&
      c.manifest === read.hash &&
      isSignedBy(c, read.manifest.publicKey),
  )
}

/** Whether the log has, at this very place, the commit line that the point speaks of. O(1), O(segment) in a sealed one. */
export function matchesCommit(runDir: string, point: LogPoint): boolean {
  if (point.offset === 0) return matchesSegmentStart(runDir, point)
  const file = readSegments(runDir).find((each) => each.segment === point.segment)
  if (!file) return false
  const source = openSegment(runDir, file)
  try {
    const last = readBack(source, point.offset)
    return last !== undefined && last.commit.commit === point.seq && last.commit.hash === point.hash
  } finally {
    source.close()
  }
}

/** The start of a segment: right when the one before ends so, by its checkpoint or, unsealed, by its last commit line. */
function matchesSegmentStart(runDir: string, point: LogPoint): boolean {
  const read = readManifest(runDir)
  if (point.segment === 1) return point.seq === 0 && point.hash === read.hash
  const sealed = trustedCheckpoint(readCheckpoints(runDir), read, point.segment - 1)
  if (sealed) return sealed.lastSeq === point.seq && sealed.hash === point.hash
  const file = readSegments(runDir).find((each) => each.segment === point.segment - 1)
  if (!file) return false
  const source = openSegment(runDir, file)
  try {
    const last = readBack(source, source.size())
    return last !== undefined && last.commit.commit === point.seq && last.commit.hash === point.hash
  } finally {
    source.close()
  }
}

/**
 * Finds the start. LOG_CORRUPT: a segment is missing between others or behind a checkpoint, archived ones have no
 * checkpoint that is signed, or `from` is no commit of this log.
 */
export function findStart(runDir: string, read: ReadManifest, from?: LogPoint): LogStart {
  const segments = readSegments(runDir)
  const checkpoints = readCheckpoints(runDir)
  const sealedUpTo = checkpoints.reduce((max, c) => Math.max(max, segmentOfName(c.segment) ?? 0), 0)
  const first = segments[0]?.segment ?? sealedUpTo + 1
  const last = segments.at(-1)?.segment ?? sealedUpTo
  if (last < sealedUpTo) throw missing(runDir, last + 1)
  for (const [index, file] of segments.entries()) {
    if (file.segment !== first + index) throw missing(runDir, first + index)
  }
  const absent = Array.from({ length: first - 1 }, (_, index) => index + 1)
  if (from && from.seq > 0) {
    checkManifest(runDir, read, segments[0], checkpoints[0])
    if (!matchesCommit(runDir, from)) {
      const detail = `${segmentPath(runDir, from.segment)} has no commit ${from.seq} at byte ${from.offset}`
      throw new QuantbotError('LOG_CORRUPT', detail)
    }
    return { point: from, lastTs: 0, segments: segments.filter((file) => file.segment >= from.segment), absent }
  }
  if (absent.length === 0)
    return { point: { segment: 1, offset: 0, seq: 0, hash: read.hash }, lastTs: 0, segments, absent }
  const before = trustedCheckpoint(checkpoints, read, first - 1)
  if (!before) throw missing(runDir, first - 1)
  const point = { segment: first, offset: 0, seq: before.lastSeq, hash: before.hash }
  return { point, lastTs: before.ts, segments, absent }
}

/**
 * A walk from the start holds the manifest against the first group; one from a later point asks the first checkpoint, or where nothing
 * is sealed yet the first group: O(1). MANIFEST_INVALID.
 */
function checkManifest(runDir: string, { hash }: ReadManifest, first?: SegmentFile, sealed?: Checkpoint): void {
  const begun = sealed ? sealed.manifest : first?.plain && first.segment === 1 ? firstPrev(runDir, first) : undefined
  if (begun === undefined || begun === hash) return
  throw new QuantbotError('MANIFEST_INVALID', `${runDir}: manifest.json is not the one that the log began with`)
}

function firstPrev(runDir: string, first: SegmentFile): string | undefined {
  const source = openSegment(runDir, first)
  try {
    const scanner = new GroupScanner(source, 0)
    return scanner.next() === 'group' ? scanner.commit?.prev : undefined
  } finally {
    source.close()
  }
}

function missing(runDir: string, segment: number): QuantbotError {
  return new QuantbotError('LOG_CORRUPT', `${segmentPath(runDir, segment)} is missing and no checkpoint stands for it`)
}
