/** Owns how the oracle's momentum and mean-reversion cases call the shipped indicators. */
import { createEwmaVolatility, updateEwmaVolatility } from '#indicators/ewma-volatility'
import { isFundingNeutral } from '#indicators/funding-neutral'
import { createMomentum, insideMomentum, updateMomentum } from '#indicators/momentum'
import { createPriceZ, createReturnZ, maxAbsZ, updatePriceZ, updateReturnZ } from '#indicators/return-z'
import { createRollingVwap, updateRollingVwap } from '#indicators/rolling-vwap'
import { createCascade, createVolumeZ, updateCascade, updateVolumeZ } from '#indicators/volume-spike'
import { covarianceFrom } from '#quant/matrix'
import { confidenceOfZ, momentumZ, portfolioVol, sleeveScale, volScale } from '#quant/vol-target'
import type { Json, JsonObject, OracleMethod } from './cases.js'
import { bars, matrix, num, nums, rows, series } from './inputs.js'

const DAYS = 365

function tsmom(inputs: JsonObject): JsonObject {
  const state = createMomentum(num(inputs, 'lookback'), num(inputs, 'skip'))
  const values = nums(inputs, 'closes').map((close) => ({
    gap: updateMomentum(state, close),
    inside: insideMomentum(state),
  }))
  const at = nums(inputs, 'atIdx').map((i) => values[i] ?? { gap: null, inside: null })
  return {
    gap: at.map((v) => v.gap),
    inside: at.map((v) => v.inside),
    signGap: at.map((v) => (v.gap === null ? null : Math.sign(v.gap))),
  }
}

function volSeries(inputs: JsonObject): (number | null)[] {
  const state = createEwmaVolatility(num(inputs, 'com', 60), num(inputs, 'ann', DAYS), 2)
  return nums(inputs, 'closes').map((close) => updateEwmaVolatility(state, close))
}

function tsmomWeight(inputs: JsonObject): JsonObject {
  const vols = volSeries(inputs)
  const state = createMomentum(num(inputs, 'lookback'), num(inputs, 'skip'))
  const momenta = nums(inputs, 'closes').map((close) => updateMomentum(state, close))
  const cap = num(inputs, 'maxLev', 1)
  const floor = num(inputs, 'volFloor', 0.05)
  return {
    rows: nums(inputs, 'atIdx').map((i): Json => {
      const vol = vols[i] ?? null
      const mom = momenta[i] ?? null
      if (vol === null || mom === null) return { vol, w15: null, w10: null, w15cap30: null }
      const side = Math.sign(mom)
      return {
        vol,
        w15: side * volScale(0.15, vol, cap, floor),
        w10: side * volScale(0.1, vol, cap, floor),
        w15cap30: side * volScale(0.15, vol, Math.min(cap, 0.3), floor),
      }
    }),
  }
}

function sleeveVolScale(inputs: JsonObject): JsonObject {
  const vols = nums(inputs, 'vols')
  const correlations =
    inputs.corr === undefined
      ? vols.map((_, i) => vols.map((_v, j) => (i === j ? 1 : num(inputs, 'rho'))))
      : matrix(inputs, 'corr')
  const sleeveVol = portfolioVol(nums(inputs, 'weights'), covarianceFrom(vols, correlations))
  return { sleeveVol, scale: sleeveScale(num(inputs, 'target'), sleeveVol) }
}

function tsmomConfidence(inputs: JsonObject): JsonObject {
  const z = rows(inputs, 'rows').map((row) =>
    momentumZ(num(row, 'mom'), num(row, 'volAnn') / Math.sqrt(DAYS), num(row, 'lookback')),
  )
  return { z, confidence: z.map((x) => (x === null ? null : confidenceOfZ(x))) }
}

function z3dReturn(inputs: JsonObject): JsonObject {
  const state = createReturnZ(num(inputs, 'horizon'), num(inputs, 'window'))
  const threshold = num(inputs, 'threshold', 2)
  const z = bars(inputs).close.map((close) => updateReturnZ(state, close))
  const where = (test: (value: number) => boolean): number[] =>
    z.flatMap((value, i) => (value !== null && test(value) ? [i] : []))
  return { z, longIdx: where((v) => v <= -threshold), shortIdx: where((v) => v >= threshold) }
}

function cascadeFlag(inputs: JsonObject): JsonObject {
  const b = bars(inputs)
  const state = createCascade(num(inputs, 'window'))
  const flags: Json[] = []
  for (let i = 0; i < b.length; i++) {
    const dir = updateCascade(state, b.close[i]!, b.volume[i]!, num(inputs, 'volZ'), num(inputs, 'retSigma'))
    if (dir !== 0) flags.push({ i, dir, volZ: state.volumeZ, retSigmas: state.returnSigmas })
  }
  return { flags }
}

export const signalMethods: Readonly<Record<string, OracleMethod>> = {
  tsmom,
  tsmomWeight,
  sleeveVolScale,
  tsmomConfidence,
  z3dReturn,
  cascadeFlag,
  ewmaVolMOP: (inputs) => {
    const vols = volSeries(inputs)
    return { volAnn: nums(inputs, 'atIdx').map((i) => vols[i] ?? null) }
  },
  zPriceBollinger: (inputs) => {
    const state = createPriceZ(num(inputs, 'window'))
    return { z: bars(inputs).close.map((close) => updatePriceZ(state, close)) }
  },
  maxAbsZ: (inputs) => ({
    ddof1: nums(inputs, 'n').map((n) => maxAbsZ(n, 1)),
    ddof0: nums(inputs, 'n').map((n) => maxAbsZ(n, 0)),
  }),
  rollingVwap: (inputs) => {
    const b = bars(inputs)
    const state = createRollingVwap(num(inputs, 'window'))
    return { vwap: series(b.length, (i) => updateRollingVwap(state, b.high[i]!, b.low[i]!, b.close[i]!, b.volume[i]!)) }
  },
  volumeSpikeRobustZ: (inputs) => {
    const state = createVolumeZ(num(inputs, 'window'))
    return { z: bars(inputs).volume.map((volume) => updateVolumeZ(state, volume)) }
  },
  fundingNeutral: (inputs) => ({
    ok: nums(inputs, 'rate8h').map((rate) => isFundingNeutral(rate, num(inputs, 'limitBp'), num(inputs, 'eps', 1e-9))),
  }),
}
