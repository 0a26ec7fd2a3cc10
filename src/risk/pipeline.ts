/**
 * Owns the order of risk's steps (methods, section 14), which never changes: signal → maxAbsWeight → vol target → Kelly →
 * sleeve cap → net cap → gross cap → turnover limiter. Lots and halts follow in sizing.ts.
 * Must never scale a position up or turn it round in any step but Kelly. Weights are signed fractions of NAV, by instrument.
 */
import type { RiskConfig } from '#core/config/schema'
import type { RiskAssessed } from '#events/risk.events'
import { sleeveScale } from '#quant/vol-target'
import { capGrossExposure, capNetExposure } from './exposure-caps.js'
import { limitTurnover } from './turnover-limiter.js'
import { exAnteVol, kellyOf, type VirtualBookState } from './virtual-book.js'

/** Largest gross weight of the carry sleeve [S]. */
export const CARRY_CAP = 0.2

export type Step = RiskAssessed['data']['steps'][number]

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
}

// Plain loops, here and below: the pipeline runs at every blend, and a callback a weight was half of its cost.
function gross(weights: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += Math.abs(weights[i]!)
  return sum
}

function net(weights: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += weights[i]!
  return sum
}

/** The record of the steps: each with the exposures before and after it, what was measured, the limit, the factor. */
export class StepRecord {
  readonly steps: Step[] = []
  #weights: readonly number[]
  #gross: number
  #net: number

  constructor(weights: readonly number[]) {
    this.#weights = weights
    this.#gross = gross(weights)
    this.#net = net(weights)
  }

  /** A step that made `after` of the weights so far. */
  pass(
    step: Step['step'],
    after: readonly number[],
    measured: number | null,
    limit: number | null,
    factor: number,
  ): void {
    const grossBefore = this.#gross
    const netBefore = this.#net
    if (after !== this.#weights) {
      this.#weights = after
      this.#gross = gross(after)
      this.#net = net(after)
    }
    const [grossAfter, netAfter] = [this.#gross, this.#net]
    this.steps.push({ step, grossBefore, grossAfter, netBefore, netAfter, measured, limit, factor })
  }
}

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
    sleeve.push(wish.blended === 0 ? 0 : wish[part] * (weights[i]! / wish.blended))
  }
  return sleeve
}

/**
 * Holds the caps on a book of which some instruments cannot be traded: free weights shrink — all of them for the gross cap,
 * only the side that is too large for the net cap, so that this never adds risk.
 */
export function enforceCaps(
  weights: readonly number[],
  frozen: readonly boolean[],
  netCap: number,
  grossCap: number,
): number[] {
  let stuck = 0
  for (let i = 0; i < weights.length; i++) if (frozen[i]) stuck += Math.abs(weights[i]!)
  const free = gross(weights) - stuck
  const room = Math.max(0, grossCap - stuck)
  const shrink = free > room + CAP_DRIFT * grossCap ? room / free : 1
  const capped: number[] = []
  for (let i = 0; i < weights.length; i++) capped.push(frozen[i] ? weights[i]! : weights[i]! * shrink)
  const exposure = net(capped)
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
  const record = new StepRecord(blended)
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
  record.pass('kelly', levered, kelly.full, risk.leverageCap, kelly.leverage)

  const carry = sleeveOf(wishes, levered, 'carry')
  const carryGross = gross(carry)
  const carryFactor = carryGross > CARRY_CAP ? CARRY_CAP / carryGross : 1
  const capped = scaleSleeve(levered, carry, carryFactor)
  record.pass('sleeveCap', capped, carryGross, CARRY_CAP, carryFactor)

  const netted = capNetExposure(capped, risk.netCap)
  record.pass('netCap', netted.weights, Math.abs(netted.exposure), risk.netCap, netted.scale)
  const grossed = capGrossExposure(netted.weights, risk.grossCap)
  record.pass('grossCap', grossed.weights, grossed.exposure, risk.grossCap, grossed.scale)

  return limit(wishes, grossed.weights, turnoverUsed, risk, record)
}

/**
 * Where prices carried a book of positions inside their bands beyond a cap: the positions furthest above their targets go
 * to them, one by one, until the caps hold again. Few orders, each worth one; the targets themselves are within the caps.
 */
function trimDrift(goals: number[], wanted: readonly number[], frozen: readonly boolean[], risk: RiskConfig): void {
  const excess = (i: number): number => Math.abs(goals[i]!) - Math.abs(wanted[i]!)
  const candidates: number[] = []
  for (let i = 0; i < goals.length; i++) if (!frozen[i] && goals[i] !== wanted[i] && excess(i) > 0) candidates.push(i)
  candidates.sort((a, b) => excess(b) - excess(a))
  for (const i of candidates) {
    const exposure = net(goals)
    const overNet = Math.abs(exposure) > risk.netCap * (1 + CAP_DRIFT) && Math.sign(goals[i]!) === Math.sign(exposure)
    if (overNet || gross(goals) > risk.grossCap * (1 + CAP_DRIFT)) goals[i] = wanted[i]!
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
): Piped {
  const held: number[] = []
  const frozen: boolean[] = []
  const goals: number[] = []
  for (let i = 0; i < wishes.length; i++) {
    const wish = wishes[i]!
    held.push(wish.held)
    frozen.push(wish.frozen)
    goals.push(wish.frozen || isInBand(wish.held, wanted[i]!, risk.rebalanceBand) ? wish.held : wanted[i]!)
  }
  trimDrift(goals, wanted, frozen, risk)
  const limited = risk.turnoverLimiter
    ? limitTurnover(held, goals, used, risk.turnoverMonthly)
    : { scale: 1, weights: goals }
  const weights = enforceCaps(limited.weights, frozen, risk.netCap, risk.grossCap)
  const allowance = risk.turnoverLimiter ? risk.turnoverMonthly : null
  record.pass('turnover', weights, used, allowance, limited.scale)
  return { record, steps: record.steps, wanted, weights, turnoverScale: limited.scale }
}
