/** Owns the names of the files in a run folder's log. Never touches the disk. */
import { join } from 'node:path'

export const logFolder = (runDir: string): string => join(runDir, 'log')
export const checkpointFile = (runDir: string): string => join(runDir, 'checkpoints', 'checkpoints.ndjson')
/** `00000001.ndjson` of segment 1. */
export const segmentName = (segment: number): string => `${String(segment).padStart(8, '0')}.ndjson`
export const segmentPath = (runDir: string, segment: number): string => join(logFolder(runDir), segmentName(segment))
export const gzipPath = (runDir: string, segment: number): string => `${segmentPath(runDir, segment)}.gz`

/** Segment of `00000001.ndjson`, undefined when it is no such name. */
export function segmentOfName(name: string): number | undefined {
  const match = /^(\d{8})\.ndjson$/.exec(name)
  const segment = match ? Number(match[1]) : 0
  return segment > 0 ? segment : undefined
}
