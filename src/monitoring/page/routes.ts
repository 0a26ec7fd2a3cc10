/** Owns the routes of the page: session, API, stream, commands, metrics. Every answer is JSON; errors are `{error: {code, message}}`. */
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { QuantbotError } from '#core/errors'
import type { LiveStatus } from '../metrics/live-status.port.js'
import { Attempts } from './attempts.js'
import { BEARER, type Guard, tooMany } from './guard.js'
import type { PageOptions } from './page.port.js'
import { checked, commandBody, QUERIES, sessionBody } from './queries.js'
import type { HeadStream } from './stream.js'

/** Wrong tokens a minute and address (ours). */
const LOGINS_MAX = 10

/** `unresponsive`: a process stands behind the page and has not answered in time. */
export interface StatusDoc {
  readonly live: LiveStatus | null
  readonly unresponsive?: true
}

export function addRoutes(app: FastifyInstance, options: PageOptions, guard: Guard, stream: HeadStream): void {
  addSession(app, options, guard, stream)
  addReads(app, options)
  addStream(app, stream)
  app.post('/api/control', async (request) => {
    if (request.headers['x-quantbot'] !== '1') throw new QuantbotError('ORIGIN_REFUSED', 'x-quantbot: 1 is missing')
    if (request.admission !== BEARER && request.headers.origin === undefined)
      throw new QuantbotError('ORIGIN_REFUSED', 'origin is missing')
    if (options.process === null) throw new QuantbotError('CONTROL_REFUSED', 'no process runs this run')
    return options.process.command(checked(commandBody, request.body))
  })
}

function addSession(app: FastifyInstance, { time }: PageOptions, guard: Guard, stream: HeadStream): void {
  const logins = new Attempts(LOGINS_MAX, time)
  app.post('/session', { config: { isOpen: true } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const wait = logins.waitSeconds(request.ip)
    if (wait > 0) throw tooMany(reply, wait)
    const given = sessionBody.safeParse(request.body)
    if (!given.success || !guard.sessions.isToken(given.data.token)) {
      logins.failed(request.ip)
      throw new QuantbotError('SESSION_REQUIRED', 'that is not the token of this run')
    }
    const { value, maxAge } = guard.sessions.open()
    const isSecure = request.headers.origin?.startsWith('https:') === true
    reply.setCookie(guard.cookieName(), value, {
      httpOnly: true,
      sameSite: 'strict',
      path: '/',
      maxAge,
      secure: isSecure,
    })
    return reply.code(204).send()
  })
  app.delete('/session', async (request, reply) => {
    if (request.admission !== BEARER) {
      guard.sessions.end(request.admission)
      stream.end(request.admission)
    }
    reply.clearCookie(guard.cookieName(), { path: '/', httpOnly: true, sameSite: 'strict' })
    return reply.code(204).send()
  })
}

function addReads(app: FastifyInstance, { view, process, metrics }: PageOptions): void {
  const read = <T extends z.ZodType>(
    path: string,
    query: T,
    answer: (given: ReturnType<typeof checked<T>>) => unknown,
  ): void => {
    app.get(path, async (request) => answer(checked(query, request.query)))
  }
  read('/api/facts', QUERIES.none, () => ({ ...view.facts(), isLive: process !== null, canControl: process !== null }))
  read('/api/head', QUERIES.none, () => view.head())
  read('/api/state', QUERIES.state, ({ seq }) => view.state(seq))
  read('/api/series', QUERIES.series, (query) => view.series(query))
  read('/api/bars', QUERIES.bars, (query) => view.bars(query))
  read('/api/marks', QUERIES.marks, (query) => view.marks(query))
  read('/api/events', QUERIES.events, (query) => view.events(query))
  read('/api/explain', QUERIES.explain, ({ target }) => view.explain(target))
  read('/api/status', QUERIES.none, () => statusOf(process))
  app.get('/metrics', async (_request, reply) => {
    const { text, contentType } = await metrics((await statusOf(process)).live)
    return reply.type(contentType).send(text)
  })
}

async function statusOf(process: PageOptions['process']): Promise<StatusDoc> {
  if (process === null) return { live: null }
  return process.status().then(
    (live): StatusDoc => ({ live }),
    (): StatusDoc => ({ live: null, unresponsive: true }),
  )
}

function addStream(app: FastifyInstance, stream: HeadStream): void {
  app.get('/api/stream', async (request, reply) => {
    checked(QUERIES.none, request.query)
    if (stream.isFull) throw tooMany(reply, 5)
    reply.hijack()
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>), // ours: each has one value
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    })
    stream.follow(reply.raw, request.admission)
  })
}
