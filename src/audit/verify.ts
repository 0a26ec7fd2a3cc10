/** Owns `audit verify`: what the proof of a log says, with the time of its last event. Never writes, needs no key. */
import { readCheckpoints } from '#events/log/checkpoints'
import { type ReadManifest, readManifest } from '#events/log/manifest'
import { forEachGroup, readSegments } from '#events/log/reader'
import { type Problem, type Verification, type VerifyProgress, verifyLog } from '#events/log/verify'

export interface VerifyReport {
  readonly ok: boolean
  readonly run: string | null
  readonly mode: string | null
  readonly log: string | null
  readonly events: number
  readonly commits: number
  readonly lastSeq: number
  /** Epoch ms of the last event; null where the end of the log cannot be read. */
  readonly lastTs: number | null
  readonly lastHash: string
  readonly manifestHash: string | null
  readonly segments: number
  /** Checkpoint lines of the run folder. */
  readonly checkpoints: number
  /** The file that the log was held against. */
  readonly checkpointFile: string | null
  readonly absentSegments: readonly string[]
  /** What earlier recoveries moved aside, and bytes behind the last commit: neither is part of the log. */
  readonly torn: { readonly files: readonly string[]; readonly uncommittedBytes: number }
  readonly problems: readonly Problem[]
}

export interface VerifyRequest {
  readonly checkpointFile?: string | undefined
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
}

/** Proves a run folder. Throws only for what cannot be read at all. O(bytes). */
export async function auditVerify(runDir: string, request: VerifyRequest = {}): Promise<VerifyReport> {
  const { checkpointFile, onProgress } = request
  const proof = await verifyLog(runDir, {
    ...(checkpointFile === undefined ? {} : { checkpointFile }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  const read = manifestOf(runDir)
  const checkpoints = readCheckpoints(runDir)
  return {
    ok: proof.ok,
    run: read?.manifest.run ?? null,
    mode: read?.manifest.mode ?? null,
    log: read?.manifest.log ?? null,
    events: proof.events,
    commits: proof.commits,
    lastSeq: proof.lastSeq,
    lastTs: proof.ok ? lastTsOf(runDir, proof) : null,
    lastHash: proof.lastHash,
    manifestHash: read?.hash ?? null,
    segments: readSegments(runDir).length,
    checkpoints: checkpoints.length,
    checkpointFile: checkpointFile ?? null,
    absentSegments: proof.absentSegments,
    torn: { files: proof.tornFiles, uncommittedBytes: proof.uncommittedBytes },
    problems: proof.problems,
  }
}

function manifestOf(runDir: string): ReadManifest | undefined {
  try {
    return readManifest(runDir)
  } catch {
    return undefined // The proof lists it as a problem already.
  }
}

/** The last checkpoint tells it where it stands at the end, else the groups behind it; null for an empty log. */
function lastTsOf(runDir: string, proof: Verification): number | null {
  const checkpoint = readCheckpoints(runDir).at(-1)
  if (checkpoint?.lastSeq === proof.lastSeq) return checkpoint.ts
  const segment = checkpoint === undefined ? undefined : Number.parseInt(checkpoint.segment, 10)
  const from =
    checkpoint === undefined || segment === undefined
      ? undefined
      : { segment: segment + 1, offset: 0, seq: checkpoint.lastSeq, hash: checkpoint.hash }
  return forEachGroup(runDir, () => true, from ? { from } : {}).last?.lastTs ?? null
}
