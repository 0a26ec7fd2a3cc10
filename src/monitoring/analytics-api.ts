/**
 * Owns the analytics API over HTTP: reading queries for people's own tools, described by OpenAPI at /openapi.json. Bound to
 * loopback unless told otherwise; answers only to the name it was asked to listen on. Never writes, never decides.
 */
import type { AddressInfo } from 'node:net'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { isQuantbotError, QuantbotError } from '#core/errors'
import { parseDay } from '#core/time'
import {
  ANALYTICS_ROUTES,
  type AnalyticsQuery,
  type AnalyticsRoute,
  PARAMETERS,
  type RouteField,
} from './analytics-routes.js'

export type QueryValues = Readonly<Record<string, string | number>>

/** Where answers come from: any store, and the cache of latest values. */
export interface AnalyticsSource {
  query(name: AnalyticsQuery, values: QueryValues): Promise<readonly object[]>
  /** Latest values whose key begins so. */
  latest(prefix: string): Promise<readonly object[]>
  describe(): Promise<string>
}

export interface AnalyticsApiOptions {
  readonly source: AnalyticsSource
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly version: string
}

export interface AnalyticsApi {
  readonly url: string
  close(): Promise<void>
}

const ROWS_MAX = 100_000
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]', '::1'])
const STATUS: Readonly<Record<string, number>> = { USAGE: 400, STORE_UNAVAILABLE: 503, STORE_SCHEMA: 503 }

/** CONFIG_INVALID when the address cannot be bound. */
export async function serveAnalytics(options: AnalyticsApiOptions): Promise<AnalyticsApi> {
  const app = await buildAnalytics(options)
  try {
    await app.listen({ host: options.host, port: options.port })
  } catch (cause) {
    await app.close()
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'failed'
    throw new QuantbotError('CONFIG_INVALID', `api.port: ${options.host}:${options.port} cannot be bound: ${code}`)
  }
  const address = app.server.address() as AddressInfo // listening on TCP
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${host}:${address.port}`,
    close: async () => {
      await app.close()
    },
  }
}

/** The application without a socket. */
export async function buildAnalytics({ source, host, version }: AnalyticsApiOptions): Promise<FastifyInstance> {
  const app = Fastify({ logger: false, forceCloseConnections: true, requestTimeout: 30_000 })
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: { title: 'quantbot analytics', version, description: 'Times are UTC epoch milliseconds.' },
    },
  })
  app.addHook('onRequest', async (request) => refuseForeignHost(request, host))
  app.setErrorHandler((error, _request, reply) => {
    const known = isQuantbotError(error) ? error : undefined
    const isInput = error instanceof Error && 'validation' in error
    const code = known?.code ?? (isInput ? 'USAGE' : 'INTERNAL')
    const message = known?.message ?? (isInput && error instanceof Error ? error.message : 'a bug of quantbot')
    void reply.code(STATUS[code] ?? 500).send({ error: { code, message } })
  })
  app.setNotFoundHandler((_request, reply) => {
    void reply.code(404).send({ error: { code: 'USAGE', message: 'no such path; /openapi.json lists them' } })
  })
  for (const route of ANALYTICS_ROUTES) addRoute(app, route, source)
  addOthers(app, source)
  await app.ready()
  return app
}

function addRoute(app: FastifyInstance, route: AnalyticsRoute, source: AnalyticsSource): void {
  const names = [...route.required, ...route.optional]
  app.get(
    `/v1${route.path}`,
    {
      schema: {
        summary: route.about,
        operationId: route.query,
        querystring: {
          type: 'object',
          additionalProperties: false,
          required: [...route.required],
          properties: Object.fromEntries(names.map((name) => [name, parameterSchema(name)])),
        },
        response: { 200: rowsSchema(route.row), ...FAILURES },
      },
    },
    async (request) => ({ rows: await source.query(route.query, valuesOf(request.query as Record<string, unknown>)) }), // validated above
  )
}

function addOthers(app: FastifyInstance, source: AnalyticsSource): void {
  app.get<{ readonly Querystring: { readonly prefix?: string } }>(
    '/v1/latest',
    {
      schema: {
        summary: 'Latest values of the cache: bar:, mark:, funding:, settlement:, spread:, position:, health.',
        operationId: 'latest',
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: { prefix: { type: 'string', maxLength: 200, description: 'beginning of the key' } },
        },
        response: {
          200: rowsSchema({
            key: { type: 'text', about: 'what it is of' },
            seq: { type: 'integer', about: 'seq of the event that brought it' },
            ts: { type: 'time', about: 'time of that event' },
            value: { type: 'any', about: 'payload of that event' },
          }),
          ...FAILURES,
        },
      },
    },
    async (request) => ({ rows: await source.latest(request.query.prefix ?? '') }),
  )
  app.get(
    '/v1/store',
    {
      schema: {
        summary: 'Which store answers.',
        operationId: 'store',
        response: {
          200: { type: 'object', properties: { says: { type: 'string' } }, required: ['says'] },
          ...FAILURES,
        },
      },
    },
    async () => ({ says: await source.describe() }),
  )
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

function refuseForeignHost(request: FastifyRequest, host: string): void {
  if (!LOOPBACK.has(host)) return
  // A page of another site whose name was pointed at this machine says its own name.
  const name = (request.headers.host ?? '').replace(/:\d+$/, '')
  if (!LOOPBACK.has(name)) throw new QuantbotError('USAGE', `host ${JSON.stringify(name)} is not served here`)
}

function valuesOf(query: Record<string, unknown>): QueryValues {
  const values: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    const isTime = PARAMETERS[name]?.type === 'time'
    values[name] = isTime ? timeOf(name, String(value)) : (value as string | number) // as the schema coerced it
  }
  return values
}

/** Epoch ms, a UTC day, or an ISO time with its zone. */
function timeOf(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const ts =
    parseDay(text) ?? (/^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN)
  if (Number.isFinite(ts)) return ts
  throw new QuantbotError('USAGE', `${name}: ${JSON.stringify(text.slice(0, 40))} is neither epoch ms nor a UTC date`)
}

function parameterSchema(name: string): object {
  const { type, about } = PARAMETERS[name]!
  if (type === 'time') return { type: 'string', description: `${about}: epoch ms, YYYY-MM-DD or an ISO time` }
  if (name === 'limit') return { type: 'integer', minimum: 1, maximum: ROWS_MAX, description: about }
  if (type === 'integer') return { type: 'integer', minimum: 0, description: about }
  if (type === 'number') return { type: 'number', minimum: 1, maximum: 8760, description: about }
  return { type: 'string', minLength: 1, maxLength: 200, description: about }
}

const TYPES: Readonly<Record<RouteField['type'], object>> = {
  text: { type: 'string' },
  number: { type: 'number' },
  integer: { type: 'integer' },
  time: { type: 'integer', format: 'int64' },
  flag: { type: 'boolean' },
  decimal: { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' },
  any: {},
}

function rowsSchema(row: Readonly<Record<string, RouteField>>): object {
  const properties = Object.fromEntries(
    Object.entries(row).map(([name, { type, isNullable, about }]) => [
      name,
      { ...TYPES[type], ...(isNullable ? { nullable: true } : {}), description: about },
    ]),
  )
  const items = { type: 'object', properties, required: Object.keys(row) }
  return { type: 'object', description: 'Rows.', properties: { rows: { type: 'array', items } }, required: ['rows'] }
}

const failure = (about: string): object => ({
  type: 'object',
  description: about,
  properties: {
    error: {
      type: 'object',
      properties: { code: { type: 'string' }, message: { type: 'string' } },
      required: ['code', 'message'],
    },
  },
  required: ['error'],
})
const FAILURES = { 400: failure('Not understood.'), 503: failure('The store is away.') }
