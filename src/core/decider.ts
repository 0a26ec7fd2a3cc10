/** Owns the contract of a decider: pure, synchronous, deterministic. Nothing here does I/O or knows an event type. */
import type { EventEnvelope } from './envelope.js'
import type { AgentName } from './ids.js'
import type { Random } from './random.js'
import type { DurationMs, EpochMs, Interval } from './time.js'

/** What a decision may know besides its state and the event in hand. Valid during the call only. */
export interface DecideContext {
  /** Time of the event in hand: the time of the decision. */
  readonly ts: EpochMs
  /** Seq of the event in hand. */
  readonly seq: number
  /** Seq of the input that began the step. */
  readonly inputSeq: number
  /** A stream seeded by (run seed, agent, seq of the event in hand). */
  random(): Random
  /** `prefix-<input seq>-<ordinal in the step>`: the same decision always makes the same id. */
  newId(prefix: string): string
}

/**
 * An agent's mind. `evolve` remembers, `decide` has opinions.
 * State is plain encodable data (JSON: objects, arrays, finite numbers, strings, booleans, null) with a stated bound.
 */
export interface Decider<S, In extends EventEnvelope = EventEnvelope, Out extends EventEnvelope = EventEnvelope> {
  readonly name: AgentName
  readonly version: string
  /** Agents whose events it reads; a DAG, checked at boot. */
  readonly dependencies: readonly AgentName[]
  readonly reads: readonly In['type'][]
  /** Never one of `reads`. */
  readonly emits: readonly Out['type'][]
  /** Bars are delivered only at these intervals; all when absent. */
  readonly intervals?: readonly Interval[]
  /** History to read before a start: with more of it, values change by less than 0.1 %. */
  readonly warmupMs: DurationMs
  /** A fault of it halts trading. */
  readonly onOrderPath: boolean
  /** Its outputs are market data: in history they are passed on, to be evolved upon (see dispatcher `warm`). */
  readonly derivesMarket?: boolean
  initial(): S
  /** May mutate and return the state it owns. */
  evolve(state: S, event: In | Out): S
  /** Pure. Must not touch the state. */
  decide(state: S, event: In, context: DecideContext): readonly DraftsOf<Out>[]
}

type DraftsOf<E extends EventEnvelope> =
  E extends EventEnvelope<infer T, infer D> ? { readonly type: T; readonly data: D } : never

/** No opinion. Shared, so that silence allocates nothing. */
export const SILENCE: readonly never[] = Object.freeze([])
