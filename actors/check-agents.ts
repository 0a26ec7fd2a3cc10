/** Owns the check of the supervisor's registry: the deciders' rules, for connectors and gateways too. */
import { SILENCE } from '#core/decider'
import { checkRegistry } from '#engine/routes'
import type { AgentBase } from './agent.port.js'

/** AGENT_UNKNOWN: twice registered or an unknown dependency; AGENT_CYCLE: a circle, or a dependency that comes later. */
export function checkAgents(agents: readonly AgentBase[]): void {
  checkRegistry(
    agents.map(({ name, version, dependencies, onOrderPath }) => ({
      name,
      version,
      dependencies,
      onOrderPath,
      reads: SILENCE,
      emits: SILENCE,
      warmupMs: 0,
      initial: () => null,
      evolve: (state) => state,
      decide: () => SILENCE,
    })),
  )
}
