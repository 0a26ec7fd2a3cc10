/** Owns the generated market: prices of coins as noise over days, with a part that all share. From a seed, without data. */
import { DAY_MS, type EpochMs, floorTo } from '#core/time'
import type { World } from '../world.port.js'
import { seedOf } from './basis.js'
import { noise, unit } from './hash-noise.js'
import type { MarketBar, MarketSource } from './market-source.js'
import { marketWorld } from './market-world.js'
import { type WorldSymbol, worldSymbols } from './symbols.js'

/** 2020-01-01: enough for years of history before any clock. */
const START: EpochMs = 1_577_836_800_000
/** Standard deviation of a day, of the first coin; about 45 % a year. */
const DAY_VOL = 0.022
/** Periods of the noise, in days. A period's swing grows with its root: a random walk that cannot run away. */
const PERIODS = [1, 4, 16, 64, 256, 1024]
/** Part of a coin's movement that is its own. */
const OWN = 0.6

export interface GeneratedOptions {
  /** The same seed gives the same market, on every venue. */
  readonly seed: number
  readonly venue: string
  /** Coins; default 20. */
  readonly symbols?: number
  /** Of each instrument; default 6, at least 4. */
  readonly tradesPerMinute?: number
}

/** A world that is alike on all venues but for a few basis points. */
export function generatedWorld({ seed, venue, symbols = 20, tradesPerMinute = 6 }: GeneratedOptions): World {
  return marketWorld({ source: generatedSource(seed, worldSymbols(symbols)), venue, tradesPerMinute })
}

function walk(seed: number, day: number): number {
  let sum = 0
  for (const [i, period] of PERIODS.entries()) sum += Math.sqrt(period) * noise(seed + i, day / period)
  return sum * DAY_VOL
}

function generatedSource(seed: number, symbols: readonly WorldSymbol[]): MarketSource {
  const of = new Map(symbols.map((symbol) => [symbol.base, { symbol, own: seedOf(seed, `walk ${symbol.base}`) }]))
  const common = seedOf(seed, 'walk of all')
  const priceAt = (base: string, day: number): number => {
    const { symbol, own } = of.get(base)!
    return symbol.price * Math.exp(symbol.volRatio * walk(common, day) + OWN * symbol.volRatio * walk(own, day))
  }
  const volumeOf = (symbol: WorldSymbol): number => (symbol.dailyVolumeM * 1e6) / symbol.price

  return {
    start: START,
    seed,
    coins: symbols.map((symbol) => ({
      base: symbol.base,
      tick: symbol.tick,
      lot: symbol.lot,
      dailyVolume: volumeOf(symbol),
    })),
    lengthMs: DAY_MS,
    exactKind: () => undefined,
    bar(base, openTime): MarketBar {
      const { symbol, own } = of.get(base)!
      const day = Math.floor(openTime / DAY_MS)
      const [open, close] = [priceAt(base, day), priceAt(base, day + 1)]
      const reach = DAY_VOL * symbol.volRatio
      // The same coin-wide draw on every venue: the day's range is one of the coin.
      const up = Math.exp(reach * (0.1 + unit(own, day, 1)))
      const down = Math.exp(-reach * (0.1 + unit(own, day, 2)))
      return {
        open,
        high: Math.max(open, close) * up,
        low: Math.min(open, close) * down,
        close,
        volume: volumeOf(symbol) * (0.4 + 1.2 * unit(own, day, 3)),
      }
    },
    lastPrice: (base, at) => priceAt(base, floorTo(at, DAY_MS) / DAY_MS),
  }
}
