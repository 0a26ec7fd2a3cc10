/** Owns JSON-RPC 2.0 of Deribit: results, errors and what an error code means. */
import { VenueFailed, type VenueFailure } from '../adapter.port.js'
import { type Fields, fieldsOf, numberOf } from '../fields.js'
import { PayloadRefused } from '../normal.js'

const AUTH = new Set([10_000, 13_004, 13_009, 13_021, 13_778])
const MAINTENANCE = new Set([11_051])
const TEMPORARY = new Set([10_001, 10_040, 10_041, 10_047, 11_094, 13_028, 13_888])

/** `result` of an answer. Throws VenueFailed for `error`, PayloadRefused when there is neither. */
export function resultOf(payload: unknown): unknown {
  const envelope = fieldsOf(payload, '$')
  if (envelope.error !== undefined) throw new VenueFailed(failureOfError(fieldsOf(envelope.error, 'error')))
  if (envelope.result === undefined) throw new PayloadRefused('result', 'is absent')
  return envelope.result
}

/** What an `error` object means. `data.wait` is in seconds. */
export function failureOfError(error: Fields): VenueFailure {
  const code = numberOf(error.code, 'error.code')
  const data = typeof error.data === 'object' && error.data !== null ? (error.data as Fields) : {} // checked on this line
  const reason = typeof data.reason === 'string' ? ` (${data.reason})` : ''
  const waitMs = typeof data.wait === 'number' ? data.wait * 1000 : null
  return { kind: kindOf(code), waitMs, code: String(code), detail: `${String(error.message ?? 'no message')}${reason}` }
}

function kindOf(code: number): VenueFailure['kind'] {
  if (code === 10_028) return 'rateLimited'
  if (AUTH.has(code)) return 'auth'
  if (MAINTENANCE.has(code)) return 'maintenance'
  if (TEMPORARY.has(code)) return 'temporary'
  return 'badRequest'
}

/** What an answer other than 2xx means: the error in its body, else its status. */
export function failureOf(status: number, headers: Readonly<Record<string, unknown>>, body: string): VenueFailure {
  const error = errorIn(body)
  if (error) return failureOfError(error)
  const after = Number(headers['retry-after'])
  const waitMs = Number.isFinite(after) && after > 0 ? after * 1000 : null
  const detail = body.slice(0, 120)
  if (status === 429) return { kind: 'rateLimited', waitMs, code: '429', detail }
  if (status === 401 || status === 403) return { kind: 'auth', waitMs, code: String(status), detail }
  if (status >= 400 && status < 500) return { kind: 'badRequest', waitMs, code: String(status), detail }
  return { kind: 'temporary', waitMs, code: String(status), detail }
}

function errorIn(body: string): Fields | undefined {
  try {
    const { error } = fieldsOf(JSON.parse(body), '$')
    if (error === undefined) return undefined
    const fields = fieldsOf(error, 'error')
    return typeof fields.code === 'number' ? fields : undefined
  } catch {
    return undefined // a proxy's page of HTML: its status speaks
  }
}
