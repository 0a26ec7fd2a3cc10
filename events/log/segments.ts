/**
 * Owns listing a run's segments and reading their bytes, plain or gzip-compressed.
 * Never writes; never judges what the bytes say.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { isSystemError } from './durable.js'
import { readGzip } from './sealed-file.js'
import { gzipPath, logFolder, segmentOfName, segmentPath } from './segment-names.js'

export * from './segment-names.js'

/** A segment that is there; both forms at once are the trace of a crash while sealing. */
export interface SegmentFile {
  readonly segment: number
  readonly plain: boolean
  readonly gzip: boolean
}

/** Segments of a run in order. Absent ones are simply not listed. */
export function readSegments(runDir: string): readonly SegmentFile[] {
  if (!existsSync(logFolder(runDir))) return []
  const found = new Map<number, { plain: boolean; gzip: boolean }>()
  for (const name of readdirSync(logFolder(runDir))) {
    const gzip = name.endsWith('.gz')
    const segment = segmentOfName(gzip ? name.slice(0, -3) : name)
    if (segment === undefined) continue
    const forms = found.get(segment) ?? { plain: false, gzip: false }
    found.set(segment, gzip ? { ...forms, gzip } : { ...forms, plain: true })
  }
  return [...found].map(([segment, forms]) => ({ segment, ...forms })).sort((a, b) => a.segment - b.segment)
}

/** `.torn` files of a run, by name. */
export function tornFiles(runDir: string): readonly string[] {
  if (!existsSync(logFolder(runDir))) return []
  return readdirSync(logFolder(runDir))
    .filter((name) => name.endsWith('.torn'))
    .sort()
}

/** Bytes of a segment, uncompressed. `whole` is set where they are in memory anyway. */
export interface ByteSource {
  readonly whole?: Buffer
  /** Bytes there when it was opened; what a running writer adds later is not seen. */
  size(): number
  /** Reads into `target`; 0 at the end. */
  read(target: Buffer, at: number, length: number, position: number): number
  close(): void
}

export function memorySource(bytes: Buffer): ByteSource {
  return {
    whole: bytes,
    size: () => bytes.length,
    read: (target, at, length, position) => bytes.copy(target, at, position, position + length),
    close: () => undefined,
  }
}

function plainSource(path: string): ByteSource {
  const fd = openSync(path, 'r')
  const { size } = fstatSync(fd)
  return {
    size: () => size,
    read: (target, at, length, position) => {
      const there = Math.min(length, size - position)
      return there > 0 ? readSync(fd, target, at, there, position) : 0
    },
    close: () => closeSync(fd),
  }
}

/** Opens a segment; the plain form is preferred where both are there, because it is removed last. */
export function openSegment(runDir: string, file: SegmentFile): ByteSource {
  if (file.plain) {
    try {
      return plainSource(segmentPath(runDir, file.segment))
    } catch (error) {
      // The writer may have sealed it since the folder was listed.
      if (!isSystemError(error, 'ENOENT') || !existsSync(gzipPath(runDir, file.segment))) throw error
    }
  }
  return memorySource(readGzip(runDir, file.segment))
}
