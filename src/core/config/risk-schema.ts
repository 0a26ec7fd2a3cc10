/**
 * Owns the keys of risk: what clamps, refuses, measures and warns. Defaults marked [S] are fixed by the roadmap, [D] were chosen where
 * it is silent.
 */
import { z } from 'zod'
import { count, fraction, positive, toggle } from './fields.js'

const rung = z.strictObject({
  at: z.number().positive().max(1).describe('Drawdown of the marked equity.'),
  scale: z.number().positive().max(1).describe('Factor on every weight from there on.'),
})

export const risk = z.strictObject({
  maxAbsWeight: fraction('Cap of one instrument, fraction of NAV.').default(0.25),
  volTarget: fraction('Cap of the ex-ante annual volatility of the trend sleeve [S].').default(0.1),
  covarianceLambda: z
    .number()
    .min(0.5)
    .max(0.999)
    .describe('Decay of the EWMA covariance of daily returns (RiskMetrics 1996).')
    .default(0.94),
  kellyFraction: fraction('Fraction of full Kelly [D].').default(0.5),
  leverageFloor: positive('Least Kelly leverage [S].').default(1),
  leverageCap: positive('Largest Kelly leverage [S].').default(3),
  flatIfNoEdge: toggle('Goes flat where the trailing mean is not positive, instead of the literal floor.').default(
    false,
  ),
  netCap: fraction('Cap of |net exposure|, fraction of NAV [S].').default(0.3),
  grossCap: fraction('Cap of gross exposure, fraction of NAV.').default(1),
  turnoverMonthly: fraction(
    'Cap of one-way turnover over 30 days for risk-adding trades, fraction of NAV [S].',
  ).default(0.15),
  turnoverLimiter: toggle('Whether that cap is enforced.').default(true),
  rebalanceBand: fraction('Relative distance from the target below which nothing is traded.').default(0.1),
  drawdownHalt: fraction('Drawdown of the marked equity at which trading halts and the book is closed.').default(0.2),
  stopAtr: positive('Trailing stop of risk, multiples of the daily ATR.').default(3),
  stopAtrDays: count('Period of that ATR.').default(14),
  maxMarkAgeHours: positive('A mark older than this refuses orders.').default(48),
  convertCoins: toggle(
    'Converts what was won or lost in a coin into the own currency of the book, at `blender.rebalance`: a balance in a coin is an exposure that no signal asked for. Coins that were paid in stay [D].',
  ).default(true),
  convertBand: fraction('Balance in a coin from which it is converted, fraction of NAV [D].').default(0.001),
  convertCostBps: z
    .number()
    .min(0)
    .max(1000)
    .describe('Cost of a conversion, basis points: taker fee of spot of 10, half a spread of 2 [D].')
    .default(12),
  venueCap: fraction(
    'Cap of the gross exposure at one venue, fraction of NAV; as large as `grossCap`, it does nothing [D].',
  ).default(1),
  coinCap: fraction(
    'Cap of what is long in one coin, and of what is short in it, fraction of NAV: so |net| stays below it. None when absent [D].',
  ).optional(),
  vegaLimit: fraction('Loss of the packages of options by 10 points of volatility, fraction of NAV [D].').default(0.01),
  drawdownLadder: z
    .array(rung)
    .refine((rungs) => rungs.every(({ at }, i) => i === 0 || at > rungs[i - 1]!.at), {
      error: 'each `at` must lie above the one before',
    })
    .refine((rungs) => rungs.every(({ scale }, i) => i === 0 || scale <= rungs[i - 1]!.scale), {
      error: 'no `scale` may lie above the one before',
    })
    .describe(
      'Drawdowns at which the book is made smaller, before `drawdownHalt` closes it; a rung is left at half of its drawdown [D].',
    )
    .default([{ at: 0.1, scale: 0.5 }]),
  marginCollateral: fraction(
    'Share of NAV that backs derivatives, in proportion to their notional; options apart [D].',
  ).default(0.5),
  maintenanceMargin: fraction('Maintenance margin of a derivative, fraction of its notional [D].')
    .max(0.5)
    .default(0.02),
  marginStress: positive('Rise of the price that short legs must survive [S].').default(0.3),
  monitor: toggle(
    'Whether risk/monitor measures the book; when absent, wherever a signal beyond tsmom, donchian and meanReversion is enabled.',
  ).optional(),
  monitorNavMove: positive('Change of NAV since the last measurement that asks for another one [D].').default(0.02),
  monitorPriceMove: positive('Change of the price of a held coin that does [D].').default(0.1),
  valueAtRiskLimit: fraction('Historical value at risk of a day at 99 % that is told, fraction of NAV [D].').default(
    0.05,
  ),
  stressLimit: fraction('Loss in the worst stress that is told, fraction of NAV [D].').default(0.25),
  liquidationAlert: fraction('Distance of a leg to its liquidation that is told, share of the price [D].').default(
    0.35,
  ),
  correlationAlert: fraction('Average pairwise correlation of the coins held that is told [D].').default(0.7),
  limitAlert: fraction('Share of a cap of a venue or a coin that is told [D].').default(0.9),
})
