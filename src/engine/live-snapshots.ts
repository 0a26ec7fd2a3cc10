/**
 * Owns when which agent is snapshotted: one at a time, round robin, at the end of a group, so that no pause is longer
 * than one state takes to encode. Saving happens elsewhere, once the group is durable. A lost snapshot costs time only.
 */
import type { AgentSnapshot, Commit, SchedulerPort, SnapshotPort } from '#core/ports'
import type { Dispatcher } from './dispatcher.js'
import type { LiveHostOptions } from './live.port.js'
import type { TimerHeap } from './timers.js'

/** Name of the pending timers among the snapshots. */
export const TIMERS = 'engine/timers'

/** Snapshots encoded and not yet saved. */
const MAX_UNSAVED = 4

/** Something with a state that is a function of the log: an agent, a source, the pending timers. */
export interface SnapshotSubject {
  readonly name: string
  readonly version: string
  /** Undefined: not now (a faulted agent has no state). */
  state(): unknown
}

interface Encoded {
  readonly subject: SnapshotSubject
  readonly state: string
}

export interface SnapshotTurnOptions {
  readonly port: SnapshotPort
  readonly scheduler: SchedulerPort
  readonly subjects: readonly SnapshotSubject[]
  /** Each subject is snapshotted about once in this many events. */
  readonly everyEvents: number
  readonly onFailed: (agent: string, error: unknown) => void
}

export class SnapshotTurns {
  readonly #options: SnapshotTurnOptions
  /** By the seq of the group they belong to. */
  readonly #encoded = new Map<number, Encoded>()
  /** Saves under way. */
  readonly #saving = new Set<Promise<void>>()
  #next = 0
  #lastSeq: number
  #longestPauseMs = 0
  #taken = 0

  constructor(options: SnapshotTurnOptions, seq: number) {
    this.#options = options
    this.#lastSeq = seq
  }

  /** Longest time that encoding one state kept the host from stepping. */
  get longestPauseMs(): number {
    return this.#longestPauseMs
  }

  get taken(): number {
    return this.#taken
  }

  /** At the end of a group, before it is written: encodes at most one state. */
  onSeal(seq: number): void {
    const { subjects, everyEvents } = this.#options
    if (subjects.length === 0 || seq - this.#lastSeq < everyEvents / subjects.length) return
    // A disk that cannot keep up gets fewer snapshots, not a longer queue.
    if (this.#saving.size + this.#encoded.size >= MAX_UNSAVED) return
    this.#lastSeq = seq
    const subject = subjects[this.#next % subjects.length]!
    this.#next++
    this.#encode(subject, seq)
  }

  #encode(subject: SnapshotSubject, seq: number): void {
    const { scheduler } = this.#options
    const begun = scheduler.now()
    const value = subject.state()
    if (value === undefined) return
    const state = JSON.stringify(value)
    const pauseMs = scheduler.now() - begun
    if (pauseMs > this.#longestPauseMs) this.#longestPauseMs = pauseMs
    this.#encoded.set(seq, { subject, state })
  }

  /** The group is durable: what was encoded at its end may be saved. */
  onDurable(commit: Commit): void {
    const encoded = this.#encoded.get(commit.lastSeq)
    if (encoded === undefined) return
    this.#encoded.delete(commit.lastSeq)
    this.#save(encoded, commit)
  }

  /** In good order: one snapshot of every subject behind the last commit. Nothing may have been stepped since. */
  async saveAll(commit: Commit): Promise<void> {
    for (const subject of this.#options.subjects) {
      this.#encode(subject, commit.lastSeq)
      this.onDurable(commit)
    }
    await this.settled()
  }

  /** Waits for saves under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#saving)
  }

  #save(encoded: Encoded, commit: Commit): void {
    const { subject, state } = encoded
    const snapshot: AgentSnapshot = { agent: subject.name, version: subject.version, commit, state }
    this.#taken++
    const saving = new Promise<void>((resolve) => resolve(this.#options.port.save(snapshot)))
      .catch((error: unknown) => this.#options.onFailed(subject.name, error))
      .finally(() => this.#saving.delete(saving))
    this.#saving.add(saving)
  }
}

/** Turns of everything that a host remembers: its agents, its sources, its pending timers. */
export function snapshotTurns(
  options: LiveHostOptions,
  dispatcher: Dispatcher,
  timers: TimerHeap,
): SnapshotTurns | undefined {
  const { snapshots, sources, scheduler, onProblem } = options
  if (!snapshots) return undefined
  const agents = dispatcher.slots.map((slot) => ({
    name: slot.decider.name,
    version: slot.decider.version,
    state: () => (slot.faulted ? undefined : slot.state),
  }))
  const feeds = (sources ?? []).map((source) => ({
    name: source.name,
    version: source.version,
    state: () => source.state(),
  }))
  const pending = { name: TIMERS, version: '1', state: () => timers.state() }
  const onFailed = (agent: string, error: unknown): void =>
    onProblem({ code: 'snapshot-failed', detail: `${agent}: ${String(error)}`, isFatal: false, error })
  const { port, everyEvents } = snapshots
  const subjects = [...agents, ...feeds, pending]
  return new SnapshotTurns({ port, scheduler, subjects, everyEvents, onFailed }, dispatcher.seq)
}
