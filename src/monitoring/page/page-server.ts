/**
 * Owns the page over HTTP: the built page itself, which holds no data, and behind a session everything that a run tells. Bound to one
 * address. No CORS, no directory listing, JSON bodies alone, everything bounded. Never logs, never decides.
 */
import type { AddressInfo } from 'node:net'
import fastifyCookie from '@fastify/cookie'
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { type ErrorCode, isQuantbotError, QuantbotError } from '#core/errors'
import { SECOND_MS } from '#core/time'
import { addGuard, type Guard, HEADERS } from './guard.js'
import type { PageOptions, PageServer } from './page.port.js'
import { addRoutes } from './routes.js'
import { Sessions } from './sessions.js'
import { HeadStream } from './stream.js'

/** Bounds (ours): a body holds a token or a reason. */
const BODY_BYTES_MAX = 4 * 1024
const CONNECTIONS_MAX = 200
const REQUEST_MS = 15 * SECOND_MS

const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  USAGE: 400,
  SESSION_REQUIRED: 401,
  ORIGIN_REFUSED: 403,
  ORDER_NOT_FOUND: 404,
  SEQ_OUT_OF_RANGE: 404,
  AGENT_UNKNOWN: 404,
  CONTROL_REFUSED: 409,
  TOO_MANY_REQUESTS: 429,
  UNRESPONSIVE: 503,
}

/** Messages of Fastify for what it refuses itself; its own texts may quote the request. */
const FRAMEWORK: Readonly<Record<number, string>> = {
  400: 'the request cannot be read',
  413: 'the body is too large',
  414: 'the address is too long',
  415: 'a body must be application/json',
}

/** Begins to answer. The cause's code tells of an address that cannot be bound: EADDRINUSE, EACCES. */
export async function servePage(options: PageOptions): Promise<PageServer> {
  const { app, stream, bound } = await buildPage(options)
  try {
    await app.listen({ host: options.host, port: options.port })
  } catch (cause) {
    stream.close()
    await app.close()
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'failed'
    throw new QuantbotError('CONFIG_INVALID', `web.port: ${options.host}:${options.port} cannot be bound: ${code}`, {
      cause,
    })
  }
  const { port } = app.server.address() as AddressInfo // listening on TCP
  bound(port)
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    stream.close()
    await app.close()
  }
  return { host: options.host, port, close: () => (closing ??= close()) }
}

export interface BuiltPage {
  readonly app: FastifyInstance
  readonly stream: HeadStream
  /** Tells the port, of which the cookie has its name. */
  readonly bound: (port: number) => void
}

/** The application without a socket. */
export async function buildPage(options: PageOptions): Promise<BuiltPage> {
  const { time, token, view } = options
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS,
    // A proxy's word for who asks is not taken.
    trustProxy: false,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, _request, reply) => refuse(reply as FastifyReply, error),
  })
  app.server.maxConnections = CONNECTIONS_MAX
  let port = options.port
  const sessions = new Sessions(token, time)
  const guard: Guard = { names: options, sessions, time, cookieName: () => `quantbot_${port}` }
  const process = options.process
  const stream = new HeadStream(view, process === null ? null : () => process.status(), time)
  await app.register(fastifyCookie)
  app.setErrorHandler((error, _request, reply) => refuse(reply, error))
  app.setNotFoundHandler(() => {
    throw new NoSuchPath()
  })
  app.removeContentTypeParser('text/plain')
  addGuard(app, guard)
  app.addHook('preHandler', async (request) => {
    if (request.routeOptions.config?.isOpen !== true) await options.ready
  })
  await addFiles(app, options.webRoot)
  addRoutes(app, options, guard, stream)
  await app.ready()
  return {
    app,
    stream,
    bound: (to) => {
      port = to
    },
  }
}

class NoSuchPath extends Error {
  readonly statusCode = 404
}

async function addFiles(app: FastifyInstance, root: string): Promise<void> {
  const setHeaders = (response: { setHeader(name: string, value: string): void }, path: string): void => {
    // Names of assets hold a hash of what is in them.
    response.setHeader('cache-control', path.endsWith('.html') ? 'no-cache' : 'public, max-age=31536000, immutable')
  }
  await app.register(async (open) => {
    open.addHook('onRoute', (route) => {
      route.config = { ...route.config, isOpen: true }
    })
    await open.register(fastifyStatic, {
      root: `${root}/assets`,
      prefix: '/assets/',
      index: false,
      list: false,
      redirect: false,
      dotfiles: 'deny',
      cacheControl: false,
      setHeaders,
    })
    open.get('/', async (_request, reply) => reply.sendFile('index.html', root))
  })
}

function refuse(reply: FastifyReply, error: unknown): void {
  // What Fastify refuses before any hook has none yet.
  reply.headers(HEADERS)
  if (isQuantbotError(error)) {
    void reply.code(STATUS[error.code] ?? 500).send({ error: { code: error.code, message: error.message } })
    return
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  // Files that may not be seen (403) are not there.
  if (status === 403 || status === 404)
    return void reply.code(404).send({ error: { code: 'USAGE', message: 'no such path' } })
  const message = FRAMEWORK[status]
  if (message !== undefined) return void reply.code(status).send({ error: { code: 'USAGE', message } })
  void reply.code(500).send({ error: { code: 'INTERNAL', message: 'a bug of quantbot' } })
}
