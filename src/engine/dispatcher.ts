/**
 * Owns seq and the step: one input and all that follows from it, to the end, before the next input.
 * Readers run in registry order, outputs first in first out. Never does I/O; bytes go into the LineBuffer it is given.
 */
import type { Decider } from '#core/decider'
import type { Draft, EventEnvelope } from '#core/envelope'
import { isQuantbotError } from '#core/errors'
import { InvariantError, invariant } from '#core/invariant'
import type { AnyEvent } from '#events/catalogue'
import { EventEncoder } from '#events/codec'
import type { LineBuffer } from '#events/line-buffer'
import { checkRegistry, Routes, type Slot, slotOf } from './routes.js'
import { StepContext } from './step-context.js'

/** What comes from outside, before it has a seq. */
export interface Input {
  readonly type: AnyEvent['type']
  readonly by: string
  readonly ts: number
  readonly data: unknown
}

export interface DispatcherOptions {
  readonly deciders: readonly Decider<unknown>[]
  readonly runSeed: number
  readonly lines: LineBuffer
  /** `full`: inputs are written too; `derived`: they only take a seq. */
  readonly log: 'full' | 'derived'
  /** Whether agents decide before a lifecycle event says so: backtests. */
  readonly startRunning: boolean
  /** Sees every event after its readers have; must not change anything. */
  readonly observe?: (event: AnyEvent) => void
}

type Phase = 'evolve' | 'decide' | 'encode'

export class Dispatcher {
  readonly slots: readonly Slot[]
  readonly #routes: Routes
  readonly #byName: ReadonlyMap<string, Slot>
  readonly #encoder = new EventEncoder()
  readonly #context: StepContext
  #lines: LineBuffer
  readonly #writesInputs: boolean
  readonly #startRunning: boolean
  readonly #observe: ((event: AnyEvent) => void) | undefined
  readonly #queue: EventEnvelope[] = []
  #seq = 0
  #ts = 0
  #written = 0
  #writtenSeq = 0
  #derived = 0

  constructor(options: DispatcherOptions) {
    const deciders = options.deciders as unknown as readonly Decider<unknown>[] // the dispatcher never looks into a state
    checkRegistry(deciders)
    this.slots = deciders.map((decider, index) => slotOf(decider, index, decider.initial(), options.startRunning))
    this.#byName = new Map(this.slots.map((slot) => [slot.decider.name, slot]))
    this.#routes = new Routes(this.slots)
    this.#context = new StepContext(options.runSeed)
    this.#lines = options.lines
    this.#writesInputs = options.log === 'full'
    this.#startRunning = options.startRunning
    this.#observe = options.observe
  }

  /** Seq of the last event. */
  get seq(): number {
    return this.#seq
  }

  /** Time of the last event. */
  get ts(): number {
    return this.#ts
  }

  /** Lines appended to the buffer since the start. */
  get written(): number {
    return this.#written
  }

  /** Seq of the last line appended; 0 before the first. */
  get writtenSeq(): number {
    return this.#writtenSeq
  }

  /** Derived events since the start. */
  get derived(): number {
    return this.#derived
  }

  slot(agent: string): Slot {
    const slot = this.#byName.get(agent)
    invariant(slot, () => `no agent ${agent}`)
    return slot
  }

  stateOf<S>(agent: string): S {
    return this.slot(agent).state as S // the caller names the agent whose state type it knows
  }

  /** Goes on from a recovered log. */
  resumeAt(seq: number, ts: number): void {
    this.#seq = seq
    this.#ts = ts
  }

  /** Lines of later steps go there. Between steps only. */
  useLines(lines: LineBuffer): void {
    this.#lines = lines
  }

  /** Runs one whole step. Its bytes, if any, are at the end of the buffer. Throws, unchanged, on an input that the catalogue refuses. */
  step(input: Input): void {
    const ts = Math.max(input.ts, this.#ts)
    const event: EventEnvelope = {
      seq: this.#seq + 1,
      ts,
      type: input.type,
      v: this.#routes.versionOf(input.type),
      by: input.by,
      cause: 0,
      data: input.data,
    }
    if (this.#writesInputs) {
      this.#encoder.encode(this.#lines, event)
      this.#written++
      this.#writtenSeq = event.seq
    }
    this.#seq = event.seq
    this.#ts = ts
    this.#context.beginStep(event.seq)
    if (event.type === 'AgentLifecycleChanged')
      this.#changeLifecycle(event as AnyEvent & { type: 'AgentLifecycleChanged' })
    // A new process: nobody runs before the supervisor says so again, in a redecide as in the run.
    else if (event.type === 'ProcessStarted')
      for (const slot of this.slots) slot.running = this.#startRunning && !slot.faulted
    this.#deliverAll(event)
    if (this.#queue.length > 0) this.#runQueue()
  }

  /** What the input led to, and what that led to, in the order in which it was said. */
  #runQueue(): void {
    const queue = this.#queue
    for (let head = 0; head < queue.length; head++) this.#deliverAll(queue[head]!)
    queue.length = 0
  }

  #deliverAll(event: EventEnvelope): void {
    const readers = this.#routes.readersOf(event)
    for (let i = 0; i < readers.length; i++) this.#deliver(readers[i]!, event)
    if (this.#observe !== undefined) this.#observe(event as AnyEvent) // encoded, therefore of the catalogue
  }

  /** Most deliveries end in silence: what an interrupted emission must undo is noted only where something is said. */
  #deliver(slot: Slot, event: EventEnvelope): void {
    if (slot.faulted) return
    let phase: Phase = 'evolve'
    try {
      const state = slot.evolve.call(slot.decider, slot.state, event)
      if (state !== slot.state) slot.state = state
      if (!slot.running) return
      phase = 'decide'
      const context = this.#context
      context.focus(event, slot.name)
      const drafts = slot.decide.call(slot.decider, state, event, context)
      if (drafts.length === 0) return
      phase = 'encode'
      this.#emitAll(slot, event, drafts)
    } catch (error) {
      this.#fault(slot, event, phase, error)
    }
  }

  #emitAll(slot: Slot, cause: EventEnvelope, drafts: readonly Draft[]): void {
    const mark = this.#lines.length
    const seq = this.#seq
    const written = this.#written
    const queued = this.#queue.length
    try {
      for (let i = 0; i < drafts.length; i++) this.#emit(slot, cause, drafts[i]!)
    } catch (error) {
      this.#lines.truncate(mark)
      this.#derived -= this.#queue.length - queued
      this.#queue.length = queued
      this.#seq = seq
      this.#written = written
      throw error
    }
  }

  #emit(slot: Slot, cause: EventEnvelope, draft: Draft): void {
    const event: EventEnvelope = {
      seq: ++this.#seq,
      ts: cause.ts,
      type: draft.type,
      v: this.#routes.versionOf(draft.type),
      by: slot.name,
      cause: cause.seq,
      data: draft.data,
    }
    this.#encoder.encode(this.#lines, event)
    this.#written++
    this.#writtenSeq = event.seq
    this.#derived++
    slot.state = slot.evolve.call(slot.decider, slot.state, event)
    this.#queue.push(event)
  }

  #fault(slot: Slot, event: EventEnvelope, phase: Phase, error: unknown): void {
    slot.faulted = true
    slot.running = false
    const code = isQuantbotError(error) ? error.code : error instanceof InvariantError ? 'invariant' : errorName(error)
    const fault: EventEnvelope = {
      seq: ++this.#seq,
      ts: event.ts,
      type: 'AgentFaulted',
      v: 1,
      by: slot.decider.name,
      cause: event.seq,
      data: { agent: slot.decider.name, code, phase, at: event.seq, onOrderPath: slot.decider.onOrderPath },
    }
    this.#encoder.encode(this.#lines, fault)
    this.#written++
    this.#writtenSeq = fault.seq
    this.#derived++
    this.#queue.push(fault)
  }

  #changeLifecycle(event: AnyEvent & { readonly type: 'AgentLifecycleChanged' }): void {
    const slot = this.#byName.get(event.data.agent)
    if (slot !== undefined) slot.running = event.data.to === 'running' && !slot.faulted
  }

  /**
   * History: evolved, never decided on, never written, without a seq. Agents that derive market data
   * pass their outputs on, so that coarser bars exist in history too.
   */
  warm(input: Input): void {
    this.#warmWith({ seq: 0, ts: input.ts, type: input.type, v: 1, by: input.by, cause: 0, data: input.data })
    const queue = this.#queue
    if (queue.length === 0) return
    for (let head = 0; head < queue.length; head++) this.#warmWith(queue[head]!)
    queue.length = 0
  }

  #warmWith(event: EventEnvelope): void {
    const readers = this.#routes.readersOf(event)
    for (let i = 0; i < readers.length; i++) {
      const slot = readers[i]!
      slot.state = slot.evolve.call(slot.decider, slot.state, event)
      if (slot.decider.derivesMarket !== true) continue
      this.#context.focus(event, slot.decider.name)
      const drafts = slot.decider.decide(slot.state, event, this.#context)
      for (let k = 0; k < drafts.length; k++) {
        const draft = drafts[k]!
        const output: EventEnvelope = { ...event, type: draft.type, by: slot.decider.name, data: draft.data }
        slot.state = slot.decider.evolve(slot.state, output)
        this.#queue.push(output)
      }
    }
  }

  /** A state rebuilt elsewhere (snapshot or refold) takes the place of a discarded one. */
  restore(agent: string, state: unknown): void {
    const slot = this.slot(agent)
    slot.state = state
    slot.faulted = false
  }
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
