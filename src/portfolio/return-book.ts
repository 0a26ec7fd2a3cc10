/**
 * Owns the virtual returns of one signal: what its own weights would have earned, day by day, and the Sharpe ratio of that.
 * Must never hold a return of the day that is being decided on when budgets are tilted.
 */
import { mean, standardDeviation } from '#quant/moments'

/** Days of virtual returns that a signal needs before they count [D: a Sharpe ratio or a covariance of less says nothing]. */
export const LEAST_PERFORMANCE_DAYS = 30
/** 24/7 markets: methods, section 0. */
export const DAYS_A_YEAR = 365

export interface ReturnBook {
  name: string
  /** As configured. */
  base: number
  maxAbs: number
  /** Share of the risk budget of its side, tilted; all of them sum to 1. */
  budget: number
  /** Whether it held an opinion at the last close of a day: only such days count. */
  live: boolean
  dayReturn: number
  /** Virtual returns of the last `performanceDays` days, oldest first; null: a day without a position that is counted (see bookDay). */
  returns: (number | null)[]
}

/**
 * Books the day that ended; null when the signal held no opinion in it. `countsIdle`: such days pass too, so that returns grow old. A signal of
 * packages may hold nothing for a year, and what it earned before says nothing of the 90 days that end now.
 */
export function bookDay(book: ReturnBook, performanceDays: number, countsIdle = false): number | null {
  const earned = book.live ? book.dayReturn + 0 : null
  if (earned !== null || (countsIdle && book.returns.length > 0)) {
    book.returns.push(earned)
    if (book.returns.length > performanceDays) book.returns.shift()
  }
  book.dayReturn = 0
  return earned
}

/** Virtual returns of the days on which it held an opinion. */
export const earnedDays = ({ returns }: ReturnBook): number[] => returns.filter((earned) => earned !== null)

/** Annual Sharpe ratio of the virtual returns; null below the least number of days or without variation. */
export function sharpeOf(book: ReturnBook): number | null {
  const returns = earnedDays(book)
  if (returns.length < LEAST_PERFORMANCE_DAYS) return null
  const sd = standardDeviation(returns, 1)
  const average = mean(returns)
  if (sd === null || average === null || !(sd > 1e-12)) return null
  return (average / sd) * Math.sqrt(DAYS_A_YEAR)
}
