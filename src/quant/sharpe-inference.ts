/**
 * Owns what a measured Sharpe ratio proves (methods, section 16). Must only be given Sharpe ratios per period, never annual
 * ones, and full kurtosis (3 for the normal), never excess: both are common published errors.
 */
import { invariant } from '#core/invariant'
import { normalCdf, normalInverse } from './normal.js'

const EULER_GAMMA = 0.5772156649015329

/** 1 - g3 SR + (g4 - 1)/4 SR^2: variance of the estimated SR times T - 1. */
function spread(sr: number, skew: number, kurt: number): number {
  return 1 - skew * sr + ((kurt - 1) / 4) * sr * sr
}

/** Standard error of a per-period Sharpe ratio over `periods` returns (Mertens 2002); null below 2 periods. */
export function sharpeStandardError(sr: number, periods: number, skew: number, kurt: number): number | null {
  const v = spread(sr, skew, kurt)
  return periods < 2 || v < 0 ? null : Math.sqrt(v / (periods - 1))
}

/** PSR: P(true SR > benchmark), both per period (Bailey & Lopez de Prado 2012); null where undefined. */
export function probabilisticSharpe(
  sr: number,
  benchmark: number,
  periods: number,
  skew: number,
  kurt: number,
): number | null {
  const error = sharpeStandardError(sr, periods, skew, kurt)
  return error === null || error === 0 ? null : normalCdf((sr - benchmark) / error)
}

/** Expected largest of `trials` >= 1 standard normals, as Bailey & Lopez de Prado (2014) approximate it; 0 for one. */
export function expectedMaximum(trials: number): number {
  invariant(trials >= 1, () => `expectedMaximum: ${trials} trials`)
  if (trials === 1) return 0
  return (1 - EULER_GAMMA) * normalInverse(1 - 1 / trials) + EULER_GAMMA * normalInverse(1 - 1 / (trials * Math.E))
}

/** SR*: the Sharpe ratio per period that the best of `trials` skill-less trials is expected to show. */
export function deflatedBenchmark(trialVariance: number, trials: number): number {
  invariant(trialVariance >= 0, 'deflatedBenchmark: the variance of the trials must not be negative')
  return Math.sqrt(trialVariance) * expectedMaximum(trials)
}

/** DSR: PSR against {@link deflatedBenchmark}; `trialVariance` is the variance of the trials' per-period Sharpe ratios. */
export function deflatedSharpe(
  sr: number,
  trialVariance: number,
  trials: number,
  periods: number,
  skew: number,
  kurt: number,
): number | null {
  return probabilisticSharpe(sr, deflatedBenchmark(trialVariance, trials), periods, skew, kurt)
}

/** MinTRL in periods: how many returns until PSR(benchmark) reaches `confidence`; null when SR does not exceed it. */
export function minimumTrackRecord(
  sr: number,
  benchmark: number,
  skew: number,
  kurt: number,
  confidence: number,
): number | null {
  const v = spread(sr, skew, kurt)
  if (!(sr > benchmark) || v < 0) return null
  const ratio = normalInverse(confidence) / (sr - benchmark)
  return 1 + v * ratio * ratio
}

/** MinBTL in years: shorter backtests of `trials` trials are expected to show an annual SR of `target` without skill. */
export function minimumBacktestLength(trials: number, target: number): number {
  invariant(target > 0, 'minimumBacktestLength: target must be positive')
  const ratio = expectedMaximum(trials) / target
  return ratio * ratio
}
