/**
 * Owns what every request passes before its route: headers of the answer, Host, Origin, session. Refuses by default: a route without
 * `isOpen` needs a session or the token. Never tells or logs a token.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { QuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import { Attempts } from './attempts.js'
import { isOwnOrigin, isServed, type ServedNames } from './names.js'
import type { Sessions } from './sessions.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Holds no data: answered without a session. */
    readonly isOpen?: boolean
  }
  interface FastifyRequest {
    /** How it was let in: a session's id, `bearer`; empty before, and on open routes. */
    admission: string
  }
}

export const BEARER = 'bearer'

/** Of every answer. */
export const HEADERS = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
} as const

/** Wrong tokens a minute and address, as Bearer: a scraper asks four times (ours). */
const BEARERS_MAX = 30

export interface Guard {
  readonly names: ServedNames
  readonly sessions: Sessions
  readonly time: TimePort
  /** `quantbot_<port>`; a function, as the port is known once it is bound. */
  readonly cookieName: () => string
}

/** Before any route is added: hooks hold for what comes after. */
export function addGuard(app: FastifyInstance, guard: Guard): void {
  const bearers = new Attempts(BEARERS_MAX, guard.time)
  app.decorateRequest('admission', '')
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS)
    // Also where there is nothing: that a path exists is no one's business either.
    if (request.routeOptions.config?.isOpen !== true) reply.header('cache-control', 'no-store')
    refuseForeign(request, guard.names)
    if (request.routeOptions.config?.isOpen === true) return
    request.admission = admit(request, reply, guard, bearers)
  })
}

function refuseForeign(request: FastifyRequest, names: ServedNames): void {
  const { host, origin, 'sec-fetch-site': site } = request.headers
  if (!isServed(host, names, request.socket.localAddress))
    throw new QuantbotError('ORIGIN_REFUSED', `host ${quoted(host)} is not served here`)
  const isStream = request.headers.accept?.includes('text/event-stream') === true
  const isReading = (request.method === 'GET' || request.method === 'HEAD') && !isStream
  if (origin !== undefined && !isReading && !isOwnOrigin(origin, host ?? ''))
    throw new QuantbotError('ORIGIN_REFUSED', `origin ${quoted(origin)} may not ask here`)
  // What browsers say themselves. A page of another port of this machine is of the same site, and gets the cookie.
  const isForeign = site === 'cross-site' || site === 'same-site'
  if (isForeign && request.routeOptions.config?.isOpen !== true)
    throw new QuantbotError('ORIGIN_REFUSED', 'a page of another origin may not ask here')
  if (isForeign && !isReading) throw new QuantbotError('ORIGIN_REFUSED', 'a page of another origin may not ask here')
}

const quoted = (text: string | undefined): string => JSON.stringify((text ?? '').slice(0, 100))

function admit(request: FastifyRequest, reply: FastifyReply, guard: Guard, bearers: Attempts): string {
  const { authorization } = request.headers
  if (authorization !== undefined) {
    const token = /^Bearer ([0-9a-f]{1,128})$/i.exec(authorization)?.[1]
    if (token !== undefined && guard.sessions.isToken(token.toLowerCase())) return BEARER
    const wait = bearers.waitSeconds(request.ip)
    if (wait > 0) throw tooMany(reply, wait)
    bearers.failed(request.ip)
    reply.header('www-authenticate', 'Bearer')
    throw new QuantbotError('SESSION_REQUIRED', 'that is not the token of this run')
  }
  const id = guard.sessions.idOf(request.cookies[guard.cookieName()])
  if (id !== undefined) return id
  throw new QuantbotError('SESSION_REQUIRED', 'no session: open the URL that quantbot run printed')
}

export function tooMany(reply: FastifyReply, seconds: number): QuantbotError {
  reply.header('retry-after', String(seconds))
  return new QuantbotError('TOO_MANY_REQUESTS', `too many attempts: wait ${seconds} s`)
}
