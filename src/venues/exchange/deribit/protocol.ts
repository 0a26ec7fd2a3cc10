/** Owns Deribit v2 as the simulated exchange plays it: the same JSON-RPC by GET and by socket, credits, logins. */
import { type EpochMs, SECOND_MS } from '#core/time'
import type { SimContext, SimLimit, SimProtocol, SimReply, SimRequest } from '../protocol.port.js'
import { Accounts, summaryOf } from './account.js'
import { dayStats } from './market.js'
import { type Desk, PUBLIC } from './methods.js'
import { envelope, errorBody, optionalText, type Params, RpcRefused, textParam } from './rpc.js'
import { Session } from './session.js'

const ROOT = '/api/v2/'
const SOCKET = '/ws/api/v2'
const CREDITS_A_REQUEST = 500

/** Refill of 10,000 credits a second; the listing and subscriptions have limits of their own. */
const CREDITS: SimLimit = { name: 'deribit credits', capacity: 50_000, windowMs: 5 * SECOND_MS, kind: 'bucket' }
const LISTING: SimLimit = { name: 'deribit get_instruments', capacity: 50, windowMs: 50 * SECOND_MS, kind: 'bucket' }
const SUBSCRIBING: SimLimit = { name: 'deribit subscribe', capacity: 10, windowMs: 3 * SECOND_MS, kind: 'bucket' }

/** What answers by either transport share. */
export interface House {
  readonly desk: Desk
  readonly accounts: Accounts
  now(): EpochMs
  /** `public/auth`. Throws 13004 for what is not ours. */
  auth(params: Params): object
  /** Throws 10028 when the credits are used up. */
  charge(method: string, ip: string): void
  /** Result of `public/…` or, for whoever is logged in, `private/…`. */
  call(method: string, params: Params): unknown
}

export function deribitProtocol(): SimProtocol {
  const accounts = new Accounts()
  let known: { readonly context: SimContext; readonly house: House } | undefined
  const houseOf = (context: SimContext): House => {
    if (known?.context !== context) known = { context, house: openHouse(context, accounts) }
    return known.house
  }
  return {
    venue: 'deribit',
    handle: (request, context) => handle(request, houseOf(context)),
    connect: (socket, context) => (socket.path === SOCKET ? new Session(socket, houseOf(context)) : undefined),
    maintenanceReply: { status: 503, body: { jsonrpc: '2.0', ...errorBody(new RpcRefused('maintenance')) } },
    serverError: (status) => ({ status, body: { jsonrpc: '2.0', ...errorBody(new RpcRefused('internal')) } }),
    urls: (rest, ws) => ({ rest, ws: `${ws}${SOCKET}` }),
  }
}

function openHouse(context: SimContext, accounts: Accounts): House {
  const { world, limiter, now } = context
  const desk: Desk = { world, now, stats: dayStats(world) }
  const take = (limit: SimLimit, ip: string, weight: number): void => {
    const { isOver, resetMs } = limiter.take(limit, ip, weight)
    if (isOver) throw new RpcRefused('tooManyRequests', { wait: Math.ceil(resetMs / SECOND_MS) })
  }
  return {
    desk,
    accounts,
    now,
    auth: (params) => accounts.auth(params, context, now()),
    charge(method, ip) {
      take(CREDITS, ip, CREDITS_A_REQUEST)
      if (method === 'public/get_instruments') take(LISTING, ip, 1)
      if (method.endsWith('/subscribe')) take(SUBSCRIBING, ip, 1)
    },
    call(method, params) {
      const name = method.slice(method.indexOf('/') + 1)
      const found = method.startsWith('private/')
        ? PRIVATE[name]
        : method.startsWith('public/')
          ? PUBLIC[name]
          : undefined
      if (found === undefined) throw new RpcRefused('notFound')
      return found(params, desk)
    },
  }
}

const PRIVATE: Readonly<Record<string, (params: Params, desk: Desk) => unknown>> = {
  get_account_summary: (params) => ({
    ...summaryOf(textParam(params, 'currency')),
    ...(optionalText(params, 'extended') === undefined ? {} : { type: 'main' }),
  }),
  get_account_summaries: () => ({ id: 1, type: 'main', summaries: ['BTC', 'ETH', 'USDC'].map(summaryOf) }),
}

function handle(request: SimRequest, house: House): SimReply {
  const method = request.path.startsWith(ROOT) ? request.path.slice(ROOT.length) : ''
  const id = request.query.get('id') ?? undefined
  try {
    const params = paramsOf(request)
    house.charge(method, request.ip)
    if (method.startsWith('private/')) house.accounts.check(request, house.now())
    const result = method === 'public/auth' ? house.auth(params) : house.call(method, params)
    return { status: 200, body: envelope(id, house.now(), { result }) }
  } catch (error) {
    if (!(error instanceof RpcRefused)) throw error
    const status = error.kind === 'tooManyRequests' ? 429 : 400
    return { status, body: envelope(id, house.now(), errorBody(error)) }
  }
}

/** Of the query, or of the body of a POST. */
function paramsOf({ method, query, body }: SimRequest): Params {
  if (method === 'GET') return Object.fromEntries(query)
  try {
    const { params } = JSON.parse(body) as { readonly params?: Params } // fields are checked when they are read
    return params ?? {}
  } catch {
    throw new RpcRefused('invalidParams', { reason: 'no JSON' })
  }
}
