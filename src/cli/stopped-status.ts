/** Owns what can be told cheaply of a run that nobody is writing: where its log ends, and its book from a snapshot there. */
import { QuantbotError } from '#core/errors'
import { readCheckpoints } from '#events/log/checkpoints'
import { readManifest } from '#events/log/manifest'
import { LogCursor } from '#events/log/reader'
import { readSegments } from '#events/log/segments'
import { type BookView, positionSnapshot, type RiskState } from '#risk/engine.decider'
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
  return { runId: manifest.run, mode: manifest.mode, state: 'stopped', seq, ...bookAt(runDir, seq, manifest.agents) }
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

function bookAt(
  runDir: string,
  seq: number,
  agents: readonly { readonly name: string; readonly version: string }[],
): Partial<BookView> {
  const store = new SnapshotStore(runDir, 'look')
  const version = agents.find(({ name }) => name === 'risk/engine')?.version
  if (version === undefined || store.seqs('risk/engine')[0] !== seq) return {}
  try {
    const snapshot = store.read('risk/engine', version, seq)
    return snapshot === undefined ? {} : positionSnapshot(JSON.parse(snapshot.state) as RiskState) // its own snapshot
  } catch (cause) {
    throw new QuantbotError('LOG_CORRUPT', `${store.folder}: the snapshot of risk/engine cannot be read`, { cause })
  }
}
