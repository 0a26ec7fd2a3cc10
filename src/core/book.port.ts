/** Owns how positions and legs are shown outside the room that keeps them: by risk, the audit and the page alike. Holds no logic. */
import type { DecimalString } from './decimal.js'

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

export interface LegView {
  readonly role: string
  readonly instrument: string
  /** Base units, of inverse futures and perpetuals US dollars; signed. */
  readonly quantity: DecimalString
  readonly aim: DecimalString
  readonly averagePrice: DecimalString
  readonly mark: number
  /** Currency of what follows. */
  readonly currency: string
  readonly unrealised: number
  readonly realised: DecimalString
  readonly fees: DecimalString
  readonly funding: DecimalString
  /** Base coins that it moves with, option delta included. */
  readonly delta: number
  /** Notional, fraction of NAV. */
  readonly weight: number
}

/** Sums of a book in its own currency; what its positions are is said beside them. */
export interface BookSums {
  readonly equity: number
  readonly peak: number
  /** 0 or negative. */
  readonly drawdown: number
  readonly balance: DecimalString
  readonly opening: DecimalString
  readonly realised: DecimalString
  readonly fees: DecimalString
  readonly funding: DecimalString
  /** Fractions of NAV. */
  readonly gross: number
  readonly net: number
  readonly halted: boolean
  readonly haltReason: string
  readonly openOrders: number
}
