/** Owns what readers of rows know beyond the row, and how contracts become coins. Never reads a payload. */
import type { EpochMs, Interval } from '#core/time'
import { type InstrumentFacts, type Normal, type ParseContext, PayloadRefused } from '../normal.js'
import type { InstRef } from './symbols.js'

export interface Scope extends Pick<ParseContext, 'facts' | 'price'> {
  readonly receivedAt: EpochMs
  /** Of the frame's `arg` or of the request; rows that name their own do not need it. */
  readonly instId?: string | undefined
  readonly interval?: Interval | undefined
  /** Of a book's frame. */
  readonly action?: unknown
  /** Of a REST answer, which needs not fit into a stream. */
  readonly isRest?: boolean
}

/** Reads one row of `data`, appends what it says. Throws PayloadRefused. */
export type RowReader = (row: unknown, scope: Scope, out: Normal[]) => void

/** What one unit of `sz` stands for. */
export interface Unit {
  readonly size: number
  readonly isOfQuote: boolean
}

const COIN: Unit = { size: 1, isOfQuote: false }
const units = new WeakMap<InstrumentFacts, Unit>()

/** Spot sizes are coins; contracts need the instrument's facts and are refused without. */
export function unitOf(ref: InstRef, scope: Scope, path: string): Unit {
  if (ref.market === 'spot') return COIN
  const facts = scope.facts(ref.instrument)
  if (facts === undefined) throw new PayloadRefused(path, `is in contracts; those of ${ref.instrument} are not known`)
  const known = units.get(facts)
  if (known !== undefined) return known
  const unit = { size: Number(facts.contractSize), isOfQuote: facts.contractOf === 'quote' }
  units.set(facts, unit)
  return unit
}

/** Base coins of a size; contracts of quote currency at the price that the payload has for them. */
export function coinsOf(size: number, unit: Unit, price: number): number {
  return unit.isOfQuote ? (size * unit.size) / price : size * unit.size
}
