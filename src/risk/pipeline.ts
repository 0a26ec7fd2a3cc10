/**
 * Owns the order of risk's steps (methods, section 14), which never changes: signal → maxAbsWeight → vol target → Kelly →
 * sleeve cap → vega → margin → venues → coins → net cap → gross cap → ladder of drawdowns → turnover limiter. Lots and halts follow in
 * assess.ts. Steps between sleeve and net cap, and the ladder, are said only where they bind.
 * Must never scale a position up or turn it round in any step but Kelly. Weights are signed fractions of NAV, by instrument.
 */
import type { RiskConfig } from '#core/config/schema'
import { sleeveScale } from '#quant/vol-target'
import { capGrossExposure, capNetExposure } from './exposure-caps.js'
import { enforcePlaces } from './limits/book-limits.js'
import {
  capBookLimits,
  grossByVenue,
  NO_LIMITS,
  type PipeLimits,
  placesOfPackages,
  venueCapOf,
} from './limits/pipe-limits.js'
import {
  type Beside,
  besideOf,
  capResidual,
  capSleeves,
  NO_PACKAGES,
  type PackageWish,
  type SettledPackages,
  settlePackages,
} from './packages/wishes.js'
import { gross, NOTHING_BESIDE, net, type Step, StepRecord } from './step-record.js'
import { limitTurnover } from './turnover-limiter.js'
import { exAnteVol, kellyOf, type VirtualBookState } from './virtual-book.js'

/** Largest gross weight of the carry sleeve [S]. */
export const CARRY_CAP = 0.2

/**
 * Share of a cap by which prices and fees may carry a held book beyond it before that alone makes a trade [D]: without it
 * a book at its cap would trade dust at every assessment. Targets themselves never exceed a cap.
 */
export const CAP_DRIFT = 0.01

/** What the pipeline is told of one instrument. */
export interface Wish {
  /** Target of the blender; 0 where a latch or a delisting says so. */
  readonly blended: number
  /** Parts of it that trend and carry signals ask for. */
  readonly trend: number
  readonly carry: number
  /** Position and orders in flight at the mark. */
  readonly held: number
  /** Nothing may be traded now (order in flight, no fresh mark): from the limiter on it counts at `held`. */
  readonly frozen: boolean
}

export interface Piped {
  /** Further steps go there. */
  readonly record: StepRecord
  readonly steps: readonly Step[]
  /** Before the turnover limiter. */
  readonly wanted: readonly number[]
  /** After it. */
  readonly weights: readonly number[]
  /** Share of the risk-adding trades that the limiter let pass. */
  readonly turnoverScale: number
  /** The packages, in the order of their wishes: weights after the caps, and what of them is traded. */
  readonly packagesWanted: readonly number[]
  readonly packages: SettledPackages
}

const NONE_SETTLED: SettledPackages = { weights: [], stays: [], gross: 0, delta: 0 }

/** Scales a sleeve inside the weights; an opposing rest must neither turn a position round nor make it larger. */
function scaleSleeve(weights: readonly number[], sleeve: readonly number[], scale: number): readonly number[] {
  if (scale === 1) return weights
  const out: number[] = []
  for (let i = 0; i < weights.length; i++) {
    const w = weights[i]!
    const scaled = w + (scale - 1) * sleeve[i]!
    out.push((w > 0 ? Math.min(w, Math.max(0, scaled)) : Math.max(w, Math.min(0, scaled))) + 0)
  }
  return out
}

/** A sleeve's share of the weights as they stand after earlier steps. */
function sleeveOf(wishes: readonly Wish[], weights: readonly number[], part: 'trend' | 'carry'): number[] {
  const sleeve: number[] = []
  for (let i = 0; i < wishes.length; i++) {
    const wish = wishes[i]!
    const own = part === 'trend' ? wish.trend : wish.carry
    sleeve.push(wish.blended === 0 ? 0 : own * (weights[i]! / wish.blended))
  }
  return sleeve
}

/**
 * Holds the caps on a book of which some instruments cannot be traded: free weights shrink — all of them for the gross cap,
 * only the side that is too large for the net cap, so that this never adds risk. Packages stand beside it, already decided on.
 */
export function enforceCaps(
  weights: readonly number[],
  frozen: readonly boolean[],
  netCap: number,
  grossCap: number,
  beside: Beside = NOTHING_BESIDE,
): number[] {
  let stuck = beside.gross
  let all = beside.gross
  for (let i = 0; i < weights.length; i++) {
    if (frozen[i]) stuck += Math.abs(weights[i]!)
    all += Math.abs(weights[i]!)
  }
  const free = all - stuck
  const room = Math.max(0, grossCap - stuck)
  const shrink = free > room + CAP_DRIFT * grossCap ? room / free : 1
  const capped: number[] = []
  for (let i = 0; i < weights.length; i++) capped.push(frozen[i] ? weights[i]! : weights[i]! * shrink)
  const exposure = net(capped) + beside.delta
  const excess = Math.abs(exposure) - netCap
  if (excess <= CAP_DRIFT * netCap) return capped
  const side = Math.sign(exposure)
  let sameSide = 0
  for (let i = 0; i < capped.length; i++)
    if (!frozen[i] && Math.sign(capped[i]!) === side) sameSide += Math.abs(capped[i]!)
  const factor = sameSide > 0 ? Math.max(0, 1 - excess / sameSide) : 1
  for (let i = 0; i < capped.length; i++) if (!frozen[i] && Math.sign(capped[i]!) === side) capped[i]! *= factor
  return capped
}

/** Whether a held weight is so near its target that nothing is traded. A change of sign and an exit always trade. */
export function isInBand(held: number, wanted: number, band: number): boolean {
  if (wanted === 0) return held === 0
  return Math.sign(held) === Math.sign(wanted) && Math.abs(wanted - held) < band * Math.abs(wanted)
}

/** Runs the steps. O(n²) with the number of instruments that a trend signal holds, else O(n). */
export function runPipeline(
  wishes: readonly Wish[],
  book: VirtualBookState,
  turnoverUsed: number,
  risk: RiskConfig,
  packages: readonly PackageWish[] = NO_PACKAGES,
  limits: PipeLimits = NO_LIMITS,
): Piped {
  const blended: number[] = []
  const bounded: number[] = []
  let largest = 0
  for (let i = 0; i < wishes.length; i++) {
    const w = wishes[i]!.blended
    blended.push(w)
    bounded.push(Math.max(-risk.maxAbsWeight, Math.min(risk.maxAbsWeight, w)))
    largest = Math.max(largest, Math.abs(w))
  }
  const sizes = packages.map((wish) => wish.blended)
  const record = new StepRecord(blended, packages.length > 0 ? besideOf(packages, sizes) : NOTHING_BESIDE, limits.coins)
  const clip = largest > risk.maxAbsWeight ? risk.maxAbsWeight / largest : 1
  record.pass('maxAbsWeight', bounded, largest, risk.maxAbsWeight, clip)

  const trend = sleeveOf(wishes, bounded, 'trend')
  const vol = exAnteVol(book, trend)
  const volFactor = sleeveScale(risk.volTarget, vol)
  const targeted = scaleSleeve(bounded, trend, volFactor)
  record.pass('volTarget', targeted, vol, risk.volTarget, volFactor)

  const kelly = kellyOf(book, risk)
  const levered: number[] = []
  for (let i = 0; i < targeted.length; i++) levered.push(targeted[i]! * kelly.leverage + 0)
  for (let i = 0; i < sizes.length; i++) sizes[i] = sizes[i]! * kelly.leverage + 0
  if (packages.length > 0) record.beside(besideOf(packages, sizes))
  record.pass('kelly', levered, kelly.full, risk.leverageCap, kelly.leverage)

  const carry = sleeveOf(wishes, levered, 'carry')
  const carryGross = gross(carry)
  const carryFactor = carryGross > CARRY_CAP ? CARRY_CAP / carryGross : 1
  const capped = scaleSleeve(levered, carry, carryFactor)
  const sleeves = { weights: capped, measured: carryGross, factor: carryFactor }
  const settled = descend(capBook(sleeves, packages, sizes, risk, record, limits), packages, limits, record)
  return limit(wishes, settled.weights, turnoverUsed, risk, record, packages, settled.sizes, limits)
}

interface BookSizes {
  readonly weights: readonly number[]
  readonly sizes: readonly number[]
}

/** The ladder of drawdowns scales everything alike, and is said where it does. */
function descend(book: BookSizes, packages: readonly PackageWish[], limits: PipeLimits, record: StepRecord): BookSizes {
  const { scale, at, drawdown } = limits.rung
  if (scale === 1) return book
  const weights = book.weights.map((w) => w * scale + 0)
  const sizes = book.sizes.map((w) => w * scale)
  if (packages.length > 0) record.beside(besideOf(packages, sizes))
  record.pass('drawdown', weights, drawdown, -at, scale)
  return { weights, sizes }
}

/**
 * Sleeve, net and gross cap of the directional weights and the packages beside them. Each carry signal has a sleeve of its own; the
 * net cap shrinks the directional weights, and packages only where their residual delta alone exceeds it; the gross cap all alike.
 */
function capBook(
  sleeve: { readonly weights: readonly number[]; readonly measured: number; readonly factor: number },
  packages: readonly PackageWish[],
  sizes: readonly number[],
  risk: RiskConfig,
  record: StepRecord,
  limits: PipeLimits,
): BookSizes {
  if (packages.length === 0) {
    record.pass('sleeveCap', sleeve.weights, sleeve.measured, CARRY_CAP, sleeve.factor)
    const placed = capBookLimits(limits, sleeve.weights, packages, sizes, risk, record)
    const netted = capNetExposure(placed.weights, risk.netCap, limits.coins)
    record.pass('netCap', netted.weights, Math.abs(netted.exposure), risk.netCap, netted.scale)
    const grossed = capGrossExposure(netted.weights, risk.grossCap)
    record.pass('grossCap', grossed.weights, grossed.exposure, risk.grossCap, grossed.scale)
    return { weights: grossed.weights, sizes }
  }
  const sleeves = capSleeves(packages, sizes, CARRY_CAP)
  record.beside(besideOf(packages, sleeves.weights))
  const measured = Math.max(sleeve.measured, sleeves.measured)
  record.pass('sleeveCap', sleeve.weights, measured, CARRY_CAP, Math.min(sleeve.factor, sleeves.factor))

  const placed = capBookLimits(limits, sleeve.weights, packages, sleeves.weights, risk, record)
  const delta = besideOf(packages, placed.sizes).delta + (limits.coins ?? 0)
  const netted = capNetExposure(placed.weights, risk.netCap, delta)
  const residual = capResidual(packages, placed.sizes, net(netted.weights) + delta, risk.netCap)
  const beside = besideOf(packages, residual)
  record.beside(beside)
  record.pass('netCap', netted.weights, Math.abs(netted.exposure), risk.netCap, netted.scale)

  const grossed = capGrossExposure(netted.weights, risk.grossCap, beside.gross)
  const shrunk = residual.map((w) => w * grossed.scale)
  record.beside(besideOf(packages, shrunk))
  record.pass('grossCap', grossed.weights, grossed.exposure, risk.grossCap, grossed.scale)
  return { weights: grossed.weights, sizes: shrunk }
}

/**
 * Where prices carried a book of positions inside their bands beyond a cap: the positions furthest above their targets go
 * to them, one by one, until the caps hold again. Few orders, each worth one; the targets themselves are within the caps.
 */
function trimDrift(
  goals: number[],
  wanted: readonly number[],
  frozen: readonly boolean[],
  risk: RiskConfig,
  beside: Beside,
): void {
  const excess = (i: number): number => Math.abs(goals[i]!) - Math.abs(wanted[i]!)
  const candidates: number[] = []
  for (let i = 0; i < goals.length; i++) if (!frozen[i] && goals[i] !== wanted[i] && excess(i) > 0) candidates.push(i)
  candidates.sort((a, b) => excess(b) - excess(a))
  for (const i of candidates) {
    const exposure = net(goals) + beside.delta
    const overNet = Math.abs(exposure) > risk.netCap * (1 + CAP_DRIFT) && Math.sign(goals[i]!) === Math.sign(exposure)
    if (overNet || gross(goals) + beside.gross > risk.grossCap * (1 + CAP_DRIFT)) goals[i] = wanted[i]!
  }
}

/**
 * The turnover limiter. What is inside its band or frozen stays as it is held and uses no budget; where the book would then
 * break a cap, bands are given up, and at last the side that is too large shrinks: a cap outranks band and limiter.
 */
function limit(
  wishes: readonly Wish[],
  wanted: readonly number[],
  used: number,
  risk: RiskConfig,
  record: StepRecord,
  packages: readonly PackageWish[],
  packagesWanted: readonly number[],
  limits: PipeLimits,
): Piped {
  const held: number[] = []
  const frozen: boolean[] = []
  const goals: number[] = []
  let frozenGross = 0
  for (let i = 0; i < wishes.length; i++) {
    const wish = wishes[i]!
    held.push(wish.held)
    frozen.push(wish.frozen)
    goals.push(wish.frozen || isInBand(wish.held, wanted[i]!, risk.rebalanceBand) ? wish.held : wanted[i]!)
    if (wish.frozen) frozenGross += Math.abs(wish.held)
  }
  let settled = NONE_SETTLED
  if (packages.length > 0) {
    let free = 0
    for (let i = 0; i < wanted.length; i++) if (!frozen[i]) free += Math.abs(wanted[i]!)
    const inBand = (has: number, wants: number): boolean => isInBand(has, wants, risk.rebalanceBand)
    const caps = { sleeve: CARRY_CAP, gross: risk.grossCap, drift: CAP_DRIFT, ...venueCapOf(risk) }
    const at = venueCapOf(risk).venue === undefined ? undefined : grossByVenue(limits.places, wanted, frozen, held)
    settled = settlePackages(packages, packagesWanted, inBand, frozenGross + free, caps, at)
    record.beside(settled)
  }
  const fixed = limits.coins === undefined ? settled : { gross: settled.gross, delta: settled.delta + limits.coins }
  trimDrift(goals, wanted, frozen, risk, fixed)
  const limited = risk.turnoverLimiter
    ? limitTurnover(held, goals, used, risk.turnoverMonthly)
    : { scale: 1, weights: goals }
  const beside = placesOfPackages(packages, settled)
  const placed = enforcePlaces(limits.places, limited.weights, frozen, beside, risk, CAP_DRIFT)
  const weights = enforceCaps(placed, frozen, risk.netCap, risk.grossCap, fixed)
  const allowance = risk.turnoverLimiter ? risk.turnoverMonthly : null
  record.pass('turnover', weights, used, allowance, limited.scale)
  const { steps } = record
  return { record, steps, wanted, weights, turnoverScale: limited.scale, packagesWanted, packages: settled }
}
