/**
 * Owns what Bybit's failures mean: `retCode` inside HTTP 200, and statuses that are none. Codes after bybit-exchange/docs
 * docs/v5/error.mdx (2026-07-24). HTTP 403 is a ban of the address for ten minutes.
 */
import { MINUTE_MS, SECOND_MS } from '#core/time'
import { VenueFailed, type VenueFailure } from '../adapter.port.js'
import { type Fields, fieldsOf, numberOf } from '../fields.js'

type Headers = Readonly<Record<string, string | string[] | undefined>>

export const BAN_MS = 10 * MINUTE_MS
/** Window of the public limit: after it all of the weight is back. */
export const LIMIT_WINDOW_MS = 5 * SECOND_MS

const KINDS: ReadonlyMap<number, VenueFailure['kind']> = new Map<number, VenueFailure['kind']>([
  [-1, 'clock'],
  [10002, 'clock'],
  [10003, 'auth'],
  [10004, 'auth'],
  [10005, 'auth'],
  [10007, 'auth'],
  [10008, 'auth'],
  [10009, 'auth'],
  [10010, 'auth'],
  [10024, 'auth'],
  [10027, 'auth'],
  [10028, 'auth'],
  [-2015, 'auth'],
  [10006, 'rateLimited'],
  [10018, 'rateLimited'],
  [429, 'rateLimited'],
  [10429, 'rateLimited'],
  [10000, 'temporary'],
  [10016, 'temporary'],
  [10019, 'temporary'],
])

/** Of a body with a `retCode` that is not 0. `waitMs` of a limit: the whole window, because the body has no reset. */
export function failureOfCode(code: number, detail: string): VenueFailure {
  const kind = KINDS.get(code) ?? 'badRequest'
  return { kind, waitMs: kind === 'rateLimited' ? LIMIT_WINDOW_MS : null, code: String(code), detail }
}

/** The whole answer, once its `retCode` is 0. Throws VenueFailed, PayloadRefused. */
export function envelopeOf(payload: unknown): Fields {
  const envelope = fieldsOf(payload, 'body')
  const code = numberOf(envelope.retCode, 'retCode')
  if (code === 0) return envelope
  throw new VenueFailed(failureOfCode(code, String(envelope.retMsg ?? '')))
}

/** What an answer of any status means; reads the reset stamp where the headers have one. */
export function failureOfStatus(status: number, headers: Headers, body: string): VenueFailure {
  if (status === 403) return { kind: 'banned', waitMs: BAN_MS, code: '403', detail: body.slice(0, 200) }
  const told = failureInBody(body)
  if (told !== undefined) {
    const resetAt = Number(first(headers['x-bapi-limit-reset-timestamp']))
    const wait = resetAt - told.at
    if (told.failure.kind === 'rateLimited' && Number.isFinite(wait) && wait >= 0)
      return { ...told.failure, waitMs: wait }
    return told.failure
  }
  const detail = body.slice(0, 200)
  const code = String(status)
  if (status === 429) return { kind: 'rateLimited', waitMs: LIMIT_WINDOW_MS, code, detail }
  if (status === 401) return { kind: 'auth', waitMs: null, code, detail }
  if (status === 503) return { kind: 'maintenance', waitMs: null, code, detail }
  return { kind: status >= 500 || status === 408 ? 'temporary' : 'badRequest', waitMs: null, code, detail }
}

function failureInBody(body: string): { readonly failure: VenueFailure; readonly at: number } | undefined {
  try {
    const { retCode, retMsg, time } = JSON.parse(body) as Fields // whatever it is, only these three are read
    if (typeof retCode !== 'number' || retCode === 0) return undefined
    return { failure: failureOfCode(retCode, String(retMsg ?? '')), at: Number(time) }
  } catch {
    return undefined
  }
}

const first = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)
