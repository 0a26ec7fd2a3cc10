/** Owns the interfaces between the pure rooms and I/O. Implementations live in events/log, src/data, src/venues, actors. */

/** What a commit made durable. */
export interface Commit {
  readonly lastSeq: number
  /** ts of the last event. */
  readonly lastTs: number
  readonly count: number
  /** Chain hash, hex. */
  readonly hash: string
  /** Segment and the byte offset after the commit line: where a later verification or refold may begin. */
  readonly segment: number
  readonly offset: number
}

/**
 * Where groups of whole steps become durable. A group that could not be written (LOG_WRITE_FAILED) is kept by the
 * writer: the same call with the very same `lines` tries again, and nothing else is taken before it has succeeded.
 */
export interface LogPort {
  commitSync(lines: Uint8Array, count: number, lastSeq: number, lastTs: number): Commit
  commit(lines: Uint8Array, count: number, lastSeq: number, lastTs: number): Promise<Commit>
}

/** State of one agent right behind a commit: `commit.lastSeq` is the last event that it has seen. */
export interface AgentSnapshot {
  readonly agent: string
  readonly version: string
  readonly commit: Commit
  /** The state as JSON text. */
  readonly state: string
}

/** Where snapshots are kept. They are never needed for truth: losing one costs time. */
export interface SnapshotPort {
  /** Called once the commit is durable. */
  save(snapshot: AgentSnapshot): Promise<void>
}

/** Time of the machine, injected. */
export interface ClockPort {
  /** UTC epoch ms. */
  now(): number
}

/** The machine's scheduler, injected where pure rooms must wait. */
export interface SchedulerPort {
  /** A monotonic clock, milliseconds with fractions. Never enters an event. */
  now(): number
  /** Calls `fn` soon, once pending I/O had its turn. */
  soon(fn: () => void): void
  /** Calls `fn` once after `delayMs`; the result cancels it. */
  after(delayMs: number, fn: () => void): () => void
}

/**
 * Time of day that may run at another speed than the machine's: connectors and the simulated exchange share one. Limits,
 * heartbeats, back-off and staleness are measured on it alone.
 */
export interface TimePort {
  /** UTC epoch ms of this clock. */
  now(): number
  /** Calls `fn` once when this clock has advanced by `delayMs`; the result cancels it. */
  after(delayMs: number, fn: () => void): () => void
}
