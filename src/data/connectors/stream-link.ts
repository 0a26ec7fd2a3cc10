/** Owns what a socket remembers of one of its connections, and its times. Holds no logic but what follows from them. */
import type { EpochMs } from '#core/time'
import type { SocketPlan } from './adapter.port.js'
import type { Connection } from './connection.js'
import type { TopicWatch } from './topic-watch.js'

/** Ours: at most half a minute between two tries. */
export const RECONNECT = { firstMs: 250, factor: 2, capMs: 30_000, jitter: 0.5 } as const
/** Share of the venue's longest life at which a connection is replaced, less up to a tenth by chance. */
export const LIFE_SHARE = 0.95
/** How long a new connection may take until all its topics have spoken. */
export const OVERLAP_MS = 120_000
/** A connection that gave data for so long was a good one, whatever topic was silent on it. */
export const SOUND_MS = 60_000

/** After a refusal (ours): what a venue does not have now it may have later. */
export const ASK_AGAIN_MS = 600_000

export interface Link {
  readonly id: number
  plan: SocketPlan
  readonly connection: Connection
  readonly watch: TopicWatch
  openedAt: EpochMs | null
  /** All its topics are asked for by then. */
  readyAt: EpochMs
  hasSpoken: boolean
}

/** It gave data, or is open and owes none. */
export function isSound({ hasSpoken, openedAt, watch }: Link): boolean {
  return hasSpoken || (openedAt !== null && watch.isComplete)
}
