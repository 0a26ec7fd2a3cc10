/**
 * Owns the step from units of a package to the quantities of its legs: each on its own lot, all of one size. Must never look at a
 * weight. Inverse futures and perpetuals are held in US dollars, which stay as they are while units and ratio do: their coins are
 * those at the entry price (instruments/kinds.ts), so a move of the price is no drift.
 */
import {
  divideHalfEven,
  ONE,
  parseUnits,
  roundToStep,
  truncateToStep,
  type Units,
  unitsFromNumber,
  unitsToNumber,
} from '#core/decimal'
import type { EpochMs } from '#core/time'
import { isInDollars } from '#events/instrument-kind'
import {
  aimUnits,
  coinsHeld,
  heldUnits,
  LEG_TOLERANCE,
  type LegState,
  markOf,
  type PackageBook,
  type PackageState,
} from './package-state.js'

/** Multiples of the coarsest lot that are tried, downwards and to half of the size, until the other legs fit theirs [D]. */
const GRID_TRIES = 64

export const isWing = ({ role }: LegState): boolean => role === 'wingCall' || role === 'wingPut'

/** Whether a leg can be traded no more. */
export const isOver = ({ terms, isListed }: LegState, now: EpochMs): boolean =>
  !isListed || (terms.expiresAt !== undefined && terms.expiresAt <= now)

/** One base coin of a leg in its own units: coins, or US dollars at its mark. */
const perCoin = (book: PackageBook, leg: LegState): number => (isInDollars(leg.terms.kind) ? markOf(book, leg) : 1)

/** Coins of a quantity of a leg at its mark. */
export const coinsAt = (book: PackageBook, leg: LegState, quantity: Units): number =>
  unitsToNumber(quantity) / perCoin(book, leg)

/** Exact coins of a leg for so many units: ratio × units, half-even. */
const coinUnits = (leg: LegState, units: Units): Units => divideHalfEven(unitsFromNumber(leg.ratio) * units, ONE)

function onLot(leg: LegState, quantity: Units): Units {
  const lot = parseUnits(leg.terms.lot)
  if (lot <= 0n) return quantity
  // A wing is bought out of a budget of the premium: never more than was meant.
  return isWing(leg) ? truncateToStep(quantity, lot) : roundToStep(quantity, lot)
}

/** Quantity of a leg for so many units, on its lot. A held leg in dollars moves by the coins that come or go. */
export function quantityFor(book: PackageBook, leg: LegState, units: Units): Units {
  const coins = coinUnits(leg, units)
  if (coins === 0n) return 0n
  if (!isInDollars(leg.terms.kind)) return onLot(leg, coins)
  const mark = markOf(book, leg)
  const wanted = unitsToNumber(coins)
  const held = coinsHeld(leg)
  const dollars = leg.position.quantityNumber
  if (held === 0 || Math.sign(held) !== Math.sign(wanted)) return onLot(leg, unitsFromNumber(wanted * mark))
  if (Math.abs(wanted) <= Math.abs(held)) return onLot(leg, unitsFromNumber((dollars * wanted) / held))
  return onLot(leg, unitsFromNumber(dollars + (wanted - held) * mark))
}

/** Whether a leg of so many units stands near enough on its lot: within 1 % of itself, a hedge of the largest leg, a wing with a lot at all. */
function fits(book: PackageBook, leg: LegState, units: Units, largest: number): boolean {
  const exact = unitsToNumber(coinUnits(leg, units))
  if (exact === 0) return true
  const scale = perCoin(book, leg)
  const lotted = unitsToNumber(onLot(leg, unitsFromNumber(exact * scale))) / scale
  if (isWing(leg)) return lotted !== 0
  const error = Math.abs(lotted - exact)
  return error <= LEG_TOLERANCE * (leg.role === 'hedge' ? largest : Math.abs(exact))
}

/** Largest number of units not above `wanted` for which every leg fits its lot; 0 when there is none. O(legs). */
export function unitsOnGrid(book: PackageBook, pkg: PackageState, wanted: Units): Units {
  const legs = pkg.legs.filter(({ ratio }) => ratio !== 0)
  let step = 0
  let largestRatio = 0
  for (const leg of legs) {
    largestRatio = Math.max(largestRatio, Math.abs(leg.ratio))
    if (leg.role === 'hedge' || isWing(leg)) continue
    step = Math.max(step, Number(leg.terms.lot) / perCoin(book, leg) / Math.abs(leg.ratio))
  }
  if (!(step > 0) || wanted <= 0n) return 0n
  // A hair above a whole number of lots is that number: the quotient of doubles may fall short of it.
  const most = Math.floor(unitsToNumber(wanted) / step + 1e-6)
  const least = Math.max(1, Math.ceil(most / 2), most - GRID_TRIES)
  for (let lots = most; lots >= least; lots--) {
    const units = unitsFromNumber(lots * step)
    if (legs.every((leg) => fits(book, leg, units, largestRatio * lots * step))) return units
  }
  return 0n
}

/** Coins of the largest leg, of what is held and of what is aimed at. */
export function largestLeg(book: PackageBook, pkg: PackageState): number {
  let largest = 0
  for (const leg of pkg.legs)
    largest = Math.max(largest, Math.abs(coinsHeld(leg)), Math.abs(coinsAt(book, leg, aimUnits(leg))) || 0)
  return largest
}

/** Nearer to 0 than what is held, and on its side. */
export function clampToHeld(held: Units, aim: Units): Units {
  if (held > 0n) return aim < 0n ? 0n : aim < held ? aim : held
  return aim > 0n ? 0n : aim > held ? aim : held
}

/** Least change of a leg that is worth an order while the units stay, in coins: its lot, 1 % of the largest leg, the least notional. */
function leastChange(book: PackageBook, leg: LegState, largest: number, minNotional: number): number {
  const lot = Number(leg.terms.lot) / perCoin(book, leg)
  const mark = markOf(book, leg)
  const least = isInDollars(leg.terms.kind) || !(mark > 0) ? 0 : minNotional / mark
  return Math.max(lot, LEG_TOLERANCE * largest, least)
}

export interface Aiming {
  /** Least value of an order of a leg of the universe, quote. */
  readonly minNotionalOf: (leg: LegState) => number
  /** While trading is halted a leg may only shrink. */
  readonly isHalted: boolean
  readonly now: EpochMs
}

/**
 * What each leg shall be for so many units. With other units than now every leg moves; with the same ones only a leg whose ratio
 * changed by more than it is worth an order (a hedge), that is new, or that was left out (a roll).
 */
export function aimsFor(book: PackageBook, pkg: PackageState, units: Units, aiming: Aiming): Units[] {
  const same = units === parseUnits(pkg.units)
  const largest = same ? largestLeg(book, pkg) : 0
  return pkg.legs.map((leg) => {
    const held = heldUnits(leg)
    if (isOver(leg, aiming.now)) return 0n
    const target = quantityFor(book, leg, units)
    let aim = target
    if (same && target !== 0n) {
      const now = isInDollars(leg.terms.kind) ? coinsHeld(leg) : unitsToNumber(aimUnits(leg))
      const wanted = leg.ratio * unitsToNumber(units)
      const far = Math.abs(wanted - now) >= leastChange(book, leg, largest, aiming.minNotionalOf(leg)) - 1e-12
      if (!far) aim = aimUnits(leg)
    }
    return aiming.isHalted ? clampToHeld(held, aim) : aim
  })
}

/**
 * Units that every leg supports: what is left of a package that could not be completed. A wing may be short of a lot, a hedge off
 * by 1 % of the largest leg; a leg that is not there supports nothing.
 */
export function supportedUnits(book: PackageBook, pkg: PackageState, now: EpochMs): Units {
  const aimed = unitsToNumber(parseUnits(pkg.units))
  let supported = aimed
  const largest = largestLeg(book, pkg)
  for (const leg of pkg.legs) {
    if (leg.ratio === 0) continue
    if (isOver(leg, now)) return 0n
    const held = coinsHeld(leg)
    if (leg.role === 'hedge' && Math.abs(held - leg.ratio * aimed) <= LEG_TOLERANCE * largest) continue
    if (held === 0 || Math.sign(held) !== Math.sign(leg.ratio)) return 0n
    const slack = isWing(leg) ? Number(leg.terms.lot) : LEG_TOLERANCE * Math.abs(leg.ratio) * supported
    supported = Math.min(supported, (Math.abs(held) + slack) / Math.abs(leg.ratio))
  }
  return supported === aimed ? parseUnits(pkg.units) : unitsOnGrid(book, pkg, unitsFromNumber(supported))
}

/** Aims of an unwinding: what so many units ask for, and of no leg more than is held. */
export function unwoundAims(book: PackageBook, pkg: PackageState, units: Units, now: EpochMs): Units[] {
  return pkg.legs.map((leg) => {
    if (units === 0n || isOver(leg, now)) return 0n
    return clampToHeld(heldUnits(leg), quantityFor(book, leg, units))
  })
}
