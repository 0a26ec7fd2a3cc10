/**
 * Owns the book as lines that can be valued at other prices: one a position, directional or leg, each with its venue, coin and kind.
 * Copies only; must never change the book.
 */
import type { EpochMs } from '#core/time'
import { isOption } from '#events/instrument-kind'
import type { InstrumentKind } from '#events/market.events'
import { priceOf } from '../instruments/accounts.js'
import { isDollar } from '../instruments/kinds.js'
import { type OptionTerms, optionTerms, volOf } from '../limits/option-model.js'
import { type Place, placeOf, venueOf } from '../limits/places.js'
import { basePrice, coinsHeld, markOf } from '../packages/package-state.js'
import type { RiskState } from '../risk-state.js'

export interface Line {
  readonly instrument: string
  readonly package: string | undefined
  readonly venue: string
  readonly coin: string
  readonly kind: InstrumentKind
  /** Currency of its profit. */
  readonly settle: string
  /** Slot of the universe whose returns are its own; −1 for none. */
  readonly slot: number
  /** Signed; coins, or US dollars of inverse perpetuals and futures. */
  readonly quantity: number
  /** In the currency of settlement. */
  readonly cost: number
  /** In the unit of the venue. */
  readonly mark: number
  /** Signed notional, the book's own currency. */
  readonly notional: number
  readonly option: { readonly terms: OptionTerms; readonly forward: number; readonly vol: number } | null
}

/** What the lines stand on: the book, its places, and the forwards of chains. */
export interface Sight {
  readonly places: readonly Place[]
  /** Forward over index by `venue coin expiry`. */
  readonly forwards: Readonly<Record<string, { readonly ratio: number }>>
  readonly now: EpochMs
}

export const forwardKey = (venue: string, coin: string, expiresAt: EpochMs): string => `${venue} ${coin} ${expiresAt}`

/** Everything that is held and was ever marked. O(positions). */
export function linesOf(state: RiskState, sight: Sight): Line[] {
  const lines: Line[] = []
  for (const index of state.held) {
    const { instrument, quote, mark, position } = state.slots[index]!
    if (!(mark > 0)) continue
    const place = sight.places[index] ?? placeOf(instrument)
    lines.push({
      instrument,
      package: undefined,
      venue: place.venue,
      coin: place.coin,
      // The ledger keeps positions of slots as linear ones.
      kind: place.isMargined ? 'linearPerpetual' : 'spot',
      settle: quote === state.quote || !isDollar(quote) ? state.quote : quote,
      slot: index < state.virtual.series.length ? index : -1,
      quantity: position.quantityNumber,
      cost: position.costNumber,
      mark,
      notional: position.quantityNumber * mark,
      option: null,
    })
  }
  for (const pkg of state.packages) {
    const price = basePrice(state, pkg)
    for (const leg of pkg.legs) {
      const { position, terms, instrument } = leg
      const mark = markOf(state, leg)
      if (position.quantityNumber === 0 || !(mark > 0)) continue
      lines.push({
        instrument,
        package: pkg.package,
        venue: venueOf(instrument),
        coin: terms.base,
        kind: terms.kind,
        settle: terms.settle,
        slot: isOption(terms.kind) ? -1 : leg.slot,
        quantity: position.quantityNumber,
        cost: position.costNumber,
        mark,
        notional: coinsHeld(leg) * (priceOf(state, terms.base) || price),
        option: optionOf(leg.instrument, optionTerms(terms), terms.base, mark, price, sight),
      })
    }
  }
  return lines
}

function optionOf(
  instrument: string,
  terms: OptionTerms | null,
  coin: string,
  mark: number,
  price: number,
  { forwards, now }: Sight,
): Line['option'] {
  if (terms === null) return null
  const forward = price * (forwards[forwardKey(venueOf(instrument), coin, terms.expiresAt)]?.ratio ?? 1)
  return { terms, forward, vol: volOf(terms, mark, forward, now) }
}

/** Perpetuals and dated futures. */
export const isMargined = ({ kind }: Pick<Line, 'kind'>): boolean => kind !== 'spot' && !isOption(kind)
