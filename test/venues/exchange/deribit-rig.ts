/** Owns playing Deribit's protocol without a socket: requests as data, frames as a list, time by hand. */

import type { EpochMs } from '#core/time'
import type { Call, Page } from '#data/connectors/adapter.port'
import { deribitProtocol } from '#venues/exchange/deribit/protocol'
import { createLimiter } from '#venues/exchange/limiter'
import type { SimContext, SimReply, SimSession } from '#venues/exchange/protocol.port'
import type { World } from '#venues/exchange/world.port'
import { smallWorld, WORLD_NOW } from './bybit-world.js'

export interface DeribitRig {
  now: EpochMs
  readonly world: World
  get(pathAndQuery: string, headers?: Readonly<Record<string, string>>): SimReply
  /** Result of a method by GET; the whole error answer where it is one. */
  result(methodAndQuery: string): unknown
  /** What the connector reads of its own call. */
  read<T>(call: Call<T>): T
  pages<T>(call: Call<Page<T>> | undefined): readonly T[]
  open(ip?: string): DeribitConnection
}

export interface DeribitConnection {
  readonly session: SimSession
  readonly closed: readonly string[]
  send(method: string, params?: object): void
  takeTexts(): readonly string[]
  take(): readonly Record<string, unknown>[]
  run(ms: number, tickMs?: number): void
}

export function deribitRig(world: World = smallWorld()): DeribitRig {
  const protocol = deribitProtocol()
  let sockets = 0
  let ids = 0
  const context: SimContext = {
    world,
    now: () => rig.now,
    isInMaintenance: false,
    limiter: createLimiter(() => rig.now),
  }
  const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  const rig: DeribitRig = {
    now: WORLD_NOW,
    world,
    get(pathAndQuery, headers = {}) {
      const [path = '', rawQuery = ''] = pathAndQuery.split('?')
      const query = new URLSearchParams(rawQuery)
      return protocol.handle({ method: 'GET', path, query, rawQuery, headers, body: '', ip: '127.0.0.1' }, context)
    },
    result(methodAndQuery) {
      const { status, body } = rig.get(`/api/v2/${methodAndQuery}`)
      const answer = json(body) as { readonly result: unknown }
      return status === 200 ? answer.result : { status, ...answer }
    },
    read: (call) => call.read(json(rig.get(`/api/v2${call.path}`).body), rig.now),
    pages(call) {
      const rows = []
      for (let next = call; next !== undefined; ) {
        const page = rig.read(next)
        rows.push(...page.rows)
        next = page.next
        rig.now += 50
      }
      return rows
    },
    open(ip = '127.0.0.1') {
      let texts: string[] = []
      const closed: string[] = []
      const socket = {
        id: ++sockets,
        ip,
        path: '/ws/api/v2',
        rawQuery: '',
        send: (text: string) => void texts.push(text),
        ping: () => {},
        close: (code: number, reason: string) => void closed.push(`${code} ${reason}`),
      }
      const session = protocol.connect(socket, context)!
      const takeTexts = (): readonly string[] => {
        const taken = texts
        texts = []
        return taken
      }
      return {
        session,
        closed,
        takeTexts,
        send: (method, params = {}) => session.onMessage(JSON.stringify({ jsonrpc: '2.0', id: ++ids, method, params })),
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
