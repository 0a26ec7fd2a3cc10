/** Owns how much of a log there is, for progress, and how far signed checkpoints reach. Reads sizes and checkpoints alone. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { readCheckpoints } from '#events/log/checkpoints'
import { trustedCheckpoint } from '#events/log/log-start'
import type { ReadManifest } from '#events/log/manifest'
import { uncompressedBytes } from '#events/log/sealed-file'
import { checkpointFile, gzipPath, segmentOfName, segmentPath } from '#events/log/segment-names'
import { readSegments } from '#events/log/segments'

/** A sealed file tells its length near its end. */
const END_BYTES = 256

export class LogExtent {
  readonly #runDir: string
  readonly #read: ReadManifest
  #checkpointBytes = -1
  /** Last seq under a signed checkpoint. */
  checkpointSeq = 0

  constructor(runDir: string, read: ReadManifest) {
    this.#runDir = runDir
    this.#read = read
  }

  /** Uncompressed bytes of each segment that is there, by number; of sealed ones as they say themselves. */
  sizes(): Map<number, number> {
    return new Map(
      readSegments(this.#runDir).map(({ segment, plain }) => [
        segment,
        plain ? sizeOf(segmentPath(this.#runDir, segment)) : sealedSize(gzipPath(this.#runDir, segment)),
      ]),
    )
  }

  /** Looks again where the file of checkpoints has changed. */
  refresh(): void {
    const bytes = sizeOf(checkpointFile(this.#runDir))
    if (bytes === this.#checkpointBytes) return
    this.#checkpointBytes = bytes
    const checkpoints = readCheckpoints(this.#runDir)
    const newest = checkpoints.at(-1)
    const segment = newest && segmentOfName(newest.segment)
    const trusted = segment === undefined ? undefined : trustedCheckpoint(checkpoints, this.#read, segment)
    this.checkpointSeq = trusted?.lastSeq ?? 0
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function sealedSize(path: string): number {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return 0 // moved away since the folder was listed: progress alone suffers
  }
  try {
    const { size } = fstatSync(fd)
    const end = Buffer.alloc(Math.min(size, END_BYTES))
    readSync(fd, end, 0, end.length, size - end.length)
    return uncompressedBytes(end)
  } finally {
    closeSync(fd)
  }
}
