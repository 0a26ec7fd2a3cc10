/** Owns what of the normal form becomes an input, and with which fields. Pure; times and sequence are the host's. */
import { formatUnits, isDecimalString, multiplyUnits, parseUnits } from '#core/decimal'
import { type DurationMs, type EpochMs, HOUR_MS } from '#core/time'
import type {
  BarClosed,
  FundingRateChanged,
  FundingSettled,
  InstrumentListed,
  MarkChanged,
  OpenInterestChanged,
  OptionChainObserved,
  QuoteChanged,
  VolatilityIndexChanged,
} from '#events/market.events'
import type {
  BarRecord,
  FundingRecord,
  InstrumentFacts,
  MarkRecord,
  OpenInterestRecord,
  OptionRecord,
  QuoteRecord,
  SettlementRecord,
  VolatilityIndexRecord,
} from './normal.js'

/** An input without its origin and time. */
export interface MarketInput {
  readonly type:
    | 'InstrumentListed'
    | 'InstrumentDelisted'
    | 'BarClosed'
    | 'FundingSettled'
    | 'FundingRateChanged'
    | 'MarkChanged'
    | 'OpenInterestChanged'
    | 'QuoteChanged'
    | 'VolatilityIndexChanged'
    | 'OptionChainObserved'
    | 'DataQualityChanged'
    | 'FeedInterrupted'
    | 'FeedRestored'
  readonly data: object
}

export interface Fees {
  readonly makerFeeBps: number
  readonly takerFeeBps: number
}

/** The finest step that amounts know, for sizes that are not in coins. */
const FINEST = '0.00000001'

/** Size step in base coins: contracts of coins are converted, contracts of money have no fixed step in coins. */
function lotInBase({ lot, contractSize, contractOf }: InstrumentFacts): string {
  if (contractOf === 'quote') return FINEST
  return contractSize === '1' ? lot : formatUnits(multiplyUnits(parseUnits(lot), parseUnits(contractSize)))
}

/** Least order value in quote: of contracts of money at least the least size. */
function leastNotional({ minNotional, minSize, contractSize, contractOf }: InstrumentFacts): string {
  if (contractOf === 'base') return minNotional
  const size = multiplyUnits(parseUnits(minSize), parseUnits(contractSize))
  return size > parseUnits(minNotional) ? formatUnits(size) : minNotional
}

export function listed(facts: InstrumentFacts, fees: Fees): InstrumentListed['data'] {
  const { instrument, kind, base, quote, tick, expiresAt } = facts
  const terms = { lot: lotInBase(facts), minNotional: leastNotional(facts) }
  const expiry = expiresAt === null ? {} : { expiresAt }
  return { instrument, kind, base, quote, tick: isDecimalString(tick) ? tick : FINEST, ...terms, ...fees, ...expiry }
}

export function closed(bar: BarRecord): BarClosed['data'] {
  const { instrument, interval, openTime, open, high, low, close, volume } = bar
  return { instrument, interval, openTime, open, high, low, close, volume }
}

/** `knownMs`: the interval as it is known otherwise, where the record does not tell. */
export function settled(row: SettlementRecord, knownMs: DurationMs): FundingSettled['data'] {
  const { instrument, settledAt, rate, intervalMs } = row
  return {
    instrument,
    settledAt,
    rate: positiveZero(rate),
    intervalHours: (intervalMs ?? knownMs) / HOUR_MS,
    proxy: false,
  }
}

export function rateChanged(record: FundingRecord, knownMs: DurationMs): FundingRateChanged['data'] {
  const { instrument, rate, intervalMs, nextFundingAt, ts } = record
  return {
    instrument,
    rate: positiveZero(rate),
    intervalHours: (intervalMs ?? knownMs) / HOUR_MS,
    nextFundingAt,
    at: ts,
  }
}

/** Venues write "-0.00000000"; events know one zero. */
const positiveZero = (value: number): number => (value === 0 ? 0 : value)

export function marked({ instrument, mark, index, ts }: MarkRecord): MarkChanged['data'] {
  return { instrument, mark, index, at: ts }
}

export function openInterest(record: OpenInterestRecord): OpenInterestChanged['data'] {
  return { instrument: record.instrument, openInterest: record.openInterest, at: record.ts }
}

/** Undefined while a side is empty: there is no price to trade at. */
export function quoted({ instrument, bid, ask, bidSize, askSize }: QuoteRecord): QuoteChanged['data'] | undefined {
  return bid === null || ask === null ? undefined : { instrument, bid, ask, bidSize, askSize }
}

export function volatility({ venue, currency, value, ts }: VolatilityIndexRecord): VolatilityIndexChanged['data'] {
  return { venue, currency, value, at: ts }
}

/** Chains by expiry, nearest first, options by strike and side; expiries without any forward price are left out. */
export function chains(
  venue: string,
  currency: string,
  options: Iterable<readonly [InstrumentFacts, OptionRecord]>,
): OptionChainObserved['data'][] {
  const byExpiry = new Map<EpochMs, (readonly [InstrumentFacts, OptionRecord])[]>()
  for (const entry of options) {
    const { expiresAt, strike, option } = entry[0]
    if (expiresAt === null || strike === null || option === null) continue
    const there = byExpiry.get(expiresAt)
    if (there) there.push(entry)
    else byExpiry.set(expiresAt, [entry])
  }
  return [...byExpiry]
    .sort(([a], [b]) => a - b)
    .flatMap(([expiresAt, entries]) => {
      const newest = entries.reduce((a, b) => (b[1].ts > a[1].ts ? b : a))[1]
      const underlyingPrice = newest.underlyingPrice
      if (underlyingPrice === null) return []
      const rows = entries
        .map(([facts, record]) => ({
          instrument: record.instrument,
          strike: facts.strike ?? 0, // those without were left out above
          option: facts.option ?? ('call' as const), // as above
          bid: record.bid,
          ask: record.ask,
          mark: record.mark,
          markIv: record.markIv,
          delta: record.delta,
          vega: record.vega,
          openInterest: record.openInterest,
        }))
        .sort((a, b) => a.strike - b.strike || (a.option < b.option ? -1 : 1))
      const { ts: at, indexPrice } = newest
      return [{ venue, currency, expiresAt, at, underlyingPrice, indexPrice, options: rows }]
    })
}
