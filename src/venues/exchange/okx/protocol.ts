/** Owns OKX v5 as the simulated exchange plays it: paths, limits, signatures, sockets. What stands in answers is elsewhere. */
import { SECOND_MS } from '#core/time'
import type {
  SimContext,
  SimLimit,
  SimProtocol,
  SimReply,
  SimRequest,
  SimSession,
  SimSocket,
} from '../protocol.port.js'
import { refusalOf } from './account.js'
import { bookFeed } from './book-feed.js'
import { PRIVATE, PUBLIC } from './endpoints.js'
import { refused } from './errors.js'
import { type Desk, type Endpoint, guarded } from './query.js'
import { tickers } from './rows.js'
import { Session } from './session.js'

const ROOT = '/api/v5'

/** Requests in 2 s, as docs-v5 gives them by endpoint (2025-11). */
const LIMITS: Readonly<Record<string, number>> = {
  '/public/time': 10,
  '/public/instruments': 20,
  '/public/underlying': 20,
  '/market/candles': 40,
  '/market/history-candles': 20,
  '/market/books': 40,
  '/market/books-full': 10,
  '/market/ticker': 20,
  '/market/tickers': 20,
  '/market/trades': 100,
  '/market/history-trades': 20,
  '/market/index-tickers': 20,
  '/public/funding-rate': 10,
  '/public/funding-rate-history': 10,
  '/public/open-interest': 20,
  '/rubik/stat/contracts/open-interest-history': 10,
  '/public/mark-price': 10,
  '/public/opt-summary': 20,
  '/public/liquidation-orders': 40,
  '/system/status': 1,
  '/account/balance': 10,
  '/account/config': 5,
  '/asset/currencies': 6,
}

/** Limits that are by address and one parameter more. */
const KEYED: Readonly<Record<string, string>> = { '/public/instruments': 'instType', '/public/funding-rate': 'instId' }
const PER_USER = new Set(Object.keys(PRIVATE))

const CONNECTS: SimLimit = { name: 'okx connects', capacity: 3, windowMs: SECOND_MS, kind: 'window' }
const SOCKETS = { '/ws/v5/public': 'public', '/ws/v5/business': 'business', '/ws/v5/private': 'private' } as const

export function okxProtocol(): SimProtocol {
  let desk: Desk | undefined
  const deskOf = (context: SimContext): Desk => {
    if (desk?.context !== context) desk = { context, books: bookFeed(context.world), ticker: tickers(context.world) }
    return desk
  }
  return {
    venue: 'okx',
    handle: (request, context) => handle(request, deskOf(context)),
    connect: (socket, context) => connect(socket, deskOf(context)),
    maintenanceReply: refused('50001'),
    serverError: (status) => ({ ...refused(status === 503 ? '50001' : '50026'), status }),
    urls: (rest, ws) => ({
      rest,
      publicWs: `${ws}/ws/v5/public`,
      businessWs: `${ws}/ws/v5/business`,
      privateWs: `${ws}/ws/v5/private`,
    }),
  }
}

function handle(request: SimRequest, desk: Desk): SimReply {
  const path = request.path.startsWith(`${ROOT}/`) ? request.path.slice(ROOT.length) : ''
  const isPrivate = Object.hasOwn(PRIVATE, path)
  const endpoint: Endpoint | undefined = isPrivate
    ? PRIVATE[path]
    : Object.hasOwn(PUBLIC, path)
      ? PUBLIC[path]
      : undefined
  if (endpoint === undefined || request.method !== 'GET')
    return { status: 404, body: { msg: `Request path ${request.path} is not found`, code: '404', data: [] } }
  if (isOverLimit(path, request, desk)) return refused('50011')
  if (isPrivate) {
    const code = refusalOf(request, desk.context.now())
    if (code !== undefined) return refused(code)
  }
  return guarded(() => endpoint(request.query, desk, request))
}

function isOverLimit(path: string, request: SimRequest, { context }: Desk): boolean {
  const limit: SimLimit = {
    name: `okx ${path}`,
    capacity: LIMITS[path] ?? 20,
    windowMs: path === '/system/status' ? 5 * SECOND_MS : 2 * SECOND_MS,
    kind: 'window',
  }
  const by = KEYED[path]
  const who = PER_USER.has(path) ? String(request.headers['ok-access-key'] ?? '') : request.ip
  const key = by === undefined ? who : `${who} ${request.query.get(by) ?? ''}`
  return context.limiter.take(limit, key, 1).isOver
}

function connect(socket: SimSocket, desk: Desk): SimSession | undefined {
  if (desk.context.limiter.take(CONNECTS, socket.ip, 1).isOver) {
    socket.close(1013, 'Too many connections')
    return undefined
  }
  const kind = Object.hasOwn(SOCKETS, socket.path) ? SOCKETS[socket.path as keyof typeof SOCKETS] : undefined
  return kind === undefined ? undefined : new Session(socket, kind, desk)
}
