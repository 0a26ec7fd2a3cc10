import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { type Call, type Page, VenueFailed, type VenueFailure } from '#data/connectors/adapter.port'
import { ADAPTERS } from '#data/connectors/adapters'
import { ClockOffset } from '#data/connectors/clock-offset'
import { networkHeaders, resolveEndpoints } from '#data/connectors/endpoints'
import { fieldsOf, numberOf } from '#data/connectors/fields'
import { parseJson } from '#data/connectors/json-text'
import type { Refused } from '#data/connectors/quarantine'
import { RateBudget } from '#data/connectors/rate-budget'
import { RestClient } from '#data/connectors/rest-client'
import { ManualTime } from './manual-time.js'

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const opened: Server[] = []
const clients: RestClient[] = []

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  for (const server of opened.splice(0)) server.close().closeAllConnections()
})

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => {
  return (_, response) =>
    void response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** A venue that gives these answers in turn, the last one for ever; its clock runs 1,000 times as fast as ours. */
const venue = (...answers: readonly Answer[]) => patientVenue(200_000, ...answers)

async function patientVenue(timeoutMs: number, ...answers: readonly Answer[]) {
  const asked: { readonly url: string; readonly at: number }[] = []
  const time = scaledTime(1000, 1_767_225_600_000)
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', at: time.now() })
    answers[Math.min(asked.length, answers.length) - 1]!(request, response)
  })
  opened.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // listens on a port
  const pools = [{ name: 'weight', capacity: 1000, windowMs: 60_000, kind: 'window' }] as const
  const budget = new RateBudget({ venue: 'binance', pools, time, limitShare: 1, cancelReserve: 0 })
  const refused: Refused[] = []
  let measured = 0
  const client = new RestClient({
    adapter: {
      venue: 'binance',
      usage: (headers) => [{ pool: 'weight', weight: Number(headers['x-used'] ?? 0) }],
      failure: (status, headers, body) =>
        failureOf(body.includes('limited') ? 429 : status, headers['retry-after'], body),
    },
    endpoints: { rest: origin },
    budget,
    time,
    seed: 7,
    quarantine: { add: (entry) => void refused.push(entry), stats: { refused: 0, notKept: 0, lastReason: '' } },
    timeoutMs,
    remeasure: async () => void measured++,
  })
  clients.push(client)
  return { client, budget, time, asked, refused, measured: () => measured }
}

function failureOf(status: number, after: string | string[] | undefined, body: string): VenueFailure {
  const kinds = {
    429: 'rateLimited',
    418: 'banned',
    400: 'badRequest',
    401: 'auth',
    409: 'clock',
    503: 'maintenance',
  } as const
  const kind = Object.hasOwn(kinds, status) ? kinds[status as keyof typeof kinds] : 'temporary' // checked by hasOwn
  return { kind, waitMs: after === undefined ? null : Number(after) * 1000, code: String(status), detail: body }
}

const call = (path = '/x?symbol=A&signature=5ec4e7&timestamp=1'): Call<number> => ({
  endpoint: 'rest',
  method: 'GET',
  path,
  costs: [{ pool: 'weight', weight: 1 }],
  read: (payload) => {
    const fields = fieldsOf(payload, '$')
    if (fields.code !== undefined)
      throw new VenueFailed({ kind: 'badRequest', waitMs: null, code: String(fields.code), detail: 'no such thing' })
    return numberOf(fields.value, 'value')
  },
})

describe('the REST client', () => {
  it('reads an answer, and counts what the venue says was used', async () => {
    const { client, budget } = await venue(json(200, { value: '5' }, { 'x-used': '400' }))
    expect(await client.send(call())).toBe(5)
    expect(budget.status().pools[0]?.used).toBe(400)
  })

  it('tries again what may pass, with waits that grow, and gives up', async () => {
    const { client, asked } = await venue(json(502, 'no'), json(200, { value: 1 }))
    expect(await client.send(call())).toBe(1)
    expect(asked.length).toBe(2)
    const broken = await venue(json(500, 'no'))
    await expect(broken.client.send(call(), { tries: 3 })).rejects.toMatchObject({ code: 'VENUE_UNREACHABLE' })
    expect(broken.asked.length).toBe(3)
    expect(broken.asked[2]!.at - broken.asked[1]!.at).toBeGreaterThanOrEqual(500)
  })

  it('stays away exactly as long as it is told, all callers together', async () => {
    const { client, asked } = await venue(json(429, 'slow down', { 'retry-after': '30' }), json(200, { value: 1 }))
    expect(await client.send(call())).toBe(1)
    await client.send(call('/y'))
    expect(asked[1]!.at - asked[0]!.at).toBeGreaterThanOrEqual(30_000)
    expect(asked.length).toBe(3)
    const banned = await venue(json(418, 'banned', { 'retry-after': '7200' }))
    await expect(banned.client.send(call())).rejects.toMatchObject({ code: 'VENUE_RATE_LIMITED' })
    await expect(banned.client.send(call('/y'))).rejects.toMatchObject({ code: 'VENUE_RATE_LIMITED' })
    expect(banned.asked.length).toBe(1)
  })

  it('takes the reset of a limit that is told inside a 200 from the headers', async () => {
    const limited = json(200, { limited: true }, { 'retry-after': '20' })
    const { client, asked } = await venue(limited, json(200, { value: 1 }))
    const inside: Call<number> = {
      ...call(),
      read: (payload) => {
        if (fieldsOf(payload, '$').limited === undefined) return 1
        throw new VenueFailed({ kind: 'rateLimited', waitMs: null, code: '10006', detail: 'too many visits' })
      },
    }
    expect(await client.send(inside)).toBe(1)
    const waited = asked[1]!.at - asked[0]!.at
    expect(waited).toBeGreaterThanOrEqual(20_000)
    expect(waited).toBeLessThan(60_000)
  })

  it('refuses an answer that does not end', async () => {
    const endless: Answer = (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 20, 0x20)));
      }
      response.on('drain', more)
      more()
    }
    const { client, asked } = await patientVenue(20_000_000, endless)
    await expect(client.send(call())).rejects.toMatchObject({ code: 'PAYLOAD_REFUSED' })
    expect(asked.length).toBe(1)
  })

  it('measures the clock once more when the venue refuses our time, and no oftener', async () => {
    const once = await venue(json(409, '-1021'), json(200, { value: 1 }))
    expect(await once.client.send(call())).toBe(1)
    expect(once.measured()).toBe(1)
    const always = await venue(json(409, '-1021'))
    await expect(always.client.send(call())).rejects.toMatchObject({ code: 'VENUE_REFUSED' })
    expect(always.asked.length).toBe(2)
  })

  it('does not repeat what is refused, in the status or in the body, and keeps secrets out of the message', async () => {
    for (const answer of [json(400, 'bad'), json(401, 'key'), json(200, { code: -1121 })]) {
      const { client, asked } = await venue(answer)
      const error: unknown = await client.send(call()).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'VENUE_REFUSED' })
      expect(String(error)).toContain('/x?symbol=A')
      expect(String(error)).not.toContain('5ec4e7')
      expect(asked.length).toBe(1)
    }
  })

  it('puts aside payloads that say too little', async () => {
    for (const body of ['{"other":1}', '{"value":', '<html>']) {
      const { client, refused } = await venue(json(200, body))
      await expect(client.send(call())).rejects.toMatchObject({ code: 'PAYLOAD_REFUSED' })
      expect(refused).toMatchObject([{ venue: 'binance', topic: 'GET /x?symbol=A', msg: body }])
    }
  })

  it('survives torn answers, refused connections and silence', async () => {
    const torn: Answer = (request) => void request.socket.destroy()
    const { client } = await venue(torn, json(200, { value: 3 }))
    expect(await client.send(call())).toBe(3)
    const silent: Answer = () => undefined
    const quiet = await venue(silent, json(200, { value: 4 }))
    expect(await quiet.client.send(call())).toBe(4)
    // The client's wait began before the venue heard the first question: by how much depends on the machine.
    expect(quiet.asked[1]!.at - quiet.asked[0]!.at).toBeGreaterThan(100_000)
  })

  it('ends when it is told to, whatever it waits for', async () => {
    const { client } = await venue(json(500, 'no'))
    const abort = new AbortController()
    const sent = client.send(call(), { signal: abort.signal, tries: 1000 })
    abort.abort(new Error('stopped'))
    await expect(sent).rejects.toThrow('stopped')
  })

  it('reads histories page by page and refuses one without an end', async () => {
    const { client } = await venue(json(200, { value: 1 }), json(200, { value: 2 }), json(200, { value: 3 }))
    const page = (number: number): Call<Page<number>> => ({
      ...call(`/p?n=${number}`),
      read: (payload) => ({ rows: [call().read(payload, 0)], next: number < 3 ? page(number + 1) : undefined }),
    })
    expect(await client.all(page(1))).toEqual([1, 2, 3])
    const stuck = (): Call<Page<number>> => ({ ...call('/p'), read: () => ({ rows: [1], next: stuck() }) })
    await expect(client.all(stuck())).rejects.toMatchObject({ code: 'PAYLOAD_REFUSED' })
  })
})

describe('JSON', () => {
  it('keeps ids beyond 2^53 as text and everything else as it is', () => {
    expect(parseJson('{"id": 8389765739703625592,"p":1.25,"l":[12345678901234567]}')).toEqual({
      id: '8389765739703625592',
      p: 1.25,
      l: ['12345678901234567'],
    })
    expect(parseJson('{"us":1767225600000000,"x":0.123456789012345,"s":"8389765739703625592"}')).toEqual({
      us: 1767225600000000,
      x: 0.123456789012345,
      s: '8389765739703625592',
    })
  })
})

describe('endpoints', () => {
  const endpoints = {
    mainnet: { rest: 'https://a', ws: 'wss://a/' },
    testnet: { rest: 'https://t', ws: 'wss://t' },
    below: (rest: string, ws: string) => ({ rest: `${rest}/v`, ws: `${ws}/v` }),
  }
  const config = { network: 'mainnet', endpoints: {} } as const

  it('tell the testnet by a header where it shares its hosts, and nobody else', () => {
    const { okx, bybit } = ADAPTERS
    expect(networkHeaders(okx!, { network: 'testnet', rest: undefined })).toEqual({ 'x-simulated-trading': '1' })
    expect(networkHeaders(okx!, { network: 'mainnet', rest: undefined })).toEqual({})
    expect(networkHeaders(okx!, { network: 'testnet', rest: 'http://127.0.0.1:1' })).toEqual({})
    expect(networkHeaders(bybit!, { network: 'testnet', rest: undefined })).toEqual({})
  })

  it('are the network’s, one origin’s, or single ones', () => {
    const adapter = { venue: 'binance', endpoints } as const
    expect(resolveEndpoints(adapter, config)).toEqual({ rest: 'https://a', ws: 'wss://a' })
    expect(resolveEndpoints(adapter, { ...config, rest: 'http://s/', ws: 'ws://s' }).rest).toBe('http://s/v')
    expect(resolveEndpoints(adapter, { ...config, endpoints: { ws: 'ws://x' } })).toEqual({
      rest: 'https://a',
      ws: 'ws://x',
    })
    expect(() => resolveEndpoints(adapter, { ...config, rest: 'http://s' })).toThrow('go together')
    expect(() => resolveEndpoints(adapter, { ...config, endpoints: { y: 'ws://x' } })).toThrow('endpoints.y')
  })
})

describe('the clock offset', () => {
  it('believes the sample with the shortest way', async () => {
    const time = new ManualTime()
    const trips = [400, 20, 900]
    let count = 0
    const offset = new ClockOffset(
      time,
      async () => {
        const trip = trips[count++]!
        await time.advance(trip / 4) // there is quicker than back
        const ts = time.now() + 5000
        await time.advance((trip / 4) * 3)
        return ts
      },
      3,
    )
    const measured = await offset.measure()
    expect(measured).toMatchObject({ rttMs: 20 })
    expect(Math.abs(measured.offsetMs - 5000)).toBeLessThanOrEqual(10)
    expect(offset.now() - time.now()).toBe(measured.offsetMs)
    expect(offset.local(offset.now())).toBe(time.now())
  })

  it('does not believe a question that waited: the measure before it stands', async () => {
    const time = new ManualTime()
    let waitMs = 0
    const offset = new ClockOffset(
      time,
      async () => {
        await time.advance(waitMs) // for the end of a ban, before it was sent at all
        return time.now()
      },
      2,
    )
    await offset.measure()
    expect(offset.last?.offsetMs).toBe(0)
    waitMs = 120_000
    await expect(offset.measure()).rejects.toMatchObject({ code: 'VENUE_UNREACHABLE' })
    expect(offset.last?.offsetMs).toBe(0)
  })

  it('fails only when nothing answers', async () => {
    const time = new ManualTime()
    let count = 0
    const flaky = new ClockOffset(
      time,
      async () => (count++ === 0 ? Promise.reject(new Error('no')) : time.now() + 7),
      2,
    )
    expect((await flaky.measure()).offsetMs).toBe(7)
    const dead = new ClockOffset(time, () => Promise.reject(new Error('no')), 2)
    await expect(dead.measure()).rejects.toThrow('no')
  })
})
