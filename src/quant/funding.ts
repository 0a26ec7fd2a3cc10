/**
 * Owns the arithmetic of perpetual funding: rates a year, cash at a settlement, the size and the hurdle of a carry, spreads between
 * venues and how long they last (methods.md 0, 4, 8). Must never compare rates of different intervals unscaled. Rates are
 * fractions of notional for their own interval, positive when longs pay; APRs are fractions a year.
 */
import { powReal } from '#core/power'
import { mean, standardDeviation } from './moments.js'

const HOURS_A_YEAR = 8760
const DAYS_A_YEAR = 365
const BPS = 1e-4

/** Simple annual rate of `rate` for one period of `intervalHours`: what signals use. */
export function fundingApr(rate: number, intervalHours: number): number {
  return (rate * HOURS_A_YEAR) / intervalHours
}

/** Compound annual rate, for display alone; null where a period loses everything. */
export function fundingApy(rate: number, intervalHours: number): number | null {
  return rate > -1 ? powReal(1 + rate, HOURS_A_YEAR / intervalHours) - 1 : null
}

/** The same rate for another interval, simple: an hour's 0.00125 % is 1 bp for eight. */
export function fundingOver(rate: number, intervalHours: number, hours: number): number {
  return (rate * hours) / intervalHours
}

/** Quote received at a settlement by `quantity` coins (signed) of a linear perpetual; negative: paid. */
export function fundingCash(quantity: number, mark: number, rate: number): number {
  return -quantity * mark * rate
}

/** Coins received at a settlement by `contractsUsd` dollars (signed) of an inverse perpetual. Null without a positive mark. */
export function fundingCashInverse(contractsUsd: number, mark: number, rate: number): number | null {
  return mark > 0 ? -(contractsUsd / mark) * rate : null
}

/** Costs of opening and closing two legs: two fills each, and one full spread each. */
export function roundTripBps(feeABps: number, feeBBps: number, spreadBps: number): number {
  return 2 * (feeABps + feeBBps) + 2 * spreadBps
}

/** Annual rate that pays for the round trip within `holdDays`. */
export function hurdleApr(costBps: number, holdDays: number): number {
  return (costBps * BPS * DAYS_A_YEAR) / holdDays
}

/**
 * Size of a carry, fraction of NAV in [0, cap]: cap · min(1, (gain − hurdle) / (full − hurdle)), 0 up to the hurdle (methods.md 4).
 * `gainApr`: what the side taken earns a year, |APR| less what it costs to hold. A hurdle at or above `full` is all or nothing.
 */
export function carrySize(gainApr: number, hurdle: number, full: number, cap: number): number {
  if (!(gainApr > hurdle)) return 0
  return full > hurdle ? cap * Math.min(1, (gainApr - hurdle) / (full - hurdle)) : cap
}

/** What a spread earns over an expected holding time beyond its costs, bp of one leg. */
export function netSpreadBps(spreadApr: number, holdDays: number, costBps: number): number {
  return (spreadApr * holdDays) / DAYS_A_YEAR / BPS - costBps
}

export interface NamedApr {
  readonly name: string
  readonly apr: number
}

export interface FundingSpread {
  /** Where a short earns most. Ties: the first by name. */
  readonly highest: NamedApr
  /** Where a long pays least. Ties: the last by name, so that it is another one than the highest. */
  readonly lowest: NamedApr
  readonly spreadApr: number
  /** Across venues, ddof 1. */
  readonly sdApr: number
}

/** Spread of APRs across venues; null with fewer than two. */
export function fundingSpread(rates: readonly NamedApr[]): FundingSpread | null {
  const sd = standardDeviation(
    rates.map(({ apr }) => apr),
    1,
  )
  if (sd === null) return null
  const highest = rates.reduce((a, b) => (b.apr > a.apr || (b.apr === a.apr && b.name < a.name) ? b : a))
  const lowest = rates.reduce((a, b) => (b.apr < a.apr || (b.apr === a.apr && b.name > a.name) ? b : a))
  return { highest, lowest, spreadApr: highest.apr - lowest.apr, sdApr: sd }
}

/**
 * Steps after which a deviation from the mean is half gone: ln ½ / ln φ, φ the slope of x(t) on x(t−1) with an intercept (ordinary
 * least squares). `pairs`: [x(t−1), x(t)]. 0 where φ ≤ 0, Infinity where φ ≥ 1 or nothing varied (no return to a mean was seen);
 * null below three pairs. φ is biased towards 0 by about (1 + 3φ) / n (Kendall, Biometrika 41, 1954): short samples understate the
 * half-life, which errs on the side of not trading.
 */
export function halfLife(pairs: readonly (readonly [number, number])[]): number | null {
  if (pairs.length < 3) return null
  const before = mean(pairs.map(([x]) => x))!
  const after = mean(pairs.map(([, y]) => y))!
  let covariance = 0
  let variance = 0
  for (const [x, y] of pairs) {
    covariance += (x - before) * (y - after)
    variance += (x - before) * (x - before)
  }
  if (!(variance > 1e-24 * pairs.length)) return Number.POSITIVE_INFINITY
  const slope = covariance / variance
  return slope <= 0 ? 0 : slope >= 1 ? Number.POSITIVE_INFINITY : Math.log(0.5) / Math.log(slope)
}
