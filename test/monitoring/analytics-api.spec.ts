import { Validator } from '@seriousme/openapi-schema-validator'
import { afterEach, describe, expect, it } from 'vitest'
import { QuantbotError } from '#core/errors'
import { type AnalyticsSource, buildAnalytics, type QueryValues, serveAnalytics } from '#monitoring/analytics-api'
import { ANALYTICS_ROUTES } from '#monitoring/analytics-routes'

const asked: { name: string; values: QueryValues }[] = []
const bar = {
  instrument: 'binance.usdm.BTCUSDT',
  interval: '1h',
  openTime: 1_704_067_200_000,
  open: 1,
  high: 2,
  low: 0.5,
  close: 1.5,
  volume: 10,
  from: '1m',
  parts: 60,
  coverage: 1,
}
const source: AnalyticsSource = {
  query: async (name, values) => {
    asked.push({ name, values })
    if (name === 'equity') throw new QuantbotError('STORE_UNAVAILABLE', 'PostgreSQL: no answer in time')
    if (name === 'halts') throw new Error('postgres://user:secret@host/db')
    return name === 'bars' ? [bar] : []
  },
  latest: async (prefix) => [{ key: `${prefix}x`, seq: 1, ts: 2, value: { rate: 0.0001 } }],
  describe: async () => 'a store of the test',
}
const app = await buildAnalytics({ source, host: '127.0.0.1', port: 0, version: '1' })
const get = async (url: string, host = 'localhost') => {
  const { statusCode, body } = await app.inject({ url, headers: { host } })
  return { statusCode, body: JSON.parse(body) as { rows?: object[]; error?: { code: string; message: string } } }
}

afterEach(() => {
  asked.length = 0
})

describe('the analytics API', () => {
  it('describes itself by a valid OpenAPI document with every route', async () => {
    const { body } = await get('/openapi.json')
    const validation = await new Validator().validate(body)
    expect(validation).toMatchObject({ valid: true })
    const { paths } = body as unknown as { paths: Record<string, unknown> }
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(ANALYTICS_ROUTES.map(({ path }) => `/v1${path}`)))
  })

  it('hands parameters on as numbers and times', async () => {
    const { statusCode, body } = await get(
      '/v1/bars?instrument=binance.usdm.BTCUSDT&interval=1h&from=2024-01-01&to=1704153600000&limit=5',
    )
    expect({ statusCode, body }).toEqual({ statusCode: 200, body: { rows: [bar] } })
    expect(asked).toEqual([
      {
        name: 'bars',
        values: {
          instrument: 'binance.usdm.BTCUSDT',
          interval: '1h',
          from: 1_704_067_200_000,
          to: 1_704_153_600_000,
          limit: 5,
        },
      },
    ])
  })

  it.each([
    ['/v1/bars?interval=1h', 'instrument'],
    ['/v1/bars?instrument=a&interval=1h&limit=0', 'limit'],
    ['/v1/bars?instrument=a&interval=1h&from=yesterday', 'from'],
  ])('refuses %s and names %s', async (url, name) => {
    const { statusCode, body } = await get(url)
    expect(statusCode).toBe(400)
    expect(body.error?.code).toBe('USAGE')
    expect(body.error?.message).toContain(name)
    expect(asked).toEqual([])
  })

  it('says that a store is away, and never what an unexpected error holds', async () => {
    expect(await get('/v1/equity')).toMatchObject({ statusCode: 503, body: { error: { code: 'STORE_UNAVAILABLE' } } })
    const failed = await get('/v1/halts')
    expect(failed.statusCode).toBe(500)
    expect(JSON.stringify(failed.body)).not.toContain('secret')
  })

  it('gives latest values, and 404 for what it has not', async () => {
    expect((await get('/v1/latest?prefix=funding:')).body.rows).toEqual([
      { key: 'funding:x', seq: 1, ts: 2, value: { rate: 0.0001 } },
    ])
    expect((await get('/v1/everything')).statusCode).toBe(404)
  })

  it('answers to no other host name, nor to other methods than GET', async () => {
    expect((await get('/v1/runs', 'evil.example')).statusCode).toBe(400)
    expect((await app.inject({ method: 'POST', url: '/v1/runs', headers: { host: 'localhost' } })).statusCode).toBe(404)
  })

  it('listens on loopback and lets go of its port', async () => {
    const api = await serveAnalytics({ source, host: '127.0.0.1', port: 0, version: '1' })
    const response = await fetch(`${api.url}/v1/store`)
    expect(await response.json()).toEqual({ says: 'a store of the test' })
    const port = Number(new URL(api.url).port)
    await expect(serveAnalytics({ source, host: '127.0.0.1', port, version: '1' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/api\.port.*EADDRINUSE/) as string,
    })
    await api.close()
    await expect(fetch(`${api.url}/v1/store`)).rejects.toThrow()
  })
})
