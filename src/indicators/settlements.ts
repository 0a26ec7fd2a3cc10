/**
 * Owns the last settlements of a perpetual's funding: their mean a year, their common sign, what is missing among them. Must be given
 * settled rates alone, never the rate of the running period, nor one that stands in for a datum.
 */
import { type DurationMs, type EpochMs, HOUR_MS, MINUTE_MS } from '#core/time'
import { fundingApr } from '#quant/funding'

/** A window lacks a settlement where one is followed by nothing for more than so many of its intervals (methods.md 4). */
const GAP_INTERVALS = 1.5

export interface Settlement {
  /** On the grid of minutes. */
  readonly at: EpochMs
  /** Fraction of notional for `hours`. */
  readonly rate: number
  readonly hours: number
  readonly seq: number
}

/** Oldest first. Bounded by whoever trims it. */
export type Settlements = Settlement[]

/** Stamps of venues carry some milliseconds of jitter (methods.md 0). */
export function snapSettlement(at: EpochMs): EpochMs {
  return Math.round(at / MINUTE_MS) * MINUTE_MS
}

/** Takes a settlement; one that is not newer than the last is known already. Gives whether it was taken. */
export function pushSettlement(rows: Settlements, row: Settlement): boolean {
  const at = snapSettlement(row.at)
  const newest = rows.at(-1)
  if ((newest !== undefined && at <= newest.at) || !(row.hours > 0)) return false
  rows.push({ at, rate: row.rate + 0, hours: row.hours, seq: row.seq })
  return true
}

/** Keeps the newest `count`. */
export function keepLast(rows: Settlements, count: number): void {
  if (rows.length > count) rows.splice(0, rows.length - count)
}

/** Keeps those within `span` of the newest, the oldest end left out: three days of eight hours are nine. */
export function keepSpan(rows: Settlements, span: DurationMs): void {
  const from = (rows.at(-1)?.at ?? 0) - span
  let old = 0
  while (old < rows.length && rows[old]!.at <= from) old++
  if (old > 0) rows.splice(0, old)
}

/** Mean of their APRs, each by its own interval; null for none. */
export function meanApr(rows: readonly Settlement[]): number | null {
  if (rows.length === 0) return null
  let sum = 0
  for (const { rate, hours } of rows) sum += fundingApr(rate, hours)
  return sum / rows.length
}

/**
 * APR over the time that those after `from` cover: by hours, so that a venue that changed its interval is not counted twice as often.
 * Null where they cover less than nine tenths of `span`.
 */
export function aprOver(rows: readonly Settlement[], span: DurationMs): number | null {
  const from = (rows.at(-1)?.at ?? 0) - span
  let rate = 0
  let hours = 0
  for (let i = rows.length - 1; i >= 0 && rows[i]!.at > from; i--) {
    rate += rows[i]!.rate
    hours += rows[i]!.hours
  }
  return hours * HOUR_MS >= 0.9 * span && hours > 0 ? fundingApr(rate, hours) : null
}

/** How many of the newest have the sign of the newest one; 0 where that is zero. */
export function streak(rows: readonly Settlement[]): number {
  const sign = Math.sign(rows.at(-1)?.rate ?? 0)
  if (sign === 0) return 0
  let count = 0
  while (count < rows.length && Math.sign(rows[rows.length - 1 - count]!.rate) === sign) count++
  return count
}

/** Whether one is missing between two of them. At a change of interval the longer one counts. */
export function hasGap(rows: readonly Settlement[]): boolean {
  for (let i = 1; i < rows.length; i++) {
    const [before, after] = [rows[i - 1]!, rows[i]!]
    if (after.at - before.at > GAP_INTERVALS * Math.max(before.hours, after.hours) * HOUR_MS) return true
  }
  return false
}

/** Age of the newest in its own intervals; Infinity for none. */
export function ageInIntervals(rows: readonly Settlement[], now: EpochMs): number {
  const newest = rows.at(-1)
  return newest === undefined ? Number.POSITIVE_INFINITY : (now - newest.at) / (newest.hours * HOUR_MS)
}

export const isOverdue = (rows: readonly Settlement[], now: EpochMs): boolean =>
  ageInIntervals(rows, now) > GAP_INTERVALS
