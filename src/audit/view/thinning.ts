/** Owns making a long series short without losing its extremes: the least and greatest of each bucket stay. Pure. */

/**
 * Indices in [from, to) that are kept so that at most `points` remain: the first, the last, and of each bucket the least and the greatest by
 * `value`; NaN counts as neither. All of them where they are few enough. O(to − from).
 */
export function thinned(from: number, to: number, points: number, value: (i: number) => number): number[] {
  const count = to - from
  if (count <= points) return Array.from({ length: count }, (_, i) => from + i)
  const kept = new Set<number>([from])
  const buckets = Math.max(1, (points - 2) >> 1)
  for (let bucket = 0; bucket < buckets; bucket++) {
    const begin = from + Math.floor((bucket * count) / buckets)
    const end = from + Math.floor(((bucket + 1) * count) / buckets)
    let [least, greatest] = [-1, -1]
    for (let i = begin; i < end; i++) {
      const here = value(i)
      if (Number.isNaN(here)) continue
      if (least < 0 || here < value(least)) least = i
      if (greatest < 0 || here > value(greatest)) greatest = i
    }
    kept.add(least < 0 ? begin : least)
    if (greatest >= 0) kept.add(greatest)
  }
  kept.add(to - 1)
  return [...kept].sort((a, b) => a - b)
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
