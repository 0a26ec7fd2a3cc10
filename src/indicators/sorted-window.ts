/**
 * Owns rolling medians and median absolute deviations over short windows. Exact, without allocation.
 * Cost O(window) a value (a shift in a sorted array): meant for windows of about 30, where it beats trees; must not be
 * used for windows of thousands.
 */
import { invariant } from '#core/invariant'
import { createRing, pushRing, type RingState, ringAgo, zeros } from './window.js'

/** Memory 2 x window numbers. `sorted` is ascending in its first `ring.count` places. */
export interface SortedWindowState {
  ring: RingState
  sorted: number[]
}

export function createSortedWindow(window: number): SortedWindowState {
  return { ring: createRing(window), sorted: zeros(window) }
}

/** Adds a finite value; the oldest leaves a full window. */
export function pushSortedWindow(state: SortedWindowState, raw: number): void {
  invariant(raw - raw === 0, 'pushSortedWindow: the value must be finite')
  const { ring, sorted } = state
  const value = raw + 0
  let hole = ring.count
  if (ring.count === ring.capacity) {
    const oldest = ringAgo(ring, ring.count - 1)
    hole = 0
    while (sorted[hole]! < oldest) hole++
  }
  const last = ring.count === ring.capacity ? ring.count - 1 : ring.count
  while (hole > 0 && sorted[hole - 1]! > value) {
    sorted[hole] = sorted[hole - 1]!
    hole--
  }
  while (hole < last && sorted[hole + 1]! < value) {
    sorted[hole] = sorted[hole + 1]!
    hole++
  }
  sorted[hole] = value
  pushRing(ring, value)
}

/** Median of the window (mean of the two middle values of an even one); null until it is full. */
export function windowMedian(state: SortedWindowState): number | null {
  const n = state.ring.count
  return n < state.ring.capacity ? null : sortedMedian(state.sorted, n)
}

/** Median of |value - centre| (unscaled MAD when centre is the median); null until the window is full. */
export function windowDeviation(state: SortedWindowState, centre: number): number | null {
  const n = state.ring.count
  return n < state.ring.capacity ? null : sortedDeviation(state.sorted, n, centre)
}

/** Median of the first `n` values of an ascending list. */
export function sortedMedian(sorted: ArrayLike<number>, n: number): number {
  const upper = n >> 1
  return n % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2 + 0
}

/** Median of |value - centre| of the first `n` values of an ascending list. O(n). */
export function sortedDeviation(sorted: ArrayLike<number>, n: number, centre: number): number {
  // Deviations ascend to both sides of the centre: merge the two runs up to the middle one.
  let right = 0
  while (right < n && sorted[right]! < centre) right++
  let left = right - 1
  let previous = 0
  let current = 0
  for (let k = 0; k <= n >> 1; k++) {
    previous = current
    const below = left >= 0 ? centre - sorted[left]! : Number.POSITIVE_INFINITY
    const above = right < n ? sorted[right]! - centre : Number.POSITIVE_INFINITY
    if (below < above) {
      current = below
      left--
    } else {
      current = above
      right++
    }
  }
  return n % 2 === 1 ? current : (previous + current) / 2
}
