/**
 * Owns the symbols of the built-in market: where their prices start, how they move, what a day trades, their steps.
 * Magnitudes were chosen here to look like large perpetuals of early 2024; none is a record of a real market.
 */
export interface SimSymbol {
  readonly base: string
  readonly price: number
  /** Volatility relative to the leading symbol. */
  readonly volRatio: number
  /** What an average day trades, million quote. */
  readonly dailyVolumeM: number
  /** Decimals of price and size. */
  readonly priceDigits: number
  readonly sizeDigits: number
}

const symbol = (
  base: string,
  price: number,
  volRatio: number,
  dailyVolumeM: number,
  priceDigits: number,
  sizeDigits: number,
): SimSymbol => ({ base, price, volRatio, dailyVolumeM, priceDigits, sizeDigits })

/** Powers of ten, by digits. */
export const POW10: readonly number[] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]

/** The first one leads. */
export const SIM_SYMBOLS: readonly SimSymbol[] = [
  symbol('BTC', 42_000, 1, 12_000, 1, 3),
  symbol('ETH', 2_300, 1.15, 7_000, 2, 3),
  symbol('SOL', 100, 1.6, 2_500, 3, 1),
  symbol('XRP', 0.62, 1.3, 1_200, 4, 1),
  symbol('DOGE', 0.09, 1.5, 900, 5, 0),
  symbol('BNB', 310, 1.05, 800, 2, 2),
  symbol('LINK', 15, 1.4, 500, 3, 1),
  symbol('AVAX', 38, 1.55, 450, 3, 1),
  symbol('ADA', 0.6, 1.35, 420, 4, 0),
  symbol('LTC', 73, 1.2, 350, 2, 2),
  symbol('DOT', 8.2, 1.4, 260, 3, 1),
  symbol('BCH', 260, 1.35, 240, 2, 2),
  symbol('NEAR', 3.6, 1.7, 220, 3, 1),
  symbol('OP', 3.7, 1.75, 210, 4, 1),
  symbol('ARB', 1.6, 1.7, 200, 4, 1),
  symbol('APT', 9.4, 1.65, 180, 3, 1),
  symbol('FIL', 6.8, 1.5, 170, 3, 1),
  symbol('ATOM', 10.6, 1.4, 160, 3, 1),
  symbol('ETC', 22, 1.35, 150, 3, 1),
  symbol('UNI', 7.3, 1.45, 140, 3, 1),
]
