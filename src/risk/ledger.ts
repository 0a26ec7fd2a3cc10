/**
 * Owns the exact ledger: balance, positions, fees and funding as multiples of 1e-8, computed with BigInt and kept as decimal
 * strings. Must never hold a double for what is owned; `number` twins are for marking only and are derived, never added to.
 *
 * Identity, to the last digit, after any sequence of events, in each currency by itself:
 *   balance = opening + Σ realised − Σ fees + Σ funding + Σ transfers + Σ converted,  and  Σ realised − Σ cost = − Σ signed notional of the fills.
 * The notional of a fill is that of its kind (instruments/kinds.ts): of an inverse one −quantity / price coins.
 * Each fill's notional is rounded once (half-even to 1e-8); cost that is released rounds inside this identity, never beside it.
 */
import {
  absUnits,
  type DecimalString,
  divideHalfEven,
  formatUnits,
  parseUnits,
  type Units,
  unitsFromNumber,
  unitsToNumber,
} from '#core/decimal'
import type { EpochMs } from '#core/time'
import { quantise } from '#events/line-buffer'
import type { InstrumentKind } from '#events/market.events'
import { averagePrice, fundingUnits, worthUnits } from './instruments/kinds.js'

export interface LedgerState {
  /** Balance at the start of the run: capital, or what the parent run handed over. */
  opening: DecimalString
  realised: DecimalString
  fees: DecimalString
  funding: DecimalString
  /** Paid in, less what was taken out; absent before the first transfer. */
  transfers?: DecimalString
  /** Coins that were bought, less those that were sold; in the book's own currency what that brought. Absent before the first. */
  converted?: DecimalString
  balance: DecimalString
  /** Nearest double of the balance. */
  balanceNumber: number
}

/** One instrument's part of the ledger. */
export interface PositionState {
  /** Base units, of inverse futures and perpetuals US dollars; signed. */
  quantity: DecimalString
  /** Signed worth of the open quantity at its average price, in the currency of settlement: of linear kinds average price × quantity. */
  cost: DecimalString
  realised: DecimalString
  fees: DecimalString
  /** Positive was received. */
  funding: DecimalString
  quantityNumber: number
  costNumber: number
  /** Time of the fill that opened it; 0 when flat. */
  openedAt: EpochMs
}

export function createLedger(opening: DecimalString): LedgerState {
  const balance = formatUnits(parseUnits(opening))
  return {
    opening: balance,
    realised: '0',
    fees: '0',
    funding: '0',
    balance,
    balanceNumber: unitsToNumber(parseUnits(balance)),
  }
}

export function createPosition(): PositionState {
  return {
    quantity: '0',
    cost: '0',
    realised: '0',
    fees: '0',
    funding: '0',
    quantityNumber: 0,
    costNumber: 0,
    openedAt: 0,
  }
}

const add = (a: DecimalString, b: Units): DecimalString => formatUnits(parseUnits(a) + b)

function setBalance(ledger: LedgerState): void {
  let balance =
    parseUnits(ledger.opening) + parseUnits(ledger.realised) - parseUnits(ledger.fees) + parseUnits(ledger.funding)
  if (ledger.transfers !== undefined) balance += parseUnits(ledger.transfers)
  if (ledger.converted !== undefined) balance += parseUnits(ledger.converted)
  ledger.balance = formatUnits(balance)
  ledger.balanceNumber = unitsToNumber(balance)
}

function setPosition(position: PositionState, quantity: Units, cost: Units, openedAt: EpochMs): void {
  position.quantity = formatUnits(quantity)
  position.cost = formatUnits(cost)
  position.quantityNumber = unitsToNumber(quantity)
  position.costNumber = unitsToNumber(cost)
  position.openedAt = quantity === 0n ? 0 : openedAt
}

function realise(ledger: LedgerState, position: PositionState, amount: Units): void {
  ledger.realised = add(ledger.realised, amount)
  position.realised = add(position.realised, amount)
}

export interface Fill {
  readonly side: 'buy' | 'sell'
  readonly price: DecimalString
  readonly quantity: DecimalString
  /** Quote; negative is a rebate. */
  readonly fee: DecimalString
}

const sameSign = (a: Units, b: Units): boolean => a > 0n === b > 0n

/**
 * Books a fill at average cost. A fill beyond the position closes it and opens the rest on the other side. The fee leaves
 * `payer`, which is the ledger of its currency; the position remembers those of its own currency only.
 */
export function applyFill(
  ledger: LedgerState,
  position: PositionState,
  fill: Fill,
  ts: EpochMs,
  kind: InstrumentKind = 'spot',
  payer: LedgerState = ledger,
): void {
  const size = parseUnits(fill.quantity)
  if (size !== 0n) {
    const change = fill.side === 'buy' ? size : -size
    trade(ledger, position, change, worthUnits(kind, change, parseUnits(fill.price)), ts)
  }
  const fee = parseUnits(fill.fee)
  payer.fees = add(payer.fees, fee)
  if (payer === ledger) position.fees = add(position.fees, fee)
  else setBalance(payer)
  setBalance(ledger)
}

function lesser(a: Units, b: Units): Units {
  if (a < b) return a
  return b
}

function trade(ledger: LedgerState, position: PositionState, change: Units, notional: Units, ts: EpochMs): void {
  const held = parseUnits(position.quantity)
  const cost = parseUnits(position.cost)
  if (held === 0n || sameSign(held, change)) {
    setPosition(position, held + change, cost + notional, held === 0n ? ts : position.openedAt)
    return
  }
  const closing = lesser(absUnits(change), absUnits(held))
  const released = divideHalfEven(cost * closing, absUnits(held))
  const proceeds = divideHalfEven(-notional * closing, absUnits(change))
  realise(ledger, position, proceeds - released)
  const flipped = absUnits(change) > closing
  setPosition(position, held + change, cost - released + notional + proceeds, flipped ? ts : position.openedAt)
}

/**
 * cash = −worth × rate, exact in the quantised mark (1e-8) and rate (1e-10), half-even to 1e-8; longs pay a positive rate.
 * Linear: −quantity × mark × rate in the quote; inverse: −(usd / mark) × rate in the coin.
 */
export function fundingCash(
  quantity: DecimalString,
  mark: number,
  rate: number,
  proxy: boolean,
  kind: InstrumentKind = 'linearPerpetual',
): DecimalString {
  const held = parseUnits(quantity)
  // A stand-in rate is charged to longs and never paid out to shorts (methods, section 0).
  if (proxy && held < 0n) return '0'
  const rateUnits = BigInt(Math.round(rate * 1e10))
  return formatUnits(fundingUnits(kind, held, unitsFromNumber(quantise(mark, 8)), rateUnits))
}

export interface FundingOf {
  readonly position: PositionState
  readonly cash: DecimalString
}

/** Books funding that was settled at once. */
export function applyFunding(ledger: LedgerState, rows: readonly FundingOf[]): void {
  let total = 0n
  for (const { position, cash } of rows) {
    const amount = parseUnits(cash)
    if (amount === 0n) continue
    position.funding = add(position.funding, amount)
    total += amount
  }
  if (total === 0n) return
  ledger.funding = add(ledger.funding, total)
  setBalance(ledger)
}

/** Books what was paid in (positive) or taken out: it changes the balance and is no profit. */
export function applyTransfer(ledger: LedgerState, amount: DecimalString): void {
  ledger.transfers = add(ledger.transfers ?? '0', parseUnits(amount))
  setBalance(ledger)
}

/** Books a conversion: what left an account in coins, and what it brought. */
export function applyConversion(
  account: LedgerState,
  amount: DecimalString,
  into: LedgerState,
  proceeds: DecimalString,
): void {
  account.converted = add(account.converted ?? '0', -parseUnits(amount))
  into.converted = add(into.converted ?? '0', parseUnits(proceeds))
  setBalance(account)
  setBalance(into)
}

/** What closing the whole position at a price would realise. */
export function settlementOf(
  position: PositionState,
  price: DecimalString,
  kind: InstrumentKind = 'spot',
): DecimalString {
  const held = parseUnits(position.quantity)
  return formatUnits(worthUnits(kind, held, parseUnits(price)) - parseUnits(position.cost))
}

/** Closes the whole position with a profit already computed by {@link settlementOf}; no fee. */
export function applySettlement(ledger: LedgerState, position: PositionState, realised: DecimalString): void {
  realise(ledger, position, parseUnits(realised))
  setPosition(position, 0n, 0n, 0)
  setBalance(ledger)
}

/** A position taken over from a parent run at its average price. */
export function carryPosition(
  position: PositionState,
  quantity: DecimalString,
  price: DecimalString,
  ts: EpochMs,
): void {
  const held = parseUnits(quantity)
  setPosition(position, held, worthUnits('spot', held, parseUnits(price)), ts)
}

/** A position taken over with the cost that it had, to the last digit. */
export function carryCost(
  position: PositionState,
  quantity: DecimalString,
  cost: DecimalString,
  openedAt: EpochMs,
): void {
  setPosition(position, parseUnits(quantity), parseUnits(cost), openedAt)
}

/** Average price of the open quantity, half-even to 1e-8; `"0"` when flat. */
export function averagePriceOf(position: PositionState, kind: InstrumentKind = 'spot'): DecimalString {
  const held = parseUnits(position.quantity)
  if (held === 0n) return '0'
  return formatUnits(averagePrice(kind, held, parseUnits(position.cost)))
}
