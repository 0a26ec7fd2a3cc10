/** Owns orders and positions: what is held, what works, what came of what was ordered or refused. */
import { useState } from 'preact/hooks'
import type { ViewState } from '#audit/view/view.port'
import { decimal, direction, figures, fixed, percent, price, signed, signedPercent } from '../format.js'
import { type Grouping, groupOf, type HoldingRow, holdings } from '../grouping.js'
import { usePage } from '../hooks.js'
import { Instrument } from '../parts/link.js'
import { Panel } from '../parts/panel.js'
import { Empty, Loading } from '../parts/states.js'
import { Switch } from '../parts/switch.js'
import { type Column, Table } from '../parts/table.js'
import { EndedOrders, WorkingOrders } from './orders-lists.js'
import { Packages } from './orders-packages.js'
import './orders.css'

const GROUPINGS: readonly { readonly value: Grouping; readonly text: string }[] = [
  { value: 'none', text: 'One list' },
  { value: 'symbol', text: 'By symbol' },
  { value: 'venue', text: 'By venue' },
  { value: 'package', text: 'By package' },
]

export function Orders() {
  const state = usePage((page) => page.state)
  const currency = usePage((page) => page.facts?.currency ?? '')
  const [grouping, group] = useState<Grouping>('none')
  if (state === null) return <Loading what="State" />
  return (
    <div class="stack">
      <div class="row">
        <h1>Orders and positions</h1>
        <Switch label="Grouping" choices={GROUPINGS} value={grouping} onChoose={group} />
      </div>
      <Positions state={state} currency={currency} grouping={grouping} />
      <Packages packages={state.book.packages ?? []} />
      <WorkingOrders rows={state.orders.working} grouping={grouping} />
      <EndedOrders orders={state.orders} grouping={grouping} />
    </div>
  )
}

interface PositionsProps {
  readonly state: ViewState
  readonly currency: string
  readonly grouping: Grouping
}

function Positions({ state, currency, grouping }: PositionsProps) {
  const [isAll, showAll] = useState(false)
  const rows = holdings(state.book, currency, isAll)
  const group = groupOf(grouping)
  return (
    <Panel
      title="Positions"
      note={`gross ${percent(state.book.gross)}, net ${signedPercent(state.book.net)} of NAV`}
      tools={
        <label class="check">
          <input type="checkbox" checked={isAll} onChange={(event) => showAll(event.currentTarget.checked)} /> with
          closed
        </label>
      }
    >
      {rows.length === 0 ? (
        <Empty>Nothing is held, nothing is wanted.</Empty>
      ) : (
        <Table
          label="Positions"
          columns={columnsOf(rows, currency)}
          rows={rows}
          rowKey={(row) => row.key}
          groupOf={group}
        />
      )}
    </Panel>
  )
}

/** Coins have more places than dollars. Fees are paid: no sign says it again. */
const money = (row: HoldingRow, amount: number, isSigned: boolean): string =>
  (isSigned ? signed : fixed)(amount, row.currency.startsWith('USD') ? 2 : 6)

function columnsOf(rows: readonly HoldingRow[], currency: string): Column<HoldingRow>[] {
  const hasOthers = rows.some((row) => row.currency !== currency)
  const unit = hasOthers ? {} : { unit: currency }
  const own = (row: HoldingRow) => (row.currency === currency ? null : <small class="faint"> {row.currency}</small>)
  const sum = (members: readonly HoldingRow[], isSigned: boolean, pick: (row: HoldingRow) => number): string => {
    const [first] = members
    if (first === undefined || members.some((row) => row.currency !== first.currency)) return '–'
    return money(
      first,
      members.reduce((total, row) => total + pick(row), 0),
      isSigned,
    )
  }
  const amount = (name: string, hint: string, pick: (row: HoldingRow) => string): Column<HoldingRow> => ({
    name,
    hint,
    ...unit,
    isNumber: true,
    cell: (row) => (
      <span class={name === 'Fees' ? '' : direction(Number(pick(row)))}>
        {money(row, Number(pick(row)), name !== 'Fees')}
        {own(row)}
      </span>
    ),
    total: (members) => sum(members, name !== 'Fees', (row) => Number(pick(row))),
  })
  return [
    {
      name: 'Instrument',
      cell: (row) => (
        <>
          <Instrument id={row.instrument} />
          {row.role === '' ? null : (
            <small class="soft">
              {' '}
              {row.role} of {row.package}
            </small>
          )}
        </>
      ),
    },
    { name: 'Quantity', isNumber: true, cell: (row) => decimal(row.quantity) },
    {
      name: 'Average',
      hint: 'Average price paid',
      isNumber: true,
      cell: (row) => price(Number(row.averagePrice) || null),
    },
    { name: 'Mark', isNumber: true, cell: (row) => price(row.mark || null) },
    {
      name: 'Weight',
      unit: 'of NAV',
      isNumber: true,
      cell: (row) => signedPercent(row.weight),
      total: (members) => signedPercent(members.reduce((total, row) => total + row.weight, 0)),
    },
    {
      name: 'Target',
      unit: 'of NAV',
      hint: 'As the blender wants it',
      isNumber: true,
      cell: (row) => (row.target === null ? '–' : signedPercent(row.target)),
    },
    amount('Unrealised', 'At the mark', (row) => String(row.unrealised)),
    amount('Realised', 'Closed, before fees', (row) => row.realised),
    amount('Fees', 'Paid', (row) => row.fees),
    amount('Funding', 'Received', (row) => row.funding),
    { name: 'Stop', isNumber: true, cell: (row) => (row.stopLevel === null ? '–' : figures(row.stopLevel, 6)) },
  ]
}
