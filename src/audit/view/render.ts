/** Owns the document of one seq: what was folded, as a viewer is shown it. Copies only; never hands out the state itself. */

import { orderRow } from './fold-orders.js'
import { type FoldState, ORDER_STATES } from './fold-state.js'
import type { Book, LimitRow, OrderState, ViewState } from './view.port.js'

/** Limits of the run's configuration, fractions; undefined where it names none. */
export interface Limits {
  readonly gross: number | undefined
  readonly net: number | undefined
  readonly drawdown: number | undefined
  readonly position: number | undefined
  readonly vega: number | undefined
  readonly venue: number | undefined
  readonly coin: number | undefined
}

const byName = <T>(rows: Readonly<Record<string, T>>): T[] =>
  Object.keys(rows)
    .sort()
    .map((name) => ({ ...rows[name]! }))

export function renderState(view: FoldState, book: Book, limits: Limits, isPartial: boolean): ViewState {
  const { seq, ts, process, halt, flatten, measures, alerts, counts } = view
  const { from, equity, paid } = view.day
  return {
    seq,
    ts,
    isPartial,
    process: { ...process },
    book,
    today: { from, equity, pnl: from === 0 ? 0 : book.equity - equity - paid },
    limits: limitRows(view, book, limits),
    halt: halt && { ...halt },
    flatten: flatten && { ...flatten },
    measures,
    alerts: [...alerts],
    signals: byName(view.signals),
    blend: byName(view.blend),
    orders: {
      working: Object.values(view.working)
        .sort((a, b) => a.seq - b.seq)
        .map(orderRow),
      recent: view.recent.map(orderRow).reverse(),
      // ORDER_STATES names every state once.
      counts: Object.fromEntries(ORDER_STATES.map((state) => [state, view.orderCounts[state]])) as Record<
        OrderState,
        number
      >,
    },
    agents: Object.values(view.agents).map((row) => ({ ...row })),
    feeds: byName(view.feeds),
    market: byName(view.market),
    outlook: byName(view.outlook).map(({ front: _front, frontExpiresAt: _at, ...row }) => row),
    counts: { ...counts },
  }
}

function limitRows(view: FoldState, book: Book, limits: Limits): LimitRow[] {
  const rows: LimitRow[] = []
  const add = (name: string, value: number | undefined, limit: number | undefined, unit: LimitRow['unit']): void => {
    if (limit !== undefined && value !== undefined) rows.push({ name, value, limit, unit })
  }
  const nav = 'fraction of NAV'
  add('gross', book.gross, limits.gross, nav)
  add('net', Math.abs(book.net), limits.net, nav)
  add('drawdown', -book.drawdown + 0, limits.drawdown, 'fraction')
  add('position', largest(book.positions.map(({ weight }) => weight)), limits.position, nav)
  const { vegaTenPoints, venues, coins } = (view.measures ?? {}) as Measures // the payload of RiskMeasured, or none yet
  if (vegaTenPoints !== undefined && vegaTenPoints > 0) add('vega', vegaTenPoints, limits.vega, nav)
  const isBound = (limit: number | undefined): boolean => limit !== undefined && limit < (limits.gross ?? Infinity)
  if (isBound(limits.venue)) add('venue', venues && largest(venues.map(({ gross }) => gross)), limits.venue, nav)
  if (isBound(limits.coin)) add('coin', coins && largest(coins.map(({ net }) => net)), limits.coin, nav)
  if (view.turnover !== null) add('turnover', view.turnover.value, view.turnover.limit, nav)
  return rows
}

interface Measures {
  readonly vegaTenPoints?: number
  readonly venues?: readonly { readonly gross: number }[]
  readonly coins?: readonly { readonly net: number }[]
}

const largest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
