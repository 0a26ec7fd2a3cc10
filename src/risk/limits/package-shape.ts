/** Owns how a package looks to the limits of vega, margin, venues and coins, at a weight of 1. Must never look at what is held. */
import type { EpochMs } from '#core/time'
import { isOption } from '#events/instrument-kind'
import { basePrice, markOf, type PackageBook, type PackageState } from '../packages/package-state.js'
import type { PackageShape } from './book-limits.js'
import { optionTerms, vegaOf, volOf } from './option-model.js'
import { venueOf } from './places.js'

/** The index stands for the forward of options. O(legs). */
export function shapeOf(book: PackageBook, pkg: PackageState, now: EpochMs): PackageShape {
  const price = basePrice(book, pkg)
  const venues = new Map<string, number>()
  let onMargin = 0
  let vega = 0
  let isShortOnMargin = false
  for (const leg of pkg.legs) {
    if (leg.ratio === 0) continue
    const venue = venueOf(leg.instrument)
    const { kind } = leg.terms
    venues.set(venue, (venues.get(venue) ?? 0) + Math.abs(leg.ratio))
    if (kind !== 'spot' && !isOption(kind)) {
      onMargin += Math.abs(leg.ratio)
      if (leg.ratio < 0) isShortOnMargin = true
    }
    const option = optionTerms(leg.terms)
    const mark = markOf(book, leg)
    if (option === null || !(mark > 0) || !(price > 0)) continue
    vega += (leg.ratio * vegaOf(option, price, volOf(option, mark, price, now), now)) / price
  }
  return {
    coin: pkg.base,
    venues: [...venues].map(([venue, gross]) => ({ venue, gross })),
    marginGross: onMargin,
    isShortOnMargin,
    vega,
  }
}
