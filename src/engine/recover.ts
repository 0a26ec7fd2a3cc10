/**
 * Owns the pure part of recovery: recorded steps through `evolve` only, each agent from its own snapshot or from the
 * start, pending timers, sources moved past what was taken. Never reads a log, never decides.
 */
import type { Decider } from '#core/decider'
import { invariant } from '#core/invariant'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import { Dispatcher, type Input } from './dispatcher.js'
import type { HostResume, TimedSource } from './live.port.js'
import { TIMERS } from './live-snapshots.js'
import { LoneRefold } from './recover-agent.js'
import { refoldStep } from './refold.js'
import { Routes, type Slot } from './routes.js'
import { TimerHeap, type TimerState } from './timers.js'

/** State of a subject when it had seen everything up to `seq`, as JSON text. */
export interface RefoldBase {
  readonly seq: number
  readonly state: string
}

export interface RefolderOptions {
  readonly deciders: readonly Decider<unknown>[]
  readonly runSeed: number
  /** By agent, source, or {@link TIMERS}; a subject that is missing starts from its initial state. */
  readonly bases: ReadonlyMap<string, RefoldBase>
  readonly sources?: readonly TimedSource[]
  /** What came before the first event; called when an agent has no base. */
  readonly history?: () => Iterable<Input>
}

/** An agent that had faulted, or threw in the refold: it must be refolded alone, over the same steps. */
export interface LoneTask {
  readonly agent: string
  /** Whether the log ends without its AgentRestored. */
  readonly isFaulted: boolean
  /** Seqs that the log says it must not see. */
  readonly quarantined: readonly number[]
}

export class Refolder {
  readonly #options: RefolderOptions
  #slots: readonly Slot[] = []
  readonly #routes: Routes
  readonly #after: readonly number[]
  readonly #starts = new Map<string, RefoldBase>()
  readonly #timers = new TimerHeap()
  readonly #timersAfter: number
  readonly #sourceAfter = new Map<string, number>()
  /** Agents that cannot go on from the state they have. */
  readonly #lone = new Set<string>()
  readonly #faulted = new Set<string>()
  readonly #quarantined = new Map<string, Set<number>>()
  readonly #loneStates = new Map<string, unknown>()
  readonly #skip = (slot: Slot, event: { readonly seq: number }): boolean => event.seq <= this.#after[slot.index]!
  seq = 0
  ts = 0

  constructor(options: RefolderOptions) {
    this.#options = options
    const { bases, runSeed } = options
    const deciders = options.deciders.map((decider) => this.#guarded(decider))
    const dispatcher = new Dispatcher({
      deciders,
      runSeed,
      lines: new LineBuffer(64),
      log: 'full',
      startRunning: false,
    })
    if (options.history && deciders.some((decider) => !bases.has(decider.name)))
      for (const input of options.history()) dispatcher.warm(input)
    for (const slot of dispatcher.slots) {
      const { name } = slot.decider
      const base = bases.get(name)
      // The text of a state that was not snapshotted is kept in case that the agent must begin anew.
      this.#starts.set(name, base ?? { seq: 0, state: JSON.stringify(slot.state) })
      if (base) slot.state = JSON.parse(base.state)
    }
    this.#slots = dispatcher.slots
    this.#routes = new Routes(this.#slots)
    this.#after = this.#slots.map((slot) => bases.get(slot.decider.name)?.seq ?? 0)
    const timers = bases.get(TIMERS)
    this.#timersAfter = timers?.seq ?? 0
    if (timers) this.#timers.restore(JSON.parse(timers.state) as TimerState) // our snapshot of them
    for (const source of options.sources ?? []) {
      const base = bases.get(source.name)
      this.#sourceAfter.set(source.name, base?.seq ?? 0)
      if (base) source.restore(JSON.parse(base.state))
    }
  }

  /** A decider that throws in the refold is noted and sees nothing more; its state is rebuilt alone. */
  #guarded(decider: Decider<unknown>): Decider<unknown> {
    const evolve: Decider<unknown>['evolve'] = (state, event) => {
      try {
        return decider.evolve(state, event)
      } catch (error) {
        const slot = this.#slots.find((each) => each.decider.name === decider.name)
        if (slot === undefined) throw error // history, which no run can leave out
        slot.faulted = true
        this.#lone.add(decider.name)
        return state
      }
    }
    return { ...decider, evolve }
  }

  /** One whole recorded step, the input first, in seq order. */
  step(events: readonly AnyEvent[]): void {
    const input = events[0]!
    invariant(input.cause === 0 && input.seq === this.seq + 1, () => `step of seq ${input.seq} follows ${this.seq}`)
    this.#passSource(input)
    for (let i = 0; i < events.length; i++) this.#note(events[i]!)
    refoldStep(this.#routes, events, this.#skip)
    const last = events[events.length - 1]!
    this.seq = last.seq
    this.ts = last.ts
  }

  /** Goes on behind events that no subject needs. */
  startAt(seq: number, ts: number): void {
    this.seq = seq
    this.ts = ts
  }

  #note(event: AnyEvent): void {
    if (event.type === 'TimerRequested' || event.type === 'TimerFired') {
      if (event.seq > this.#timersAfter) this.#timers.fold(event)
    } else if (event.type === 'AgentFaulted') {
      this.#lone.add(event.data.agent)
      this.#faulted.add(event.data.agent)
    } else if (event.type === 'AgentRestored') {
      this.#faulted.delete(event.data.agent)
      const known = this.#quarantined.get(event.data.agent) ?? new Set()
      for (const seq of event.data.quarantined) known.add(seq)
      this.#quarantined.set(event.data.agent, known)
    }
  }

  #passSource(input: AnyEvent): void {
    const after = this.#sourceAfter.get(input.by)
    if (after === undefined || input.seq <= after) return
    const source = this.#options.sources!.find((each) => each.name === input.by)!
    const next = source.peek()
    invariant(
      next?.type === input.type && next.ts <= input.ts,
      () => `${input.by} would give ${next?.type} where the log has ${input.type} (seq ${input.seq})`,
    )
    source.next()
  }

  /** Agents whose states are not right yet: their steps must be gone through again, alone. */
  loneTasks(): readonly LoneTask[] {
    return [...this.#lone]
      .filter((agent) => this.#starts.has(agent))
      .map((agent) => ({
        agent,
        isFaulted: this.#faulted.has(agent) || !this.#quarantined.has(agent),
        quarantined: [...(this.#quarantined.get(agent) ?? [])],
      }))
  }

  /** A new refold of one agent from its base. */
  lone(agent: string, quarantined: readonly number[]): LoneRefold {
    const { seq, state } = this.#starts.get(agent)!
    const decider = this.#options.deciders.find((each) => each.name === agent)!
    return new LoneRefold(decider, JSON.parse(state), seq, quarantined)
  }

  setLone(agent: string, state: unknown): void {
    this.#loneStates.set(agent, state)
  }

  /** Where a host goes on. Every lone task must have been done. */
  result(): HostResume {
    const states = new Map<string, unknown>()
    for (const { decider, state } of this.#slots) {
      const { name } = decider
      invariant(!this.#lone.has(name) || this.#loneStates.has(name), () => `${name} was not refolded alone`)
      states.set(name, this.#lone.has(name) ? this.#loneStates.get(name) : state)
    }
    return { seq: this.seq, ts: this.ts, states, timers: this.#timers.state() }
  }
}
