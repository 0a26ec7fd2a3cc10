/** The simulated exchange on real sockets of loopback, at 100 times the machine's speed; each fault is seen by a client. */
import { createConnection } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { TimePort } from '#core/ports'
import { HOUR_MS, SECOND_MS } from '#core/time'
import type { Exchange, ExchangeOptions } from '#venues/exchange/server'
import { Client, openTiny, START, until } from './tiny-venue.js'

let exchange: Exchange
let clients: Client[] = []

async function open(options: Partial<ExchangeOptions> = {}): Promise<void> {
  exchange = await openTiny(options)
}

async function client(): Promise<Client> {
  const one = new Client(`${exchange.ws}/ws`)
  clients.push(one)
  await until(() => one.numbers.length > 0, 'a first frame')
  return one
}

afterEach(async () => {
  for (const { socket } of clients) socket.terminate()
  clients = []
  await exchange.close()
})

const isGapless = (numbers: readonly number[]): boolean => numbers.every((n, i) => i === 0 || n === numbers[i - 1]! + 1)
const more = (one: Client, count: number): Promise<void> => {
  const before = one.frames.length
  return until(() => one.frames.length >= before + count, `${count} more frames`)
}
const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${exchange.rest}${path}`, init)
const LONG = 1e9

describe('an exchange', () => {
  it('answers requests and upgrades on one port, and refuses paths that are none', async () => {
    await open()
    const reply = await get('/time?x=1')
    expect(reply.headers.get('x-venue')).toBe('tiny')
    expect(((await reply.json()) as { now: number }).now).toBeGreaterThanOrEqual(START)
    const one = await client()
    one.socket.send('hi')
    one.socket.ping()
    await until(() => one.frames.includes('ack hi') && one.pongs === 1, 'answers')
    expect(one.frames[0]).toBe('welcome')
    const lost = new Client(`${exchange.ws}/nowhere`)
    await until(() => lost.failed !== undefined, 'refusal')
    expect(lost.failed?.message).toContain('404')
  })

  it('sends contiguous spans at 100 times the speed: nothing twice, nothing left out', async () => {
    await open()
    const one = await client()
    await until(() => one.numbers.length > 300, '30 seconds of venue time')
    expect(isGapless(one.numbers)).toBe(true)
  })

  it('survives a protocol that throws, and says so', async () => {
    const seen: unknown[] = []
    await open({ onEvent: (event) => event.kind === 'error' && seen.push(event.error) })
    expect((await get('/bug')).status).toBe(500)
    const one = await client()
    one.socket.send('bug')
    await until(() => one.code !== undefined, 'close')
    expect(one.code).toBe(1011)
    expect(exchange.stats().errors).toHaveLength(2)
    expect(seen).toHaveLength(2)
  })

  it('cuts a client that does not read', async () => {
    await open()
    const raw = createConnection(exchange.port, '127.0.0.1')
    raw.on('error', () => undefined)
    raw.write('GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n')
    raw.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
    await until(() => exchange.stats().openSockets === 1, 'upgrade')
    raw.pause()
    // What an honest client would never cause: masked messages whose echoes fill the buffer.
    const text = 'x'.repeat(500_000)
    const frame = Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(8), Buffer.alloc(4), Buffer.from(text)])
    frame.writeBigUInt64BE(BigInt(text.length), 2)
    for (let i = 0; i < 80 && exchange.stats().openSockets === 1; i++) {
      raw.write(frame)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await until(() => exchange.stats().openSockets === 0, 'cut')
    raw.destroy()
  })

  it('leaves nothing behind when it is closed', async () => {
    const armed = new Set<() => void>()
    const time: TimePort = {
      now: () => START + performance.now(),
      after(delayMs, fn) {
        const timer = setTimeout(() => {
          armed.delete(cancel)
          fn()
        }, delayMs)
        const cancel = (): void => {
          clearTimeout(timer)
          armed.delete(cancel)
        }
        armed.add(cancel)
        return cancel
      },
    }
    await open({ time, faults: [{ kind: 'delay', ms: 60_000 }, { kind: 'reorder' }] })
    const one = new Client(`${exchange.ws}/ws`)
    await until(() => one.frames.length > 0, 'welcome')
    one.socket.send('late')
    await until(() => armed.size > 1, 'frames that wait')
    await exchange.close()
    await until(() => one.code !== undefined && armed.size === 0, 'the end of every timer')
    expect(exchange.stats().openSockets).toBe(0)
    await expect(get('/time')).rejects.toThrow()
  })
})

describe('faults of frames', () => {
  it('halfOpen: answers and pongs, no data; then data again', async () => {
    await open()
    const one = await client()
    exchange.inject({ kind: 'halfOpen', forMs: 20 * SECOND_MS })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const before = one.numbers.length
    one.socket.send('hi')
    one.socket.ping()
    await until(() => one.frames.includes('ack hi') && one.pongs === 1, 'life')
    expect(one.numbers.length).toBe(before)
    await until(() => one.numbers.length > before, 'data')
    expect(isGapless(one.numbers)).toBe(false)
  })

  it('sockets: as many as are said, the others go on', async () => {
    await open()
    const both = [await client(), await client()]
    for (const one of both) await more(one, 2)
    exchange.inject({ kind: 'halfOpen', sockets: 1, forMs: LONG })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const before = both.map(({ numbers }) => numbers.length)
    await until(() => both.some(({ numbers }, i) => numbers.length > before[i]! + 10), 'data')
    expect(both.filter(({ numbers }, i) => numbers.length === before[i])).toHaveLength(1)
    exchange.inject({ kind: 'disconnect', sockets: 1 })
    await until(() => exchange.stats().openSockets === 1, 'one cut')
  })

  it.each(['drop', 'sequenceGap'] as const)('%s: frames are missing', async (kind) => {
    await open({ faults: [{ kind, forMs: LONG, probability: 0.5 }] })
    const one = await client()
    await more(one, 50)
    expect(isGapless(one.numbers)).toBe(false)
    expect(new Set(one.numbers).size).toBe(one.numbers.length)
  })

  it('sequenceGap: only frames of books; match: only frames with that text', async () => {
    await open({ faults: [{ kind: 'drop', forMs: LONG, match: 'ethusdt' }] })
    const one = await client()
    await more(one, 50)
    expect(isGapless(one.numbers)).toBe(true)
  })

  it('duplicate: frames come twice in a row', async () => {
    await open({ faults: [{ kind: 'duplicate', forMs: LONG }] })
    const one = await client()
    await more(one, 20)
    expect(one.numbers[0]).toBe(one.numbers[1])
    expect(isGapless([...new Set(one.numbers)])).toBe(true)
  })

  it('delay: frames come late and in order', async () => {
    await open()
    const one = await client()
    exchange.inject({ kind: 'delay', ms: 20 * SECOND_MS, forMs: LONG })
    await more(one, 30)
    expect(isGapless(one.numbers)).toBe(true)
    expect(exchange.now() - one.numbers.at(-1)! * 100).toBeGreaterThan(15 * SECOND_MS)
  })

  it('reorder: neighbours change places', async () => {
    await open({ faults: [{ kind: 'reorder', forMs: LONG }] })
    const one = await client()
    await more(one, 20)
    expect(one.numbers[0]).toBe(one.numbers[1]! + 1)
    expect(isGapless([...one.numbers].sort((a, b) => a - b).slice(0, 10))).toBe(true)
  })

  it('torn and garbage: frames that cannot be read', async () => {
    await open()
    const one = await client()
    exchange.inject({ kind: 'torn', forMs: LONG })
    await until(() => one.frames.some((text) => text.startsWith('{') && !text.endsWith('}')), 'half a frame')
    exchange.heal()
    exchange.inject({ kind: 'garbage', forMs: LONG })
    await until(() => one.frames.includes('<html><body>502 Bad Gateway</body></html>'), 'garbage')
  })

  it('staleBook: a frame of old comes again', async () => {
    await open()
    const one = await client()
    exchange.inject({ kind: 'staleBook', forMs: LONG })
    await until(() => one.numbers.some((n, i) => i > 0 && n < one.numbers[i - 1]!), 'an old frame')
  })

  it('disconnect: cut without a word', async () => {
    await open()
    const one = await client()
    exchange.inject({ kind: 'disconnect' })
    await until(() => one.code !== undefined, 'close')
    expect(one.code).toBe(1006)
    await client()
  })
})

describe('faults of answers', () => {
  it('serverError, slow, torn, garbage, refuse of REST', async () => {
    await open()
    const now = { kind: 'serverError', status: 502, forMs: LONG } as const
    exchange.inject(now)
    const reply = await get('/time')
    expect([reply.status, await reply.text()]).toEqual([502, 'error 502'])
    exchange.heal()
    exchange.inject({ kind: 'slow', ms: 10 * SECOND_MS, forMs: LONG })
    const asked = exchange.now()
    await get('/time')
    expect(exchange.now() - asked).toBeGreaterThanOrEqual(10 * SECOND_MS)
    exchange.heal()
    exchange.inject({ kind: 'torn', target: 'rest', forMs: LONG })
    await expect(get('/time').then((torn) => torn.text())).rejects.toThrow()
    exchange.heal()
    exchange.inject({ kind: 'garbage', target: 'rest', forMs: LONG })
    await expect(get('/time').then((bad) => bad.json())).rejects.toThrow()
    exchange.heal()
    exchange.inject({ kind: 'refuse', target: 'rest', forMs: LONG })
    await expect(get('/time')).rejects.toThrow()
    expect((await get('/sim/state')).status).toBe(200)
  })

  it('halfOpen of REST: no answer at all', async () => {
    await open({ faults: [{ kind: 'halfOpen', target: 'rest', forMs: LONG }] })
    await expect(get('/time', { signal: AbortSignal.timeout(60) })).rejects.toThrow()
  })

  it.each(['refuse', 'dnsFailure'] as const)(
    '%s: nobody listens, open sockets live, then it listens again',
    async (kind) => {
      await open()
      const one = await client()
      exchange.inject({ kind, forMs: 10 * SECOND_MS })
      const failure = await get('/time').catch((error: Error) => error.cause as { code?: string })
      expect(failure).toMatchObject({ code: 'ECONNREFUSED' })
      await more(one, 5)
      let isBack = false
      const asking = setInterval(
        () =>
          void get('/time').then(
            () => (isBack = true),
            () => undefined,
          ),
        10,
      )
      await until(() => isBack, 'back').finally(() => clearInterval(asking))
      await client()
    },
  )

  it('banIp: told as the venue does, and no upgrade', async () => {
    await open()
    exchange.inject({ kind: 'banIp', forMs: LONG })
    expect((await get('/time')).status).toBe(418)
    const lost = new Client(`${exchange.ws}/ws`)
    await until(() => lost.failed !== undefined, 'refusal')
    expect(lost.failed?.message).toContain('403')
    exchange.heal()
    expect((await get('/time')).status).toBe(200)
  })

  it('maintenance: every answer says so, sockets are closed, until it ends', async () => {
    await open()
    const one = await client()
    exchange.inject({ kind: 'maintenance', forMs: 20 * SECOND_MS })
    expect((await get('/time')).status).toBe(503)
    await until(() => one.code === 1001, 'close')
    let isBack = false
    const asking = setInterval(() => void get('/time').then(({ status }) => (isBack ||= status === 200)), 10)
    await until(() => isBack, 'the end').finally(() => clearInterval(asking))
  })
})

describe('faults of the venue', () => {
  it('clockSkew: its time is off, and stands still rather than going back', async () => {
    await open()
    exchange.inject({ kind: 'clockSkew', ms: HOUR_MS, forMs: LONG })
    const skewed = exchange.now()
    expect(skewed).toBeGreaterThanOrEqual(START + HOUR_MS)
    exchange.heal()
    expect(exchange.now()).toBe(skewed)
  })

  it('delist and fundingInterval: the market itself is another', async () => {
    await open()
    const id = 'SOL/USDT:USDT'
    const ask = async (): Promise<unknown> => (await get(`/funding?id=${id}`)).json()
    const before = (await ask()) as { every: number }
    const sol = exchange.world.instruments(exchange.now()).find((one) => one.id === id)!
    const next = Math.floor(START / before.every + 1) * before.every
    const every = before.every === HOUR_MS ? 2 * HOUR_MS : HOUR_MS
    exchange.inject({ kind: 'fundingInterval', symbol: id, intervalMs: every })
    expect(exchange.world.fundingIntervalMs(sol, next - 1)).toBe(before.every)
    expect(exchange.world.fundingIntervalMs(sol, next)).toBe(every)
    const rows = exchange.world.settlements(sol, next, next + 8 * HOUR_MS)
    expect(rows.map(({ ts }) => ts)).toEqual(
      Array.from({ length: (8 * HOUR_MS) / every }, (_, i) => Math.floor(next / every + i + 1) * every),
    )
    exchange.inject({ kind: 'delist', symbol: id })
    expect(await ask()).toEqual({ gone: true })
    exchange.heal()
    expect(await ask()).toEqual({ every: before.every })
  })
})

describe('plans', () => {
  it('act on the clock, again and again', async () => {
    await open({ faults: [{ kind: 'disconnect', afterMs: 5 * SECOND_MS, everyMs: 10 * SECOND_MS }] })
    await until(() => exchange.log.length >= 3, 'three of them')
    const [first, second] = exchange.log
    expect(first!.from - START).toBeGreaterThanOrEqual(5 * SECOND_MS)
    expect(second!.from - START).toBeGreaterThanOrEqual(15 * SECOND_MS)
  })

  it('are commanded over HTTP as well', async () => {
    await open()
    const post = (body: unknown) => get('/sim/faults', { method: 'POST', body: JSON.stringify(body) })
    expect((await post({ kind: 'serverError', forMs: LONG })).status).toBe(200)
    expect((await get('/time')).status).toBe(503)
    expect((await get('/sim/faults', { method: 'DELETE' })).status).toBe(200)
    expect((await get('/time')).status).toBe(200)
    const refused = await post({ kind: 'earthquake' })
    expect([refused.status, ((await refused.json()) as { error: string }).error]).toEqual([
      400,
      expect.stringContaining('kind'),
    ])
    const bars = await get(`/sim/truth/bars?instrument=BTC/USDT&from=${START - HOUR_MS}&to=${START}`)
    expect(await bars.json()).toHaveLength(60)
    expect((await get('/sim/truth/bars?instrument=NO/PE')).status).toBe(404)
  })
})
