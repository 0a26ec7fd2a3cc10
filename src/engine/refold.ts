/**
 * Owns the refold: recorded events through `evolve` only, whole steps in the order in which they ran, guided by `cause`.
 * Never decides, never emits.
 */
import type { EventEnvelope } from '#core/envelope'
import { invariant } from '#core/invariant'
import type { Routes, Slot } from './routes.js'

/**
 * Evolves every reader on one recorded step: the input first, then what followed, in seq order.
 * `skip` says whether an agent is past an event already (its snapshot is newer) or must not see it (quarantine).
 */
export function refoldStep(
  routes: Routes,
  step: readonly EventEnvelope[],
  skip?: (slot: Slot, event: EventEnvelope) => boolean,
): void {
  let next = 1
  for (let head = 0; head < step.length; head++) {
    const event = step[head]!
    const readers = routes.readersOf(event)
    for (let i = 0; i < readers.length; i++) {
      const slot = readers[i]!
      const name = slot.decider.name
      if (!slot.faulted && skip?.(slot, event) !== true) slot.state = slot.decider.evolve(slot.state, event)
      for (; next < step.length; next++) {
        const output = step[next]!
        if (output.cause !== event.seq || output.by !== name) break
        if (output.type === 'AgentFaulted') slot.faulted = true
        else if (!slot.faulted && skip?.(slot, output) !== true) slot.state = slot.decider.evolve(slot.state, output)
      }
    }
  }
  invariant(
    next === step.length,
    () => `step of seq ${step[0]?.seq}: event ${step[next]?.seq} by ${step[next]?.by} has no reader as its cause`,
  )
}
