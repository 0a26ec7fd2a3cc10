/** Owns the view of who decides: the agents as a graph of whom they read, how each stands, and the venues that are listened to. */
import type { AgentRow } from '#audit/view/view.port'
import { count } from '../format.js'
import { usePage } from '../hooks.js'
import { Panel } from '../parts/panel.js'
import { Empty } from '../parts/states.js'
import { goTo } from '../run-store.js'
import type { ViewProps } from '../views.js'
import { Connectors } from './agents-connectors.js'
import { AgentDetails } from './agents-details.js'
import { AgentsGraph } from './agents-graph.js'
import { toneOf } from './agents-tone.js'
import './agents.css'

export function Agents({ argument }: ViewProps) {
  const facts = usePage((page) => page.facts)!
  const rows = usePage((page) => page.state?.agents)
  const at = usePage((page) => page.route.at)
  const ts = usePage((page) => page.state?.ts ?? 0)
  const status = usePage((page) => page.status)
  if (facts.agents.length === 0) return <Empty>This run has no agents.</Empty>
  // What the process says of now has no place beside the past.
  const live = at === null ? status : null
  const byName = new Map<string, AgentRow>((rows ?? []).map((row) => [row.name, row]))
  const names = new Set(facts.agents.map(({ name }) => name))
  const others = (rows ?? []).filter(({ name }) => !names.has(name))
  const chosen = names.has(argument) || others.some(({ name }) => name === argument) ? argument : ''
  return (
    <div class="stack agents">
      <div class={chosen === '' ? 'agents-frame' : 'agents-frame with-details'}>
        <Panel
          title="Who reads whom"
          note={
            <>
              {standing(facts.agents.map(({ name }) => byName.get(name)?.state ?? 'not yet begun'))}
              {live === null
                ? ''
                : ` · from an input to its commit ${live.commitLagMs.p99.toFixed(1)} ms at p99, ${count(live.waiting)} wait`}
            </>
          }
        >
          <AgentsGraph
            agents={facts.agents}
            rows={byName}
            ts={ts}
            health={live?.agents}
            chosen={chosen}
            onChoose={(name) => goTo('agents', name === chosen ? '' : name)}
          />
          {others.length === 0 ? null : (
            <p class="others note">
              Beside them:{' '}
              {others.map((row) => (
                <button type="button" key={row.name} class="quiet small" onClick={() => goTo('agents', row.name)}>
                  <i class={`dot ${toneOf(row.state)}`} /> {row.name} {row.state}
                </button>
              ))}
            </p>
          )}
        </Panel>
        {chosen === '' ? null : <AgentDetails name={chosen} row={byName.get(chosen)} live={live} />}
      </div>
      <Connectors live={live} isPast={at !== null} />
    </div>
  )
}

/** `8 running`, `7 running, 1 faulted`. */
function standing(states: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, n]) => `${n} ${state}`).join(', ')
}
