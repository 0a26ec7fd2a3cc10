/** Owns the least venue there can be: a clock over REST, a numbered frame every 100 ms of venue time over sockets. */
import { WebSocket } from 'ws'
import { scaledTime } from '#actors/scaled-time'
import type { SimProtocol } from '#venues/exchange/protocol.port'
import { type Exchange, type ExchangeOptions, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'

export const START = Date.UTC(2026, 0, 5)
const SLOT_MS = 100

export function tinyProtocol(): SimProtocol {
  return {
    venue: 'tiny',
    handle({ path, ip, query }, { now, limiter, world }) {
      const until = limiter.bannedUntil(ip)
      if (until !== undefined) return { status: 418, body: { until } }
      if (path === '/bug') throw new Error('planted')
      if (path === '/funding') {
        const one = world.instruments(now()).find(({ id }) => id === query.get('id'))
        return {
          status: 200,
          body: one === undefined ? { gone: true } : { every: world.fundingIntervalMs(one, now()) },
        }
      }
      return { status: 200, headers: { 'x-venue': 'tiny' }, body: { now: now() } }
    },
    connect(socket) {
      if (socket.path !== '/ws') return undefined
      socket.send('welcome')
      return {
        onMessage: (text) => {
          if (text === 'bug') throw new Error('planted')
          socket.send(`ack ${text}`)
        },
        onPong: () => socket.send('ponged'),
        advance(from, to) {
          for (let n = Math.floor(from / SLOT_MS) + 1; n * SLOT_MS <= to; n++)
            socket.send(JSON.stringify({ stream: 'btcusdt@depth', n }))
        },
      }
    },
    maintenanceReply: { status: 503, body: { code: 'maintenance' } },
    serverError: (status) => ({ status, body: `error ${status}` }),
    urls: (rest, ws) => ({ rest, ws: `${ws}/ws` }),
  }
}

/** Opened at {@link START}, 100 times as fast as the machine. */
export function openTiny(options: Partial<ExchangeOptions> = {}): Promise<Exchange> {
  return openExchange({
    protocol: tinyProtocol(),
    world: generatedWorld({ seed: 1, venue: 'tiny', symbols: 3 }),
    time: scaledTime(100, START),
    seed: 1,
    ...options,
  })
}

/** A client that keeps what it gets. */
export class Client {
  readonly frames: string[] = []
  code: number | undefined
  failed: Error | undefined
  pongs = 0
  readonly socket: WebSocket

  constructor(url: string) {
    this.socket = new WebSocket(url)
    this.socket.on('message', (data) => this.frames.push(String(data)))
    this.socket.on('close', (code) => {
      this.code = code
    })
    this.socket.on('error', (error) => {
      this.failed = error
    })
    this.socket.on('pong', () => this.pongs++)
  }

  /** Numbers of the frames that are whole. */
  get numbers(): number[] {
    return this.frames.flatMap((text) => {
      const n = /^\{"stream":"btcusdt@depth","n":(\d+)\}$/.exec(text)?.[1]
      return n === undefined ? [] : [Number(n)]
    })
  }
}

/** Waits for what must come, without saying when. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
