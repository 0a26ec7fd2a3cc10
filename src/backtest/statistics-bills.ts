/** Owns what cash would have earned meanwhile: 3-month US Treasury bills by calendar year, as simple annual rates. Pure. */
import { civilDate, DAY_MS, type EpochMs } from '#core/time'

/**
 * Annual means of the 3-month bill, secondary market, rounded [D: approximate, from memory of the Federal Reserve's H.15; 2026 is an
 * assumption; verify before a decision rests on them]. Outside the table the nearest year stands in.
 */
export const BILL_RATES: Readonly<Record<number, number>> = {
  2019: 0.021,
  2020: 0.004,
  2021: 0.0005,
  2022: 0.02,
  2023: 0.051,
  2024: 0.05,
  2025: 0.041,
  2026: 0.036,
}

const YEARS = Object.keys(BILL_RATES).map(Number)
const [FIRST, LAST] = [Math.min(...YEARS), Math.max(...YEARS)]

/** Decimal a year. */
export function billRate(year: number): number {
  return BILL_RATES[Math.min(LAST, Math.max(FIRST, year))]!
}

/** What a day of bills pays on one unit of capital: the year's rate over 365. */
export function billReturnOfDay(ts: EpochMs): number {
  return billRate(civilDate(ts).year) / 365
}

/** By day of a span. */
export function billReturns(start: EpochMs, days: number): Float64Array {
  return Float64Array.from({ length: days }, (_, d) => billReturnOfDay(start + d * DAY_MS))
}
