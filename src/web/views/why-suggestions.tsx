/** Owns what one may want explained: the newest orders, refusals and words of signals. */
import type { ComponentChildren } from 'preact'
import { decimal, time, words } from '../format.js'
import { usePage } from '../hooks.js'
import { Instrument } from '../parts/link.js'
import { Panel } from '../parts/panel.js'
import { Empty } from '../parts/states.js'
import { linkTo } from '../run-store.js'
import { titleOf } from '../signal-groups.js'

const MANY = 12

interface Pick {
  readonly target: string
  readonly ts: number
  readonly says: ComponentChildren
}

export function Suggestions() {
  const state = usePage((page) => page.state)
  if (state === null) return null
  const { working, recent } = state.orders
  const isRefusal = (each: (typeof recent)[number]): boolean => each.state === 'refused' || each.state === 'withheld'
  const pickOrder = (row: (typeof recent)[number]): Pick => ({
    target: row.order.startsWith('refusal-') ? String(row.seq) : row.order,
    ts: row.lastTs,
    says: (
      <>
        {row.side} {decimal(row.quantity)} <Instrument id={row.instrument} />{' '}
        {words(isRefusal(row) ? row.reason : row.state)}
      </>
    ),
  })
  const orders = [...working, ...recent.filter((each) => !isRefusal(each))].slice(0, MANY).map(pickOrder)
  const refusals = recent.filter(isRefusal).slice(0, MANY).map(pickOrder)
  const signals = [...state.signals]
    .sort((a, b) => b.seq - a.seq)
    .slice(0, MANY)
    .map((row) => ({
      target: String(row.seq),
      ts: row.ts,
      says: (
        <>
          {titleOf(row.signal)}: {words(row.stance)} {row.subject === '' ? '' : <Instrument id={row.subject} />},{' '}
          {words(row.reason)}
        </>
      ),
    }))
  return (
    <>
      <p class="soft">
        From any order, signal or refusal back to the market events it stands on, with the numbers of each step. Pick
        one, or type a seq or an order.
      </p>
      <div class="grid picks">
        <Picks title="Orders" picks={orders} />
        <Picks title="Refusals" picks={refusals} />
        <Picks title="Signals" picks={signals} />
      </div>
    </>
  )
}

function Picks({ title, picks }: { readonly title: string; readonly picks: readonly Pick[] }) {
  return (
    <Panel title={title} note="newest">
      {picks.length === 0 ? <Empty>None up to here.</Empty> : null}
      <ul>
        {picks.map(({ target, ts, says }) => (
          <li key={target}>
            <a href={linkTo('why', target)}>
              <time class="soft">{time(ts)}</time>
              <span>{says}</span>
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
