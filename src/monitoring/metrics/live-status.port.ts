/**
 * Owns what a process that runs tells of itself beside its log: the document that crosses from the main thread to the page, `/metrics` and
 * `status`. Plain data that can be cloned, without secrets. What the log tells is not in it twice, but for the few figures of RunStatus that
 * a person wants while the log stalls. Holds no logic.
 */

/** Durations as a Prometheus histogram counts them. */
export interface LatencyDoc {
  /** Upper ends, seconds, ascending, without infinity. */
  readonly le: readonly number[]
  /** Durations at most as long as each of them, cumulative; within 1.6 % of the end, never too many. */
  readonly cumulative: readonly number[]
  readonly count: number
  /** Seconds. */
  readonly sum: number
}

/** One kind of stream of a venue (`bars`, `mark`, `quotes` …), over all its connections. */
export interface LiveStream {
  readonly stream: string
  /** Since the newest frame of the kind, ms; null: none yet. */
  readonly ageMs: number | null
  readonly topics: number
  /** Topics of the kind without data for too long. */
  readonly silent: number
  /** Connections that were lost and carried it, since the process began. */
  readonly reconnects: number
}

/** One venue that is read. Ages and offsets in ms of the run's clock. */
export interface LiveFeed {
  readonly venue: string
  /** Every socket is up and no stream is silent for too long. */
  readonly isUp: boolean
  /** Why not; empty when it is. */
  readonly reason: string
  readonly sockets: { readonly up: number; readonly all: number; readonly drops: number; readonly rotations: number }
  /** Since the newest frame of any stream; null: none yet. */
  readonly frameAgeMs: number | null
  readonly frames: number
  /** Streams without data for too long. */
  readonly silent: readonly string[]
  readonly clockOffsetMs: number | null
  /** Of the fullest pool, share of what we allow ourselves. */
  readonly budgetUsed: number
  readonly requestsWaiting: number
  /** Epoch ms; null: nothing forbids requests. */
  readonly pausedUntil: number | null
  /** Bars that came by REST, questions that failed, bars that the venue does not have. */
  readonly bars: { readonly filled: number; readonly failed: number; readonly missing: number }
  /** Payloads that were refused. */
  readonly quarantined: number
  readonly streams?: readonly LiveStream[]
}

export interface LiveAgent {
  readonly name: string
  readonly kind: 'decider' | 'connector' | 'gateway'
  readonly version: string
  readonly state: string
  readonly reason: string
  readonly restarts: number
  readonly health: { readonly isHealthy: boolean; readonly detail: string }
}

export interface LiveStores {
  readonly cache: {
    readonly kind: 'memory' | 'redis'
    readonly isUp: boolean
    readonly waiting: number
    readonly lastError: string
  }
  readonly projector: {
    readonly state: string
    readonly position: number
    readonly lag: number
    readonly rows: number
    readonly eventsPerSecond: number
    readonly error?: { readonly code: string; readonly message: string } | undefined
  } | null
  readonly api: string | null
}

export interface LiveRuntime {
  /** Seconds by which the main thread came late, over the last 30 to 60 s. */
  readonly eventLoopLag: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  readonly externalBytes: number
  readonly rssBytes: number
  /** User and system, all threads. */
  readonly cpuSeconds: number
  readonly uptimeSeconds: number
  /** Epoch ms. */
  readonly startedAt: number
  /** Null where the system does not tell. */
  readonly openFds: number | null
  readonly maxFds: number | null
}

export interface LiveStatus {
  /** When it was taken, machine's clock, epoch ms. */
  readonly takenAt: number
  readonly runId: string
  readonly mode: string
  readonly pid: number
  /** Of the process: `starting`, `running`, `stalled`, `halted` (the host takes no input), `stopping`, `stopped`. */
  readonly state: string
  /** Last seq on disk, and its time. */
  readonly seq: number
  readonly ts: number
  readonly events: number
  readonly fills: number
  readonly orders: number
  /** The book as risk has it now; the log's own is in ViewState. */
  readonly equity: number
  readonly drawdown: number
  readonly gross: number
  readonly net: number
  readonly halted: boolean
  readonly haltReason: string
  readonly openOrders: number
  readonly agents: readonly LiveAgent[]
  readonly commitLagMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Real ms since the last market input became durable; null before the first. */
  readonly feedAgeMs: number | null
  /** Inputs that wait for their step. */
  readonly waiting: number
  /** Quotes replaced before they had a seq. */
  readonly coalesced: number
  readonly pendingTimers: number
  readonly speed: number | null
  readonly problems: readonly string[]
  /** Empty where no venue is read. */
  readonly feeds: readonly LiveFeed[]
  readonly doubts: readonly { readonly subject: string; readonly checks: readonly string[] }[]
  readonly stores: LiveStores | null
  /** What is on its way into the lake; null: nothing is kept. */
  readonly lake: {
    readonly waiting: number
    readonly written: number
    readonly conflicts: number
    readonly refused: number
    readonly dropped: number
    readonly trouble: string
  } | null
  readonly runtime: LiveRuntime
  readonly latency: {
    /** A step of the dispatcher: the first of each turn and every sixteenth. */
    readonly dispatch: LatencyDoc
    /** A group: from its seal to the end of its sync. */
    readonly commit: LatencyDoc
    /** An input: from its arrival to its commit. */
    readonly input: LatencyDoc
  }
  readonly snapshots: {
    /** When the newest was saved, machine's clock, epoch ms; null: none. */
    readonly newestTs: number | null
    /** Its seq; 0: none. */
    readonly newestSeq: number
    /** Events after which each agent has a newer one. */
    readonly everyEvents: number
    readonly longestPauseMs: number
  }
  /** Of the file system that holds the home; null: not known. */
  readonly disk: { readonly freeBytes: number; readonly sizeBytes: number } | null
  /** Of the venue whose clock is furthest from ours, signed; null: none measured. */
  readonly clockOffsetMs: number | null
}
