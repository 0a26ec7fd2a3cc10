/**
 * Owns one connection to the simulated Bybit: subscribe, unsubscribe, ping, the caps, the cut of idle connections. Rules
 * after docs v5 websocket/connect (2026-07-24).
 */
import { type EpochMs, MINUTE_MS } from '#core/time'
import type { SimContext, SimSession, SimSocket } from '../protocol.port.js'
import { type Stream, streamOf } from './streams.js'
import type { Category, SymbolTable } from './symbols.js'

const ARGS_CHARACTERS_MAX = 21_000
const SPOT_ARGS_MAX = 10
const OPTION_ARGS_MAX = 2000
const IDLE_MS = 10 * MINUTE_MS

interface Message {
  readonly req_id?: unknown
  readonly op?: unknown
  readonly args?: unknown
}

export function createSession(
  socket: SimSocket,
  context: SimContext,
  table: SymbolTable,
  category: Category,
): SimSession {
  const streams = new Map<string, Stream>()
  const connId = `sim-${socket.id}`
  let lastSign: EpochMs = context.now()

  const send = (message: object): void => socket.send(JSON.stringify(message))
  const echo = (id: unknown): object => (typeof id === 'string' ? { req_id: id } : { req_id: '' })
  const answer = (success: boolean, text: string, op: string, id: unknown): void =>
    send({ success, ret_msg: text, conn_id: connId, ...echo(id), op })

  const subscribe = (topics: readonly string[], id: unknown): void => {
    if (category === 'spot' && topics.length > SPOT_ARGS_MAX) {
      answer(false, `args size >${SPOT_ARGS_MAX}`, 'subscribe', id)
      return
    }
    const characters = JSON.stringify([...streams.keys(), ...topics]).length
    if (characters > ARGS_CHARACTERS_MAX || (category === 'option' && streams.size + topics.length > OPTION_ARGS_MAX)) {
      answer(false, 'error:args size exceeded', 'subscribe', id)
      return
    }
    const place = { world: context.world, table, category }
    const made = topics.map((topic) => ({ topic, stream: streamOf(topic, place, context.now()) }))
    if (category === 'option') {
      for (const { topic, stream } of made) if (stream !== undefined && !streams.has(topic)) streams.set(topic, stream)
      const names = (isGood: boolean): string[] =>
        made.filter(({ stream }) => (stream !== undefined) === isGood).map(({ topic }) => topic)
      send({
        success: true,
        conn_id: connId,
        data: { failTopics: names(false), successTopics: names(true) },
        type: 'COMMAND_RESP',
      })
      return
    }
    const bad = made.find(({ stream }) => stream === undefined)
    const twice = topics.find((topic) => streams.has(topic))
    if (bad !== undefined) answer(false, `error:handler not found,topic:${bad.topic}`, 'subscribe', id)
    else if (twice !== undefined) answer(false, `error:already subscribed,topic:${twice}`, 'subscribe', id)
    else {
      for (const { topic, stream } of made) if (stream !== undefined) streams.set(topic, stream)
      answer(true, category === 'spot' ? 'subscribe' : '', 'subscribe', id)
    }
  }

  return {
    onMessage(text) {
      lastSign = context.now()
      const message = parsed(text)
      const op = typeof message?.op === 'string' ? message.op : ''
      const args = Array.isArray(message?.args) ? message.args.filter((arg) => typeof arg === 'string') : []
      const id = message?.req_id
      if (op === 'ping') {
        if (category === 'option') send({ ...echo(id), op: 'pong', args: [String(context.now())], conn_id: connId })
        else answer(true, 'pong', 'ping', id)
      } else if (op === 'subscribe' && args.length > 0) subscribe(args, id)
      else if (op === 'unsubscribe' && args.length > 0) {
        for (const topic of args) streams.delete(topic)
        answer(true, category === 'spot' ? 'unsubscribe' : '', 'unsubscribe', id)
      } else
        send({
          success: false,
          ret_msg: 'error:invalid op',
          conn_id: connId,
          request: { op, args: message?.args ?? null },
        })
    },
    onPong() {
      lastSign = context.now()
    },
    advance(from, to) {
      for (const stream of streams.values())
        for (const frame of stream(from, to)) {
          send(frame)
          lastSign = to
        }
      if (to - lastSign >= IDLE_MS) socket.close(1000, 'idle')
    },
  }
}

function parsed(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Message) : undefined // its fields are checked where they are read
  } catch {
    return undefined
  }
}
