/** Owns how the oracle's portfolio, risk and execution cases call the shipped rules. */
import { unitsFromNumber, unitsToNumber } from '#core/decimal'
import { walkBook } from '#execution/book-walk'
import { squareRootCostBps } from '#execution/impact'
import { participationFill, twapSlices } from '#execution/slices'
import { betaGateScale } from '#portfolio/beta-gate'
import { type BlendInput, blend } from '#portfolio/blend'
import { tiltBudgets } from '#portfolio/performance-weight'
import { maxDrawdown } from '#quant/drawdown'
import { ewmaCovariance } from '#quant/ewma-covariance'
import { correlationOf, covarianceFrom } from '#quant/matrix'
import { kurtosis, skewness } from '#quant/moments'
import { deribitOptionFee } from '#quant/option-fee'
import { riskBudget as riskBudgetOf } from '#quant/risk-budget'
import { shrinkToConstantCorrelation, shrinkToIdentity } from '#quant/shrinkage'
import { tailRisk } from '#quant/tail-risk'
import { volScale } from '#quant/vol-target'
import { capNetExposure } from '#risk/exposure-caps'
import { kellyFraction, kellyLeverage } from '#risk/kelly'
import { limitTurnover } from '#risk/turnover-limiter'
import type { Json, JsonObject, OracleMethod } from './cases.js'
import { matrix, named, num, nums, rows, str } from './inputs.js'

function blendCase(inputs: JsonObject): JsonObject {
  const signals = rows(inputs, 'signals').map(
    (s): BlendInput => ({
      weight: num(s, 'w'),
      confidence: num(s, 'c'),
      budget: num(s, 'b'),
      maxAbsWeight: num(s, 'maxAbs'),
    }),
  )
  const minAgreement = num(inputs, 'minAgreement', 0.2)
  const budget = blend(signals, minAgreement, 'budget')
  return {
    agreement: budget.agreement,
    budgetNorm: budget.weight,
    activeNorm: blend(signals, minAgreement, 'active').weight,
    scaledByAgreement: budget.weight * (budget.agreement ?? 0),
  }
}

function riskBudget(inputs: JsonObject): JsonObject {
  const covariance =
    inputs.cov === undefined ? covarianceFrom(nums(inputs, 'vols'), matrix(inputs, 'corr')) : matrix(inputs, 'cov')
  const budgets = inputs.budgets === undefined ? covariance.map(() => 1) : nums(inputs, 'budgets')
  const result = riskBudgetOf(covariance, budgets)
  return result === null ? {} : { weights: result.weights, riskShares: result.riskShares, vol: result.vol }
}

const byName = (names: Iterable<string>, values: readonly number[]): JsonObject =>
  Object.fromEntries([...names].map((name, i) => [name, values[i]!]))

function turnoverLimiter(inputs: JsonObject): JsonObject {
  const current = named(inputs, 'current')
  const target = named(inputs, 'target')
  const names = [...new Set([...current.keys(), ...target.keys()])]
  const weights = (of: ReadonlyMap<string, number>): number[] => names.map((name) => of.get(name) ?? 0)
  const limited = limitTurnover(weights(current), weights(target), num(inputs, 'usedOneWay30d'), num(inputs, 'limit'))
  return { scale: limited.scale, newWeights: byName(names, limited.weights), turnover: limited.turnover }
}

function varEs(inputs: JsonObject): JsonObject {
  const returns = nums(inputs, 'returns')
  const at95 = tailRisk(returns, 0.95)
  const at99 = tailRisk(returns, 0.99)
  if (at95 === null || at99 === null) return {}
  return {
    hist95: at95.historicVar,
    histES95: at95.historicEs,
    hist99: at99.historicVar,
    histES99: at99.historicEs,
    normal95: at95.normalVar,
    normalES95: at95.normalEs,
    normal99: at99.normalVar,
    normalES99: at99.normalEs,
    cornishFisher95: at95.cornishFisherVar,
    cornishFisher99: at99.cornishFisherVar,
    skew: skewness(returns),
    kurt: kurtosis(returns),
  }
}

function kelly(inputs: JsonObject): JsonObject {
  const options = { fraction: num(inputs, 'fraction', 0.5), floor: num(inputs, 'floor', 1), cap: num(inputs, 'cap', 3) }
  const pairs = matrix(inputs, 'muSigma')
  return {
    full: pairs.map(([mu, sigma]) => kellyFraction(mu!, sigma!)),
    leverageLiteralFloor: pairs.map(([mu, sigma]) =>
      kellyLeverage(mu!, sigma!, { ...options, noEdge: 'literalFloor' }),
    ),
    leverageFlatIfNoEdge: pairs.map(([mu, sigma]) =>
      kellyLeverage(mu!, sigma!, { ...options, noEdge: 'flatIfNoEdge' }),
    ),
  }
}

function iocWalk(inputs: JsonObject): JsonObject {
  const side = str(inputs, 'side') === 'buy' ? 'buy' : 'sell'
  const levels = matrix(inputs, side === 'buy' ? 'asks' : 'bids').map(([price, size]) => [price!, size!] as const)
  const walk = walkBook(side, levels, num(inputs, 'qty'), num(inputs, 'limit'))
  return { filled: walk.filled, vwap: walk.averagePrice, cancelled: walk.cancelled }
}

function participation(inputs: JsonObject): JsonObject {
  let rest = num(inputs, 'qty')
  const fills = nums(inputs, 'barVolume').map((volume) => {
    const fill = participationFill(rest, volume, num(inputs, 'maxPart'))
    rest -= fill
    return fill
  })
  return { fills, remaining: rest }
}

export const portfolioMethods: Readonly<Record<string, OracleMethod>> = {
  blend: blendCase,
  erc: riskBudget,
  riskBudget,
  turnoverLimiter,
  varEs,
  kellyLeverage: kelly,
  iocWalk,
  participationFill: participation,
  ledoitWolfIdentity: (inputs) => {
    const shrunk = shrinkToIdentity(matrix(inputs, 'X'))
    return { shrinkage: shrunk.intensity, cov: shrunk.covariance }
  },
  ledoitWolfConstCorr: (inputs) => {
    const shrunk = shrinkToConstantCorrelation(matrix(inputs, 'X'))
    return { shrinkage: shrunk.intensity, avgCorr: shrunk.averageCorrelation, cov: shrunk.covariance }
  },
  ewmaCov: (inputs) => {
    const cov = ewmaCovariance(matrix(inputs, 'X'), num(inputs, 'lambda_', 0.94))
    return { cov, corr: correlationOf(cov) }
  },
  netExposureCap: (inputs) => {
    const weights = named(inputs, 'weights')
    const capped = capNetExposure([...weights.values()], num(inputs, 'cap'))
    return { net: capped.exposure, scale: capped.scale, weights: byName(weights.keys(), capped.weights) }
  },
  performanceWeight: (inputs) => {
    const tilted = tiltBudgets(nums(inputs, 'sharpe90'), nums(inputs, 'base'))
    return { multiplier: tilted.multipliers, budgets: tilted.budgets }
  },
  betaGate: (inputs) => ({
    scale: rows(inputs, 'rows').map((row) => betaGateScale(num(row, 'beta'), num(inputs, 'limit', 0.1))),
  }),
  maxDrawdown: (inputs) => {
    const fall = maxDrawdown(nums(inputs, 'equity'))
    return {
      maxDD: fall.maxDrawdown,
      peakIdx: fall.peakIndex,
      troughIdx: fall.troughIndex,
      recoveryIdx: fall.recoveryIndex,
    }
  },
  volScale: (inputs) => ({
    scale: nums(inputs, 'realisedVol').map((vol) =>
      volScale(num(inputs, 'target'), vol, num(inputs, 'maxLev', 1), num(inputs, 'volFloor', 0.05)),
    ),
  }),
  sqrtImpact: (inputs) => ({
    costBp: rows(inputs, 'rows').map((row) =>
      squareRootCostBps(
        num(row, 'spreadBp'),
        num(row, 'sigmaDaily'),
        num(row, 'orderUsd'),
        num(row, 'advUsd'),
        num(row, 'Y', 1),
      ),
    ),
  }),
  twapSlices: (inputs) => ({
    slices: twapSlices(
      unitsFromNumber(num(inputs, 'qty')),
      num(inputs, 'slices'),
      unitsFromNumber(num(inputs, 'lot')),
    ).map((slice): Json => unitsToNumber(slice)),
  }),
  deribitOptionFee: (inputs) => ({
    feeCoin: rows(inputs, 'rows').map((row) =>
      deribitOptionFee(
        num(row, 'priceCoin'),
        num(row, 'qty'),
        num(inputs, 'rate', 0.0003),
        num(inputs, 'capFrac', 0.125),
      ),
    ),
  }),
}
