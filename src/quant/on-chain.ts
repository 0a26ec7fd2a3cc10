/**
 * Owns the formulas of the on-chain overlays: stablecoin supply ratio and market value to realised value (methods.md 11 and 12).
 * Must never guess: what is not defined (no supply, no deviation) is null. Values of one day, in US dollars.
 */
import { isDegenerate, mean, type Sample, standardDeviation } from './moments.js'

/** Market capitalisation / capitalisation of stablecoins of the same day; null without positive values. */
export function stablecoinSupplyRatio(marketCap: number, stableCap: number): number | null {
  return marketCap > 0 && stableCap > 0 ? marketCap / stableCap : null
}

export interface SampleZ {
  readonly mean: number
  readonly sd: number
  /** Null where the sample does not vary. */
  readonly z: number | null
}

/** z of the last value among all of them, itself included; null for fewer than ddof + 1 values. O(n). */
export function lastZ(values: Sample, ddof: 0 | 1): SampleZ | null {
  const centre = mean(values)
  const sd = standardDeviation(values, ddof)
  if (centre === null || sd === null) return null
  return { mean: centre, sd, z: isDegenerate(sd, centre) ? null : (values[values.length - 1]! - centre) / sd }
}

/** Factor on long directional weights: 1 + slope × clip(−z / 2, −1, 1). Low z is dry powder. */
export function ssrLongFactor(z: number, slope: number): number {
  return 1 + slope * Math.max(-1, Math.min(1, -z / 2))
}

/** MVRV; null without positive values. */
export function mvrvRatio(marketCap: number, realisedCap: number): number | null {
  return marketCap > 0 && realisedCap > 0 ? marketCap / realisedCap : null
}

/** Realised capitalisation, where a vendor tells the ratio only; null without positive values. */
export function realisedCapOf(marketCap: number, ratio: number): number | null {
  return marketCap > 0 && ratio > 0 ? marketCap / ratio : null
}

/** (market − realised) / sd of the market capitalisation from the first observation on; null where it does not vary. */
export function mvrvZ(marketCap: number, realisedCap: number, sd: number): number | null {
  return isDegenerate(sd, marketCap) ? null : (marketCap - realisedCap) / sd
}

export type MvrvRegime = 'euphoria' | 'value' | 'neutral'

/** Strict inequalities. */
export function mvrvRegime(z: number, thresholds: { readonly euphoria: number; readonly value: number }): MvrvRegime {
  return z > thresholds.euphoria ? 'euphoria' : z < thresholds.value ? 'value' : 'neutral'
}

export interface RegimeEffect {
  readonly longFactor: number
  readonly shortFactor: number
  readonly blocksNewLongs: boolean
  readonly blocksShorts: boolean
}

export const NO_EFFECT: RegimeEffect = { longFactor: 1, shortFactor: 1, blocksNewLongs: false, blocksShorts: false }

/** What a regime does to directional weights. */
export function mvrvEffect(
  regime: MvrvRegime,
  factors: { readonly euphoriaLong: number; readonly valueLong: number },
): RegimeEffect {
  if (regime === 'euphoria') return { ...NO_EFFECT, longFactor: factors.euphoriaLong, blocksNewLongs: true }
  if (regime === 'value') return { ...NO_EFFECT, longFactor: factors.valueLong, blocksShorts: true }
  return NO_EFFECT
}
