/** Owns the thin agent of a decider: it has a lifecycle and does no I/O, since the dispatcher calls the decider itself. */
import type { AgentName } from '#core/ids'
import type { AgentBase } from './agent.port.js'
import type { AnyDecider } from './catalogue.js'
import type { Feed } from './feed.port.js'

/** What the host knows of a decider. */
export interface DeciderHost {
  isFaulted(agent: AgentName): boolean
  /** Gives a faulted one its state back; rejects when it cannot. */
  bringBack(agent: AgentName): Promise<void>
}

/** `feeds`: connectors that it depends on besides other deciders. */
export function deciderAgent(decider: AnyDecider, feeds: readonly AgentName[], host: DeciderHost): AgentBase {
  const { name, version, onOrderPath } = decider
  return {
    name,
    version,
    dependencies: [...feeds, ...decider.dependencies],
    kind: 'decider',
    onOrderPath,
    // Nothing to wait for where nothing is lost: agents that start together go on doing so in the order of the registry.
    get restore() {
      return host.isFaulted(name) ? () => host.bringBack(name) : undefined
    },
    run: ({ signal }) => aborted(signal),
    healthcheck: () =>
      host.isFaulted(name) ? { isHealthy: false, detail: 'faulted' } : { isHealthy: true, detail: '' },
  }
}

/** Fulfilled once the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Deciders that depend on no other one read the feeds themselves. */
export function feedsOf(decider: AnyDecider, feeds: readonly Feed[]): readonly string[] {
  return decider.dependencies.length === 0 ? feeds.map((feed) => feed.name) : []
}
