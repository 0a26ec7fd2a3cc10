/** Owns the one table from an oracle's method name to the code that answers it. Later rooms add their own *.methods.ts. */
import { basisMethods } from './basis.methods.js'
import type { OracleMethod } from './cases.js'
import { fundingMethods } from './funding.methods.js'
import { indicatorMethods } from './indicators.methods.js'
import { oiMethods } from './oi.methods.js'
import { onChainMethods } from './onchain.methods.js'
import { optionMethods } from './options.methods.js'
import { portfolioMethods } from './portfolio.methods.js'
import { signalMethods } from './signals.methods.js'
import { statsMethods } from './stats.methods.js'
import { xsectionMethods } from './xsection.methods.js'

export const METHODS: ReadonlyMap<string, OracleMethod> = new Map(
  [
    indicatorMethods,
    signalMethods,
    portfolioMethods,
    statsMethods,
    basisMethods,
    optionMethods,
    onChainMethods,
    fundingMethods,
    oiMethods,
    xsectionMethods,
  ].flatMap((table) => Object.entries(table)),
)
