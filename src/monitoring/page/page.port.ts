/** Owns what the page is served from: the view of a run and, where a process stands behind it, its status and its commands. No logic. */
import type { RunViewPort } from '#audit/view/view.port'
import type { TimePort } from '#core/ports'
import type { LiveStatus } from '../metrics/live-status.port.js'

/** What the page may ask of a process. */
export type PageCommand =
  | { readonly do: 'halt' | 'resume' | 'flatten'; readonly reason: string }
  | { readonly do: 'restart'; readonly agent: string; readonly reason: string }

/** The process behind a page. Both reject with UNRESPONSIVE where it does not answer in time. */
export interface PageProcess {
  /** Null: it has nothing to tell yet. */
  status(): Promise<LiveStatus | null>
  /** The outcome, once it is on disk. CONTROL_REFUSED, AGENT_UNKNOWN. */
  command(command: PageCommand): Promise<unknown>
}

export interface PageOptions {
  readonly view: RunViewPort
  /** What needs a session waits for it: the view can be asked from then on. At once when absent. */
  readonly ready?: Promise<void>
  /** Null: a backtest, a replay, a run that stopped. */
  readonly process: PageProcess | null
  /** `status`: null where no process stands behind the page, or it does not answer. */
  readonly metrics: (status: LiveStatus | null) => Promise<{ readonly text: string; readonly contentType: string }>
  /** 32 hex digits; never told to anybody. */
  readonly token: string
  /** Folder of the built page, with index.html and assets. */
  readonly webRoot: string
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Further names under which it is reached, with or without a port. */
  readonly allowedHosts: readonly string[]
  readonly time: TimePort
}

export interface PageServer {
  readonly host: string
  readonly port: number
  /** Tells the head to those who follow, then ends every connection. Idempotent. */
  close(): Promise<void>
}
