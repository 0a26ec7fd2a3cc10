/**
 * Owns the orders that risk approved and that are not over yet, and which trades were booked already.
 * Bounded: open orders (at most a few an instrument) and the trade ids of the last CLOSED_KEPT closed ones.
 * Must never guess: an order is over when it is filled, cancelled, rejected or withheld, and not before.
 */
import { absUnits, type DecimalString, formatUnits, parseUnits, type Units } from '#core/decimal'

/** Closed orders whose trade ids are still known, so that a late duplicate changes nothing. */
const CLOSED_KEPT = 256

export interface OpenOrder {
  order: string
  /** Index of the instrument; −1 for a leg of a package. */
  slot: number
  /** Package and instrument of the leg that it is an order of. */
  package?: string
  instrument?: string
  /** Not yet filled, base units, signed. */
  left: DecimalString
  reduceOnly: boolean
  purpose: string
  trades: string[]
}

export interface OrderBookState {
  open: OpenOrder[]
  closed: { order: string; trades: string[]; package?: string }[]
}

export function createOrderBook(): OrderBookState {
  return { open: [], closed: [] }
}

export function openOrder(
  book: OrderBookState,
  order: {
    readonly order: string
    readonly instrument?: string
    readonly side: 'buy' | 'sell'
    readonly quantity: DecimalString
    readonly reduceOnly: boolean
    readonly purpose: string
    readonly package?: string | undefined
  },
  slot: number,
): void {
  const size = parseUnits(order.quantity)
  const { package: id, instrument } = order
  book.open.push({
    order: order.order,
    slot: id === undefined ? slot : -1,
    ...(id === undefined || instrument === undefined ? {} : { package: id, instrument }),
    left: formatUnits(order.side === 'buy' ? size : -size),
    reduceOnly: order.reduceOnly,
    purpose: order.purpose,
    trades: [],
  })
}

/** Ends an order that was cancelled, rejected or withheld. Unknown and closed ones change nothing. */
export function closeOrder(book: OrderBookState, order: string): void {
  const at = book.open.findIndex((open) => open.order === order)
  if (at < 0) return
  const [gone] = book.open.splice(at, 1)
  remember(book, order, gone!.trades, gone!.package)
}

function remember(book: OrderBookState, order: string, trades: string[], id?: string): void {
  book.closed.push({ order, trades, ...(id === undefined ? {} : { package: id }) })
  if (book.closed.length > CLOSED_KEPT) book.closed.shift()
}

/** Package that an order was a leg of, open or lately over. */
export function packageOf(book: OrderBookState, order: string): string | undefined {
  const isIt = (candidate: { readonly order: string }): boolean => candidate.order === order
  return (book.open.find(isIt) ?? book.closed.find(isIt))?.package
}

/** Whether this trade is new; takes note of it and of what is left of its order. O(open + closed) a fill. */
export function isNewTrade(book: OrderBookState, order: string, trade: string, quantity: DecimalString): boolean {
  const open = book.open.find((candidate) => candidate.order === order)
  if (open !== undefined) {
    if (open.trades.includes(trade)) return false
    open.trades.push(trade)
    fill(book, open, parseUnits(quantity))
    return true
  }
  const closed = book.closed.find((candidate) => candidate.order === order)
  if (closed === undefined) {
    remember(book, order, [trade])
    return true
  }
  if (closed.trades.includes(trade)) return false
  closed.trades.push(trade)
  return true
}

function fill(book: OrderBookState, open: OpenOrder, quantity: Units): void {
  const left = parseUnits(open.left)
  if (quantity >= absUnits(left)) closeOrder(book, open.order)
  else open.left = formatUnits(left > 0n ? left - quantity : left + quantity)
}

/** Signed base units in flight on an instrument. */
export function inFlight(book: OrderBookState, slot: number): Units {
  let sum = 0n
  for (const open of book.open) if (open.slot === slot) sum += parseUnits(open.left)
  return sum
}

export function hasOpenOrder(book: OrderBookState, slot: number): boolean {
  for (let i = 0; i < book.open.length; i++) if (book.open[i]!.slot === slot) return true
  return false
}

/** Whether an order that only reduces is at work on an instrument. */
export function hasReducingOrder(book: OrderBookState, slot: number): boolean {
  return book.open.some((open) => open.slot === slot && open.reduceOnly)
}
