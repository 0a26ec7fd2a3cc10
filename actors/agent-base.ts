/**
 * Owns the lifecycle of one agent as an XState machine: idle → starting → restoring → running ⇄ degraded → stopping →
 * stopped, or faulted. Tells its parent of every change. Never restarts itself, decides, or writes to the log.
 */
import { type ActorRefFrom, assign, enqueueActions, fromPromise, type SnapshotFrom, sendParent, setup } from 'xstate'
import { isQuantbotError } from '#core/errors'
import type { AgentName } from '#core/ids'
import type { AgentState } from '#events/lifecycle.events'
import type { AgentBase, AgentWork } from './agent.port.js'

export interface AgentChanged {
  readonly type: 'AGENT_CHANGED'
  readonly agent: AgentName
  readonly from: AgentState
  readonly to: AgentState
  readonly reason: string
  /** The log says so already: the change is not to be written again. */
  readonly isRecorded: boolean
}

export type AgentEvent =
  | { readonly type: 'START'; readonly reason: string }
  | { readonly type: 'STOP'; readonly reason: string }
  /** The supervisor degrades it, because of something that it depends on. */
  | { readonly type: 'DEGRADE'; readonly reason: string }
  | { readonly type: 'RECOVER'; readonly reason: string }
  /** The supervisor gives up on it while it still seems to work. */
  | { readonly type: 'FAIL'; readonly reason: string }
  /** The dispatcher said so in the log: its decider threw, or was restored. */
  | { readonly type: 'RECORDED_FAULT'; readonly reason: string }
  | { readonly type: 'RECORDED_RESTORE'; readonly reason: string }

interface AgentContext {
  readonly agent: AgentBase
  state: AgentState
  reason: string
  isRecorded: boolean
  /** Ends `run`. A new one each time it runs. */
  abort: AbortController
}

interface RunInput {
  readonly agent: AgentBase
  readonly signal: AbortSignal
  readonly degraded: (reason: string) => void
  readonly recovered: () => void
}

/** Longest wait for `run` to end once it was asked to (ours). */
export const STOP_TIMEOUT_MS = 5000

/** Short enough for the log, without a stack. */
export function reasonOf(error: unknown): string {
  if (isQuantbotError(error)) return error.code
  const text = error instanceof Error ? error.message : String(error)
  return (text.split('\n')[0] || 'failed').slice(0, 120)
}

export const agentMachine = setup({
  types: {
    input: {} as { readonly agent: AgentBase }, // XState takes its types from values that are never read
    context: {} as AgentContext, // as above
    events: {} as AgentEvent, // as above
  },
  delays: { stopTimeout: STOP_TIMEOUT_MS },
  actors: {
    start: fromPromise<void, AgentBase>(async ({ input, signal }) => input.start?.(signal)),
    restore: fromPromise<void, AgentBase>(async ({ input, signal }) => input.restore?.(signal)),
    run: fromPromise<void, RunInput>(async ({ input: { agent, ...work } }) => agent.run(work satisfies AgentWork)),
  },
  actions: {
    enter: enqueueActions(({ enqueue, context }, { to }: { readonly to: AgentState }) => {
      const { state: from, reason, isRecorded } = context
      enqueue.assign({ state: to, isRecorded: false })
      enqueue(sendParent({ type: 'AGENT_CHANGED', agent: context.agent.name, from, to, reason, isRecorded }))
    }),
    because: assign((_, { reason }: { readonly reason: string }) => ({ reason })),
    recorded: assign({ isRecorded: true }),
    abort: ({ context }) => context.abort.abort(),
    renew: assign({ abort: () => new AbortController() }),
  },
}).createMachine({
  id: 'agent',
  context: ({ input }) => ({
    agent: input.agent,
    state: 'idle',
    reason: '',
    isRecorded: false,
    abort: new AbortController(),
  }),
  initial: 'idle',
  states: {
    idle: {
      on: {
        START: { target: 'starting', actions: { type: 'because', params: ({ event }) => event } },
        STOP: 'stopped',
      },
    },
    starting: {
      entry: { type: 'enter', params: { to: 'starting' } },
      invoke: {
        src: 'start',
        input: ({ context }) => context.agent,
        onDone: 'restoring',
        onError: {
          target: 'faulted',
          actions: { type: 'because', params: ({ event }) => ({ reason: reasonOf(event.error) }) },
        },
      },
      on: { STOP: { target: 'stopped', actions: { type: 'because', params: ({ event }) => event } } },
    },
    restoring: {
      entry: { type: 'enter', params: { to: 'restoring' } },
      invoke: {
        src: 'restore',
        input: ({ context }) => context.agent,
        onDone: 'up',
        onError: {
          target: 'faulted',
          actions: { type: 'because', params: ({ event }) => ({ reason: reasonOf(event.error) }) },
        },
      },
      on: { STOP: { target: 'stopped', actions: { type: 'because', params: ({ event }) => event } } },
    },
    up: {
      entry: 'renew',
      invoke: {
        src: 'run',
        input: ({ context, self }) => ({
          agent: context.agent,
          signal: context.abort.signal,
          degraded: (reason: string) => self.send({ type: 'DEGRADE', reason }),
          recovered: () => self.send({ type: 'RECOVER', reason: 'recovered' }),
        }),
        onDone: {
          target: 'stopped',
          actions: enqueueActions(({ context, enqueue }) => {
            if (context.state !== 'stopping') enqueue.assign({ reason: 'ended' })
          }),
        },
        onError: {
          target: 'faulted',
          actions: { type: 'because', params: ({ event }) => ({ reason: reasonOf(event.error) }) },
        },
      },
      exit: 'abort',
      on: {
        FAIL: { target: 'faulted', actions: { type: 'because', params: ({ event }) => event } },
        RECORDED_FAULT: {
          target: 'faulted',
          actions: [{ type: 'because', params: ({ event }) => event }, 'recorded'],
        },
      },
      initial: 'running',
      states: {
        running: {
          entry: { type: 'enter', params: { to: 'running' } },
          on: {
            DEGRADE: { target: 'degraded', actions: { type: 'because', params: ({ event }) => event } },
            STOP: { target: 'stopping', actions: { type: 'because', params: ({ event }) => event } },
          },
        },
        degraded: {
          entry: { type: 'enter', params: { to: 'degraded' } },
          on: {
            RECOVER: { target: 'running', actions: { type: 'because', params: ({ event }) => event } },
            STOP: { target: 'stopping', actions: { type: 'because', params: ({ event }) => event } },
          },
        },
        stopping: {
          entry: [{ type: 'enter', params: { to: 'stopping' } }, 'abort'],
          after: {
            stopTimeout: {
              target: '#agent.stopped',
              actions: { type: 'because', params: { reason: 'stop-timeout' } },
            },
          },
        },
      },
    },
    faulted: {
      entry: { type: 'enter', params: { to: 'faulted' } },
      on: {
        START: { target: 'starting', actions: { type: 'because', params: ({ event }) => event } },
        RECORDED_RESTORE: {
          target: 'up',
          actions: [{ type: 'because', params: ({ event }) => event }, 'recorded'],
        },
        STOP: { target: 'stopped', actions: { type: 'because', params: ({ event }) => event } },
      },
    },
    stopped: {
      entry: { type: 'enter', params: { to: 'stopped' } },
      on: { START: { target: 'starting', actions: { type: 'because', params: ({ event }) => event } } },
    },
  },
})

export type AgentActor = ActorRefFrom<typeof agentMachine>
export type AgentSnapshot = SnapshotFrom<typeof agentMachine>
