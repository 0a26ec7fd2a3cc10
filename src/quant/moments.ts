/**
 * Owns the descriptive statistics of samples: moments, quantiles, medians, autocorrelation.
 * Must never answer for what is undefined: empty or constant samples give null, not 0.
 */
import { invariant } from '#core/invariant'

export type Sample = readonly number[]

/** Arithmetic mean; null for an empty sample. */
export function mean(xs: Sample): number | null {
  if (xs.length === 0) return null
  let sum = 0
  for (let i = 0; i < xs.length; i++) sum += xs[i]!
  const rough = sum / xs.length
  let rest = 0
  for (let i = 0; i < xs.length; i++) rest += xs[i]! - rough
  return rough + rest / xs.length
}

/** Mean of (x - mean)^power, divisor n. */
function centralMoment(xs: Sample, centre: number, power: 2 | 3 | 4): number {
  let sum = 0
  for (let i = 0; i < xs.length; i++) {
    const d = xs[i]! - centre
    sum += power === 2 ? d * d : power === 3 ? d * d * d : d * d * (d * d)
  }
  return sum / xs.length
}

/** Variance with divisor n - ddof; null below ddof + 1 values. */
export function variance(xs: Sample, ddof: 0 | 1): number | null {
  const centre = mean(xs)
  if (centre === null || xs.length <= ddof) return null
  return (centralMoment(xs, centre, 2) * xs.length) / (xs.length - ddof)
}

/** Standard deviation with divisor n - ddof; null below ddof + 1 values; exactly 0 when all are equal. */
export function standardDeviation(xs: Sample, ddof: 0 | 1): number | null {
  const v = variance(xs, ddof)
  return v === null ? null : Math.sqrt(v)
}

/** Whether a deviation is no more than the rounding of values as large as `size`: nothing may be divided by it. */
export function isDegenerate(sd: number, size: number): boolean {
  return !(sd > Math.abs(size) * 1e-14)
}

function standardisedMoment(xs: Sample, power: 3 | 4): number | null {
  const centre = mean(xs)
  const sd = standardDeviation(xs, 0)
  if (centre === null || sd === null || isDegenerate(sd, centre)) return null
  const moment = centralMoment(xs, centre, power)
  return power === 3 ? moment / sd / sd / sd : moment / sd / sd / sd / sd
}

/** Population skewness g3 = m3 / m2^1.5; null for a constant sample. */
export const skewness = (xs: Sample): number | null => standardisedMoment(xs, 3)

/** Full population kurtosis g4 = m4 / m2^2 (3 for the normal, never excess); null for a constant sample. */
export const kurtosis = (xs: Sample): number | null => standardisedMoment(xs, 4)

const ascending = (a: number, b: number): number => a - b

/** Quantile of an ascending sample by linear interpolation (type 7 of Hyndman & Fan 1996); null when empty. */
export function sortedQuantile(sorted: Sample, p: number): number | null {
  invariant(p >= 0 && p <= 1, () => `quantile: p = ${p} must lie within 0 and 1`)
  if (sorted.length === 0) return null
  const place = (sorted.length - 1) * p
  const nearest = Math.round(place)
  // 1 - 0.9 is no exact tenth: a place that is whole but for rounding is that order statistic, or ES would lose it.
  if (Math.abs(place - nearest) < 1e-9) return sorted[nearest]!
  const below = Math.floor(place)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!
  return low + (high - low) * (place - below)
}

/** Quantile of any sample, type 7. O(n log n). */
export function quantile(xs: Sample, p: number): number | null {
  return sortedQuantile([...xs].sort(ascending), p)
}

/** Median; null for an empty sample. */
export const median = (xs: Sample): number | null => quantile(xs, 0.5)

/** Median absolute deviation from the median, unscaled; null for an empty sample. */
export function medianAbsoluteDeviation(xs: Sample): number | null {
  const centre = median(xs)
  return centre === null ? null : median(xs.map((x) => Math.abs(x - centre)))
}

/** Autocorrelation at a lag, both sums over the one mean and full-sample variance (Box & Jenkins); null when constant. */
export function autocorrelation(xs: Sample, lag: number): number | null {
  invariant(Number.isInteger(lag) && lag >= 0, 'autocorrelation: lag must be whole and not negative')
  const centre = mean(xs)
  const sd = standardDeviation(xs, 0)
  if (centre === null || sd === null || isDegenerate(sd, centre) || lag >= xs.length) return null
  let sum = 0
  for (let i = lag; i < xs.length; i++) sum += (xs[i]! - centre) * (xs[i - lag]! - centre)
  return sum / (sd * sd * xs.length)
}

/** Pearson correlation of two samples of one length; null when either is constant. */
export function correlation(xs: Sample, ys: Sample): number | null {
  return sampleCorrelation(correlatedSample(xs), correlatedSample(ys))
}

/** A sample with what its correlations with others share. */
export interface CorrelatedSample {
  readonly values: Sample
  readonly mean: number | null
  /** Divisor n. */
  readonly sd: number | null
}

export const correlatedSample = (values: Sample): CorrelatedSample => ({
  values,
  mean: mean(values),
  sd: standardDeviation(values, 0),
})

/** As {@link correlation}, of samples that were measured before. */
export function sampleCorrelation(x: CorrelatedSample, y: CorrelatedSample): number | null {
  const n = x.values.length
  invariant(n === y.values.length, 'correlation: samples must be of one length')
  if (x.mean === null || y.mean === null || x.sd === null || y.sd === null) return null
  if (isDegenerate(x.sd, x.mean) || isDegenerate(y.sd, y.mean)) return null
  let cross = 0
  for (let i = 0; i < n; i++) cross += (x.values[i]! - x.mean) * (y.values[i]! - y.mean)
  const slope = cross / (x.sd * x.sd * n)
  return Math.max(-1, Math.min(1, (slope * x.sd) / y.sd))
}

export interface Line {
  readonly slope: number
  readonly intercept: number
}

/** Ordinary least squares of y on x; null for fewer than 2 points or constant x. The slope is y's beta to x. */
export function regression(xs: Sample, ys: Sample): Line | null {
  invariant(xs.length === ys.length, 'regression: samples must be of one length')
  const mx = mean(xs)
  const my = mean(ys)
  const sx = standardDeviation(xs, 0)
  if (mx === null || my === null || sx === null || isDegenerate(sx, mx)) return null
  let cross = 0
  for (let i = 0; i < xs.length; i++) cross += (xs[i]! - mx) * (ys[i]! - my)
  const slope = cross / (sx * sx * xs.length)
  return { slope, intercept: my - slope * mx }
}
