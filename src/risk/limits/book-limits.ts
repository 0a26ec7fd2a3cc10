/**
 * Owns the limits of the book by vega, margin, venue and coin, before the net and the gross cap. Each takes the two sides of a number by
 * itself where it has a sign, and only shrinks: whatever shrinks later — caps, ladder, limiter — cannot break what holds here.
 * Must never scale anything up.
 */
import type { RiskConfig } from '#core/config/schema'
import type { PackageWish } from '../packages/wishes.js'
import type { Place } from './places.js'

/** What a package is to these limits, at a weight of 1. */
export interface PackageShape {
  readonly coin: string
  readonly venues: readonly { readonly venue: string; readonly gross: number }[]
  /** Gross of its perpetuals and dated futures; and whether one of them is short. */
  readonly marginGross: number
  readonly isShortOnMargin: boolean
  /** Profit of one volatility point up, a NAV; negative of what was sold. */
  readonly vega: number
}

/** Points of volatility of the limit of vega [D: methods, section 9]. */
export const VEGA_POINTS = 10

/** Collateral, a notional, that a short leg needs to live through a rise: the loss, and maintenance of what it is then. */
export const collateralFor = (rise: number, maintenance: number): number => rise + maintenance * (1 + rise)

export interface Bound {
  /** Largest sum before. */
  readonly measured: number
  readonly limit: number
  /** Least factor; 1: it does not bind. */
  readonly factor: number
  readonly weights: readonly number[]
  readonly sizes: readonly number[]
}

/** Name and amount of one weight or size; without a name it is no part of any sum. */
interface Share {
  readonly name: string | undefined
  readonly amount: number
}

/** Factor of each name whose amounts of one sign exceed a cap. */
class Sides {
  readonly #long = new Map<string, number>()
  readonly #short = new Map<string, number>()
  measured = 0
  factor = 1
  readonly cap: number

  constructor(cap: number) {
    this.cap = cap
  }

  add({ name, amount }: Share): void {
    if (name === undefined || amount === 0) return
    const side = amount > 0 ? this.#long : this.#short
    const sum = (side.get(name) ?? 0) + Math.abs(amount)
    side.set(name, sum)
    this.measured = Math.max(this.measured, sum)
  }

  factorOf({ name, amount }: Share): number {
    if (name === undefined || amount === 0) return 1
    const sum = (amount > 0 ? this.#long : this.#short).get(name) ?? 0
    const factor = sum > this.cap ? this.cap / sum : 1
    this.factor = Math.min(this.factor, factor)
    return factor
  }
}

/** Scales each weight and each package by the least factor of the sums that it is part of. O(n). */
function boundBy(
  cap: number,
  weights: readonly number[],
  sizes: readonly number[],
  ofWeight: (i: number) => Share,
  ofSize: (i: number) => readonly Share[],
): Bound {
  const sides = new Sides(cap)
  for (let i = 0; i < weights.length; i++) sides.add(ofWeight(i))
  for (let i = 0; i < sizes.length; i++) for (const share of ofSize(i)) sides.add(share)
  const { measured } = sides
  if (!(measured > cap)) return { measured, limit: cap, factor: 1, weights, sizes }
  const least = (i: number): number => ofSize(i).reduce((min, share) => Math.min(min, sides.factorOf(share)), 1)
  const scaledSizes = sizes.map((size, i) => size * least(i))
  const scaled = weights.map((weight, i) => weight * sides.factorOf(ofWeight(i)) + 0)
  return { measured, limit: cap, factor: sides.factor, weights: scaled, sizes: scaledSizes }
}

const NO_SHARE: Share = { name: undefined, amount: 0 }
const NO_SHARES: readonly Share[] = []

/** Vega of all packages of one side: |vega a point| · 10 within the limit. */
export function boundVega(wishes: readonly PackageWish[], sizes: readonly number[], limit: number): Bound {
  return boundBy(
    limit,
    [],
    sizes,
    () => NO_SHARE,
    (i) => {
      const vega = wishes[i]!.shape?.vega ?? 0
      return vega === 0 ? NO_SHARES : [{ name: 'vega', amount: sizes[i]! * vega * VEGA_POINTS }]
    },
  )
}

/**
 * Margin: packages short a perpetual or a future shrink until the collateral of all derivatives lets short legs outlive the stress.
 * `directional`: gross of the weights on margin.
 */
export function boundMargin(
  wishes: readonly PackageWish[],
  sizes: readonly number[],
  directional: number,
  risk: RiskConfig,
): Bound {
  const limit = risk.marginCollateral / collateralFor(risk.marginStress, risk.maintenanceMargin)
  let fixed = directional
  let short = 0
  for (let i = 0; i < sizes.length; i++) {
    const { marginGross = 0, isShortOnMargin = false } = wishes[i]!.shape ?? {}
    if (isShortOnMargin) short += sizes[i]! * marginGross
    else fixed += sizes[i]! * marginGross
  }
  const measured = fixed + short
  if (!(measured > limit) || short === 0) return { measured, limit, factor: 1, weights: [], sizes }
  const factor = Math.max(0, limit - fixed) / short
  const scaled = sizes.map((size, i) => (wishes[i]!.shape?.isShortOnMargin === true ? size * factor : size))
  return { measured, limit, factor, weights: [], sizes: scaled }
}

/** Gross at each venue, all legs included. */
export function boundVenues(
  places: readonly Place[],
  weights: readonly number[],
  wishes: readonly PackageWish[],
  sizes: readonly number[],
  cap: number,
): Bound {
  return boundBy(
    cap,
    weights,
    sizes,
    (i) => ({ name: places[i]?.venue, amount: Math.abs(weights[i]!) }),
    (i) => (wishes[i]!.shape?.venues ?? []).map(({ venue, gross }) => ({ name: venue, amount: sizes[i]! * gross })),
  )
}

/** What is long and what is short in each coin, packages by the delta that they leave open. */
export function boundCoins(
  places: readonly Place[],
  weights: readonly number[],
  wishes: readonly PackageWish[],
  sizes: readonly number[],
  cap: number,
): Bound {
  return boundBy(
    cap,
    weights,
    sizes,
    (i) => ({ name: places[i]?.coin, amount: weights[i]! }),
    (i) => [{ name: wishes[i]!.shape?.coin, amount: sizes[i]! * wishes[i]!.deltaRatio }],
  )
}

/** Gross of the weights that are held on margin. */
export function marginGross(places: readonly Place[], weights: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) if (places[i]?.isMargined === true) sum += Math.abs(weights[i]!)
  return sum
}

/**
 * Holds the caps of venues and coins on what the limiter lets be, frozen and banded positions included: free weights shrink to the
 * room that the frozen and the packages beside leave. `drift`: share of a cap that prices may carry a held book beyond it.
 */
export function enforcePlaces(
  places: readonly Place[],
  weights: readonly number[],
  frozen: readonly boolean[],
  packages: readonly { readonly venues: PackageShape['venues']; readonly coin: string; readonly delta: number }[],
  risk: RiskConfig,
  drift: number,
): readonly number[] {
  let out = weights
  if (risk.venueCap < risk.grossCap) {
    const beside = packages.flatMap(({ venues }) => venues.map(({ venue, gross }) => ({ name: venue, amount: gross })))
    out = shrinkTo(out, frozen, beside, risk.venueCap, drift, (i) => ({ name: places[i]?.venue, amount: 1 }))
  }
  const { coinCap } = risk
  if (coinCap === undefined) return out
  const deltas = packages.map(({ coin, delta }) => ({ name: coin, amount: delta }))
  const before = out
  return shrinkTo(before, frozen, deltas, coinCap, drift, (i) => ({
    name: places[i]?.coin,
    amount: Math.sign(before[i]!),
  }))
}

/** `sideOf`: name and sign of the sum that a weight is part of. */
function shrinkTo(
  weights: readonly number[],
  frozen: readonly boolean[],
  beside: readonly Share[],
  cap: number,
  drift: number,
  sideOf: (i: number) => Share,
): readonly number[] {
  const keyOf = ({ name, amount }: Share): string => `${amount < 0 ? '-' : '+'}${name}`
  const stuck = new Map<string, number>()
  const free = new Map<string, number>()
  const add = (sums: Map<string, number>, key: string, size: number): void => {
    sums.set(key, (sums.get(key) ?? 0) + size)
  }
  for (const share of beside) add(stuck, keyOf(share), Math.abs(share.amount))
  for (let i = 0; i < weights.length; i++) add(frozen[i] ? stuck : free, keyOf(sideOf(i)), Math.abs(weights[i]!))
  return weights.map((weight, i) => {
    const side = sideOf(i)
    if (frozen[i] || weight === 0 || side.name === undefined) return weight
    const key = keyOf(side)
    const movable = free.get(key)!
    const room = Math.max(0, cap - (stuck.get(key) ?? 0))
    return movable > room + drift * cap ? weight * (room / movable) + 0 : weight
  })
}
