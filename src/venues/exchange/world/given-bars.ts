/** Owns an instrument's given bars: the coin's path times the instrument's factor, in whole ticks and lots. */
import { type EpochMs, MINUTE_MS } from '#core/time'
import type { GivenBars } from './bar-tree.js'
import type { MarketSource } from './market-source.js'
import { type Step, toSteps } from './steps.js'

export interface GivenNeeds {
  readonly source: MarketSource
  readonly base: string
  /** Price over the coin's path. */
  readonly factor: (at: EpochMs) => number
  readonly tick: Step
  readonly lot: Step
  readonly tradesPerMinute: number
}

/** Volume is raised to one lot a trade where it is less. */
export function givenBars({ source, base, factor, tick, lot, tradesPerMinute }: GivenNeeds): GivenBars {
  const { lengthMs } = source
  const trades = (lengthMs / MINUTE_MS) * tradesPerMinute
  const ticks = (price: number): number => Math.max(1, toSteps(price, tick))
  return {
    lengthMs,
    at(openTime) {
      const bar = source.bar(base, openTime)
      if (bar === undefined) return undefined
      const [begin, end] = [factor(openTime), factor(openTime + lengthMs)]
      const [open, close] = [ticks(bar.open * begin), ticks(bar.close * end)]
      return {
        openTime,
        open,
        high: Math.max(open, close, ticks(bar.high * Math.max(begin, end))),
        low: Math.min(open, close, ticks(bar.low * Math.min(begin, end))),
        close,
        volume: Math.max(trades, toSteps(bar.volume, lot)),
        trades,
      }
    },
    lastPrice: (at) => (source.lastPrice(base, at) * factor(at) * tick.denominator) / tick.numerator,
  }
}
