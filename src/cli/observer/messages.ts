/** Owns what the trading thread and the observer thread say to each other. Plain data; a secret only in the spec. No logic. */
import type { NotificationsConfig } from '#core/config/operate-schema'
import type { ErrorCode } from '#core/errors'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'
import type { NotifySecrets } from '#monitoring/notify/notify.port'
import type { PageCommand } from '#monitoring/page/page.port'

export interface WebSpec {
  readonly host: string
  readonly port: number
  /** A free port is taken where this one is not: it is nobody's choice. */
  readonly mayMove: boolean
  readonly allowedHosts: readonly string[]
  readonly token: string
  /** Folder of the built page. */
  readonly root: string
}

/** What an observer is made of, wherever it runs. */
export interface ObserverSpec {
  readonly home: string
  readonly runDir: string
  /** A process writes the log, and can be asked. */
  readonly isLive: boolean
  /** Null: no page, no metrics. */
  readonly web: WebSpec | null
  /** Null: nobody is told. */
  readonly notify: {
    readonly config: NotificationsConfig
    readonly secrets: NotifySecrets
    /** Last seq that is history to a notifier without a position. */
    readonly after: number
  } | null
}

/** Where the page is; null: it is off. */
export type PagePlace = { readonly host: string; readonly port: number } | null

export type Asked = { readonly do: 'status' } | PageCommand

export interface Failure {
  readonly code: ErrorCode
  readonly message: string
}

export type FromObserver =
  | { readonly kind: 'ready'; readonly place: PagePlace }
  | { readonly kind: 'problem'; readonly detail: string }
  /** Not to be carried out after `expiresAt`, epoch ms. */
  | { readonly kind: 'ask'; readonly id: number; readonly expiresAt: number; readonly asked: Asked }
  | { readonly kind: 'closed' }

export type ToObserver =
  /** The log has come further: how far stands in the shared memory. */
  | { readonly kind: 'wake' }
  /** A command is being carried out: its outcome may take as long as the disk does. */
  | { readonly kind: 'taken'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly result: LiveStatus | unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure }
  /** The log ends at `lastSeq`: tell it, then end. */
  | { readonly kind: 'close'; readonly lastSeq: number }

export interface ThreadData {
  readonly spec: ObserverSpec
  /** A {@link SeqMark}. */
  readonly mark: SharedArrayBuffer
}
