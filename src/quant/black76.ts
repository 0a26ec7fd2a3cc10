/**
 * Owns Black (1976) on a forward: price, Greeks, strikes of a delta, in the conventions that Deribit publishes (methods.md 9).
 * Must never guess: without time, volatility or a price it is null. Prices in quote; years are ms to expiry / 365 days.
 */
import { DAY_MS, type EpochMs } from '#core/time'
import { normalCdf, normalInverse, normalPdf } from './normal.js'

export type OptionSide = 'call' | 'put'

const DAYS_A_YEAR = 365
const YEAR_MS = DAYS_A_YEAR * DAY_MS
const POINTS = 100

/** Years of 365 days from `at` to expiry; zero or negative when it is over. */
export function yearsTo(expiresAt: EpochMs, at: EpochMs): number {
  return (expiresAt - at) / YEAR_MS
}

const isPriceable = (forward: number, strike: number, years: number, vol: number): boolean =>
  forward > 0 && strike > 0 && years > 0 && vol > 0

/** Price in quote, discounted at `rate` (a year, continuous). Null unless forward, strike, years and vol are positive. */
export function black76Price(
  side: OptionSide,
  forward: number,
  strike: number,
  years: number,
  vol: number,
  rate = 0,
): number | null {
  if (!isPriceable(forward, strike, years, vol)) return null
  const width = vol * Math.sqrt(years)
  const d1 = Math.log(forward / strike) / width + width / 2
  const sign = side === 'call' ? 1 : -1
  const price = sign * (forward * normalCdf(sign * d1) - strike * normalCdf(sign * (d1 - width)))
  return Math.max(0, price) * Math.exp(-rate * years)
}

/** N(d1), or −N(−d1) of a put: the delta that Deribit publishes. Null as above. */
export function forwardDelta(
  side: OptionSide,
  forward: number,
  strike: number,
  years: number,
  vol: number,
): number | null {
  if (!isPriceable(forward, strike, years, vol)) return null
  const width = vol * Math.sqrt(years)
  const d1 = Math.log(forward / strike) / width + width / 2
  return side === 'call' ? normalCdf(d1) : -normalCdf(-d1)
}

/** Of one option, rate 0. */
export interface Greeks {
  /** Quote. */
  readonly price: number
  /** Premium of an inverse option: price / forward. */
  readonly priceCoin: number
  readonly d1: number
  readonly d2: number
  /** Plain, of the forward; puts negative. */
  readonly delta: number
  /** Net of a premium paid in coin: delta − priceCoin; calls (K/F) N(d2), puts −(K/F) N(−d2). Two strikes may share one. */
  readonly deltaPremiumAdjusted: number
  /** Change of delta for one unit of quote. */
  readonly gamma: number
  /** Quote for one volatility point (0.01). */
  readonly vegaPerPoint: number
  /** Quote for a calendar day; negative. */
  readonly thetaPerDay: number
}

/** Null unless forward, strike, years and vol are positive. */
export function black76(side: OptionSide, forward: number, strike: number, years: number, vol: number): Greeks | null {
  if (!isPriceable(forward, strike, years, vol)) return null
  const root = Math.sqrt(years)
  const width = vol * root
  const d1 = Math.log(forward / strike) / width + width / 2
  const d2 = d1 - width
  const sign = side === 'call' ? 1 : -1
  const density = normalPdf(d1)
  const first = normalCdf(sign * d1)
  const second = normalCdf(sign * d2)
  const price = Math.max(0, sign * (forward * first - strike * second))
  return {
    price,
    priceCoin: price / forward,
    d1,
    d2,
    delta: sign * first,
    deltaPremiumAdjusted: (sign * strike * second) / forward,
    gamma: density / (forward * width),
    vegaPerPoint: (forward * density * root) / POINTS,
    thetaPerDay: (-forward * density * vol) / (2 * root) / DAYS_A_YEAR,
  }
}

/** Strike whose plain delta is `absDelta` in size at `vol`, 0 < absDelta < 1. Null as above. */
export function strikeOfDelta(
  side: OptionSide,
  forward: number,
  years: number,
  vol: number,
  absDelta: number,
): number | null {
  if (!isPriceable(forward, forward, years, vol) || !(absDelta > 0 && absDelta < 1)) return null
  const width = vol * Math.sqrt(years)
  const d1 = (side === 'call' ? 1 : -1) * normalInverse(absDelta)
  return forward * Math.exp((width / 2 - d1) * width)
}
