/**
 * Owns legging risk: what is done about packages whose legs do not match once no order of theirs is in flight. Up to three times
 * they are completed, then taken back to the units that every leg supports, then told to be stuck; the next assessment tries again
 * to take back what is too much. A package of which a leg ended goes at once. Must never add to a leg while trading is halted.
 */
import type { RiskConfig } from '#core/config/schema'
import type { DecideContext } from '#core/decider'
import { formatUnits, type Units } from '#core/decimal'
import { type EpochMs, HOUR_MS } from '#core/time'
import type { PackageImbalanced } from '#events/package.events'
import { type ApprovedOrder, shrinks } from '../approved-order.js'
import { equity, type RiskState } from '../risk-state.js'
import { legOrder } from './assess-packages.js'
import { imbalanceOf } from './balance.js'
import {
  aimUnits,
  basePrice,
  heldUnits,
  isInFlight,
  LEG_TOLERANCE,
  type LegState,
  legMarkedAt,
  MEND_ATTEMPTS,
  markOf,
  type PackageState,
} from './package-state.js'
import { aimNow, isOver, supportedUnits, unwoundAims } from './sizing.js'

type ImbalancedDraft = { readonly type: 'PackageImbalanced'; readonly data: PackageImbalanced['data'] }
export type MendDraft = ImbalancedDraft | ApprovedOrder
type Action = PackageImbalanced['data']['action']

interface Repair {
  readonly action: Action
  readonly aims: readonly Units[]
}

/** All packages that are out of balance now, each with its orders in the same step; `later` are left alone this time. */
export function mendPackages(
  state: RiskState,
  risk: RiskConfig,
  context: DecideContext,
  later: ReadonlySet<string | undefined>,
): MendDraft[] {
  const drafts: MendDraft[] = []
  let nav = 0
  for (const pkg of state.packages) {
    if (pkg.status === 'stuck' || later.has(pkg.package) || isInFlight(state, pkg.package)) continue
    const { legs, excessDelta } = imbalanceOf(state, pkg)
    const ended = pkg.isBroken && pkg.legs.some((leg) => leg.position.quantity !== '0')
    if (legs.length === 0 && !ended) continue
    if (pkg.legs.some((leg) => leg.position.quantity !== '0' && !isFresh(state, leg, context.ts, risk))) continue
    if (nav === 0) nav = equity(state)
    drafts.push(...mend(state, pkg, legs, excessDelta, nav, context))
  }
  return drafts
}

const isFresh = (state: RiskState, leg: LegState, now: EpochMs, risk: RiskConfig): boolean =>
  isOver(leg, now) || (markOf(state, leg) > 0 && now - legMarkedAt(state, leg) <= risk.maxMarkAgeHours * HOUR_MS)

function mend(
  state: RiskState,
  pkg: PackageState,
  off: readonly LegState[],
  excessDelta: number,
  nav: number,
  context: DecideContext,
): MendDraft[] {
  const { action, aims } = repairOf(state, pkg, off, context.ts)
  const excessWeight = nav > 0 ? (excessDelta * basePrice(state, pkg)) / nav : 0
  const draft: ImbalancedDraft = {
    type: 'PackageImbalanced',
    data: {
      package: pkg.package,
      signal: pkg.signal,
      excessDelta: excessDelta + 0,
      excessWeight: excessWeight + 0,
      tolerance: LEG_TOLERANCE,
      attempts: pkg.attempts,
      action,
      legs: pkg.legs.map((leg, i) => ({
        instrument: leg.instrument,
        wanted: formatUnits(aims[i]!),
        held: leg.position.quantity,
      })),
      isHalted: state.halted,
    },
  }
  if (action === 'stuck') return [draft]
  const orders: ApprovedOrder[] = []
  pkg.legs.forEach((leg, i) => {
    const change = aims[i]! - heldUnits(leg)
    if (change === 0n || isOver(leg, context.ts)) return
    if (action === 'completes' && !off.includes(leg)) return
    orders.push(legOrder(state, pkg, { leg, change }, nav, context))
  })
  return [draft, ...orders]
}

function repairOf(state: RiskState, pkg: PackageState, off: readonly LegState[], now: EpochMs): Repair {
  const aims = pkg.legs.map((leg) => (off.includes(leg) ? aimNow(state, leg) : aimUnits(leg)))
  if (pkg.attempts >= 2 * MEND_ATTEMPTS) return { action: 'stuck', aims }
  const isTakenBack = pkg.status === 'unwinding'
  const grows = pkg.legs.some((leg, i) => off.includes(leg) && !shrinks(heldUnits(leg), aims[i]! - heldUnits(leg)))
  const isOpenLeg = off.every((leg) => !isOver(leg, now))
  const completes = !pkg.isBroken && isOpenLeg && !isTakenBack && pkg.attempts < MEND_ATTEMPTS
  if (completes && !(state.halted && grows)) return { action: 'completes', aims }
  const units = pkg.isBroken ? 0n : supportedUnits(state, pkg, now)
  return { action: 'unwinds', aims: unwoundAims(state, pkg, units, now) }
}

/** Orders that close every leg without an order in flight: the book is being closed. */
export function closePackages(state: RiskState, context: DecideContext, nav: number): ApprovedOrder[] {
  const orders: ApprovedOrder[] = []
  for (const pkg of state.packages)
    for (const leg of pkg.legs) {
      const held = heldUnits(leg)
      if (held === 0n || isOver(leg, context.ts) || isInFlight(state, pkg.package, leg.instrument)) continue
      orders.push(legOrder(state, pkg, { leg, change: -held }, nav, context))
    }
  return orders
}
