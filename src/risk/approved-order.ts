/**
 * Owns the only way to approve an order. The brand cannot be made elsewhere, so inside this room nothing becomes an
 * OrderApproved without these checks. Rooms may not import each other and an event is plain data: across rooms the event
 * OrderApproved BY risk/engine is the approval, and execution must refuse one that is `by` anybody else.
 */
import { type DecimalString, formatUnits, type Units } from '#core/decimal'
import { invariant } from '#core/invariant'
import type { LegTerms } from '#events/package.events'
import type { OrderApproved } from '#events/risk.events'

declare const approved: unique symbol
/** The draft of an OrderApproved; only {@link approveOrder} makes one. */
export interface ApprovedOrder {
  readonly type: 'OrderApproved'
  readonly data: OrderApproved['data'] & { readonly [approved]: true }
}

export interface OrderTerms {
  readonly order: string
  readonly instrument: string
  /** Signed base units. */
  readonly change: Units
  /** Position it starts from, signed base units. */
  readonly held: Units
  readonly reduceOnly: boolean
  readonly purpose: OrderApproved['data']['purpose']
  readonly referencePrice: DecimalString
  readonly weightBefore: number
  readonly weightAfter: number
  readonly stopPrice?: DecimalString | undefined
  readonly triggerOpen?: DecimalString | undefined
  /** Package that it is a leg of. */
  readonly package?: string | undefined
  /** Of an instrument outside the universe. */
  readonly terms?: LegTerms | undefined
}

/** Whether a change takes a position nearer to 0 and not beyond. */
export const shrinks = (held: Units, change: Units): boolean =>
  held > 0n ? change < 0n && held + change >= 0n : held < 0n && change > 0n && held + change <= 0n

/**
 * Approves an order. Throws InvariantError on an empty one, on a reduce-only order that would add to or flip the position,
 * and on one that adds risk while trading is halted or for any purpose but `rebalance` and `package`. Legs of packages are never
 * reduce-only at the venue, which nets them with other positions: `unwind` is what must only reduce here.
 */
export function approveOrder(terms: OrderTerms, halted: boolean): ApprovedOrder {
  const { change, held, reduceOnly, purpose } = terms
  invariant(change !== 0n, () => `${terms.instrument}: an order of nothing`)
  const isLeg = purpose === 'package' || purpose === 'unwind'
  invariant(isLeg === (terms.package !== undefined) && !(isLeg && reduceOnly), () => `${terms.instrument}: no leg`)
  if (reduceOnly || purpose === 'unwind') {
    invariant(
      shrinks(held, change),
      () => `${terms.instrument}: reduce-only ${formatUnits(change)} of ${formatUnits(held)}`,
    )
  } else {
    invariant(!halted, () => `${terms.instrument}: an order that adds risk while trading is halted`)
    invariant(
      purpose === 'rebalance' || purpose === 'package',
      () => `${terms.instrument}: ${purpose} must be reduce-only`,
    )
  }
  const data = {
    order: terms.order,
    instrument: terms.instrument,
    side: change > 0n ? 'buy' : 'sell',
    quantity: formatUnits(change > 0n ? change : -change),
    reduceOnly,
    purpose,
    ...(terms.package === undefined ? {} : { package: terms.package }),
    ...(terms.terms === undefined ? {} : { terms: { ...terms.terms } }),
    referencePrice: terms.referencePrice,
    weightBefore: terms.weightBefore,
    weightAfter: terms.weightAfter,
    ...(terms.stopPrice === undefined ? {} : { stopPrice: terms.stopPrice }),
    ...(terms.triggerOpen === undefined ? {} : { triggerOpen: terms.triggerOpen }),
  } as ApprovedOrder['data'] // the brand is put on here and nowhere else
  return { type: 'OrderApproved', data }
}
