/** Owns the shape that every event has in memory and in the log. Knows no event type. */
import type { AgentName } from './ids.js'
import type { EpochMs } from './time.js'

/** One event, in the key order of its log line. */
export interface EventEnvelope<T extends string = string, D = unknown> {
  /** Place in the run, from 1; 0 for history, which has none. */
  readonly seq: number
  readonly ts: EpochMs
  readonly type: T
  /** Version of the payload. */
  readonly v: number
  /** Who says so: an agent, or the source of an input. */
  readonly by: AgentName
  /** Seq of the event that led to it; 0 for an input. */
  readonly cause: number
  readonly data: D
}

/** What a decider puts out: the dispatcher adds seq, ts, v, by and cause. */
export interface Draft<T extends string = string, D = unknown> {
  readonly type: T
  readonly data: D
}

/** The draft of an event type, kept distributive over unions. */
export type DraftOf<E extends EventEnvelope> = E extends EventEnvelope<infer T, infer D> ? Draft<T, D> : never
