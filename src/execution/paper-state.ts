/**
 * Owns what the paper venue remembers: terms, positions, orders on their way or at work, the last quote. A fold; never decides.
 * Bounded: an order leaves when it has ended; the last 256 ids are kept so that a repeated one changes nothing.
 */
import type { ExecutionConfig, UniverseEntry } from '#core/config/schema'
import { formatUnits, parseUnits } from '#core/decimal'
import { invariant } from '#core/invariant'
import { intervalMs, isInterval } from '#core/time'
import type { BarClosed, BarOpened, InstrumentListed, QuoteChanged } from '#events/market.events'
import type { OrderFilled, OrderSubmitted } from '#events/order.events'
import type { Side } from './exact-fill.js'

const IDS_KEPT = 256

export interface PaperOrder {
  readonly order: string
  readonly side: Side
  readonly type: OrderSubmitted['data']['type']
  readonly timeInForce: OrderSubmitted['data']['timeInForce']
  readonly quantity: string
  remaining: string
  /** Empty when it has none. */
  readonly limitPrice: string
  /** Worse of stop level and the open that jumped it; empty for other types. */
  readonly stopReference: string
  readonly reduceOnly: boolean
  readonly spreadBps: number
  readonly impactBps: number
  /** Epoch ms; −1 while the order has not been taken. */
  acceptedAt: number
  /** Seq of the first quote after it was taken; 0 before. */
  firstQuoteSeq: number
  /** Its cancel has arrived, or, where nothing takes time, was asked for. */
  cancelled: boolean
}

export interface PaperSlot {
  readonly instrument: string
  readonly feeCurrency: string
  listed: boolean
  tick: string
  lot: string
  minNotional: string
  makerFeeBps: number
  takerFeeBps: number
  /** Base units, signed. */
  position: string
  readonly orders: PaperOrder[]
  /** Length of the finest bars seen, ms; 0 before the first. */
  barMs: number
  lastBarVolume: number
  /** Bar that fills count against, and what it gave so far. */
  barOpenTime: number
  filledInBar: string
  bid: number
  ask: number
  quotedAt: number
}

export interface PaperState {
  readonly index: Record<string, number>
  readonly slots: PaperSlot[]
  /** Orders for instruments that are not traded here, waiting for their refusal. */
  readonly strangers: { readonly order: string; readonly instrument: string }[]
  readonly seen: string[]
}

export function createPaperState(config: ExecutionConfig, universe: readonly UniverseEntry[]): PaperState {
  const index: Record<string, number> = {}
  const slots = universe.map((entry, i): PaperSlot => {
    index[entry.instrument] = i
    return {
      instrument: entry.instrument,
      feeCurrency: entry.quote,
      listed: true,
      tick: entry.tick,
      lot: entry.lot,
      minNotional: entry.minNotional,
      makerFeeBps: config.makerFeeBps,
      takerFeeBps: config.takerFeeBps,
      position: '0',
      orders: [],
      barMs: 0,
      lastBarVolume: 0,
      barOpenTime: -1,
      filledInBar: '0',
      bid: 0,
      ask: 0,
      quotedAt: -1,
    }
  })
  return { index, slots, strangers: [], seen: [] }
}

export function paperSlot(state: PaperState, instrument: string): PaperSlot | undefined {
  const i = state.index[instrument]
  return i === undefined ? undefined : state.slots[i]
}

export function orderIn(slot: PaperSlot, order: string): PaperOrder | undefined {
  return slot.orders.find((entry) => entry.order === order)
}

/** The slot that holds an order, by its id alone. */
export function slotHolding(state: PaperState, order: string): PaperSlot | undefined {
  return state.slots.find((slot) => orderIn(slot, order) !== undefined)
}

export function takeUp(state: PaperState, data: OrderSubmitted['data']): void {
  if (state.seen.includes(data.order)) return
  if (state.seen.length >= IDS_KEPT) state.seen.shift()
  state.seen.push(data.order)
  const slot = paperSlot(state, data.instrument)
  if (slot === undefined) {
    state.strangers.push({ order: data.order, instrument: data.instrument })
    return
  }
  slot.orders.push({
    order: data.order,
    side: data.side,
    type: data.type,
    timeInForce: data.timeInForce,
    quantity: data.quantity,
    remaining: data.quantity,
    limitPrice: data.limitPrice ?? '',
    stopReference: data.type === 'stop' ? worseOf(data) : '',
    reduceOnly: data.reduceOnly,
    spreadBps: data.expectedSpreadBps,
    impactBps: data.expectedImpactBps,
    acceptedAt: -1,
    firstQuoteSeq: 0,
    cancelled: false,
  })
}

function worseOf({ side, stopPrice, triggerOpen }: OrderSubmitted['data']): string {
  if (stopPrice === undefined || triggerOpen === undefined) return stopPrice ?? triggerOpen ?? ''
  const [stop, open] = [parseUnits(stopPrice), parseUnits(triggerOpen)]
  return (side === 'buy') === open > stop ? triggerOpen : stopPrice
}

export function drop(slot: PaperSlot, order: string): void {
  const i = slot.orders.findIndex((entry) => entry.order === order)
  if (i >= 0) slot.orders.splice(i, 1)
}

/** Books a trade; at a quote it counts against the bar of `barOpenTime`, elsewhere (−1) against the bar begun last. */
export function foldTrade(slot: PaperSlot, data: OrderFilled['data'], barOpenTime: number): void {
  if (barOpenTime >= 0) beginBar(slot, barOpenTime)
  const quantity = parseUnits(data.quantity)
  slot.position = formatUnits(parseUnits(slot.position) + (data.side === 'buy' ? quantity : -quantity))
  slot.filledInBar = formatUnits(parseUnits(slot.filledInBar) + quantity)
  const order = orderIn(slot, data.order)
  if (order === undefined) return
  order.remaining = data.remaining
  if (parseUnits(data.remaining) === 0n) drop(slot, data.order)
}

export function foldTerms(slot: PaperSlot, data: InstrumentListed['data']): void {
  slot.listed = true
  slot.tick = data.tick
  slot.lot = data.lot
  slot.minNotional = data.minNotional
  slot.makerFeeBps = data.makerFeeBps
  slot.takerFeeBps = data.takerFeeBps
}

export function foldOpen(slot: PaperSlot, data: BarOpened['data']): void {
  beginBar(slot, data.openTime)
}

/** Coarser bars than the finest seen say nothing new. */
export function isFinest(slot: PaperSlot, data: BarClosed['data']): boolean {
  return slot.barMs === lengthOf(data.interval)
}

export function foldClosed(slot: PaperSlot, data: BarClosed['data']): void {
  const ms = lengthOf(data.interval)
  if (slot.barMs === 0 || ms < slot.barMs) slot.barMs = ms
  if (ms !== slot.barMs) return
  slot.lastBarVolume = data.volume
  if (slot.orders.length > 0) beginBar(slot, data.openTime)
}

function lengthOf(interval: string): number {
  invariant(isInterval(interval), () => `paper venue: ${interval} is no bar interval`)
  return intervalMs(interval)
}

function beginBar(slot: PaperSlot, openTime: number): void {
  if (slot.barOpenTime === openTime) return
  slot.barOpenTime = openTime
  slot.filledInBar = '0'
}

export function foldPaperQuote(slot: PaperSlot, event: QuoteChanged): void {
  slot.bid = event.data.bid
  slot.ask = event.data.ask
  slot.quotedAt = event.ts
  for (const order of slot.orders)
    if (order.acceptedAt >= 0 && order.firstQuoteSeq === 0) order.firstQuoteSeq = event.seq
}
