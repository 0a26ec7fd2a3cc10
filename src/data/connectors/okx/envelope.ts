/** Owns OKX's envelope `{code, msg, data}` and what its error codes mean to the connector. Never decides what to do about it. */
import { SECOND_MS } from '#core/time'
import { VenueFailed, type VenueFailure } from '../adapter.port.js'
import { type Fields, fieldsOf, listOf } from '../fields.js'

/** Window of most of OKX's limits; no header tells when one ends. */
const WINDOW_MS = 2 * SECOND_MS

const KINDS: readonly (readonly [VenueFailure['kind'], readonly string[]])[] = [
  ['rateLimited', ['50011', '50061', '60014']],
  ['clock', ['50102', '50112', '60004', '60006']],
  ['temporary', ['50001', '50004', '50013', '50026', '51149', '50040']],
  [
    'auth',
    ['50100', '50101', '50103', '50104', '50105', '50106', '50110', '50111', '50113', '50114', '50119', '60009'],
  ],
]
const KIND_OF = new Map(KINDS.flatMap(([kind, codes]) => codes.map((code) => [code, kind] as const)))

/** What a code means; codes that nobody listed are the request's own fault. */
export function failureOf(code: string, detail: string): VenueFailure {
  const kind = KIND_OF.get(code) ?? 'badRequest'
  return { kind, code, detail, waitMs: kind === 'rateLimited' ? WINDOW_MS : null }
}

/** What an answer that is not 2xx means. Whatever stands before OKX (a proxy, a firewall) answers without its envelope. */
export function failureOfStatus(status: number, body: string): VenueFailure {
  const fields = envelopeOf(body)
  const code = typeof fields?.code === 'string' && fields.code !== '' ? fields.code : undefined
  const detail = typeof fields?.msg === 'string' ? fields.msg : body.slice(0, 200)
  if (status === 429) return { kind: 'rateLimited', code: code ?? '429', detail, waitMs: WINDOW_MS }
  // 50001: the service is closed; that it comes with a 503 tells maintenance from a hiccup.
  if (status === 503 && code === '50001') return { kind: 'maintenance', code, detail, waitMs: null }
  if (code !== undefined && code !== '0') return failureOf(code, detail)
  if (status === 403) return { kind: 'banned', code: '403', detail, waitMs: null }
  if (status === 401) return { kind: 'auth', code: '401', detail, waitMs: null }
  const kind = status >= 500 || status === 408 ? 'temporary' : 'badRequest'
  return { kind, code: String(status), detail, waitMs: null }
}

function envelopeOf(body: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(body), '')
  } catch {
    return undefined
  }
}

/** `data` of an answer with code "0". Throws VenueFailed for any other, PayloadRefused for what is no envelope. */
export function dataOf(payload: unknown): readonly unknown[] {
  const fields = fieldsOf(payload, '')
  if (fields.code !== '0' && typeof fields.code === 'string')
    throw new VenueFailed(failureOf(fields.code, String(fields.msg ?? '')))
  return listOf(fields.data, 'data')
}
