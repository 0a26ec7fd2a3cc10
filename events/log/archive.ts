/**
 * Owns moving sealed segments of a run to another folder: copied, synced, compared, then removed, oldest first.
 * Never moves a segment without a checkpoint that vouches for it, and never leaves a hole before one that stays.
 */
import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, unlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { QuantbotError } from '#core/errors'
import { sha256 } from './chain.js'
import { readCheckpoints } from './checkpoints.js'
import { syncDirectory } from './log-files.port.js'
import { gzipPath, logFolder, readSegments, segmentName } from './segments.js'

export interface Archived {
  /** Names of the segment files that were moved, in order. */
  readonly moved: readonly string[]
  readonly folder: string
}

/**
 * Moves the sealed segments that end before `beforeSeq` to `folder`. May be run beside the process that writes the run.
 * TARGET_EXISTS when `folder` holds another file of that name; interrupted, it is run again.
 */
export function archiveSegments(runDir: string, beforeSeq: number, folder: string): Archived {
  const checkpoints = new Map(readCheckpoints(runDir).map((checkpoint) => [checkpoint.segment, checkpoint]))
  const moved: string[] = []
  mkdirSync(folder, { recursive: true })
  for (const file of readSegments(runDir)) {
    const checkpoint = checkpoints.get(segmentName(file.segment))
    if (!file.gzip || file.plain || checkpoint === undefined || checkpoint.lastSeq >= beforeSeq) break
    moveDurably(gzipPath(runDir, file.segment), folder)
    moved.push(basename(gzipPath(runDir, file.segment)))
  }
  if (moved.length > 0) syncDirectory(logFolder(runDir))
  return { moved, folder }
}

function moveDurably(from: string, folder: string): void {
  const to = join(folder, basename(from))
  const bytes = readFileSync(from)
  if (existsSync(to)) {
    if (sha256(readFileSync(to)) !== sha256(bytes)) throw new QuantbotError('TARGET_EXISTS', `${to} is another file`)
  } else copyFileSync(from, to)
  if (sha256(readFileSync(to)) !== sha256(bytes))
    throw new QuantbotError('LOG_WRITE_FAILED', `${to} is not what was copied there`)
  syncFile(to)
  syncDirectory(folder)
  unlinkSync(from)
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
