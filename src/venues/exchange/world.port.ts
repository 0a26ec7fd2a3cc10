/**
 * Owns what a simulated exchange plays: a market as pure functions of time, so that REST, streams and the truth that tests
 * compare with can never disagree, at any speed and in any order of asking. Prices quote, sizes base coins, times venue ms.
 */
import type { DurationMs, EpochMs } from '#core/time'

/** An instrument in neutral words; each venue's protocol gives it its own symbol, units and filters. */
export interface WorldInstrument {
  /** ccxt's unified form: `BTC/USDT`, `BTC/USDT:USDT`, `BTC/USD:BTC-260925`, `BTC/USD:BTC-260925-100000-C`. */
  readonly id: string
  readonly kind: 'spot' | 'linearPerpetual' | 'inversePerpetual' | 'linearFuture' | 'inverseFuture' | 'inverseOption'
  readonly base: string
  readonly quote: string
  readonly settle: string
  /** Decimals as strings. */
  readonly tick: string
  /** Least size step in base coins. */
  readonly lot: string
  readonly listedAt: EpochMs
  readonly expiresAt: EpochMs | null
  readonly strike: number | null
  readonly option: 'call' | 'put' | null
}

export interface WorldBar {
  readonly openTime: EpochMs
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly quoteVolume: number
  readonly trades: number
}

export interface WorldTrade {
  readonly ts: EpochMs
  /** Ascending, without gaps, per instrument. */
  readonly id: number
  readonly price: number
  readonly size: number
  readonly aggressor: 'buy' | 'sell'
  readonly isLiquidation: boolean
}

export interface WorldQuote {
  readonly bid: number
  readonly ask: number
  readonly bidSize: number
  readonly askSize: number
}

export interface WorldOption extends WorldQuote {
  readonly mark: number
  /** Decimals a year. */
  readonly markIv: number
  readonly bidIv: number
  readonly askIv: number
  readonly delta: number
  readonly gamma: number
  readonly vega: number
  readonly theta: number
  readonly underlyingPrice: number
}

/** Levels best first: [price, size]. */
export interface WorldBook {
  readonly bids: readonly (readonly [number, number])[]
  readonly asks: readonly (readonly [number, number])[]
}

export interface World {
  /** Nothing is known before. */
  readonly start: EpochMs
  /** Listed at that time, expired and delisted ones left out. */
  instruments(at: EpochMs): readonly WorldInstrument[]
  /** Bars with open time in `[from, to)` that begin before `now`; the last one may be running: then it is as far as `now`. */
  bars(
    instrument: WorldInstrument,
    intervalMs: DurationMs,
    from: EpochMs,
    to: EpochMs,
    now: EpochMs,
  ): readonly WorldBar[]
  /** Trades with time in `(from, to]`. */
  trades(instrument: WorldInstrument, from: EpochMs, to: EpochMs): readonly WorldTrade[]
  quote(instrument: WorldInstrument, at: EpochMs): WorldQuote
  book(instrument: WorldInstrument, at: EpochMs, depth: number): WorldBook
  /** Mark and index price. */
  mark(instrument: WorldInstrument, at: EpochMs): number
  index(base: string, at: EpochMs): number
  /** Rate being formed for the period that ends next; of one period. */
  fundingRate(instrument: WorldInstrument, at: EpochMs): number
  fundingIntervalMs(instrument: WorldInstrument, at: EpochMs): DurationMs
  /** Settlements in `(from, to]`, ascending. */
  settlements(
    instrument: WorldInstrument,
    from: EpochMs,
    to: EpochMs,
  ): readonly { readonly ts: EpochMs; readonly rate: number; readonly mark: number }[]
  /** Base coins, one side. */
  openInterest(instrument: WorldInstrument, at: EpochMs): number
  option(instrument: WorldInstrument, at: EpochMs): WorldOption
  /** DVOL of a base coin, decimal a year. */
  volatility(base: string, at: EpochMs): number
}
