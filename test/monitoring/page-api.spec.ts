/** What the page answers to who may ask. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { QuantbotError } from '#core/errors'
import { type BuiltPage, buildPage } from '#monitoring/page/page-server'
import { type PageRig, pageRig, TOKEN } from './page-rig.js'

let rig: PageRig
let page: BuiltPage
beforeAll(async () => {
  rig = pageRig()
  page = await buildPage(rig.options)
})
afterAll(async () => {
  await page.app.close()
  rig.remove()
})
beforeEach(() => {
  rig.view.asked.length = 0
  rig.process.commands.length = 0
  rig.process.fails = undefined
})

const get = async (url: string) => {
  const { statusCode, headers, body } = await page.app.inject({
    url,
    headers: { host: '127.0.0.1:7420', authorization: `Bearer ${TOKEN}` },
  })
  return { statusCode, headers, body }
}
const json = async (url: string) => {
  const { statusCode, body } = await get(url)
  return { statusCode, body: JSON.parse(body) as Record<string, unknown> }
}
const control = (payload: object) =>
  page.app.inject({
    method: 'POST',
    url: '/api/control',
    headers: { host: 'localhost', authorization: `Bearer ${TOKEN}`, 'x-quantbot': '1' },
    payload,
  })

describe('the API of the page', () => {
  it('tells facts, head, state and status', async () => {
    expect(await json('/api/facts')).toMatchObject({ body: { run: 'a', isLive: true, canControl: true } })
    expect(await json('/api/head')).toMatchObject({ statusCode: 200, body: { seq: 10 } })
    expect(await json('/api/state')).toMatchObject({ statusCode: 200, body: { seq: 10 } })
    expect(await json('/api/state?seq=4')).toMatchObject({ body: { seq: 4 } })
    expect(await json('/api/status')).toEqual({ statusCode: 200, body: { live: { state: 'running' } } })
  })

  it('hands queries on as they are meant', async () => {
    await json('/api/events?before=9&types=OrderRejected,OrderFilled&by=execution/router&text=BTC&limit=5')
    await json('/api/series?name=funding:binance.usdm.BTCUSDT&until=9&points=100')
    await json('/api/bars?instrument=binance.usdm.BTCUSDT&interval=1h&from=1&to=2')
    await json('/api/marks?instrument=binance.usdm.BTCUSDT')
    expect(rig.view.asked).toEqual([
      {
        what: 'events',
        with: { before: 9, types: ['OrderRejected', 'OrderFilled'], by: 'execution/router', text: 'BTC', limit: 5 },
      },
      { what: 'series', with: { name: 'funding:binance.usdm.BTCUSDT', until: 9, points: 100 } },
      { what: 'bars', with: { instrument: 'binance.usdm.BTCUSDT', interval: '1h', from: 1, to: 2 } },
      { what: 'marks', with: { instrument: 'binance.usdm.BTCUSDT' } },
    ])
  })

  it.each([
    ['/api/state?seq=-1', 'seq'],
    ['/api/state?seq=1&seq=2', 'seq'],
    ['/api/state?at=1', 'unknown'],
    ['/api/series', 'name'],
    ['/api/series?name=equity&points=1', 'points'],
    ['/api/series?name=equity&points=99999999', 'points'],
    ['/api/events?limit=1001', 'limit'],
    ['/api/events?types=a;b', 'types'],
    ['/api/bars?instrument=a&interval=1y', 'interval'],
    [`/api/explain?target=${'x'.repeat(300)}`, 'target'],
  ])('refuses %s and names what is wrong', async (url, name) => {
    const { statusCode, body } = await json(url)
    expect({ statusCode, ...body }).toMatchObject({ statusCode: 400, error: { code: 'USAGE' } })
    expect(JSON.stringify(body)).toContain(name)
    expect(rig.view.asked).toEqual([])
  })

  it('says what the log has not, and never what an unexpected error holds', async () => {
    expect(await json('/api/state?seq=11')).toMatchObject({
      statusCode: 404,
      body: { error: { code: 'SEQ_OUT_OF_RANGE' } },
    })
    expect(await json('/api/explain?target=o-1')).toMatchObject({
      statusCode: 404,
      body: { error: { code: 'ORDER_NOT_FOUND' } },
    })
    const bug = await json('/api/explain?target=bug')
    expect(bug).toEqual({ statusCode: 500, body: { error: { code: 'INTERNAL', message: 'a bug of quantbot' } } })
    expect((await json('/api/nothing')).statusCode).toBe(404)
  })

  it('gives metrics as text, also while the process hangs', async () => {
    expect(await get('/metrics')).toMatchObject({ statusCode: 200, body: 'up 1\n' })
    rig.process.fails = new QuantbotError('UNRESPONSIVE', 'no answer')
    expect(await get('/metrics')).toMatchObject({ statusCode: 200, body: 'up 0\n' })
    expect((await json('/api/status')).body).toEqual({ live: null, unresponsive: true })
  })

  it('serves the page itself, for ever what has a hash in its name', async () => {
    expect((await get('/')).headers).toMatchObject({ 'cache-control': 'no-cache', 'content-type': /html/ })
    const asset = await get('/assets/main-1.js')
    expect(asset.headers['cache-control']).toContain('immutable')
    expect((await get('/api/head')).headers['cache-control']).toBe('no-store')
  })
})

describe('commands', () => {
  it('go to the process with their reason and are answered with what it says', async () => {
    const halted = await control({ do: 'halt', reason: ' too hot ' })
    expect({ code: halted.statusCode, body: halted.json() }).toEqual({ code: 200, body: { seq: 11 } })
    await control({ do: 'restart', agent: 'connector/binance', reason: 'stuck' })
    expect(rig.process.commands).toEqual([
      { do: 'halt', reason: 'too hot' },
      { do: 'restart', agent: 'connector/binance', reason: 'stuck' },
    ])
  })

  it.each([
    { do: 'halt' },
    { do: 'halt', reason: ' ' },
    { do: 'halt', reason: 'x'.repeat(501) },
    { do: 'halt', reason: 'x', agent: 'a' },
    { do: 'transfer', reason: 'x' },
    { do: 'restart', agent: '../x', reason: 'x' },
    [],
  ])('are refused when they are not understood: %j', async (payload) => {
    expect((await control(payload)).statusCode).toBe(400)
    expect(rig.process.commands).toEqual([])
  })

  it.each([
    ['CONTROL_REFUSED', 409],
    ['UNRESPONSIVE', 503],
    ['AGENT_UNKNOWN', 404],
  ] as const)('say %s as %d', async (code, status) => {
    rig.process.fails = new QuantbotError(code, 'why')
    const answer = await control({ do: 'resume', reason: 'x' })
    expect({ status: answer.statusCode, body: answer.json() }).toEqual({
      status,
      body: { error: { code, message: 'why' } },
    })
  })

  it('have nobody to go to where no process runs', async () => {
    const still = pageRig({ process: null })
    const { app } = await buildPage(still.options)
    const headers = { host: 'localhost', authorization: `Bearer ${TOKEN}`, 'x-quantbot': '1' }
    const facts = await app.inject({ url: '/api/facts', headers })
    expect(facts.json()).toMatchObject({ isLive: false, canControl: false })
    expect((await app.inject({ url: '/api/status', headers })).json()).toEqual({ live: null })
    const refused = await app.inject({
      method: 'POST',
      url: '/api/control',
      headers,
      payload: { do: 'halt', reason: 'x' },
    })
    expect(refused.statusCode).toBe(409)
    await app.close()
    still.remove()
  })
})
