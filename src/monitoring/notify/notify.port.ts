/** Owns what others see of notifications: how the notifier is made, fed and watched. No logic. */
import type { RunFacts } from '#audit/view/view.port'
import type { NotificationsConfig } from '#core/config/operate-schema'
import type { TimePort } from '#core/ports'
import type { AnyEvent } from '#events/catalogue'

export type SinkName = 'email' | 'slack'
export type Severity = 'info' | 'warning' | 'critical'

/** Why a delivery failed. `src/monitoring/notify/failures.ts` has the mend of each. */
export type FailureCode =
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'auth-refused'
  | 'sender-refused'
  | 'recipient-refused'
  | 'message-refused'
  | 'rate-limited'
  | 'server-error'
  | 'webhook-gone'
  | 'redirected'
  | 'failed'

/** One sink. Counts are of the run, a few seconds old after a crash; `queued` is of the spool. Never holds a secret or what a server said. */
export interface SinkStatus {
  readonly sink: SinkName
  /** Messages that wait, or are on their way. */
  readonly queued: number
  readonly delivered: number
  /** Attempts that failed. */
  readonly failures: number
  /** Messages that the sink itself will never take, and that were given up. */
  readonly givenUp: number
  /** Messages that were told in a summary instead, because too many waited. */
  readonly collapsed: number
  readonly lastError: { readonly code: FailureCode; readonly status: number | null; readonly at: number } | null
  /** The newest attempt failed. */
  readonly isFailing: boolean
  /** Epoch ms of the newest message that the sink took; null: none yet. */
  readonly lastDeliveryAt: number | null
}

export interface NotifyStatus {
  /** Last seq whose notifications are in the spool or delivered, 0: none. */
  readonly position: number
  readonly sinks: readonly SinkStatus[]
}

/** Values of the environment and of files that the configuration names. */
export interface NotifySecrets {
  /** `ca`: PEM of the authorities that are trusted instead of the system's. */
  readonly email?: { readonly user?: string; readonly password?: string; readonly ca?: string }
  readonly slack?: { readonly webhook: string }
}

/** What the digest cannot fold by itself. A failure is told in the digest, which goes out all the same. */
export interface DigestSource {
  /** Marked equity of the book at a seq, in the currency of the book. */
  equityAt(seq: number): Promise<number>
  /** The newest signed checkpoint as the log folder holds it, one line of JSON; null: none yet. */
  checkpoint(): Promise<string | null>
}

export interface NotifierOptions {
  readonly config: NotificationsConfig
  readonly secrets: NotifySecrets
  /** `<home>/notify/<run>`: position and spool; made where it is missing. One notifier a folder. */
  readonly folder: string
  readonly facts: Pick<RunFacts, 'run' | 'mode' | 'currency'>
  /** Machine's clock. */
  readonly time: TimePort
  /** Events up to this seq are history where no position is kept yet: they are folded, never told. 0 when absent. */
  readonly after?: number
  readonly digest?: DigestSource
  /** What an operator should see in the process's own log, in words of ours. Must not throw. */
  readonly onTrouble?: (trouble: {
    readonly sink: SinkName | null
    readonly code: FailureCode | 'spool-unusable' | 'collapsed' | 'recovered'
    readonly detail: string
  }) => void
  /** In [0, 1), for the jitter of the back-off; the machine's when absent. */
  readonly random?: () => number
}

/** The part of the reader's head that notifications need. */
export interface NotifyHead {
  readonly seq: number
  readonly ts: number
  readonly fault: { readonly code: string; readonly detail: string } | null
}

/** Tells people what committed events mean for them. Nothing of it throws or waits for a sink. */
export interface Notifier {
  /**
   * Committed events in order of seq, any of them again after a restart: those up to the position are skipped. Gaps are
   * allowed (archived segments). `head`: where the reader stands behind them. O(events).
   */
  take(events: readonly AnyEvent[], head: NotifyHead): void
  start(): void
  /** Writes what is open, gives digests at most two seconds and the sinks at most five for what waits, and ends. Never rejects. */
  stop(): Promise<void>
  status(): NotifyStatus
}
