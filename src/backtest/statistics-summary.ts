/**
 * Owns the statistics of one book (methods.md, section 16): the portfolio, a signal alone, or one symbol of them. All calendar
 * days count, flat ones as 0. Never judges; what is undefined is null, with the reason.
 */
import { hashText, Sfc32 } from '#core/random'
import { type EpochMs, isoDay } from '#core/time'
import { bootstrapInterval } from '#quant/bootstrap'
import { maxDrawdown } from '#quant/drawdown'
import { performance, periodSharpe } from '#quant/performance'
import { deflatedBenchmark, deflatedSharpe, probabilisticSharpe } from '#quant/sharpe-inference'
import type { BacktestRecording, RecordedPackages, RoundTrip } from './recording.js'
import {
  compounded,
  dayOfPoint,
  labelOfPoint,
  type MonthReturn,
  monthExtremes,
  monthlyTable,
  onDays,
  returnsOf,
  returnsOnBase,
  type YearRow,
} from './series.js'
import type { TrialCount } from './trials.js'

export const DAYS_A_YEAR = 365
/** Gate of the roadmap: annual Sharpe ratio. */
export const SHARPE_GATE = 0.8
/** Block length and resamples of the confidence interval: methods.md, section 16. */
const BOOTSTRAP = { blockLength: 20, resamples: 2000, level: 0.95 } as const

export interface Interval95 {
  readonly low: number
  readonly high: number
}

/** Days `YYYY-MM-DD`: the evening of the peak and of the trough, and of the recovery; null while under water. */
export interface DrawdownDates {
  readonly depth: number
  readonly peak: string
  readonly trough: string
  readonly recovery: string | null
}

/** Ratios are annual unless they say `PerPeriod`; rates are decimals; amounts are quote. Null: not defined. */
export interface Summary {
  readonly name: string
  /** Days that the ratios are over: those with data. */
  readonly days: number
  readonly calendarDays: number
  /** First and last of them. */
  readonly from: string
  readonly to: string
  readonly totalReturn: number
  readonly cagr: number | null
  readonly annualVol: number | null
  readonly sharpe: number | null
  /** Mertens (2002). */
  readonly sharpeSe: number | null
  /** 95 %, circular block bootstrap, 20 days, 2,000 resamples, seeded. */
  readonly sharpeCi: Interval95 | null
  /** Lo (2002), 10 lags. */
  readonly sharpeLo: number | null
  readonly sharpePerPeriod: number | null
  readonly sortino: number | null
  readonly calmar: number | null
  /** Deepest fall of daily equity, capital included: 0 or negative. */
  readonly maxDrawdown: number
  readonly drawdown: DrawdownDates | null
  /** P(true Sharpe > 0), and > {@link SHARPE_GATE}. */
  readonly psr0: number | null
  readonly psrGate: number | null
  /** Deflated Sharpe ratio: P(true Sharpe > the best expected of `trials` without skill). */
  readonly dsr: number | null
  readonly trials: number
  readonly skew: number | null
  readonly kurtosis: number | null
  /** Averages over days, fractions of NAV. */
  readonly exposureGross: number
  readonly exposureNet: number
  /** Share of days that ended with a position. */
  readonly invested: number
  /** One-way: half of Σ|Δw|, an average of 30 days. */
  readonly turnoverMonthly: number
  /** Fills. */
  readonly trades: number
  readonly fees: number
  readonly slippage: number
  /** Positive is received. */
  readonly funding: number
  /** Share of closed round trips with a profit, net of all costs; null without one. */
  readonly hitRate: number | null
  readonly roundTrips: number
  readonly bestMonth: MonthReturn | null
  readonly worstMonth: MonthReturn | null
  readonly monthly: readonly YearRow[]
  /** Why ratios are null. */
  readonly undefinedBecause: string | null
}

/** What a summary is made of. */
export interface Book {
  /** By day: 1 where it had data. Ratios and averages are over these days; all of them when absent. */
  readonly live?: Float64Array
  readonly name: string
  readonly start: EpochMs
  readonly returns: Float64Array
  /** n + 1 points; only their ratios matter. */
  readonly equity: Float64Array
  readonly gross: Float64Array
  readonly net: Float64Array
  /** Σ|Δw| of the span. */
  readonly traded: number
  readonly trades: number
  readonly fees: number
  readonly slippage: number
  readonly funding: number
  readonly trips: readonly RoundTrip[]
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)

/** Daily returns of a whole book: of its equity, or time-weighted where money was paid in or taken out. */
export function dailyReturns(recording: BacktestRecording): Float64Array {
  return recording.transfers.some((value) => value !== 0) ? recording.returns : returnsOf(recording.equity)
}

const packagesOf = (recording: BacktestRecording, read: (own: RecordedPackages) => number): number =>
  recording.packages.reduce((sum, own) => sum + read(own), 0)

/** The whole book of a recording; `live`: the days that it is judged on. */
export function wholeBook(name: string, recording: BacktestRecording, live?: Float64Array): Book {
  const returns = dailyReturns(recording)
  const isMoved = returns === recording.returns
  return {
    name,
    ...(live === undefined ? {} : { live }),
    start: recording.start,
    returns,
    equity: isMoved ? compounded(returns) : recording.equity,
    gross: recording.gross,
    net: recording.net,
    traded: total(recording.traded),
    trades: recording.fills.length + packagesOf(recording, (own) => own.fills),
    fees: total(recording.fees) + packagesOf(recording, (own) => own.fees),
    slippage: total(recording.slippage) + packagesOf(recording, (own) => own.slippage),
    funding: total(recording.funding) + packagesOf(recording, (own) => own.funding),
    trips: recording.trips,
  }
}

/** One symbol of a recording: its profit on the NAV of the whole book, compounded. */
export function symbolBook(recording: BacktestRecording, i: number): Book {
  const net = recording.weights[i]!
  const returns = returnsOnBase(recording.profit[i]!, recording.bases)
  return {
    name: recording.instruments[i]!.id,
    start: recording.start,
    returns,
    equity: compounded(returns),
    gross: net.map(Math.abs),
    net,
    traded: recording.tradedByInstrument[i]!,
    trades: recording.fills.reduce((count, fill) => count + (fill.instrument === i ? 1 : 0), 0),
    fees: recording.fees[i]!,
    slippage: recording.slippage[i]!,
    funding: recording.funding[i]!,
    trips: recording.trips.filter((trip) => trip.instrument === i),
  }
}

/** Average of points 1 … n, over the days that are marked. */
function average(points: Float64Array, live: Float64Array | undefined, of: (value: number) => number): number {
  const own = onDays(points.subarray(1), live)
  return own.length === 0 ? 0 : own.reduce((sum, value) => sum + of(value), 0) / own.length
}

/** Statistics of a book; `seed` draws the bootstrap, a stream of its own for each name. About 0.1 s for 7 years. */
export function summariseBook(
  book: Book,
  trials: (sharpePerPeriod: number | null) => TrialCount,
  seed: number,
): Summary {
  const returns = Array.from(onDays(book.returns, book.live))
  const [first, last] = extent(book)
  const measured = performance(returns, DAYS_A_YEAR)
  const year = Math.sqrt(DAYS_A_YEAR)
  const perPeriod = periodSharpe(returns)
  const count = trials(perPeriod)
  const months = monthExtremes(monthlyTable(book.start, book.returns))
  return {
    name: book.name,
    days: returns.length,
    calendarDays: book.returns.length,
    from: isoDay(dayOfPoint(book.start, first + 1)),
    to: labelOfPoint(book.start, last + 1),
    totalReturn: measured.totalReturn,
    cagr: measured.cagr,
    annualVol: measured.annualVol,
    sharpe: measured.sharpe,
    sharpeSe: measured.sharpeStandardError,
    sharpeCi: confidence(returns, perPeriod, seed, book.name),
    sharpeLo: measured.sharpeLo,
    sharpePerPeriod: perPeriod,
    sortino: measured.sortino,
    calmar: measured.calmar,
    ...fall(book),
    ...inference(returns.length, perPeriod, measured.skewness, measured.kurtosis, count, year),
    trials: count.trials,
    skew: measured.skewness,
    kurtosis: measured.kurtosis,
    ...activity(book),
    bestMonth: months?.best ?? null,
    worstMonth: months?.worst ?? null,
    monthly: monthlyTable(book.start, book.returns),
    undefinedBecause: whyUndefined(book, perPeriod),
  }
}

/** First and last day that counts; the span where none does. */
function extent({ live, returns }: Book): readonly [first: number, last: number] {
  const whole = [0, returns.length - 1] as const
  if (live === undefined) return whole
  const first = live.indexOf(1)
  return first < 0 ? whole : [first, live.lastIndexOf(1)]
}

function activity(book: Book) {
  const days = onDays(book.returns, book.live).length
  const closed = book.trips.length
  return {
    exposureGross: average(book.gross, book.live, (value) => value),
    exposureNet: average(book.net, book.live, (value) => value),
    invested: average(book.gross, book.live, (value) => (value > 0 ? 1 : 0)),
    turnoverMonthly: days === 0 ? 0 : (book.traded / 2 / days) * 30,
    trades: book.trades,
    fees: book.fees,
    slippage: book.slippage,
    funding: book.funding,
    hitRate: closed === 0 ? null : book.trips.filter((trip) => trip.profit > 0).length / closed,
    roundTrips: closed,
  }
}

function fall(book: Book): Pick<Summary, 'maxDrawdown' | 'drawdown'> {
  const [first] = extent(book)
  const worst = maxDrawdown(Array.from(book.equity.subarray(first)))
  if (worst.maxDrawdown === 0) return { maxDrawdown: 0, drawdown: null }
  const label = (point: number): string => isoDay(dayOfPoint(book.start, first + point))
  const drawdown = {
    depth: worst.maxDrawdown,
    peak: label(worst.peakIndex),
    trough: label(worst.troughIndex),
    recovery: worst.recoveryIndex === null ? null : label(worst.recoveryIndex),
  }
  return { maxDrawdown: worst.maxDrawdown, drawdown }
}

function inference(
  periods: number,
  perPeriod: number | null,
  skew: number | null,
  kurt: number | null,
  count: TrialCount,
  year: number,
): Pick<Summary, 'psr0' | 'psrGate' | 'dsr'> {
  if (perPeriod === null || skew === null || kurt === null) return { psr0: null, psrGate: null, dsr: null }
  const psr0 = probabilisticSharpe(perPeriod, 0, periods, skew, kurt)
  return {
    psr0,
    psrGate: probabilisticSharpe(perPeriod, SHARPE_GATE / year, periods, skew, kurt),
    dsr: deflated(perPeriod, periods, skew, kurt, count),
  }
}

/** One trial: nothing to deflate. Several without a known scatter: their variance is taken as that of the estimate, 1 / T. */
function deflated(perPeriod: number, periods: number, skew: number, kurt: number, count: TrialCount): number | null {
  if (count.trials === 1) return probabilisticSharpe(perPeriod, deflatedBenchmark(0, 1), periods, skew, kurt)
  return deflatedSharpe(perPeriod, count.variance ?? 1 / periods, count.trials, periods, skew, kurt)
}

function confidence(
  returns: readonly number[],
  perPeriod: number | null,
  seed: number,
  name: string,
): Interval95 | null {
  if (perPeriod === null) return null
  const year = Math.sqrt(DAYS_A_YEAR)
  const random = Sfc32.seeded(seed, hashText('backtest/sharpe-ci'), hashText(name))
  const interval = bootstrapInterval(returns, (resample) => periodSharpe(resample), random, BOOTSTRAP)
  return interval && { low: interval.low * year, high: interval.high * year }
}

function whyUndefined(book: Book, perPeriod: number | null): string | null {
  if (perPeriod !== null) return null
  if (onDays(book.returns, book.live).length < 2) return 'fewer than two days'
  return book.trades === 0 ? 'never traded' : 'returns do not vary'
}
