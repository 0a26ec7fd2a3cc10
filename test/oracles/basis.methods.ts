/** Owns how the oracle's cases of dated futures call the shipped formulas. */
import { annualisedBasis, inverseFuturePnl, inverseHedgeValue, netCarryApr, rollYield } from '#quant/basis'
import type { OracleMethod } from './cases.js'
import { num, nums } from './inputs.js'

export const basisMethods: Readonly<Record<string, OracleMethod>> = {
  annualisedBasis: (inputs) => ({
    ...annualisedBasis(num(inputs, 'spot'), num(inputs, 'future'), num(inputs, 'dteDays')),
  }),
  netCarryApr: (inputs) => ({
    netApr: netCarryApr(
      num(inputs, 'spot'),
      num(inputs, 'future'),
      num(inputs, 'dteDays'),
      num(inputs, 'totalCostBp'),
      num(inputs, 'marginFrac'),
    ),
  }),
  rollYield: (inputs) => ({
    apr: rollYield(num(inputs, 'near'), num(inputs, 'far'), num(inputs, 'dteNear'), num(inputs, 'dteFar')),
  }),
  inverseFuturePnl: (inputs) => {
    const pnl = inverseFuturePnl(num(inputs, 'usdNotionalSigned'), num(inputs, 'entry'), num(inputs, 'exit'))
    return pnl === null ? {} : { pnlCoin: pnl.coin, pnlUsdAtExit: pnl.usdAtExit }
  },
  inverseHedgeUsdValue: (inputs) => ({
    usdValue: nums(inputs, 'exits').map((exit) =>
      inverseHedgeValue(num(inputs, 'coin'), num(inputs, 'entry'), num(inputs, 'usdShort'), exit),
    ),
  }),
}
