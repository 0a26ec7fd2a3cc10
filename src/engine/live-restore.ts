/**
 * Owns bringing back agents that faulted, off the step: the port refolds one alone from the durable log while the host
 * goes on; the steps made meanwhile are kept and evolved on at the end. Never restores an agent of the order path, and
 * gives up on one that faults again and again.
 */
import { QuantbotError } from '#core/errors'
import type { AnyEvent } from '#events/catalogue'
import type { Dispatcher, Input } from './dispatcher.js'
import type { HostProblem, RefoldAgent, RefoldedAgent } from './live.port.js'
import { LoneRefold } from './recover-agent.js'

/** Times an agent is brought back in the life of a process (ours). */
export const MAX_RESTORES = 5
/** Events kept while an agent is refolded; beyond that the refold begins anew from the log. */
const MAX_KEPT_EVENTS = 262_144
/** Refolds begun for one fault: each may find one more event to quarantine. */
const MAX_ATTEMPTS = 32
export const SUPERVISOR = 'supervisor/root'

interface Restoring {
  /** The refold reads the log up to here; `kept` goes on from here. */
  upTo: number
  kept: AnyEvent[][]
  keptEvents: number
  quarantined: number[]
  attempts: number
  isUnderWay: boolean
  /** Who asked for it says by itself that the agent runs; it is told how it ended. */
  readonly asked: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined
}

export interface LiveRestoreOptions {
  readonly dispatcher: Dispatcher
  readonly refoldAgent: RefoldAgent | undefined
  /** The agent has its state again: these inputs must be the next ones. */
  readonly onRestored: (inputs: readonly Input[]) => void
  readonly onProblem: (problem: HostProblem) => void
}

export class LiveRestore {
  readonly #options: LiveRestoreOptions
  readonly #restoring = new Map<string, Restoring>()
  readonly #restores = new Map<string, number>()
  readonly #lifecycle = new Map<string, string>()
  #durableSeq = 0

  constructor(options: LiveRestoreOptions) {
    this.#options = options
  }

  /** Every whole step, right after it ran. */
  onStep(events: readonly AnyEvent[]): void {
    for (const [, each] of this.#restoring) this.#keep(each, events)
    for (const event of events) {
      if (event.type === 'AgentFaulted') this.#faulted(event.data.agent, event.data.onOrderPath, events.at(-1)!.seq)
      else if (event.type === 'AgentLifecycleChanged') this.#lifecycle.set(event.data.agent, event.data.to)
    }
  }

  /** Whether steps must be handed in whole. */
  get isActive(): boolean {
    return this.#restoring.size > 0
  }

  isRestoring(agent: string): boolean {
    return this.#restoring.has(agent)
  }

  /**
   * Once more, by order of the operator: the count of restorations begins anew. Fulfilled when the agent has its state and
   * AgentRestored is the next input; rejects with AGENT_FAULTED. Between steps only.
   */
  bringBack(agent: string): Promise<void> {
    this.#restores.delete(agent)
    return new Promise((resolve, reject) => {
      if (this.#options.refoldAgent === undefined || this.isRestoring(agent))
        reject(new QuantbotError('AGENT_FAULTED', `${agent} cannot be refolded now`))
      else this.#begin(agent, this.#options.dispatcher.seq, { resolve, reject })
      this.onDurable(this.#durableSeq)
    })
  }

  /** Everything up to `seq` can be read from the log. */
  onDurable(seq: number): void {
    this.#durableSeq = seq
    for (const [agent, each] of this.#restoring) if (!each.isUnderWay && each.upTo <= seq) this.#refold(agent, each)
  }

  #keep(each: Restoring, events: readonly AnyEvent[]): void {
    each.kept.push([...events])
    each.keptEvents += events.length
    if (each.keptEvents <= MAX_KEPT_EVENTS || each.isUnderWay) return
    each.kept = []
    each.keptEvents = 0
    each.upTo = events.at(-1)!.seq
  }

  #faulted(agent: string, onOrderPath: boolean, lastSeq: number): void {
    const { refoldAgent, onProblem } = this.#options
    if (refoldAgent === undefined || onOrderPath) return
    const restores = this.#restores.get(agent) ?? 0
    if (restores >= MAX_RESTORES) {
      const detail = `${agent} faulted after ${restores} restorations; it stays faulted`
      onProblem({ code: 'restore-failed', detail, isFatal: false })
      return
    }
    this.#begin(agent, lastSeq, undefined)
  }

  #begin(agent: string, upTo: number, asked: Restoring['asked']): void {
    this.#restores.set(agent, (this.#restores.get(agent) ?? 0) + 1)
    this.#restoring.set(agent, {
      upTo,
      kept: [],
      keptEvents: 0,
      quarantined: [],
      attempts: 0,
      isUnderWay: false,
      asked,
    })
  }

  #refold(agent: string, each: Restoring): void {
    each.isUnderWay = true
    each.attempts++
    const refolding = this.#options.refoldAgent!(agent, each.upTo, each.quarantined)
    refolding.then(
      (refolded) => this.#finish(agent, each, refolded),
      (error: unknown) => this.#gaveUp(agent, each, `${agent}: ${String(error)}`, error),
    )
  }

  #finish(agent: string, each: Restoring, refolded: RefoldedAgent): void {
    const { dispatcher } = this.#options
    each.quarantined = [...refolded.quarantined]
    const lone = new LoneRefold(dispatcher.slot(agent).decider, refolded.state, each.upTo, each.quarantined)
    for (const step of each.kept) {
      const threwOn = lone.step(step)
      if (threwOn === 0) continue
      this.#again(agent, each, threwOn)
      return
    }
    this.#restoring.delete(agent)
    dispatcher.restore(agent, lone.state)
    this.#options.onRestored(this.#inputs(agent, each))
    each.asked?.resolve()
  }

  #gaveUp(agent: string, { asked }: Restoring, detail: string, error?: unknown): void {
    this.#restoring.delete(agent)
    this.#options.onProblem({
      code: 'restore-failed',
      detail,
      isFatal: false,
      ...(error === undefined ? {} : { error }),
    })
    asked?.reject(new QuantbotError('AGENT_FAULTED', detail))
  }

  /** It threw on an event that came after the fault: from the log once more, without that event. */
  #again(agent: string, each: Restoring, threwOn: number): void {
    if (each.attempts >= MAX_ATTEMPTS) {
      this.#gaveUp(agent, each, `${agent} threw on ${each.quarantined.length + 1} events; it stays faulted`)
      return
    }
    each.quarantined.push(threwOn)
    each.upTo = each.kept.at(-1)!.at(-1)!.seq
    each.kept = []
    each.keptEvents = 0
    each.isUnderWay = false
    if (each.upTo <= this.#durableSeq) this.#refold(agent, each)
  }

  #inputs(agent: string, { quarantined, asked }: Restoring): Input[] {
    const ts = this.#options.dispatcher.ts
    const restored: Input = {
      type: 'AgentRestored',
      by: SUPERVISOR,
      ts,
      data: { agent, quarantined: [...quarantined] },
    }
    if (asked || this.#lifecycle.get(agent) !== 'running') return [restored]
    const restarts = this.#restores.get(agent) ?? 0
    const data = { agent, from: 'faulted', to: 'running', reason: 'restored', restarts }
    return [restored, { type: 'AgentLifecycleChanged', by: SUPERVISOR, ts, data }]
  }
}
