/** Owns small sums over a book that several parts of the page say. Pure. */
import type { Book } from '#audit/view/view.port'

/** Positions and legs that are not zero. */
export function openPositions({ positions, packages }: Pick<Book, 'positions' | 'packages'>): number {
  const legs = (packages ?? []).flatMap((each) => each.legs)
  return [...positions, ...legs].filter(({ quantity }) => Number(quantity) !== 0).length
}
