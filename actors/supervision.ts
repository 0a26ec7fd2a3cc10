/**
 * Owns the verdicts of the supervisor: who starts, restarts, is degraded, given up or stopped next. Plain logic without
 * XState, clocks or I/O. Never silences an agent of the order path because of another one: it must stay able to cut risk
 * and to obey the operator, so losing what it depends on is told to risk instead.
 */
import type { AgentName } from '#core/ids'
import { invariant } from '#core/invariant'
import type { DurationMs } from '#core/time'
import type { PushedInput } from '#engine/live'
import { SUPERVISOR } from '#engine/live-restore'
import { type AgentState, RESTART_BUDGET_SPENT } from '#events/lifecycle.events'
import type { AgentBase, Health } from './agent.port.js'
import type { AgentChanged, AgentEvent } from './agent-base.js'
import { type RestartPolicy, Restarts } from './restart-policy.js'

/** What is to be done next. */
export type Verdict =
  | { readonly do: 'send'; readonly agent: AgentName; readonly event: AgentEvent }
  | { readonly do: 'emit'; readonly input: PushedInput }
  | { readonly do: 'restart'; readonly agent: AgentName; readonly delayMs: DurationMs }

/** One agent as status shows it. */
export interface AgentStatus {
  readonly name: AgentName
  readonly kind: AgentBase['kind']
  readonly version: string
  readonly state: AgentState
  readonly reason: string
  readonly restarts: number
  readonly health: Health
}

interface Entry {
  readonly agent: AgentBase
  readonly restarts: Restarts
  state: AgentState
  reason: string
  health: Health
  /** Failed healthchecks in a row. */
  illChecks: number
  /** Since when its feed is down; undefined while it is up. */
  downSince: number | undefined
  /** It is not tried any more. */
  isGivenUp: boolean
  isStopAsked: boolean
  /** The operator's reason while it is stopped in order to be started again. */
  restartReason: string | undefined
  /** Why it is degraded: given up and not back yet. */
  lost: AgentName | undefined
}

/** Failed healthchecks in a row after which a connector is restarted (ours). */
export const ILL_CHECKS_MAX = 3

export interface SupervisionOptions {
  /** Dependencies first. */
  readonly agents: readonly AgentBase[]
  readonly policy: RestartPolicy
  readonly seed: number
}

export class Supervision {
  readonly #entries: ReadonlyMap<AgentName, Entry>
  #isStopping = false

  constructor({ agents, policy, seed }: SupervisionOptions) {
    this.#entries = new Map(
      agents.map((agent) => [
        agent.name,
        {
          agent,
          restarts: new Restarts(agent.name, seed, policy),
          state: 'idle',
          reason: '',
          health: { isHealthy: true, detail: '' },
          illChecks: 0,
          downSince: undefined,
          isGivenUp: false,
          isStopAsked: false,
          restartReason: undefined,
          lost: undefined,
        },
      ]),
    )
  }

  /** Whether every agent has started, or will not. */
  get isUp(): boolean {
    return this.#all((entry) => isUp(entry) || entry.isGivenUp || entry.state === 'stopped')
  }

  get isDown(): boolean {
    return this.#all((entry) => entry.state === 'stopped')
  }

  status(): AgentStatus[] {
    return [...this.#entries.values()].map(({ agent, state, reason, restarts, health }) => {
      const { name, kind, version } = agent
      return { name, kind, version, state, reason, restarts: restarts.total, health }
    })
  }

  /** Starts every agent whose dependencies are up. */
  startReady(): Verdict[] {
    if (this.#isStopping) return []
    return [...this.#entries.values()]
      .filter(({ state, agent }) => state === 'idle' && agent.dependencies.every((name) => this.#isSettled(name)))
      .map(({ agent }) => send(agent.name, { type: 'START', reason: 'start' }))
  }

  /** An agent moved. `now`: monotonic, ms. */
  changed(change: AgentChanged, now: number): Verdict[] {
    const entry = this.#entry(change.agent)
    entry.state = change.to
    entry.reason = change.reason
    const verdicts: Verdict[] = change.isRecorded ? [] : [this.#lifecycle(entry, change)]
    const { restartReason } = entry
    if (change.to !== 'stopping') entry.restartReason = undefined
    if (this.#isStopping) verdicts.push(...this.#stopReady())
    else if (restartReason !== undefined && change.to === 'stopping')
      verdicts.push(...this.#interrupted(entry, restartReason, now))
    else if (restartReason !== undefined && change.to === 'stopped')
      verdicts.push(send(change.agent, { type: 'START', reason: restartReason }))
    else if (change.to === 'running') verdicts.push(...this.#onRunning(entry, now))
    else if (change.to === 'faulted' && !change.isRecorded) verdicts.push(...this.#onFailed(entry, now))
    return verdicts
  }

  /** The wait before a restart is over. */
  restartDue(agent: AgentName): Verdict[] {
    const { state, isGivenUp } = this.#entry(agent)
    if (this.#isStopping || isGivenUp || state !== 'faulted') return []
    return [send(agent, { type: 'START', reason: 'restart' })]
  }

  /** The operator wants an agent anew: its budget too, and hope for it where it was given up. */
  restart(agent: AgentName, reason: string): Verdict[] {
    const entry = this.#entry(agent)
    if (this.#isStopping) return []
    entry.restarts.renew()
    entry.isGivenUp = false
    entry.illChecks = 0
    if (!isUp(entry)) return [send(agent, { type: 'START', reason })]
    entry.restartReason = reason
    return [send(agent, { type: 'STOP', reason })]
  }

  /** What a healthcheck said. */
  checked(agent: AgentName, health: Health): Verdict[] {
    const entry = this.#entry(agent)
    entry.health = health
    entry.illChecks = health.isHealthy || !isUp(entry) ? 0 : entry.illChecks + 1
    if (entry.illChecks < ILL_CHECKS_MAX || entry.agent.kind === 'decider' || this.#isStopping) return []
    entry.illChecks = 0
    return [send(agent, { type: 'FAIL', reason: 'unhealthy' })]
  }

  /** The host cannot bring a decider back. */
  giveUp(agent: AgentName): Verdict[] {
    const entry = this.#entry(agent)
    if (entry.isGivenUp || this.#isStopping) return []
    entry.isGivenUp = true
    return this.#degradeDependants(agent)
  }

  /** Dependants first. */
  stop(): Verdict[] {
    this.#isStopping = true
    return this.#stopReady()
  }

  #onRunning(entry: Entry, now: number): Verdict[] {
    const verdicts: Verdict[] = []
    entry.illChecks = 0
    if (entry.downSince !== undefined) {
      const downMs = Math.max(0, Math.round(now - entry.downSince))
      entry.downSince = undefined
      verdicts.push(emit('FeedRestored', { feed: entry.agent.name, downMs }))
    }
    entry.lost = entry.agent.onOrderPath ? undefined : this.#lostDependency(entry.agent.name)
    if (entry.lost !== undefined)
      verdicts.push(send(entry.agent.name, { type: 'DEGRADE', reason: `lost ${entry.lost}` }))
    verdicts.push(...this.startReady(), ...this.#recoverDependants())
    return verdicts
  }

  /** A feed that does not work is told once, until it does again. */
  #interrupted(entry: Entry, reason: string, now: number): Verdict[] {
    if (entry.agent.kind === 'decider' || entry.downSince !== undefined) return []
    entry.downSince = now
    return [emit('FeedInterrupted', { feed: entry.agent.name, reason })]
  }

  #onFailed(entry: Entry, now: number): Verdict[] {
    const { agent, reason, restarts } = entry
    const verdicts = this.#interrupted(entry, reason, now)
    const delayMs = restarts.next(now)
    if (delayMs !== undefined) verdicts.push({ do: 'restart', agent: agent.name, delayMs })
    else {
      entry.isGivenUp = true
      if (agent.onOrderPath) verdicts.push(emit('FeedInterrupted', { feed: agent.name, reason: RESTART_BUDGET_SPENT }))
      verdicts.push(...this.#degradeDependants(agent.name), ...this.startReady())
    }
    return verdicts
  }

  #degradeDependants(lost: AgentName): Verdict[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.state === 'running' && !entry.agent.onOrderPath)
      .filter((entry) => this.#dependsOn(entry.agent.name, lost))
      .map((entry) => {
        entry.lost = lost
        return send(entry.agent.name, { type: 'DEGRADE', reason: `lost ${lost}` })
      })
  }

  /** Whom nothing is lost to any more. */
  #recoverDependants(): Verdict[] {
    const verdicts: Verdict[] = []
    for (const entry of this.#entries.values()) {
      const { agent, lost } = entry
      if (lost === undefined || entry.state !== 'degraded' || !this.#isBack(lost)) continue
      entry.lost = this.#lostDependency(agent.name)
      if (entry.lost === undefined) verdicts.push(send(agent.name, { type: 'RECOVER', reason: `${lost} is back` }))
    }
    return verdicts
  }

  #isBack(name: AgentName): boolean {
    const entry = this.#entry(name)
    return isUp(entry) && !entry.isGivenUp
  }

  #stopReady(): Verdict[] {
    const entries = [...this.#entries.values()]
    const isReady = (entry: Entry): boolean =>
      !entry.isStopAsked &&
      entry.state !== 'stopped' &&
      entries.every(({ agent, state }) => state === 'stopped' || !agent.dependencies.includes(entry.agent.name))
    return entries.filter(isReady).map((entry) => {
      entry.isStopAsked = true
      return send(entry.agent.name, { type: 'STOP', reason: 'stop' })
    })
  }

  #lifecycle({ restarts }: Entry, { agent, from, to, reason }: AgentChanged): Verdict {
    return emit('AgentLifecycleChanged', { agent, from, to, reason, restarts: restarts.total })
  }

  #isSettled(name: AgentName): boolean {
    const entry = this.#entry(name)
    return isUp(entry) || entry.isGivenUp || entry.state === 'stopped'
  }

  /** A given-up agent that this one depends on, directly or through others. */
  #lostDependency(name: AgentName): AgentName | undefined {
    for (const other of this.#entries.values())
      if (other.isGivenUp && this.#dependsOn(name, other.agent.name)) return other.agent.name
    return undefined
  }

  /** The registry has no circles: checked at boot. */
  #dependsOn(name: AgentName, other: AgentName): boolean {
    const { dependencies } = this.#entry(name).agent
    return dependencies.some((dependency) => dependency === other || this.#dependsOn(dependency, other))
  }

  #entry(name: AgentName): Entry {
    const entry = this.#entries.get(name)
    invariant(entry, () => `the supervisor knows no agent ${name}`)
    return entry
  }

  #all(test: (entry: Entry) => boolean): boolean {
    return [...this.#entries.values()].every(test)
  }
}

const isUp = ({ state }: Entry): boolean => state === 'running' || state === 'degraded'

const send = (agent: AgentName, event: AgentEvent): Verdict => ({ do: 'send', agent, event })

const emit = (type: PushedInput['type'], data: unknown): Verdict => ({
  do: 'emit',
  input: { type, by: SUPERVISOR, data },
})
