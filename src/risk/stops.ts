/**
 * Owns the synthetic trailing stops (methods, section 2): stop = entry − side·k·ATR, ratcheted after each finest bar to
 * best price − side·k·ATR of the last daily ATR. Must never test a bar against a stop made from that same bar, never
 * loosen a stop, and never cancel anything.
 *
 * Which bars: those that opened at or after the fill. A fill at the open of a bar (simulation) has that bar tested against
 * the first stop, so entry and stop in one bar count as stopped; a fill inside a bar (quotes) has not, because the range of
 * that bar holds prices from before the entry: there the quotes themselves test the stop.
 */
import type { DecideContext } from '#core/decider'
import { formatUnits, parseUnits, roundToStep, type Units, unitsFromNumber } from '#core/decimal'
import type { StopTriggered } from '#events/risk.events'
import { atrOf } from '#indicators/atr'
import { createTrailingStop, ratchetTrailingStop, testTrailingStop } from '#indicators/trailing-stop'
import { type ApprovedOrder, approveOrder } from './approved-order.js'
import { equity, type RiskState, type Side, type Slot } from './risk-state.js'

/** A price on the tick grid, as text. */
export function onTick(price: number, slot: Slot): string {
  const tick = parseUnits(slot.tick)
  const units = unitsFromNumber(price)
  return formatUnits(tick > 0n ? roundToStep(units, tick) : units)
}

/** After a fill that opened or flipped the position: the first stop, when there is an ATR. O(1). */
export function startStop(slot: Slot, entry: number, multiple: number): void {
  const side: Side = slot.position.quantityNumber > 0 ? 1 : -1
  const atr = atrOf(slot.atr)
  slot.hit = null
  slot.stop = atr === null || !(entry > 0) ? null : createTrailingStop(side, entry, multiple, atr)
}

/** Tests a range of prices; notes the crossing for the next decision. True when the stop is crossed. O(1). */
export function testStop(
  state: RiskState,
  index: number,
  open: number | null,
  range: { high: number; low: number },
): boolean {
  const slot = state.slots[index]!
  const stop = slot.stop
  if (stop === null || slot.position.quantityNumber === 0) return false
  if (testTrailingStop(stop, open ?? range.low, range.high, range.low) === null) return false
  if (slot.hit === null) state.hits.push(index)
  const price = stop.side === 1 ? range.low : range.high
  slot.hit = { level: stop.stop, extreme: stop.extreme, price, atr: atrOf(slot.atr) ?? 0, open }
  return true
}

/** Moves the stop after a bar that did not cross it; makes the first one once there is an ATR. O(1). */
export function ratchetStop(slot: Slot, high: number, low: number, multiple: number): void {
  const atr = atrOf(slot.atr)
  if (atr === null) return
  if (slot.stop === null) {
    const side: Side = slot.position.quantityNumber > 0 ? 1 : -1
    const entry = Math.abs(slot.position.costNumber / slot.position.quantityNumber)
    slot.stop = createTrailingStop(side, entry, multiple, atr)
  }
  ratchetTrailingStop(slot.stop, high, low, atr)
}

type StopDraft = { readonly type: 'StopTriggered'; readonly data: StopTriggered['data'] } | ApprovedOrder

/** Whether a stop order of the instrument is at work. */
function stopInFlight(state: RiskState, index: number): boolean {
  return state.orders.open.some((order) => order.slot === index && order.purpose === 'stop')
}

/** StopTriggered and a reduce-only order of the whole position for each crossed stop; `ordered` notes the instruments. */
export function actOnHits(
  state: RiskState,
  multiple: number,
  context: DecideContext,
  ordered: Set<number>,
): StopDraft[] {
  const drafts: StopDraft[] = []
  const nav = equity(state)
  for (const index of state.hits) {
    const slot = state.slots[index]!
    if (slot.hit === null || stopInFlight(state, index)) continue
    ordered.add(index)
    drafts.push(triggered(slot, multiple), closeOrderOf(slot, 'stop', nav, context, state.halted))
  }
  return drafts
}

function triggered(slot: Slot, multiple: number): StopDraft {
  const hit = slot.hit!
  return {
    type: 'StopTriggered',
    data: {
      instrument: slot.instrument,
      side: slot.position.quantityNumber > 0 ? 'long' : 'short',
      level: hit.level,
      extreme: hit.extreme,
      atr: hit.atr,
      multiple,
      price: hit.price,
    },
  }
}

/** Approves a reduce-only order of the whole position. */
export function closeOrderOf(
  slot: Slot,
  purpose: 'stop' | 'derisk' | 'flatten',
  nav: number,
  context: DecideContext,
  halted: boolean,
): ApprovedOrder {
  const held: Units = parseUnits(slot.position.quantity)
  const hit = purpose === 'stop' ? slot.hit : null
  return approveOrder(
    {
      order: context.newId('o'),
      instrument: slot.instrument,
      change: -held,
      held,
      reduceOnly: true,
      purpose,
      referencePrice: onTick(slot.mark, slot),
      weightBefore: nav > 0 ? (slot.position.quantityNumber * slot.mark) / nav : 0,
      weightAfter: 0,
      stopPrice: hit === null ? undefined : onTick(hit.level, slot),
      triggerOpen: hit === null || hit.open === null ? undefined : onTick(hit.open, slot),
    },
    halted,
  )
}

/**
 * After StopTriggered: out until the target is 0 or changes sign, or the price passes the best one of the position that was
 * stopped out, for then the move it left goes on (docs/adr/0007). A target that already turned asks for no latch.
 */
export function latch(state: RiskState, instrument: string, extreme: number): void {
  const index = state.indexOf[instrument]!
  const slot = state.slots[index]!
  const side = slot.position.quantityNumber > 0 ? 1 : -1
  if (Math.sign(slot.target) === side) {
    slot.latch = side
    slot.latchBeyond = extreme
  }
  slot.hit = null
  state.hits = state.hits.filter((hit) => hit !== index)
}

/** Lets an instrument in again whose price went beyond the best one of the position that was stopped out. */
export function unlatchBeyond(slot: Slot, price: number): void {
  if (slot.latch > 0 ? price > slot.latchBeyond : price < slot.latchBeyond) slot.latch = 0
}
