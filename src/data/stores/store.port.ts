/**
 * Owns the interface of the aggregate store: a projection of logs for queries by people and the analytics API. Deciders
 * never ask it, it may lag, and it can be rebuilt from the logs at any time. Expected failures come as QuantbotErrors:
 * STORE_UNAVAILABLE (server gone, hanging, disk full: the same call may succeed later), STORE_SCHEMA (newer schema, a
 * migration that failed).
 */
import type { EpochMs } from '#core/time'
import type { Row } from './tables.js'

/** The world of market rows that were seen on the real venues; other worlds (a simulation, a testnet) have other names. */
export const REAL_WORLD = 'real'

/** A run as the store knows it. */
export interface RunInfo {
  readonly run: string
  /** Whose market it saw: runs of one world share their market rows. */
  readonly world: string
  readonly mode: string
  readonly codeVersion: string
  readonly configurationHash: string
  readonly createdAt: EpochMs
  readonly parent: string | null
}

/** A run with how far it is projected. */
export interface RunRow extends RunInfo {
  /** Last seq that is projected, and the ts of its event; 0 before the first one. */
  readonly position: number
  readonly positionTs: EpochMs
}

/** Rows of the committed events with seq in (`after`, `lastSeq`], in order of seq. */
export interface Batch {
  readonly run: string
  readonly after: number
  readonly lastSeq: number
  readonly lastTs: EpochMs
  readonly rows: readonly Row[]
}

export interface Appended {
  /** Last projected seq now. Below the batch's `lastSeq` when the batch began beyond it: nothing was written, read on from here. */
  readonly position: number
  /** Rows handed over; market rows that were there already stay as they are. */
  readonly rows: number
}

export interface StoreDescription {
  readonly backend: 'duckdb' | 'postgres'
  /** What cuts the tables: TimescaleDB's hypertables, native partitions by month, or nothing. */
  readonly chunks: 'timescale' | 'native' | 'none'
  readonly schemaVersion: number
  /** In words, for a person. */
  readonly says: string
}

/** A page: rows with a time in [`from`, `to`), ascending, at most `limit` (default 1000, at most 100000). */
export interface Page {
  readonly from?: EpochMs
  readonly to?: EpochMs
  readonly limit?: number
}

/** Market rows of a world; `real` when absent. */
export interface MarketQuery extends Page {
  readonly world?: string
  readonly instrument: string
}

/** Rows of a run, or of all when absent; `afterSeq` (with `run`) goes on behind a page. */
export interface RunQuery extends Page {
  readonly run?: string
  readonly instrument?: string
  readonly afterSeq?: number
}

export interface BarRow {
  readonly instrument: string
  readonly interval: string
  readonly openTime: EpochMs
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  /** The bar itself, or the interval of the bars that it was rolled up from. */
  readonly from: string
  /** Finer bars in it (1 for a bar itself), and the share of its span that they cover. */
  readonly parts: number
  readonly coverage: number
}

export interface FundingRow {
  readonly instrument: string
  readonly settledAt: EpochMs
  readonly rate: number
  readonly intervalHours: number
  readonly proxy: boolean
}

export interface FundingRateRow {
  readonly instrument: string
  readonly at: EpochMs
  readonly rate: number
  readonly intervalHours: number
  readonly nextFundingAt: EpochMs | null
}

/** Settled funding of a base across venues in a slot of time; rates normalised to 8 hours. */
export interface FundingSpreadRow {
  readonly at: EpochMs
  readonly instruments: number
  readonly highest: string
  readonly highestRate8h: number
  readonly lowest: string
  readonly lowestRate8h: number
  readonly spread8h: number
}

export interface MarkRow {
  readonly instrument: string
  readonly at: EpochMs
  readonly mark: number
  readonly index: number | null
}

export interface OpenInterestRow {
  readonly instrument: string
  readonly at: EpochMs
  /** Base coins, one side. */
  readonly openInterest: number
}

export interface VolatilityRow {
  readonly venue: string
  readonly currency: string
  readonly at: EpochMs
  /** Decimal a year. */
  readonly value: number
}

export interface InstrumentRow {
  readonly instrument: string
  readonly kind: string
  readonly base: string
  readonly quote: string
  readonly tick: string
  readonly lot: string
  readonly minNotional: string
  readonly makerFeeBps: number
  readonly takerFeeBps: number
  readonly listedAt: EpochMs
  /** Null while it is listed. */
  readonly delistedAt: EpochMs | null
}

interface OfRun {
  readonly run: string
  readonly seq: number
  readonly ts: EpochMs
}

export interface SignalRow extends OfRun {
  readonly signal: string
  readonly instrument: string
  readonly side: string
  readonly reason: string
  readonly strength: number
  readonly confidence: number
  readonly targetWeight: number
  readonly price: number
  readonly asOf: EpochMs
  readonly validUntil: EpochMs
  /** The numbers that decided. */
  readonly terms: unknown
}

export type OrderState =
  | 'approved'
  | 'submitted'
  | 'accepted'
  | 'filled'
  | 'partly filled'
  | 'cancelled'
  | 'rejected'
  | 'withheld'
  | 'unknown'

/** An order as far as it came. `seq` and `ts` are of its first event. */
export interface OrderRow extends OfRun {
  readonly order: string
  readonly instrument: string
  readonly state: OrderState
  readonly side: string | null
  readonly purpose: string | null
  readonly quantity: string | null
  /** Exact sum of its fills, base units. */
  readonly filled: string
  readonly fees: string
  readonly limitPrice: string | null
  readonly referencePrice: string | null
  readonly code: string | null
  readonly lastSeq: number
  readonly lastTs: EpochMs
}

export interface FillRow extends OfRun {
  readonly order: string
  readonly trade: string
  readonly instrument: string
  readonly side: string
  readonly price: string
  readonly quantity: string
  readonly fee: string
  readonly feeCurrency: string
  readonly liquidity: string
  readonly referencePrice: string
  readonly slippageBps: number
}

/** One instrument's row of what blender or risk said. */
export interface DecisionRow extends OfRun {
  readonly ordinal: number
  readonly kind: 'blend' | 'risk' | 'refusal' | 'stop'
  readonly instrument: string
  /** Blended, approved or wanted weight, fraction of NAV; null for a stop. */
  readonly weight: number | null
  /** Outcome of the blend, code of the refusal, side of the stop. */
  readonly outcome: string | null
  /** The row as the event has it. */
  readonly detail: unknown
}

/** Marked equity as risk saw it at an assessment. Fractions of NAV; drawdown is 0 or negative. */
export interface EquityRow extends OfRun {
  readonly nav: number
  readonly gross: number
  readonly net: number
  readonly drawdown: number | null
  readonly annualVol: number | null
}

export interface HaltRow extends OfRun {
  readonly halted: boolean
  readonly reason: string
  readonly detail: string | null
  readonly value: number | null
  readonly limit: number | null
}

/** What the analytics API asks. */
export interface AggregateQueries {
  runs(): Promise<readonly RunRow[]>
  /** The newest terms of each instrument of a world. */
  instruments(query: { readonly world?: string; readonly base?: string }): Promise<readonly InstrumentRow[]>
  /** Bars of an interval; where the log had none, 1h and 1d are rolled up from finer ones. */
  bars(query: MarketQuery & { readonly interval: string }): Promise<readonly BarRow[]>
  funding(query: MarketQuery): Promise<readonly FundingRow[]>
  fundingRates(query: MarketQuery): Promise<readonly FundingRateRow[]>
  /** Slots of `slotHours` (default 8), where at least two instruments of the base settled. */
  fundingSpreads(
    query: Page & { readonly world?: string; readonly base: string; readonly slotHours?: number },
  ): Promise<readonly FundingSpreadRow[]>
  marks(query: MarketQuery): Promise<readonly MarkRow[]>
  openInterest(query: MarketQuery): Promise<readonly OpenInterestRow[]>
  volatility(
    query: Page & { readonly world?: string; readonly venue: string; readonly currency: string },
  ): Promise<readonly VolatilityRow[]>
  signals(query: RunQuery & { readonly signal?: string }): Promise<readonly SignalRow[]>
  orders(query: RunQuery): Promise<readonly OrderRow[]>
  fills(query: RunQuery): Promise<readonly FillRow[]>
  decisions(query: RunQuery & { readonly kind?: DecisionRow['kind'] }): Promise<readonly DecisionRow[]>
  equity(query: Omit<RunQuery, 'instrument'>): Promise<readonly EquityRow[]>
  halts(query: Omit<RunQuery, 'instrument'>): Promise<readonly HaltRow[]>
}

export interface AggregateStore extends AggregateQueries {
  /** Brings the schema up to date; safe to call by several processes at once. Before anything else. */
  migrate(): Promise<void>
  describe(): Promise<StoreDescription>
  /** Makes a run known, or renews what is known of it; keeps its position. */
  register(run: RunInfo): Promise<void>
  /** Last projected seq of a run; 0 when it is unknown. */
  position(run: string): Promise<number>
  /**
   * Writes a batch and the new position as one, exactly once: rows at or below the position are left out, and a batch
   * that begins beyond it is not written at all. The run must be registered.
   */
  append(batch: Batch): Promise<Appended>
  /** Deletes all rows of a run and puts its position to 0. */
  rebuild(run: string): Promise<void>
  /** Renews rollups that the server keeps, after rows of the past were written. Costs nothing where there are none. */
  refresh(): Promise<void>
  close(): Promise<void>
}
