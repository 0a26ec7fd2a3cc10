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
import { quantise } from '#events/line-buffer'
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

export const lotCoins = (book: PackageBook, leg: LegState): number => Number(leg.terms.lot) / perCoin(book, leg)

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
  return dollarsFor(book, leg, unitsToNumber(coins))
}

/** Dollars of an inverse leg that shall move with so many coins. */
function dollarsFor(book: PackageBook, leg: LegState, wanted: number): Units {
  const mark = markOf(book, leg)
  const held = coinsHeld(leg)
  const dollars = leg.position.quantityNumber
  if (held === 0 || Math.sign(held) !== Math.sign(wanted)) return onLot(leg, unitsFromNumber(wanted * mark))
  if (Math.abs(wanted) <= Math.abs(held)) return onLot(leg, unitsFromNumber((dollars * wanted) / held))
  return onLot(leg, unitsFromNumber(dollars + (wanted - held) * mark))
}

/** What a leg shall be, at the marks of now: an aim in dollars that was not filled when it was set is another number of dollars. */
export function aimNow(book: PackageBook, leg: LegState): Units {
  if (!isInDollars(leg.terms.kind) || leg.aim === '0') return aimUnits(leg)
  return dollarsFor(book, leg, leg.aimCoins)
}

/** Coins that an aim stands for, given what is held now: a part of it, or what ratio and units ask for. */
export function coinsOfAim(leg: LegState, aim: Units, units: Units): number {
  const held = heldUnits(leg)
  if (!isInDollars(leg.terms.kind) || aim === 0n) return unitsToNumber(aim)
  const isPart = held > 0n ? aim > 0n && aim <= held : aim < 0n && aim >= held && held < 0n
  const coins = isPart
    ? coinsHeld(leg) * (unitsToNumber(aim) / leg.position.quantityNumber)
    : unitsToNumber(coinUnits(leg, units))
  return quantise(coins, 8)
}

/** Coins that a leg is off by. */
export function coinsOff(leg: LegState): number {
  if (isInDollars(leg.terms.kind)) return coinsHeld(leg) - leg.aimCoins
  return unitsToNumber(heldUnits(leg) - aimUnits(leg))
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
export function largestLeg(pkg: PackageState): number {
  let largest = 0
  for (const leg of pkg.legs) largest = Math.max(largest, Math.abs(coinsHeld(leg)), Math.abs(leg.aimCoins))
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
 * changed by more than it is worth an order (a hedge), that is new, or that was left out (a roll). While trading is halted all legs
 * shrink alike and none is exchanged for another: half of a roll would be a naked leg.
 */
export function aimsFor(book: PackageBook, pkg: PackageState, units: Units, aiming: Aiming): Units[] {
  const before = parseUnits(pkg.units)
  const same = units === before
  const largest = same ? largestLeg(pkg) : 0
  return pkg.legs.map((leg) => {
    if (isOver(leg, aiming.now)) return 0n
    if (aiming.isHalted) return same ? aimUnits(leg) : shrunkTo(leg, units, before)
    const target = quantityFor(book, leg, units)
    if (!same || target === 0n) return target
    const now = isInDollars(leg.terms.kind) ? coinsHeld(leg) : unitsToNumber(aimUnits(leg))
    const wanted = leg.ratio * unitsToNumber(units)
    const far = Math.abs(wanted - now) >= leastChange(book, leg, largest, aiming.minNotionalOf(leg)) - 1e-12
    return far ? target : aimUnits(leg)
  })
}

/** What is held, times units / before, on the lot. */
function shrunkTo(leg: LegState, units: Units, before: Units): Units {
  if (units <= 0n || before <= 0n) return 0n
  const held = heldUnits(leg)
  return clampToHeld(held, onLot(leg, divideHalfEven(held * units, before)))
}

/**
 * Units that every leg supports: what is left of a package that could not be completed. A leg stands on its lot, a wing may be short of one, a
 * hedge off by 1 % of the largest leg; a leg that is not there supports nothing.
 */
export function supportedUnits(book: PackageBook, pkg: PackageState, now: EpochMs): Units {
  const aimed = unitsToNumber(parseUnits(pkg.units))
  let supported = aimed
  const largest = largestLeg(pkg)
  for (const leg of pkg.legs) {
    if (leg.ratio === 0) continue
    if (isOver(leg, now)) return 0n
    const held = coinsHeld(leg)
    if (leg.role === 'hedge' && Math.abs(held - leg.ratio * aimed) <= LEG_TOLERANCE * largest) continue
    if (held === 0 || Math.sign(held) !== Math.sign(leg.ratio)) return 0n
    const slack = ((isWing(leg) ? 1 : 0.5) * Number(leg.terms.lot)) / perCoin(book, leg)
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
