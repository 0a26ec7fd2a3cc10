/**
 * Owns the circular block bootstrap (Politis & Romano 1992) for statistics of dependent returns (methods, section 16).
 * Must never draw from anything but the seeded generator it is given.
 */
import { invariant } from '#core/invariant'
import type { Random } from '#core/random'
import { sortedQuantile } from './moments.js'

/** Joins the blocks that begin at `starts` (circular), cut to the length of the sample. */
export function circularResample(sample: readonly number[], blockLength: number, starts: readonly number[]): number[] {
  const n = sample.length
  const resample: number[] = []
  for (const start of starts) {
    for (let k = 0; k < blockLength && resample.length < n; k++) resample.push(sample[(start + k) % n]!)
  }
  return resample
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Percentile interval (type 7) that holds `level` of the values; null for none. */
export function percentileInterval(values: readonly number[], level: number): Interval | null {
  const sorted = [...values].sort((a, b) => a - b)
  const low = sortedQuantile(sorted, (1 - level) / 2)
  const high = sortedQuantile(sorted, (1 + level) / 2)
  return low === null || high === null ? null : { low, high }
}

export interface BootstrapOptions {
  /** Periods a block: 20 days by default of methods, section 16. */
  readonly blockLength: number
  /** At least 2000 for a result that is reported. */
  readonly resamples: number
  /** 0.95: two-sided. */
  readonly level: number
}

/**
 * Percentile confidence interval of a statistic. Resamples on which it is null are left out; null when more than a tenth
 * of them are, or for an empty sample. O(resamples x n).
 */
export function bootstrapInterval(
  sample: readonly number[],
  statistic: (resample: readonly number[]) => number | null,
  random: Random,
  { blockLength, resamples, level }: BootstrapOptions,
): Interval | null {
  invariant(blockLength >= 1 && resamples >= 1 && level > 0 && level < 1, 'bootstrapInterval: options out of range')
  const n = sample.length
  if (n === 0) return null
  const blocks = Math.ceil(n / blockLength)
  const values: number[] = []
  const starts = Array.from({ length: blocks }, () => 0)
  for (let b = 0; b < resamples; b++) {
    for (let k = 0; k < blocks; k++) starts[k] = random.below(n)
    const value = statistic(circularResample(sample, blockLength, starts))
    if (value !== null) values.push(value)
  }
  return values.length * 10 < resamples * 9 ? null : percentileInterval(values, level)
}
