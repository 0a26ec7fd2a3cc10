/** Owns the thin agent of a decider: it has a lifecycle and does no I/O, since the dispatcher calls the decider itself. */
import type { AgentName } from '#core/ids'
import type { AgentBase } from './agent.port.js'
import type { AnyDecider } from './catalogue.js'

/** `feeds`: connectors that it depends on besides other deciders. `isFaulted` asks the dispatcher. */
export function deciderAgent(
  decider: AnyDecider,
  feeds: readonly AgentName[],
  isFaulted: (agent: AgentName) => boolean,
): AgentBase {
  const { name, version, onOrderPath } = decider
  return {
    name,
    version,
    dependencies: [...feeds, ...decider.dependencies],
    kind: 'decider',
    onOrderPath,
    run: ({ signal }) => aborted(signal),
    healthcheck: () => (isFaulted(name) ? { isHealthy: false, detail: 'faulted' } : { isHealthy: true, detail: '' }),
  }
}

/** Fulfilled once the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
