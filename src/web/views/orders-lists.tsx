/** Owns the lists of orders: those at work, and those that ended or never left. */
import { useState } from 'preact/hooks'
import type { OrderRow, ViewState } from '#audit/view/view.port'
import { age, count, decimal, price, time, words } from '../format.js'
import { countOf, type Grouping, groupOf, type OrderFilter, ordersOf } from '../grouping.js'
import { useRunNow } from '../hooks.js'
import { Instrument, Why } from '../parts/link.js'
import { Panel } from '../parts/panel.js'
import { Empty } from '../parts/states.js'
import { Switch } from '../parts/switch.js'
import { type Column, Table } from '../parts/table.js'

const TONES: Readonly<Partial<Record<OrderRow['state'], string>>> = {
  filled: 'up',
  refused: 'warn-text',
  withheld: 'warn-text',
  rejected: 'bad-text',
  unknown: 'bad-text',
}

const named: Column<OrderRow> = {
  name: 'Order',
  cell: (row) => <Why target={row.order.startsWith('refusal-') ? row.seq : row.order}>{row.order}</Why>,
}
const instrument: Column<OrderRow> = {
  name: 'Instrument',
  cell: (row) => (
    <>
      <Instrument id={row.instrument} />
      {row.package === null ? null : <small class="soft"> {row.package}</small>}
    </>
  ),
}
const side: Column<OrderRow> = { name: 'Side', cell: (row) => row.side }
const state: Column<OrderRow> = {
  name: 'State',
  cell: (row) => <span class={TONES[row.state] ?? ''}>{words(row.state)}</span>,
}
const quantity: Column<OrderRow> = { name: 'Quantity', isNumber: true, cell: (row) => decimal(row.quantity) }
const filled: Column<OrderRow> = { name: 'Filled', isNumber: true, cell: (row) => decimal(row.filled) }
const average: Column<OrderRow> = { name: 'Average', isNumber: true, cell: (row) => price(row.averagePrice) }
const purpose: Column<OrderRow> = { name: 'Purpose', cell: (row) => words(row.purpose) }

interface WorkingProps {
  readonly rows: readonly OrderRow[]
  readonly grouping: Grouping
}

export function WorkingOrders({ rows, grouping }: WorkingProps) {
  const now = useRunNow()
  const since: Column<OrderRow> = {
    name: 'For',
    hint: 'Since it was approved',
    isNumber: true,
    cell: (row) => <time title={`${time(row.ts)} UTC`}>{age(now - row.ts)}</time>,
  }
  const columns = [named, instrument, side, state, quantity, filled, average, purpose, since]
  return (
    <Panel title="Working orders" note={count(rows.length)}>
      {rows.length === 0 ? (
        <Empty>No order is at work.</Empty>
      ) : (
        <Table
          label="Working orders"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.order}
          groupOf={groupOf(grouping)}
        />
      )}
    </Panel>
  )
}

interface EndedProps {
  readonly orders: ViewState['orders']
  readonly grouping: Grouping
}

/** So many lines are read before the rest is asked for. */
const SHORT = 30

const when: Column<OrderRow> = { name: 'Ended', unit: 'UTC', cell: (row) => <time>{time(row.lastTs)}</time> }
const reason: Column<OrderRow> = { name: 'Reason', cell: (row) => (row.reason === '' ? '' : words(row.reason)) }

export function EndedOrders({ orders, grouping }: EndedProps) {
  const [filter, choose] = useState<OrderFilter>('all')
  const [isLong, lengthen] = useState(false)
  const rows = ordersOf(orders.recent, filter)
  const { counts } = orders
  const choice = (value: Exclude<OrderFilter, 'all'>, text: string) => ({
    value,
    text: `${text} ${count(countOf(counts, value))}`,
  })
  return (
    <Panel
      title="Ended and refused"
      note={`the newest ${count(orders.recent.length)}`}
      tools={
        <Switch
          label="Outcome"
          value={filter}
          onChoose={choose}
          choices={[
            { value: 'all', text: 'All' },
            choice('filled', 'Filled'),
            choice('refused', 'Refused'),
            choice('rejected', 'Rejected'),
            choice('cancelled', 'Cancelled'),
          ]}
        />
      }
    >
      {rows.length === 0 ? (
        <Empty>None among the newest.</Empty>
      ) : (
        <>
          <Table
            label="Ended and refused orders"
            columns={[when, named, instrument, side, state, reason, quantity, filled, average, purpose]}
            rows={isLong ? rows : rows.slice(0, SHORT)}
            rowKey={(row) => row.order}
            groupOf={groupOf(grouping)}
          />
          {rows.length <= SHORT || isLong ? null : (
            <button type="button" class="more" onClick={() => lengthen(true)}>
              Show {count(rows.length - SHORT)} more
            </button>
          )}
        </>
      )}
    </Panel>
  )
}
