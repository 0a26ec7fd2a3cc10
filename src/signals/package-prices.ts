/**
 * Owns the newest close of every instrument that packages may hold, and whether it is fresh enough to size a leg at. Must never
 * carry a price beyond its age.
 */
import { type EpochMs, intervalMs, isInterval } from '#core/time'
import type { BarClosed } from '#events/market.events'
import { VALID_INTERVALS } from './voice.js'

export interface Price {
  /** Quote a coin; 0: none yet. */
  value: number
  /** Close of its bar. */
  at: EpochMs
  /** Length of its bar. */
  stepMs: number
}

/** By instrument; bounded by whom it was created for. */
export interface Prices {
  [instrument: string]: Price
}

export function createPrices(instruments: readonly string[]): Prices {
  return Object.fromEntries(instruments.map((instrument) => [instrument, { value: 0, at: 0, stepMs: 0 }]))
}

/** Takes a bar; older ones and those of strangers are ignored. */
export function takePrice(prices: Prices, { instrument, interval, openTime, close }: BarClosed['data']): void {
  const price = prices[instrument]
  if (price === undefined || !isInterval(interval)) return
  const stepMs = intervalMs(interval)
  if (openTime + stepMs <= price.at) return
  price.value = close
  price.at = openTime + stepMs
  price.stepMs = stepMs
}

export const hasPrice = (price: Price | undefined): price is Price => price !== undefined && price.at > 0

/** As with any opinion: not older than two of its bars. */
export function isFresh(price: Price | undefined, now: EpochMs): boolean {
  return hasPrice(price) && now <= price.at + VALID_INTERVALS * price.stepMs
}
