/**
 * Owns the quotes inside a bar of the built-in market: a path from open over high and low to close that never leaves them.
 * Drawn from a stream of its own, so that the market goes the same way whether anyone asks or not.
 */
import { Sfc32 } from '#core/random'
import type { SimBar } from './dynamics.js'
import { POW10, type SimSymbol } from './symbols.js'

/** Range of a Brownian path over its standard deviation: sqrt(8/π) (Feller 1951). */
const RANGE_OVER_SD = 1.5957691216057308
/** Half spread, bp, and shown size as a share of the bar's volume; chosen here. */
const HALF_SPREAD_BPS = 0.8
const SHOWN_SHARE = 0.004

export interface SimQuote {
  readonly bid: number
  readonly ask: number
  readonly bidSize: number
  readonly askSize: number
}

/** `points` (≥ 3) quotes of a bar, evenly spaced from its open. The same arguments give the same quotes. */
export function quotePath(symbol: SimSymbol, bar: SimBar, points: number, ...words: readonly number[]): SimQuote[] {
  const random = Sfc32.seeded(...words)
  const mids = midPath(bar, points, random)
  const scale = POW10[symbol.priceDigits]!
  const lots = POW10[symbol.sizeDigits]!
  const size = (): number => {
    const wanted = bar.volume * SHOWN_SHARE * Math.exp(0.6 * random.normal())
    return Math.max(1, Math.round(wanted * lots)) / lots
  }
  const [low, high] = [Math.round(bar.low * scale), Math.round(bar.high * scale)]
  return mids.map((mid) => {
    const half = mid * HALF_SPREAD_BPS * 1e-4
    let bid = Math.max(low, Math.floor((mid - half) * scale))
    let ask = Math.min(high, Math.ceil((mid + half) * scale))
    if (bid >= ask) {
      if (bid > low) bid = ask - 1
      else ask = bid + 1
    }
    return { bid: bid / scale, ask: ask / scale, bidSize: size(), askSize: size() }
  })
}

/** Bridges between open, the two extremes in either order, and close; clipped into the range of the bar. */
function midPath(bar: SimBar, points: number, random: Sfc32): number[] {
  const first = 1 + random.below(points - 1)
  const other = 1 + random.below(points - 2)
  const second = other >= first ? other + 1 : other
  const highFirst = random.next() < 0.5
  const stops: readonly (readonly [number, number])[] = [
    [Math.min(first, second), highFirst ? bar.high : bar.low],
    [Math.max(first, second), highFirst ? bar.low : bar.high],
    [points, bar.close],
  ]
  const sd = (bar.high - bar.low) / RANGE_OVER_SD / Math.sqrt(points)
  const mids = [bar.open]
  let price = bar.open
  for (const [stop, target] of stops)
    while (mids.length <= stop && mids.length < points) {
      const left = stop - mids.length + 1
      const noise = sd * Math.sqrt((left - 1) / left) * random.normal()
      price = Math.min(bar.high, Math.max(bar.low, price + (target - price) / left + noise))
      mids.push(price)
    }
  return mids
}
