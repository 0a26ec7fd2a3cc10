/** The page attacked over real sockets: what a client of HTTP itself would not send, many followers, slow ones, busy ports. */
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PageServer } from '#monitoring/page/page.port'
import { servePage } from '#monitoring/page/page-server'
import { STREAMS_MAX } from '#monitoring/page/stream'
import { type PageRig, pageRig, TOKEN } from '../monitoring/page-rig.js'

let rig: PageRig
let page: PageServer
const sockets: Socket[] = []
beforeEach(async () => {
  rig = pageRig()
  page = await servePage(rig.options)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await page.close()
  rig.remove()
})

interface Raw {
  readonly socket: Socket
  /** All that has come. */
  text(): string
  /** Fulfilled when what has come passes. */
  until(test: (text: string) => boolean): Promise<string>
  readonly closed: Promise<void>
}

function raw(request: string): Raw {
  const socket = connect(page.port, '127.0.0.1')
  sockets.push(socket)
  let text = ''
  const looks = new Set<() => void>()
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
    for (const look of looks) look()
  })
  socket.on('error', () => undefined) // a connection that is cut is what some tests wait for
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.write(request)
  const until = (test: (text: string) => boolean): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (test(text)) resolve(text)
      }
      looks.add(look)
      void closed.then(() => resolve(text))
      look()
    })
  return { socket, text: () => text, until, closed }
}

const answered = (text: string): boolean => text.includes('\r\n\r\n')
const statusOf = async (request: string): Promise<number> =>
  Number(/^HTTP\/1\.1 (\d{3})/.exec(await raw(request).until(answered))?.[1])
const BEARER = `authorization: Bearer ${TOKEN}\r\n`
const stream = (more = ''): string =>
  `GET /api/stream HTTP/1.1\r\nhost: 127.0.0.1\r\n${more}accept: text/event-stream\r\n\r\n`

describe('requests that no browser sends', () => {
  it.each([
    ['no host', `GET /api/head HTTP/1.0\r\n${BEARER}\r\n`],
    ['an empty host', `GET /api/head HTTP/1.1\r\nhost:\r\n${BEARER}\r\n`],
    ['two hosts in one', `GET /api/head HTTP/1.1\r\nhost: 127.0.0.1, evil.example\r\n${BEARER}\r\n`],
    ['a name and a path', `GET /api/head HTTP/1.1\r\nhost: evil.example/127.0.0.1\r\n${BEARER}\r\n`],
    ['a user before the name', `GET /api/head HTTP/1.1\r\nhost: 127.0.0.1@evil.example\r\n${BEARER}\r\n`],
    ['an address of another site', `GET http://evil.example/api/head HTTP/1.1\r\nhost: evil.example\r\n${BEARER}\r\n`],
  ])('are refused: %s', async (_, request) => {
    expect([400, 403]).toContain(await statusOf(request))
  })

  it('are refused where they climb, before and behind the session', async () => {
    const paths = [
      '/assets/../../secret.txt',
      '/../secret.txt',
      '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
      '/%2e%2e/secret.txt',
    ]
    for (const path of paths)
      for (const more of ['', BEARER]) {
        const text = await raw(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${more}connection: close\r\n\r\n`).until(
          () => false,
        )
        expect(text).toMatch(/^HTTP\/1\.1 4\d\d/)
        expect(text).not.toMatch(/\r\n\r\n.*secret/s)
      }
  })

  it('cannot put a line into the answer', async () => {
    const request = `GET /api/explain?target=a%0d%0aset-cookie:%20x=y HTTP/1.1\r\nhost: 127.0.0.1\r\n${BEARER}origin: http://a%0d%0ab\r\n\r\n`
    const text = await raw(request).until((all) => all.includes('}}'))
    expect(text).toMatch(/^HTTP\/1\.1 404/)
    expect(text.slice(0, text.indexOf('\r\n\r\n'))).not.toMatch(/set-cookie/i)
  })

  it('of unknown methods, huge headers and endless bodies end', async () => {
    expect(await statusOf(`HACK / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`)).toBe(400)
    expect(await statusOf(`GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toBe(431)
    const head = 'POST /session HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n'
    expect(await statusOf(`${head}content-length: 99999999\r\n\r\n`)).toBe(413)
    expect(await statusOf(`${head}transfer-encoding: chunked\r\n\r\n2000\r\n${'x'.repeat(0x2000)}\r\n`)).toBe(413)
    expect(await statusOf(`${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`)).toBe(400)
  })
})

describe('the stream', () => {
  it('tells nothing without a session, and its headers to who has one', async () => {
    expect(await raw(stream()).until(answered)).toMatch(/^HTTP\/1\.1 401/)
    expect(await raw(stream('cookie: quantbot_1=x\r\n')).until(answered)).toMatch(/^HTTP\/1\.1 401/)
    expect(await raw(stream(`origin: http://evil.example\r\n${BEARER}`)).until(answered)).toMatch(/^HTTP\/1\.1 403/)
    const text = await raw(stream(BEARER)).until((all) => all.includes('event: head'))
    expect(text).toMatch(/^HTTP\/1\.1 200/)
    for (const header of [
      'content-type: text/event-stream',
      'cache-control: no-store',
      'nosniff',
      'x-frame-options: DENY',
    ])
      expect(text).toContain(header)
  })

  it('has room for some, and again when they have gone', async () => {
    const followers = Array.from({ length: STREAMS_MAX }, () => raw(stream(BEARER)))
    for (const follower of followers) await follower.until((text) => text.includes('event: head'))
    expect(await raw(stream(BEARER)).until(answered)).toMatch(/^HTTP\/1\.1 429/)
    for (const follower of followers) follower.socket.destroy()
    let again = 429
    while (again === 429) again = await statusOf(stream(BEARER))
    expect(again).toBe(200)
  })

  it('holds one message for a reader that reads no more, and drops it; others go on', async () => {
    rig.process.statusText = 'x'.repeat(4_000_000)
    const slow = raw(stream(BEARER))
    await slow.until((text) => text.includes('event: head'))
    slow.socket.pause()
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external
    // Each second a message of 4 MB: unread, they would be 400 MB.
    for (let i = 0; i < 100; i++) {
      rig.time.advance(1_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before
    expect(grown).toBeLessThan(60_000_000)
    slow.socket.resume()
    await slow.closed
    rig.process.statusText = 'running'
    const quick = raw(stream(BEARER))
    await quick.until((text) => text.includes('event: head'))
    rig.view.move(77)
    rig.time.advance(250)
    await quick.until((text) => text.includes('"seq":77'))
  })

  it('tells the last head before the page ends', async () => {
    const follower = raw(stream(BEARER))
    await follower.until((text) => text.includes('event: head'))
    rig.view.move(99)
    await page.close()
    await follower.closed
    expect(follower.text()).toContain('"seq":99')
  })
})

describe('a port', () => {
  it('that is taken is an error that names it; one that is let go is free', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(servePage({ ...rig.options, port })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`web.port: 127.0.0.1:${port} cannot be bound: EADDRINUSE`) as string,
    })
    await new Promise((resolve) => other.close(resolve))
    const again = await servePage({ ...rig.options, port })
    expect(again.port).toBe(port)
    await again.close()
  })
})
