/**
 * Owns the past that the current book is played through: a row of daily returns a UTC day, at most 365 of them, and what the book would
 * have made of each. An instrument without a return of that day has that of its coin, then of BTC, then none. Must never look ahead.
 */
import { type CorrelatedSample, correlatedSample, correlation, sampleCorrelation } from '#quant/moments'
import type { RiskState } from '../risk-state.js'
import type { Line, Sight } from './lines.js'
import { type Market, priced, pricedBookChange } from './revalue.js'

/** Days of the past [S: methods, section 14]. */
export const PAST_DAYS = 365
/** Fewer days than these make no tail and no correlation [D]. */
export const LEAST_DAYS = 30
/** Days behind a correlation of coins [D]. */
const CORRELATION_DAYS = 90

/** Return of each slot of the universe on one UTC day; null for none. */
export type Row = readonly (number | null)[]

/** The day that is closing, before the virtual book takes it. */
export const rowOf = (state: RiskState): Row =>
  state.virtual.series.map(({ fresh, dayReturn }) => (fresh ? dayReturn : null))

/** Return of a coin on a day; null where no slot of it has one. */
function coinReturn(state: RiskState, row: Row, coin: string): number | null {
  for (const index of state.coinSlots[coin] ?? []) {
    const value = row[index]
    if (value !== null && value !== undefined) return value
  }
  return null
}

interface Played {
  /** Simple returns of the book, oldest first. */
  readonly returns: number[]
  /** Share of gross times days with a return of the instrument itself. */
  readonly coverage: number
}

/** The current book through every day. Options are valued anew, with their volatility as it is. O(days × positions). */
export function playPast(
  state: RiskState,
  lines: readonly Line[],
  rows: readonly Row[],
  nav: number,
  sight: Pick<Sight, 'now'>,
): Played {
  const returns: number[] = []
  const book = lines.map((line) => priced(state, line, sight))
  let seen = 0
  let all = 0
  // One market for all days: its row and its return of BTC are those of the day in hand.
  let row: Row = []
  let btc: number | null = null
  const coin = (name: string): number => 1 + (coinReturn(state, row, name) ?? btc ?? 0)
  const market: Market = { coin, line: ({ slot, coin: name }) => factorOf(row, slot) ?? coin(name), vol: 0 }
  for (const day of rows) {
    row = day
    btc = coinReturn(state, row, 'BTC')
    for (const { slot, coin: name, notional } of lines) {
      all += Math.abs(notional)
      if (factorOf(row, slot) !== null || (slot < 0 && coinReturn(state, row, name) !== null))
        seen += Math.abs(notional)
    }
    returns.push(pricedBookChange(state, book, market, sight) / nav + 0)
  }
  return { returns, coverage: all > 0 ? seen / all : 1 }
}

function factorOf(row: Row, slot: number): number | null {
  const value = slot < 0 ? null : (row[slot] ?? null)
  return value === null ? null : 1 + value
}

/** Average correlation of all pairs of coins held, on the days that a pair shares; null without a pair. */
export function coinCorrelation(state: RiskState, coins: readonly string[], rows: readonly Row[]): number | null {
  const recent = rows.slice(-CORRELATION_DAYS)
  const series = coins.map((coin) => seriesOf(recent.map((row) => coinReturn(state, row, coin))))
  let sum = 0
  let pairs = 0
  for (let i = 0; i < series.length; i++)
    for (let j = i + 1; j < series.length; j++) {
      const value = pairCorrelation(series[i]!, series[j]!)
      if (value === null) continue
      sum += value
      pairs++
    }
  return pairs === 0 ? null : sum / pairs
}

interface Series {
  readonly days: readonly (number | null)[]
  /** The same where no day lacks a return, as most do, and measured once for all pairs. */
  readonly whole: CorrelatedSample | null
}

function seriesOf(days: readonly (number | null)[]): Series {
  const known = days.filter((value) => value !== null)
  return { days, whole: known.length === days.length && known.length >= LEAST_DAYS ? correlatedSample(known) : null }
}

function pairCorrelation(first: Series, second: Series): number | null {
  if (first.whole !== null && second.whole !== null) return sampleCorrelation(first.whole, second.whole)
  const xs: number[] = []
  const ys: number[] = []
  for (let day = 0; day < first.days.length; day++) {
    const [x, y] = [first.days[day]!, second.days[day]!]
    if (x === null || y === null) continue
    xs.push(x)
    ys.push(y)
  }
  return xs.length < LEAST_DAYS ? null : correlation(xs, ys)
}
