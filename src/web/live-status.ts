/** Owns what the page reads of the status that a running process tells of itself; the document has more. Types alone. */

export interface LiveStatus {
  /** Machine's clock, epoch ms. */
  readonly takenAt: number
  readonly pid: number
  /** `starting`, `running`, `stalled`, `halted`, `stopping`, `stopped`. */
  readonly state: string
  /** Of trading. */
  readonly halted: boolean
  readonly agents: readonly {
    readonly name: string
    readonly kind: string
    readonly state: string
    readonly restarts: number
    readonly health: { readonly isHealthy: boolean; readonly detail: string }
  }[]
  /** Real time since the last market input became durable; null before the first. */
  readonly feedAgeMs: number | null
  readonly commitLagMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Inputs that wait for their step. */
  readonly waiting: number
  /** Simulated milliseconds a real one; null: as fast as it goes, or real time. */
  readonly speed: number | null
  readonly problems: readonly string[]
  /** Empty where no venue is read. */
  readonly feeds: readonly {
    readonly venue: string
    readonly isUp: boolean
    readonly reason: string
    readonly sockets: { readonly up: number; readonly all: number; readonly drops: number; readonly rotations: number }
    readonly frameAgeMs: number | null
    readonly frames: number
    readonly silent: readonly string[]
    readonly clockOffsetMs: number | null
    /** Of the fullest pool, share of what we allow ourselves. */
    readonly budgetUsed: number
    readonly requestsWaiting: number
    /** Epoch ms; null: nothing forbids requests. */
    readonly pausedUntil: number | null
    readonly bars: { readonly filled: number; readonly failed: number; readonly missing: number }
    readonly quarantined: number
    readonly streams?: readonly {
      readonly stream: string
      readonly ageMs: number | null
      readonly topics: number
      readonly silent: number
      readonly reconnects: number
    }[]
  }[]
  readonly doubts: readonly { readonly subject: string; readonly checks: readonly string[] }[]
  readonly runtime: {
    readonly eventLoopLag: { readonly p99: number }
    readonly rssBytes: number
    readonly uptimeSeconds: number
  }
  readonly disk: { readonly freeBytes: number; readonly sizeBytes: number } | null
  readonly clockOffsetMs: number | null
}
