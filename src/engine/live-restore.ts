/**
 * Owns bringing back agents that faulted, off the step: the port refolds one alone from the durable log while the host
 * goes on; the steps made meanwhile are kept and evolved on at the end. Never restores an agent of the order path, and
 * gives up on one that faults again and again.
 */
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
    this.#restores.set(agent, restores + 1)
    this.#restoring.set(agent, {
      upTo: lastSeq,
      kept: [],
      keptEvents: 0,
      quarantined: [],
      attempts: 0,
      isUnderWay: false,
    })
  }

  #refold(agent: string, each: Restoring): void {
    each.isUnderWay = true
    each.attempts++
    const refolding = this.#options.refoldAgent!(agent, each.upTo, each.quarantined)
    refolding.then(
      (refolded) => this.#finish(agent, each, refolded),
      (error: unknown) => {
        this.#restoring.delete(agent)
        this.#options.onProblem({ code: 'restore-failed', detail: `${agent}: ${String(error)}`, isFatal: false, error })
      },
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
    this.#options.onRestored(this.#inputs(agent, each.quarantined))
  }

  /** It threw on an event that came after the fault: from the log once more, without that event. */
  #again(agent: string, each: Restoring, threwOn: number): void {
    if (each.attempts >= MAX_ATTEMPTS) {
      this.#restoring.delete(agent)
      const detail = `${agent} threw on ${each.quarantined.length + 1} events; it stays faulted`
      this.#options.onProblem({ code: 'restore-failed', detail, isFatal: false })
      return
    }
    each.quarantined.push(threwOn)
    each.upTo = each.kept.at(-1)!.at(-1)!.seq
    each.kept = []
    each.keptEvents = 0
    each.isUnderWay = false
    if (each.upTo <= this.#durableSeq) this.#refold(agent, each)
  }

  #inputs(agent: string, quarantined: readonly number[]): Input[] {
    const ts = this.#options.dispatcher.ts
    const restored: Input = {
      type: 'AgentRestored',
      by: SUPERVISOR,
      ts,
      data: { agent, quarantined: [...quarantined] },
    }
    if (this.#lifecycle.get(agent) !== 'running') return [restored]
    const restarts = this.#restores.get(agent) ?? 0
    const data = { agent, from: 'faulted', to: 'running', reason: 'restored', restarts }
    return [restored, { type: 'AgentLifecycleChanged', by: SUPERVISOR, ts, data }]
  }
}
