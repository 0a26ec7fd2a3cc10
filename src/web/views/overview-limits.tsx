/** Owns exposure against limits, as bars. */
import type { LimitRow, ViewState } from '#audit/view/view.port'
import { percent, words } from '../format.js'
import { Panel } from '../parts/panel.js'
import { Empty } from '../parts/states.js'

/** From here on a bar warns. Chosen here: the log has no such threshold. */
const NEAR = 0.8

export function Limits({ state }: { readonly state: ViewState }) {
  return (
    <Panel title="Against limits" note="share of what is allowed" class="limits">
      {state.limits.length === 0 ? <Empty>No limit was measured yet.</Empty> : null}
      <ul>
        {state.limits.map((row) => (
          <Limit key={row.name} row={row} />
        ))}
      </ul>
    </Panel>
  )
}

/** Limits on losses are negative on both sides. */
export const usedShare = ({ value, limit }: LimitRow): number => (limit === 0 ? 0 : Math.abs(value) / Math.abs(limit))

function Limit({ row }: { readonly row: LimitRow }) {
  const used = usedShare(row)
  const tone = used >= 1 ? 'bad' : used >= NEAR ? 'warn' : ''
  return (
    <li title={row.unit}>
      <div class="limit-line">
        <span>{words(row.name)}</span>
        <span class="n">
          <b>{percent(row.value)}</b> <span class="soft">of {percent(row.limit)}</span>
        </span>
      </div>
      {/* The figures beside it say the same. */}
      <div class={`bar ${tone}`} aria-hidden="true">
        <i style={{ width: `${Math.min(used, 1) * 100}%` }} />
      </div>
    </li>
  )
}
