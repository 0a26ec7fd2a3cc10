/** Owns playing Bybit's protocol without a socket: requests as data, frames as a list, time by hand. */
import type { EpochMs } from '#core/time'
import { bybitProtocol } from '#venues/exchange/bybit/protocol'
import type { SimContext, SimReply, SimSession } from '#venues/exchange/protocol.port'
import type { World } from '#venues/exchange/world.port'
import { smallWorld, WORLD_NOW } from './bybit-world.js'

export interface Rig {
  now: EpochMs
  readonly world: World
  readonly context: SimContext
  get(pathAndQuery: string, headers?: Record<string, string>, body?: string): SimReply
  /** Body of an answer, as a client reads it. */
  body(pathAndQuery: string): unknown
  open(path: string): Connection | undefined
}

export interface Connection {
  readonly session: SimSession
  /** Parsed frames since the last call. */
  take(): Record<string, unknown>[]
  /** The texts themselves. */
  takeTexts(): string[]
  readonly closed: readonly string[]
  /** Lets time go on, in ticks. */
  run(ms: number, tickMs?: number): void
}

export function bybitRig(world: World = smallWorld()): Rig {
  const protocol = bybitProtocol()
  const counters = new Map<string, { since: number; used: number }>()
  const bans = new Map<string, EpochMs>()
  let sockets = 0
  const context: SimContext = {
    world,
    now: () => rig.now,
    isInMaintenance: false,
    limiter: {
      take(limit, key, weight) {
        const since = Math.floor(rig.now / limit.windowMs) * limit.windowMs
        const id = `${limit.name} ${key}`
        const counter = counters.get(id)
        const used = (counter?.since === since ? counter.used : 0) + weight
        counters.set(id, { since, used })
        return { used, isOver: used > limit.capacity, resetMs: since + limit.windowMs - rig.now }
      },
      bannedUntil: (ip) => ((bans.get(ip) ?? 0) > rig.now ? bans.get(ip) : undefined),
      ban: (ip, forMs) => void bans.set(ip, rig.now + forMs),
    },
  }
  const rig: Rig = {
    now: WORLD_NOW,
    world,
    context,
    get(pathAndQuery, headers = {}, body = '') {
      const [path = '', rawQuery = ''] = pathAndQuery.split('?')
      const query = new URLSearchParams(rawQuery)
      return protocol.handle({ method: 'GET', path, query, rawQuery, headers, body, ip: '127.0.0.1' }, context)
    },
    body: (pathAndQuery) => JSON.parse(JSON.stringify(rig.get(pathAndQuery).body)),
    open(path) {
      let texts: string[] = []
      const closed: string[] = []
      const socket = {
        id: ++sockets,
        ip: '127.0.0.1',
        path,
        rawQuery: '',
        send: (text: string) => void texts.push(text),
        ping: () => {},
        close: (code: number, reason: string) => void closed.push(`${code} ${reason}`),
      }
      const session = protocol.connect(socket, context)
      if (session === undefined) return undefined
      const takeTexts = (): string[] => {
        const taken = texts
        texts = []
        return taken
      }
      return {
        session,
        closed,
        takeTexts,
        take: () => takeTexts().map((text) => JSON.parse(text) as Record<string, unknown>),
        run(ms, tickMs = 50) {
          for (const end = rig.now + ms; rig.now < end; ) {
            const from = rig.now
            rig.now = Math.min(end, from + tickMs)
            session.advance(from, rig.now)
          }
        },
      }
    },
  }
  return rig
}
