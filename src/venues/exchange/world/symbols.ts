/**
 * Owns the coins of the generated market: where prices are about, how they move, what a day trades, their steps.
 * Magnitudes were chosen here to look like large pairs of 2025; none is a record of a real market.
 */
export interface WorldSymbol {
  readonly base: string
  readonly price: number
  /** Volatility relative to the first one. */
  readonly volRatio: number
  /** What an average day trades, million quote. */
  readonly dailyVolumeM: number
  readonly tick: string
  readonly lot: string
}

const symbol = (
  base: string,
  price: number,
  volRatio: number,
  dailyVolumeM: number,
  tick: string,
  lot: string,
): WorldSymbol => ({ base, price, volRatio, dailyVolumeM, tick, lot })

export const WORLD_SYMBOLS: readonly WorldSymbol[] = [
  symbol('BTC', 95_000, 1, 15_000, '0.1', '0.001'),
  symbol('ETH', 3_400, 1.2, 9_000, '0.01', '0.001'),
  symbol('SOL', 180, 1.5, 3_000, '0.01', '0.01'),
  symbol('XRP', 2.2, 1.4, 2_000, '0.0001', '0.1'),
  symbol('DOGE', 0.32, 1.6, 1_200, '0.00001', '1'),
  symbol('BNB', 650, 1.0, 900, '0.01', '0.01'),
  symbol('ADA', 0.9, 1.4, 600, '0.0001', '1'),
  symbol('LINK', 22, 1.4, 500, '0.001', '0.01'),
  symbol('AVAX', 38, 1.5, 450, '0.001', '0.1'),
  symbol('LTC', 105, 1.2, 400, '0.01', '0.001'),
  symbol('DOT', 7, 1.4, 300, '0.001', '0.1'),
  symbol('TRX', 0.25, 0.9, 280, '0.00001', '1'),
  symbol('BCH', 450, 1.3, 250, '0.01', '0.001'),
  symbol('UNI', 12, 1.6, 240, '0.001', '0.1'),
  symbol('NEAR', 5, 1.6, 220, '0.001', '0.1'),
  symbol('APT', 9, 1.6, 200, '0.001', '0.1'),
  symbol('FIL', 5, 1.5, 180, '0.001', '0.1'),
  symbol('ATOM', 6.5, 1.4, 170, '0.001', '0.01'),
  symbol('ETC', 26, 1.4, 160, '0.001', '0.01'),
  symbol('AAVE', 300, 1.5, 150, '0.01', '0.01'),
]

/** The first `count` coins; beyond the list, made-up ones: `SIM21`, `SIM22` … */
export function worldSymbols(count: number): WorldSymbol[] {
  const known = WORLD_SYMBOLS.slice(0, count)
  for (let i = known.length; i < count; i++) known.push(symbol(`SIM${i + 1}`, 1 + (i % 9) * 3, 1.5, 60, '0.001', '0.1'))
  return known
}
