/**
 * Owns Kelly leverage (methods, section 14): Merton 1969; Thorp 2006; MacLean, Thorp & Ziemba 2011.
 * Must be given arithmetic excess return and volatility in the same annual units.
 */
import { invariant } from '#core/invariant'

/** What to do without an edge (mean <= 0): keep the floor, as the rule literally says, or go flat. */
export type NoEdgeRule = 'literalFloor' | 'flatIfNoEdge'

export interface KellyOptions {
  /** Share of full Kelly: 0.5. */
  readonly fraction: number
  /** 1: never below the volatility-targeted book. */
  readonly floor: number
  /** 3. */
  readonly cap: number
  readonly noEdge: NoEdgeRule
}

/** f* = mu / sigma^2; throws for sigma <= 0: floor it first ({@link kellyEstimate}). */
export function kellyFraction(annualMean: number, annualVol: number): number {
  invariant(annualVol > 0, 'kellyFraction: volatility must be positive')
  return annualMean / (annualVol * annualVol)
}

/** Leverage multiplier clip(fraction f*, floor, cap); 0 without an edge under `flatIfNoEdge`. */
export function kellyLeverage(annualMean: number, annualVol: number, options: KellyOptions): number {
  if (options.noEdge === 'flatIfNoEdge' && annualMean <= 0) return 0
  return Math.min(options.cap, Math.max(options.floor, options.fraction * kellyFraction(annualMean, annualVol)))
}

/** Shrinks the mean of the trailing book by half and floors its volatility at 5 %: what methods, section 14 feeds to Kelly. */
export function kellyEstimate(
  annualMean: number,
  annualVol: number,
  meanShrinkage = 0.5,
  volFloor = 0.05,
): { readonly annualMean: number; readonly annualVol: number } {
  return { annualMean: annualMean * (1 - meanShrinkage), annualVol: Math.max(annualVol, volFloor) }
}
