/** Owns market data as events: instruments, bars, instants, funding, quotes. Times of the venue stand in `data`. */
import { type EventOf, eventType } from './event-type.js'
import { decimal, double, flag, integer, list, name, number, oneOf, optional } from './field.js'

const instrument = name('instrument id')
const interval = name('bar interval')

export const instrumentListed = eventType(
  'InstrumentListed',
  1,
  'input',
  'A venue trades this instrument on these terms from now on.',
  {
    instrument,
    kind: oneOf('spot', 'linearPerpetual'),
    base: name('base currency'),
    quote: name('quote currency'),
    tick: decimal('price step, quote'),
    lot: decimal('size step, base'),
    minNotional: decimal('least order value, quote'),
    makerFeeBps: number(4, 'fee, bp'),
    takerFeeBps: number(4, 'fee, bp'),
    /** Instrument whose bars stand for it, where its own history is missing. */
    barsOf: optional(instrument),
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

export const marketEvents = [
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
