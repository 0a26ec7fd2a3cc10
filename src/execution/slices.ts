/**
 * Owns the cutting of an order into slices: TWAP on the lot grid, and participation in a bar's volume (methods, section 15).
 * Must never lose or invent a lot: amounts are exact, and slices sum to the order.
 */
import type { Units } from '#core/decimal'
import { invariant } from '#core/invariant'

/**
 * TWAP slices (Almgren-Chriss 2000, risk-neutral limit) by cumulative floor: after k of n slices floor(Q k/n) lots are
 * out. Amounts in 1e-8 units; they sum to Q truncated to the lot. Slices may be 0 when there are fewer lots than slices.
 */
export function twapSlices(quantity: Units, slices: number, lot: Units): Units[] {
  invariant(Number.isInteger(slices) && slices > 0, 'twapSlices: the number of slices must be whole and positive')
  invariant(quantity >= 0n && lot > 0n, 'twapSlices: quantity and lot must not be negative')
  const n = BigInt(slices)
  let before = 0n
  return Array.from({ length: slices }, (_, k) => {
    const lots = (quantity * BigInt(k + 1)) / (n * lot)
    const slice = (lots - before) * lot
    before = lots
    return slice
  })
}

/** Part of `remaining` that a bar of `barVolume` takes at most `maxShare` (0.1) of; all in one unit. */
export function participationFill(remaining: number, barVolume: number, maxShare: number): number {
  invariant(remaining >= 0 && barVolume >= 0 && maxShare >= 0, 'participationFill: inputs must not be negative')
  return Math.min(remaining, barVolume * maxShare)
}
