/**
 * Owns packages on their way through the pipeline of risk: sleeve caps, and what stays as it is held. Weights are notionals of
 * one unit a NAV, never negative. Must never scale a package up, but for Kelly.
 */

import type { PackageShape } from '../limits/book-limits.js'

/** What the pipeline is told of one package. */
export interface PackageWish {
  readonly signal: string
  /** As the blender lets it; 0 where a barrier says so. */
  readonly blended: number
  /** Gross and delta of all legs at a weight of 1. */
  readonly grossRatio: number
  readonly deltaRatio: number
  /** Weight of the units aimed at, and gross and delta of what is held and on its way, fractions of NAV. */
  readonly held: number
  readonly heldGross: number
  readonly heldDelta: number
  /** Nothing may be traded now: it counts as it is held. */
  readonly frozen: boolean
  /** Where it stands, what it needs as margin, its vega; without it those limits do not see it. */
  readonly shape?: PackageShape
}

export const NO_PACKAGES: readonly PackageWish[] = []

/** Signals of whose packages the notional is capped, each by itself [S: 20 % a carry sleeve]. */
const CARRY: ReadonlySet<string> = new Set(['carry', 'basis', 'dispersion'])

export interface Beside {
  readonly gross: number
  readonly delta: number
}

/** Gross and delta of all legs at these weights. */
export function besideOf(wishes: readonly PackageWish[], weights: readonly number[]): Beside {
  let gross = 0
  let delta = 0
  for (let i = 0; i < wishes.length; i++) {
    gross += weights[i]! * wishes[i]!.grossRatio
    delta += weights[i]! * wishes[i]!.deltaRatio
  }
  return { gross, delta }
}

export interface Sleeves {
  readonly weights: number[]
  /** Sum of the largest carry signal before its cap, and the least factor. */
  readonly measured: number
  readonly factor: number
}

/** Scales the packages of each carry signal so that they sum to at most `cap`. */
export function capSleeves(wishes: readonly PackageWish[], weights: readonly number[], cap: number): Sleeves {
  const sums = new Map<string, number>()
  wishes.forEach(({ signal }, i) => {
    if (CARRY.has(signal)) sums.set(signal, (sums.get(signal) ?? 0) + weights[i]!)
  })
  let measured = 0
  for (const sum of sums.values()) measured = Math.max(measured, sum)
  const factorOf = (signal: string): number => {
    const sum = sums.get(signal) ?? 0
    return sum > cap ? cap / sum : 1
  }
  return {
    weights: weights.map((w, i) => w * factorOf(wishes[i]!.signal)),
    measured,
    factor: measured > cap ? cap / measured : 1,
  }
}

/** Shrinks the packages whose delta lies on the side of an exposure that exceeds its cap, by what exceeds it. */
export function capResidual(
  wishes: readonly PackageWish[],
  weights: readonly number[],
  exposure: number,
  cap: number,
): readonly number[] {
  const excess = Math.abs(exposure) - cap
  if (!(excess > 1e-12)) return weights
  const isSame = (i: number): boolean => wishes[i]!.deltaRatio * exposure > 0
  let same = 0
  for (let i = 0; i < wishes.length; i++) if (isSame(i)) same += Math.abs(weights[i]! * wishes[i]!.deltaRatio)
  const factor = same > 0 ? Math.max(0, 1 - excess / same) : 1
  return weights.map((w, i) => (isSame(i) ? w * factor : w))
}

export interface SettledPackages extends Beside {
  readonly weights: number[]
  /** Staying exactly as they are held. */
  readonly stays: boolean[]
}

/**
 * What of the wanted weights is traded: frozen packages and those inside their band stay as they are held, unless their sleeve or
 * the book would break a cap; then bands are given up, and at last the free ones shrink to what the frozen ones leave.
 */
export function settlePackages(
  wishes: readonly PackageWish[],
  wanted: readonly number[],
  isInBand: (held: number, wanted: number) => boolean,
  directionalGross: number,
  caps: { readonly sleeve: number; readonly gross: number; readonly drift: number; readonly venue?: number },
  directionalAt: ReadonlyMap<string, number> = new Map(),
): SettledPackages {
  const stays = wishes.map(({ frozen, held }, i) => frozen || isInBand(held, wanted[i]!))
  const weights = wishes.map(({ held }, i) => (stays[i] ? held : wanted[i]!))
  const grossAt = (i: number): number => (stays[i] ? wishes[i]!.heldGross : weights[i]! * wishes[i]!.grossRatio)
  const giveUp = (isOne: (i: number) => boolean): void => {
    for (let i = 0; i < wishes.length; i++) {
      if (!stays[i] || wishes[i]!.frozen || !isOne(i) || wanted[i]! >= wishes[i]!.held) continue
      stays[i] = false
      weights[i] = wanted[i]!
    }
  }
  /** Free ones shrink to the room that the frozen leave. */
  const shrink = (isOne: (i: number) => boolean, sizeAt: (i: number) => number, cap: number, beside: number): void => {
    let stuck = beside
    let free = 0
    for (let i = 0; i < wishes.length; i++) {
      if (!isOne(i)) continue
      if (stays[i] && wishes[i]!.frozen) stuck += sizeAt(i)
      else free += sizeAt(i)
    }
    if (stuck + free <= cap * (1 + caps.drift)) return
    giveUp(isOne)
    free = 0
    for (let i = 0; i < wishes.length; i++) if (isOne(i) && !(stays[i] && wishes[i]!.frozen)) free += sizeAt(i)
    const factor = free > 0 ? Math.min(1, Math.max(0, cap - stuck) / free) : 1
    if (factor > 1 - caps.drift) return
    for (let i = 0; i < wishes.length; i++) {
      if (!isOne(i) || (stays[i] && wishes[i]!.frozen)) continue
      stays[i] = false
      weights[i]! *= factor
    }
  }
  const names = new Set(wishes.map(({ signal }) => signal))
  for (const name of names)
    if (CARRY.has(name))
      shrink(
        (i) => wishes[i]!.signal === name,
        (i) => weights[i]!,
        caps.sleeve,
        0,
      )
  shrink(() => true, grossAt, caps.gross, directionalGross)
  const { venue: venueCap } = caps
  if (venueCap !== undefined)
    for (const venue of venuesOf(wishes)) {
      const shareAt = (i: number): number =>
        (wishes[i]!.shape?.venues.find((at) => at.venue === venue)?.gross ?? 0) / (wishes[i]!.grossRatio || 1)
      shrink(
        (i) => shareAt(i) > 0,
        (i) => grossAt(i) * shareAt(i),
        venueCap,
        directionalAt.get(venue) ?? 0,
      )
    }
  let gross = 0
  let delta = 0
  for (let i = 0; i < wishes.length; i++) {
    gross += grossAt(i)
    delta += stays[i] ? wishes[i]!.heldDelta : weights[i]! * wishes[i]!.deltaRatio
  }
  return { weights, stays, gross, delta }
}

const venuesOf = (wishes: readonly PackageWish[]): ReadonlySet<string> =>
  new Set(wishes.flatMap(({ shape }) => shape?.venues.map(({ venue }) => venue) ?? []))
