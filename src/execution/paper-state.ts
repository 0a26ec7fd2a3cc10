/**
 * Owns what the paper venue remembers: terms, positions, orders on their way or at work, the last quote. A fold; never decides.
 * Bounded: an order leaves when it has ended; the last 256 ids are kept so that a repeated one changes nothing; an instrument
 * that came with an order leaves some time after it is flat.
 */
import type { ExecutionConfig, UniverseEntry } from '#core/config/schema'
import { formatUnits, parseUnits } from '#core/decimal'
import { invariant } from '#core/invariant'
import { type DurationMs, type EpochMs, type Interval, intervalMs, isInterval } from '#core/time'
import { isInDollars, isInverse, isOption, kindOfId } from '#events/instrument-kind'
import type { BarClosed, BarOpened, InstrumentKind, InstrumentListed, QuoteChanged } from '#events/market.events'
import type { OrderFilled, OrderSubmitted } from '#events/order.events'
import type { LegTerms } from '#events/package.events'
import type { Side } from './exact-fill.js'
import { withLeg } from './leg-slots.js'
import { feesOf } from './market-fees.js'

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
  /** Empty when it is no leg of one. */
  readonly package: string
  readonly submittedAt: EpochMs
  /** Epoch ms; −1 while the order has not been taken. */
  acceptedAt: number
  /** Seq of the first quote after it was taken; 0 before. */
  firstQuoteSeq: number
  /** Its cancel has arrived, or, where nothing takes time, was asked for. */
  cancelled: boolean
}

export interface PaperSlot {
  readonly instrument: string
  kind: InstrumentKind
  feeCurrency: string
  /** Outside the universe: no bars come for it. */
  readonly isLeg: boolean
  /** 0: never. */
  expiresAt: EpochMs
  /** When its last order came; of legs alone. */
  usedAt: EpochMs
  listed: boolean
  tick: string
  lot: string
  minNotional: string
  makerFeeBps: number
  takerFeeBps: number
  /** Of options: largest fee, share of the price. */
  readonly feeCap: number
  /** Base units, signed; of packages and single signals together. */
  position: string
  readonly orders: PaperOrder[]
  /** How often a bar opens, ms; 0 without bars. */
  readonly opensMs: DurationMs
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
  /** Instruments that came with an order. */
  legs: PaperSlot[]
  /** Orders at work that wait for an option chain, for a mark, and the first expiry among all of them (0: none). */
  readonly waits: { chain: number; mark: number; expiresAt: EpochMs }
  /** Orders for instruments that are not traded here, waiting for their refusal. */
  readonly strangers: { readonly order: string; readonly instrument: string }[]
  readonly seen: string[]
}

export function createPaperState(
  config: ExecutionConfig,
  universe: readonly UniverseEntry[],
  finest: Interval,
): PaperState {
  const index: Record<string, number> = {}
  const slots = universe.map((entry, i): PaperSlot => {
    index[entry.instrument] = i
    const { instrument, base, quote, tick, lot, minNotional } = entry
    const kind = kindOfId(instrument)
    const settle = isInverse(kind) ? base : quote
    const terms = { instrument, kind, settle, tick, lot, minNotional, isLeg: false, expiresAt: 0 }
    return { ...createSlot(config, terms), opensMs: intervalMs(entry.interval ?? finest) }
  })
  return { index, slots, legs: [], waits: { chain: 0, mark: 0, expiresAt: 0 }, strangers: [], seen: [] }
}

type SlotTerms = Pick<PaperSlot, 'instrument' | 'kind' | 'tick' | 'lot' | 'minNotional' | 'isLeg' | 'expiresAt'> & {
  readonly settle: string
}

function createSlot(config: ExecutionConfig, { settle, ...terms }: SlotTerms): PaperSlot {
  return {
    ...terms,
    feeCurrency: settle,
    usedAt: 0,
    listed: true,
    ...feesOf(config, terms.instrument, terms.kind),
    feeCap: isOption(terms.kind) ? config.optionFeeCap : 0,
    position: '0',
    orders: [],
    opensMs: 0,
    barMs: 0,
    lastBarVolume: 0,
    barOpenTime: -1,
    filledInBar: '0',
    bid: 0,
    ask: 0,
    quotedAt: -1,
  }
}

/** No least value: it stands in no terms; a listing brings it. */
function createLeg(config: ExecutionConfig, instrument: string, terms: LegTerms): PaperSlot {
  const { kind, settle, tick, lot, expiresAt = 0 } = terms
  return createSlot(config, { instrument, kind, settle, tick, lot, minNotional: '0', isLeg: true, expiresAt })
}

export function paperSlot(state: PaperState, instrument: string): PaperSlot | undefined {
  const i = state.index[instrument]
  if (i !== undefined) return state.slots[i]
  for (let k = 0; k < state.legs.length; k++) if (state.legs[k]!.instrument === instrument) return state.legs[k]
  return undefined
}

export function orderIn(slot: PaperSlot, order: string): PaperOrder | undefined {
  return slot.orders.find((entry) => entry.order === order)
}

/** The slot that holds an order, by its id alone. */
export function slotHolding(state: PaperState, order: string): PaperSlot | undefined {
  const holds = (slot: PaperSlot): boolean => orderIn(slot, order) !== undefined
  return state.slots.find(holds) ?? state.legs.find(holds)
}

export function takeUp(state: PaperState, { data, ts }: OrderSubmitted, config: ExecutionConfig): void {
  if (state.seen.includes(data.order)) return
  if (state.seen.length >= IDS_KEPT) state.seen.shift()
  state.seen.push(data.order)
  const slot = paperSlot(state, data.instrument) ?? addLeg(state, data, ts, config)
  if (slot === undefined) {
    state.strangers.push({ order: data.order, instrument: data.instrument })
    return
  }
  if (slot.isLeg) slot.usedAt = ts
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
    package: data.package ?? '',
    submittedAt: ts,
    acceptedAt: -1,
    firstQuoteSeq: 0,
    cancelled: false,
  })
  recount(state, slot)
}

function addLeg(
  state: PaperState,
  { instrument, terms }: OrderSubmitted['data'],
  ts: EpochMs,
  config: ExecutionConfig,
): PaperSlot | undefined {
  if (terms === undefined) return undefined
  const leg = createLeg(config, instrument, terms)
  state.legs = withLeg(state.legs, leg, ts, (slot) => isNeeded(slot, ts))
  return leg
}

function isNeeded(slot: PaperSlot, ts: EpochMs): boolean {
  return slot.orders.length > 0 || (slot.position !== '0' && !hasExpired(slot, ts))
}

/** Counts what waits, after the orders of `slot` changed. Only legs and what expires can change it. */
export function recount(state: PaperState, slot: PaperSlot): void {
  if (!slot.isLeg && slot.expiresAt === 0) return
  const { waits } = state
  waits.chain = 0
  waits.mark = 0
  waits.expiresAt = 0
  for (const { kind, orders, isLeg, expiresAt } of [...state.slots, ...state.legs]) {
    if (orders.length === 0) continue
    if (expiresAt > 0 && (waits.expiresAt === 0 || expiresAt < waits.expiresAt)) waits.expiresAt = expiresAt
    if (isLeg && isOption(kind)) waits.chain += orders.length
    else if (isLeg) waits.mark += orders.length
  }
}

/** Whether it has been delivered or has expired. */
export function hasExpired({ expiresAt }: PaperSlot, ts: EpochMs): boolean {
  return expiresAt > 0 && ts >= expiresAt
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

/** What the venue lists. Contracts of dollars keep their step: a listing tells it in coins. */
export function foldTerms(slot: PaperSlot, data: InstrumentListed['data'], config: ExecutionConfig): void {
  slot.listed = true
  slot.kind = data.kind
  slot.feeCurrency = isInverse(data.kind) ? data.base : data.quote
  slot.tick = data.tick
  if (!isInDollars(data.kind)) slot.lot = data.lot
  slot.minNotional = data.minNotional
  slot.expiresAt = data.expiresAt ?? slot.expiresAt
  const { makerFeeBps, takerFeeBps } = feesOf(config, slot.instrument, data.kind, data)
  slot.makerFeeBps = makerFeeBps
  slot.takerFeeBps = takerFeeBps
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
