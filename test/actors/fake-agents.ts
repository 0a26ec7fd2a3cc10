/** Owns agents whose success and failure a test decides, and a supervisor under a simulated clock. */
import { SimulatedClock } from 'xstate'
import type { AgentBase, AgentWork, Health } from '#actors/agent.port'
import type { RestartPolicy } from '#actors/restart-policy'
import { Supervisor, type SupervisorOptions } from '#actors/supervisor'
import type { PushedInput } from '#engine/live'

/** An agent that works until told otherwise. */
export class FakeAgent implements AgentBase {
  readonly name: string
  readonly version = '1'
  readonly dependencies: readonly string[]
  readonly kind: AgentBase['kind']
  readonly onOrderPath: boolean
  health: Health = { isHealthy: true, detail: '' }
  /** Starts that will fail. */
  failingStarts = 0
  starts = 0
  work: AgentWork | undefined
  #end: { resolve: () => void; reject: (error: Error) => void } | undefined

  constructor(
    name: string,
    dependencies: readonly string[] = [],
    options: { readonly kind?: AgentBase['kind']; readonly onOrderPath?: boolean } = {},
  ) {
    this.name = name
    this.dependencies = dependencies
    this.kind = options.kind ?? 'decider'
    this.onOrderPath = options.onOrderPath ?? false
  }

  async start(): Promise<void> {
    this.starts++
    if (this.failingStarts > 0) {
      this.failingStarts--
      throw new Error('no connection')
    }
  }

  run(work: AgentWork): Promise<void> {
    this.work = work
    return new Promise((resolve, reject) => {
      this.#end = { resolve, reject }
      work.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  break(message = 'socket closed'): void {
    this.#end?.reject(new Error(message))
  }

  end(): void {
    this.#end?.resolve()
  }

  healthcheck(): Health {
    return this.health
  }
}

/** A clock and queued promises, moved together. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

export interface Bench {
  readonly supervisor: Supervisor
  readonly inputs: PushedInput[]
  readonly errors: unknown[]
  /** Lets time pass, with what is due in it. */
  readonly pass: (ms: number) => Promise<void>
  /** `agent: to (reason)` of the lifecycle inputs so far. */
  readonly moves: () => string[]
  readonly types: () => string[]
}

export function bench(agents: readonly AgentBase[], options: Partial<SupervisorOptions> = {}): Bench {
  const clock = new SimulatedClock()
  const inputs: PushedInput[] = []
  const errors: unknown[] = []
  const supervisor = new Supervisor({
    agents,
    seed: 1,
    now: () => clock.now(),
    emit: (input) => inputs.push(input),
    onError: (error) => errors.push(error),
    healthIntervalMs: 1000,
    clock,
    ...options,
  })
  const lifecycle = inputs
  return {
    supervisor,
    inputs,
    errors,
    pass: async (ms) => {
      const end = clock.now() + ms
      while (clock.now() < end) {
        clock.increment(Math.min(50, end - clock.now()))
        await settle()
      }
    },
    moves: () =>
      lifecycle
        .filter(({ type }) => type === 'AgentLifecycleChanged')
        .map(({ data }) => {
          const { agent, to, reason } = data as { agent: string; to: string; reason: string } // the catalogue's payload
          return `${agent}: ${to} (${reason})`
        }),
    types: () => inputs.map(({ type }) => type),
  }
}

export const NO_JITTER: RestartPolicy = {
  firstMs: 100,
  factor: 2,
  capMs: 1000,
  jitter: 0,
  budget: 3,
  windowMs: 60_000,
}
