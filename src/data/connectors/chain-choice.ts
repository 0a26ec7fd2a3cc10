/**
 * Owns which options of a chain are worth a stream of their own, where a venue takes fewer than there are: the order in which
 * they are wanted. Pure.
 */
import { DAY_MS, type EpochMs } from '#core/time'
import type { InstrumentFacts } from './normal.js'

/** Expiries that a surface is made of (ours): nearer ones have no time value left, farther ones hardly change. */
const NEAREST_MS = DAY_MS
const FARTHEST_MS = 100 * DAY_MS
const YEAR_MS = 365 * DAY_MS

/**
 * Options that have not expired, the most telling first: expiries of 1 to 100 days before all others, and of those the
 * nearest to the forward, as |ln(strike / price)| over the root of the time: so every expiry has about as many standard
 * deviations. `price` in quote; undefined: the middle of the strikes of the nearest expiry.
 */
export function chosenOptions(
  options: readonly InstrumentFacts[],
  now: EpochMs,
  price: (base: string) => number | undefined,
): InstrumentFacts[] {
  const live = options.filter(({ expiresAt, strike }) => (expiresAt ?? 0) > now && strike !== null)
  const prices = new Map<string, number>()
  const priceOf = (base: string): number => {
    const known = prices.get(base) ?? price(base) ?? middleStrike(live.filter((option) => option.base === base))
    prices.set(base, known)
    return known
  }
  const scored = live.map((facts) => {
    const leftMs = facts.expiresAt! - now
    const isOutside = leftMs < NEAREST_MS || leftMs > FARTHEST_MS
    const distance = Math.abs(Math.log(facts.strike! / priceOf(facts.base))) / Math.sqrt(leftMs / YEAR_MS)
    return { facts, isOutside, distance }
  })
  return scored
    .sort((a, b) => Number(a.isOutside) - Number(b.isOutside) || a.distance - b.distance || byName(a.facts, b.facts))
    .map(({ facts }) => facts)
}

/** Venues list strikes around the price. */
function middleStrike(options: readonly InstrumentFacts[]): number {
  const nearest = Math.min(...options.map(({ expiresAt }) => expiresAt!))
  const strikes = options.filter(({ expiresAt }) => expiresAt === nearest).map(({ strike }) => strike!)
  strikes.sort((a, b) => a - b)
  return strikes[strikes.length >> 1] ?? 1
}

const byName = (a: InstrumentFacts, b: InstrumentFacts): number => (a.instrument < b.instrument ? -1 : 1)
