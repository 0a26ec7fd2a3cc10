/**
 * Owns how risk remembers: each event into the state. Must never decide and never read a clock.
 * Cost: a bar of an instrument without a position stores a mark.
 */
import type { RiskConfig } from '#core/config/schema'
import { parseUnits } from '#core/decimal'
import { invariant } from '#core/invariant'
import { DAY_MS, type Interval, isAligned } from '#core/time'
import type { StateCarried } from '#events/lifecycle.events'
import { quantise } from '#events/line-buffer'
import type { BarAggregated, BarClosed, FundingSettled, InstrumentListed, QuoteChanged } from '#events/market.events'
import type { OrderFilled } from '#events/order.events'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { FundingAccrued, PositionSettled } from '#events/risk.events'
import { updateAtr } from '#indicators/atr'
import { applyFill, applyFunding, applySettlement, carryPosition, createLedger, fundingCash } from './ledger.js'
import { closeOrder, isNewTrade } from './order-book.js'
import { equity, type RiskState, reindex, slotIndex } from './risk-state.js'
import { ratchetStop, startStop, testStop, unlatchBeyond } from './stops.js'
import { addTurnover, turnoverUsed } from './turnover-limiter.js'
import { closeDay, fixTargets, takeDay } from './virtual-book.js'

/** Signals of the trend sleeve, whose ex-ante volatility is capped; of the carry sleeve, whose gross is. */
const TREND: ReadonlySet<string> = new Set(['tsmom', 'donchian'])
const CARRY: ReadonlySet<string> = new Set(['carry', 'basis', 'dispersion'])

export function onBar(state: RiskState, event: BarClosed | BarAggregated, risk: RiskConfig): void {
  const bar = event.data
  const index = state.indexOf[bar.instrument]
  if (index === undefined) return
  const slot = state.slots[index]!
  const own = event.type === 'BarClosed' && bar.interval === slot.interval
  let moves = false
  if (own) {
    slot.mark = bar.close
    slot.markedAt = event.ts
    if (slot.latch !== 0) unlatchBeyond(slot, bar.close)
    if (slot.position.quantityNumber !== 0 && bar.openTime >= slot.position.openedAt)
      moves = !testStop(state, index, bar.open, bar)
  }
  if (bar.interval === '1d' && takeDay(state.virtual, index, bar.openTime, bar.close))
    updateAtr(slot.atr, bar.high, bar.low, bar.close)
  if (moves) ratchetStop(slot, bar.high, bar.low, risk.stopAtr)
}

export function onQuote(state: RiskState, event: QuoteChanged): void {
  const index = state.indexOf[event.data.instrument]
  if (index === undefined) return
  const slot = state.slots[index]!
  const mid = (event.data.bid + event.data.ask) / 2
  if (!(mid > 0)) return
  slot.mark = mid
  slot.markedAt = event.ts
  if (slot.latch !== 0) unlatchBeyond(slot, mid)
  testStop(state, index, null, { high: mid, low: mid })
  watchPeak(state)
}

function watchPeak(state: RiskState): void {
  const now = equity(state)
  if (now > state.peak) state.peak = now
}

export function onInstant(state: RiskState, instant: number): void {
  if (isAligned(instant, DAY_MS)) closeDay(state.virtual)
  watchPeak(state)
}

/** Settled funding of a position that was open at the settlement; cash by cash into the next FundingAccrued. */
export function onFunding(state: RiskState, event: FundingSettled): void {
  const { instrument, settledAt, rate, proxy } = event.data
  const index = state.indexOf[instrument]
  if (index === undefined) return
  const { position, mark } = state.slots[index]!
  if (position.quantityNumber === 0 || position.openedAt >= settledAt || !(mark > 0)) return
  state.pendingFunding.push({
    instrument,
    quantity: position.quantity,
    mark: quantise(mark, 8),
    rate: quantise(rate, 10),
    proxy,
    cash: fundingCash(position.quantity, mark, rate, proxy),
  })
}

export function onFundingAccrued(state: RiskState, event: FundingAccrued): void {
  const rows = event.data.rows.map(({ instrument, cash }) => ({
    position: state.slots[state.indexOf[instrument]!]!.position,
    cash,
  }))
  applyFunding(state.ledger, rows)
  state.pendingFunding = []
}

export function onFill(state: RiskState, event: OrderFilled, risk: RiskConfig, finest: Interval): void {
  const fill = event.data
  if (!isNewTrade(state.orders, fill.order, fill.trade, fill.quantity)) return
  // Execution may have sent less than was approved: the venue's word ends the order, not our count.
  if (parseUnits(fill.remaining) === 0n) closeOrder(state.orders, fill.order)
  const index = slotIndex(state, fill.instrument, risk, finest)
  const slot = state.slots[index]!
  const before = Math.sign(slot.position.quantityNumber)
  const nav = equity(state)
  applyFill(state.ledger, slot.position, fill, event.ts)
  const price = Number(fill.price)
  if (slot.mark === 0) slot.mark = price
  if (nav > 0) addTurnover(state.turnover, event.ts, (Number(fill.quantity) * price) / nav / 2)
  const after = Math.sign(slot.position.quantityNumber)
  reindex(state, index)
  if (after !== 0 && after !== before) {
    if (slot.hit !== null) state.hits = state.hits.filter((hit) => hit !== index)
    startStop(slot, price, risk.stopAtr)
  }
}

export function onSettled(state: RiskState, event: PositionSettled): void {
  const index = state.indexOf[event.data.instrument]!
  applySettlement(state.ledger, state.slots[index]!.position, event.data.realised)
  reindex(state, index)
}

export function onListed(state: RiskState, event: InstrumentListed, risk: RiskConfig, finest: Interval): void {
  const slot = state.slots[slotIndex(state, event.data.instrument, risk, finest)]!
  slot.tick = event.data.tick
  slot.lot = event.data.lot
  slot.minNotional = event.data.minNotional
  slot.listed = true
}

export function onDelisted(state: RiskState, instrument: string): void {
  const index = state.indexOf[instrument]
  if (index === undefined) return
  const slot = state.slots[index]!
  slot.listed = false
  slot.target = 0
  slot.trend = 0
  slot.carry = 0
  slot.latch = 0
}

export function onBlended(state: RiskState, event: PortfolioBlended): void {
  for (const row of event.data.rows) {
    const index = state.indexOf[row.instrument]
    if (index === undefined) continue
    const slot = state.slots[index]!
    if (Math.sign(row.weight) !== Math.sign(slot.target)) slot.refusal = ''
    slot.target = row.weight
    slot.trend = 0
    slot.carry = 0
    for (const part of row.parts) {
      if (TREND.has(part.signal)) slot.trend += part.contribution
      if (CARRY.has(part.signal)) slot.carry += part.contribution
    }
    if (slot.latch !== 0 && Math.sign(row.weight) !== slot.latch) slot.latch = 0
  }
  if (isAligned(event.data.instant, DAY_MS)) fixTargets(state.virtual, (i) => state.slots[i]!.target)
  state.turnoverUsed = turnoverUsed(state.turnover, event.ts)
}

/** Takes over a parent's book: its balance is the opening of this run. */
export function onCarried(state: RiskState, event: StateCarried, risk: RiskConfig, finest: Interval): void {
  const { balance, positions, stops, latches, peakEquity } = event.data
  invariant(state.held.length === 0, 'StateCarried: positions are there already')
  state.ledger = createLedger(balance)
  for (const row of positions) {
    const index = slotIndex(state, row.instrument, risk, finest)
    const slot = state.slots[index]!
    carryPosition(slot.position, row.quantity, row.averagePrice, event.ts)
    if (slot.mark === 0) slot.mark = Number(row.averagePrice)
    reindex(state, index)
  }
  for (const row of stops) {
    const slot = state.slots[state.indexOf[row.instrument] ?? -1]
    if (slot === undefined || row.level === null || slot.position.quantityNumber === 0) continue
    const side = slot.position.quantityNumber > 0 ? 1 : -1
    slot.stop = { side, multiple: risk.stopAtr, stop: row.level, extreme: row.extreme }
  }
  for (const row of latches ?? []) {
    const slot = state.slots[state.indexOf[row.instrument] ?? -1]
    if (slot === undefined) continue
    slot.latch = row.side === 'long' ? 1 : -1
    slot.latchBeyond = row.beyond
  }
  state.peak = peakEquity ?? equity(state)
}
