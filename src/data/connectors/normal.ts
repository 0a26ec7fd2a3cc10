/**
 * Owns the normal form: what any venue's payload says, in one set of units (methods.md 0). Times are UTC epoch ms of the
 * venue; prices are quote currency per base coin; sizes, volumes and open interest are coins of the base currency, one side;
 * rates are fractions for their own interval (positive: longs pay); volatilities are decimals a year (0.5 = 50 %).
 * Never says more than the payload did: what it does not tell is null, never a guess.
 */
import type { DecimalString } from '#core/decimal'
import type { InstrumentId } from '#core/ids'
import type { DurationMs, EpochMs, Interval } from '#core/time'
import type { InstrumentKind } from '#events/market.events'

export const VENUES = ['binance', 'bybit', 'okx', 'deribit'] as const
export type Venue = (typeof VENUES)[number]

export type { InstrumentKind }

/** Who sells on-chain metrics. */
export const VENDORS = ['glassnode', 'cryptoquant'] as const
export type Vendor = (typeof VENDORS)[number]

/** Markets of each venue, as they stand in instrument ids. */
export const MARKETS = {
  binance: ['spot', 'usdm', 'coinm'],
  bybit: ['spot', 'linear', 'inverse', 'option'],
  okx: ['spot', 'swap', 'futures', 'option'],
  deribit: ['spot', 'perpetual', 'future', 'option'],
} as const satisfies Record<Venue, readonly string[]>

/** What a venue trades, and on which terms. Steps are exact decimals as the venue wrote them. */
export interface InstrumentFacts {
  readonly instrument: InstrumentId
  readonly kind: InstrumentKind
  readonly base: string
  readonly quote: string
  /** Currency of margin and profit; the quote of a spot pair. */
  readonly settle: string
  /** Price step, quote (options of Deribit: base coin). The finest where it depends on the price. */
  readonly tick: DecimalString
  /** Size step in the venue's own unit of size: coins, contracts or USD. */
  readonly lot: DecimalString
  readonly minSize: DecimalString
  /** Least order value, quote; '0' when the venue has none. */
  readonly minNotional: DecimalString
  /** What one unit of the venue's size stands for, and of what: 1 base (size in coins), 0.01 base, 100 quote (inverse). */
  readonly contractSize: DecimalString
  readonly contractOf: 'base' | 'quote'
  readonly isTrading: boolean
  readonly listedAt: EpochMs | null
  /** Delivery or expiry; null for what does not expire. */
  readonly expiresAt: EpochMs | null
  /** Options alone. */
  readonly strike: number | null
  readonly option: 'call' | 'put' | null
  readonly fundingIntervalMs: DurationMs | null
}

/** Fields that every record about one instrument has. */
interface About<Kind extends string> {
  readonly kind: Kind
  readonly instrument: InstrumentId
}

export interface InstrumentRecord extends About<'instrument'> {
  readonly facts: InstrumentFacts
}

export interface BarRecord extends About<'bar'> {
  readonly interval: Interval
  readonly openTime: EpochMs
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  /** Base coins. */
  readonly volume: number
  /** Quote currency; null where the payload does not say. */
  readonly quoteVolume: number | null
  /** Whether the venue says that the bar is final. A page of REST without a flag: decided by the caller's clock. */
  readonly isClosed: boolean | null
}

export interface TradeRecord extends About<'trade'> {
  readonly ts: EpochMs
  readonly id: string
  readonly price: number
  readonly size: number
  /** Side of the taker. */
  readonly aggressor: 'buy' | 'sell'
  readonly isLiquidation: boolean | null
}

export interface MarkRecord extends About<'mark'> {
  readonly ts: EpochMs
  readonly mark: number
  readonly index: number | null
}

/** The rate that is being formed for the period that ends at `nextFundingAt`. */
export interface FundingRecord extends About<'funding'> {
  readonly ts: EpochMs
  readonly rate: number
  /** Length of the period that the rate is for; null when the payload does not tell. */
  readonly intervalMs: DurationMs | null
  /** Null where funding is continuous (Deribit). */
  readonly nextFundingAt: EpochMs | null
}

export interface SettlementRecord extends About<'settlement'> {
  /** Rounded to the minute: venues stamp a few ms late. */
  readonly settledAt: EpochMs
  readonly rate: number
  readonly intervalMs: DurationMs | null
}

export interface OpenInterestRecord extends About<'openInterest'> {
  readonly ts: EpochMs
  /** Coins of the base currency, one side. */
  readonly openInterest: number
  /** Quote value where the payload tells it. */
  readonly value: number | null
}

export interface LiquidationRecord extends About<'liquidation'> {
  readonly ts: EpochMs
  /** The position that was closed by force. */
  readonly side: 'long' | 'short'
  readonly price: number
  readonly size: number
}

export interface QuoteRecord extends About<'quote'> {
  /** Null: the payload has no time of the venue (Binance spot). */
  readonly ts: EpochMs | null
  /** Null where that side is empty. */
  readonly bid: number | null
  readonly ask: number | null
  readonly bidSize: number
  readonly askSize: number
}

/** One side of a book: price and size in pairs, flat: [p0, s0, p1, s1, …]. Size 0 removes the level. */
export type Levels = readonly number[]

/** A whole book, or changes to one, with the venue's own sequence numbers. */
export interface BookRecord extends About<'book'> {
  readonly ts: EpochMs | null
  readonly action: 'snapshot' | 'update'
  /** First and last update id of this message. Venues with one id give it twice. */
  readonly firstId: number
  readonly lastId: number
  /** Id that the book must have before this update; null where the venue's rule does not use one. */
  readonly previousId: number | null
  readonly bids: Levels
  readonly asks: Levels
}

/** Null: the venue does not quote it now. */
export interface OptionRecord extends About<'option'> {
  readonly ts: EpochMs
  /** In the option's own price unit (Deribit inverse: base coin). */
  readonly bid: number | null
  readonly ask: number | null
  readonly mark: number | null
  readonly bidIv: number | null
  readonly askIv: number | null
  readonly markIv: number | null
  /** Black-Scholes Greeks as the venue says them; vega in quote per volatility point (0.01), theta per day. */
  readonly delta: number | null
  readonly gamma: number | null
  readonly vega: number | null
  readonly theta: number | null
  /** Forward price that the venue used, quote. */
  readonly underlyingPrice: number | null
  readonly indexPrice: number | null
  readonly openInterest: number | null
}

/** DVOL: the volatility index of a currency. `interval` null: a tick. */
export interface VolatilityIndexRecord {
  readonly kind: 'volatilityIndex'
  readonly venue: Venue
  readonly currency: string
  readonly ts: EpochMs
  /** Decimal a year; of a bar its close. */
  readonly value: number
}

export interface IndexRecord {
  readonly kind: 'index'
  readonly venue: Venue
  /** As the venue names it: `btc_usd`, `BTC-USDT`. */
  readonly name: string
  readonly ts: EpochMs
  readonly price: number
}

export interface ServerTimeRecord {
  readonly kind: 'serverTime'
  readonly venue: Venue
  readonly ts: EpochMs
}

/** A value of an on-chain series for one period; null where the vendor has none yet. */
export interface OnChainRecord {
  readonly kind: 'onChain'
  readonly source: Vendor
  /** As the lake names it: `marketcap_usd`, `stablecoin-supply-ratio`. */
  readonly metric: string
  readonly asset: string
  readonly periodStart: EpochMs
  readonly periodMs: DurationMs
  readonly value: number | null
}

/** The venue's own word about itself or an instrument. */
export interface StatusRecord {
  readonly kind: 'status'
  readonly venue: Venue
  readonly instrument: InstrumentId | null
  readonly status: 'trading' | 'halted' | 'delisted' | 'maintenance' | 'closing'
  readonly detail: string
}

/** Nothing about a market: acknowledgements, pongs, heartbeats, private messages. */
export interface ControlRecord {
  readonly kind: 'control'
  readonly what: 'ack' | 'pong' | 'heartbeat' | 'error' | 'private' | 'other'
  readonly detail: string
}

export type Normal =
  | InstrumentRecord
  | BarRecord
  | TradeRecord
  | MarkRecord
  | FundingRecord
  | SettlementRecord
  | OpenInterestRecord
  | LiquidationRecord
  | QuoteRecord
  | BookRecord
  | OptionRecord
  | VolatilityIndexRecord
  | IndexRecord
  | OnChainRecord
  | ServerTimeRecord
  | StatusRecord
  | ControlRecord

/** What a parser must know beyond the payload. */
export interface ParseContext {
  /** When the payload was received, on the connector's clock; for payloads that have no time of their own. */
  readonly receivedAt: EpochMs
  /** Which market a payload is of, where it does not say itself (REST pages, Binance and Bybit frames). */
  readonly market: string
  /** Symbol and interval that were asked for, where the answer does not repeat them. */
  readonly symbol?: string
  readonly interval?: Interval
  /** Contract sizes: undefined for an instrument that is not known, which is refused where they matter. */
  facts(instrument: InstrumentId): InstrumentFacts | undefined
  /** Last price of an instrument in quote, to turn USD contracts into coins where the payload has no price. */
  price(instrument: InstrumentId): number | undefined
}

/** A payload that does not say what it must: goes to the quarantine file with its reason. */
export class PayloadRefused extends Error {
  override readonly name = 'PayloadRefused'

  /** `path` is where in the payload: `data[0].k.c`. */
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${path}: ${reason}`)
  }
}
