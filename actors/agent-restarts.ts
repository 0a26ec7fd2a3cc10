/**
 * Owns restarts that an operator asks for: whether one is safe now, and its answer once the agent's first change is on disk.
 * Never restarts anything itself: the supervisor does.
 */
import { QuantbotError } from '#core/errors'
import type { AgentName } from '#core/ids'
import type { EpochMs } from '#core/time'
import type { LiveHost, PushedInput } from '#engine/live'
import type { AnyEvent } from '#events/catalogue'
import type { AgentLifecycleChanged } from '#events/lifecycle.events'
import type { RouterState } from '#execution/router-state'
import type { RiskState } from '#risk/engine.decider'
import type { AgentBase } from './agent.port.js'
import type { RunState } from './run-status.js'
import type { AgentStatus } from './supervision.js'

export interface AgentRestartsOptions {
  readonly agents: readonly AgentBase[]
  readonly host: Pick<LiveHost, 'dispatcher' | 'restore'>
  readonly state: () => RunState
  readonly status: () => readonly AgentStatus[]
  readonly restart: (agent: AgentName, reason: string) => void
  /** The clock of the host, epoch ms. */
  readonly now: () => EpochMs
}

interface Waiting {
  /** As the lifecycle events of this restart say it. */
  readonly reason: string
  readonly resolve: (outcome: { readonly seq: number }) => void
  readonly reject: (error: Error) => void
}

/** Characters of the operator's words that stand in lifecycle events (ours). */
const REASON_MAX = 200

/** The reason of every lifecycle event of a restart, on one line. */
export function operatorReason(reason: string): string {
  return `operator: ${reason.replace(/[\p{C}\p{Z}\s]+/gu, ' ').trim() || 'no reason given'}`.slice(0, REASON_MAX)
}

export class AgentRestarts {
  readonly #options: AgentRestartsOptions
  readonly #agents: ReadonlyMap<AgentName, AgentBase>
  readonly #waiting = new Map<AgentName, Waiting>()
  /** Deciders that stop and start in one breath, and when. */
  readonly #moments = new Map<AgentName, number>()
  #isClosed = false

  constructor(options: AgentRestartsOptions) {
    this.#options = options
    this.#agents = new Map(options.agents.map((agent) => [agent.name, agent]))
  }

  /** USAGE: no such agent; CONTROL_REFUSED says why not, and nothing is written. */
  async ask(name: AgentName, words: string): Promise<{ readonly seq: number }> {
    const agent = this.#agents.get(name)
    if (agent === undefined) {
      const names = [...this.#agents.keys()].join(', ')
      throw new QuantbotError('USAGE', `this run has no agent ${name}; it has ${names}`)
    }
    const refusal = this.#isClosed ? 'the process is ending' : this.#refusal(agent)
    if (refusal !== undefined) throw new QuantbotError('CONTROL_REFUSED', refusal)
    const reason = operatorReason(words)
    return new Promise((resolve, reject) => {
      this.#waiting.set(name, { reason, resolve, reject })
      this.#options.restart(name, reason)
    })
  }

  /**
   * All changes of a decider that only stops and starts have one time, so that no timer is due between them: it would be
   * lost on an agent that does not decide.
   */
  atOnce(input: PushedInput): PushedInput {
    if (input.type !== 'AgentLifecycleChanged' || this.#waiting.size === 0) return input
    const { agent, to } = input.data as AgentLifecycleChanged['data'] // the catalogue's payload
    const waiting = this.#waiting.get(agent)
    if (waiting === undefined || this.#agents.get(agent)?.kind !== 'decider') return input
    const ts = this.#moments.get(agent) ?? this.#options.now()
    if (to === 'stopping') this.#moments.set(agent, ts)
    else if (to === 'running' || to === 'faulted') this.#moments.delete(agent)
    return { ...input, ts }
  }

  /** Durable events, in order. */
  committed(events: readonly AnyEvent[]): void {
    if (this.#waiting.size === 0) return
    for (const event of events) {
      if (event.type !== 'AgentLifecycleChanged') continue
      const waiting = this.#waiting.get(event.data.agent)
      if (waiting === undefined || event.data.reason !== waiting.reason) continue
      this.#waiting.delete(event.data.agent)
      waiting.resolve({ seq: event.seq })
    }
  }

  /** What was not answered never will be. */
  close(): void {
    this.#isClosed = true
    for (const { reject } of this.#waiting.values())
      reject(new QuantbotError('CONTROL_REFUSED', 'the process is stopping or has halted'))
    this.#waiting.clear()
  }

  #refusal({ name, kind, onOrderPath }: AgentBase): string | undefined {
    const { host, state, status } = this.#options
    if (state() !== 'running') return `the process is ${state()}`
    if (this.#waiting.has(name)) return `${name} is being restarted already`
    const { state: is } = status().find((agent) => agent.name === name)!
    if (is !== 'running' && is !== 'degraded' && is !== 'faulted' && is !== 'stopped') return `${name} is ${is}`
    if (kind === 'decider' && is === 'faulted' && host.restore.isRestoring(name))
      return `${name} is being brought back already`
    return onOrderPath ? this.#danger(name, kind, is === 'faulted') : undefined
  }

  /** Why an agent that orders pass through must go on as it is. */
  #danger(name: AgentName, kind: AgentBase['kind'], isFaulted: boolean): string | undefined {
    const { dispatcher } = this.#options.host
    if (kind === 'decider' && isFaulted)
      return `${name} is on the order path and has faulted: only a new process asks the venue what became of its orders; stop the run and start it again`
    // A feed that is down already harms no order by being started.
    if (isFaulted) return undefined
    const risk = dispatcher.stateOf<RiskState>('risk/engine')
    const working = Math.max(risk.orders.open.length, dispatcher.stateOf<RouterState>('execution/router').live.length)
    if (working > 0) return `${name} is on the order path and ${working} orders are working; try again when none is`
    if (kind === 'decider' && !risk.halted)
      return `${name} is on the order path and trading goes on; halt it first (quantbot halt)`
    return undefined
  }
}
