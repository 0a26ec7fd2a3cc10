/** A venue of sockets alone, on loopback: topics are what is wanted, three a connection, frames say topic and mark. */
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { scaledTime } from '#actors/scaled-time'
import type { InstrumentId } from '#core/ids'
import { wait } from '#core/wait'
import type { SocketPlan, SocketRules, StreamKind, TopicPlan, VenueAdapter, Want } from '#data/connectors/adapter.port'
import type { InstrumentFacts, MarkRecord, Normal } from '#data/connectors/normal'
import { SocketGroup } from '#data/connectors/socket-group'
import type { MarketInput } from '#data/connectors/to-inputs'

export const START = 1_767_225_600_000

export interface Client {
  readonly socket: WebSocket
  readonly topics: Set<string>
}

export const want = (symbol: string, kind: StreamKind = 'mark'): Want => ({
  kind,
  facts: { instrument: `binance.usdm.${symbol}` } as InstrumentFacts, // nothing else of it is read here
})

const nameOf = ({ kind, facts }: Want): string => `${kind}:${facts.instrument}`

export interface RigOptions {
  readonly copies?: number
  readonly speed?: number
  readonly maxLifeMs?: number
  readonly maxSilenceMs?: number | null
  /** Topics that the venue refuses. */
  readonly refuses?: ReadonlySet<string>
}

export async function openRig({ copies = 1, speed = 100, maxLifeMs, refuses, ...more }: RigOptions = {}) {
  const maxSilenceMs = more.maxSilenceMs === undefined ? 10_000 : more.maxSilenceMs
  const time = scaledTime(speed, START)
  const clients: Client[] = []
  let opened = 0
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  server.on('connection', (socket) => {
    opened++
    const client: Client = { socket, topics: new Set() }
    clients.push(client)
    socket.on('close', () => clients.splice(clients.indexOf(client), 1))
    socket.on('message', (data) => {
      const { sub, unsub } = JSON.parse(String(data)) as { sub?: string[]; unsub?: string[] } // we sent it
      for (const name of sub ?? []) {
        if (refuses?.has(name)) socket.send(JSON.stringify({ refused: [name] }))
        else client.topics.add(name)
      }
      for (const name of unsub ?? []) client.topics.delete(name)
    })
  })
  const rules: SocketRules = { requestsPerSecond: 1000, ping: null, hello: [], maxLifeMs: null, idleMs: 3_600_000 }
  const sockets = (wants: readonly Want[]): SocketPlan[] => {
    const topics = wants.map((of): TopicPlan => ({ name: nameOf(of), wants: [of], maxSilenceMs }))
    const plans: SocketPlan[] = []
    for (let i = 0; i < topics.length; i += 3) plans.push({ endpoint: 'ws', path: '', topics: topics.slice(i, i + 3) })
    return plans
  }
  const adapter = {
    venue: 'binance',
    connects: { capacity: 1000, windowMs: 1000, kind: 'window' },
    rules: () => rules,
    sockets,
    subscribe: (topics: readonly TopicPlan[]) => [JSON.stringify({ sub: topics.map(({ name }) => name) })],
    unsubscribe: (topics: readonly TopicPlan[]) => [JSON.stringify({ unsub: topics.map(({ name }) => name) })],
    decoder: () => ({
      decode(text: string) {
        const { topic, mark, refused } = JSON.parse(text) as { topic?: string; mark?: number; refused?: string[] }
        if (topic === undefined || mark === undefined) return { topic: null, records: [], refused: refused ?? [] }
        const instrument: InstrumentId = topic.slice(topic.indexOf(':') + 1)
        return { topic, records: [{ kind: 'mark', instrument, ts: time.now(), mark, index: null } as const] }
      },
    }),
  } as unknown as VenueAdapter // what a group reads of one
  const records: (MarkRecord & { readonly socketId: number })[] = []
  const inputs: MarketInput[] = []
  const states: string[] = []
  const gone: number[] = []
  const group = new SocketGroup({
    adapter,
    endpoints: { ws: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` }, // listens on a port
    time,
    seed: 3,
    copies,
    knowledge: { facts: () => undefined, price: () => undefined },
    quarantine: { add: () => undefined, stats: { refused: 0, notKept: 0, lastReason: '' } },
    maxLifeMs,
    onRecords: (some: readonly Normal[], _at, socketId) => {
      for (const record of some) if (record.kind === 'mark') records.push({ ...record, socketId })
    },
    onGone: (id) => void gone.push(id),
    onInput: (input) => void inputs.push(input),
    onDegraded: (reason) => void states.push(`degraded ${reason}`),
    onRecovered: () => void states.push('recovered'),
  })
  let mark = 0
  const silent = new Set<string>()
  /** The next value of every topic that somebody has asked for, to all who did. */
  const tick = (): number => {
    mark++
    for (const { socket, topics } of clients)
      for (const topic of topics) if (!silent.has(topic)) socket.send(JSON.stringify({ topic, mark }))
    return mark
  }
  const ticking = setInterval(tick, 1000 / speed)
  return {
    group,
    adapter,
    time,
    clients,
    records,
    inputs,
    states,
    gone,
    silent,
    tick,
    stopTicking: () => clearInterval(ticking),
    opened: () => opened,
    async until(what: string, holds: () => boolean, withinMs = 600_000): Promise<void> {
      const end = time.now() + withinMs
      while (!holds()) {
        if (time.now() > end) throw new Error(`not within ${withinMs} ms: ${what}; ${JSON.stringify(group.stats())}`)
        await wait(time, 100)
      }
    },
    async close(): Promise<void> {
      clearInterval(ticking)
      group.stop()
      for (const { socket } of clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type SocketRig = Awaited<ReturnType<typeof openRig>>
