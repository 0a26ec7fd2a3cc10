/**
 * Owns reading the frames of one connection, fast: one JSON.parse, two Map look-ups, one reader. Knows which topics were
 * acknowledged, because OKX's errors do not always name theirs.
 */
import type { EpochMs, Interval } from '#core/time'
import type { Decoded, FrameDecoder, Knowledge, SocketPlan, TopicPlan } from '../adapter.port.js'
import { type Fields, fieldsOf, listOf } from '../fields.js'
import { type Normal, PayloadRefused } from '../normal.js'
import { controlOf } from './control.js'
import { argOf } from './plans.js'
import type { RowReader, Scope } from './scope.js'
import { intervalOfBar } from './symbols.js'
import { CHANNELS } from './topics.js'
import { readRows } from './trade-rows.js'

interface Route {
  readonly name: string
  readonly read: RowReader
  readonly interval: Interval | undefined
  /** Instruments that are wanted of a topic of many; null where the topic is of one. */
  readonly wanted: ReadonlySet<string> | null
  readonly plan: TopicPlan
}

const PONG: Decoded = { topic: null, records: [{ kind: 'control', what: 'pong', detail: '' }] }

export function okxDecoder(plan: SocketPlan, knowledge: Knowledge): FrameDecoder {
  const routes = routesOf(plan.topics)
  const unanswered = new Map(plan.topics.map((topic) => [topic.name, topic]))
  return {
    decode(text, receivedAt) {
      if (text === 'pong') return PONG
      const frame = frameOf(text)
      if (frame.data !== undefined && frame.event === undefined) {
        const data = decodeData(frame, routes, knowledge, receivedAt)
        if (data !== undefined) return data
      }
      return decodeControl(frame, unanswered)
    },
  }
}

function routesOf(topics: readonly TopicPlan[]): Map<string, Map<string, Route>> {
  const routes = new Map<string, Map<string, Route>>()
  for (const plan of topics) {
    const arg = argOf(plan.name)
    const isCandle = arg.channel.startsWith('candle')
    const row = CHANNELS.get(isCandle ? 'candle' : arg.channel)
    if (row === undefined) continue
    const ofChannel = routes.get(arg.channel) ?? new Map<string, Route>()
    routes.set(arg.channel, ofChannel)
    ofChannel.set(arg.instId ?? arg.instType ?? arg.instFamily ?? '', {
      name: plan.name,
      read: row.read,
      interval: isCandle ? intervalOfBar(arg.channel.slice(6), 'arg.channel') : undefined,
      wanted: arg.instId === undefined ? new Set(plan.wants.map((want) => want.facts.instrument)) : null,
      plan,
    })
  }
  return routes
}

function frameOf(text: string): Fields {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    throw new PayloadRefused('', 'is no JSON')
  }
  return fieldsOf(frame, '')
}

/** Undefined for a frame of a topic that is not of the plan. */
function decodeData(
  frame: Fields,
  routes: Map<string, Map<string, Route>>,
  knowledge: Knowledge,
  receivedAt: EpochMs,
): Decoded | undefined {
  const arg = fieldsOf(frame.arg, 'arg')
  // A Map answers undefined to keys of any other type.
  const route = routes.get(arg.channel as string)?.get((arg.instId ?? arg.instType ?? arg.instFamily ?? '') as string)
  if (route === undefined) return undefined
  const rows = listOf(frame.data, 'data')
  const scope: Scope = {
    receivedAt,
    facts: knowledge.facts,
    price: knowledge.price,
    instId: arg.instId as string | undefined, // it found the route, or refOf looks at it
    interval: route.interval,
    action: frame.action,
  }
  const records = readRows(route.wanted === null ? rows : wantedOf(rows, route.wanted), route.read, scope)
  return { topic: route.name, records }
}

/** Rows of wanted instruments, and rows that are of none (status): others may be contracts that nobody looked up. */
function wantedOf(rows: readonly unknown[], wanted: ReadonlySet<string>): readonly unknown[] {
  return rows.filter((row) => {
    const { instId, instType } = fieldsOf(row, 'data[]')
    if (instId === undefined) return true
    const market = typeof instType === 'string' ? instType.toLowerCase() : 'option'
    return wanted.has(`okx.${market}.${String(instId)}`)
  })
}

function decodeControl(frame: Fields, unanswered: Map<string, TopicPlan>): Decoded {
  const control = controlOf(frame)
  if (control === undefined)
    return { topic: null, records: [{ kind: 'control', what: 'other', detail: 'of no topic of this connection' }] }
  const records: readonly Normal[] = [control]
  if (frame.event === 'subscribe') {
    const arg = fieldsOf(frame.arg, 'arg')
    const key = [arg.channel, arg.instId ?? arg.instType ?? arg.instFamily].filter((part) => part !== undefined)
    unanswered.delete(key.join(':'))
  }
  if (frame.event === 'notice' && frame.code === '64008')
    return { topic: null, records, reconnect: 'the venue closes the connection for an upgrade' }
  if (frame.event === 'error') {
    const refused = refusedOf(String(frame.msg ?? ''), unanswered)
    for (const topic of refused) unanswered.delete(topic)
    return { topic: null, records, refused }
  }
  return { topic: null, records }
}

/** The topic that the message names (60018), else every one that is still without an answer: the request failed as a whole. */
function refusedOf(message: string, unanswered: ReadonlyMap<string, TopicPlan>): readonly string[] {
  const all = [...unanswered.keys()]
  const words = new Set(message.split(/[^\w.-]+/))
  const told = all.filter((name) => name.split(':').every((part) => words.has(part)))
  return told.length > 0 ? told : all
}
