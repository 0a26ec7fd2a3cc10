/**
 * Owns when coins that were won or lost are converted into the book's own currency: a balance in a coin is an exposure to it that no
 * signal asked for (methods, section 7, counts the conversion among the costs of the trade). What an operator paid in stays. Must never
 * touch the state, and never convert at an old price.
 */
import type { RiskConfig } from '#core/config/schema'
import {
  absUnits,
  divideHalfEven,
  formatUnits,
  multiplyUnits,
  parseUnits,
  type Units,
  unitsFromNumber,
} from '#core/decimal'
import { type EpochMs, HOUR_MS } from '#core/time'
import { quantise } from '#events/line-buffer'
import type { BalanceConverted } from '#events/risk.events'
import type { RiskState } from '../risk-state.js'
import { type Account, pricedAt, priceOf } from './accounts.js'
import { isDollar } from './kinds.js'

export type ConvertedDraft = { readonly type: 'BalanceConverted'; readonly data: BalanceConverted['data'] }

/** What is booked in the same step, before the conversion: cash by currency. */
export type Booked = readonly { readonly currency: string; readonly amount: string }[]

/** Coins of an account that an operator paid in and did not take out; more taken out than paid in was profit. */
export function collateralOf({ transfers, paidIn }: Account): Units {
  const units = parseUnits(transfers ?? '0') + parseUnits(paidIn ?? '0')
  return units > 0n ? units : 0n
}

/** One event for each coin of which more was won or lost than the band, at a fresh price. O(accounts). */
export function convertCoins(
  state: RiskState,
  risk: RiskConfig,
  nav: number,
  now: EpochMs,
  booked: Booked,
): ConvertedDraft[] {
  const amounts = new Map<string, Units>()
  for (const account of state.accounts)
    amounts.set(account.currency, parseUnits(account.balance) - collateralOf(account))
  for (const { currency, amount } of booked) amounts.set(currency, (amounts.get(currency) ?? 0n) + parseUnits(amount))
  const drafts: ConvertedDraft[] = []
  for (const [currency, amount] of amounts) {
    if (amount === 0n || currency === state.quote || isDollar(currency)) continue
    if (now - pricedAt(state, currency) > risk.maxMarkAgeHours * HOUR_MS) continue
    const price = unitsFromNumber(quantise(priceOf(state, currency), 8))
    const value = multiplyUnits(amount, price)
    if (price > 0n && absUnits(value) > unitsFromNumber(Math.max(0, nav) * risk.convertBand))
      drafts.push({ type: 'BalanceConverted', data: converted(currency, amount, state.quote, price, risk) })
  }
  return drafts
}

function converted(
  currency: string,
  amount: Units,
  into: string,
  price: Units,
  { convertCostBps }: RiskConfig,
): BalanceConverted['data'] {
  const value = multiplyUnits(amount, price)
  const costBps = quantise(convertCostBps, 4)
  // Basis points of 1e-4 each are multiples of 1e-8.
  const cost = divideHalfEven(absUnits(value) * BigInt(Math.round(costBps * 10_000)), 100_000_000n)
  return {
    currency,
    amount: formatUnits(amount),
    into,
    price: formatUnits(price),
    costBps,
    cost: formatUnits(cost),
    proceeds: formatUnits(value - cost),
    reason: 'beyond the band',
  }
}
