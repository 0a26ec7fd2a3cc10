/**
 * Owns the arithmetic of selling volatility (methods.md 9): realised against implied, wings by budget, hedged profit, delta of an
 * account that is kept in coin. Must never look ahead: what it is given is what it uses. Null where something is not defined.
 */
import { HOUR_MS } from '#core/time'
import { black76Price, forwardDelta, strikeOfDelta, yearsTo } from './black76.js'

const HOURS_A_YEAR = 8760
const DAYS_A_YEAR = 365

export interface VariancePremium {
  /** Of the returns given, zero mean, decimal a year. */
  readonly realisedVol: number
  /** iv² − rv². */
  readonly variance: number
  /** iv − rv. */
  readonly vol: number
}

/** `logReturns`: of periods of equal length, `periodsPerYear` of them; for a signal they end now. Null without any. */
export function variancePremium(
  logReturns: readonly number[],
  iv: number,
  periodsPerYear = HOURS_A_YEAR,
): VariancePremium | null {
  if (logReturns.length === 0) return null
  const realised = (periodsPerYear / logReturns.length) * logReturns.reduce((sum, r) => sum + r * r, 0)
  const realisedVol = Math.sqrt(realised)
  return { realisedVol, variance: iv * iv - realised, vol: iv - realisedVol }
}

/** One standard deviation of a day, in the unit of `annualVol`: / √365. */
export function dailyMove(annualVol: number): number {
  return annualVol / Math.sqrt(DAYS_A_YEAR)
}

export interface StraddleWings {
  /** Of one straddle struck at the forward, quote. */
  readonly premium: number
  readonly callStrike: number
  readonly putStrike: number
  /** Of one call and one put at the wings, quote. */
  readonly wingCost: number
  readonly wingToPremium: number
  /** Wings for each straddle within the budget, at most 1. */
  readonly wingQuantity: number
}

/** At one volatility for all strikes. `budget`: what wings may cost, as a share of the premium. Null as in black76. */
export function straddleWings(
  forward: number,
  years: number,
  vol: number,
  wingDelta: number,
  budget: number,
): StraddleWings | null {
  const callStrike = strikeOfDelta('call', forward, years, vol, wingDelta)
  const putStrike = strikeOfDelta('put', forward, years, vol, wingDelta)
  const atm = black76Price('call', forward, forward, years, vol)
  if (callStrike === null || putStrike === null || atm === null) return null
  const call = black76Price('call', forward, callStrike, years, vol)
  const put = black76Price('put', forward, putStrike, years, vol)
  if (call === null || put === null || !(atm > 0)) return null
  const premium = 2 * atm
  const wingCost = call + put
  const wingQuantity = Math.min(1, (budget * premium) / wingCost)
  return { premium, callStrike, putStrike, wingCost, wingToPremium: wingCost / premium, wingQuantity }
}

/**
 * Profit in quote of `quantity` straddles (negative: sold) struck at `strike`, bought at `vol` and hedged at that volatility at
 * every step of `path` (forward prices, `stepHours` apart, the last at or before expiry), no costs. What is left of the
 * straddle at the end counts at `vol`. Null for less than two prices or undefined figures.
 */
export function hedgedStraddlePnl(
  path: readonly number[],
  strike: number,
  years: number,
  vol: number,
  quantity: number,
  stepHours: number,
): number | null {
  if (path.length < 2) return null
  const stepYears = yearsTo(stepHours * HOUR_MS, 0)
  const before = straddle(path[0]!, strike, years, vol)
  let hedged = 0
  for (let i = 0; i + 1 < path.length; i++) {
    const now = straddle(path[i]!, strike, years - i * stepYears, vol)
    if (now === null) return null
    hedged -= now.delta * (path[i + 1]! - path[i]!)
  }
  const after = straddle(path.at(-1)!, strike, years - (path.length - 1) * stepYears, vol)
  return before === null || after === null ? null : quantity * (after.price - before.price + hedged)
}

/** Less than a second to expiry, which sums of steps leave over by rounding, is expiry. */
const YEARS_LEFT_MIN = yearsTo(1000, 0)

function straddle(
  forward: number,
  strike: number,
  years: number,
  vol: number,
): { price: number; delta: number } | null {
  if (Math.abs(years) < YEARS_LEFT_MIN) return { price: Math.abs(forward - strike), delta: Math.sign(forward - strike) }
  const call = black76Price('call', forward, strike, years, vol)
  const delta = forwardDelta('call', forward, strike, years, vol)
  return call === null || delta === null ? null : { price: 2 * call - (forward - strike), delta: 2 * delta - 1 }
}

export interface CoinOption {
  /** Contracts of one coin; negative: sold. */
  readonly quantity: number
  /** Plain delta. */
  readonly delta: number
  readonly priceCoin: number
}

export interface CoinDelta {
  /** Σ quantity × (delta − price): of the options, premium in coin. */
  readonly netTransactionDelta: number
  readonly deltaTotal: number
  /** Futures to trade, coins, so that the account is flat in USD: −(equity + deltaTotal). */
  readonly usdFlatTrade: number
  /** … and flat in coin: −deltaTotal. */
  readonly coinFlatTrade: number
}

/** Delta of an account that is kept in coin, as Deribit defines it; all in coins. */
export function coinDelta(options: readonly CoinOption[], futuresDelta: number, equity: number): CoinDelta {
  const net = options.reduce((sum, { quantity, delta, priceCoin }) => sum + quantity * (delta - priceCoin), 0)
  const deltaTotal = net + futuresDelta
  return { netTransactionDelta: net, deltaTotal, usdFlatTrade: -(equity + deltaTotal), coinFlatTrade: -deltaTotal }
}
