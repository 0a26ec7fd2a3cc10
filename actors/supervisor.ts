/**
 * Owns the root actor: one child actor an agent, started in the order of dependencies, restarted, degraded, stopped in the
 * reverse order as Supervision says. Every change becomes an input. Never looks into market data or decides on trades.
 */
import { type Actor, assign, createActor, enqueueActions, setup, waitFor } from 'xstate'
import type { AgentName } from '#core/ids'
import type { DurationMs } from '#core/time'
import type { PushedInput } from '#engine/live'
import type { AgentBase, Health } from './agent.port.js'
import { type AgentActor, type AgentChanged, agentMachine, reasonOf } from './agent-base.js'
import { checkAgents } from './check-agents.js'
import { DEFAULT_POLICY, type RestartPolicy } from './restart-policy.js'
import { type AgentStatus, Supervision, type Verdict } from './supervision.js'

/** How often every agent is asked for its health (ours). */
export const HEALTH_INTERVAL_MS = 1000

/** XState's clock, so that tests may hold it. */
export interface MachineClock {
  setTimeout(fn: (...args: unknown[]) => void, ms: number): unknown
  clearTimeout(id: unknown): void
}

export interface SupervisorOptions {
  readonly agents: readonly AgentBase[]
  /** Seeds the jitter. */
  readonly seed: number
  /** A monotonic clock, ms. */
  readonly now: () => number
  /** Takes each lifecycle change and feed event, in order. */
  readonly emit: (input: PushedInput) => void
  /** The root actor itself failed: a bug. */
  readonly onError: (error: unknown) => void
  readonly policy?: RestartPolicy
  readonly healthIntervalMs?: DurationMs
  readonly clock?: MachineClock
}

type SupervisorEvent =
  | AgentChanged
  | { readonly type: 'STOP' }
  | { readonly type: 'RESTART_DUE'; readonly agent: AgentName }
  | { readonly type: 'HEALTH_DUE' }
  | { readonly type: 'GIVEN_UP'; readonly agent: AgentName }
  | { readonly type: 'RESTART'; readonly agent: AgentName; readonly reason: string }
  | {
      readonly type: 'RECORDED'
      readonly agent: AgentName
      readonly is: 'faulted' | 'restored'
      readonly reason: string
    }

interface SupervisorContext extends Required<Omit<SupervisorOptions, 'clock' | 'onError'>> {
  readonly supervision: Supervision
  readonly actors: ReadonlyMap<AgentName, AgentActor>
}

const machine = setup({
  types: {
    input: {} as Required<Omit<SupervisorOptions, 'clock' | 'onError'>>, // XState reads types from values never used
    context: {} as SupervisorContext, // as above
    events: {} as SupervisorEvent, // as above
  },
  actors: { agent: agentMachine },
  guards: {
    isUp: ({ context }) => context.supervision.isUp,
    isDown: ({ context }) => context.supervision.isDown,
  },
  actions: {
    spawnAgents: assign({
      actors: ({ context, spawn }) =>
        new Map(context.agents.map((agent) => [agent.name, spawn('agent', { id: agent.name, input: { agent } })])),
    }),
    /** What Supervision says about the event in hand. */
    judge: enqueueActions(({ context, event, enqueue }) => {
      for (const verdict of judge(context, event)) {
        if (verdict.do === 'emit') context.emit(verdict.input)
        else if (verdict.do === 'send') enqueue.sendTo(context.actors.get(verdict.agent)!, verdict.event)
        else enqueue.raise({ type: 'RESTART_DUE', agent: verdict.agent }, { delay: verdict.delayMs })
      }
    }),
    scheduleHealth: enqueueActions(({ context, enqueue }) =>
      enqueue.raise({ type: 'HEALTH_DUE' }, { id: 'health', delay: context.healthIntervalMs }),
    ),
    tellRecorded: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'RECORDED') return
      const actor = context.actors.get(event.agent)
      const type = event.is === 'faulted' ? 'RECORDED_FAULT' : 'RECORDED_RESTORE'
      if (actor !== undefined) enqueue.sendTo(actor, { type, reason: event.reason })
    }),
  },
}).createMachine({
  id: 'supervisor',
  context: ({ input }) => ({ ...input, supervision: new Supervision(input), actors: new Map() }),
  entry: ['spawnAgents', 'scheduleHealth'],
  on: {
    AGENT_CHANGED: { actions: 'judge' },
    RESTART_DUE: { actions: 'judge' },
    GIVEN_UP: { actions: 'judge' },
    RESTART: { actions: 'judge' },
    HEALTH_DUE: { actions: ['judge', 'scheduleHealth'] },
    RECORDED: { actions: 'tellRecorded' },
    STOP: '.stopping',
  },
  initial: 'starting',
  states: {
    starting: { entry: 'judge', always: { guard: 'isUp', target: 'supervising' } },
    supervising: {},
    stopping: { entry: 'judge', always: { guard: 'isDown', target: 'stopped' }, on: { STOP: {} } },
    stopped: { type: 'final' },
  },
})

function judge(context: SupervisorContext, event: SupervisorEvent | { readonly type: 'xstate.init' }): Verdict[] {
  const { supervision } = context
  switch (event.type) {
    case 'AGENT_CHANGED':
      return supervision.changed(event, context.now())
    case 'RESTART_DUE':
      return supervision.restartDue(event.agent)
    case 'HEALTH_DUE':
      return context.agents.flatMap((agent) => supervision.checked(agent.name, healthOf(agent)))
    case 'GIVEN_UP':
      return supervision.giveUp(event.agent)
    case 'RESTART':
      return supervision.restart(event.agent, event.reason)
    case 'STOP':
      return supervision.stop()
    default:
      return supervision.startReady()
  }
}

function healthOf(agent: AgentBase): Health {
  try {
    return agent.healthcheck()
  } catch (error) {
    return { isHealthy: false, detail: reasonOf(error) }
  }
}

/** The root actor from outside. */
export class Supervisor {
  readonly #actor: Actor<typeof machine>

  /** AGENT_UNKNOWN, AGENT_CYCLE: the registry is refused. */
  constructor(options: SupervisorOptions) {
    const { clock, onError, policy = DEFAULT_POLICY, healthIntervalMs = HEALTH_INTERVAL_MS, ...rest } = options
    checkAgents(rest.agents)
    const input = { ...rest, policy, healthIntervalMs }
    this.#actor = createActor(machine, clock === undefined ? { input } : { input, clock })
    // A root without an error observer rethrows from a timer.
    this.#actor.subscribe({ error: onError })
  }

  /** Starts the agents; fulfilled once each runs, is given up, or was stopped meanwhile. */
  async start(): Promise<void> {
    this.#actor.start()
    await waitFor(this.#actor, (snapshot) => !snapshot.matches('starting'))
  }

  /** Stops the agents, dependants first; fulfilled when all have. */
  async stop(): Promise<void> {
    this.#actor.send({ type: 'STOP' })
    await waitFor(this.#actor, (snapshot) => snapshot.status !== 'active')
  }

  /** The log says that a decider threw or was restored: its actor follows, nothing is written. */
  recorded(agent: AgentName, is: 'faulted' | 'restored', reason: string): void {
    this.#actor.send({ type: 'RECORDED', agent, is, reason })
  }

  /** A decider cannot be brought back. */
  giveUp(agent: AgentName): void {
    this.#actor.send({ type: 'GIVEN_UP', agent })
  }

  /** By order of the operator: stops and starts it; one that has faulted or stopped is started. Its budget is renewed. */
  restart(agent: AgentName, reason: string): void {
    this.#actor.send({ type: 'RESTART', agent, reason })
  }

  status(): AgentStatus[] {
    return this.#actor.getSnapshot().context.supervision.status()
  }
}
