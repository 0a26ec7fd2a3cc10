/** Owns how numbers of a result are written for people; the same on screen and in the report. A missing one is a dash. */
import type { Summary } from './statistics-summary.js'

export const NONE = '–'

/** 0.1234 → `12.3%`. */
export function percent(value: number | null, digits = 1): string {
  return value === null ? NONE : `${unsigned((value * 100).toFixed(digits))}%`
}

/** 0.8342 → `0.83`. */
export function ratio(value: number | null, digits = 2): string {
  return value === null ? NONE : unsigned(value.toFixed(digits))
}

/** 1234567.8 → `1,234,568`. */
export function amount(value: number | null): string {
  return value === null ? NONE : unsigned(value.toFixed(0)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** No `-0.0`: a rounded nothing has no sign. */
function unsigned(text: string): string {
  return /^-0(\.0+)?$/.test(text) ? text.slice(1) : text
}

/** Whether a cell says something below zero; an interval does not. */
export function isNegative(cell: string): boolean {
  return /^\s*-\d/.test(cell) && !cell.includes('…')
}

/** One line of the table of statistics: its name, how it is read off a summary, what it means. */
export interface Metric {
  readonly name: string
  readonly of: (summary: Summary) => string
  readonly means: string
}

export const METRICS: readonly Metric[] = [
  { name: 'From', of: (s) => s.from, means: 'first day with data' },
  { name: 'To', of: (s) => s.to, means: 'last day with data' },
  {
    name: 'Days',
    of: (s) => amount(s.days),
    means: 'days with data to decide on: ratios and averages are over these; flat ones count as 0',
  },
  { name: 'Total return', of: (s) => percent(s.totalReturn), means: 'over the span, after all costs' },
  { name: 'CAGR', of: (s) => percent(s.cagr), means: 'compound growth a year of 365 days' },
  { name: 'Volatility', of: (s) => percent(s.annualVol), means: 'annual, all calendar days' },
  { name: 'Sharpe', of: (s) => ratio(s.sharpe), means: 'annual, risk-free rate 0, flat days count' },
  { name: 'Standard error', of: (s) => ratio(s.sharpeSe), means: 'of the Sharpe ratio (Mertens 2002)' },
  {
    name: '95% interval',
    of: (s) => (s.sharpeCi ? `${ratio(s.sharpeCi.low)}…${ratio(s.sharpeCi.high)}` : NONE),
    means: 'of the Sharpe ratio: circular block bootstrap, 20 days, 2,000 resamples',
  },
  { name: 'Sharpe, Lo', of: (s) => ratio(s.sharpeLo), means: 'adjusted for autocorrelation (Lo 2002, 10 lags)' },
  { name: 'Sortino', of: (s) => ratio(s.sortino), means: 'downside deviation over all days' },
  { name: 'Calmar', of: (s) => ratio(s.calmar), means: 'CAGR / max drawdown' },
  { name: 'Max drawdown', of: (s) => percent(s.maxDrawdown), means: 'of daily equity, capital included' },
  { name: '  peak', of: (s) => s.drawdown?.peak ?? NONE, means: 'evening before the fall began' },
  { name: '  trough', of: (s) => s.drawdown?.trough ?? NONE, means: 'evening of the deepest point' },
  {
    name: '  recovery',
    of: (s) => (s.drawdown ? (s.drawdown.recovery ?? 'not yet') : NONE),
    means: 'first evening at the peak again',
  },
  { name: 'PSR(0)', of: (s) => ratio(s.psr0, 3), means: 'probability that the true Sharpe ratio exceeds 0' },
  { name: 'PSR(0.8)', of: (s) => ratio(s.psrGate, 3), means: 'probability that it exceeds 0.8' },
  { name: 'DSR', of: (s) => ratio(s.dsr, 3), means: 'the same against the best expected of all trials without skill' },
  { name: 'Trials', of: (s) => String(s.trials), means: 'distinct configurations ever evaluated, this one included' },
  { name: 'Skewness', of: (s) => ratio(s.skew), means: 'of daily returns' },
  { name: 'Kurtosis', of: (s) => ratio(s.kurtosis), means: 'of daily returns; 3 for the normal' },
  { name: 'Gross exposure', of: (s) => percent(s.exposureGross), means: 'average Σ|w|, fraction of NAV' },
  { name: 'Net exposure', of: (s) => percent(s.exposureNet), means: 'average Σw' },
  { name: 'Days invested', of: (s) => percent(s.invested), means: 'share of days that ended with a position' },
  { name: 'Turnover a month', of: (s) => percent(s.turnoverMonthly), means: 'one way: half of Σ|Δw| in 30 days' },
  { name: 'Fills', of: (s) => amount(s.trades), means: 'trades against orders' },
  { name: 'Round trips', of: (s) => amount(s.roundTrips), means: 'from flat, or a flip, to flat, or a flip' },
  { name: 'Hit rate', of: (s) => percent(s.hitRate), means: 'round trips with a profit after fees, slippage, funding' },
  { name: 'Fees', of: (s) => amount(s.fees), means: 'quote' },
  { name: 'Slippage', of: (s) => amount(s.slippage), means: 'spread and impact against the reference price, quote' },
  { name: 'Funding', of: (s) => amount(s.funding), means: 'quote; positive is received' },
  {
    name: 'Best month',
    of: (s) => (s.bestMonth ? `${percent(s.bestMonth.return)} ${s.bestMonth.month}` : NONE),
    means: 'calendar month, UTC',
  },
  {
    name: 'Worst month',
    of: (s) => (s.worstMonth ? `${percent(s.worstMonth.return)} ${s.worstMonth.month}` : NONE),
    means: 'calendar month, UTC',
  },
]

/** Metrics of the table of symbols. */
export const SYMBOL_METRICS: readonly Metric[] = METRICS.filter(({ name }) =>
  [
    'Total return',
    'Volatility',
    'Sharpe',
    'Standard error',
    '95% interval',
    'Sharpe, Lo',
    'Sortino',
    'Calmar',
    'Max drawdown',
    'PSR(0)',
    'Gross exposure',
    'Turnover a month',
    'Fills',
    'Hit rate',
    'Fees',
    'Slippage',
    'Funding',
  ].includes(name),
)

export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const
