/** Owns what asks for a person: a flatten and how far it is, alerts. Absent when there is nothing; a halt is told above every view. */
import type { ViewState } from '#audit/view/view.port'
import { openPositions } from '../book.js'
import { count, time, words } from '../format.js'
import { Why } from '../parts/link.js'
import { Panel } from '../parts/panel.js'

export function Trouble({ state }: { readonly state: ViewState }) {
  const { flatten, alerts } = state
  if (flatten === null && alerts.length === 0) return null
  return (
    <Panel title="Asks for you" class="trouble">
      <ul>
        {flatten === null ? null : <Flatten state={state} />}
        {alerts.map((alert) => (
          <li key={alert.name}>
            <b class="warn-text">{words(alert.name)}</b> {alert.text.replace(`${alert.name}: `, '')}{' '}
            <Since ts={alert.since} seq={alert.seq} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Since({ ts, seq }: { readonly ts: number; readonly seq: number }) {
  return (
    <span class="soft">
      since {time(ts)}, seq <Why target={seq} />
    </span>
  )
}

/** "Flat" is the word of the venues, not of the order. */
function Flatten({ state }: { readonly state: ViewState }) {
  const { flatten, book } = state
  if (flatten === null) return null
  if (flatten.flatSeq !== null)
    return (
      <li>
        <b class="up">Flat</b> the venues confirm it: no position, no order; seq <Why target={flatten.flatSeq} />, asked
        for at {time(flatten.ts)}
      </li>
    )
  return (
    <li>
      <b class="warn-text">Flattening</b> {openPositions(book)} positions and {count(book.openOrders)} orders are still
      open <Since ts={flatten.ts} seq={flatten.seq} />
    </li>
  )
}
