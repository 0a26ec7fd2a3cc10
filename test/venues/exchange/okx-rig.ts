/** Owns a simulated OKX without sockets, on a clock that stands until it is passed, and reading its answers with our own parser. */
import { expect } from 'vitest'
import { HOUR_MS, MINUTE_MS } from '#core/time'
import type { Call, Page } from '#data/connectors/adapter.port'
import type { InstrumentFacts, Normal } from '#data/connectors/normal'
import { okxAdapter } from '#data/connectors/okx/adapter'
import { okxParser } from '#data/connectors/okx/parser'
import { createLimiter } from '#venues/exchange/limiter'
import { okxProtocol } from '#venues/exchange/okx/protocol'
import type { SimContext, SimReply, SimSession } from '#venues/exchange/protocol.port'
import { okxTestWorld, START } from './okx-world.js'

export const NOW = START + 3 * HOUR_MS + 5 * MINUTE_MS + 20_000

export function venue() {
  const world = okxTestWorld()
  let now = NOW
  const protocol = okxProtocol()
  const context: SimContext = { world, now: () => now, limiter: createLimiter(() => now), isInMaintenance: false }
  const ask = (target: string, headers: Record<string, string> = {}, ip = '1.2.3.4'): SimReply => {
    const [path = '', rawQuery = ''] = target.split('?')
    const query = new URLSearchParams(rawQuery)
    return protocol.handle({ method: 'GET', path: `/api/v5${path}`, query, rawQuery, headers, body: '', ip }, context)
  }
  const follow = <T>(first: Call<Page<T>>): T[] => {
    const rows: T[] = []
    for (let call: Call<Page<T>> | undefined = first; call !== undefined; now += 100) {
      const page: Page<T> = call.read(ask(call.path.slice('/api/v5'.length)).body, now)
      rows.push(...page.rows)
      call = page.next
    }
    return rows
  }
  let sockets = 0
  const connect = (path: string) => {
    const sent: string[] = []
    const closed: number[] = []
    const socket = {
      id: ++sockets,
      ip: '1.2.3.4',
      path: `/ws/v5/${path}`,
      rawQuery: '',
      send: (text: string) => sent.push(text),
      ping: () => undefined,
      close: (code: number) => closed.push(code),
    }
    const made = protocol.connect(socket, context)
    // The exchange ticks soon behind each message.
    const session = made && {
      onPong: () => made.onPong(),
      advance: (from: number, to: number) => made.advance(from, to),
      onMessage(text: string) {
        made.onMessage(text)
        made.advance(now, now)
      },
    }
    return { session: session as SimSession, sent, closed, take: () => sent.splice(0) }
  }
  return {
    world,
    ask,
    follow,
    connect,
    now: () => now,
    pass(ms: number, ...sessions: SimSession[]) {
      const from = now
      now += ms
      for (const session of sessions) session.advance(from, now)
    },
  }
}

export const data = (reply: SimReply): readonly unknown[] => {
  const { code, data } = reply.body as { code: string; data: readonly unknown[] }
  expect([reply.status, code]).toEqual([200, '0'])
  return data
}
export const codeOf = (reply: SimReply): readonly unknown[] => [reply.status, (reply.body as { code: string }).code]

export function factsOf(it: ReturnType<typeof venue>): Map<string, InstrumentFacts> {
  const all = ['spot', 'swap', 'futures', 'option'].flatMap((market) => it.follow(okxAdapter.instruments(market)))
  return new Map(all.map((facts) => [facts.instrument, facts]))
}

export const KNOWN = { facts: () => undefined, price: () => undefined }
export const pick = ({
  openTime,
  open,
  high,
  low,
  close,
}: {
  openTime: number
  open: number
  high: number
  low: number
  close: number
}) => ({
  openTime,
  open,
  high,
  low,
  close,
})

export function parse(
  topic: string,
  payload: unknown,
  known: { facts?: (id: string) => InstrumentFacts | undefined } = {},
): readonly Normal[] {
  return okxParser.parse(topic, payload, { receivedAt: NOW, market: 'spot', ...KNOWN, ...known })
}
