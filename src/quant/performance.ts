/**
 * Owns the performance statistics of a series of returns (methods, section 16).
 * Must never be given only the days in the market: every calendar day counts, flat days as 0. Undefined gives null.
 */
import { powReal } from '#core/power'
import { equityCurve, maxDrawdown } from './drawdown.js'
import { autocorrelation, isDegenerate, kurtosis, mean, skewness, standardDeviation } from './moments.js'
import { probabilisticSharpe, sharpeStandardError } from './sharpe-inference.js'

type Returns = readonly number[]

/** Sharpe ratio per period: mean(r - rf) / sd (ddof 1); `riskFree` per period. Null when returns do not vary. */
export function periodSharpe(returns: Returns, riskFree = 0): number | null {
  const m = mean(returns)
  const sd = standardDeviation(returns, 1)
  return m === null || sd === null || isDegenerate(sd, m) ? null : (m - riskFree) / sd
}

/** Annual Sharpe ratio: the one per period times sqrt(periods a year). */
export function sharpe(returns: Returns, periodsPerYear: number, riskFree = 0): number | null {
  const sr = periodSharpe(returns, riskFree)
  return sr === null ? null : sr * Math.sqrt(periodsPerYear)
}

/** Annual Sortino ratio; downside deviation over all n returns; null without a return below `minimum` (per period). */
export function sortino(returns: Returns, periodsPerYear: number, minimum = 0): number | null {
  const m = mean(returns)
  if (m === null) return null
  let squares = 0
  for (const r of returns) squares += r < minimum ? (r - minimum) * (r - minimum) : 0
  const downside = Math.sqrt(squares / returns.length)
  return downside > 0 ? ((m - minimum) / downside) * Math.sqrt(periodsPerYear) : null
}

/** (E_T/E_0)^(periods a year / periods) - 1; -1 after ruin; null without a period. */
export function compoundGrowth(growth: number, periods: number, periodsPerYear: number): number | null {
  if (periods <= 0) return null
  return growth > 0 ? powReal(growth, periodsPerYear / periods) - 1 : -1
}

/**
 * Annualisation factor of Lo, The statistics of Sharpe ratios, FAJ 58 (2002): q / sqrt(q + 2 sum (q-k) rho_k) over the
 * first `lags` autocorrelations; sqrt q when returns are uncorrelated. Null when undefined or the radicand is not positive.
 */
export function loFactor(returns: Returns, periodsPerYear: number, lags: number): number | null {
  let sum = periodsPerYear
  for (let k = 1; k <= lags && k < periodsPerYear; k++) {
    const rho = autocorrelation(returns, k)
    if (rho === null) return null
    sum += 2 * (periodsPerYear - k) * rho
  }
  return sum > 0 ? periodsPerYear / Math.sqrt(sum) : null
}

/** All of section 16 for one series. Annual ratios unless the name says otherwise; decimals; null where undefined. */
export interface Performance {
  readonly periods: number
  readonly meanPerPeriod: number | null
  readonly sdPerPeriod: number | null
  readonly annualVol: number | null
  readonly sharpe: number | null
  readonly sharpeStandardError: number | null
  readonly sharpeLo: number | null
  readonly loFactor: number | null
  readonly sortino: number | null
  readonly cagr: number | null
  readonly maxDrawdown: number
  readonly calmar: number | null
  readonly totalReturn: number
  readonly skewness: number | null
  readonly kurtosis: number | null
  /** P(true Sharpe > 0). */
  readonly psrAboveZero: number | null
  /** P(true annual Sharpe > 1). */
  readonly psrAboveOne: number | null
}

/** `riskFree` per period; `lags` of the Lo adjustment (10). O(n lags). */
export function performance(returns: Returns, periodsPerYear: number, riskFree = 0, lags = 10): Performance {
  const sd = standardDeviation(returns, 1)
  const year = Math.sqrt(periodsPerYear)
  const perPeriod = periodSharpe(returns, riskFree)
  const equity = equityCurve(returns)
  const growth = equity[equity.length - 1]!
  const cagr = compoundGrowth(growth, returns.length, periodsPerYear)
  const fall = maxDrawdown(equity).maxDrawdown
  const g3 = skewness(returns)
  const g4 = kurtosis(returns)
  const known = perPeriod !== null && g3 !== null && g4 !== null
  const error = known ? sharpeStandardError(perPeriod, returns.length, g3, g4) : null
  const factor = loFactor(returns, periodsPerYear, lags)
  const psr = (benchmark: number): number | null =>
    known ? probabilisticSharpe(perPeriod, benchmark, returns.length, g3, g4) : null
  return {
    periods: returns.length,
    meanPerPeriod: mean(returns),
    sdPerPeriod: sd,
    annualVol: sd === null ? null : sd * year,
    sharpe: perPeriod === null ? null : perPeriod * year,
    sharpeStandardError: error === null ? null : error * year,
    sharpeLo: perPeriod === null || factor === null ? null : perPeriod * factor,
    loFactor: factor,
    sortino: sortino(returns, periodsPerYear),
    cagr,
    maxDrawdown: fall,
    calmar: cagr === null || fall === 0 ? null : cagr / -fall,
    totalReturn: growth - 1,
    skewness: g3,
    kurtosis: g4,
    psrAboveZero: psr(0),
    psrAboveOne: psr(1 / year),
  }
}
