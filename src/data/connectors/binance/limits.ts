/** Owns Binance's limits as the connector must keep them (binance.md 8), what answers tell of them, and what failures mean. */
import { MINUTE_MS, SECOND_MS } from '#core/time'
import type { Call, Cost, PoolSpec, VenueFailure } from '../adapter.port.js'
import type { BinanceMarket } from './symbols.js'

export const POOLS: readonly PoolSpec[] = [
  { name: 'spotWeight', capacity: 6000, windowMs: MINUTE_MS, kind: 'window' },
  { name: 'spotRequests', capacity: 61_000, windowMs: 5 * MINUTE_MS, kind: 'window' },
  { name: 'usdmWeight', capacity: 2400, windowMs: MINUTE_MS, kind: 'window' },
  { name: 'coinmWeight', capacity: 2400, windowMs: MINUTE_MS, kind: 'window' },
  // fundingRate and fundingInfo of USD-M share a pool of their own.
  { name: 'usdmFunding', capacity: 500, windowMs: 5 * MINUTE_MS, kind: 'window' },
  { name: 'usdmStatistics', capacity: 1000, windowMs: 5 * MINUTE_MS, kind: 'window' },
  { name: 'coinmStatistics', capacity: 1000, windowMs: 5 * MINUTE_MS, kind: 'window' },
]

/** Weight in the pool of a market; spot counts raw requests besides. */
export function weight(market: BinanceMarket, amount: number): readonly Cost[] {
  const cost: Cost = { pool: `${market}Weight`, weight: amount }
  return market === 'spot' ? [cost, { pool: 'spotRequests', weight: 1 }] : [cost]
}

/** Weight of a page of futures klines. */
export function klinesWeight(limit: number): number {
  if (limit < 100) return 1
  if (limit < 500) return 2
  return limit <= 1000 ? 5 : 10
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

function header(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

const WEIGHT_OF: Readonly<Record<string, string>> = {
  spotRest: 'spotWeight',
  usdmRest: 'usdmWeight',
  coinmRest: 'coinmWeight',
}

/** Weight that the venue says was used in this minute; nothing where its word is known to be wrong (USD-M bookTicker). */
export function usage(headers: Headers, call: Call<unknown>): readonly Cost[] {
  const used = Number(header(headers, 'x-mbx-used-weight-1m') ?? Number.NaN)
  const pool = WEIGHT_OF[call.endpoint]
  if (pool === undefined || !Number.isFinite(used)) return []
  if (call.endpoint === 'usdmRest' && /\/ticker\/(?:bookTicker|price)/.test(call.path)) return []
  return [{ pool, weight: used }]
}

interface ErrorBody {
  readonly code: number | null
  readonly text: string
}

function errorBody(body: string): ErrorBody {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null) {
      const { code, msg } = parsed as { code?: unknown; msg?: unknown } // any object may be asked for a key
      return { code: typeof code === 'number' ? code : null, text: typeof msg === 'string' ? msg : '' }
    }
  } catch {
    // A firewall answers with HTML.
  }
  return { code: null, text: body.slice(0, 200) }
}

/** Codes that stand for a fault of the venue, not of the request. */
const TEMPORARY = new Set([-1000, -1001, -1006, -1007, -1008, -1016])
const AUTH = new Set([-1002, -1022, -2014, -2015])

/** A firewall's 403 must not be hammered: five minutes, chosen here. */
const FORBIDDEN_MS = 5 * MINUTE_MS
/** Shortest ban (binance.md 8), for a 418 that does not say. */
const BAN_MS = 2 * MINUTE_MS

/**
 * What an answer that is not 2xx means. `banned until` is an instant of the venue, so it counts against the answer's own
 * Date header alone; without one Retry-After decides.
 */
export function failure(status: number, headers: Headers, body: string): VenueFailure {
  const { code, text } = errorBody(body)
  const detail = `HTTP ${status} ${text}`.trim()
  const shown = code === null ? String(status) : String(code)
  const waitMs = retryAfter(headers, text)
  if (status === 418) return { kind: 'banned', waitMs: waitMs ?? BAN_MS, code: shown, detail }
  if (/banned until \d/.test(text)) return { kind: 'banned', waitMs: waitMs ?? BAN_MS, code: shown, detail }
  if (status === 429 || code === -1003 || code === -1015) return { kind: 'rateLimited', waitMs, code: shown, detail }
  if (status === 403) return { kind: 'rateLimited', waitMs: waitMs ?? FORBIDDEN_MS, code: shown, detail }
  if (code === -1021) return { kind: 'clock', waitMs: null, code: shown, detail }
  if (status === 401 || (code !== null && AUTH.has(code))) return { kind: 'auth', waitMs: null, code: shown, detail }
  if (/maintenance/i.test(text)) return { kind: 'maintenance', waitMs, code: shown, detail }
  if (status >= 500 || (code !== null && TEMPORARY.has(code))) return { kind: 'temporary', waitMs, code: shown, detail }
  return { kind: 'badRequest', waitMs: null, code: shown, detail }
}

/** The later of Retry-After and the instant in the text. */
function retryAfter(headers: Headers, text: string): number | null {
  const seconds = Number(header(headers, 'retry-after') ?? Number.NaN)
  const until = Number(/banned until (\d{13})/.exec(text)?.[1] ?? Number.NaN)
  const at = Date.parse(header(headers, 'date') ?? '')
  const waits = [seconds * SECOND_MS, until - at].filter((wait) => Number.isFinite(wait) && wait > 0)
  return waits.length === 0 ? null : Math.max(...waits)
}
