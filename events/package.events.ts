/**
 * Owns packages: positions of several legs, across instruments and venues, that are sized, filled and unwound as one.
 * A signal says what a package is; the blender how large; risk what is held of it. Signs stand in the legs, never in the size.
 */
import { type EventOf, eventType } from './event-type.js'
import { decimal, flag, integer, list, name, nullable, number, oneOf, optional, record } from './field.js'
import { INSTRUMENT_KINDS } from './market.events.js'

const instrument = name('instrument id')

export const PACKAGE_KINDS = ['carry', 'basis', 'dispersion', 'straddle', 'riskReversal'] as const
export type PackageKind = (typeof PACKAGE_KINDS)[number]

export const LEG_ROLES = [
  'spot',
  'perpetual',
  'otherPerpetual',
  'future',
  'call',
  'put',
  'wingCall',
  'wingPut',
  'hedge',
] as const
export type LegRole = (typeof LEG_ROLES)[number]

/** What must be known of an instrument to hold it: in the event, because options and dated futures come and go. */
export const legTerms = record({
  kind: oneOf(...INSTRUMENT_KINDS),
  base: name('base currency'),
  quote: name('quote currency'),
  /** Currency of its profits: the base of inverse kinds, else the quote. */
  settle: name('currency'),
  tick: decimal('price step'),
  /** Coins; US dollars for inverse perpetuals and futures. */
  lot: decimal('size step'),
  expiresAt: optional(integer('epoch ms')),
  strike: optional(number(8, 'quote')),
  option: optional(oneOf('call', 'put')),
})

export const packageChanged = eventType(
  'PackageChanged',
  1,
  'derived',
  'A signal changed its mind about a package of legs, with the numbers that decided.',
  {
    signal: name('signal'),
    /** `<signal>/<subject>`, the same for as long as the signal speaks about the same subject. */
    package: name('package'),
    kind: oneOf(...PACKAGE_KINDS),
    reason: name('reason code'),
    strength: number(6, 'in [-1, 1]; the sign is that of the first leg'),
    confidence: number(6, 'in [0, 1]'),
    /** Notional of one unit a NAV: 0 closes the package. One unit is one base coin; never negative. */
    targetWeight: number(6, 'fraction of NAV'),
    asOf: integer('epoch ms'),
    validUntil: integer('epoch ms; stale afterwards'),
    price: number(8, 'price of a base coin that it was sized at, quote'),
    /** Never empty while targetWeight is positive. A leg that stays is named again; one that is left out is closed. */
    legs: list(
      record({
        role: oneOf(...LEG_ROLES),
        instrument,
        /** Signed base coins of this leg for one unit. */
        ratio: number(8, 'base coins'),
        /** Delta of one base coin of this leg: 1 but for options. */
        delta: number(6, 'base coins'),
        terms: legTerms,
      }),
    ),
    terms: list(
      record({ name: name('term'), value: nullable(number(8)), threshold: optional(number(8)) }),
      'numbers that decided',
    ),
    inputs: list(integer('seq')),
  },
)

export const packageImbalanced = eventType(
  'PackageImbalanced',
  1,
  'derived',
  'The legs of a package do not match: legging risk, and what risk does about it.',
  {
    package: name('package'),
    signal: name('signal'),
    /** Delta of what is held beyond what its ratios ask for. */
    excessDelta: number(8, 'base coins'),
    excessWeight: number(8, 'fraction of NAV'),
    tolerance: number(8, 'fraction of the largest leg'),
    attempts: integer('orders sent so far to mend it'),
    action: oneOf('completes', 'unwinds', 'stuck'),
    legs: list(record({ instrument, wanted: decimal('base units, signed'), held: decimal('base units, signed') })),
    isHalted: flag(),
  },
)

export const packageEvents = [packageChanged, packageImbalanced] as const
export type PackageChanged = EventOf<typeof packageChanged>
export type PackageImbalanced = EventOf<typeof packageImbalanced>
export type PackageLeg = PackageChanged['data']['legs'][number]
export type LegTerms = PackageLeg['terms']
