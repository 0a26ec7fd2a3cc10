/** Owns the skew of each day and its median over a window of days (methods.md 10). Bounded by the window. Must never fill a day in. */
import { DAY_MS, type EpochMs } from '#core/time'

/** Share of the days that must have a skew before there is a median (ours). */
const DAYS_MIN = 0.5

/** Plain data; oldest first. */
export interface SkewHistory {
  days: EpochMs[]
  points: number[]
}

/** The skew of the day that begins at `day`: once a day, in order. */
export function addSkew(history: SkewHistory, day: EpochMs, points: number, windowDays: number): void {
  if (day <= (history.days.at(-1) ?? -1)) return
  history.days.push(day)
  history.points.push(points)
  while (history.days[0]! <= day - windowDays * DAY_MS) {
    history.days.shift()
    history.points.shift()
  }
}

/** Of the last `windowDays` days up to `day`, that day included; null while less than half of them are known. O(n log n). */
export function medianSkew({ days, points }: SkewHistory, day: EpochMs, windowDays: number): number | null {
  const since = day - windowDays * DAY_MS
  const inside = points.filter((_, i) => days[i]! > since && days[i]! <= day).sort((a, b) => a - b)
  if (inside.length < DAYS_MIN * windowDays) return null
  const middle = inside.length >> 1
  return inside.length % 2 === 1 ? inside[middle]! : (inside[middle - 1]! + inside[middle]!) / 2
}
