/** Owns what agents make of market data: spreads, bases, fronts, volatility. Derived facts; none is an opinion on a trade. */
import { type EventOf, eventType } from './event-type.js'
import { double, integer, list, name, nullable, number, oneOf } from './field.js'

const instrument = name('instrument id')

export const fundingSpreadChanged = eventType(
  'FundingSpreadChanged',
  1,
  'derived',
  'What the venues pay on perpetuals of one coin drew apart or together: the highest and the lowest rate a year.',
  {
    base: name('base currency'),
    highest: instrument,
    highestApr: number(6, 'fraction a year; positive: longs pay'),
    lowest: instrument,
    lowestApr: number(6, 'fraction a year; positive: longs pay'),
    spreadApr: number(6, 'fraction a year'),
    venues: integer('instruments that were compared'),
  },
)

export const basisChanged = eventType(
  'BasisChanged',
  1,
  'derived',
  'What a dated future pays over its index moved. Silent in its last three days, when annual figures explode.',
  {
    instrument,
    base: name('base currency'),
    expiresAt: integer('epoch ms'),
    mark: double('price, quote'),
    index: double('price, quote'),
    basis: number(8, 'mark / index − 1'),
    aprSimple: number(6, 'fraction a year: basis × 365 / days to expiry'),
    daysToExpiry: number(4, 'days'),
  },
)

export const futuresRolled = eventType(
  'FuturesRolled',
  1,
  'derived',
  'Another dated future of a chain (a base and quote of a venue) is the front, by the rule of the roll calendar.',
  {
    base: name('base currency'),
    quote: name('quote currency'),
    venue: name('venue'),
    /** Null for the first one. */
    from: nullable(instrument),
    to: instrument,
    at: integer('since when by the rule, epoch ms'),
  },
)

const missing = oneOf('stale', 'expiries', 'deltas', 'calendarArbitrage')

export const volatilitySurfaceChanged = eventType(
  'VolatilitySurfaceChanged',
  1,
  'derived',
  'What the option chains of a currency say of volatility moved: at the money and at 25 delta, 30 days out; near expiry.',
  {
    venue: name('venue'),
    currency: name('base currency'),
    at: integer('newest chain, time of the venue, epoch ms'),
    atmIv30: nullable(number(6, 'decimal a year; at 50 delta of the calls, at 30 days')),
    put25Iv30: nullable(number(6, 'decimal a year')),
    call25Iv30: nullable(number(6, 'decimal a year')),
    skew30: nullable(number(4, 'volatility points: 25-delta put − call; positive: fear')),
    /** Why one is null: chains too old, no expiries around 30 days, none with that delta, variance that falls with time. */
    atmMissing: nullable(missing),
    skewMissing: nullable(missing),
    /** Expiries between which the skew lies; empty without one. */
    expiries: list(integer('epoch ms')),
    atmIvNear: nullable(number(6, 'decimal a year; of the nearest expiry in 7 to 14 days')),
    nearExpiresAt: nullable(integer('epoch ms')),
    indexIv30: nullable(number(6, 'decimal a year: the volatility index of the venue')),
    used: integer('options that count, of the chains in use'),
    dropped: integer('options without volatility or book, crossed, or wider than 10 points'),
  },
)

export const marketViewEvents = [basisChanged, futuresRolled, fundingSpreadChanged, volatilitySurfaceChanged] as const

export type FundingSpreadChanged = EventOf<typeof fundingSpreadChanged>
export type BasisChanged = EventOf<typeof basisChanged>
export type FuturesRolled = EventOf<typeof futuresRolled>
export type VolatilitySurfaceChanged = EventOf<typeof volatilitySurfaceChanged>
