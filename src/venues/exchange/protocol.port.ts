/**
 * Owns what one venue's protocol is to the simulated exchange: the server does sockets, clock, limits, faults; the protocol
 * says what stands in answers and frames, and which rules the venue enforces. Protocols never wait and never read a clock.
 */
import type { DurationMs, EpochMs } from '#core/time'
import type { World } from './world.port.js'

export interface SimRequest {
  readonly method: string
  /** Path without query: `/fapi/v1/klines`. */
  readonly path: string
  readonly query: URLSearchParams
  /** The query exactly as it was sent; signatures are over bytes. */
  readonly rawQuery: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** Address of the client: limits are by it. */
  readonly ip: string
}

export interface SimReply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, or as it is when a string. */
  readonly body: unknown
}

/** A limit as the venue enforces it. */
export interface SimLimit {
  readonly name: string
  readonly capacity: number
  readonly windowMs: DurationMs
  readonly kind: 'window' | 'bucket'
}

/** Counters of the exchange, on its clock. */
export interface SimLimiter {
  /** Takes weight; `used` counts it already. `isOver`: beyond the capacity (it is counted nevertheless, as venues do). */
  take(
    limit: SimLimit,
    key: string,
    weight: number,
  ): { readonly used: number; readonly isOver: boolean; readonly resetMs: DurationMs }
  /** Banned addresses: until when; undefined when it is not. */
  bannedUntil(ip: string): EpochMs | undefined
  ban(ip: string, forMs: DurationMs): void
}

/** What a key may do, as the operator of the real venue chose when it was made. */
export const KEY_RIGHTS = ['read', 'trade', 'withdraw'] as const
export type KeyRight = (typeof KEY_RIGHTS)[number]

/** What a protocol may use to answer. */
export interface SimContext {
  readonly world: World
  /** Venue time, with injected clock skew. */
  now(): EpochMs
  readonly limiter: SimLimiter
  /** The venue is closed for maintenance (fault). */
  readonly isInMaintenance: boolean
  /** Of the simulated account's key; absent: it may read and trade. */
  readonly rights?: readonly KeyRight[]
  /** Symbols that a fault delisted, and intervals that one changed, are already seen through `world`. */
}

export const mayDo = ({ rights = ['read', 'trade'] }: Pick<SimContext, 'rights'>, right: KeyRight): boolean =>
  rights.includes(right)

/** One connection, as the protocol sees it. */
export interface SimSocket {
  readonly id: number
  readonly ip: string
  readonly path: string
  readonly rawQuery: string
  /** A text frame. */
  send(text: string): void
  /** Protocol-level ping. */
  ping(): void
  close(code: number, reason: string): void
}

/** What a connection is subscribed to and owes; made by the protocol for each connection. */
export interface SimSession {
  /** A message of the client. May send, may close. */
  onMessage(text: string): void
  /** The client answered a protocol-level ping. */
  onPong(): void
  /** Called every tick of the exchange: send everything of the subscriptions that happened in `(from, to]`, enforce heartbeats and life time. */
  advance(from: EpochMs, to: EpochMs): void
}

export interface SimProtocol {
  readonly venue: string
  /** Answers everything, unknown paths as the venue does. */
  handle(request: SimRequest, context: SimContext): SimReply
  /** `undefined`: no such path; the upgrade is refused with 404. */
  connect(socket: SimSocket, context: SimContext): SimSession | undefined
  /** Answer of every path while the venue is closed. */
  readonly maintenanceReply: SimReply
  /** Answer of a server error, e.g. 502 or 503 in the venue's own form. */
  serverError(status: number): SimReply
  /** URLs of this venue below the server's origins, as ccxt and people need them. */
  urls(rest: string, ws: string): Readonly<Record<string, string>>
}
