/** Owns the health of agents and feeds, worst first, with the age of what each said last. */
import type { ViewState } from '#audit/view/view.port'
import { age, time } from '../format.js'
import { agentHealth, feedHealth, type HealthRow, tally } from '../health.js'
import { usePage, useRunNow } from '../hooks.js'
import { Panel } from '../parts/panel.js'
import { Empty } from '../parts/states.js'
import { linkTo } from '../run-store.js'

export function Agents({ state }: { readonly state: ViewState }) {
  const live = usePage((page) => (page.route.at === null ? page.status : null))
  const rows = agentHealth(state.agents, live)
  return (
    <Panel title="Agents" note={tally(rows)} tools={<a href={linkTo('agents')}>graph</a>}>
      <Rows rows={rows} empty="No agent has begun yet." />
    </Panel>
  )
}

export function Feeds({ state }: { readonly state: ViewState }) {
  const feedAgeMs = usePage((page) => (page.route.at === null ? (page.status?.feedAgeMs ?? null) : null))
  const rows = feedHealth(state.feeds, state.process.state === 'stopped')
  return (
    <Panel title="Feeds" note={tally(rows)}>
      <Rows rows={rows} empty="The log names no feed: its market is built in, or on a tape." />
      {feedAgeMs === null ? null : <p class="note">newest market input {age(feedAgeMs)} ago by the machine's clock</p>}
    </Panel>
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
          {row.detail === '' || row.health === 'idle' ? null : <span class="detail">{row.detail}</span>}
        </li>
      ))}
    </ul>
  )
}
