/** Owns answers over HTTP: reading requests, faults of answers, what the protocol says. Never knows a venue. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TimePort } from '#core/ports'
import { SECOND_MS } from '#core/time'
import type { FaultBoard } from './fault-board.js'
import type { SimContext, SimProtocol, SimReply, SimRequest } from './protocol.port.js'

/** Larger requests are cut; no venue takes more for what is simulated. */
const BODY_BYTES = 1024 * 1024

export interface RestDeps {
  readonly protocol: SimProtocol
  readonly context: SimContext
  readonly board: FaultBoard
  readonly time: TimePort
  readonly onReply: (request: SimRequest, status: number) => void
  readonly onError: (error: unknown) => void
}

export async function answer(request: IncomingMessage, response: ServerResponse, deps: RestDeps): Promise<void> {
  const { board, time } = deps
  const asked = await readRequest(request)
  if (asked === undefined || board.meets('refuse', 'rest', asked.path)) {
    request.socket.destroy()
    return
  }
  if (board.meets('halfOpen', 'rest', asked.path)) return
  const late = board.meets('slow', 'rest', asked.path)
  if (late === undefined) finish(asked, response, deps)
  else time.after(late.ms ?? SECOND_MS, () => finish(asked, response, deps))
}

function finish(asked: SimRequest, response: ServerResponse, deps: RestDeps): void {
  if (response.destroyed) return
  const reply = replyTo(asked, deps)
  deps.onReply(asked, reply.status)
  const body = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
  const type = typeof reply.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
  const bytes = Buffer.from(deps.board.meets('garbage', 'rest', asked.path) ? '<html>not what was asked</html>' : body)
  response.writeHead(reply.status, { 'content-type': type, 'content-length': bytes.length, ...reply.headers })
  if (deps.board.meets('torn', 'rest', asked.path))
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy())
  else response.end(bytes)
}

function replyTo(asked: SimRequest, { protocol, context, board, onError }: RestDeps): SimReply {
  const broken = board.meets('serverError', 'rest', asked.path)
  if (broken !== undefined) return protocol.serverError(broken.status ?? 503)
  if (context.isInMaintenance) return protocol.maintenanceReply
  try {
    return protocol.handle(asked, context)
  } catch (error) {
    onError(error)
    return protocol.serverError(500)
  }
}

async function readRequest(request: IncomingMessage): Promise<SimRequest | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > BODY_BYTES) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined // the client went away while it was sending
  }
  const { path, rawQuery } = splitUrl(request.url ?? '/')
  return {
    method: request.method ?? 'GET',
    path,
    query: new URLSearchParams(rawQuery),
    rawQuery,
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
    ip: addressOf(request),
  }
}

export function splitUrl(url: string): { readonly path: string; readonly rawQuery: string } {
  const mark = url.indexOf('?')
  return mark < 0 ? { path: url, rawQuery: '' } : { path: url.slice(0, mark), rawQuery: url.slice(mark + 1) }
}

export const addressOf = (request: IncomingMessage): string =>
  (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
