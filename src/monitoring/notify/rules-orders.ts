/** Owns notes of orders, and of a flatten until it is flat: no order open, every position closed, as the venue says. */
import { formatUnits, parseUnits } from '#core/decimal'
import type { AnyEvent } from '#events/catalogue'
import { begin, end, once } from './conditions.js'
import { type Note, plain, span } from './note.js'
import { type NotifyState, ORDERS_MAX, TRADES_MAX } from './notify-state.js'
import type { Rules } from './rules.js'

type At = Pick<AnyEvent, 'seq' | 'ts'>

const unknownKey = (order: string): string => `order-unknown:${order}`
const FLATTEN = 'flatten'

function opened(state: NotifyState, order: string, instrument: string, package_: string | undefined): void {
  if (state.orders[order] !== undefined) return
  const keys = Object.keys(state.orders)
  if (keys.length >= ORDERS_MAX) delete state.orders[keys[0]!]
  state.orders[order] = { instrument, package: package_ ?? '' }
}

/** The venue spoke of the order. */
function answered(state: NotifyState, order: string, { seq, ts }: At, says: string): Note[] {
  const lasted = end(state, unknownKey(order))
  if (lasted === undefined) return []
  const title = `Order ${order} is known again`
  const text = `The venue says: ${says}. Unknown for ${span(ts - lasted.since)}.`
  return [{ kind: 'order-known', key: unknownKey(order), severity: 'warning', seq, ts, title, text }]
}

function closed(state: NotifyState, order: string, at: At, says: string): Note[] {
  delete state.orders[order]
  return [...answered(state, order, at, says), ...flatOf(state, at)]
}

function flatOf(state: NotifyState, { seq, ts }: At): Note[] {
  const { flatten } = state
  if (flatten === null || Object.keys(state.orders).length > 0 || Object.keys(state.positions).length > 0) return []
  state.flatten = null
  end(state, FLATTEN)
  const text = `Every position is closed and no order is open, ${span(ts - flatten.ts)} after it was asked (seq ${flatten.seq}).`
  return [{ kind: 'flat', key: FLATTEN, severity: 'critical', seq, ts, title: 'Flat', text }]
}

function addTo(state: NotifyState, key: string, change: bigint): void {
  const held = parseUnits(state.positions[key] ?? '0') + change
  if (held === 0n) delete state.positions[key]
  else state.positions[key] = formatUnits(held)
}

export const ORDER_RULES: Rules = {
  OrderApproved: ({ data }, state) => {
    opened(state, data.order, data.instrument, data.package)
    return []
  },
  OrderSubmitted: ({ data }, state) => {
    opened(state, data.order, data.instrument, data.package)
    return []
  },
  OrderWithheld: (event, state) => closed(state, event.data.order, event, 'never sent'),
  OrderAccepted: (event, state) => answered(state, event.data.order, event, 'accepted'),
  OrderCancelled: (event, state) => closed(state, event.data.order, event, `cancelled, ${event.data.reason}`),

  OrderFilled: (event, state) => {
    const { order, instrument, trade, side, quantity, remaining } = event.data
    const id = `${order}|${trade}`
    if (!state.trades.includes(id)) {
      state.trades.push(id)
      if (state.trades.length > TRADES_MAX) state.trades.shift()
      const units = parseUnits(quantity)
      addTo(state, `${state.orders[order]?.package ?? ''}|${instrument}`, side === 'buy' ? units : -units)
    }
    if (parseUnits(remaining) === 0n) return closed(state, order, event, 'filled')
    return answered(state, order, event, 'filled in part')
  },

  OrderRejected: (event, state) => {
    const { seq, ts, data } = event
    const title = `${data.instrument}: order refused by the venue (${data.code})`
    const note: Note = {
      kind: 'order-rejected',
      key: `rejected:${data.instrument}:${data.code}`,
      severity: 'warning',
      seq,
      ts,
      title,
      text: `Order ${data.order}: ${plain(data.detail, 300)}.`,
    }
    return [...once(state, note), ...closed(state, data.order, event, 'refused')]
  },

  OrderUnconfirmed: ({ seq, ts, data }, state, { unknownMs }) => {
    const title = `${data.instrument}: the state of an order is unknown`
    const text = `The venue has not answered for order ${data.order}. Look at the venue's own page before you act.`
    const note: Note = {
      kind: 'order-unknown',
      key: unknownKey(data.order),
      severity: 'critical',
      seq,
      ts,
      title,
      text,
    }
    return begin(state, note, Math.max(1, unknownMs - data.sinceMs))
  },

  PositionSettled: (event, state) => {
    const { seq, ts, data } = event
    const { instrument, quantity, price, realised, cause, currency } = data
    delete state.positions[`${data.package ?? ''}|${instrument}`]
    const title = `${instrument} settled: ${cause ?? 'delisted'}`
    const text = `${quantity} at ${price}, realised ${realised}${currency === undefined ? '' : ` ${currency}`}.`
    const note: Note = {
      kind: 'position-settled',
      key: `settled:${instrument}`,
      severity: 'info',
      seq,
      ts,
      title,
      text,
    }
    return [note, ...flatOf(state, event)]
  },

  OperatorCommanded: (event, state) => {
    const { seq, ts, data } = event
    if (data.command !== 'flatten') return []
    state.flatten = { seq, ts }
    end(state, FLATTEN)
    const held = Object.keys(state.positions).length
    const text = `${plain(data.reason, 300)}. ${held} positions are open; "Flat" is told once the venue confirms it.`
    const note: Note = {
      kind: 'flatten-asked',
      key: FLATTEN,
      severity: 'critical',
      seq,
      ts,
      title: 'Flatten was asked',
      text,
    }
    return [...begin(state, note), ...flatOf(state, event)]
  },

  StateCarried: ({ data }, state) => {
    for (const { instrument, quantity } of data.positions) addTo(state, `|${instrument}`, parseUnits(quantity))
    for (const held of data.packages ?? [])
      for (const { instrument, quantity } of held.legs)
        addTo(state, `${held.package}|${instrument}`, parseUnits(quantity))
    return []
  },
}
