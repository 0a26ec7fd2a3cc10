/** Owns how the oracle's on-chain cases call the shipped formulas. */
import { createExpandingMoments, expandingSd, pushExpandingMoments } from '#indicators/expanding-moments'
import {
  lastZ,
  mvrvEffect,
  mvrvRatio,
  mvrvRegime,
  mvrvZ,
  realisedCapOf,
  ssrLongFactor,
  stablecoinSupplyRatio,
} from '#quant/on-chain'
import type { JsonObject, OracleMethod } from './cases.js'
import { num, nums, rows } from './inputs.js'

function ssrZ(inputs: JsonObject): JsonObject {
  const stable = nums(inputs, 'stableMcap')
  const window = num(inputs, 'window')
  const supply = num(inputs, 'btcSupply')
  const ratios = nums(inputs, 'btcPrice').map((price, i) => stablecoinSupplyRatio(price * supply, stable[i]!)!)
  const z = ratios.slice(window - 1).map((_, i) => lastZ(ratios.slice(i, i + window), 0)?.z ?? null)
  return { ssrLast: ratios.slice(-5), z }
}

function expandingZ(inputs: JsonObject): JsonObject {
  const realised = nums(inputs, 'realizedCap')
  const minObservations = num(inputs, 'minObs')
  const moments = createExpandingMoments()
  const z = nums(inputs, 'marketCap').map((cap, i) => {
    const before = moments.count
    pushExpandingMoments(moments, cap)
    // The vendor tells the ratio, not the realised capitalisation: the way round is part of what is tested.
    const realisedCap = realisedCapOf(cap, mvrvRatio(cap, realised[i]!)!)!
    return before < minObservations ? null : mvrvZ(cap, realisedCap, expandingSd(moments, 0)!)
  })
  return { z, leakyFullSampleZ_mustNotMatch: leaky(inputs) }
}

/** What the oracle shows as the mistake: the deviation of all days. Made here, of the test alone, to tell it from ours. */
function leaky(inputs: JsonObject): (number | null)[] {
  const caps = nums(inputs, 'marketCap')
  const realised = nums(inputs, 'realizedCap')
  const sd = lastZ(caps, 0)!.sd
  const from = num(inputs, 'minObs')
  return caps.slice(from, from + 3).map((cap, i) => mvrvZ(cap, realised[from + i]!, sd))
}

export const onChainMethods: Readonly<Record<string, OracleMethod>> = {
  ssrZ,
  mvrvZ: expandingZ,
  mvrvRatioRollingZ: (inputs) => {
    const realised = nums(inputs, 'realizedCap')
    const window = num(inputs, 'window')
    const ratios = nums(inputs, 'marketCap').map((cap, i) => mvrvRatio(cap, realised[i]!)!)
    return {
      z: ratios.map((_, i) => (i < window - 1 ? null : (lastZ(ratios.slice(i - window + 1, i + 1), 1)?.z ?? null))),
    }
  },
  mvrvRatio: (inputs) => ({
    mvrv: rows(inputs, 'rows').map((row) => mvrvRatio(num(row, 'marketCap'), num(row, 'realizedCap'))),
  }),
  ssrOverlay: (inputs) => ({
    longMultiplier: nums(inputs, 'z').map((z) => ssrLongFactor(z, num(inputs, 'gain'))),
  }),
  mvrvRegime: (inputs) => {
    const thresholds = { euphoria: num(inputs, 'euphoric'), value: num(inputs, 'value') }
    const regime = nums(inputs, 'z').map((z) => mvrvRegime(z, thresholds))
    const effects = regime.map((one) => mvrvEffect(one, { euphoriaLong: 0.5, valueLong: 1.25 }))
    return {
      // The oracle says euphoric of what our events call euphoria.
      regime: regime.map((one) => (one === 'euphoria' ? 'euphoric' : one)),
      longMultiplier: effects.map(({ longFactor }) => longFactor),
      allowNewLong: effects.map(({ blocksNewLongs }) => !blocksNewLongs),
      allowShort: effects.map(({ blocksShorts }) => !blocksShorts),
    }
  },
}
