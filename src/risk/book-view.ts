/**
 * Owns the book as others see it: status, what-if, the page, and what a child run takes over. Copies only; must never
 * hand out the state itself.
 */
import type { BookSums, LegView, PositionView } from '#core/book.port'
import type { DecimalString } from '#core/decimal'
import type { StateCarried } from '#events/lifecycle.events'
import { coinsValue, priceOf } from './instruments/accounts.js'
import { averagePriceOf } from './ledger.js'
import { carriedPackages } from './packages/carried.js'
import { coinsHeld, legProfit, markOf, type PackageState } from './packages/package-state.js'
import { type Closing, drawdownOf, equity, type RiskState } from './risk-state.js'

export type { LegView, PositionView }

export interface BookView extends BookSums {
  readonly closing: Closing
  /** Instruments that were ever held, are held or have a target. */
  readonly positions: readonly PositionView[]
  /** Paid in, less taken out, in the book's own currency's account; absent: nothing. */
  readonly transfers?: DecimalString
  /** What conversions of coins brought to it; absent: there was none. */
  readonly converted?: DecimalString
  /** Accounts in other currencies; absent: none. */
  readonly balances?: readonly BalanceView[]
  /** Absent: none. */
  readonly packages?: readonly PackageView[]
}

/** Account of one currency beside the book's own. */
export interface BalanceView {
  readonly currency: string
  readonly balance: DecimalString
  readonly realised: DecimalString
  readonly fees: DecimalString
  readonly funding: DecimalString
  readonly transfers: DecimalString
  /** Bought, less sold for the book's own currency. */
  readonly converted: DecimalString
  /** Last known, in the book's own currency; 0: none, and it does not count. */
  readonly price: number
  readonly value: number
}

export interface PackageView {
  readonly package: string
  readonly signal: string
  readonly kind: string
  readonly status: PackageState['status']
  /** One unit is one base coin. */
  readonly units: DecimalString
  /** As the blender lets it, fraction of NAV. */
  readonly target: number
  /** Delta that the legs leave open, fraction of NAV. */
  readonly residualDelta: number
  readonly refusal: string
  readonly legs: readonly LegView[]
}

const sideName = (side: number): 'long' | 'short' | null => (side > 0 ? 'long' : side < 0 ? 'short' : null)

function packageView(state: RiskState, pkg: PackageState, nav: number): PackageView {
  const perNav = nav > 0 ? 1 / nav : 0
  let residual = 0
  const legs = pkg.legs.map((leg): LegView => {
    const { position, terms } = leg
    const coins = coinsHeld(leg)
    const price = priceOf(state, terms.base)
    residual += coins * leg.delta * price * perNav
    return {
      role: leg.role,
      instrument: leg.instrument,
      quantity: position.quantity,
      aim: leg.aim,
      averagePrice: averagePriceOf(position, terms.kind),
      mark: markOf(state, leg),
      currency: terms.settle,
      unrealised: legProfit(state, leg),
      realised: position.realised,
      fees: position.fees,
      funding: position.funding,
      delta: coins * leg.delta + 0,
      weight: coins * price * perNav + 0,
    }
  })
  const { signal, kind, status, units, weight, refusal } = pkg
  return {
    package: pkg.package,
    signal,
    kind,
    status,
    units,
    target: weight,
    residualDelta: residual + 0,
    refusal,
    legs,
  }
}

function besideView(state: RiskState, nav: number): Pick<BookView, 'transfers' | 'balances' | 'packages'> {
  const { ledger, accounts, packages } = state
  return {
    ...(ledger.transfers === undefined ? {} : { transfers: ledger.transfers }),
    ...(ledger.converted === undefined ? {} : { converted: ledger.converted }),
    ...(accounts.length === 0
      ? {}
      : {
          balances: accounts.map((account): BalanceView => {
            const { currency, balance, realised, fees, funding, balanceNumber } = account
            const { transfers = '0', converted = '0' } = account
            const price = account.isPriced ? priceOf(state, currency) : 0
            const value = balanceNumber * price
            return { currency, balance, realised, fees, funding, transfers, converted, price, value }
          }),
        }),
    ...(packages.length === 0 ? {} : { packages: packages.map((pkg) => packageView(state, pkg, nav)) }),
  }
}

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
  const beside = besideView(state, nav)
  const legs = (beside.packages ?? []).flatMap((row) => row.legs)
  return {
    equity: nav,
    peak: state.peak,
    drawdown: drawdownOf(state),
    balance,
    opening,
    realised,
    fees,
    funding,
    gross: positions.reduce(
      (sum, row) => sum + Math.abs(row.weight),
      legs.reduce((sum, leg) => sum + Math.abs(leg.weight), 0),
    ),
    net: positions.reduce(
      (sum, row) => sum + row.weight,
      (beside.packages ?? []).reduce((sum, row) => sum + row.residualDelta, weightOf(coinsValue(state))),
    ),
    halted: state.halted,
    haltReason: state.haltReason,
    closing: state.closing,
    openOrders: state.orders.open.length,
    positions,
    ...beside,
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
    ...carriedPackages(state),
    halted: state.halted,
    ...(state.halted ? { haltReason: state.closing === 'flatten' ? 'flatten' : state.haltReason } : {}),
  }
}
