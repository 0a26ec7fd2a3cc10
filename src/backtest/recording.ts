/** Owns what a backtest run leaves behind for its statistics: daily columns, fills, round trips, counts. Data only. */
import type { InstrumentId } from '#core/ids'
import type { EpochMs } from '#core/time'

/** Why a fill happened: `purpose` of its order; `settled` when its instrument was delisted. */
export type FillPurpose = 'rebalance' | 'stop' | 'flatten' | 'derisk' | 'package' | 'unwind' | 'settled'

/** One fill. Amounts are doubles of the exact ones in the log: for reports only. */
export interface RecordedFill {
  readonly ts: EpochMs
  readonly order: string
  /** Index into `instruments`. */
  readonly instrument: number
  /** Base units, signed: positive bought. */
  readonly quantity: number
  readonly price: number
  /** Quote; negative is a rebate. */
  readonly fee: number
  /** Quote lost against the reference price (open, quote or stop level). */
  readonly slippage: number
  readonly purpose: FillPurpose
}

/**
 * A round trip: from flat, or from the fill that flipped the side, until flat or flipped again. `profit` is net of fees,
 * slippage and funding, quote. A trip is closed when `closedAt` is there; open ones do not count in the hit rate.
 */
export interface RoundTrip {
  readonly instrument: number
  readonly side: 'long' | 'short'
  readonly openedAt: EpochMs
  readonly closedAt: EpochMs
  readonly profit: number
}

export interface RecordedInstrument {
  readonly id: InstrumentId
  /** Instrument whose bars stand for it, where its own history is missing. */
  readonly proxyOf?: InstrumentId
}

/** How often something was said: `[what, times]`, most frequent first. */
export type Tally = readonly (readonly [what: string, times: number])[]

export interface RecordedHalt {
  readonly ts: EpochMs
  readonly reason: string
  readonly detail: string
}

/**
 * n days of a run. Curves have n + 1 points: point 0 is the evening before `start`, point d the close of day d. Columns of
 * flows have n values, one a day. Immutable once made.
 */
export interface BacktestRecording {
  /** Start of the first day, UTC. */
  readonly start: EpochMs
  readonly days: number
  /** Quote. */
  readonly capital: number
  readonly instruments: readonly RecordedInstrument[]
  readonly signals: readonly string[]
  /** NAV, quote; point 0 is the capital. */
  readonly equity: Float64Array
  /** Σ|w| and Σw, fractions of NAV. */
  readonly gross: Float64Array
  readonly net: Float64Array
  /** By instrument: last close known, quote; NaN before the first. */
  readonly marks: readonly Float64Array[]
  /** By instrument: signed weight, fraction of NAV. */
  readonly weights: readonly Float64Array[]
  /** By instrument: profit of the day net of all costs, quote; they add up to the change of NAV. */
  readonly profit: readonly Float64Array[]
  /** By signal, then the residual: profit of the day, quote; they add up to the same (see attribution.ts). */
  readonly contribution: readonly Float64Array[]
  /** Value traded in the day as a fraction of NAV the evening before: Σ|Δw|, both ways. */
  readonly traded: Float64Array
  /** By instrument, whole span, quote. `fees` and `slippage` are costs; positive `funding` is received. */
  readonly fees: Float64Array
  readonly slippage: Float64Array
  readonly funding: Float64Array
  /** By instrument, whole span: Σ|Δw|. */
  readonly tradedByInstrument: Float64Array
  readonly fills: readonly RecordedFill[]
  readonly trips: readonly RoundTrip[]
  /** OrderRefused by code; OrderRejected and OrderCancelled by code as `rejected: lot`, `cancelled: no-liquidity`. */
  readonly refusals: Tally
  /** `tsmom: momentum`: changes of mind by signal and reason. */
  readonly signalChanges: Tally
  /** `meanrev: fundingBps`: decisions of a signal that had a term without a datum. */
  readonly missingTerms: Tally
  readonly halts: readonly RecordedHalt[]
  readonly faults: Tally
  /** By instrument: instants at which a bar was expected and none came; settlements of funding, and those by proxy. */
  readonly missingBars: Float64Array
  readonly fundingSettlements: Float64Array
  readonly fundingByProxy: Float64Array
  /** Days without a daily instant of their own, carried flat. */
  readonly carriedDays: number
  /** Largest |NAV of risk − NAV added up here from fills and funding|, quote: an independent check of the ledger. */
  readonly ledgerGap: number
}
