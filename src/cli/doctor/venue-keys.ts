/**
 * Owns asking a venue what a key may do: the documented question of each venue, signed at the venue's time. Changes nothing,
 * and never lets key, secret or signature into an error.
 */
import { createHmac } from 'node:crypto'
import got from 'got'
import type { EpochMs } from '#core/time'
import { isoTime } from '#core/time'
import type { Venue } from '#data/connectors/normal'

export interface VenueKey {
  readonly key: string
  readonly secret: string
  /** OKX alone. */
  readonly passphrase?: string
}

export interface KeyRights {
  readonly canTrade: boolean
  /** Null: the venue did not say. */
  readonly canWithdraw: boolean | null
  /** Whether it is bound to addresses; null: the venue does not say. */
  readonly isBound: boolean | null
}

/** The venue's own code and words: a wrong key, a signature that does not fit, a clock that is off. */
export class KeyRefused extends Error {
  override readonly name = 'KeyRefused'
}

export interface KeyRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

const WINDOW_MS = 5000
const TIMEOUT_MS = 6000
/** Of a message of the venue: never more. */
const WORDS_MAX = 120

type Json = Readonly<Record<string, unknown>>
interface VenueQuestion {
  /** `rest`: the venue's origin without a slash at its end; `now`: the venue's time. */
  request(rest: string, key: VenueKey, now: EpochMs): KeyRequest
  /** Throws KeyRefused. */
  read(status: number, body: Json): KeyRights
}

const hmac = (secret: string, text: string): Buffer => createHmac('sha256', secret).update(text).digest()

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const listOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
const recordOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {}) // narrowed to an object

function refuse(code: unknown, words: unknown): never {
  throw new KeyRefused(`${String(code)} ${textOf(words)}`.trim().slice(0, WORDS_MAX))
}

export const QUESTIONS: Readonly<Record<Venue, VenueQuestion>> = {
  // developers.binance.com, wallet, "Get API Key Permission".
  binance: {
    request(rest, { key, secret }, now) {
      const query = `recvWindow=${WINDOW_MS}&timestamp=${now}`
      const signature = hmac(secret, query).toString('hex')
      return {
        url: `${rest}/sapi/v1/account/apiRestrictions?${query}&signature=${signature}`,
        headers: { 'X-MBX-APIKEY': key },
      }
    },
    read(status, body) {
      if (status !== 200) refuse(body.code ?? status, body.msg)
      const canTrade = body.enableSpotAndMarginTrading === true || body.enableFutures === true
      const canWithdraw = typeof body.enableWithdrawals === 'boolean' ? body.enableWithdrawals : null
      return { canTrade, canWithdraw, isBound: typeof body.ipRestrict === 'boolean' ? body.ipRestrict : null }
    },
  },
  // bybit-exchange.github.io, v5, "Get API Key Information".
  bybit: {
    request(rest, { key, secret }, now) {
      const sign = hmac(secret, `${now}${key}${WINDOW_MS}`).toString('hex')
      return {
        url: `${rest}/v5/user/query-api`,
        headers: {
          'X-BAPI-API-KEY': key,
          'X-BAPI-TIMESTAMP': String(now),
          'X-BAPI-RECV-WINDOW': String(WINDOW_MS),
          'X-BAPI-SIGN': sign,
        },
      }
    },
    read(status, body) {
      if (status !== 200 || body.retCode !== 0) refuse(body.retCode ?? status, body.retMsg)
      const { readOnly, permissions, ips } = recordOf(body.result)
      const rights = recordOf(permissions)
      const wallet = Array.isArray(rights.Wallet) ? listOf(rights.Wallet).includes('Withdraw') : null
      const trades = ['Spot', 'ContractTrade', 'Options', 'Derivatives'].some((name) => listOf(rights[name]).length > 0)
      return {
        canTrade: readOnly === 0 && trades,
        canWithdraw: readOnly === 1 ? false : wallet,
        isBound: Array.isArray(ips) ? !listOf(ips).includes('*') : null,
      }
    },
  },
  // okx.com/docs-v5, "Get account configuration".
  okx: {
    request(rest, { key, secret, passphrase = '' }, now) {
      const path = '/api/v5/account/config'
      const stamp = isoTime(now)
      return {
        url: `${rest}${path}`,
        headers: {
          'OK-ACCESS-KEY': key,
          'OK-ACCESS-SIGN': hmac(secret, `${stamp}GET${path}`).toString('base64'),
          'OK-ACCESS-TIMESTAMP': stamp,
          'OK-ACCESS-PASSPHRASE': passphrase,
        },
      }
    },
    read(status, body) {
      if (body.code !== '0') refuse(body.code ?? status, body.msg)
      const [account] = Array.isArray(body.data) ? body.data : []
      const { perm, ip } = recordOf(account)
      const rights = textOf(perm).split(',')
      return {
        canTrade: rights.includes('trade'),
        canWithdraw: textOf(perm) === '' ? null : rights.includes('withdraw'),
        isBound: typeof ip === 'string' ? ip !== '' : null,
      }
    },
  },
  // docs.deribit.com, "public/auth" and "Access scope"; the secret itself is not sent.
  deribit: {
    request(rest, { key, secret }, now) {
      const nonce = now.toString(36)
      const query = new URLSearchParams({
        grant_type: 'client_signature',
        client_id: key,
        timestamp: String(now),
        nonce,
        data: '',
        signature: hmac(secret, `${now}\n${nonce}\n`).toString('hex'),
      })
      return { url: `${rest}/public/auth?${query}`, headers: {} }
    },
    read(status, body) {
      const error = recordOf(body.error)
      if (body.result === undefined) refuse(error.code ?? status, error.message)
      const scopes = textOf(recordOf(body.result).scope).split(/\s+/)
      const says = scopes.some((scope) => /^(?:wallet|trade|account):/.test(scope))
      return {
        canTrade: scopes.includes('trade:read_write'),
        canWithdraw: says ? scopes.includes('wallet:read_write') : null,
        isBound: null,
      }
    },
  },
}

/** KeyRefused: what the venue says against it. Rejects where nobody answers. */
export async function askRights(
  venue: Venue,
  rest: string,
  key: VenueKey,
  now: EpochMs,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<KeyRights> {
  const question = QUESTIONS[venue]
  const request = question.request(rest, key, now)
  let status: number
  let text: string
  try {
    const response = await got(request.url, {
      headers: { ...headers, ...request.headers },
      throwHttpErrors: false,
      retry: { limit: 0 },
      followRedirect: false,
      timeout: { request: TIMEOUT_MS },
      signal,
    })
    status = response.statusCode
    text = response.body
  } catch (error) {
    // The request's own words would hold its URL.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
    throw new KeyRefused(code)
  }
  let body: Json
  try {
    body = recordOf(JSON.parse(text))
  } catch {
    throw new KeyRefused(`${status}, no JSON`)
  }
  return question.read(status, body)
}
