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
  /** Index into `instruments`; −1 of a package, from its first leg to its last. */
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
  /** Held by packages alone: no part of the universe that is traded by itself. */
  readonly isLeg?: boolean
}

/** How often something was said: `[what, times]`, most frequent first. */
export type Tally = readonly (readonly [what: string, times: number])[]

export interface RecordedHalt {
  readonly ts: EpochMs
  readonly reason: string
  readonly detail: string
}

/** What a signal said. */
export interface RecordedSpeech {
  readonly signal: string
  /** By day: 1 where it had data to decide on (an eligible opinion, an input of its kind, a package held). */
  readonly live: Float64Array
  /** Input without which a signal of packages has nothing to decide on; null: it says itself when it has not. */
  readonly needs: string | null
  /** Changes of mind by reason; of overlays by regime. */
  readonly reasons: Tally
  /** `entry: momentum`, `exit: stale`, `turn: breakout`, `resize`, `warning: on`, `regime: euphoria`. */
  readonly triggers: Tally
  /** PackageImbalanced by what risk did. */
  readonly legging: Tally
}

/** The books of all packages of one signal. Columns as in {@link BacktestRecording}. */
export interface RecordedPackages {
  readonly signal: string
  /** Ever traded. */
  readonly packages: number
  readonly profit: Float64Array
  readonly gross: Float64Array
  /** By the deltas that the signal named, coins that were won and kept included. */
  readonly net: Float64Array
  readonly fees: number
  readonly slippage: number
  readonly funding: number
  /** Σ|Δw|: value of the coins that changed hands. */
  readonly traded: number
  readonly fills: number
  /** Legs that were delivered, expired or delisted. */
  readonly settlements: number
  /** Evenings × legs held, and those of them on the bars of another instrument. */
  readonly legDays: number
  readonly proxyDays: number
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
  /** Overlays included: they take no position. */
  readonly signals: readonly string[]
  readonly overlays: readonly string[]
  /** NAV, quote; point 0 is the capital. */
  readonly equity: Float64Array
  /** By day: time-weighted return, value of what was paid in (quote), NAV that the profits of the day are a fraction of. */
  readonly returns: Float64Array
  readonly transfers: Float64Array
  readonly bases: Float64Array
  /** By day: funding received, quote. */
  readonly accrued: Float64Array
  /** Σ|w| and Σw, fractions of NAV, legs of packages included (net: at their deltas). */
  readonly gross: Float64Array
  readonly net: Float64Array
  /** By instrument: last close known, quote; NaN before the first. */
  readonly marks: readonly Float64Array[]
  /** By instrument: signed weight, fraction of NAV. */
  readonly weights: readonly Float64Array[]
  /** By instrument, legs of packages left out: profit of the day net of all costs, quote. */
  readonly profit: readonly Float64Array[]
  /** One a signal whose packages were traded; their profits and those of the instruments add up to the change of NAV less transfers. */
  readonly packages: readonly RecordedPackages[]
  readonly speech: readonly RecordedSpeech[]
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
