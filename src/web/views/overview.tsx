/** Owns the first view: how the run stands, at a glance. */
import type { ViewState } from '#audit/view/view.port'
import { api } from '../api.js'
import { clock, count, direction, fixed, percent, signed, signedPercent, time } from '../format.js'
import { useFetched, usePage } from '../hooks.js'
import { Panel } from '../parts/panel.js'
import { Plot } from '../parts/plot.js'
import { Empty, Failed, Loading } from '../parts/states.js'
import { Agents, Feeds } from './overview-health.js'
import { Limits } from './overview-limits.js'
import { Trouble } from './overview-trouble.js'
import './overview.css'

export function Overview() {
  const state = usePage((page) => page.state)
  const currency = usePage((page) => page.facts?.currency ?? '')
  if (state === null) return <Loading what="State" />
  return (
    <div class="grid overview">
      <Figures state={state} currency={currency} />
      <Trouble state={state} />
      <Equity state={state} currency={currency} />
      <div class="stack aside">
        <Limits state={state} />
        <Feeds state={state} />
      </div>
      <Agents state={state} />
    </div>
  )
}

interface Figured {
  readonly state: ViewState
  readonly currency: string
}

function Figures({ state, currency }: Figured) {
  const { book, today, counts, orders } = state
  const total = book.equity - Number(book.opening)
  return (
    <section class="panel figures" aria-label="Key figures">
      <Figure name="Equity" unit={currency} value={fixed(book.equity, 2)} id="equity" isLarge>
        <span class={direction(total)}>{signed(total, 2)}</span> since the start
      </Figure>
      <Figure
        name="PnL today"
        unit={currency}
        value={signed(today.pnl, 2)}
        tone={direction(today.pnl)}
        id="pnl"
        isLarge
      >
        {signedPercent(today.equity === 0 ? null : today.pnl / today.equity)} since {clock(today.from).slice(0, 5)} UTC
      </Figure>
      <Figure name="Drawdown" value={percent(book.drawdown)} id="drawdown">
        peak {fixed(book.peak, 2)}
      </Figure>
      <Figure name="Gross exposure" value={percent(book.gross)} id="gross">
        of NAV; net {signedPercent(book.net)}
      </Figure>
      <Figure name="Working orders" value={count(orders.working.length)} id="working">
        {count(counts.fills)} fills, {count(orders.counts.refused)} refused
      </Figure>
      <Figure name="Events" value={count(counts.events)} id="events">
        to seq {count(state.seq)}
      </Figure>
    </section>
  )
}

interface FigureProps {
  readonly name: string
  readonly value: string
  readonly id: string
  readonly unit?: string
  readonly tone?: string
  readonly isLarge?: boolean
  readonly children: preact.ComponentChildren
}

function Figure({ name, value, id, unit = '', tone = '', isLarge = false, children }: FigureProps) {
  return (
    <dl class={isLarge ? 'figure large' : 'figure'}>
      <dt>{name}</dt>
      <dd class="value">
        <span class={tone} data-test={id}>
          {value}
        </span>{' '}
        <small>{unit}</small>
      </dd>
      <dd class="note">{children}</dd>
    </dl>
  )
}

/** The curve is asked for again when the run has moved on by this much of its events, not at every event. */
const CURVE_STEPS = 400

function Equity({ state, currency }: Figured) {
  const isMoving = usePage(
    (page) => page.route.at === null && (page.facts?.isLive === true || (page.head?.read ?? 1) < 1),
  )
  const step = isMoving ? Math.max(1, Math.floor(state.seq / CURVE_STEPS)) : 1
  const until = Math.max(1, Math.floor(state.seq / step) * step)
  const { document: series, problem } = useFetched(`equity ${until}`, (signal) =>
    api.series({ name: 'equity', until, points: 1200 }, signal),
  )
  const { equity, drawdown } = series?.columns ?? {}
  return (
    <Panel title="Equity" note={currency} class="equity">
      {problem !== null ? <Failed problem={problem} /> : null}
      {series === null || equity === undefined ? (
        <Loading what="Curve" />
      ) : series.ts.length < 2 ? (
        <Empty>No points yet: the curve begins with the first day that closes.</Empty>
      ) : (
        <>
          <Plot
            label={`Equity from ${time(series.ts[0])} to ${time(series.ts.at(-1))} UTC`}
            ts={series.ts}
            height={230}
            sync="equity"
            lines={[
              {
                label: 'Equity',
                values: equity,
                colour: '--accent',
                format: (value) => fixed(value, 0),
                isFilled: true,
              },
            ]}
          />
          {drawdown === undefined ? null : (
            <Plot
              label="Drawdown below the peak, percent"
              ts={series.ts}
              height={110}
              sync="equity"
              lines={[
                {
                  label: 'Drawdown',
                  values: drawdown,
                  colour: '--down',
                  format: (value) => percent(value),
                  isFilled: true,
                },
              ]}
            />
          )}
        </>
      )}
    </Panel>
  )
}
