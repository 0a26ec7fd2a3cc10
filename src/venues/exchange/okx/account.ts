/** Owns the simulated account: its key, and whether a request or a login is signed by it (docs-v5, "Authentication"). */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type EpochMs, SECOND_MS } from '#core/time'
import type { SimRequest } from '../protocol.port.js'

/** Published, because there is nothing to protect. */
export const OKX_SIM_ACCOUNT = {
  apiKey: 'sim-key',
  secret: 'sim-secret',
  passphrase: 'sim-passphrase',
} as const

/** A signature is as good as this long. */
const EXPIRY_MS = 30 * SECOND_MS
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/

export function sign(payload: string): string {
  return createHmac('sha256', OKX_SIM_ACCOUNT.secret).update(payload).digest('base64')
}

function isSigned(signature: string, payload: string): boolean {
  const right = Buffer.from(sign(payload))
  const given = Buffer.from(signature)
  return given.length === right.length && timingSafeEqual(given, right)
}

/** Error code of a private request; undefined when it is in order. */
export function refusalOf(request: SimRequest, now: EpochMs): string | undefined {
  const header = (name: string): string => {
    const value = request.headers[name]
    return typeof value === 'string' ? value : ''
  }
  const [key, signature] = [header('ok-access-key'), header('ok-access-sign')]
  const [timestamp, passphrase] = [header('ok-access-timestamp'), header('ok-access-passphrase')]
  if (key === '') return '50103'
  if (passphrase === '') return '50104'
  if (signature === '') return '50106'
  if (timestamp === '') return '50107'
  if (!ISO.test(timestamp)) return '50112'
  if (Math.abs(now - Date.parse(timestamp)) > EXPIRY_MS) return '50102'
  if (key !== OKX_SIM_ACCOUNT.apiKey) return '50111'
  const target = request.rawQuery === '' ? request.path : `${request.path}?${request.rawQuery}`
  if (!isSigned(signature, `${timestamp}${request.method}${target}${request.body}`)) return '50113'
  return passphrase === OKX_SIM_ACCOUNT.passphrase ? undefined : '50105'
}

/** Error code of a login over a socket, whose time is in seconds; undefined when it is in order. */
export function loginRefusal(arg: Readonly<Record<string, unknown>>, now: EpochMs): string | undefined {
  const seconds = Number(arg.timestamp)
  if (!Number.isFinite(seconds) || typeof arg.timestamp !== 'string') return '60004'
  if (Math.abs(now - seconds * SECOND_MS) > EXPIRY_MS) return '60006'
  if (arg.apiKey !== OKX_SIM_ACCOUNT.apiKey) return '60005'
  if (!isSigned(String(arg.sign), `${arg.timestamp}GET/users/self/verify`)) return '60007'
  return arg.passphrase === OKX_SIM_ACCOUNT.passphrase ? undefined : '60024'
}
