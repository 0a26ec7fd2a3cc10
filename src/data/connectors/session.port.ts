/** Owns what a venue session is given and what it tells. Holds no logic. */
import type { VenueConfig } from '#core/config/schema'
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs, Interval } from '#core/time'
import type { StreamKind, VenueAdapter } from './adapter.port.js'
import type { OffsetMeasure } from './clock-offset.js'
import type { Normal } from './normal.js'
import type { QuarantineStats } from './quarantine.js'
import type { BudgetStatus } from './rate-budget.js'
import type { SocketStats } from './stream-events.js'
import type { StreamStats } from './stream-kinds.js'
import type { Fees, MarketInput } from './to-inputs.js'

export interface WatchedInstrument {
  readonly instrument: InstrumentId
  /** What of it is read. Of bars every closed one becomes an input; books and trades go to `tap` alone. */
  readonly kinds: readonly StreamKind[]
  /** Its listing becomes an input: it may be traded. */
  readonly isListed: boolean
}

export interface VenueSessionOptions {
  readonly adapter: VenueAdapter
  /** `env:NAME` values must have been resolved. */
  readonly config: VenueConfig
  readonly watch: readonly WatchedInstrument[]
  readonly interval: Interval
  /** Open time of the last bar that is known, by instrument: those behind it are filled. */
  readonly lastBars: ReadonlyMap<InstrumentId, EpochMs>
  /** Last settlement that is known, by instrument: those behind it are filled. */
  readonly lastSettlements?: ReadonlyMap<InstrumentId, EpochMs>
  /** Currencies whose option chains and volatility index are read, and how often a chain is told. */
  readonly chains?: { readonly currencies: readonly string[]; readonly everyMs: DurationMs }
  /** Was there before: when the venue has it no more it is delisted, and no mistake of the configuration. */
  readonly wasListed?: (instrument: InstrumentId) => boolean
  readonly fees: Fees
  readonly time: TimePort
  readonly seed: number
  /** Folder that holds the quarantine and, where `config` keeps them, raw frames. */
  readonly home: string
  readonly keepFrames?: boolean
  /** Whether it is held or has orders at work: only then its quotes become inputs. */
  readonly isTraded: (instrument: InstrumentId) => boolean
  /** Every record, also of what becomes no input; trades and liquidations once, bars closed and in order. Must not throw. */
  readonly tap?: (record: Normal, receivedAt: EpochMs) => void
  /** Longest wait for an answer of REST, on `time`. */
  readonly timeoutMs?: DurationMs
  /** A shorter life of connections than the venue's, for tests. */
  readonly maxLifeMs?: DurationMs
}

/** What the session tells while it runs. Must not throw. */
export interface SessionEvents {
  readonly onInput: (input: MarketInput) => void
  /** A stream gives no data for longer than is tolerated. */
  readonly onDegraded: (reason: string) => void
  readonly onRecovered: (downMs: DurationMs) => void
}

export interface SessionStats {
  readonly venue: string
  readonly clock: OffsetMeasure | undefined
  readonly budget: BudgetStatus
  readonly sockets: readonly SocketStats[]
  readonly streams: readonly StreamStats[]
  readonly bars: {
    /** By REST, because the stream did not give them in time. */
    readonly filled: number
    readonly failed: number
    readonly missing: number
    readonly next: Readonly<Record<string, EpochMs>>
  }
  readonly bookGaps: number
  readonly polls: { readonly asked: number; readonly failed: number }
  /** `<endpoint> <topic>: <why>` of topics that are given up: refused, or silent whatever is tried. */
  readonly doubts: readonly string[]
  readonly quarantine: QuarantineStats
  readonly frames: { readonly frames: number; readonly dropped: number }
}
