/**
 * Owns margin: how far prices may move before the collateral of a perpetual or dated future is used up. A model [D], not a venue's:
 * `risk.marginCollateral` of NAV backs all derivatives in proportion to their notional, options apart, inverse ones in their coin; a
 * position is taken over by the venue when what backs it falls to `risk.maintenanceMargin` of its notional at that price.
 */
import type { RiskConfig } from '#core/config/schema'
import { isInDollars } from '#events/instrument-kind'
import type { InstrumentKind } from '#events/market.events'
import { isMargined, type Line } from './lines.js'

/**
 * Move of the price against a position, a share of it, at which its margin is used up; `backing`: collateral a notional. Positive iff it
 * has more than it needs now; null: no price does that. Where the price moves by x and the position was worth 1:
 * linear short backing − x = m(1 + x); long backing − x = m(1 − x); inverse ones the same in coins, worth 1 / (1 ± x) each.
 */
export function liquidationDistance(
  kind: InstrumentKind,
  isShort: boolean,
  backing: number,
  maintenance: number,
): number | null {
  const spare = backing - maintenance
  if (isInDollars(kind)) {
    if (!isShort) return spare / (1 + backing)
    return backing >= 1 ? null : spare / (1 - backing)
  }
  if (isShort) return spare / (1 + maintenance)
  return backing >= 1 ? null : spare / (1 - maintenance)
}

export interface LegMargin {
  readonly line: Line
  readonly distance: number | null
  /** A long one is not asked. */
  readonly survives: boolean
}

export interface Margin {
  /** The book's own currency. */
  readonly collateral: number
  readonly maintenance: number
  readonly legs: readonly LegMargin[]
}

/** O(positions). */
export function marginOf(lines: readonly Line[], nav: number, risk: RiskConfig): Margin {
  const legs = lines.filter(isMargined)
  let notional = 0
  for (const line of legs) notional += Math.abs(line.notional)
  const collateral = Math.max(0, nav) * risk.marginCollateral
  const backing = notional > 0 ? collateral / notional : 0
  return {
    collateral,
    maintenance: notional * risk.maintenanceMargin,
    legs: legs.map((line) => {
      const isShort = line.quantity < 0
      const distance = liquidationDistance(line.kind, isShort, backing, risk.maintenanceMargin)
      return { line, distance, survives: !isShort || distance === null || distance >= risk.marginStress }
    }),
  }
}
