/** Owns the first view: how the run stands, at a glance. */
import { Panel } from '../parts/panel.js'

export function Overview() {
  return <Panel title="Equity">…</Panel>
}
