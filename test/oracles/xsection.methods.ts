/** Owns how the oracle's cases of cross-sectional momentum call the shipped formulas. */
import { extremeWeights, overlapTranches, rankAscending, rankWeights, relativeMomentum } from '#quant/cross-section'
import type { OracleMethod } from './cases.js'
import { matrix, named, num } from './inputs.js'

export const xsectionMethods: Readonly<Record<string, OracleMethod>> = {
  xsMomentum: (inputs) => {
    const end = named(inputs, 'pEnd')
    const [btcStart, btcEnd, gross] = [num(inputs, 'btcStart'), num(inputs, 'btcEnd'), num(inputs, 'gross')]
    const coins = [...named(inputs, 'pStart')].map(([name, start]) => ({
      name,
      value: relativeMomentum(start, end.get(name)!, btcStart, btcEnd),
    }))
    const order = rankAscending(coins)
    const byName = (weights: readonly number[]) => Object.fromEntries(order.map((name, i) => [name, weights[i]!]))
    return {
      relMom: Object.fromEntries(coins.map(({ name, value }) => [name, value])),
      rankAsc: byName(order.map((_, i) => i + 1)),
      rankWeights: byName(rankWeights(order.length, gross)),
      topBottomWeights: byName(extremeWeights(order.length, num(inputs, 'topN'), gross)),
    }
  },
  overlapTranches: (inputs) => ({
    weights: overlapTranches(matrix(inputs, 'trancheTargets'), num(inputs, 'hold')),
  }),
}
