/** Owns what an agent is to its supervisor (the roadmap's AgentBase): identity, dependencies, work, health. Holds no logic. */
import type { AgentName } from '#core/ids'

/** What an agent says of itself when asked. */
export interface Health {
  readonly isHealthy: boolean
  /** For people; empty when there is nothing to say. */
  readonly detail: string
}

/** What a running agent is given. */
export interface AgentWork {
  /** Aborted when the agent is to stop; `run` then ends soon. */
  readonly signal: AbortSignal
  /** It still works, but not as it should: it is not to decide, nor its data to be relied on. */
  degraded(reason: string): void
  /** It works as it should again. */
  recovered(): void
}

/** Every agent, thin or with I/O. One object is used again for each restart. */
export interface AgentBase {
  readonly name: AgentName
  readonly version: string
  readonly dependencies: readonly AgentName[]
  /** `decider`: the dispatcher calls it, its actor does no I/O; `connector`: brings inputs; `gateway`: carries orders out. */
  readonly kind: 'decider' | 'connector' | 'gateway'
  /** Trading cannot go on without it. */
  readonly onOrderPath: boolean
  /** Opens what it needs. Rejects when it cannot. */
  start?(signal: AbortSignal): Promise<void>
  /** Brings back what it remembered. Rejects when it cannot. */
  readonly restore?: ((signal: AbortSignal) => Promise<void>) | undefined
  /** Works until `signal` is aborted or there is no more to do. Rejects when it failed. */
  run(work: AgentWork): Promise<void>
  /** Must return at once and not throw. */
  healthcheck(): Health
}
