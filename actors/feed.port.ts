/** Owns what the host needs of an agent that brings market data. Holds no logic. */
import type { Observable } from 'rxjs'
import type { PushedInput } from '#engine/live'
import type { TimedSource } from '#engine/live.port'
import type { AgentBase } from './agent.port.js'

/** A connector as the host sees it: planned inputs that are pulled, or a stream that is pushed, or both. */
export interface Feed extends AgentBase {
  readonly kind: 'connector'
  /** Pulled by the host when their time has come; silent while the agent is not running. */
  readonly sources: readonly TimedSource[]
  /** The same without regard to the agent's lifecycle: for recovery. */
  readonly recovered: readonly TimedSource[]
  /** Pushed; while `room$` says false nothing may be sent that could wait at the venue instead. */
  inputs$?(room$: Observable<boolean>): Observable<PushedInput>
  /** Nothing more will come, ever. */
  readonly hasEnded: boolean
  /** No more inputs from here on: the process is stopping. */
  freeze(): void
}
