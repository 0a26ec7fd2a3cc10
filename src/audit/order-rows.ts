/**
 * Owns orders as rows: one an order that risk approved, and one a refusal. An order is given out once it is over and some
 * thousand others are too (a trade may come late), so that memory stays bounded.
 */
import { formatUnits, multiplyUnits, parseUnits } from '#core/decimal'
import type { AnyEvent } from '#events/catalogue'
import type { OrderRefused } from '#events/risk.events'
import { type OrderEvent, type OrderStatus, orderOf, outcomeOf } from './order-events.js'

export interface OrderRow {
  /** Of OrderApproved or OrderRefused. */
  readonly seq: number
  readonly ts: number
  /** Null for a refusal: it never became an order. */
  readonly order: string | null
  readonly instrument: string
  /** Package that it is a leg of. */
  readonly package: string | null
  readonly side: string
  readonly purpose: string | null
  readonly status: OrderStatus | 'refused'
  /** Why it was refused, withheld, rejected or cancelled. */
  readonly code: string | null
  /** Exact decimals, base units. `quantity`: approved, or refused. */
  readonly quantity: string | null
  readonly sent: string | null
  readonly filled: string
  /** Σ price × quantity of the trades, quote. */
  readonly notional: string
  readonly fees: string
  readonly type: string | null
  readonly timeInForce: string | null
  readonly reduceOnly: boolean | null
  readonly referencePrice: string | null
  readonly limitPrice: string | null
  readonly stopPrice: string | null
  readonly weightBefore: number | null
  readonly weightAfter: number | null
  /** Of a refusal: the number that stood against the limit, and the weight that was wanted. */
  readonly value: number | null
  readonly limit: number | null
  readonly wanted: number | null
  readonly submittedAt: number | null
  readonly endedAt: number | null
}

/** Rows that are held back for late words. */
const ROWS_KEPT = 10_000

export class OrderRows {
  readonly #give: (row: OrderRow) => void
  /** By order id, or the seq of a refusal; in the order of first words. */
  readonly #waiting = new Map<string | number, (OrderEvent | OrderRefused)[]>()

  constructor(give: (row: OrderRow) => void) {
    this.#give = give
  }

  take(event: AnyEvent): void {
    const key = event.type === 'OrderRefused' ? event.seq : orderOf(event)
    if (key === undefined) return
    const named = event as OrderEvent | OrderRefused // it names an order, or is a refusal
    const events = this.#waiting.get(key)
    if (events !== undefined) events.push(named)
    else {
      this.#waiting.set(key, [named])
      if (this.#waiting.size > ROWS_KEPT) this.#releaseFirst()
    }
  }

  /** Gives out what is left. */
  finish(): void {
    for (const key of [...this.#waiting.keys()]) this.#release(key)
  }

  /** The first that is over: those still at work, few at any time, wait. */
  #releaseFirst(): void {
    for (const [key, events] of this.#waiting) {
      if (!events.some(isOver)) continue
      this.#release(key)
      return
    }
  }

  #release(key: string | number): void {
    const events = this.#waiting.get(key)!
    this.#waiting.delete(key)
    const first = events[0]!
    if (first.type === 'OrderRefused') this.#give(refusalRow(first))
    else this.#give(orderRow(first.data.order, events as OrderEvent[])) // a refusal is alone under its seq
  }
}

const isOver = (event: AnyEvent): boolean =>
  event.type === 'OrderRefused' ||
  event.type === 'OrderCancelled' ||
  event.type === 'OrderRejected' ||
  event.type === 'OrderWithheld' ||
  (event.type === 'OrderFilled' && event.data.remaining === '0')

function find<T extends OrderEvent['type']>(
  events: readonly OrderEvent[],
  type: T,
): Extract<OrderEvent, { readonly type: T }> | undefined {
  return events.find((event) => event.type === type) as Extract<OrderEvent, { readonly type: T }> | undefined // by type
}

function orderRow(order: string, events: readonly OrderEvent[]): OrderRow {
  const first = events[0]!
  const approved = find(events, 'OrderApproved')?.data
  const submission = find(events, 'OrderSubmitted')
  const sent = submission?.data
  const named = approved ?? sent ?? find(events, 'OrderWithheld')?.data ?? find(events, 'OrderFilled')?.data
  return {
    seq: first.seq,
    ts: first.ts,
    order,
    instrument: first.data.instrument,
    package: approved?.package ?? sent?.package ?? null,
    side: named?.side ?? '',
    purpose: approved?.purpose ?? sent?.purpose ?? null,
    ...outcomeOf(events),
    ...sumsOf(events),
    code: codeOf(events),
    quantity: approved?.quantity ?? null,
    sent: sent?.quantity ?? null,
    type: sent?.type ?? null,
    timeInForce: sent?.timeInForce ?? null,
    reduceOnly: approved?.reduceOnly ?? sent?.reduceOnly ?? null,
    referencePrice: approved?.referencePrice ?? sent?.referencePrice ?? null,
    limitPrice: sent?.limitPrice ?? null,
    stopPrice: approved?.stopPrice ?? null,
    weightBefore: approved?.weightBefore ?? null,
    weightAfter: approved?.weightAfter ?? null,
    value: null,
    limit: null,
    wanted: null,
    submittedAt: submission?.ts ?? null,
    endedAt: events.findLast(isOver)?.ts ?? null,
  }
}

function codeOf(events: readonly OrderEvent[]): string | null {
  const end = events.findLast(
    ({ type }) => type === 'OrderCancelled' || type === 'OrderRejected' || type === 'OrderWithheld',
  )
  if (end === undefined) return null
  if ('code' in end.data) return end.data.code
  return 'reason' in end.data ? end.data.reason : null
}

function sumsOf(events: readonly OrderEvent[]): { notional: string; fees: string } {
  const trades = new Set<string>()
  let notional = 0n
  let fees = 0n
  for (const event of events) {
    if (event.type !== 'OrderFilled' || trades.has(event.data.trade)) continue
    trades.add(event.data.trade)
    notional += multiplyUnits(parseUnits(event.data.price), parseUnits(event.data.quantity))
    fees += parseUnits(event.data.fee)
  }
  return { notional: formatUnits(notional), fees: formatUnits(fees) }
}

function refusalRow({ seq, ts, data }: OrderRefused): OrderRow {
  const { instrument, side, quantity, code, value, limit, wanted } = data
  return {
    seq,
    ts,
    order: null,
    instrument,
    package: null,
    side,
    purpose: null,
    status: 'refused',
    code,
    quantity,
    sent: null,
    filled: '0',
    notional: '0',
    fees: '0',
    type: null,
    timeInForce: null,
    reduceOnly: null,
    referencePrice: null,
    limitPrice: null,
    stopPrice: null,
    weightBefore: null,
    weightAfter: null,
    value,
    limit,
    wanted,
    submittedAt: null,
    endedAt: ts,
  }
}
