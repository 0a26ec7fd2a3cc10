/**
 * Owns how the simulated exchange speaks Bybit v5: dispatch, the limit of an address and its ban, the envelope. HTTP 403 is a
 * ban of ten minutes; everything else that goes wrong is a `retCode` inside HTTP 200.
 */
import { MINUTE_MS, SECOND_MS } from '#core/time'
import type { SimContext, SimLimit, SimProtocol, SimReply, SimRequest, SimSocket } from '../protocol.port.js'
import { isSigned, signedReply } from './account.js'
import { MARKET_CALLS } from './market-rest.js'
import { BybitRefusal, envelope, Parameters, refusal } from './requests.js'
import { createSession } from './session.js'
import { createStatusSession } from './status-session.js'
import { isCategory, type SymbolTable, symbolTable } from './symbols.js'

const REST_LIMIT: SimLimit = { name: 'ip', capacity: 600, windowMs: 5 * SECOND_MS, kind: 'window' }
const CONNECTIONS: SimLimit = { name: 'connections', capacity: 500, windowMs: 5 * MINUTE_MS, kind: 'window' }
const BAN_MS = 10 * MINUTE_MS
const PUBLIC = '/v5/public/'

const BANNED: SimReply = { status: 403, body: 'access too frequent' }
const NO_PATH: SimReply = { status: 404, body: '' }

export function bybitProtocol(): SimProtocol {
  let table: { readonly of: SimContext['world']; readonly symbols: SymbolTable } | undefined
  const symbolsOf = ({ world }: SimContext): SymbolTable => {
    if (table?.of !== world) table = { of: world, symbols: symbolTable(world) }
    return table.symbols
  }
  return {
    venue: 'bybit',
    handle(request, context) {
      if (context.limiter.bannedUntil(request.ip) !== undefined) return BANNED
      if (context.limiter.take(REST_LIMIT, request.ip, 1).isOver) {
        context.limiter.ban(request.ip, BAN_MS)
        return BANNED
      }
      if (request.method === 'GET' && request.body !== '') return { status: 403, body: 'Forbidden' }
      if (isSigned(request.path)) return signedReply(request, context)
      return publicReply(request, context, symbolsOf(context))
    },
    connect(socket, context) {
      if (!socket.path.startsWith(PUBLIC)) return undefined
      const name = socket.path.slice(PUBLIC.length)
      if (name !== 'misc/status' && !isCategory(name)) return undefined
      if (context.limiter.take(CONNECTIONS, socket.ip, 1).isOver) return refusing(socket)
      return isCategory(name)
        ? createSession(socket, context, symbolsOf(context), name)
        : createStatusSession(socket, context)
    },
    maintenanceReply: { status: 503, body: 'Service Unavailable: system maintenance' },
    serverError: (status) => ({ status, body: `<html><body>${status}</body></html>` }),
    urls: (rest, ws) => ({
      rest,
      spotWs: `${ws}/v5/public/spot`,
      linearWs: `${ws}/v5/public/linear`,
      inverseWs: `${ws}/v5/public/inverse`,
      optionWs: `${ws}/v5/public/option`,
      statusWs: `${ws}/v5/public/misc/status`,
    }),
  }
}

function publicReply(request: SimRequest, context: SimContext, symbols: SymbolTable): SimReply {
  const now = context.now()
  const answer = MARKET_CALLS.get(request.path)
  if (answer === undefined || request.method !== 'GET') return NO_PATH
  try {
    const result = answer(new Parameters(request.query, now, symbols), context.world)
    const reply = envelope(result, now)
    // This answer alone has its category beside the result.
    if (!Array.isArray(result)) return reply
    return { ...reply, body: { retCode: 0, retMsg: 'SUCCESS', category: 'option', result } }
  } catch (error) {
    if (error instanceof BybitRefusal) return refusal(error.code, error.message, now)
    throw error
  }
}

function refusing(socket: SimSocket): ReturnType<SimProtocol['connect']> {
  socket.close(1008, 'too many connections')
  return { onMessage() {}, onPong() {}, advance() {} }
}
