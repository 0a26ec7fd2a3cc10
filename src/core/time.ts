/** Owns instants, durations and bar intervals as plain numbers of milliseconds. Never reads a clock. */
import { invariant } from './invariant.js'

/** UTC epoch milliseconds. */
export type EpochMs = number
/** A length of time in milliseconds. */
export type DurationMs = number

export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** Bar lengths by name; all of them divide a day. */
export const INTERVAL_MS = {
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '2h': 2 * HOUR_MS,
  '4h': 4 * HOUR_MS,
  '8h': 8 * HOUR_MS,
  '12h': 12 * HOUR_MS,
  '1d': DAY_MS,
} as const

export type Interval = keyof typeof INTERVAL_MS
export const INTERVALS = Object.keys(INTERVAL_MS) as readonly Interval[]

export function isInterval(text: string): text is Interval {
  return Object.hasOwn(INTERVAL_MS, text)
}

/** Milliseconds of an interval. */
export function intervalMs(interval: Interval): DurationMs {
  return INTERVAL_MS[interval]
}

/** Start of the interval-aligned slot (UTC) that holds `ts`. */
export function floorTo(ts: EpochMs, stepMs: DurationMs): EpochMs {
  // Not by %: the remainder of doubles is a library call, ten times the cost of this. Exact for every instant that is a whole number.
  return Math.floor(ts / stepMs) * stepMs
}

/** Whether `ts` begins an interval-aligned slot (UTC). */
export function isAligned(ts: EpochMs, stepMs: DurationMs): boolean {
  return floorTo(ts, stepMs) === ts
}

/** Days from 1970-01-01 to a civil date, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yoe = y - era * 400
  const doy = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const doe = yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy
  return era * 146097 + doe - 719468
}

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** UTC calendar date of an instant, without Date (banned where decisions are made). */
export function civilDate(ts: EpochMs): CivilDate {
  const z = Math.floor(ts / DAY_MS) + 719468
  const era = Math.floor(z / 146097)
  const doe = z - era * 146097
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36524) - Math.floor(doe / 146096)) / 365)
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100))
  const mp = Math.floor((5 * doy + 2) / 153)
  const day = doy - Math.floor((153 * mp + 2) / 5) + 1
  const month = mp < 10 ? mp + 3 : mp - 9
  return { year: yoe + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

const pad = (n: number, width: number): string => String(n).padStart(width, '0')

/** `2024-12-31` of an instant (UTC). */
export function isoDay(ts: EpochMs): string {
  const { year, month, day } = civilDate(ts)
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`
}

/** `2024-12-31T08:00:00.000Z` of an instant. */
export function isoTime(ts: EpochMs): string {
  const inDay = ts - floorTo(ts, DAY_MS)
  const [h, m, s, ms] = [inDay / HOUR_MS, (inDay / MINUTE_MS) % 60, (inDay / SECOND_MS) % 60, inDay % 1000].map(
    Math.floor,
  )
  return `${isoDay(ts)}T${pad(h!, 2)}:${pad(m!, 2)}:${pad(s!, 2)}.${pad(ms!, 3)}Z`
}

/** Start of a UTC day written `YYYY-MM-DD`; undefined when it is no such date. */
export function parseDay(text: string): EpochMs | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!match) return undefined
  const ts = daysFromCivil(Number(match[1]), Number(match[2]), Number(match[3])) * DAY_MS
  return isoDay(ts) === text ? ts : undefined
}

/** Smallest of some intervals. */
export function finestInterval(intervals: readonly Interval[]): Interval {
  invariant(intervals.length > 0, 'finestInterval: no intervals')
  return intervals.reduce((a, b) => (INTERVAL_MS[a] <= INTERVAL_MS[b] ? a : b))
}
