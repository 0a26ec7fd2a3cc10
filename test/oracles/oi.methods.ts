/** Owns how the oracle's cases of open interest and of early warnings call the shipped formulas. */
import { oiLevel, oiQuadrant, weightedOiChange } from '#indicators/open-interest'
import { averagePrecision, eventBaseRate, eventPrecisionRecall, wilsonInterval } from '#quant/early-warning'
import type { OracleMethod } from './cases.js'
import { matrix, named, num, nums } from './inputs.js'

export const oiMethods: Readonly<Record<string, OracleMethod>> = {
  oiQuadrant: (inputs) => {
    const changes = nums(inputs, 'dLnOi')
    const [bandPrice, bandOi] = [num(inputs, 'bandPrice'), num(inputs, 'bandOi')]
    return {
      label: nums(inputs, 'dLnPrice').map((price, i) =>
        oiQuadrant(price, changes[i]!, bandPrice, bandOi).replace('-', '_'),
      ),
    }
  },
  vwOiLevel: (inputs) => {
    const coins = named(inputs, 'oiCoin')
    const volumes = named(inputs, 'quoteVolume24h')
    const price = inputs.price === undefined ? null : num(inputs, 'price')
    return {
      ...oiLevel(
        [...coins.values()],
        [...coins.keys()].map((venue) => volumes.get(venue)!),
        price,
      ),
    }
  },
  vwOiChange: (inputs) => {
    const coins = nums(inputs, 'oi')
    return {
      vwDeltaLnOi: weightedOiChange(coins, nums(inputs, 'volume')),
      plain: Math.log(coins.at(-1)! / coins[0]!),
    }
  },
  eventPrecisionRecall: (inputs) => ({
    ...eventPrecisionRecall(nums(inputs, 'alerts'), nums(inputs, 'events'), num(inputs, 'horizon')),
  }),
  eventBaseRate: (inputs) => ({
    basePrecision: eventBaseRate(
      nums(inputs, 'events'),
      num(inputs, 'horizon'),
      num(inputs, 'start'),
      num(inputs, 'end'),
    ),
  }),
  wilsonInterval: (inputs) => ({
    ci: matrix(inputs, 'pairs').map(([hits, trials]) => wilsonInterval(hits!, trials!, num(inputs, 'conf'))),
  }),
  averagePrecision: (inputs) => ({
    averagePrecision: averagePrecision(nums(inputs, 'score'), nums(inputs, 'label')),
  }),
}
