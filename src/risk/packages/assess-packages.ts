/**
 * Owns the packages' part of an assessment: barriers, wishes for the pipeline, weights into units and orders of all legs in one
 * step, refusals with their codes. Must never touch the state, and never approve one leg while another may not be traded.
 */
import type { RiskConfig } from '#core/config/schema'
import type { DecideContext } from '#core/decider'
import { formatUnits, parseUnits, roundToStep, type Units, unitsFromNumber, unitsToNumber } from '#core/decimal'
import { type EpochMs, HOUR_MS } from '#core/time'
import { isInDollars } from '#events/instrument-kind'
import type { RiskAssessed } from '#events/risk.events'
import { type ApprovedOrder, approveOrder, shrinks } from '../approved-order.js'
import { priceOf } from '../instruments/accounts.js'
import { shapeOf } from '../limits/package-shape.js'
import type { RiskState } from '../risk-state.js'
import { aimingOf } from './package-fold.js'
import {
  aimUnits,
  basePrice,
  exposureOf,
  heldUnits,
  isInFlight,
  type LegState,
  legMarkedAt,
  markOf,
  ORPHAN_MS,
  type PackageState,
  unitsOf,
} from './package-state.js'
import { aimsFor, coinsAt, isOver, unitsOnGrid } from './sizing.js'
import { NO_PACKAGES, type PackageWish } from './wishes.js'

type Assessed = NonNullable<RiskAssessed['data']['packages']>[number]
export type PackageRefusal =
  | 'no-mark'
  | 'stale-mark'
  | 'not-listed'
  | 'below-lot'
  | 'below-min-notional'
  | 'trading-halted'
  | 'imbalanced'

interface PackageRow {
  readonly pkg: PackageState
  readonly wish: PackageWish
  readonly barrier: PackageRefusal | null
}

/** Why a leg may not be traded now; null when it may. A leg that is not held and not wanted is no concern. */
function legBarrier(state: RiskState, leg: LegState, now: EpochMs, risk: RiskConfig): PackageRefusal | null {
  if (isOver(leg, now)) return leg.ratio === 0 ? null : 'not-listed'
  if (!(markOf(state, leg) > 0)) return 'no-mark'
  return now - legMarkedAt(state, leg) > risk.maxMarkAgeHours * HOUR_MS ? 'stale-mark' : null
}

function barrierOf(state: RiskState, pkg: PackageState, now: EpochMs, risk: RiskConfig): PackageRefusal | null {
  const isWanted = pkg.weight > 0
  let barrier: PackageRefusal | null = null
  for (const leg of pkg.legs) {
    if (!isWanted && leg.position.quantity === '0') continue
    const one = legBarrier(state, leg, now, risk)
    if (one !== null && (barrier === null || one !== 'not-listed')) barrier = one
  }
  return barrier
}

/** The packages as the pipeline sees them. Allocates nothing for a book without any. O(legs). */
export function packageRows(state: RiskState, nav: number, now: EpochMs, risk: RiskConfig): readonly PackageRow[] {
  if (state.packages.length === 0) return NO_ROWS
  return state.packages.map((pkg): PackageRow => {
    const barrier = barrierOf(state, pkg, now, risk)
    const perCoin = basePrice(state, pkg) / nav
    const waiting = isInFlight(state, pkg.package)
    let grossRatio = 0
    let deltaRatio = 0
    for (const { ratio, delta } of pkg.legs) {
      grossRatio += Math.abs(ratio)
      deltaRatio += ratio * delta
    }
    const units = unitsOf(pkg)
    const exposure = exposureOf(pkg)
    const wish = {
      signal: pkg.signal,
      blended: barrier === 'not-listed' || isOrphan(pkg, now) ? 0 : pkg.weight,
      grossRatio,
      deltaRatio,
      held: units * perCoin,
      heldGross: (waiting ? Math.max(exposure.gross, units * grossRatio) : exposure.gross) * perCoin,
      heldDelta: (waiting ? units * deltaRatio : exposure.delta) * perCoin,
      frozen: waiting || (barrier !== null && barrier !== 'not-listed') || !(perCoin > 0),
      shape: shapeOf(state, pkg, now),
    }
    return { pkg, wish, barrier }
  })
}

const isOrphan = ({ carriedAt }: PackageState, now: EpochMs): boolean => carriedAt > 0 && now - carriedAt > ORPHAN_MS

const NO_ROWS: readonly PackageRow[] = []
export const wishesOf = (rows: readonly PackageRow[]): readonly PackageWish[] =>
  rows.length === 0 ? NO_PACKAGES : rows.map(({ wish }) => wish)

export interface PackageDecision {
  /** Null: nothing changes and nothing is new. */
  readonly row: Assessed | null
  readonly orders: readonly ApprovedOrder[]
}

const SILENT: PackageDecision = { row: null, orders: [] }

/** What becomes of one package at the weight that the pipeline let it have; `stays`: no other units than now. */
export function decidePackage(
  state: RiskState,
  { pkg, wish, barrier }: PackageRow,
  passed: { readonly weight: number; readonly stays: boolean },
  nav: number,
  context: DecideContext,
): PackageDecision {
  const perCoin = basePrice(state, pkg) / nav
  const refuse = (code: PackageRefusal): PackageDecision =>
    pkg.refusal === code
      ? SILENT
      : { row: { ...rowOf(pkg, pkg.weight, pkg.units, perCoin), refusal: code }, orders: [] }
  if (wish.frozen) return barrier === null || barrier === 'not-listed' ? SILENT : refuse(barrier)
  const now = parseUnits(pkg.units)
  const wanted = passed.stays ? now : goalOf(state, pkg, passed.weight / perCoin)
  if (wanted === null) return refuse('below-lot')
  const isBarred = wanted > now && (state.halted || pkg.isBarred)
  const goal = isBarred ? now : wanted
  const aims = aimsFor(state, pkg, goal, aimingOf(state, context.ts))
  const legs = changesOf(pkg, aims, goal !== now, context.ts)
  if (goal > now && legs.some((one) => isTooSmall(state, one))) return refuse('below-min-notional')
  if (legs.length === 0 && isBarred) return refuse(state.halted ? 'trading-halted' : 'imbalanced')
  if (legs.length === 0 && goal === now) return barrier === null || pkg.weight === 0 ? SILENT : refuse(barrier)
  const units = formatUnits(goal)
  const orders = legs.map((one) => legOrder(state, pkg, one, nav, context))
  return { row: rowOf(pkg, pkg.weight, units, perCoin), orders }
}

/** Units for a weight: the nearest below that every leg can be traded in; 0 for a rest too small to keep; null: too small to open. */
function goalOf(state: RiskState, pkg: PackageState, wanted: number): Units | null {
  if (!(wanted > 0)) return 0n
  const units = unitsOnGrid(state, pkg, unitsFromNumber(wanted))
  if (units > 0n) return units
  return pkg.units === '0' ? null : 0n
}

interface LegChange {
  readonly leg: LegState
  readonly change: Units
}

/** With other units every leg goes to its aim; else those whose aim moved, and of a package that got stuck what only shrinks. */
function changesOf(pkg: PackageState, aims: readonly Units[], resized: boolean, now: EpochMs): LegChange[] {
  const changes: LegChange[] = []
  pkg.legs.forEach((leg, i) => {
    const held = heldUnits(leg)
    const change = aims[i]! - held
    if (change === 0n || isOver(leg, now)) return
    const again = pkg.status === 'stuck' && shrinks(held, change)
    if (resized || again || aims[i] !== aimUnits(leg)) changes.push({ leg, change })
  })
  return changes
}

function isTooSmall(state: RiskState, { leg, change }: LegChange): boolean {
  if (leg.slot < 0 || isInDollars(leg.terms.kind)) return false
  const value = Math.abs(unitsToNumber(change)) * markOf(state, leg)
  return value < Number(state.slots[leg.slot]!.minNotional)
}

function rowOf(pkg: PackageState, wanted: number, units: string, perCoin: number): Assessed {
  let residual = 0
  for (const { ratio, delta } of pkg.legs) residual += ratio * delta
  return {
    package: pkg.package,
    wanted,
    approved: Number(units) * perCoin,
    units,
    unitsBefore: pkg.units,
    residualDelta: residual * Number(units) * perCoin + 0,
  }
}

const onLegTick = (leg: LegState, mark: number): string => {
  const tick = parseUnits(leg.terms.tick)
  const units = unitsFromNumber(mark)
  return formatUnits(tick > 0n ? roundToStep(units, tick) : units)
}

/** Approves one leg: `unwind` where it only takes back what is held, else `package`. */
export function legOrder(
  state: RiskState,
  pkg: PackageState,
  { leg, change }: LegChange,
  nav: number,
  context: DecideContext,
): ApprovedOrder {
  const held = heldUnits(leg)
  const perNav = nav > 0 ? priceOf(state, leg.terms.base) / nav : 0
  const weightOf = (quantity: Units): number => (coinsAt(state, leg, quantity) || 0) * perNav
  return approveOrder(
    {
      order: context.newId('o'),
      instrument: leg.instrument,
      change,
      held,
      reduceOnly: false,
      purpose: shrinks(held, change) ? 'unwind' : 'package',
      referencePrice: onLegTick(leg, markOf(state, leg)),
      weightBefore: weightOf(held),
      weightAfter: weightOf(held + change),
      package: pkg.package,
      terms: leg.slot < 0 ? leg.terms : undefined,
    },
    state.halted,
  )
}
