/**
 * Owns the refold of one agent alone: after a fault it sees the recorded steps again, without deciding. An event that it
 * throws on once more is quarantined: the refold begins anew and leaves it out. Never touches other agents.
 */
import type { Decider } from '#core/decider'
import type { EventEnvelope } from '#core/envelope'
import { Routes, type Slot, slotOf } from './routes.js'

/** An agent being refolded by itself. After `step` gave a seq the state is discarded: begin anew without that event. */
export class LoneRefold {
  readonly #slot: Slot
  readonly #routes: Routes
  readonly #quarantined: ReadonlySet<number>
  readonly #after: number

  /** `state` is owned from here on; it has seen everything up to `after`. */
  constructor(decider: Decider<unknown>, state: unknown, after: number, quarantined: Iterable<number>) {
    this.#slot = slotOf(decider, 0, state, false)
    this.#routes = new Routes([this.#slot])
    this.#after = after
    this.#quarantined = new Set(quarantined)
  }

  get state(): unknown {
    return this.#slot.state
  }

  /**
   * One whole recorded step, the input first. 0, or the seq of the event that it threw on.
   * What follows from an event is in seq order, so an agent's own outputs stand right behind those of its cause.
   */
  step(events: readonly EventEnvelope[]): number {
    const name = this.#slot.decider.name
    let next = 1
    for (let head = 0; head < events.length; head++) {
      const event = events[head]!
      if (event.seq > this.#after && this.#routes.readersOf(event).length > 0 && !this.#evolve(event)) return event.seq
      for (; next < events.length && events[next]!.cause === event.seq; next++) {
        const output = events[next]!
        const isOwn = output.by === name && output.type !== 'AgentFaulted' && output.seq > this.#after
        if (isOwn && !this.#evolve(output)) return output.seq
      }
    }
    return 0
  }

  #evolve(event: EventEnvelope): boolean {
    const slot = this.#slot
    if (this.#quarantined.has(event.seq)) return true
    try {
      slot.state = slot.decider.evolve(slot.state, event)
      return true
    } catch {
      return false // the throw itself was reported when the agent faulted
    }
  }
}
