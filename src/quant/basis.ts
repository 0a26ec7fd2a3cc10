/**
 * Owns what a dated future pays over spot: basis a year, carry after costs, roll yield, profit of coin-margined contracts
 * (methods.md 7). Must never guess: what is not defined (no time left, no price) is null. Prices in quote per coin.
 */
import { powReal } from '#core/power'

const DAYS_A_YEAR = 365

export interface AnnualisedBasis {
  /** F / S − 1. */
  readonly basis: number
  /** basis × 365 / days: what signals use. */
  readonly simple: number
  /** ln(F / S) × 365 / days. */
  readonly continuous: number
  /** (F / S)^(365 / days) − 1. */
  readonly compound: number
}

/** `days`: to expiry, fractional. Null without time left or a positive price. */
export function annualisedBasis(spot: number, future: number, days: number): AnnualisedBasis | null {
  if (!(spot > 0 && future > 0 && days > 0)) return null
  const basis = future / spot - 1
  const periods = DAYS_A_YEAR / days
  return {
    basis,
    simple: (basis * DAYS_A_YEAR) / days,
    continuous: Math.log(future / spot) * periods,
    compound: powReal(future / spot, periods) - 1,
  }
}

/** Fraction a year on the capital, spot notional × (1 + `marginFrac`), after all costs of the round trip. Null as above. */
export function netCarryApr(
  spot: number,
  future: number,
  days: number,
  totalCostBp: number,
  marginFrac: number,
): number | null {
  if (!(spot > 0 && future > 0 && days > 0 && marginFrac > -1)) return null
  return ((future / spot - 1 - totalCostBp / 1e4) * DAYS_A_YEAR) / days / (1 + marginFrac)
}

/** What the later contract pays over the nearer one, a year, simple. Null unless it expires later. */
export function rollYield(near: number, far: number, daysNear: number, daysFar: number): number | null {
  if (!(near > 0 && far > 0 && daysFar > daysNear)) return null
  return ((far / near - 1) * DAYS_A_YEAR) / (daysFar - daysNear)
}

export interface InversePnl {
  /** Coins: N × (1 / entry − 1 / exit). */
  readonly coin: number
  /** The same at the exit's price. */
  readonly usdAtExit: number
}

/** Profit of a coin-margined contract on `usdNotional`, negative for a short. Null without positive prices. */
export function inverseFuturePnl(usdNotional: number, entry: number, exit: number): InversePnl | null {
  if (!(entry > 0 && exit > 0)) return null
  const coin = usdNotional * (1 / entry - 1 / exit)
  return { coin, usdAtExit: coin * exit }
}

/** Value of `coin` coins and a short of `usdShort` (≥ 0) against them, at `exit`: constant where usdShort = coin × entry. */
export function inverseHedgeValue(coin: number, entry: number, usdShort: number, exit: number): number | null {
  const pnl = inverseFuturePnl(-usdShort, entry, exit)
  return pnl === null ? null : (coin + pnl.coin) * exit
}
