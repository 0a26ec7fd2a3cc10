/**
 * Owns the prices behind realised volatility (methods.md 9): hourly closes of the coin where such bars come, else the index of the
 * option chains at their own step. Bounded by the longest window. Must never look ahead nor fill a gap: variance is annualised by
 * the time that the returns really span.
 */
import { type DurationMs, type EpochMs, floorTo, HOUR_MS } from '#core/time'

/** Share of the window that prices must cover (ours). */
const COVER_MIN = 0.8
/** A newest price older than so many steps is no window that ends now (ours); a step is what the prices themselves have. */
const AGE_STEPS = 3
const YEAR_HOURS = 8760

/** Plain data; oldest first. */
export interface PriceSeries {
  stepMs: DurationMs
  keepMs: DurationMs
  at: EpochMs[]
  prices: number[]
}

export function createSeries(stepMs: DurationMs, keepMs: DurationMs): PriceSeries {
  return { stepMs, keepMs, at: [], prices: [] }
}

/** Keeps the first price of each slot of the grid of steps; one that comes out of order changes nothing. */
export function addPrice(series: PriceSeries, at: EpochMs, price: number): void {
  const { stepMs } = series
  const last = series.at.at(-1)
  if (!(price > 0) || (last !== undefined && floorTo(at, stepMs) <= floorTo(last, stepMs))) return
  series.at.push(at)
  series.prices.push(price)
  const old = at - series.keepMs - stepMs
  while (series.at[0]! < old) {
    series.at.shift()
    series.prices.shift()
  }
}

export interface Window {
  readonly logReturns: readonly number[]
  /** Mean step of the returns. */
  readonly stepHours: number
  /** Returns of this step in a year of 365 days: 8760 for a whole window of hours, 1460 for snapshots six hours apart. */
  readonly periodsPerYear: number
}

/** Returns that lie within `windowMs` before now; undefined while they cover less than four fifths of it. O(window). */
export function trailing({ at, prices }: PriceSeries, now: EpochMs, windowMs: DurationMs): Window | undefined {
  const first = at.findIndex((one) => one >= now - windowMs)
  const last = at.length - 1
  if (first < 0 || last <= first || at[last]! > now) return undefined
  const spanMs = at[last]! - at[first]!
  const count = last - first
  if (spanMs < COVER_MIN * windowMs || now - at[last]! > (AGE_STEPS * spanMs) / count) return undefined
  const logReturns: number[] = []
  for (let i = first + 1; i <= last; i++) logReturns.push(Math.log(prices[i]! / prices[i - 1]!))
  const stepHours = spanMs / count / HOUR_MS
  return { logReturns, stepHours, periodsPerYear: YEAR_HOURS / stepHours }
}
