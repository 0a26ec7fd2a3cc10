/** Owns what the page reads of the status that a running process tells of itself; the document has more. Types alone. */

export interface LiveStatus {
  /** `starting`, `running`, `stalled`, `halted`, `stopping`, `stopped`. */
  readonly state: string
  readonly agents: readonly { readonly name: string; readonly state: string; readonly restarts: number }[]
  /** Real time since the last market input became durable; null before the first. */
  readonly feedAgeMs: number | null
  readonly commitLagMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Inputs that wait for their step. */
  readonly waiting: number
  /** Simulated milliseconds a real one; null: as fast as it goes, or real time. */
  readonly speed: number | null
  readonly problems: readonly string[]
  readonly feeds?: readonly {
    readonly venue: string
    readonly isUp: boolean
    readonly reason: string
    readonly frameAgeMs: number | null
    readonly silent: readonly string[]
    readonly clockOffsetMs: number | null
  }[]
}
