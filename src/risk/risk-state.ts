/**
 * Owns the state of risk/engine as plain data: one slot an instrument in a dense array, the ledger, open orders, halts.
 * Bounded by instruments × (365 days of virtual returns once, covariance n²). Must never hold what JSON cannot say.
 */
import type { RiskConfig, UniverseEntry } from '#core/config/schema'
import { type DecimalString, parseUnits, unitsToNumber } from '#core/decimal'
import { DAY_MS, type EpochMs, type Interval } from '#core/time'
import { isPerpetual, kindOfId } from '#events/instrument-kind'
import type { FundingAccrued, OrderRefused } from '#events/risk.events'
import { type AtrState, createAtr } from '#indicators/atr'
import type { TrailingStopState } from '#indicators/trailing-stop'
import { accountsValue } from './instruments/accounts.js'
import { isDollar } from './instruments/kinds.js'
import { createLedger, createPosition, type LedgerState, type PositionState } from './ledger.js'
import { NO_RUNG } from './limits/ladder.js'
import { createOrderBook, type OrderBookState } from './order-book.js'
import { type PackageBook, packagesValue } from './packages/package-state.js'
import { createTurnover, type TurnoverState } from './turnover-limiter.js'
import { createVirtualBook, type VirtualBookState } from './virtual-book.js'

/** Span of the turnover limit [S]. */
export const TURNOVER_SPAN_MS = 30 * DAY_MS

export type Side = 1 | -1
export type RefusalCode = OrderRefused['data']['code']
export type FundingRow = FundingAccrued['data']['rows'][number]

/** A stop that was crossed and not yet acted on. */
export interface StopHit {
  level: number
  extreme: number
  price: number
  atr: number
  /** Open of the bar that crossed; null for a quote. */
  open: number | null
}

/** Everything of one instrument. All fields are always present. */
export interface Slot {
  instrument: string
  /** Currency in which it settles: its quote. */
  quote: string
  /** Finest interval: marks and stops run on its bars. */
  interval: Interval
  tick: DecimalString
  lot: DecimalString
  minNotional: DecimalString
  listed: boolean
  /** Last price, quote; 0 before the first. */
  mark: number
  markedAt: EpochMs
  position: PositionState
  /** Latest target of the blender, and the parts of it that the trend and carry signals ask for. */
  target: number
  trend: number
  carry: number
  /** After a stop: the side on which it stays out until the target is 0 or turns, or the price passes `latchBeyond`. */
  latch: Side | 0
  /** Best price of the position that was stopped out, quote. */
  latchBeyond: number
  /** Code of the last refusal, so that it is not repeated; empty for none. */
  refusal: RefusalCode | ''
  atr: AtrState
  /** Null when flat, and until there is an ATR. */
  stop: TrailingStopState | null
  hit: StopHit | null
}

export type Closing = 'none' | 'derisk' | 'flatten'

export interface RiskState extends PackageBook {
  indexOf: Record<string, number>
  slots: Slot[]
  /** Of the book's own currency; those of others stand in `accounts`. */
  ledger: LedgerState
  orders: OrderBookState
  /** Indices of the slots with a position, ascending. */
  held: number[]
  /** Indices of the slots whose stop was crossed. */
  hits: number[]
  /** Funding settled since the last FundingAccrued. */
  pendingFunding: FundingRow[]
  /** Largest marked equity, initial capital included; begins anew at a resume. */
  peak: number
  halted: boolean
  haltReason: string
  /** Why the book is being closed: by a drawdown or by the operator. Ends with a resume. */
  closing: Closing
  turnover: TurnoverState
  /** One-way turnover of the last 30 days, as of the last PortfolioBlended, fraction of NAV. */
  turnoverUsed: number
  virtual: VirtualBookState
  /** Rung of the ladder of drawdowns, as of the last PortfolioBlended; −1 for none. */
  rung: number
}

/** One slot of an instrument of the universe. */
export function createSlot(entry: UniverseEntry, finest: Interval, atrDays: number): Slot {
  return {
    instrument: entry.instrument,
    quote: entry.quote,
    interval: entry.interval ?? finest,
    tick: entry.tick,
    lot: entry.lot,
    minNotional: entry.minNotional,
    listed: true,
    mark: 0,
    markedAt: 0,
    position: createPosition(),
    target: 0,
    trend: 0,
    carry: 0,
    latch: 0,
    latchBeyond: 0,
    refusal: '',
    atr: createAtr(atrDays),
    stop: null,
    hit: null,
  }
}

/** Slots whose bars are the price of a coin in dollars: of spot and perpetuals. */
function coinSlotsOf(universe: readonly UniverseEntry[]): Record<string, number[]> {
  const slots: Record<string, number[]> = {}
  universe.forEach(({ instrument, base, quote }, i) => {
    const kind = kindOfId(instrument)
    if ((kind !== 'spot' && !isPerpetual(kind)) || !isDollar(quote)) return
    slots[base] = [...(slots[base] ?? []), i]
  })
  return slots
}

export function createRiskState(
  risk: RiskConfig,
  capital: DecimalString,
  universe: readonly UniverseEntry[],
  finest: Interval,
): RiskState {
  return {
    indexOf: Object.fromEntries(universe.map((entry, i) => [entry.instrument, i])),
    slots: universe.map((entry) => createSlot(entry, finest, risk.stopAtrDays)),
    quote: (universe.find(({ role }) => role !== 'leg') ?? universe[0])?.quote ?? 'USDT',
    ledger: createLedger(capital),
    accounts: [],
    prices: {},
    coinSlots: coinSlotsOf(universe),
    packages: [],
    chains: {},
    marks: {},
    nextEnd: 0,
    orders: createOrderBook(),
    held: [],
    hits: [],
    pendingFunding: [],
    peak: unitsToNumber(parseUnits(capital)),
    halted: false,
    haltReason: '',
    closing: 'none',
    turnover: createTurnover(TURNOVER_SPAN_MS),
    turnoverUsed: 0,
    virtual: createVirtualBook(universe.length, risk.covarianceLambda),
    rung: NO_RUNG,
  }
}

/**
 * Net asset value, in the book's own currency: Σ balances × price + Σ (worth at the mark − cost) × price. A position never marked
 * counts at cost. O(positions).
 */
export function equity(state: RiskState): number {
  let value = state.ledger.balanceNumber
  for (let h = 0; h < state.held.length; h++) {
    const { mark, position } = state.slots[state.held[h]!]!
    if (mark > 0) value += position.quantityNumber * mark - position.costNumber
  }
  // A sum of its own, and none for a book in one currency: its bytes stay what they were.
  if (state.accounts.length > 0) value += accountsValue(state)
  if (state.packages.length > 0) value += packagesValue(state)
  return value
}

/** Drawdown of the marked equity from its peak: 0 or negative. */
export function drawdownOf(state: RiskState): number {
  return state.peak > 0 ? Math.min(0, equity(state) / state.peak - 1) : 0
}

/** Keeps the list of held slots after a position changed; forgets the stop of one that is flat. */
export function reindex(state: RiskState, index: number): void {
  const slot = state.slots[index]!
  const flat = slot.position.quantityNumber === 0
  const at = state.held.indexOf(index)
  if (flat && at >= 0) state.held.splice(at, 1)
  if (!flat && at < 0) {
    state.held.push(index)
    state.held.sort((a, b) => a - b)
  }
  if (!flat) return
  slot.stop = null
  slot.hit = null
  state.hits = state.hits.filter((hit) => hit !== index)
}

/** The slot of an instrument; one outside the universe gets a slot of its own (carried or reconciled positions must be kept). */
export function slotIndex(state: RiskState, instrument: string, risk: RiskConfig, finest: Interval): number {
  const known = state.indexOf[instrument]
  if (known !== undefined) return known
  const entry = { instrument, base: instrument, quote: '', tick: '0.00000001', lot: '0.00000001', minNotional: '0' }
  state.indexOf[instrument] = state.slots.length
  state.slots.push({ ...createSlot(entry, finest, risk.stopAtrDays), listed: false })
  return state.slots.length - 1
}
