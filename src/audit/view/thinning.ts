/** Owns making a long series short without losing its extremes: the least and greatest of each bucket stay. Pure. */

/**
 * Indices in [from, to) that are kept so that at most `points` remain: the first, the last, and of each bucket of equal time the least and the
 * greatest by `value`; NaN counts as neither. All of them where they are few enough. `ts` must not fall. O(to − from).
 */
export function thinned(
  from: number,
  to: number,
  points: number,
  ts: (i: number) => number,
  value: (i: number) => number,
): number[] {
  const count = to - from
  if (count <= points) return Array.from({ length: count }, (_, i) => from + i)
  const buckets = Math.max(1, (points - 2) >> 1)
  const width = Math.max(1, (ts(to - 1) - ts(from) + 1) / buckets)
  const kept: number[] = [from]
  const keep = (i: number): void => {
    if (i > kept.at(-1)!) kept.push(i)
  }
  for (let i = from; i < to; ) {
    const bucket = Math.floor((ts(i) - ts(from)) / width)
    let [least, greatest] = [i, i]
    for (; i < to && Math.floor((ts(i) - ts(from)) / width) === bucket; i++) {
      const here = value(i)
      if (here < value(least) || Number.isNaN(value(least))) least = i
      if (here > value(greatest) || Number.isNaN(value(greatest))) greatest = i
    }
    keep(Math.min(least, greatest))
    keep(Math.max(least, greatest))
  }
  keep(to - 1)
  return kept
}

/** First index in [0, length) whose value is above `limit`. `at` must not fall. O(log n). */
export function firstAbove(length: number, limit: number, at: (i: number) => number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (at(middle) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
