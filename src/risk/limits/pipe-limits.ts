/**
 * Owns how the limits of vega, margin, venues, coins and drawdown enter the pipeline. Must never cost anything to a book for which
 * none of them can bind.
 */
import type { RiskConfig } from '#core/config/schema'
import type { PackageWish, SettledPackages } from '../packages/wishes.js'
import { besideOf } from '../packages/wishes.js'
import type { Step, StepRecord } from '../step-record.js'
import {
  type Bound,
  boundCoins,
  boundMargin,
  boundVega,
  boundVenues,
  marginGross,
  type PackageShape,
} from './book-limits.js'
import { rungScale } from './ladder.js'
import type { Place } from './places.js'

export interface PipeLimits {
  /** In the order of the wishes. */
  readonly places: readonly Place[]
  /** Rung of the ladder: 1 and zeros for none. `drawdown` is 0 or negative, `at` positive. */
  /** Coins in the accounts: exposure that no step can change, fraction of NAV; absent: none. */
  readonly coins?: number
  readonly rung: { readonly scale: number; readonly at: number; readonly drawdown: number }
}

const NO_SCALE = { scale: 1, at: 0, drawdown: 0 }
export const NO_LIMITS: PipeLimits = { places: [], rung: NO_SCALE }

export function limitsOf(
  places: readonly Place[],
  rung: number,
  drawdown: number,
  ladder: RiskConfig['drawdownLadder'],
): PipeLimits {
  const scale = rungScale(rung, ladder)
  return { places, rung: scale === 1 ? NO_SCALE : { scale, at: ladder[rung]!.at, drawdown } }
}

/** A cap of venues that the gross cap does not imply. */
export const venueCapOf = ({ venueCap, grossCap }: RiskConfig): { readonly venue?: number } =>
  venueCap < grossCap ? { venue: venueCap } : {}

/** Vega, margin, venues, coins: each step is said where it binds. */
export function capBookLimits(
  { places }: PipeLimits,
  weights: readonly number[],
  packages: readonly PackageWish[],
  sizes: readonly number[],
  risk: RiskConfig,
  record: StepRecord,
): { readonly weights: readonly number[]; readonly sizes: readonly number[] } {
  let book = { weights, sizes }
  const take = (step: Step['step'], bound: Bound): void => {
    if (bound.factor === 1) return
    book = { weights: bound.weights, sizes: bound.sizes }
    if (packages.length > 0) record.beside(besideOf(packages, book.sizes))
    record.pass(step, book.weights, bound.measured, bound.limit, bound.factor)
  }
  if (packages.length > 0) {
    take('vegaLimit', { ...boundVega(packages, book.sizes, risk.vegaLimit), weights: book.weights })
    const directional = marginGross(places, book.weights)
    take('margin', { ...boundMargin(packages, book.sizes, directional, risk), weights: book.weights })
  }
  const { venue } = venueCapOf(risk)
  if (venue !== undefined) take('venueCap', boundVenues(places, book.weights, packages, book.sizes, venue))
  if (risk.coinCap !== undefined) take('coinCap', boundCoins(places, book.weights, packages, book.sizes, risk.coinCap))
  return book
}

/** Gross of the weights at each venue: of frozen ones as they are held. */
export function grossByVenue(
  places: readonly Place[],
  wanted: readonly number[],
  frozen: readonly boolean[],
  held: readonly number[],
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (let i = 0; i < wanted.length; i++) {
    const venue = places[i]?.venue
    if (venue !== undefined) sums.set(venue, (sums.get(venue) ?? 0) + Math.abs(frozen[i] ? held[i]! : wanted[i]!))
  }
  return sums
}

type PlacedPackage = { readonly venues: PackageShape['venues']; readonly coin: string; readonly delta: number }
const NONE_PLACED: readonly PlacedPackage[] = []

/** Where the packages stand after they were settled, fractions of NAV. */
export function placesOfPackages(wishes: readonly PackageWish[], settled: SettledPackages): readonly PlacedPackage[] {
  if (wishes.length === 0) return NONE_PLACED
  return wishes.flatMap(({ shape, heldGross, heldDelta, grossRatio, deltaRatio }, i) => {
    if (shape === undefined) return []
    const stays = settled.stays[i]!
    const size = stays ? heldGross / (grossRatio || 1) : settled.weights[i]!
    const venues = shape.venues.map(({ venue, gross }) => ({ venue, gross: gross * size }))
    return [{ venues, coin: shape.coin, delta: stays ? heldDelta : size * deltaRatio }]
  })
}
