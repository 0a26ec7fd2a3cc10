/**
 * Owns the exact ledger: balance, positions, fees and funding as multiples of 1e-8, computed with BigInt and kept as decimal
 * strings. Must never hold a double for what is owned; `number` twins are for marking only and are derived, never added to.
 *
 * Identity, to the last digit, after any sequence of events:
 *   balance = opening + Σ realised − Σ fees + Σ funding,  and  Σ realised − Σ cost = − Σ signed notional of the fills.
 * Each fill's notional is rounded once (half-even to 1e-8); cost that is released rounds inside this identity, never beside it.
 */
import {
  absUnits,
  type DecimalString,
  divideHalfEven,
  formatUnits,
  multiplyUnits,
  ONE,
  parseUnits,
  type Units,
  unitsFromNumber,
  unitsToNumber,
} from '#core/decimal'
import type { EpochMs } from '#core/time'
import { quantise } from '#events/line-buffer'

export interface LedgerState {
  /** Balance at the start of the run: capital, or what the parent run handed over. */
  opening: DecimalString
  realised: DecimalString
  fees: DecimalString
  funding: DecimalString
  balance: DecimalString
  /** Nearest double of the balance. */
  balanceNumber: number
}

/** One instrument's part of the ledger. */
export interface PositionState {
  /** Base units, signed. */
  quantity: DecimalString
  /** What the open quantity was bought (positive) or sold (negative) for, quote: average price × quantity. */
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

/** Quantity 1e-8 × mark 1e-8 × rate 1e-10, down to 1e-8. */
const FUNDING_SCALE = 1_000_000_000_000_000_000n

const add = (a: DecimalString, b: Units): DecimalString => formatUnits(parseUnits(a) + b)

function setBalance(ledger: LedgerState): void {
  const balance =
    parseUnits(ledger.opening) + parseUnits(ledger.realised) - parseUnits(ledger.fees) + parseUnits(ledger.funding)
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

/** Books a fill at average cost. A fill beyond the position closes it and opens the rest on the other side. */
export function applyFill(ledger: LedgerState, position: PositionState, fill: Fill, ts: EpochMs): void {
  const size = parseUnits(fill.quantity)
  if (size !== 0n) trade(ledger, position, fill.side === 'buy' ? size : -size, parseUnits(fill.price), ts)
  const fee = parseUnits(fill.fee)
  ledger.fees = add(ledger.fees, fee)
  position.fees = add(position.fees, fee)
  setBalance(ledger)
}

function lesser(a: Units, b: Units): Units {
  if (a < b) return a
  return b
}

function trade(ledger: LedgerState, position: PositionState, change: Units, price: Units, ts: EpochMs): void {
  const held = parseUnits(position.quantity)
  const cost = parseUnits(position.cost)
  const notional = multiplyUnits(price, change)
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

/** cash = −quantity × mark × rate, exact in the quantised mark (1e-8) and rate (1e-10), half-even to 1e-8. Longs pay a positive rate. */
export function fundingCash(quantity: DecimalString, mark: number, rate: number, proxy: boolean): DecimalString {
  const held = parseUnits(quantity)
  // A stand-in rate is charged to longs and never paid out to shorts (methods, section 0).
  if (proxy && held < 0n) return '0'
  const rateUnits = BigInt(Math.round(rate * 1e10))
  const exact = -held * unitsFromNumber(quantise(mark, 8)) * rateUnits
  return formatUnits(divideHalfEven(exact, FUNDING_SCALE))
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

/** What closing the whole position at a price would realise. */
export function settlementOf(position: PositionState, price: DecimalString): DecimalString {
  return formatUnits(multiplyUnits(parseUnits(price), parseUnits(position.quantity)) - parseUnits(position.cost))
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
  averagePrice: DecimalString,
  ts: EpochMs,
): void {
  const held = parseUnits(quantity)
  setPosition(position, held, multiplyUnits(parseUnits(averagePrice), held), ts)
}

/** Average price of the open quantity, half-even to 1e-8; `"0"` when flat. */
export function averagePriceOf(position: PositionState): DecimalString {
  const held = parseUnits(position.quantity)
  if (held === 0n) return '0'
  const cost = parseUnits(position.cost)
  return formatUnits(divideHalfEven((held > 0n ? cost : -cost) * ONE, absUnits(held)))
}
