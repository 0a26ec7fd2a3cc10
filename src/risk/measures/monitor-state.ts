/**
 * Owns what risk/monitor remembers: the book, folded by the functions of risk/engine, a year of daily returns, last funding rates,
 * forwards of chains, what it said last. Bounded by instruments × 365 days. What only aims and assessments need is left out.
 */
import type { RiskConfig, UniverseEntry } from '#core/config/schema'
import type { DecimalString } from '#core/decimal'
import { DAY_MS, type EpochMs, type Interval, isAligned } from '#core/time'
import type { InstantClosed, OptionChainObserved } from '#events/market.events'
import type { RiskAlerted, RiskMeasured } from '#events/risk-measures.events'
import { priceOf } from '../instruments/accounts.js'
import { isDollar } from '../instruments/kinds.js'
import { createRiskState, equity, type RiskState } from '../risk-state.js'
import { alertKey } from './alerts.js'
import { forwardKey } from './lines.js'
import { PAST_DAYS, rowOf } from './past.js'

type OnAlert = Pick<RiskAlerted['data'], 'what' | 'subject' | 'limit'>

export interface MonitorState {
  book: RiskState
  /** Daily returns by slot, oldest first. */
  rows: (number | null)[][]
  /** Last settled funding. */
  rates: Record<string, { rate: number; intervalHours: number }>
  /** Forward over index, by venue, coin and expiry. */
  forwards: Record<string, { ratio: number; expiresAt: EpochMs }>
  signalCorrelation: number | null
  /** Instant and NAV of the last measurement; 0 before the first. */
  measuredAt: EpochMs
  measuredNav: number
  /** Prices of the coins held then. */
  measuredPrices: Record<string, number>
  alerts: OnAlert[]
}

export function createMonitorState(
  risk: RiskConfig,
  capital: DecimalString,
  universe: readonly UniverseEntry[],
  finest: Interval,
): MonitorState {
  return {
    book: createRiskState(risk, capital, universe, finest),
    rows: [],
    rates: {},
    forwards: {},
    signalCorrelation: null,
    measuredAt: 0,
    measuredNav: 0,
    measuredPrices: {},
    alerts: [],
  }
}

/** Before the book closes its day: the row of returns that it is about to take. */
export function takeRow(state: MonitorState, event: InstantClosed): void {
  if (!isAligned(event.data.instant, DAY_MS)) return
  const row = rowOf(state.book)
  if (row.every((value) => value === null)) return
  state.rows.push([...row])
  if (state.rows.length > PAST_DAYS) state.rows.shift()
}

/** Forward of an expiry; expiries that are over are forgotten. */
export function takeForward(state: MonitorState, event: OptionChainObserved): void {
  const { venue, currency, expiresAt, underlyingPrice, indexPrice } = event.data
  for (const key of Object.keys(state.forwards))
    if (state.forwards[key]!.expiresAt < event.ts) delete state.forwards[key]
  const index = indexPrice ?? priceOf(state.book, currency)
  if (!(index > 0) || !(underlyingPrice > 0)) return
  state.forwards[forwardKey(venue, currency, expiresAt)] = { ratio: underlyingPrice / index, expiresAt }
}

/** Coins that anything held moves with, and their prices. */
function heldPrices({ book }: MonitorState): Record<string, number> {
  const prices: Record<string, number> = {}
  const note = (coin: string): void => {
    const price = isDollar(coin) ? 0 : priceOf(book, coin)
    if (price > 0) prices[coin] = price
  }
  for (const coin of Object.keys(book.coinSlots))
    if (book.coinSlots[coin]!.some((index) => book.slots[index]!.position.quantityNumber !== 0)) note(coin)
  for (const { base, legs } of book.packages) if (legs.some(({ position }) => position.quantityNumber !== 0)) note(base)
  for (const { currency, balanceNumber } of book.accounts) if (balanceNumber !== 0) note(currency)
  return prices
}

/** Whether the book or a price that it hangs on moved so far since the last measurement that another one is due. */
export function hasMoved(state: MonitorState, risk: RiskConfig): boolean {
  if (state.measuredNav <= 0) return false
  if (Math.abs(equity(state.book) / state.measuredNav - 1) >= risk.monitorNavMove) return true
  const before = state.measuredPrices
  for (const coin of Object.keys(before)) {
    const price = priceOf(state.book, coin)
    if (price > 0 && Math.abs(price / before[coin]! - 1) >= risk.monitorPriceMove) return true
  }
  return false
}

export function onMeasured(state: MonitorState, event: RiskMeasured): void {
  state.measuredAt = event.data.instant
  state.measuredNav = event.data.nav
  state.measuredPrices = heldPrices(state)
}

export function onAlerted(state: MonitorState, { data }: RiskAlerted): void {
  const { what, subject, limit, isOn } = data
  state.alerts = state.alerts.filter((one) => alertKey(one) !== alertKey(data))
  if (isOn) state.alerts.push({ what, ...(subject === undefined ? {} : { subject }), limit })
}
