/**
 * Owns the choice of snapshots to start from: the newest of each subject that is whole, of its version, not beyond `seq`,
 * and whose commit the log has. Never reads the log itself: it asks.
 */
import type { AgentSnapshot, Commit } from '#core/ports'
import type { SnapshotStore } from './store.js'

/** An agent, a source, the timers: whatever has snapshots. */
export interface Subject {
  readonly name: string
  readonly version: string
}

export interface Chosen {
  /** By subject; one that is missing has no usable snapshot. */
  readonly snapshots: ReadonlyMap<string, AgentSnapshot>
  /** Where a refold must begin to bring all of them up to date; undefined: at the start of the log. */
  readonly from: Commit | undefined
}

/**
 * `isInLog` says whether the log has this very commit at this place; it is asked for the oldest chosen one only, because
 * the walk from there meets the others ({@link rejectUnmet}).
 */
export function chooseSnapshots(
  store: SnapshotStore,
  subjects: readonly Subject[],
  isInLog: (commit: Commit) => boolean,
  untilSeq = Number.POSITIVE_INFINITY,
): Chosen {
  for (;;) {
    const snapshots = new Map<string, AgentSnapshot>()
    for (const subject of subjects) {
      const newest = newestOf(store, subject, untilSeq)
      if (newest) snapshots.set(subject.name, newest)
    }
    const oldest = [...snapshots.values()].reduce<AgentSnapshot | undefined>(
      (least, each) => (least === undefined || each.commit.lastSeq < least.commit.lastSeq ? each : least),
      undefined,
    )
    if (oldest === undefined) return { snapshots, from: undefined }
    if (!isInLog(oldest.commit)) {
      store.reject(oldest.agent, oldest.commit.lastSeq, 'the log has no such commit')
      continue
    }
    return { snapshots, from: snapshots.size === subjects.length ? oldest.commit : undefined }
  }
}

function newestOf(store: SnapshotStore, { name, version }: Subject, untilSeq: number): AgentSnapshot | undefined {
  for (const seq of store.seqs(name)) {
    const read = seq <= untilSeq ? store.read(name, version, seq) : undefined
    if (read) return read
  }
  return undefined
}

/** Moves aside chosen snapshots whose commit the walk did not meet with that very hash; says whether there were any. */
export function rejectUnmet(store: SnapshotStore, chosen: Chosen, hashOfSeq: ReadonlyMap<number, string>): boolean {
  let found = false
  for (const { agent, commit } of chosen.snapshots.values()) {
    if (commit.lastSeq === chosen.from?.lastSeq && commit.hash === chosen.from.hash) continue
    if (hashOfSeq.get(commit.lastSeq) === commit.hash) continue
    store.reject(agent, commit.lastSeq, 'the log has no such commit')
    found = true
  }
  return found
}
