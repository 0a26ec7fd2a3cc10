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
  readonly steps: Step[]
  /** Before the turnover limiter. */
  readonly wanted: number[]
  /** After it. */
  readonly weights: number[]
  /** Share of the risk-adding trades that the limiter let pass. */
  readonly turnoverScale: number
}

const gross = (weights: readonly number[]): number => weights.reduce((sum, w) => sum + Math.abs(w), 0)
const net = (weights: readonly number[]): number => weights.reduce((sum, w) => sum + w, 0)

/** One line of the record: exposures before and after, what was measured, the limit, the factor. */
export function stepOf(
  step: Step['step'],
  before: readonly number[],
  after: readonly number[],
  measured: number | null,
  limit: number | null,
  factor: number,
): Step {
  return {
    step,
    grossBefore: gross(before),
    grossAfter: gross(after),
    netBefore: net(before),
    netAfter: net(after),
    measured,
    limit,
    factor,
  }
}

/** Scales a sleeve inside the weights; an opposing rest must neither turn a position round nor make it larger. */
function scaleSleeve(weights: readonly number[], sleeve: readonly number[], scale: number): number[] {
  if (scale === 1) return [...weights]
  return weights.map((w, i) => {
    const scaled = w + (scale - 1) * sleeve[i]!
    return (w > 0 ? Math.min(w, Math.max(0, scaled)) : Math.max(w, Math.min(0, scaled))) + 0
  })
}

/** A sleeve's share of the weights as they stand after earlier steps. */
function sleeveOf(wishes: readonly Wish[], weights: readonly number[], part: (wish: Wish) => number): number[] {
  return wishes.map((wish, i) => (wish.blended === 0 ? 0 : part(wish) * (weights[i]! / wish.blended)))
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
  const stuck = weights.reduce((sum, w, i) => sum + (frozen[i] ? Math.abs(w) : 0), 0)
  const free = gross(weights) - stuck
  const room = Math.max(0, grossCap - stuck)
  const shrink = free > room + CAP_DRIFT * grossCap ? room / free : 1
  const capped = weights.map((w, i) => (frozen[i] ? w : w * shrink))
  const exposure = net(capped)
  const excess = Math.abs(exposure) - netCap
  if (excess <= CAP_DRIFT * netCap) return capped
  const side = Math.sign(exposure)
  const sameSide = capped.reduce((sum, w, i) => sum + (!frozen[i] && Math.sign(w) === side ? Math.abs(w) : 0), 0)
  const factor = sameSide > 0 ? Math.max(0, 1 - excess / sameSide) : 1
  return capped.map((w, i) => (!frozen[i] && Math.sign(w) === side ? w * factor : w))
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
  const steps: Step[] = []
  let weights: number[] = wishes.map((wish) => wish.blended)
  const pass = (
    step: Step['step'],
    next: number[],
    measured: number | null,
    limit: number | null,
    factor: number,
  ): void => {
    steps.push(stepOf(step, weights, next, measured, limit, factor))
    weights = next
  }

  const largest = weights.reduce((max, w) => Math.max(max, Math.abs(w)), 0)
  const bounded = weights.map((w) => Math.max(-risk.maxAbsWeight, Math.min(risk.maxAbsWeight, w)))
  pass(
    'maxAbsWeight',
    bounded,
    largest,
    risk.maxAbsWeight,
    largest > risk.maxAbsWeight ? risk.maxAbsWeight / largest : 1,
  )

  const trend = sleeveOf(wishes, weights, (wish) => wish.trend)
  const vol = exAnteVol(book, trend)
  const volFactor = sleeveScale(risk.volTarget, vol)
  pass('volTarget', scaleSleeve(weights, trend, volFactor), vol, risk.volTarget, volFactor)

  const kelly = kellyOf(book, risk)
  const levered = weights.map((w) => w * kelly.leverage + 0)
  pass('kelly', levered, kelly.full, risk.leverageCap, kelly.leverage)

  const carry = sleeveOf(wishes, weights, (wish) => wish.carry)
  const carryGross = gross(carry)
  const carryFactor = carryGross > CARRY_CAP ? CARRY_CAP / carryGross : 1
  pass('sleeveCap', scaleSleeve(weights, carry, carryFactor), carryGross, CARRY_CAP, carryFactor)

  const netted = capNetExposure(weights, risk.netCap)
  pass('netCap', netted.weights, Math.abs(netted.exposure), risk.netCap, netted.scale)
  const grossed = capGrossExposure(weights, risk.grossCap)
  pass('grossCap', grossed.weights, grossed.exposure, risk.grossCap, grossed.scale)

  return { ...limit(wishes, weights, turnoverUsed, risk, steps), wanted: weights }
}

/**
 * Where prices carried a book of positions inside their bands beyond a cap: the positions furthest above their targets go
 * to them, one by one, until the caps hold again. Few orders, each worth one; the targets themselves are within the caps.
 */
function trimDrift(goals: number[], wanted: readonly number[], frozen: readonly boolean[], risk: RiskConfig): void {
  const excess = (i: number): number => Math.abs(goals[i]!) - Math.abs(wanted[i]!)
  const candidates = goals
    .map((_, i) => i)
    .filter((i) => !frozen[i] && goals[i] !== wanted[i] && excess(i) > 0)
    .sort((a, b) => excess(b) - excess(a))
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
  steps: Step[],
): Omit<Piped, 'wanted'> {
  const held = wishes.map((wish) => wish.held)
  const frozen = wishes.map((wish) => wish.frozen)
  const goals = wanted.map((w, i) => (frozen[i] || isInBand(held[i]!, w, risk.rebalanceBand) ? held[i]! : w))
  trimDrift(goals, wanted, frozen, risk)
  const limited = risk.turnoverLimiter
    ? limitTurnover(held, goals, used, risk.turnoverMonthly)
    : { scale: 1, weights: goals }
  const weights = enforceCaps(limited.weights, frozen, risk.netCap, risk.grossCap)
  const allowance = risk.turnoverLimiter ? risk.turnoverMonthly : null
  steps.push(stepOf('turnover', wanted, weights, used, allowance, limited.scale))
  return { steps, weights, turnoverScale: limited.scale }
}
