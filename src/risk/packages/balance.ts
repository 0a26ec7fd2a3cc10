/** Owns when the legs of a package match what they shall be. Must never judge a package with an order in flight. */
import { LEG_TOLERANCE, type LegState, type PackageBook, type PackageState } from './package-state.js'
import { coinsOff, largestLeg, lotCoins } from './sizing.js'

export interface Imbalance {
  /** Legs that are off. */
  readonly legs: readonly LegState[]
  /** Delta of what is held beyond what is aimed at, base coins. */
  readonly excessDelta: number
}

/**
 * Legs that are not as they shall be: one off by more than 1 % of the largest leg, or all that are off where their deltas together
 * are; no leg for less than a lot, unless it shall be gone.
 */
export function imbalanceOf(book: PackageBook, pkg: PackageState): Imbalance {
  const tolerance = LEG_TOLERANCE * largestLeg(pkg)
  let excessDelta = 0
  const off: LegState[] = []
  const far: LegState[] = []
  for (const leg of pkg.legs) {
    const coins = coinsOff(leg)
    const isGone = leg.aim === '0'
    if (coins === 0 && !(isGone && leg.position.quantity !== '0')) continue
    excessDelta += coins * leg.delta
    if (!isGone && Math.abs(coins) < lotCoins(book, leg) - 1e-12) continue
    off.push(leg)
    if (Math.abs(coins) > tolerance || isGone) far.push(leg)
  }
  return { legs: Math.abs(excessDelta) > tolerance ? off : far, excessDelta }
}

/** Whether nothing is off; a leg that ended or is gone counts as it is aimed at. */
export const isBalanced = (book: PackageBook, pkg: PackageState): boolean =>
  imbalanceOf(book, pkg).legs.length === 0 &&
  !(pkg.isBroken && pkg.legs.some(({ position }) => position.quantity !== '0'))
