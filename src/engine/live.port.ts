/** Owns what a live host is given and what it tells: sources, options, problems. Holds no logic. */
import type { Decider } from '#core/decider'
import type { Commit, LogPort, SchedulerPort, SnapshotPort } from '#core/ports'
import type { DurationMs } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import type { Input } from './dispatcher.js'
import type { HostClock } from './live-clock.js'
import type { TimerState } from './timers.js'

/** Inputs with planned times, pulled when their time has come: a simulated market, a recorded feed. */
export interface TimedSource {
  /** `by` of its inputs, and its name in snapshots: `source/sim`. */
  readonly name: string
  /** Of its snapshots; another one makes them void. */
  readonly version: string
  /** The next input, times never decreasing; the same one until `next`. Undefined: ended. */
  peek(): Input | undefined
  /** Moves past what `peek` gave. */
  next(): void
  /** Plain data from which it goes on behind the inputs taken so far; a peeked input is not taken. */
  state(): unknown
  restore(state: unknown): void
}

export type ProblemCode =
  | 'queue-overflow'
  | 'log-stalled'
  | 'log-failed'
  | 'effect-threw'
  | 'snapshot-failed'
  | 'restore-failed'
  | 'clock-stepped'
  | 'step-threw'

/** Something a person should know. `isFatal`: the host has halted and takes no more inputs. */
export interface HostProblem {
  readonly code: ProblemCode
  readonly detail: string
  readonly isFatal: boolean
  readonly error?: unknown
}

/** Where a host goes on: what recovery found. */
export interface HostResume {
  readonly seq: number
  readonly ts: number
  /** By agent; agents that are not named keep their initial state. */
  readonly states: ReadonlyMap<string, unknown>
  readonly timers: TimerState
}

/** Refolds one agent alone from its last snapshot up to `seq`, which is durable, without some events. Rejects when it cannot. */
export type RefoldAgent = (agent: string, seq: number, without: readonly number[]) => Promise<RefoldedAgent>

export interface RefoldedAgent {
  readonly state: unknown
  /** All seqs that it did not see because it throws on them, those of `without` included. */
  readonly quarantined: readonly number[]
}

export interface LiveHostOptions {
  readonly deciders: readonly Decider<unknown>[]
  readonly runSeed: number
  readonly log: LogPort
  readonly clock: HostClock
  readonly scheduler: SchedulerPort
  readonly groupEvents: number
  readonly groupMs: DurationMs
  /** A group that takes longer to become durable halts trading. */
  readonly stallMs: DurationMs
  readonly queueCapacity?: number
  readonly sources?: readonly TimedSource[]
  readonly resume?: HostResume
  readonly snapshots?: { readonly port: SnapshotPort; readonly everyEvents: number }
  /** Brings back agents that faulted; without it they stay faulted. Agents on the order path always do. */
  readonly refoldAgent?: RefoldAgent
  /** Every durable event, in order, with the commit that made it durable: effects go here. Must not throw. */
  readonly onCommitted: (events: readonly AnyEvent[], commit: Commit) => void
  readonly onProblem: (problem: HostProblem) => void
  /** Sources that were told to wait may push again. */
  readonly onRoom?: () => void
  /** Sources have ended, nothing waits, everything is durable. */
  readonly onIdle?: () => void
}

export type HostState = 'new' | 'running' | 'stalled' | 'halted' | 'stopping' | 'stopped'
