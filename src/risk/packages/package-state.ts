/**
 * Owns what risk remembers of packages: units aimed at, legs with a position of their own each, what was tried to mend them.
 * One unit is one base coin. Bounded by the packages that signals speak of; one that is flat and unwanted is forgotten.
 * Must never decide.
 */
import { type DecimalString, parseUnits } from '#core/decimal'
import { DAY_MS, type EpochMs } from '#core/time'
import { isOption } from '#events/instrument-kind'
import type { LegRole, LegTerms, PackageKind, PackageLeg } from '#events/package.events'
import { type Purse, pricedAt, priceOf } from '../instruments/accounts.js'
import { coinsOf, worthOf } from '../instruments/kinds.js'
import { createPosition, type PositionState } from '../ledger.js'
import type { OrderBookState } from '../order-book.js'

/** Share of the largest leg within which legs match [S: 1 % of the leg, methods, section 4]. */
export const LEG_TOLERANCE = 0.01
/** A package of a parent run of which no signal speaks for so long is closed [D]: signals decide at least once a day. */
export const ORPHAN_MS = 2 * DAY_MS
/** Times that a package is completed before it is taken back [D]. */
export const MEND_ATTEMPTS = 3

export interface LegState {
  role: LegRole
  instrument: string
  /** Its place in the universe; −1 outside. */
  slot: number
  /** Signed base coins a unit; 0 for a leg that was left out and is being closed. */
  ratio: number
  /** Of one base coin of the leg. */
  delta: number
  terms: LegTerms
  /** Last price where it is not that of a slot: in the coin for inverse options, else in the quote; 0 before the first. */
  mark: number
  markedAt: EpochMs
  /** Mark over the price of the coin at the same time, and that time; 0 where none was seen. */
  overCoin: number
  overCoinAt: EpochMs
  /** What it shall be, on its lot: coins, or US dollars of inverse futures and perpetuals. */
  aim: DecimalString
  /** Coins that the aim stood for when it was set: dollars that are filled at another price are other coins. */
  aimCoins: number
  position: PositionState
  isListed: boolean
  /** Index at its end, as soon as the end has passed; 0 before. */
  endIndex: number
}

/** `open`: as aimed, or on the way; `mending`: being completed; `unwinding`: being taken back; `stuck`: told, waits for an assessment. */
export type PackageStatus = 'open' | 'mending' | 'unwinding' | 'stuck'

export interface PackageState {
  package: string
  signal: string
  kind: PackageKind
  base: string
  /** Price of the base coin when the signal spoke. */
  price: number
  /** When it was taken over from a parent; 0 once a signal of this run spoke of it. */
  carriedAt: EpochMs
  /** As the signal said last: a package that it wants is not forgotten. */
  target: number
  /** Notional of one unit a NAV, as the blender lets it; and as the signal wanted it. */
  weight: number
  wanted: number
  /** Units aimed at. */
  units: DecimalString
  legs: LegState[]
  status: PackageStatus
  attempts: number
  /** A leg ended or was settled: what is left goes, without an attempt to complete it. */
  isBroken: boolean
  /** After it was taken back nothing is added until signal or blender speak anew. */
  isBarred: boolean
  /** Code of the last refusal, so that it is not repeated; empty for none. */
  refusal: string
}

/** Quotes of one expiry as last seen: what an option was worth before a package named it. */
export interface ChainQuotes {
  expiresAt: EpochMs
  at: EpochMs
  instruments: string[]
  /** Mark, else mid, in the unit of the venue; 0 for none. */
  marks: number[]
}

/** The part of a book that holds packages. */
export interface PackageBook extends Purse {
  packages: PackageState[]
  orders: OrderBookState
  indexOf: Record<string, number>
  /** Last chain of each expiry, by venue, currency and expiry. */
  chains: Record<string, ChainQuotes>
  /** Marks and indices of instruments that no bar of the universe prices. */
  marks: Record<string, { mark: number; index: number; at: EpochMs }>
  /** Next end of a leg that is held: prices after it are not those of its settlement; 0 for none. */
  nextEnd: EpochMs
}

export function findPackage(book: PackageBook, id: string): PackageState | undefined {
  for (let i = 0; i < book.packages.length; i++) if (book.packages[i]!.package === id) return book.packages[i]
  return undefined
}

export function findLeg(pkg: PackageState, instrument: string): LegState | undefined {
  for (let i = 0; i < pkg.legs.length; i++) if (pkg.legs[i]!.instrument === instrument) return pkg.legs[i]
  return undefined
}

export function createLeg(leg: PackageLeg, slot: number): LegState {
  return {
    role: leg.role,
    instrument: leg.instrument,
    slot,
    ratio: leg.ratio,
    delta: leg.delta,
    terms: { ...leg.terms },
    mark: 0,
    markedAt: 0,
    overCoin: 0,
    overCoinAt: 0,
    aim: '0',
    aimCoins: 0,
    position: createPosition(),
    isListed: true,
    endIndex: 0,
  }
}

export const isFlat = (pkg: PackageState): boolean => pkg.legs.every(({ position }) => position.quantity === '0')

/** Whether an order of the package, or of one leg of it, is not over yet. */
export function isInFlight(book: PackageBook, id: string, instrument?: string): boolean {
  const { open } = book.orders
  for (let i = 0; i < open.length; i++)
    if (open[i]!.package === id && (instrument === undefined || open[i]!.instrument === instrument)) return true
  return false
}

/** Last price that was seen of a leg; 0 before the first. A slot that was marked goes before what is said of marks. */
export function seenMark(book: PackageBook, leg: LegState): number {
  const slot = leg.slot < 0 ? undefined : book.slots[leg.slot]
  return slot !== undefined && slot.markedAt > 0 ? slot.mark : leg.mark
}

/**
 * Price of a leg now. Legs are seen at different times (daily bars beside hourly ones): an older mark moves on with its coin, at the
 * premium that it had over it, else a neutral package would show a profit that is none and the peak would keep it.
 */
export function markOf(book: PackageBook, leg: LegState): number {
  const { overCoin, overCoinAt, terms } = leg
  if (overCoin > 0 && overCoinAt === legMarkedAt(book, leg) && pricedAt(book, terms.base) > overCoinAt)
    return overCoin * priceOf(book, terms.base)
  return seenMark(book, leg)
}

/** Takes note of the premium of a leg that was marked at the time of its coin's price. Options have none: their price is no multiple of it. */
export function notePremium(book: PackageBook, leg: LegState): void {
  const at = legMarkedAt(book, leg)
  if (at === leg.overCoinAt || isOption(leg.terms.kind) || pricedAt(book, leg.terms.base) !== at) return
  const price = priceOf(book, leg.terms.base)
  const mark = seenMark(book, leg)
  if (!(price > 0) || !(mark > 0)) return
  leg.overCoin = mark / price
  leg.overCoinAt = at
}

export function legMarkedAt(book: PackageBook, leg: LegState): EpochMs {
  const slot = leg.slot < 0 ? undefined : book.slots[leg.slot]
  return slot !== undefined && slot.markedAt > 0 ? slot.markedAt : leg.markedAt
}

/** Coins that the held position of a leg moves with, signed; before the delta of an option. */
export const coinsHeld = ({ position, terms }: LegState): number =>
  coinsOf(terms.kind, position.quantityNumber, position.costNumber)

/** Price of a base coin of the package; what the signal spoke at before any other is known. */
export function basePrice(book: PackageBook, pkg: PackageState): number {
  const price = priceOf(book, pkg.base)
  return price > 0 ? price : pkg.price
}

/** What a leg is worth beyond its cost at its mark, in its currency of settlement. At cost before the first mark. */
export function legProfit(book: PackageBook, leg: LegState): number {
  const { position, terms } = leg
  const mark = markOf(book, leg)
  if (position.quantityNumber === 0 || !(mark > 0)) return 0
  return worthOf(terms.kind, position.quantityNumber, mark) - position.costNumber
}

/** Unsettled profits of all legs, in the book's own currency. O(legs). */
export function packagesValue(book: PackageBook): number {
  let value = 0
  for (let p = 0; p < book.packages.length; p++) {
    const { legs } = book.packages[p]!
    for (let i = 0; i < legs.length; i++) {
      const leg = legs[i]!
      if (leg.position.quantityNumber === 0) continue
      value += legProfit(book, leg) * priceOf(book, leg.terms.settle)
    }
  }
  return value
}

/** Coins held on both sides, and their delta, in base coins: Σ |coins| and Σ delta × coins. */
export function exposureOf(pkg: PackageState): { readonly gross: number; readonly delta: number } {
  let gross = 0
  let delta = 0
  for (const leg of pkg.legs) {
    const coins = coinsHeld(leg)
    gross += Math.abs(coins)
    delta += coins * leg.delta
  }
  return { gross, delta }
}

export const unitsOf = (pkg: PackageState): number => Number(pkg.units)
export const aimUnits = (leg: LegState): bigint => parseUnits(leg.aim)
export const heldUnits = (leg: LegState): bigint => parseUnits(leg.position.quantity)
