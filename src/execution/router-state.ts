/**
 * Owns what the router remembers: market conditions by instrument, live orders, the last finished ones, the halt.
 * A fold; never decides. Bounded: an order that has ended leaves but its id and phase, for the last 128 of them; an instrument
 * that came with an order leaves some time after the last.
 */
import type { UniverseEntry } from '#core/config/schema'
import { parseUnits } from '#core/decimal'
import { type EpochMs, floorTo, type Interval, intervalMs } from '#core/time'
import { isInDollars, isOption, kindOfId } from '#events/instrument-kind'
import type { InstrumentKind, InstrumentListed, OptionChainObserved, QuoteChanged } from '#events/market.events'
import type { CancelRequested, OrderFilled, OrderSubmitted } from '#events/order.events'
import type { OrderApproved } from '#events/risk.events'
import { withLeg } from './leg-slots.js'
import { advance, isTerminal, type OrderPhase, type OrderWord } from './order-lifecycle.js'
import { createTradingConditions, type TradingConditions } from './trading-conditions.js'

const FINISHED_KEPT = 128

export interface RouterSlot {
  readonly instrument: string
  kind: InstrumentKind
  /** Outside the universe: no bars come for it. */
  readonly isLeg: boolean
  /** 0: never. */
  readonly expiresAt: EpochMs
  /** When its last order was approved; of legs alone. */
  usedAt: EpochMs
  readonly finest: Interval
  listed: boolean
  tick: string
  lot: string
  minNotional: string
  /** Last quote; `quotedAt` −1 before the first. */
  bid: number
  ask: number
  quotedAt: number
  readonly market: TradingConditions
}

export interface LiveOrder {
  readonly order: string
  readonly instrument: string
  phase: OrderPhase
  /** It is not sent, and cancelled, while trading is halted. */
  readonly addsRisk: boolean
  remaining: string
  readonly submittedAt: number
  /** When a resting order has outlived itself, epoch ms; 0 for what never rests. */
  readonly restsUntil: number
  /** When its cancel was asked for, epoch ms; 0 when it was not. */
  cancelAskedAt: number
}

export interface RouterState {
  halted: boolean
  readonly index: Record<string, number>
  readonly slots: RouterSlot[]
  /** Instruments that came with an order. */
  legs: RouterSlot[]
  live: LiveOrder[]
  /** Oldest first. */
  readonly finished: { readonly order: string; phase: OrderPhase }[]
}

export function createRouterState(universe: readonly UniverseEntry[], finest: Interval): RouterState {
  const slots = universe.map(({ instrument, interval, tick, lot, minNotional }) => ({
    ...createSlot({ instrument, kind: kindOfId(instrument), tick, lot, isLeg: false, expiresAt: 0 }),
    finest: interval ?? finest,
    minNotional,
  }))
  const index: Record<string, number> = {}
  for (const [i, slot] of slots.entries()) index[slot.instrument] = i
  return { halted: false, index, slots, legs: [], live: [], finished: [] }
}

function createSlot(
  terms: Pick<RouterSlot, 'instrument' | 'kind' | 'tick' | 'lot' | 'isLeg' | 'expiresAt'>,
): RouterSlot {
  return {
    ...terms,
    usedAt: 0,
    finest: '1d',
    listed: true,
    minNotional: '0',
    bid: 0,
    ask: 0,
    quotedAt: -1,
    market: createTradingConditions(),
  }
}

/** Remembers the instrument of an approval that brings its own terms. */
export function foldApproval(state: RouterState, { data, ts }: OrderApproved): void {
  const { instrument, terms } = data
  const known = slotOf(state, instrument)
  if (known?.isLeg === true) known.usedAt = ts
  if (known !== undefined || terms === undefined) return
  const { kind, tick, lot, expiresAt = 0 } = terms
  const leg = { ...createSlot({ instrument, kind, tick, lot, isLeg: true, expiresAt }), usedAt: ts }
  const isNeeded = (slot: RouterSlot): boolean => state.live.some((order) => order.instrument === slot.instrument)
  state.legs = withLeg(state.legs, leg, ts, isNeeded)
}

export function slotOf(state: RouterState, instrument: string): RouterSlot | undefined {
  const i = state.index[instrument]
  if (i !== undefined) return state.slots[i]
  for (let k = 0; k < state.legs.length; k++) if (state.legs[k]!.instrument === instrument) return state.legs[k]
  return undefined
}

export function liveOrder(state: RouterState, order: string): LiveOrder | undefined {
  for (let i = 0; i < state.live.length; i++) if (state.live[i]!.order === order) return state.live[i]
  return undefined
}

/** Whether the order was ever taken up, as far as is remembered. */
export function isKnown(state: RouterState, order: string): boolean {
  if (liveOrder(state, order) !== undefined) return true
  for (let i = 0; i < state.finished.length; i++) if (state.finished[i]!.order === order) return true
  return false
}

export function foldListing(state: RouterState, data: InstrumentListed['data']): void {
  const slot = slotOf(state, data.instrument)
  if (slot === undefined) return
  slot.listed = true
  slot.kind = data.kind
  slot.tick = data.tick
  // A listing tells the step in coins.
  if (!isInDollars(data.kind)) slot.lot = data.lot
  slot.minNotional = data.minNotional
}

export function foldQuote(state: RouterState, event: QuoteChanged): void {
  const slot = slotOf(state, event.data.instrument)
  if (slot === undefined) return
  slot.bid = event.data.bid
  slot.ask = event.data.ask
  slot.quotedAt = event.ts
}

/** Quotes of the options that were ordered lately. O(1) without any of that expiry, else O(options of the chain) for each. */
export function foldChain(state: RouterState, { data, ts }: OptionChainObserved): void {
  for (const leg of state.legs) {
    if (leg.expiresAt !== data.expiresAt || !isOption(leg.kind)) continue
    const row = data.options.find(({ instrument }) => instrument === leg.instrument)
    if (row === undefined) continue
    leg.bid = row.bid ?? 0
    leg.ask = row.ask ?? 0
    leg.quotedAt = ts
  }
}

/** What may go out, and stay out, while trading is halted: it only takes back. */
export function addsRisk({ reduceOnly, purpose }: Pick<OrderSubmitted['data'], 'reduceOnly' | 'purpose'>): boolean {
  return !reduceOnly && purpose !== 'unwind'
}

/** Takes up an order. `ttlBars` finest bars later a resting one has outlived itself. */
export function foldSubmitted(state: RouterState, event: OrderSubmitted, ttlBars: number): void {
  const { order, instrument, timeInForce, quantity } = event.data
  if (isKnown(state, order)) return
  const barMs = intervalMs(slotOf(state, instrument)?.finest ?? '1d')
  state.live.push({
    order,
    instrument,
    phase: advance('approved', 'submit', order),
    addsRisk: addsRisk(event.data),
    remaining: quantity,
    submittedAt: event.ts,
    restsUntil: timeInForce === 'gtc' ? floorTo(event.ts, barMs) + ttlBars * barMs : 0,
    cancelAskedAt: 0,
  })
}

export function foldCancelRequest(state: RouterState, event: CancelRequested): void {
  const live = liveOrder(state, event.data.order)
  if (live !== undefined && live.cancelAskedAt === 0) live.cancelAskedAt = event.ts
}

/** A trade. `remaining` is the venue's own count, so that a repeated or overtaken one changes nothing. */
export function foldFill(state: RouterState, { order, remaining }: OrderFilled['data']): void {
  const left = parseUnits(remaining)
  const live = liveOrder(state, order)
  if (live !== undefined && left < parseUnits(live.remaining)) live.remaining = remaining
  foldWord(state, order, left === 0n ? 'fillRest' : 'fillPart')
}

/** Moves an order on; one that is long forgotten is left alone (the ledger of risk honours its trades). */
export function foldWord(state: RouterState, order: string, word: OrderWord): void {
  const live = liveOrder(state, order)
  if (live === undefined) {
    const past = state.finished.find((entry) => entry.order === order)
    if (past !== undefined) past.phase = advance(past.phase, word, order)
    return
  }
  live.phase = advance(live.phase, word, order)
  if (!isTerminal(live.phase)) return
  state.live = state.live.filter((entry) => entry !== live)
  foldFinished(state, order, live.phase)
}

export function foldFinished(state: RouterState, order: string, phase: OrderPhase): void {
  if (state.finished.length >= FINISHED_KEPT) state.finished.shift()
  state.finished.push({ order, phase })
}
