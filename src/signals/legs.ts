/**
 * Owns the terms on which a leg of a package trades: from the configuration, from the venue's own listing once it is seen, and of
 * which kind an instrument is by its id alone. Must never hold an opinion, nor more instruments than its owner lists.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { InstrumentId } from '#core/ids'
import { invariant } from '#core/invariant'
import { isInDollars, isInverse, isPerpetual, kindOfId } from '#events/instrument-kind'
import type { InstrumentListed } from '#events/market.events'
import type { LegRole, LegTerms, PackageLeg } from '#events/package.events'

/** Terms by instrument. Plain data. */
export interface LegBook {
  terms: { [instrument: InstrumentId]: LegTerms }
}

export { isInverse, isPerpetual, kindOfId }

/** Terms as the configuration states them. */
export function termsOfEntry({ instrument, base, quote, tick, lot }: UniverseEntry): LegTerms {
  const kind = kindOfId(instrument)
  return { kind, base, quote, settle: isInverse(kind) ? base : quote, tick, lot }
}

/**
 * Terms as the venue lists them. Contracts of dollars have no step in coins: the least order value, which is one contract, stands
 * for their step in dollars, unless `configured` says another.
 */
export function termsOfListing(listing: InstrumentListed['data'], configured?: LegTerms): LegTerms {
  const { kind, base, quote, tick, lot, minNotional, expiresAt } = listing
  return {
    kind,
    base,
    quote,
    settle: isInverse(kind) ? base : quote,
    tick,
    lot: isInDollars(kind) ? (configured?.lot ?? minNotional) : lot,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}

/** The terms of these entries, by the configuration. */
export function createLegBook(universe: readonly UniverseEntry[]): LegBook {
  return { terms: Object.fromEntries(universe.map((entry) => [entry.instrument, termsOfEntry(entry)])) }
}

/** Takes the venue's word. Owners that keep a bound list only what they may trade. */
export function listLeg(book: LegBook, listing: InstrumentListed['data']): void {
  book.terms[listing.instrument] = termsOfListing(listing, book.terms[listing.instrument])
}

export function unlistLeg(book: LegBook, instrument: InstrumentId): void {
  delete book.terms[instrument]
}

/** `ratio`: signed base coins a unit; `delta` of one base coin of the leg: 1 but for options. Throws for an instrument without terms. */
export function makeLeg(book: LegBook, role: LegRole, instrument: InstrumentId, ratio: number, delta = 1): PackageLeg {
  const terms = book.terms[instrument]
  invariant(terms !== undefined, () => `${instrument}: a leg without terms`)
  return { role, instrument, ratio: ratio + 0, delta, terms }
}
