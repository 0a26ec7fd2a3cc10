/** Owns the health of agents and feeds, worst first, with the age of what each said last. */
import type { ViewState } from '#audit/view/view.port'
import { age, time } from '../format.js'
import { agentHealth, feedHealth, type HealthRow, tally } from '../health.js'
import { usePage, useRunNow } from '../hooks.js'
import { Panel } from '../parts/panel.js'
import { Empty } from '../parts/states.js'
import { linkTo } from '../run-store.js'

export function Health({ state }: { readonly state: ViewState }) {
  const isAtHead = usePage((page) => page.route.at === null)
  const live = usePage((page) => page.status)
  const agents = agentHealth(state.agents, isAtHead ? live : null)
  const feeds = feedHealth(state.feeds)
  return (
    <>
      <Panel title="Agents" note={tally(agents)} class="health-agents" tools={<a href={linkTo('agents')}>graph</a>}>
        <Rows rows={agents} empty="No agent has begun yet." />
      </Panel>
      <Panel title="Feeds" note={tally(feeds)} class="health-feeds">
        <Rows rows={feeds} empty="The log names no feed: its market is built in, or on a tape." />
        {isAtHead && live !== null && live.feedAgeMs !== null ? (
          <p class="note">newest market input {age(live.feedAgeMs)} ago, of the machine's clock</p>
        ) : null}
      </Panel>
    </>
  )
}

function Rows({ rows, empty }: { readonly rows: readonly HealthRow[]; readonly empty: string }) {
  const now = useRunNow()
  if (rows.length === 0) return <Empty>{empty}</Empty>
  return (
    <ul class="health">
      {rows.map((row) => (
        <li key={row.name} title={`${row.name}: ${row.says}${row.detail === '' ? '' : `, ${row.detail}`}`}>
          <i class={`dot ${row.health}`} aria-hidden="true" />
          <span class="name">{row.name}</span>
          {row.health === 'good' ? <span class="hidden">{row.says}</span> : <span class="says">{row.says}</span>}
          <time class="n soft" title={row.lastTs === 0 ? 'has said nothing yet' : `last event ${time(row.lastTs)} UTC`}>
            {row.lastTs === 0 ? '–' : age(now - row.lastTs)}
          </time>
          {row.detail === '' ? null : <span class="detail">{row.detail}</span>}
        </li>
      ))}
    </ul>
  )
}
