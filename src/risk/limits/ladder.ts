/**
 * Owns the ladder of drawdowns: which rung the book stands on and by how much that scales it. Must never let the book grow before the
 * drawdown has come back to half of the rung: a book at the edge would else be cut and built at every assessment.
 */

export interface Rung {
  /** Drawdown, positive. */
  readonly at: number
  readonly scale: number
}

/** No rung. */
export const NO_RUNG = -1

/**
 * Index of the deepest rung that holds: one whose drawdown is reached, or one held before whose half is not yet left. `drawdown` is 0 or
 * negative; rungs rise in `at` and never in `scale`. O(rungs).
 */
export function nextRung(before: number, drawdown: number, ladder: readonly Rung[]): number {
  const depth = -drawdown
  let rung = NO_RUNG
  for (let i = 0; i < ladder.length; i++) {
    const { at } = ladder[i]!
    if (depth >= at || (i <= before && depth >= at / 2)) rung = i
  }
  return rung
}

/** Factor on every weight, in [0, 1]. */
export const rungScale = (rung: number, ladder: readonly Rung[]): number => ladder[rung]?.scale ?? 1
