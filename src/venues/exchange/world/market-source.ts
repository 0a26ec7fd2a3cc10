/** Owns what the two kinds of simulated market have in common: coins, and where their prices go. */
import type { DurationMs, EpochMs } from '#core/time'
import type { WorldInstrument } from '../world.port.js'

export interface MarketCoin {
  readonly base: string
  /** Steps of prices and sizes, decimals as strings. */
  readonly tick: string
  readonly lot: string
  /** Of a usual day, in coins: what open interest and books are measured by. */
  readonly dailyVolume: number
  /** Default: the market's start. */
  readonly listedAt?: EpochMs
}

/** A bar in quote money and coins. */
export interface MarketBar {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

/** The one path of each coin from which every instrument on it is derived. */
export interface MarketSource {
  readonly start: EpochMs
  readonly seed: number
  readonly coins: readonly MarketCoin[]
  /** Length of its bars. */
  readonly lengthMs: DurationMs
  bar(base: string, openTime: EpochMs): MarketBar | undefined
  /** The last price known before `at`. */
  lastPrice(base: string, at: EpochMs): number
  /** Kind of the instrument that has exactly these bars; all other kinds differ a little. Undefined: none has. */
  exactKind(base: string): WorldInstrument['kind'] | undefined
}
