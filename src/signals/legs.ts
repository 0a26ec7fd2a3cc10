/**
 * Owns the terms on which a leg of a package trades: from the configuration, from the venue's own listing once it is seen, and of
 * which kind an instrument is by its id alone. Must never hold an opinion, nor more instruments than its owner lists.
 */
import type { UniverseEntry } from '#core/config/schema'
import { type InstrumentId, parseInstrument } from '#core/ids'
import { invariant } from '#core/invariant'
import type { InstrumentKind, InstrumentListed } from '#events/market.events'
import type { LegRole, LegTerms, PackageLeg } from '#events/package.events'

/** Terms by instrument. Plain data. */
export interface LegBook {
  terms: { [instrument: InstrumentId]: LegTerms }
}

/** `BTCUSD_260327`, `BTC-USD-260327`, `BTC-27MAR26`, and Bybit's inverse `BTCUSDH26`. */
const DATED = /[_-]\d{6}$|-\d{1,2}[A-Z]{3}\d{2}$|USD[FGHJKMNQUVXZ]\d{2}$/
/** Margin in dollar coins: `BTC_USDC-PERPETUAL`, `BTC-USDT-SWAP`. */
const DOLLAR_COIN = /[_-]USD[CT](?:[_-]|$)/

/**
 * Kind by venue and symbol, as the venues name them (venues' documents, 2026): the market tells where it holds one kind, else
 * the symbol. A market that is neither spot, coin-margined, dated nor of options holds linear perpetuals.
 */
export function kindOfId(instrument: InstrumentId): InstrumentKind {
  const { venue = '', market = '', symbol = '' } = parseInstrument(instrument) ?? {}
  if (market === 'spot') return 'spot'
  const mixed = (venue === 'okx' || venue === 'deribit') && !DOLLAR_COIN.test(symbol)
  const isInverse = market === 'coinm' || market === 'inverse' || mixed
  if (market === 'option' || market === 'options') return isInverse ? 'inverseOption' : 'linearOption'
  const isDated = market === 'future' || market === 'futures' || DATED.test(symbol)
  if (isDated) return isInverse ? 'inverseFuture' : 'linearFuture'
  return isInverse ? 'inversePerpetual' : 'linearPerpetual'
}

export const isInverse = (kind: InstrumentKind): boolean => kind.startsWith('inverse')
export const isPerpetual = (kind: InstrumentKind): boolean => kind.endsWith('Perpetual')

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
  const isOfDollars = kind === 'inversePerpetual' || kind === 'inverseFuture'
  return {
    kind,
    base,
    quote,
    settle: isInverse(kind) ? base : quote,
    tick,
    lot: isOfDollars ? (configured?.lot ?? minNotional) : lot,
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
