/**
 * Owns what an option chain says of volatility: which quotes count, the legs of an expiry at 25 and 50 delta, constant maturity
 * (methods.md 10). Must never extrapolate: no bracket, or a calendar arbitrage, is null.
 */
import { black76Price, forwardDelta, type OptionSide } from './black76.js'
import { impliedVol } from './implied-vol.js'

/** methods.md 10: a quote whose bid and ask are further apart is dropped; decimal (10 points). */
const SPREAD_VOL_MAX = 0.1
/** 1 / √(2π). */
const DENSITY_MAX = 0.3989422804014327
const WING_DELTA = 0.25
const ATM_DELTA = 0.5
const POINTS = 100

/** An option as a venue shows it; prices in quote, volatility as decimal. */
export interface OptionQuote {
  readonly side: OptionSide
  readonly strike: number
  readonly bid: number | null
  readonly ask: number | null
  readonly iv: number | null
}

/** One strike with its own volatility, decimal a year. */
export interface SmilePoint {
  readonly side: OptionSide
  readonly strike: number
  readonly iv: number
}

/** Volatilities of one expiry, decimals a year; null where no two strikes bracket the delta. */
export interface SmileLegs {
  /** At 50 delta of the calls: what we call at the money. */
  readonly atm: number | null
  readonly put25: number | null
  readonly call25: number | null
}

/**
 * The volatility of a quote that counts; null for one without a volatility or a side of its book (its spread is unknown), with
 * bid above ask, with a bid that no volatility explains, or with more than 10 volatility points between them.
 */
export function usableVol(quote: OptionQuote, forward: number, years: number): number | null {
  const { side, strike, bid, ask, iv } = quote
  if (iv === null || !(iv > 0) || bid === null || ask === null || bid > ask) return null
  // No vega is greater than that at the money: what is further apart than 10 points of it needs no solving.
  if (ask - bid > SPREAD_VOL_MAX * forward * Math.sqrt(years) * DENSITY_MAX) return null
  const bidVol = impliedVol(side, bid, forward, strike, years, 0, iv)
  if (bidVol === null) return null
  // Prices rise with volatility: dearer than 10 points above the bid is further apart, with no need of the ask's own volatility.
  const widest = black76Price(side, forward, strike, years, bidVol + SPREAD_VOL_MAX)
  return widest === null || ask > widest ? null : iv
}

/** `points`: of one expiry, any order. Each strike's own volatility makes its delta. O(n log n). */
export function smileLegs(points: readonly SmilePoint[], forward: number, years: number): SmileLegs {
  const calls = leg('call', points, forward, years)
  const puts = leg('put', points, forward, years)
  return {
    atm: volAtDelta(calls, ATM_DELTA),
    put25: volAtDelta(puts, WING_DELTA),
    call25: volAtDelta(calls, WING_DELTA),
  }
}

export interface DeltaPoint {
  readonly absDelta: number
  readonly iv: number
}

/** Options of one side from the most in the money outwards, so that |delta| falls. */
function leg(side: OptionSide, points: readonly SmilePoint[], forward: number, years: number): DeltaPoint[] {
  const outwards = side === 'call' ? 1 : -1
  return points
    .filter((point) => point.side === side)
    .sort((a, b) => outwards * (a.strike - b.strike))
    .flatMap(({ strike, iv }) => {
      const delta = forwardDelta(side, forward, strike, years, iv)
      return delta === null ? [] : [{ absDelta: Math.abs(delta), iv }]
    })
}

/**
 * Volatility at |delta| `target`, linear in |delta| between the first neighbours that bracket it, from the money outwards (a noisy
 * smile may have more). Null without a bracket. `points` from the most in the money outwards.
 */
export function volAtDelta(points: readonly DeltaPoint[], target: number): number | null {
  for (let i = 0; i < points.length; i++) {
    const { absDelta, iv } = points[i]!
    if (absDelta === target) return iv
    const next = points[i + 1]
    if (next === undefined || absDelta < target || next.absDelta > target) continue
    return iv + ((next.iv - iv) * (absDelta - target)) / (absDelta - next.absDelta)
  }
  return null
}

/** Volatility points, put − call: fear is positive (methods.md 10). A risk reversal is its negative. */
export function skewPoints(put25: number, call25: number): number {
  return (put25 - call25) * POINTS
}

/**
 * Volatility at `years`, linear in total variance between two expiries. Null unless years1 ≤ years ≤ years2, and where total
 * variance falls with time: a calendar arbitrage. Exactly at an expiry it is that expiry's.
 */
export function constantMaturity(
  iv1: number,
  years1: number,
  iv2: number,
  years2: number,
  years: number,
): number | null {
  if (!(years1 > 0 && years1 <= years && years <= years2)) return null
  const variance1 = iv1 * iv1 * years1
  const variance2 = iv2 * iv2 * years2
  if (variance2 < variance1) return null
  if (years1 === years2) return iv1
  const variance = variance1 + ((variance2 - variance1) * (years - years1)) / (years2 - years1)
  return Math.sqrt(variance / years)
}
