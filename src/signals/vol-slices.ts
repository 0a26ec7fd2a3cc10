/**
 * Owns what is kept of the smile of an expiry, and how slices make volatilities at 30 days (methods.md 10). The data agent and the
 * signals read it alike. Must never extrapolate, nor judge how old a slice may be.
 */
import { DAY_MS, type EpochMs } from '#core/time'
import type { OptionChainObserved } from '#events/market.events'
import type { VolatilitySurfaceChanged } from '#events/market-view.events'
import { yearsTo } from '#quant/black76'
import { constantMaturity, type SmilePoint, skewPoints, smileLegs, usableVol } from '#quant/vol-surface'

const MATURITY_MS = 30 * DAY_MS

/** What is kept of the chain of one expiry; volatilities are decimals a year. */
export interface Slice {
  expiresAt: EpochMs
  at: EpochMs
  atm: number | null
  put25: number | null
  call25: number | null
  used: number
  dropped: number
}

/** Options paid in USDC (`BTC_USDC-…`) are another market: neither used nor counted. O(options). */
export function sliceOf({ options, underlyingPrice, expiresAt, at }: OptionChainObserved['data']): Slice {
  const years = yearsTo(expiresAt, at)
  const points: SmilePoint[] = []
  let dropped = 0
  for (const { instrument, option: side, strike, bid, ask, markIv: iv } of options) {
    if (instrument.includes('_')) continue
    const quote = { side, strike, bid: inQuote(bid, underlyingPrice), ask: inQuote(ask, underlyingPrice), iv }
    if (usableVol(quote, underlyingPrice, years) === null || iv === null) dropped++
    else points.push({ side, strike, iv })
  }
  return { expiresAt, at, ...smileLegs(points, underlyingPrice, years), used: points.length, dropped }
}

const inQuote = (coins: number | null, forward: number): number | null => (coins === null ? null : coins * forward)

type Missing = VolatilitySurfaceChanged['data']['skewMissing']

interface At30 {
  readonly iv: number | null
  readonly missing: Missing
}

/** Null with the reason why. */
export interface Surface30 {
  readonly atm: At30
  readonly put25: At30
  readonly call25: At30
  /** Volatility points, 25-delta put − call: fear is positive. */
  readonly skew: number | null
  /** Expiries between which the skew lies; empty without one. */
  readonly expiries: readonly EpochMs[]
}

/** The nearest expiries on both sides of 30 days among `slices`; one twice where it is exact. */
function around(slices: readonly Slice[], now: EpochMs): readonly [Slice, Slice] | undefined {
  const before = slices.findLast(({ expiresAt }) => expiresAt - now <= MATURITY_MS)
  const after = slices.find(({ expiresAt }) => expiresAt - now >= MATURITY_MS)
  return before === undefined || after === undefined ? undefined : [before, after]
}

function interpolate([before, after]: readonly [Slice, Slice], leg: 'atm' | 'put25' | 'call25', now: EpochMs): At30 {
  const [iv1, iv2] = [before[leg], after[leg]]
  if (iv1 === null || iv2 === null) return { iv: null, missing: 'deltas' }
  const [years1, years2] = [yearsTo(before.expiresAt, now), yearsTo(after.expiresAt, now)]
  const iv = constantMaturity(iv1, years1, iv2, years2, yearsTo(MATURITY_MS, 0))
  return { iv, missing: iv === null ? 'calendarArbitrage' : null }
}

/** At 30 days. `fresh`: slices that may still be used, nearest expiry first. */
export function surfaceAt30(fresh: readonly Slice[], now: EpochMs): Surface30 {
  const none: At30 = { iv: null, missing: fresh.length === 0 ? 'stale' : 'expiries' }
  // An expiry whose wings nobody quotes is passed over for the next one: that is still between two.
  const withLegs = (legs: (slice: Slice) => boolean): readonly [Slice, Slice] | undefined =>
    around(fresh.filter(legs), now) ?? around(fresh, now)
  const atmPair = withLegs(({ atm }) => atm !== null)
  const wings = withLegs(({ put25, call25 }) => put25 !== null && call25 !== null)
  const atm = atmPair === undefined ? none : interpolate(atmPair, 'atm', now)
  const put25 = wings === undefined ? none : interpolate(wings, 'put25', now)
  const call25 = wings === undefined ? none : interpolate(wings, 'call25', now)
  const skew = put25.iv === null || call25.iv === null ? null : skewPoints(put25.iv, call25.iv) + 0
  const expiries = skew === null || wings === undefined ? [] : [...new Set(wings.map(({ expiresAt }) => expiresAt))]
  return { atm, put25, call25, skew, expiries }
}
