/**
 * Owns the arithmetic of a unit of options that is sold and hedged as one: wings by budget at the quotes, size by vega, what a shock
 * does to it (methods.md 9). Must never choose an option. Quote and coins for one unit; null where something is not defined.
 */
import { black76Price, type OptionSide } from './black76.js'

/** Volatility points of the vega limit (methods.md 9). */
const VEGA_POINTS = 10

/** Wings for each straddle so that they cost `budget` of the premium at most, never more than one; 0 without a premium. */
export function wingQuantity(premium: number, wingCost: number, budget: number): number {
  if (!(premium > 0) || budget <= 0) return 0
  return wingCost > 0 ? Math.min(1, (budget * premium) / wingCost) : 1
}

/**
 * Largest notional / NAV of units with `vegaPerPoint` (quote a volatility point, any sign) at `price`, so that ten points move NAV by
 * `limit` at most. Infinite without vega.
 */
export function vegaWeight(vegaPerPoint: number, price: number, limit: number): number {
  const loss = VEGA_POINTS * Math.abs(vegaPerPoint)
  return loss > 0 ? (limit * price) / loss : Number.POSITIVE_INFINITY
}

export interface UnitOption {
  readonly side: OptionSide
  readonly strike: number
  /** Signed coins for one unit. */
  readonly quantity: number
  /** Decimal a year. */
  readonly vol: number
}

/** Of all options of a unit, quote; at and after expiry what they are worth exercised. */
export function unitValue(options: readonly UnitOption[], forward: number, years: number): number {
  return options.reduce((sum, { side, strike, quantity, vol }) => {
    const exercised = Math.max(0, side === 'call' ? forward - strike : strike - forward)
    return sum + quantity * (black76Price(side, forward, strike, years, vol) ?? exercised)
  }, 0)
}

/**
 * Profit in quote of a unit when the forward jumps by `shock` (−0.3: a fall of 30 %) at once, each option at its own volatility;
 * `coins`: everything else that moves with the coin, hedge and premiums kept in coin alike.
 */
export function shockPnl(
  options: readonly UnitOption[],
  coins: number,
  forward: number,
  years: number,
  shock: number,
): number {
  const moved = forward * (1 + shock)
  return unitValue(options, moved, years) - unitValue(options, forward, years) + coins * (moved - forward)
}
