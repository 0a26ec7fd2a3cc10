/**
 * Owns the cost of trading without a book: half the spread plus the square-root law of impact (methods, section 15).
 * Must be given order and volume in one currency and a daily, not annual, volatility.
 */
import { invariant } from '#core/invariant'

/**
 * spread/2 + 1e4 Y sigma_d sqrt(Q/ADV), in basis points. Toth et al., Phys. Rev. X 1 (2011); Almgren et al. (2005) find
 * an exponent of 0.6. Null without daily volume: the cost is unknown, not 0.
 */
export function squareRootCostBps(
  spreadBps: number,
  dailyVol: number,
  orderQuote: number,
  dailyVolumeQuote: number,
  impactFactor: number,
): number | null {
  invariant(spreadBps >= 0 && dailyVol >= 0 && orderQuote >= 0, 'squareRootCostBps: inputs must not be negative')
  if (!(dailyVolumeQuote > 0)) return null
  return spreadBps / 2 + 1e4 * impactFactor * dailyVol * Math.sqrt(orderQuote / dailyVolumeQuote)
}
