/** Owns what a kept-alive socket is given and what it tells. Holds no logic. */
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'
import type { Knowledge, SocketPlan, TopicPlan, VenueAdapter } from './adapter.port.js'
import type { Endpoints } from './endpoints.js'
import type { Normal } from './normal.js'
import type { QuarantinePort } from './quarantine.js'
import type { RateBudget } from './rate-budget.js'

/** Pool of connection attempts. */
export const CONNECT_POOL = 'connect'

export type StreamEvent =
  | {
      readonly kind: 'frame'
      readonly topic: string | null
      readonly records: readonly Normal[]
      readonly receivedAt: EpochMs
      /** Of the connection; higher ones were opened later. */
      readonly socketId: number
    }
  /** Data came again, `downMs` after it had ceased; 0 for the first connection. */
  | { readonly kind: 'up'; readonly socketId: number; readonly downMs: DurationMs }
  | { readonly kind: 'down'; readonly socketId: number; readonly reason: string }
  /** A connection that is not needed any more was closed in good order. */
  | { readonly kind: 'replaced'; readonly socketId: number }
  | { readonly kind: 'stale'; readonly topic: string; readonly silentMs: DurationMs }
  | { readonly kind: 'fresh'; readonly topic: string }
  | { readonly kind: 'refused'; readonly topics: readonly string[] }
  /** A topic is given up: the venue refuses it, or it stays silent after asking again and connecting again. */
  | { readonly kind: 'lost'; readonly topic: TopicPlan; readonly why: string }

export interface StreamSocketOptions {
  readonly name: string
  readonly adapter: Pick<VenueAdapter, 'venue' | 'rules' | 'subscribe' | 'unsubscribe' | 'decoder'>
  readonly plan: SocketPlan
  readonly endpoints: Endpoints
  readonly knowledge: Knowledge
  readonly time: TimePort
  readonly seed: number
  /** Connection attempts of the whole venue. */
  readonly connects: RateBudget
  /** Numbers connections; shared by the sockets of a venue. */
  readonly nextSocketId: () => number
  readonly quarantine?: QuarantinePort | undefined
  readonly tap?: ((receivedAt: EpochMs, topic: string, text: string) => void) | undefined
  /** A shorter life than the venue's, for tests and second sockets. */
  readonly maxLifeMs?: DurationMs | undefined
}

export interface SocketStats {
  readonly name: string
  readonly isUp: boolean
  readonly frames: number
  /** Connections that were lost. */
  readonly drops: number
  /** Connections that were replaced before the venue would have cut them. */
  readonly rotations: number
  readonly lastReason: string
  readonly connectedAt: EpochMs | null
  /** Topics that are silent for too long. */
  readonly silent: readonly string[]
  /** Age of the newest frame by topic, ms; null: none yet on this connection. */
  readonly ages: Readonly<Record<string, DurationMs | null>>
}
