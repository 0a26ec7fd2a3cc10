/**
 * Owns how risk remembers: each event into the state. Must never decide and never read a clock.
 * Cost: a bar of an instrument without a position stores a mark.
 */
import type { RiskConfig } from '#core/config/schema'
import { parseUnits } from '#core/decimal'
import { invariant } from '#core/invariant'
import { DAY_MS, type Interval, isAligned } from '#core/time'
import type { FundsTransferred, StateCarried } from '#events/lifecycle.events'
import { quantise } from '#events/line-buffer'
import type {
  BarAggregated,
  BarClosed,
  FundingSettled,
  InstantClosed,
  InstrumentListed,
  QuoteChanged,
} from '#events/market.events'
import type { OrderFilled } from '#events/order.events'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { BalanceConverted, FundingAccrued, OrderApproved, PositionSettled } from '#events/risk.events'
import { updateAtr } from '#indicators/atr'
import { findLedger, ledgerOf, priceOf } from './instruments/accounts.js'
import { isDollar } from './instruments/kinds.js'
import {
  applyConversion,
  applyFill,
  applyFunding,
  applySettlement,
  applyTransfer,
  carryPosition,
  createLedger,
  fundingCash,
  type LedgerState,
} from './ledger.js'
import { closeOrder, isNewTrade, openOrder, packageOf } from './order-book.js'
import { carryPackages } from './packages/carried.js'
import { freezeEnds, onLegQuote } from './packages/marks.js'
import {
  legFunding,
  onLegDelisted,
  onLegFill,
  onLegListed,
  onLegSettled,
  onPackagesBlended,
  onPackagesInstant,
} from './packages/package-fold.js'
import { findLeg, findPackage } from './packages/package-state.js'
import { equity, type RiskState, reindex, type Slot, slotIndex } from './risk-state.js'
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
  if (state.nextEnd !== 0) freezeEnds(state, event.ts)
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
  if (state.packages.length > 0) onLegQuote(state, event)
  const index = state.indexOf[event.data.instrument]
  if (index === undefined) return
  const slot = state.slots[index]!
  const mid = (event.data.bid + event.data.ask) / 2
  if (!(mid > 0)) return
  if (state.nextEnd !== 0) freezeEnds(state, event.ts)
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

export function onInstant(state: RiskState, event: InstantClosed): void {
  if (isAligned(event.data.instant, DAY_MS)) closeDay(state.virtual)
  if (state.packages.length > 0) onPackagesInstant(state, event.ts)
  if (state.accounts.length > 0) priceAccounts(state)
  watchPeak(state)
}

/** Ledger in which an instrument of the universe settles: of its quote where that is another dollar, else the book's own. */
function ledgerOfSlot(state: RiskState, { quote }: Slot): LedgerState {
  return quote === state.quote || !isDollar(quote) ? state.ledger : ledgerOf(state, quote)
}

/** Settled funding of a position that was open at the settlement; cash by cash into the next FundingAccrued. */
export function onFunding(state: RiskState, event: FundingSettled): void {
  const { instrument, settledAt, rate, proxy } = event.data
  if (state.packages.length > 0) legFunding(state, event, state.pendingFunding)
  const index = state.indexOf[instrument]
  if (index === undefined) return
  const slot = state.slots[index]!
  const { position, mark } = slot
  if (position.quantityNumber === 0 || position.openedAt >= settledAt || !(mark > 0)) return
  state.pendingFunding.push({
    instrument,
    quantity: position.quantity,
    mark: quantise(mark, 8),
    rate: quantise(rate, 10),
    proxy,
    cash: fundingCash(position.quantity, mark, rate, proxy),
    ...(ledgerOfSlot(state, slot) === state.ledger ? {} : { currency: slot.quote }),
  })
}

export function onFundingAccrued(state: RiskState, event: FundingAccrued): void {
  const { rows } = event.data
  state.pendingFunding = []
  const isPlain = rows.every(({ package: id, currency }) => id === undefined && currency === undefined)
  if (isPlain) {
    applyFunding(
      state.ledger,
      rows.map(({ instrument, cash }) => ({ position: ownPosition(state, instrument), cash })),
    )
    return
  }
  for (const { package: id, instrument, currency = state.quote, cash } of rows) {
    const pkg = id === undefined ? undefined : findPackage(state, id)
    const position = pkg === undefined ? ownPosition(state, instrument) : findLeg(pkg, instrument)!.position
    applyFunding(ledgerOf(state, currency), [{ position, cash }])
  }
}

const ownPosition = (state: RiskState, instrument: string) => state.slots[state.indexOf[instrument]!]!.position

/** An order of a package stands in no slot. */
export function onApproved(state: RiskState, { data }: OrderApproved): void {
  const index = data.package === undefined ? (state.indexOf[data.instrument] ?? -1) : -1
  if (index >= 0) state.slots[index]!.refusal = ''
  openOrder(state.orders, data, index)
}

export function onFill(state: RiskState, event: OrderFilled, risk: RiskConfig, finest: Interval): void {
  const fill = event.data
  const id = packageOf(state.orders, fill.order)
  if (!isNewTrade(state.orders, fill.order, fill.trade, fill.quantity)) return
  // Execution may have sent less than was approved: the venue's word ends the order, not our count.
  if (parseUnits(fill.remaining) === 0n) closeOrder(state.orders, fill.order)
  if (id !== undefined && onLegFill(state, event, id)) return
  const index = slotIndex(state, fill.instrument, risk, finest)
  const slot = state.slots[index]!
  const before = Math.sign(slot.position.quantityNumber)
  const nav = equity(state)
  const ledger = ledgerOfSlot(state, slot)
  applyFill(ledger, slot.position, fill, event.ts, 'spot', payerOf(state, slot, fill, ledger))
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

/** Ledger that a fee leaves: of the currency that the fill names. One of nothing opens no account. */
function payerOf(state: RiskState, { quote }: Slot, fill: OrderFilled['data'], ledger: LedgerState): LedgerState {
  const { feeCurrency, fee } = fill
  if (feeCurrency === quote || feeCurrency === state.quote) return findLedger(state, feeCurrency) ?? ledger
  return parseUnits(fee) === 0n ? ledger : ledgerOf(state, feeCurrency)
}

export function onSettled(state: RiskState, event: PositionSettled): void {
  if (event.data.package !== undefined) {
    onLegSettled(state, event, event.data.package)
    return
  }
  const index = state.indexOf[event.data.instrument]!
  applySettlement(ledgerOfSlot(state, state.slots[index]!), state.slots[index]!.position, event.data.realised)
  reindex(state, index)
}

/** An instrument is tradable again, or on other terms. One outside the universe is none of ours but as the leg of a package. */
export function onListed(state: RiskState, event: InstrumentListed): void {
  const { instrument, tick, lot, minNotional } = event.data
  const slot = state.slots[state.indexOf[instrument] ?? -1]
  if (slot !== undefined) {
    slot.tick = tick
    slot.lot = lot
    slot.minNotional = minNotional
    slot.listed = true
  }
  if (state.packages.length > 0) onLegListed(state, instrument)
}

export function onDelisted(state: RiskState, instrument: string): void {
  onLegDelisted(state, instrument)
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
  if (event.data.packages !== undefined) onPackagesBlended(state, event.data.packages)
  if (isAligned(event.data.instant, DAY_MS)) fixTargets(state.virtual, (i) => state.slots[i]!.target)
  state.turnoverUsed = turnoverUsed(state.turnover, event.ts)
}

/**
 * Money was paid in or taken out. The peak moves with the book, so that the drawdown is what it was, and so does what turnover is a
 * fraction of.
 */
export function onTransferred(state: RiskState, event: FundsTransferred): void {
  const before = equity(state)
  const { currency, amount } = event.data
  applyTransfer(ledgerOf(state, currency), amount)
  rebase(state, before)
}

export function onConverted(state: RiskState, event: BalanceConverted): void {
  const { currency, amount, into, proceeds } = event.data
  applyConversion(ledgerOf(state, currency), amount, ledgerOf(state, into), proceeds)
}

/** After the book changed by what is no profit: drawdown and turnover used stay what they were. */
function rebase(state: RiskState, before: number): void {
  const after = equity(state)
  if (!(before > 0) || !(after > 0)) {
    state.peak = Math.max(0, after)
    return
  }
  const growth = after / before
  state.peak *= growth
  const { amounts } = state.turnover
  for (let i = 0; i < amounts.length; i++) amounts[i] = amounts[i]! / growth
  state.turnoverUsed /= growth
}

/** A currency got its first price: what it holds enters as a transfer would. */
function priceAccounts(state: RiskState): void {
  for (const account of state.accounts) {
    if (account.isPriced || !(priceOf(state, account.currency) > 0)) continue
    const before = equity(state)
    account.isPriced = true
    rebase(state, before)
  }
}

/** Takes over a parent's book: its balance is the opening of this run. */
export function onCarried(state: RiskState, event: StateCarried, risk: RiskConfig, finest: Interval): void {
  const { balance, positions, stops, latches, peakEquity } = event.data
  invariant(state.held.length === 0, 'StateCarried: positions are there already')
  state.ledger = createLedger(balance)
  carryPackages(state, event)
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
