/**
 * Owns when which agent is snapshotted: one at a time, round robin, at the end of a group. The state is copied at once and
 * encoded piece by piece between pumps, so that no pause is longer than a copy or a piece takes. Saving happens elsewhere, once
 * the group is durable. A lost snapshot costs time only.
 */
import type { AgentSnapshot, Commit, SchedulerPort, SnapshotPort } from '#core/ports'
import type { Dispatcher } from './dispatcher.js'
import type { LiveHostOptions } from './live.port.js'
import { copyPlain, jsonPieces } from './plain-copy.js'
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

/** A snapshot in the making: saved once it is encoded and its group durable, whichever comes last. */
interface Encoding {
  readonly subject: SnapshotSubject
  readonly pieces: Iterator<string>
  readonly parts: string[]
  state?: string
  commit?: Commit
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
  readonly #encoded = new Map<number, Encoding>()
  /** Saves under way. */
  readonly #saving = new Set<Promise<void>>()
  #next = 0
  #lastSeq: number
  #longestPauseMs = 0
  #taken = 0
  #isEnding = false

  constructor(options: SnapshotTurnOptions, seq: number) {
    this.#options = options
    this.#lastSeq = seq
  }

  /** Longest time that copying a state or encoding a piece of it kept the host from stepping. */
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
    const encoding: Encoding = { subject, pieces: jsonPieces(copyPlain(value)), parts: [] }
    this.#paused(begun)
    this.#encoded.set(seq, encoding)
    scheduler.soon(() => this.#encodePiece(encoding))
  }

  #encodePiece(encoding: Encoding): void {
    const { scheduler } = this.#options
    if (this.#isEnding) return
    const begun = scheduler.now()
    const { value, done } = encoding.pieces.next()
    if (done !== true) {
      encoding.parts.push(value)
      this.#paused(begun)
      scheduler.soon(() => this.#encodePiece(encoding))
      return
    }
    encoding.state = encoding.parts.join('')
    this.#paused(begun)
    this.#saveIfReady(encoding)
  }

  #paused(begun: number): void {
    const pauseMs = this.#options.scheduler.now() - begun
    if (pauseMs > this.#longestPauseMs) this.#longestPauseMs = pauseMs
  }

  /** The group is durable: what was copied at its end may be saved. */
  onDurable(commit: Commit): void {
    const encoding = this.#encoded.get(commit.lastSeq)
    if (encoding === undefined) return
    encoding.commit = commit
    this.#saveIfReady(encoding)
  }

  #saveIfReady({ subject, state, commit }: Encoding): void {
    if (state === undefined || commit === undefined) return
    this.#encoded.delete(commit.lastSeq)
    this.#save(subject, state, commit)
  }

  /** In good order: one snapshot of every subject behind the last commit. Nothing may have been stepped since. */
  async saveAll(commit: Commit): Promise<void> {
    this.#isEnding = true
    this.#encoded.clear()
    for (const subject of this.#options.subjects) {
      const value = subject.state()
      if (value !== undefined) this.#save(subject, JSON.stringify(value), commit)
    }
    await this.settled()
  }

  /** Waits for saves under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#saving)
  }

  #save(subject: SnapshotSubject, state: string, commit: Commit): void {
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
