/** Owns how the oracle's statistics cases call the shipped statistics. */
import { circularResample, percentileInterval } from '#quant/bootstrap'
import { maxDrawdown } from '#quant/drawdown'
import { mean } from '#quant/moments'
import { backtestOverfitting } from '#quant/pbo'
import { performance, sharpe, sortino } from '#quant/performance'
import {
  deflatedBenchmark,
  deflatedSharpe,
  expectedMaximum,
  minimumBacktestLength,
  minimumTrackRecord,
  probabilisticSharpe,
} from '#quant/sharpe-inference'
import { laggedBacktest, walkForwardFolds, warmupDrift } from '#quant/walk-forward'
import type { Json, JsonObject, OracleMethod } from './cases.js'
import { bool, matrix, num, nums, rows, str } from './inputs.js'
import { seededEma } from './reference.js'

function performanceCase(inputs: JsonObject): JsonObject {
  const p = performance(
    nums(inputs, 'dailyReturns'),
    num(inputs, 'ann', 365),
    num(inputs, 'rf', 0),
    num(inputs, 'lags', 10),
  )
  return {
    meanDaily: p.meanPerPeriod,
    sdDaily: p.sdPerPeriod,
    volAnn: p.annualVol,
    sharpe: p.sharpe,
    sortino: p.sortino,
    cagr: p.cagr,
    maxDD: p.maxDrawdown,
    calmar: p.calmar,
    totalReturn: p.totalReturn,
    skew: p.skewness,
    kurt: p.kurtosis,
    sharpeSEann: p.sharpeStandardError,
    psr0: p.psrAboveZero,
    psrVs1ann: p.psrAboveOne,
    loEta: p.loFactor,
    sharpeLo: p.sharpeLo,
  }
}

function dsr(inputs: JsonObject): JsonObject {
  const year = num(inputs, 'periodsPerYear')
  const sr = num(inputs, 'srAnnual') / Math.sqrt(year)
  const variance = num(inputs, 'varTrialSrAnnual') / year
  const deflated = (trials: number): number | null =>
    deflatedSharpe(sr, variance, trials, num(inputs, 'T'), num(inputs, 'skew'), num(inputs, 'kurt'))
  const trials = num(inputs, 'trials')
  return { sr0PerPeriod: deflatedBenchmark(variance, trials), dsr: deflated(trials), dsrWith46Trials: deflated(46) }
}

function psr(inputs: JsonObject): JsonObject {
  const root = Math.sqrt(num(inputs, 'periodsPerYear'))
  const sr = num(inputs, 'srAnnual') / root
  const benchmark = num(inputs, 'benchmark', 0) / root
  return { psr: probabilisticSharpe(sr, benchmark, num(inputs, 'T'), num(inputs, 'skew'), num(inputs, 'kurt')) }
}

function minTrl(row: JsonObject): number | null {
  const year = num(row, 'ppy')
  const root = Math.sqrt(year)
  const periods = minimumTrackRecord(
    num(row, 'srAnn') / root,
    num(row, 'bench') / root,
    num(row, 'skew'),
    num(row, 'kurt'),
    num(row, 'conf'),
  )
  return periods === null ? null : periods / year
}

function pboCscv(inputs: JsonObject): JsonObject {
  const report = backtestOverfitting(matrix(inputs, 'M'), num(inputs, 'S', 16))
  return {
    nCombos: report.combinations,
    pbo: report.pbo,
    meanLogit: report.meanLogit,
    medianLogit: report.medianLogit,
    probOOSLoss: report.probabilityOfLoss,
    degradationSlope: report.slope,
    degradationIntercept: report.intercept,
  }
}

function circularBlockBootstrap(inputs: JsonObject): JsonObject {
  const y = nums(inputs, 'y')
  const means = matrix(inputs, 'starts').map((starts) => mean(circularResample(y, num(inputs, 'blockLen'), starts))!)
  const interval = percentileInterval(means, 0.9)
  return { means, ci90: interval === null ? null : [interval.low, interval.high] }
}

function walkForward(inputs: JsonObject): JsonObject {
  const folds = walkForwardFolds(num(inputs, 'n'), {
    train: num(inputs, 'train'),
    test: num(inputs, 'test'),
    step: num(inputs, 'step'),
    embargo: num(inputs, 'embargo', 0),
    anchored: bool(inputs, 'anchored', false),
  })
  return { folds: folds.map((fold): Json => ({ train: fold.train, test: fold.test })) }
}

function recursiveWarmup(inputs: JsonObject): JsonObject {
  const closes = nums(inputs, 'closes')
  const period = Number(/EMA(\d+)/.exec(str(inputs, 'indicator'))?.[1])
  if (!Number.isInteger(period)) throw new Error(`no such indicator: ${str(inputs, 'indicator')}`)
  const drift = warmupDrift(closes, nums(inputs, 'warmups'), (values) => seededEma(values, period))
  return { last: seededEma(closes, period), pctDiff: drift.map((d) => (d === null ? null : d * 100)) }
}

function backtestLag(inputs: JsonObject): JsonObject {
  const closes = nums(inputs, 'closes')
  const weights = nums(inputs, 'weightsDecidedAtClose')
  const cost = num(inputs, 'costPerUnitTurnover')
  const initial = num(inputs, 'initialWeight', 0)
  const test = laggedBacktest(closes, weights, cost, initial)
  // The leak that the shipped function must not have: w_t earning r_t.
  const leaked = closes.reduce((equity, close, t) => {
    const earned = t === 0 ? 0 : weights[t]! * (close / closes[t - 1]! - 1)
    return equity * (1 + earned - cost * Math.abs(weights[t]! - (t === 0 ? initial : weights[t - 1]!)))
  }, 1)
  return {
    netReturns: test.netReturns,
    equity: test.equity,
    totalReturn: test.equity.at(-1)! - 1,
    sharpe: sharpe(test.netReturns, num(inputs, 'ann', 365)),
    maxDD: maxDrawdown([1, ...test.equity]).maxDrawdown,
    sameBarLeakTotalReturn_mustNotMatch: leaked - 1,
  }
}

export const statsMethods: Readonly<Record<string, OracleMethod>> = {
  performance: performanceCase,
  psr,
  dsr,
  pboCscv,
  circularBlockBootstrap,
  walkForward,
  recursiveWarmup,
  backtestLag,
  minBTL: (inputs) => ({
    years: minimumBacktestLength(num(inputs, 'trials'), num(inputs, 'expectedMaxSr', 1)),
    expectedMaxN100: expectedMaximum(100),
  }),
  minTRL: (inputs) => ({ years: rows(inputs, 'rows').map(minTrl) }),
  sortino: (inputs) => ({ sortino: sortino(nums(inputs, 'returns'), num(inputs, 'ann', 365), num(inputs, 'mar', 0)) }),
}
