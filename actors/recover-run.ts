/**
 * Owns opening a run folder to write it, new or after a crash: lock, torn tail aside, states refolded, and the first
 * inputs of the process. Never repairs a damaged log and never trades on one.
 */
import { invariant } from '#core/invariant'
import type { Input } from '#engine/dispatcher'
import type { HostResume, RefoldAgent } from '#engine/live.port'
import { SUPERVISOR } from '#engine/live-restore'
import type { ProcessStarted } from '#events/lifecycle.events'
import type { Recovery } from '#events/log/recover'
import { type Verification, verifyLog } from '#events/log/verify'
import { LogWriter, type LogWriterOptions } from '#events/log/writer'
import { type SetAside, SnapshotStore } from '#snapshots/store'
import { agentRefolder, chooseStart, type RefoldOptions, refoldLog, startPoint } from './refold-log.js'

export interface RecoverOptions extends RefoldOptions {
  /** `from` is chosen here. */
  readonly log: Omit<LogWriterOptions, 'from'>
}

export interface RecoveredRun {
  readonly writer: LogWriter
  readonly recovery: Recovery
  readonly snapshots: SnapshotStore
  /** For the live host; seq 0 in a new run, its agents warmed by history. */
  readonly resume: HostResume
  readonly refoldAgent: RefoldAgent
  /** Agents that had faulted, now refolded. */
  readonly restored: readonly { readonly agent: string; readonly quarantined: readonly number[] }[]
  /** Events that were refolded; the rest came from snapshots. */
  readonly refolded: number
  /** Snapshots that could not be used. */
  readonly setAside: readonly SetAside[]
  /** Seq up to which the chain has not been proved in this start: to be done by {@link proveRest}. */
  readonly unprovedSeq: number
}

/**
 * RUN_LOCKED, MANIFEST_INVALID, LOG_CORRUPT, KEY_UNUSABLE, AGENT_FAULTED. O(bytes behind the oldest snapshot in use);
 * the whole log where a subject has none.
 */
export function recoverRun(options: RecoverOptions): RecoveredRun {
  const { runDir } = options
  const looking = new SnapshotStore(runDir, 'look')
  const from = startPoint(chooseStart(options, looking))
  const { writer, recovery } = LogWriter.open(runDir, { ...options.log, ...(from ? { from } : {}) })
  try {
    // The folder is ours from here on: now bad snapshots may be moved.
    const snapshots = new SnapshotStore(runDir)
    snapshots.clean()
    const { resume, restored, events } = refoldLog(options, snapshots, chooseStart(options, snapshots))
    invariant(resume.seq === recovery.position.lastSeq, 'the refold and the log end at different events')
    const { setAside } = snapshots
    const refoldAgent = agentRefolder(options)
    const unprovedSeq = from?.seq ?? 0
    return { writer, recovery, snapshots, resume, refoldAgent, restored, refolded: events, setAside, unprovedSeq }
  } catch (error) {
    void writer.close({ seal: false }).catch(() => undefined) // the error in hand is the one to tell
    throw error
  }
}

/** First inputs of a process: that it goes on here, and which agents were brought back. Before any lifecycle change. */
export function firstInputs(
  recovered: RecoveredRun,
  process: Pick<ProcessStarted['data'], 'mode' | 'codeVersion' | 'node'>,
  ts: number,
): Input[] {
  const tornBytes = recovered.recovery.torn.reduce((sum, torn) => sum + torn.bytes, 0)
  const data: ProcessStarted['data'] = { ...process, resumedAt: recovered.resume.seq, tornBytes }
  const started: Input = { type: 'ProcessStarted', by: SUPERVISOR, ts, data }
  const restored = recovered.restored.map<Input>(({ agent, quarantined }) => ({
    type: 'AgentRestored',
    by: SUPERVISOR,
    ts,
    data: { agent, quarantined: [...quarantined] },
  }))
  return [started, ...restored]
}

/** Proves the whole chain while the run goes on. A verification that is not `ok` must halt it. */
export function proveRest(runDir: string): Promise<Verification> {
  return verifyLog(runDir)
}
