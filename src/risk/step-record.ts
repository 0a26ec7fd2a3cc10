/** Owns the record of the pipeline's steps: exposures before and after each, packages included. Must never change a weight. */
import type { RiskAssessed } from '#events/risk.events'
import type { Beside } from './packages/wishes.js'

export type Step = RiskAssessed['data']['steps'][number]

// Plain loops, here and below: the pipeline runs at every blend, and a callback a weight was half of its cost.
/** Σ |w|. */
export function gross(weights: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += Math.abs(weights[i]!)
  return sum
}

/** Σ w. */
export function net(weights: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += weights[i]!
  return sum
}

const NO_WEIGHTS: readonly number[] = []
export const NOTHING_BESIDE: Beside = { gross: 0, delta: 0 }

/** The record of the steps: each with the exposures before and after it, what was measured, the limit, the factor. */
export class StepRecord {
  readonly steps: Step[] = []
  #weights: readonly number[]
  #gross: number
  #net: number
  /** What the packages add: gross of all legs, delta that they leave open. */
  #besideGross = 0
  #besideNet = 0

  /** Coins in the accounts: no step changes them. */
  readonly #coins: number

  constructor(weights: readonly number[], beside: Beside = NOTHING_BESIDE, coins = 0) {
    this.#weights = weights
    this.#coins = coins
    this.#besideGross = beside.gross
    this.#besideNet = beside.delta + coins
    this.#gross = gross(weights) + beside.gross
    this.#net = net(weights) + this.#besideNet
  }

  /** What the packages add from the next step on. */
  beside({ gross, delta }: Beside): void {
    this.#besideGross = gross
    this.#besideNet = delta + this.#coins
    // The weights count anew, with what is beside them now.
    this.#weights = NO_WEIGHTS
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
      this.#gross = gross(after) + this.#besideGross
      this.#net = net(after) + this.#besideNet
    }
    const [grossAfter, netAfter] = [this.#gross, this.#net]
    this.steps.push({ step, grossBefore, grossAfter, netBefore, netAfter, measured, limit, factor })
  }
}
