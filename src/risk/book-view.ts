/**
 * Owns the book as others see it: status, what-if, the page, and what a child run takes over. Copies only; must never
 * hand out the state itself.
 */
import type { DecimalString } from '#core/decimal'
import type { StateCarried } from '#events/lifecycle.events'
import { averagePriceOf } from './ledger.js'
import { type Closing, drawdownOf, equity, type RiskState } from './risk-state.js'

export interface PositionView {
  readonly instrument: string
  /** Exact, base units, signed. */
  readonly quantity: DecimalString
  readonly averagePrice: DecimalString
  readonly mark: number
  /** Quote. */
  readonly value: number
  /** Fraction of NAV. */
  readonly weight: number
  readonly unrealised: number
  readonly realised: DecimalString
  readonly fees: DecimalString
  readonly funding: DecimalString
  readonly stopLevel: number | null
  /** Latest target of the blender, fraction of NAV. */
  readonly target: number
  readonly latched: 'long' | 'short' | null
}

export interface BookView {
  readonly equity: number
  readonly peak: number
  /** 0 or negative. */
  readonly drawdown: number
  readonly balance: DecimalString
  readonly opening: DecimalString
  readonly realised: DecimalString
  readonly fees: DecimalString
  readonly funding: DecimalString
  readonly gross: number
  readonly net: number
  readonly halted: boolean
  readonly haltReason: string
  readonly closing: Closing
  readonly openOrders: number
  /** Instruments that were ever held, are held or have a target. */
  readonly positions: readonly PositionView[]
}

const sideName = (side: number): 'long' | 'short' | null => (side > 0 ? 'long' : side < 0 ? 'short' : null)

/** The book as status, what-if and the page show it. A copy; O(instruments). */
export function positionSnapshot(state: RiskState): BookView {
  const nav = equity(state)
  const weightOf = (value: number): number => (nav > 0 ? value / nav : 0)
  const positions = state.slots
    .filter(({ position, target }) => position.quantity !== '0' || position.fees !== '0' || target !== 0)
    .map((slot): PositionView => {
      const { position, mark } = slot
      const value = position.quantityNumber * mark
      return {
        instrument: slot.instrument,
        quantity: position.quantity,
        averagePrice: averagePriceOf(position),
        mark,
        value,
        weight: weightOf(value),
        unrealised: mark > 0 ? value - position.costNumber : 0,
        realised: position.realised,
        fees: position.fees,
        funding: position.funding,
        stopLevel: slot.stop === null ? null : slot.stop.stop,
        target: slot.target,
        latched: sideName(slot.latch),
      }
    })
  const { balance, opening, realised, fees, funding } = state.ledger
  return {
    equity: nav,
    peak: state.peak,
    drawdown: drawdownOf(state),
    balance,
    opening,
    realised,
    fees,
    funding,
    gross: positions.reduce((sum, row) => sum + Math.abs(row.weight), 0),
    net: positions.reduce((sum, row) => sum + row.weight, 0),
    halted: state.halted,
    haltReason: state.haltReason,
    closing: state.closing,
    openOrders: state.orders.open.length,
    positions,
  }
}

/** What a child run takes over: the payload of StateCarried but for the parent's name. */
export function carriedState(state: RiskState): Omit<StateCarried['data'], 'parent'> {
  const held = state.held.map((index) => state.slots[index]!)
  return {
    balance: state.ledger.balance,
    positions: held.map(({ instrument, position }) => ({
      instrument,
      quantity: position.quantity,
      averagePrice: averagePriceOf(position),
    })),
    stops: held.flatMap(({ instrument, stop }) =>
      stop === null ? [] : [{ instrument, extreme: stop.extreme, level: stop.stop }],
    ),
    peakEquity: state.peak,
    latches: state.slots.flatMap(({ instrument, latch, latchBeyond }) =>
      latch === 0
        ? []
        : [{ instrument, side: latch > 0 ? ('long' as const) : ('short' as const), beyond: latchBeyond }],
    ),
    halted: state.halted,
    ...(state.halted ? { haltReason: state.closing === 'flatten' ? 'flatten' : state.haltReason } : {}),
  }
}
