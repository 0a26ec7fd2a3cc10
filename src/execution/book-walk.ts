/**
 * Owns the immediate-or-cancel fill against a visible book (methods, section 15). Must never fill beyond the limit or the
 * depth shown, and leaves nothing resting: what is not filled is cancelled.
 */
import { invariant } from '#core/invariant'

/** Price and size of a level; best first: asks ascending for a buy, bids descending for a sell. */
export type BookLevel = readonly [price: number, quantity: number]

export interface BookWalk {
  readonly filled: number
  /** Average price of the fill; null when nothing was filled. */
  readonly averagePrice: number | null
  readonly cancelled: number
}

/** Walks the levels up to and including `limit`. An empty book fills nothing. O(levels touched). */
export function walkBook(
  side: 'buy' | 'sell',
  levels: readonly BookLevel[],
  quantity: number,
  limit: number,
): BookWalk {
  invariant(quantity >= 0, 'walkBook: quantity must not be negative')
  let rest = quantity
  let filled = 0
  let paid = 0
  for (const [price, size] of levels) {
    if (!(rest > 0) || (side === 'buy' ? price > limit : price < limit)) break
    const taken = Math.min(rest, size)
    filled += taken
    paid += taken * price
    rest -= taken
  }
  return { filled, averagePrice: filled > 0 ? paid / filled : null, cancelled: rest }
}
