/**
 * Owns holding checkpoints against a log: the run's own and one kept elsewhere. Never trusts a line whose signature
 * is not by the key that the manifest names.
 */
import { existsSync } from 'node:fs'
import { QuantbotError } from '#core/errors'
import { type Checkpoint, type CheckpointLine, isSignedBy, readCheckpointLines } from './checkpoints.js'
import type { ReadManifest } from './manifest.js'
import { checkpointFile, segmentOfName } from './segments.js'
import type { Problem } from './verification.js'

/** Where the log stands at the end of a segment. */
export interface SegmentEnd {
  readonly lastSeq: number
  readonly hash: string
}

export interface OwnCheckpoints {
  /** Sound lines by segment. */
  readonly bySegment: ReadonlyMap<number, Checkpoint>
  readonly problems: readonly Problem[]
}

/** Reads the run's own checkpoint file; a line said twice is no problem, two that differ are. */
export function loadOwnCheckpoints(runDir: string, read: ReadManifest | undefined): OwnCheckpoints {
  const bySegment = new Map<number, Checkpoint>()
  const problems: Problem[] = []
  const path = checkpointFile(runDir)
  if (!existsSync(path)) return { bySegment, problems }
  for (const line of readCheckpointLines(path)) {
    const fault = checkpointFault(line, read)
    const { checkpoint } = line
    if (fault || !checkpoint) {
      problems.push(fault ?? problemOf('CHECKPOINT_INVALID', line, 'cannot be read'))
      continue
    }
    const segment = segmentOfName(checkpoint.segment)! // parseCheckpoint refuses other names
    const known = bySegment.get(segment)
    if (
      known &&
      known.sig !== checkpoint.sig &&
      (known.hash !== checkpoint.hash || known.lastSeq !== checkpoint.lastSeq)
    ) {
      problems.push(problemOf('CHECKPOINT_MISMATCH', line, 'another line for this segment says otherwise'))
    }
    bySegment.set(segment, checkpoint)
  }
  return { bySegment, problems }
}

function problemOf(code: Problem['code'], line: CheckpointLine, detail: string): Problem {
  const segment = line.checkpoint ? (segmentOfName(line.checkpoint.segment) ?? 0) : 0
  return { code, segment, seq: line.checkpoint?.lastSeq ?? 0, detail: `checkpoint line ${line.line}: ${detail}` }
}

/** What is wrong with a line by itself: not readable, another run's, not signed by this run's key. */
function checkpointFault(line: CheckpointLine, read: ReadManifest | undefined): Problem | undefined {
  const { checkpoint } = line
  if (!checkpoint) return problemOf('CHECKPOINT_INVALID', line, 'is no checkpoint line')
  if (!read) return undefined
  if (checkpoint.run !== read.manifest.run) {
    return problemOf('CHECKPOINT_MISMATCH', line, `is of run ${checkpoint.run}, this is ${read.manifest.run}`)
  }
  if (!isSignedBy(checkpoint, read.manifest.publicKey)) {
    return problemOf('CHECKPOINT_SIGNATURE', line, 'is not signed by the key of the manifest')
  }
  if (checkpoint.manifest !== read.hash) {
    return problemOf('CHECKPOINT_MISMATCH', line, `names manifest ${checkpoint.manifest}, it is ${read.hash}`)
  }
  return undefined
}

/** Holds checkpoint lines kept elsewhere against the segment ends that verification found. CHECKPOINT_MISMATCH: no file. */
export function compareExternal(
  path: string,
  read: ReadManifest | undefined,
  ends: ReadonlyMap<number, SegmentEnd>,
): readonly Problem[] {
  let lines: readonly CheckpointLine[]
  try {
    lines = readCheckpointLines(path)
  } catch (cause) {
    throw new QuantbotError('CHECKPOINT_MISMATCH', `${path} cannot be read: ${String(cause)}`, { cause })
  }
  if (lines.length === 0) throw new QuantbotError('CHECKPOINT_MISMATCH', `${path} holds no checkpoint line`)
  return lines.flatMap((line) => {
    const fault = checkpointFault(line, read)
    if (fault || !line.checkpoint) return fault ? [{ ...fault, detail: `${path}: ${fault.detail}` }] : []
    const end = ends.get(segmentOfName(line.checkpoint.segment) ?? 0)
    const { lastSeq, hash } = line.checkpoint
    if (end && end.lastSeq === lastSeq && end.hash === hash) return []
    const seen = end ? `ends at seq ${end.lastSeq} with ${end.hash}` : 'does not reach so far'
    const detail = `${path}: ${line.checkpoint.segment} ended at seq ${lastSeq} with ${hash}; this log ${seen}`
    return [problemOf('CHECKPOINT_MISMATCH', line, detail)]
  })
}
