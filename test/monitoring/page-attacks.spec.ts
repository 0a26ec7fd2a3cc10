/** Who may ask the page, attacked: each of these gets nothing. What needs real sockets is in test/slow/page-security.spec.ts. */
import { timingSafeEqual } from 'node:crypto'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type BuiltPage, buildPage } from '#monitoring/page/page-server'
import { Sessions } from '#monitoring/page/sessions'
import { type PageRig, pageRig, TOKEN, VENUE_TEXT } from './page-rig.js'

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) }
})

const HOST = '127.0.0.1:7420'
const ORIGIN = `http://${HOST}`
const BEARER = `Bearer ${TOKEN}`
const READS = ['facts', 'head', 'state', 'series?name=equity', 'events', 'explain?target=1', 'status', 'stream']
const PATHS = [...READS.map((name) => `/api/${name}`), '/metrics', '/api/bars?instrument=a', '/api/marks?instrument=a']

let rig: PageRig
let page: BuiltPage
beforeEach(async () => {
  rig = pageRig()
  page = await buildPage(rig.options)
  page.bound(7420)
})
afterEach(async () => {
  await page.app.close()
  rig.remove()
})

const ask = (url: string, headers: Record<string, string> = {}, more: InjectOptions = {}) =>
  page.app.inject({ url, ...more, headers: { host: HOST, ...headers } })
const login = (token: string, headers: Record<string, string> = { origin: ORIGIN }, remoteAddress = '127.0.0.1') =>
  ask('/session', headers, { method: 'POST', payload: { token }, remoteAddress })
const cookieOf = (answer: LightMyRequestResponse): string => String(answer.headers['set-cookie']).split(';')[0]!
const halt = (headers: Record<string, string>, payload: unknown = { do: 'halt', reason: 'x' }) =>
  ask('/api/control', headers, { method: 'POST', payload: payload as object })

describe('without a session', () => {
  it.each(PATHS)('nothing is told at %s', async (url) => {
    const answer = await ask(url)
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toMatchObject({ error: { code: 'SESSION_REQUIRED' } })
  })

  it('no command is taken, no session ended, and no path is known to exist', async () => {
    expect((await halt({ origin: ORIGIN, 'x-quantbot': '1' })).statusCode).toBe(401)
    expect((await ask('/session', { origin: ORIGIN }, { method: 'DELETE' })).statusCode).toBe(401)
    expect((await ask('/api/nothing')).statusCode).toBe(401)
    expect((await ask('/etc/passwd')).statusCode).toBe(401)
    expect(rig.process.commands).toEqual([])
  })

  it('a token in the address is no token', async () => {
    for (const url of [`/api/head?token=${TOKEN}`, `/api/head?access_token=${TOKEN}`, `/metrics?token=${TOKEN}`])
      expect((await ask(url)).statusCode).toBe(401)
    const shown = await ask(`/?token=${TOKEN}`)
    expect(shown.headers['set-cookie']).toBeUndefined()
    expect(shown.body).not.toContain(TOKEN)
  })

  it.each(['', 'Basic YTpi', 'Bearer', `Bearer ${TOKEN}0`, `Bearer ${TOKEN.slice(1)}`, `Bearer ${'0'.repeat(32)}`])(
    'authorization %j opens nothing',
    async (authorization) => {
      expect((await ask('/api/head', { authorization })).statusCode).toBe(401)
    },
  )
})

describe('a session', () => {
  it('is opened by the token alone, and its cookie is not the token, for no script and no other site', async () => {
    const answer = await login(TOKEN)
    expect(answer.statusCode).toBe(204)
    const cookie = String(answer.headers['set-cookie'])
    expect(cookie).toMatch(/^quantbot_7420=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(cookie).not.toContain(TOKEN)
    expect((await ask('/api/head', { cookie: cookieOf(answer) })).statusCode).toBe(200)
  })

  it.each(['', '0', TOKEN.slice(1), `${TOKEN}0`, TOKEN.toUpperCase(), `${TOKEN.slice(0, 31)}0`])(
    'is not opened by %j',
    async (token) => {
      const answer = await login(token)
      expect(answer.statusCode).toBe(401)
      expect(answer.headers['set-cookie']).toBeUndefined()
    },
  )

  it('of another run, of another port, forged, or without its end opens nothing', async () => {
    const own = cookieOf(await login(TOKEN))
    const value = own.split('=')[1]!
    const [expiry, id, mac] = value.split('.') as [string, string, string]
    const foreign = new Sessions('f'.repeat(32), rig.time).open().value
    const cookies = [
      `quantbot_7420=${foreign}`,
      `quantbot_7421=${value}`,
      `quantbot_7420=${TOKEN}`,
      `quantbot_7420=${expiry}zz.${id}.${mac}`,
      `quantbot_7420=${expiry}.${id}.${'0'.repeat(64)}`,
      `quantbot_7420=${expiry}.${id}`,
      `quantbot_7420=${value}.x`,
      'quantbot_7420=',
    ]
    for (const cookie of cookies) expect((await ask('/api/head', { cookie })).statusCode, cookie).toBe(401)
    expect((await ask('/api/head', { cookie: own })).statusCode).toBe(200)
  })

  it('ends when it is told to, and by itself', async () => {
    const [first, second] = [cookieOf(await login(TOKEN)), cookieOf(await login(TOKEN))]
    await ask('/session', { cookie: first, origin: ORIGIN }, { method: 'DELETE' })
    expect((await ask('/api/head', { cookie: first })).statusCode).toBe(401)
    expect((await ask('/api/head', { cookie: second })).statusCode).toBe(200)
    rig.time.advance(31 * 86_400_000)
    expect((await ask('/api/head', { cookie: second })).statusCode).toBe(401)
  })

  it('outlives a restart, as the token does', async () => {
    const cookie = cookieOf(await login(TOKEN))
    const again = await buildPage(rig.options)
    again.bound(7420)
    const answer = await again.app.inject({ url: '/api/head', headers: { host: HOST, cookie } })
    expect(answer.statusCode).toBe(200)
    await again.app.close()
  })

  it('is not to be guessed: ten wrong tokens a minute and address', async () => {
    for (let i = 0; i < 10; i++) expect((await login('0'.repeat(32))).statusCode).toBe(401)
    const refused = await login(TOKEN)
    expect([refused.statusCode, Number(refused.headers['retry-after'])]).toEqual([429, 60])
    expect((await login(TOKEN, { origin: ORIGIN }, '10.0.0.9')).statusCode).toBe(204)
    rig.time.advance(61_000)
    expect((await login(TOKEN)).statusCode).toBe(204)
  })

  it('is not locked out by other sites, whose attempts are not even counted', async () => {
    for (let i = 0; i < 20; i++) await login('0'.repeat(32), { origin: 'https://evil.example' })
    expect((await login(TOKEN)).statusCode).toBe(204)
  })

  it('is not to be guessed as Bearer either, while the right one goes on', async () => {
    for (let i = 0; i < 30; i++) await ask('/metrics', { authorization: 'Bearer 00' })
    expect((await ask('/metrics', { authorization: 'Bearer 00' })).statusCode).toBe(429)
    expect((await ask('/metrics', { authorization: BEARER })).statusCode).toBe(200)
  })

  it('is compared in constant time, by hashes of one length', () => {
    const sessions = new Sessions(TOKEN, rig.time)
    for (const text of ['', 'x', TOKEN, 'y'.repeat(100_000)]) {
      vi.mocked(timingSafeEqual).mockClear()
      expect(sessions.isToken(text)).toBe(text === TOKEN)
      const [a, b] = vi.mocked(timingSafeEqual).mock.calls[0]!
      expect([a.byteLength, b.byteLength]).toEqual([32, 32])
    }
  })
})

describe('a foreign name (DNS rebinding)', () => {
  it.each(['evil.example', 'evil.example:7420', '127.0.0.1.evil.example', 'localhost.evil.example', '0.0.0.0:7420'])(
    'host %j gets nothing, with every credential',
    async (host) => {
      const cookie = cookieOf(await login(TOKEN))
      for (const url of ['/', '/assets/main-1.js', '/api/head', '/metrics'])
        expect((await ask(url, { host, cookie, authorization: BEARER })).statusCode, url).toBe(403)
      const opened = await login(TOKEN, { host, origin: `http://${host}` })
      expect([opened.statusCode, opened.headers['set-cookie']]).toEqual([403, undefined])
    },
  )

  it.each(['localhost', 'LOCALHOST:7420', '127.0.0.1:9000', '[::1]:7420'])('host %j is ours', async (host) => {
    expect((await ask('/api/head', { host, authorization: BEARER })).statusCode).toBe(200)
  })

  it('is answered where it is configured, under its port alone', async () => {
    const open = pageRig({ host: '0.0.0.0', allowedHosts: ['bot.example:443', 'quantbot'] })
    const { app } = await buildPage(open.options)
    const status = async (host: string) =>
      (await app.inject({ url: '/api/head', headers: { host, authorization: BEARER } })).statusCode
    expect(await Promise.all(['bot.example:443', 'quantbot:7420', 'quantbot'].map(status))).toEqual([200, 200, 200])
    const others = ['bot.example', 'bot.example:80', '0.0.0.0', 'xquantbot']
    expect(await Promise.all(others.map(status))).toEqual(others.map(() => 403))
    await app.close()
    open.remove()
  })
})

describe('a page of another origin', () => {
  const FOREIGN = ['https://evil.example', 'null', 'http://127.0.0.1:7421', `${ORIGIN}.evil`, 'x']

  it.each(FOREIGN)('%s commands nothing, with the cookie or without', async (origin) => {
    const cookie = cookieOf(await login(TOKEN))
    for (const headers of [{ cookie }, { authorization: BEARER }, {}])
      expect((await halt({ ...headers, origin, 'x-quantbot': '1' })).statusCode).toBe(403)
    expect((await login(TOKEN, { origin })).statusCode).toBe(403)
    expect((await ask('/session', { cookie, origin }, { method: 'DELETE' })).statusCode).toBe(403)
    expect((await ask('/api/stream', { cookie, origin, accept: 'text/event-stream' })).statusCode).toBe(403)
    expect(rig.process.commands).toEqual([])
  })

  it.each(['cross-site', 'same-site'])('reads nothing: a browser says %s', async (site) => {
    const headers = { cookie: cookieOf(await login(TOKEN)), 'sec-fetch-site': site }
    for (const url of ['/api/head', '/metrics', '/api/stream']) expect((await ask(url, headers)).statusCode).toBe(403)
    expect((await login(TOKEN, { ...headers })).statusCode).toBe(403)
    // A link from elsewhere may lead here.
    expect((await ask('/', headers)).statusCode).toBe(200)
  })

  it('needs more than a cookie: header, origin, JSON', async () => {
    const cookie = cookieOf(await login(TOKEN))
    const whole = { cookie, origin: ORIGIN, 'x-quantbot': '1' }
    expect((await halt({ cookie, origin: ORIGIN })).statusCode).toBe(403)
    expect((await halt({ cookie, 'x-quantbot': '1' })).statusCode).toBe(403)
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/json',
    ])
      expect((await halt({ ...whole, 'content-type': type }, '{"do":"halt","reason":"x"}')).statusCode, type).toBe(415)
    expect(rig.process.commands).toEqual([])
    expect((await halt(whole)).statusCode).toBe(200)
    expect(rig.process.commands).toHaveLength(1)
  })
})

describe('what is answered', () => {
  it('has its headers everywhere, and lets no other origin read it', async () => {
    const answers = [
      await ask('/'),
      await ask('/assets/main-1.js'),
      await ask('/assets/none.js'),
      await ask('/api/head'),
      await ask('/api/head', { authorization: BEARER, origin: 'https://evil.example' }),
      await ask('/api/head', { host: 'evil.example' }),
      await ask('/%zz'),
      await ask(
        '/',
        { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
        { method: 'OPTIONS' },
      ),
      await login('0'),
    ]
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'content-security-policy':
          "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      })
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  it('is JSON, whatever a venue said, and nothing of it becomes a header', async () => {
    for (const url of ['/api/events', '/api/state']) {
      const answer = await ask(url, { authorization: BEARER })
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
      expect(answer.headers['set-cookie']).toBeUndefined()
      expect(answer.body).toContain(JSON.stringify(VENUE_TEXT))
    }
    const target = encodeURIComponent(VENUE_TEXT)
    const answer = await ask(`/api/explain?target=${target}`, { authorization: BEARER })
    expect(answer.headers).toMatchObject({ 'content-type': /^application\/json/ })
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it('never holds the token', async () => {
    const answers = await Promise.all(
      PATHS.filter((path) => path !== '/api/stream').map((url) => ask(url, { authorization: BEARER })),
    )
    const bug = await ask('/api/explain?target=bug', { authorization: BEARER })
    for (const { body, headers } of [...answers, bug]) expect(body + JSON.stringify(headers)).not.toContain(TOKEN)
  })
})

describe('a path', () => {
  it.each([
    '/assets/../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/assets/..\\..\\secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/assets/....//....//secret.txt',
    '/assets//../../secret.txt',
    '/assets/%00',
    '/assets/.hidden',
    '/../secret.txt',
    '/secret.txt',
    '//etc/passwd',
    '/index.html',
  ])('%s leads nowhere', async (url) => {
    const { statusCode, body } = await ask(url)
    expect(statusCode).toBeGreaterThanOrEqual(400)
    expect(statusCode).toBeLessThan(500)
    expect(body).not.toMatch(/secret|hidden|root:|doctype/)
  })

  it.each(['/assets/', '/assets', '/assets/inner', '/assets/inner/'])('%s is not listed', async (url) => {
    const { statusCode, body } = await ask(url)
    expect(statusCode).toBeGreaterThanOrEqual(400)
    expect(body).not.toContain('main-1')
  })

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'HEAD', 'PROPFIND'] as const)(
    'takes no %s',
    async (method) => {
      for (const url of ['/api/control', '/api/state', '/metrics']) {
        const answer = await ask(url, { authorization: BEARER, origin: ORIGIN }, { method: method as 'PUT' })
        expect(answer.statusCode).toBe(404)
      }
      expect(rig.process.commands).toEqual([])
    },
  )

  it('and a body have their bounds', async () => {
    const large = JSON.stringify({ token: 'x'.repeat(10_000) })
    const posted = await ask(
      '/session',
      { origin: ORIGIN, 'content-type': 'application/json' },
      { method: 'POST', payload: large },
    )
    expect(posted.statusCode).toBe(413)
    expect(
      (await halt({ authorization: BEARER, 'x-quantbot': '1', 'content-type': 'application/json' }, large)).statusCode,
    ).toBe(413)
    expect(
      (await halt({ authorization: BEARER, 'x-quantbot': '1', 'content-type': 'application/json' }, '{"do":'))
        .statusCode,
    ).toBe(400)
    const proto = '{"do":"halt","reason":"x","__proto__":{"isAdmin":true}}'
    expect(
      (await halt({ authorization: BEARER, 'x-quantbot': '1', 'content-type': 'application/json' }, proto)).statusCode,
    ).toBe(400)
  })
})
