/** Owns daily series: growing arrays, returns, calendar labels, the year × month table. Pure; never drops or interpolates a day. */
import { invariant } from '#core/invariant'
import { civilDate, DAY_MS, type EpochMs, isoDay } from '#core/time'

/** A growing list of doubles. */
export class Doubles {
  #values = new Float64Array(512)
  length = 0

  push(value: number): void {
    if (this.length === this.#values.length) {
      const next = new Float64Array(this.length * 2)
      next.set(this.#values)
      this.#values = next
    }
    this.#values[this.length++] = value
  }

  /** Value i; NaN past the end. */
  at(i: number): number {
    return i >= 0 && i < this.length ? this.#values[i]! : Number.NaN
  }

  toArray(): Float64Array {
    return this.#values.slice(0, this.length)
  }
}

/** Simple daily returns of an equity curve of n + 1 points: n values. Throws where equity was not positive before. */
export function returnsOf(equity: Float64Array): Float64Array {
  const out = new Float64Array(Math.max(0, equity.length - 1))
  for (let d = 1; d < equity.length; d++) {
    const before = equity[d - 1]!
    invariant(before > 0, () => `returnsOf: equity ${before} at point ${d - 1} is not positive`)
    out[d - 1] = equity[d]! / before - 1
  }
  return out
}

/** Profit of each day as a fraction of the NAV that it was made on: n values each. */
export function returnsOnBase(profit: Float64Array, bases: Float64Array): Float64Array {
  return profit.map((p, d) => (bases[d]! > 0 ? p / bases[d]! : 0))
}

/** The values of the days that are marked; all of them without marks. */
export function onDays(values: Float64Array, days: Float64Array | undefined): Float64Array {
  return days === undefined ? values : values.filter((_, d) => days[d] === 1)
}

/** Curve of what profits add up to on one unit of capital, without compounding: n + 1 points from 0. */
export function cumulative(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length + 1)
  for (let d = 0; d < values.length; d++) out[d + 1] = out[d]! + values[d]!
  return out
}

/** Compounded curve of returns from 1: n + 1 points. */
export function compounded(returns: Float64Array): Float64Array {
  const out = new Float64Array(returns.length + 1)
  out[0] = 1
  for (let d = 0; d < returns.length; d++) out[d + 1] = out[d]! * (1 + returns[d]!)
  return out
}

/** Start of the UTC day whose close is point `d` of a curve; point 0 is the evening before `start`. */
export function dayOfPoint(start: EpochMs, d: number): EpochMs {
  return start + (d - 1) * DAY_MS
}

/** `2024-12-31` of point `d`. */
export function labelOfPoint(start: EpochMs, d: number): string {
  return isoDay(dayOfPoint(start, d))
}

/** Returns of a year by month; null where the span has no day of it. */
export interface YearRow {
  readonly year: number
  readonly months: readonly (number | null)[]
  readonly total: number
}

/** Compounded returns by calendar year and month (UTC) of n daily returns; the first and the last month may be partial. */
export function monthlyTable(start: EpochMs, returns: Float64Array): YearRow[] {
  const rows: { year: number; months: (number | null)[]; total: number }[] = []
  for (let d = 0; d < returns.length; d++) {
    const { year, month } = civilDate(start + d * DAY_MS)
    let row = rows.at(-1)
    if (row?.year !== year) {
      row = { year, months: new Array<number | null>(12).fill(null), total: 0 }
      rows.push(row)
    }
    const growth = 1 + returns[d]!
    row.months[month - 1] = (1 + (row.months[month - 1] ?? 0)) * growth - 1
    row.total = (1 + row.total) * growth - 1
  }
  return rows
}

/** Best and worst month with their names `2024-03`; undefined without any. */
export function monthExtremes(rows: readonly YearRow[]): { best: MonthReturn; worst: MonthReturn } | undefined {
  let best: MonthReturn | undefined
  let worst: MonthReturn | undefined
  for (const { year, months } of rows) {
    for (let m = 0; m < 12; m++) {
      const value = months[m] ?? null
      if (value === null) continue
      const at = { month: `${String(year).padStart(4, '0')}-${String(m + 1).padStart(2, '0')}`, return: value }
      if (!best || value > best.return) best = at
      if (!worst || value < worst.return) worst = at
    }
  }
  return best && worst ? { best, worst } : undefined
}

export interface MonthReturn {
  readonly month: string
  readonly return: number
}
