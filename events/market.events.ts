/** Owns market data as events: instruments, bars, instants, funding, quotes. Times of the venue stand in `data`. */
import { type EventOf, eventType } from './event-type.js'
import { decimal, double, flag, integer, list, name, nullable, number, oneOf, optional, record, text } from './field.js'

const instrument = name('instrument id')
const interval = name('bar interval')

export const INSTRUMENT_KINDS = [
  'spot',
  'linearPerpetual',
  'inversePerpetual',
  'linearFuture',
  'inverseFuture',
  'linearOption',
  'inverseOption',
] as const
export type InstrumentKind = (typeof INSTRUMENT_KINDS)[number]

export const instrumentListed = eventType(
  'InstrumentListed',
  1,
  'input',
  'A venue trades this instrument on these terms from now on.',
  {
    instrument,
    kind: oneOf(...INSTRUMENT_KINDS),
    base: name('base currency'),
    quote: name('quote currency'),
    tick: decimal('price step, quote'),
    lot: decimal('size step, base'),
    minNotional: decimal('least order value, quote'),
    makerFeeBps: number(4, 'fee, bp'),
    takerFeeBps: number(4, 'fee, bp'),
    /** Instrument whose bars stand for it, where its own history is missing. */
    barsOf: optional(instrument),
    /** Delivery or expiry of what has one. */
    expiresAt: optional(integer('epoch ms')),
  },
)

const bar = {
  instrument,
  interval,
  openTime: integer('start of the bar, epoch ms'),
  open: double('price, quote'),
  high: double('price, quote'),
  low: double('price, quote'),
  close: double('price, quote'),
  volume: double('base units'),
}

export const barClosed = eventType('BarClosed', 1, 'input', 'A bar is complete; usable from here on.', bar)

export const barAggregated = eventType('BarAggregated', 1, 'derived', 'A coarser bar, built from finer ones.', {
  ...bar,
  parts: integer('finer bars in it'),
  expected: integer('finer bars that a complete one has'),
  complete: flag(),
})

export const barOpened = eventType(
  'BarOpened',
  1,
  'input',
  'The next bar of an instrument with a waiting order began. Read by the paper venue alone: `liquidity` is not known before the bar closes.',
  {
    instrument,
    interval,
    openTime: integer('start of the bar, epoch ms'),
    open: double('price, quote'),
    liquidity: double('volume of the bar, base units'),
  },
)

export const instantClosed = eventType(
  'InstantClosed',
  1,
  'input',
  'Every subscribed bar of this instant is in, or is missing.',
  {
    instant: integer('close of the bars, epoch ms'),
    intervals: list(interval),
    missing: list(instrument),
  },
)

export const fundingSettled = eventType('FundingSettled', 1, 'input', 'A perpetual settled its funding.', {
  instrument,
  settledAt: integer('epoch ms'),
  rate: double('fraction of notional for this interval; positive: longs pay'),
  intervalHours: number(4, 'hours'),
  proxy: flag('true: no datum; longs pay the rate, shorts receive nothing'),
})

export const quoteChanged = eventType(
  'QuoteChanged',
  1,
  'input',
  'Best bid and ask of an instrument held or ordered.',
  {
    instrument,
    bid: double('price, quote'),
    ask: double('price, quote'),
    bidSize: double('base units'),
    askSize: double('base units'),
  },
)

export const instrumentDelisted = eventType(
  'InstrumentDelisted',
  1,
  'input',
  'The instrument trades no more: positions are settled at its last mark.',
  {
    instrument,
    reason: name('why'),
  },
)

export const markChanged = eventType(
  'MarkChanged',
  1,
  'input',
  'Mark and index price of a derivative; at most once a second an instrument, when changed.',
  {
    instrument,
    mark: double('price, quote'),
    index: nullable(double('price, quote')),
    at: integer('time of the venue, epoch ms'),
  },
)

export const fundingRateChanged = eventType(
  'FundingRateChanged',
  1,
  'input',
  'The rate being formed for the running funding period; at most once a second an instrument, when changed.',
  {
    instrument,
    rate: double('fraction of notional for this period; positive: longs pay'),
    intervalHours: number(4, 'hours'),
    nextFundingAt: nullable(integer('epoch ms; null where funding is continuous')),
    at: integer('time of the venue, epoch ms'),
  },
)

export const openInterestChanged = eventType(
  'OpenInterestChanged',
  1,
  'input',
  'Open interest of a derivative; at most once a second an instrument, when changed.',
  {
    instrument,
    openInterest: double('base coins, one side'),
    at: integer('time of the venue, epoch ms'),
  },
)

export const volatilityIndexChanged = eventType(
  'VolatilityIndexChanged',
  1,
  'input',
  'A volatility index (DVOL); at most once a second, when changed.',
  {
    venue: name('venue'),
    currency: name('base currency'),
    value: double('decimal a year: 0.5 is 50 %'),
    at: integer('time of the venue, epoch ms'),
  },
)

export const optionChainObserved = eventType(
  'OptionChainObserved',
  1,
  'input',
  'The quotes of all options of one expiry as the venue showed them at one time; volatilities are decimals.',
  {
    venue: name('venue'),
    currency: name('base currency'),
    expiresAt: integer('epoch ms'),
    at: integer('time of the venue, epoch ms'),
    /** Forward of that expiry. */
    underlyingPrice: double('price, quote'),
    indexPrice: nullable(double('price, quote')),
    options: list(
      record({
        instrument,
        strike: double('quote'),
        option: oneOf('call', 'put'),
        bid: nullable(double('option price, in the unit of the venue')),
        ask: nullable(double('option price, in the unit of the venue')),
        mark: nullable(double('option price, in the unit of the venue')),
        markIv: nullable(double('decimal a year')),
        delta: nullable(double('of the venue; puts negative')),
        vega: nullable(double('quote a volatility point')),
        openInterest: nullable(double('base coins')),
      }),
    ),
  },
)

export const onChainPublished = eventType(
  'OnChainPublished',
  1,
  'input',
  'A value of an on-chain series became usable: its period and the publication lag are over.',
  {
    source: name('vendor'),
    metric: name('metric'),
    asset: name('asset'),
    periodStart: integer('epoch ms'),
    periodMs: integer('milliseconds'),
    availableAt: integer('epoch ms'),
    value: double('in the unit of the metric'),
    /** 0 for the first value of a period; a vendor that corrects itself counts up. */
    revision: integer('number'),
  },
)

export const dataQualityChanged = eventType(
  'DataQualityChanged',
  1,
  'input',
  'A check of incoming data began or ceased to fail. What depends on the instrument holds while one fails.',
  {
    subject: name('instrument id or feed'),
    check: oneOf('stale', 'gap', 'duplicate', 'outlier', 'crossed', 'deviation', 'clock'),
    isBad: flag(),
    detail: text('what was seen, with numbers'),
  },
)

export const marketEvents = [
  markChanged,
  fundingRateChanged,
  openInterestChanged,
  volatilityIndexChanged,
  optionChainObserved,
  onChainPublished,
  dataQualityChanged,
  instrumentDelisted,
  instrumentListed,
  barClosed,
  barAggregated,
  barOpened,
  instantClosed,
  fundingSettled,
  quoteChanged,
] as const

export type InstrumentListed = EventOf<typeof instrumentListed>
export type BarClosed = EventOf<typeof barClosed>
export type BarAggregated = EventOf<typeof barAggregated>
export type BarOpened = EventOf<typeof barOpened>
export type InstantClosed = EventOf<typeof instantClosed>
export type FundingSettled = EventOf<typeof fundingSettled>
export type QuoteChanged = EventOf<typeof quoteChanged>
export type InstrumentDelisted = EventOf<typeof instrumentDelisted>
export type MarkChanged = EventOf<typeof markChanged>
export type FundingRateChanged = EventOf<typeof fundingRateChanged>
export type OpenInterestChanged = EventOf<typeof openInterestChanged>
export type VolatilityIndexChanged = EventOf<typeof volatilityIndexChanged>
export type OptionChainObserved = EventOf<typeof optionChainObserved>
export type OnChainPublished = EventOf<typeof onChainPublished>
export type DataQualityChanged = EventOf<typeof dataQualityChanged>
