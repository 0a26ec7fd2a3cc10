/** Owns what can be told cheaply of a run that nobody is writing: where its log ends, and its book from a snapshot there. */
import { QuantbotError } from '#core/errors'
import { readCheckpoints } from '#events/log/checkpoints'
import { readManifest } from '#events/log/manifest'
import { LogCursor } from '#events/log/reader'
import { readSegments } from '#events/log/segments'
import { type BookView, positionSnapshot, RISK_ENGINE_VERSION, type RiskState } from '#risk/engine.decider'
import { SnapshotStore } from '#snapshots/store'

export interface StoppedStatus extends Partial<BookView> {
  readonly runId: string
  readonly mode: string
  readonly state: 'stopped'
  readonly seq: number
}

/** O(1) after a stop in good order; O(log) after a crash, and then without the book. */
export function stoppedStatus(runDir: string): StoppedStatus {
  const { manifest } = readManifest(runDir)
  const seq = lastSeqOf(runDir)
  return { runId: manifest.run, mode: manifest.mode, state: 'stopped', seq, ...bookAt(runDir, seq) }
}

function lastSeqOf(runDir: string): number {
  const isSealed = readSegments(runDir).every(({ gzip }) => gzip)
  const sealed = readCheckpoints(runDir).at(-1)?.lastSeq
  if (isSealed && sealed !== undefined) return sealed
  const cursor = new LogCursor(runDir, { absent: 'skip' })
  try {
    while (cursor.next());
    return cursor.end().last?.lastSeq ?? 0
  } finally {
    cursor.close()
  }
}

/** Nothing where the newest snapshot is of another version of quantbot: its layout is not ours. */
function bookAt(runDir: string, seq: number): Partial<BookView> {
  const store = new SnapshotStore(runDir, 'look')
  if (store.seqs('risk/engine')[0] !== seq) return {}
  try {
    const snapshot = store.read('risk/engine', RISK_ENGINE_VERSION, seq)
    return snapshot === undefined ? {} : positionSnapshot(JSON.parse(snapshot.state) as RiskState) // its own snapshot
  } catch (cause) {
    throw new QuantbotError('LOG_CORRUPT', `${store.folder}: the snapshot of risk/engine cannot be read`, { cause })
  }
}
