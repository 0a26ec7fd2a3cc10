/** Owns one recorded step through the `evolve` of risk/engine, in the order in which it ran. Never decides. */
import type { AnyDecider } from '#actors/catalogue'
import type { BookFigures } from '#audit/view/view.port'
import type { AnyEvent } from '#events/catalogue'
import { positionSnapshot, type RiskState } from '#risk/engine.decider'

export const RISK = 'risk/engine'

export const readsOf = (risk: AnyDecider): ReadonlySet<string> =>
  new Set([...risk.reads, ...risk.emits, 'AgentFaulted'])

/**
 * One step, or its beginning, in the order in which risk saw it: an event, then at once what risk said to it, though the log has that
 * behind what others said. What it threw on while it evolved was left out when it was restored, and is here.
 */
export function evolveStep(risk: AnyDecider, state: unknown, step: readonly AnyEvent[]): unknown {
  const fault = step.find((event) => event.type === 'AgentFaulted' && event.by === RISK)
  const leftOut = fault?.type === 'AgentFaulted' && fault.data.phase === 'evolve' ? fault.data.at : 0
  const own = step.filter((event) => event.by === RISK && event.type !== 'AgentFaulted')
  let next = 0
  let now = state
  const take = (event: AnyEvent): void => {
    if (event.seq !== leftOut) now = risk.evolve(now, event)
  }
  for (let i = 0; i < step.length; i++) {
    const event = step[i]!
    while (next < own.length && own[next]!.cause < event.seq) take(own[next++]!)
    if (risk.reads.includes(event.type)) take(event)
  }
  while (next < own.length) take(own[next++]!)
  return now
}

export function figuresOf(state: RiskState): BookFigures {
  const { equity, drawdown, gross, net } = positionSnapshot(state)
  return { equity, drawdown, gross, net }
}
