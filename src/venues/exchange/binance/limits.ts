/** Owns every limit that the simulated Binance enforces: weights, pages, sockets, bans (binance.md 3, 6.1 and 8, 2026). */
import { DAY_MS, type DurationMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import type { SimLimit } from '../protocol.port.js'

export type Market = 'spot' | 'usdm' | 'coinm'

export const WEIGHT: Readonly<Record<Market, SimLimit>> = {
  spot: { name: 'spot weight', capacity: 6000, windowMs: MINUTE_MS, kind: 'window' },
  usdm: { name: 'usdm weight', capacity: 2400, windowMs: MINUTE_MS, kind: 'window' },
  coinm: { name: 'coinm weight', capacity: 2400, windowMs: MINUTE_MS, kind: 'window' },
}
export const RAW_REQUESTS: SimLimit = {
  name: 'spot requests',
  capacity: 61_000,
  windowMs: 5 * MINUTE_MS,
  kind: 'window',
}
export const FUNDING: SimLimit = { name: 'usdm funding', capacity: 500, windowMs: 5 * MINUTE_MS, kind: 'window' }
export const STATISTICS: SimLimit = { name: 'statistics', capacity: 1000, windowMs: 5 * MINUTE_MS, kind: 'window' }
/** Requests after the first 429 of a minute that make a ban; the venue does not publish its own number. */
export const OVERRUNS: SimLimit = { name: 'overruns', capacity: 10, windowMs: MINUTE_MS, kind: 'window' }
export const BAN_MS: DurationMs = 2 * MINUTE_MS

export const KLINES_MAX: Readonly<Record<Market, number>> = { spot: 1000, usdm: 1500, coinm: 1500 }
export const COINM_WINDOW_MS: DurationMs = 200 * DAY_MS
export const STATISTICS_MS: DurationMs = 31 * DAY_MS
export const AGG_TRADES_WINDOW_MS: DurationMs = HOUR_MS
/** Depth of the books that are played: streams and snapshots have the same one, or diffs would leave levels behind. */
export const BOOK_DEPTH = 100

/** Intervals that are played. 3d, 1w and 1M, which do not divide a day, are not. */
export const BAR_MS: Readonly<Record<string, DurationMs>> = {
  '1s': SECOND_MS,
  '1m': MINUTE_MS,
  '3m': 3 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '2h': 2 * HOUR_MS,
  '4h': 4 * HOUR_MS,
  '6h': 6 * HOUR_MS,
  '8h': 8 * HOUR_MS,
  '12h': 12 * HOUR_MS,
  '1d': DAY_MS,
}

export interface SocketLimits {
  readonly messagesPerSecond: number
  readonly pingEveryMs: DurationMs
  readonly pongWithinMs: DurationMs
}

export const SOCKET: Readonly<Record<Market, SocketLimits>> = {
  spot: { messagesPerSecond: 5, pingEveryMs: 20 * SECOND_MS, pongWithinMs: MINUTE_MS },
  usdm: { messagesPerSecond: 10, pingEveryMs: 3 * MINUTE_MS, pongWithinMs: 10 * MINUTE_MS },
  coinm: { messagesPerSecond: 10, pingEveryMs: 3 * MINUTE_MS, pongWithinMs: 10 * MINUTE_MS },
}
export const STREAMS_MAX = 1024
export const LIFE_MS: DurationMs = DAY_MS
/** The notice comes so long before the cut; the venue does not say how long. */
export const NOTICE_MS: DurationMs = MINUTE_MS

export function depthWeight(market: Market, limit: number): number {
  if (market === 'spot') return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250
  return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20
}

export function klinesWeight(market: Market, limit: number): number {
  if (market === 'spot') return 2
  return limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10
}
