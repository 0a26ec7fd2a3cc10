/** Owns the simulated account: its key, tokens, signatures (Deribit docs, "Authentication"). */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type EpochMs, MINUTE_MS } from '#core/time'
import { mayDo, type SimContext, type SimRequest } from '../protocol.port.js'
import { numberParam, optionalText, type Params, RpcRefused, textParam } from './rpc.js'

/** Published, because there is nothing to protect. */
export const DERIBIT_SIM_ACCOUNT = { clientId: 'sim-key', clientSecret: 'sim-secret' } as const
const TOKEN_S = 900
const CLOCK_MS = MINUTE_MS

function isSigned(text: string, signature: string): boolean {
  const right = createHmac('sha256', DERIBIT_SIM_ACCOUNT.clientSecret).update(text).digest('hex')
  const given = Buffer.from(signature)
  return given.length === right.length && timingSafeEqual(given, Buffer.from(right))
}

/** Tokens of one exchange. Numbered, not random: what is simulated is the same on every run. */
export class Accounts {
  readonly #tokens = new Map<string, EpochMs>()
  #issued = 0

  /** `public/auth`. Throws 13004 for what is not ours. */
  auth(params: Params, context: Pick<SimContext, 'rights'>, now: EpochMs): object {
    const grant = textParam(params, 'grant_type')
    if (!this.#isGranted(grant, params, now)) throw new RpcRefused('invalidCredentials')
    const number = ++this.#issued
    const token = `access.${number}`
    this.#tokens.set(token, now + TOKEN_S * 1000)
    this.#tokens.set(`refresh.${number}`, Number.POSITIVE_INFINITY)
    return {
      access_token: token,
      refresh_token: `refresh.${number}`,
      expires_in: TOKEN_S,
      scope: `${optionalText(params, 'scope') ?? 'connection mainaccount'} ${scopeOf(context)}`,
      token_type: 'bearer',
      enabled_features: [],
    }
  }

  #isGranted(grant: string, params: Params, now: EpochMs): boolean {
    if (grant === 'refresh_token') return this.#isAlive(textParam(params, 'refresh_token'), now, 'refresh.')
    if (textParam(params, 'client_id') !== DERIBIT_SIM_ACCOUNT.clientId) return false
    if (grant === 'client_credentials') return textParam(params, 'client_secret') === DERIBIT_SIM_ACCOUNT.clientSecret
    if (grant !== 'client_signature')
      throw new RpcRefused('invalidParams', { reason: 'invalid grant_type', param: 'grant_type' })
    const ts = numberParam(params, 'timestamp')
    const signed = `${ts}\n${optionalText(params, 'nonce') ?? ''}\n${optionalText(params, 'data') ?? ''}`
    return Math.abs(now - ts) <= CLOCK_MS && isSigned(signed, textParam(params, 'signature'))
  }

  #isAlive(token: string, now: EpochMs, prefix: string): boolean {
    return token.startsWith(prefix) && (this.#tokens.get(token) ?? 0) > now
  }

  /** Throws unless a REST request carries a living token or its own signature. */
  check(request: SimRequest, now: EpochMs): void {
    const header = String(request.headers.authorization ?? '')
    if (header.toLowerCase().startsWith('bearer ')) {
      if (this.#isAlive(header.slice(7).trim(), now, 'access.')) return
      throw new RpcRefused('unauthorized', { reason: 'invalid_token' })
    }
    if (!header.startsWith('deri-hmac-sha256 ')) throw new RpcRefused('unauthorized', { reason: 'unauthorized' })
    const parts = new Map(
      header
        .slice('deri-hmac-sha256 '.length)
        .split(',')
        .map((part): [string, string] => {
          const at = part.indexOf('=')
          return [part.slice(0, at).trim(), part.slice(at + 1).trim()]
        }),
    )
    const [id, ts, nonce, sig] = ['id', 'ts', 'nonce', 'sig'].map((key) => parts.get(key) ?? '')
    const uri = request.rawQuery === '' ? request.path : `${request.path}?${request.rawQuery}`
    const text = `${ts}\n${nonce}\n${request.method}\n${uri}\n${request.body}\n`
    const isOurs = id === DERIBIT_SIM_ACCOUNT.clientId && Math.abs(now - Number(ts)) <= CLOCK_MS
    if (!isOurs || !isSigned(text, sig!)) throw new RpcRefused('invalidCredentials')
  }
}

/** What the key may do, as the scopes of a token say it (docs, "Access scope"). */
function scopeOf(context: Pick<SimContext, 'rights'>): string {
  const trade = mayDo(context, 'trade') ? 'read_write' : 'read'
  return `account:read trade:${trade} wallet:${mayDo(context, 'withdraw') ? 'read_write' : 'read'}`
}

/** `get_account_summary`. */
export function summaryOf(currency: string): object {
  return {
    currency,
    equity: 10,
    balance: 10,
    margin_balance: 10,
    available_funds: 9.5,
    available_withdrawal_funds: 9.5,
    initial_margin: 0.5,
    maintenance_margin: 0.5,
    total_pl: 0,
    session_upl: 0,
    session_rpl: 0,
    delta_total: 0,
    limits: { non_matching_engine: { burst: 100, rate: 20 }, matching_engine: { burst: 20, rate: 5 } },
  }
}
