/**
 * Owns the ends of legs: delivery of dated futures, expiry of options, delisting. What is paid is exact, in the currency of
 * settlement, from the price that the event names. Must never touch the state.
 */
import { formatUnits, unitsFromNumber } from '#core/decimal'
import type { EpochMs } from '#core/time'
import { isOption } from '#events/instrument-kind'
import { quantise } from '#events/line-buffer'
import type { PositionSettled } from '#events/risk.events'
import { settlementPrice } from '../instruments/kinds.js'
import { settlementOf } from '../ledger.js'
import type { RiskState } from '../risk-state.js'
import { indexOfEnd } from './marks.js'
import { type LegState, type PackageState, seenMark } from './package-state.js'

export type SettledDraft = { readonly type: 'PositionSettled'; readonly data: PositionSettled['data'] }

function settled(
  state: RiskState,
  pkg: PackageState,
  leg: LegState,
  price: string,
  cause: NonNullable<PositionSettled['data']['cause']>,
  deliveryPrice: string | undefined,
): SettledDraft {
  return {
    type: 'PositionSettled',
    data: {
      instrument: leg.instrument,
      quantity: leg.position.quantity,
      price,
      realised: settlementOf(leg.position, price, leg.terms.kind),
      cause,
      ...(leg.terms.settle === state.quote ? {} : { currency: leg.terms.settle }),
      ...(deliveryPrice === undefined ? {} : { deliveryPrice }),
      package: pkg.package,
    },
  }
}

/** Legs that ended and are still held. O(legs). */
export function settleEnds(state: RiskState, now: EpochMs): SettledDraft[] {
  const drafts: SettledDraft[] = []
  for (const pkg of state.packages)
    for (const leg of pkg.legs) {
      const { terms, position } = leg
      if (position.quantity === '0' || terms.expiresAt === undefined || terms.expiresAt > now) continue
      const index = leg.endIndex > 0 ? leg.endIndex : indexOfEnd(state, leg)
      // Without any index it waits for the first: nothing is settled at a guess.
      if (!(index > 0)) continue
      const deliveryPrice = unitsFromNumber(quantise(index, 8))
      const price = settlementPrice(terms, deliveryPrice, unitsFromNumber(terms.strike ?? 0))
      const cause = isOption(terms.kind) ? 'expiry' : 'delivery'
      drafts.push(settled(state, pkg, leg, formatUnits(price), cause, formatUnits(deliveryPrice)))
    }
  return drafts
}

/** Legs of an instrument that trades no more, at their last mark. */
export function settleDelisted(state: RiskState, instrument: string, now: EpochMs): SettledDraft[] {
  const drafts: SettledDraft[] = []
  for (const pkg of state.packages)
    for (const leg of pkg.legs) {
      if (leg.instrument !== instrument || leg.position.quantity === '0') continue
      // What is delisted because it ended pays what it pays at its end.
      if (leg.terms.expiresAt !== undefined && leg.terms.expiresAt <= now) continue
      const price = unitsFromNumber(quantise(seenMark(state, leg), 8))
      if (price <= 0n) continue
      drafts.push(settled(state, pkg, leg, formatUnits(price), 'delisted', undefined))
    }
  return drafts
}
