/** Owns the median and the robust scale that outliers of data are judged by. */

/** Scales a median absolute deviation to the standard deviation of a normal variable (Hampel 1974). */
const MAD_TO_SD = 1.4826

/** Median; NaN of nothing. Sorts its argument. */
export function medianInPlace(values: Float64Array): number {
  values.sort()
  const half = values.length >>> 1
  if (values.length === 0) return Number.NaN
  return values.length % 2 === 1 ? values[half]! : (values[half - 1]! + values[half]!) / 2
}

/** Robust standard deviation around `middle`. */
export function robustSd(values: Float64Array, middle: number): number {
  return MAD_TO_SD * medianInPlace(values.map((value) => Math.abs(value - middle)))
}
