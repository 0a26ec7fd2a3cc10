/**
 * Owns the assessment of the whole book: wishes through the pipeline, weights into orders on the lot grid, refusals with
 * their codes. Must never touch the state, and never approve what a refusal speaks against. An assessment that leads to
 * no order and no news is not said.
 */
import type { RiskConfig } from '#core/config/schema'
import type { DecideContext } from '#core/decider'
import {
  absUnits,
  formatUnits,
  parseUnits,
  truncateToStep,
  type Units,
  unitsFromNumber,
  unitsToNumber,
} from '#core/decimal'
import { HOUR_MS } from '#core/time'
import type { OrderRefused, RiskAssessed } from '#events/risk.events'
import { type ApprovedOrder, approveOrder } from './approved-order.js'
import { coinsValue } from './instruments/accounts.js'
import { limitsOf } from './limits/pipe-limits.js'
import type { Place } from './limits/places.js'
import { hasOpenOrder, inFlight } from './order-book.js'
import { decidePackage, type PackageDecision, packageRows, wishesOf } from './packages/assess-packages.js'
import { isInBand, type Piped, runPipeline, type Wish } from './pipeline.js'
import { drawdownOf, equity, type RefusalCode, type RiskState, type Slot } from './risk-state.js'
import { onTick } from './stops.js'

type RefusedDraft = { readonly type: 'OrderRefused'; readonly data: OrderRefused['data'] }
type AssessedDraft = { readonly type: 'RiskAssessed'; readonly data: RiskAssessed['data'] }
export type AssessmentDraft = AssessedDraft | ApprovedOrder | RefusedDraft

interface Refusal {
  readonly code: RefusalCode
  readonly value: number | null
  readonly limit: number | null
}

/** One instrument on its way through the assessment. */
interface Row {
  readonly slot: Slot
  readonly wish: Wish
  /** Said before the pipeline: why nothing may be traded or wanted. */
  readonly barrier: Refusal | null
}

const refusal = (code: RefusalCode, value: number | null = null, limit: number | null = null): Refusal => ({
  code,
  value,
  limit,
})

function barrierOf(slot: Slot, now: number, risk: RiskConfig): Refusal | null {
  if (slot.target === 0 && slot.position.quantityNumber === 0) return null
  if (!slot.listed) return refusal('not-listed')
  if (slot.mark === 0) return refusal('no-mark')
  const ageHours = (now - slot.markedAt) / HOUR_MS
  if (ageHours > risk.maxMarkAgeHours) return refusal('stale-mark', ageHours, risk.maxMarkAgeHours)
  return slot.latch !== 0 ? refusal('stopped-out') : null
}

function rowOf(state: RiskState, index: number, nav: number, now: number, risk: RiskConfig): Row {
  const slot = state.slots[index]!
  const waiting = hasOpenOrder(state.orders, index)
  if (!waiting && slot.target === 0 && slot.trend === 0 && slot.carry === 0 && slot.position.quantityNumber === 0)
    return { slot, barrier: null, wish: UNWANTED }
  const barrier = barrierOf(slot, now, risk)
  const flying = waiting ? unitsToNumber(inFlight(state.orders, index)) : 0
  const out = barrier !== null && (barrier.code === 'stopped-out' || barrier.code === 'not-listed')
  return {
    slot,
    barrier,
    wish: {
      blended: out ? 0 : slot.target,
      trend: slot.trend,
      carry: slot.carry,
      held: ((slot.position.quantityNumber + flying) * slot.mark) / nav,
      frozen: waiting || (barrier !== null && barrier.code !== 'stopped-out'),
    },
  }
}

/** While trading is halted a weight may only move towards 0. */
function reducedTo(held: number, weight: number): number {
  return held > 0 ? Math.min(held, Math.max(0, weight)) : Math.max(held, Math.min(0, weight)) + 0
}

interface Sized {
  readonly change: Units
  readonly reduceOnly: boolean
  readonly refusal: Refusal | null
}

const NOTHING: Sized = { change: 0n, reduceOnly: false, refusal: null }
/** Neither held nor wanted: most of a large universe, most of the time. */
const UNWANTED: Wish = { blended: 0, trend: 0, carry: 0, held: 0, frozen: false }

/** A weight in whole lots, towards zero; an exit closes everything, dust included. */
function sizeOf(slot: Slot, weight: number, nav: number): Sized {
  const held = parseUnits(slot.position.quantity)
  const goal = truncateToStep(unitsFromNumber((weight * nav) / slot.mark), parseUnits(slot.lot))
  const change = goal - held
  const shrinks = held > 0n ? goal >= 0n && goal < held : held < 0n && goal <= 0n && goal > held
  if (change === 0n)
    return held === 0n && weight !== 0
      ? { ...NOTHING, refusal: refusal('below-lot', Math.abs((weight * nav) / slot.mark), Number(slot.lot)) }
      : NOTHING
  const notional = unitsToNumber(absUnits(change)) * slot.mark
  const least = Number(slot.minNotional)
  // Venues exempt what only reduces (Binance USD-M, MIN_NOTIONAL), so a position can always be left; a trim is not worth it.
  if (notional < least && !(shrinks && goal === 0n))
    return { ...NOTHING, refusal: refusal('below-min-notional', notional, least) }
  return { change, reduceOnly: shrinks, refusal: null }
}

interface Decision {
  /** After a halt let only reductions pass, before lots. */
  readonly weight: number
  readonly sized: Sized
  readonly after: number
}

const ABSENT: Decision = { weight: 0, sized: NOTHING, after: 0 }

/** Nothing is traded; with the reason, where there is one. */
function stay(held: number, why: Refusal | null): Decision {
  if (why === null) return held === 0 ? ABSENT : { weight: held, sized: NOTHING, after: held }
  return { weight: held, sized: { change: 0n, reduceOnly: false, refusal: why }, after: held }
}

function decisionOf(row: Row, i: number, piped: Piped, nav: number, state: RiskState, risk: RiskConfig): Decision {
  const { slot, wish, barrier } = row
  const { held } = wish
  if (wish.frozen) return stay(held, barrier)
  const wanted = piped.wanted[i]!
  const passed = piped.weights[i]!
  const weight = state.halted ? reducedTo(held, passed) : passed
  if (weight === held) {
    if (isInBand(held, wanted, risk.rebalanceBand)) return stay(held, barrier)
    if (state.halted) return stay(held, refusal('trading-halted'))
    return stay(held, piped.turnoverScale < 1 ? turnoverRefusal(state, risk) : barrier)
  }
  // A drip of budget below the band waits until it is worth an order; what reduces never waits.
  const adds = Math.abs(weight) > Math.abs(held) && Math.sign(weight) * Math.sign(held) >= 0
  if (adds && piped.turnoverScale < 1 && Math.abs(weight - held) < risk.rebalanceBand * Math.abs(wanted))
    return stay(held, turnoverRefusal(state, risk))
  const sized = sizeOf(slot, weight, nav)
  const after = (slot.position.quantityNumber * slot.mark + unitsToNumber(sized.change) * slot.mark) / nav
  return { weight, sized: sized.refusal === null && barrier !== null ? { ...sized, refusal: barrier } : sized, after }
}

const turnoverRefusal = (state: RiskState, risk: RiskConfig): Refusal =>
  refusal('turnover-exhausted', state.turnoverUsed, risk.turnoverMonthly)

/** Assesses the whole book after a PortfolioBlended. Silent while the book is being closed and without equity. */
export function assess(
  state: RiskState,
  risk: RiskConfig,
  context: DecideContext,
  places: readonly Place[] = [],
): AssessmentDraft[] {
  const nav = equity(state)
  if (state.closing !== 'none' || !(nav > 0)) return []
  const rows: Row[] = []
  const wishes: Wish[] = []
  for (let i = 0; i < state.slots.length; i++) {
    const row = rowOf(state, i, nav, context.ts, risk)
    rows.push(row)
    wishes.push(row.wish)
  }
  const packages = packageRows(state, nav, context.ts, risk)
  const limits = limitsOf(places, state.rung, drawdownOf(state), risk.drawdownLadder)
  const coins = state.accounts.length === 0 ? {} : { coins: coinsValue(state) / nav }
  const piped = runPipeline(wishes, state.virtual, state.turnoverUsed, risk, wishesOf(packages), {
    ...limits,
    ...coins,
  })
  const decisions: Decision[] = []
  const orders: ApprovedOrder[] = []
  const refusals: RefusedDraft[] = []
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const decision = decisionOf(row, i, piped, nav, state, risk)
    decisions.push(decision)
    if (decision.sized.change !== 0n) orders.push(orderOf(row, decision, nav, context, state.halted))
    if (isNews(row, decision)) refusals.push(refusedOf(row, piped.wanted[i]!, decision.sized.refusal!, nav))
  }
  const settled: PackageDecision[] = []
  for (let i = 0; i < packages.length; i++) {
    const { weights, stays } = piped.packages
    const passed = { weight: weights[i]!, stays: stays[i]! }
    settled.push(decidePackage(state, packages[i]!, passed, nav, context))
    orders.push(...settled[i]!.orders)
  }
  const said = settled.flatMap(({ row }) => (row === null ? [] : [row]))
  if (orders.length === 0 && refusals.length === 0 && said.length === 0) return []
  return [assessedOf(rows, piped, decisions, said, state, nav, risk), ...orders, ...refusals]
}

/** Half of the last decimal that the log gives a weight: nearer ones are the same there. */
const SAME_WEIGHT = 5e-9

/** Whether a refusal was not said before. */
function isNews({ slot }: Row, { sized }: Decision): boolean {
  return sized.refusal !== null && sized.refusal.code !== slot.refusal
}

function orderOf(row: Row, decision: Decision, nav: number, context: DecideContext, halted: boolean): ApprovedOrder {
  const { slot, wish } = row
  return approveOrder(
    {
      order: context.newId('o'),
      instrument: slot.instrument,
      change: decision.sized.change,
      held: parseUnits(slot.position.quantity),
      reduceOnly: decision.sized.reduceOnly,
      purpose: 'rebalance',
      referencePrice: onTick(slot.mark, slot),
      weightBefore: wish.held,
      weightAfter: nav > 0 ? decision.after : 0,
    },
    halted,
  )
}

function refusedOf(row: Row, wanted: number, why: Refusal, nav: number): RefusedDraft {
  const { slot, wish } = row
  const goal = row.barrier === null ? wanted : slot.target
  const distance = goal - wish.held
  const size = slot.mark > 0 ? unitsFromNumber(Math.abs((distance * nav) / slot.mark)) : 0n
  return {
    type: 'OrderRefused',
    data: {
      instrument: slot.instrument,
      side: distance < 0 ? 'sell' : 'buy',
      quantity: formatUnits(size),
      code: why.code,
      value: why.value,
      limit: why.limit,
      wanted: goal,
    },
  }
}

function assessedOf(
  rows: readonly Row[],
  piped: Piped,
  decisions: readonly Decision[],
  packages: NonNullable<RiskAssessed['data']['packages']>,
  state: RiskState,
  nav: number,
  risk: RiskConfig,
): AssessedDraft {
  const allowed: number[] = []
  const after: number[] = []
  for (const decision of decisions) {
    allowed.push(decision.weight)
    after.push(decision.after)
  }
  piped.record.pass('drawdown', allowed, drawdownOf(state), -risk.drawdownHalt, state.halted ? 0 : 1)
  piped.record.pass('lotRounding', after, null, null, 1)
  const said: RiskAssessed['data']['rows'][number][] = []
  for (let i = 0; i < rows.length; i++) {
    const { slot, wish } = rows[i]!
    const moves = decisions[i]!.sized.change !== 0n || Math.abs(after[i]! - wish.held) > SAME_WEIGHT
    if (!moves && !isNews(rows[i]!, decisions[i]!)) continue
    said.push({
      instrument: slot.instrument,
      blended: slot.target,
      approved: after[i]!,
      held: wish.held,
      mark: slot.mark,
    })
  }
  const data = { nav, steps: piped.steps, rows: said, ...(packages.length === 0 ? {} : { packages }) }
  return { type: 'RiskAssessed', data }
}
