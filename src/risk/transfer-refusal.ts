/**
 * Owns what may be paid into a running book and taken out of it: never more than an account holds, never so much that what is held
 * would break the cap of gross exposure. Looks only; must never change the book.
 */
import {
  type DecimalString,
  formatUnits,
  parseUnits,
  truncateToStep,
  unitsFromNumber,
  unitsToNumber,
} from '#core/decimal'
import { positionSnapshot } from './book-view.js'
import { findLedger, priceOf } from './instruments/accounts.js'
import type { RiskState } from './risk-state.js'

export interface Transfer {
  readonly currency: string
  /** Decimal, in `currency`; negative: taken out. */
  readonly amount: DecimalString
}

/** What is free is told to the cent of a hundred (ours). */
const TOLD_STEP = parseUnits('0.0001')

/** Why a transfer must not be; undefined: it may. `grossCap`: fraction of NAV. O(positions). */
export function transferRefusal(
  state: RiskState,
  grossCap: number,
  { currency, amount }: Transfer,
): string | undefined {
  const units = parseUnits(amount)
  const price = priceOf(state, currency)
  if (!(price > 0)) return `no price of ${currency} is known: it would count at 0`
  if (units >= 0n) return undefined
  const held = parseUnits(findLedger(state, currency)?.balance ?? '0')
  const wanted = -units
  if (wanted > held) return `the account holds ${formatUnits(held)} ${currency}`
  const { equity, gross } = positionSnapshot(state)
  const positions = gross * equity
  const spare = (equity - positions / grossCap) / price
  if (unitsToNumber(wanted) < spare) return undefined
  const free = spare > 0 ? formatUnits(truncateToStep(unitsFromNumber(Math.min(spare, 9e14)), TOLD_STEP)) : '0'
  return `positions worth ${Math.round(positions)} need the rest below a gross cap of ${grossCap}: less than ${free} ${currency} is free`
}
