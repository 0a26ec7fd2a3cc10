/**
 * Owns which topics carry what is wanted, how many a connection takes, and the messages that (un)subscribe them. Rules after
 * docs v5 websocket/connect: at most 21,000 characters of args a connection, spot 10 args a request, option 2000 args.
 */
import type { DurationMs } from '#core/time'
import { SECOND_MS } from '#core/time'
import type { SocketPlan, SocketRules, TopicPlan, Want } from '../adapter.port.js'
import { type BybitMarket, klineName, partsOf } from './names.js'

export const ARGS_CHARACTERS_MAX = 21_000
export const OPTION_ARGS_MAX = 2000
/** Spot takes no more; elsewhere one bad topic fails its whole request, so that few share one there as well. */
const ARGS_A_REQUEST = 10
export const STATUS_ENDPOINT = 'statusWs'

/** Topic and how long it may be silent; undefined where no stream has it. */
function topicOf(want: Want): { readonly name: string; readonly maxSilenceMs: DurationMs | null } | undefined {
  const { market, symbol } = partsOf(want.facts.instrument)
  const ticker = { name: `tickers.${symbol}`, maxSilenceMs: market === 'option' ? null : 15 * SECOND_MS }
  const isFuture = market === 'linear' || market === 'inverse'
  switch (want.kind) {
    case 'bars': {
      const name = want.interval === undefined ? undefined : klineName(want.interval)
      if (name === undefined || market === 'option') return undefined
      return { name: `kline.${name}.${symbol}`, maxSilenceMs: 90 * SECOND_MS }
    }
    case 'trades':
      return { name: `publicTrade.${market === 'option' ? want.facts.base : symbol}`, maxSilenceMs: null }
    case 'mark':
    case 'funding':
    case 'openInterest':
      return isFuture ? ticker : undefined
    case 'quotes':
      // Tickers of spot have no bid and ask; depth 1 repeats itself every 3 s.
      return market === 'spot' ? { name: `orderbook.1.${symbol}`, maxSilenceMs: 15 * SECOND_MS } : ticker
    case 'book':
      return market === 'option'
        ? { name: `orderbook.25.${symbol}`, maxSilenceMs: null }
        : { name: `orderbook.50.${symbol}`, maxSilenceMs: 60 * SECOND_MS }
    case 'liquidations':
      return isFuture ? { name: `allLiquidation.${symbol}`, maxSilenceMs: null } : undefined
    case 'options':
      return market === 'option' ? ticker : undefined
    case 'index':
      return market === 'option' ? undefined : ticker
    case 'status':
      return { name: 'system.status', maxSilenceMs: null }
    case 'volatilityIndex':
      return undefined
  }
}

/** Whether a stream carries it. */
export const isStreamed = (want: Want): boolean => topicOf(want) !== undefined

/** Wants of one topic share it: tickers serve mark, funding, open interest and quotes at once. */
export function socketPlans(wants: readonly Want[]): readonly SocketPlan[] {
  const byEndpoint = new Map<string, Map<string, { maxSilenceMs: DurationMs | null; wants: Want[] }>>()
  for (const want of wants) {
    const topic = topicOf(want)
    if (topic === undefined) continue
    const endpoint = want.kind === 'status' ? STATUS_ENDPOINT : `${partsOf(want.facts.instrument).market}Ws`
    const topics = byEndpoint.get(endpoint) ?? new Map()
    byEndpoint.set(endpoint, topics)
    const known = topics.get(topic.name)
    if (known === undefined) topics.set(topic.name, { maxSilenceMs: topic.maxSilenceMs, wants: [want] })
    else known.wants.push(want)
  }
  const plans: SocketPlan[] = []
  for (const [endpoint, topics] of byEndpoint) {
    let [count, characters] = [0, 0]
    let current: TopicPlan[] = []
    for (const [name, topic] of topics) {
      const size = name.length + 3 // quotes and a comma
      const isFull =
        characters + size > ARGS_CHARACTERS_MAX - 2 || (endpoint === 'optionWs' && count >= OPTION_ARGS_MAX)
      if (current.length > 0 && isFull) {
        plans.push({ endpoint, path: '', topics: current })
        ;[count, characters, current] = [0, 0, []]
      }
      current.push({ name, ...topic })
      characters += size
      count++
    }
    plans.push({ endpoint, path: '', topics: current })
  }
  return plans
}

/** Topics by the tail of the request id that asked for them: a refusal repeats the id alone. Content-addressed, so shared by all connections. */
const ASKED = new Map<string, readonly string[]>()
const ASKED_MAX = 8192

export function requests(op: 'subscribe' | 'unsubscribe', topics: readonly string[], id: () => number): string[] {
  const messages: string[] = []
  for (let i = 0; i < topics.length; i += ARGS_A_REQUEST) {
    const args = topics.slice(i, i + ARGS_A_REQUEST)
    const key = digest(args)
    if (ASKED.size >= ASKED_MAX) ASKED.clear()
    ASKED.set(key, args)
    messages.push(JSON.stringify({ req_id: `${id()}-${key}`, op, args }))
  }
  return messages
}

/** Topics of the request with that id; undefined when it is none of ours. */
export function askedBy(requestId: unknown): readonly string[] | undefined {
  return typeof requestId === 'string' ? ASKED.get(requestId.slice(requestId.indexOf('-') + 1)) : undefined
}

/** FNV-1a, twice with different offsets: 64 bits are enough for thousands of keys. */
function digest(names: readonly string[]): string {
  const text = names.join(',')
  let [a, b] = [0x811c9dc5, 0x050c5d1f]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x01000193) ^ (b >>> 13)
  }
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0')
}

/** The venue wants a ping every 20 s and cuts after 10 min; it states no life time. Requests a second are not documented. */
export const SOCKET_RULES: SocketRules = {
  requestsPerSecond: 5,
  ping: { everyMs: 20 * SECOND_MS, message: () => '{"req_id":"ping","op":"ping"}' },
  hello: [],
  maxLifeMs: null,
  idleMs: 30 * SECOND_MS,
}

export const marketOfEndpoint = (endpoint: string): BybitMarket | undefined => MARKET_OF_ENDPOINT.get(endpoint)

const MARKET_OF_ENDPOINT = new Map<string, BybitMarket>([
  ['spotWs', 'spot'],
  ['linearWs', 'linear'],
  ['inverseWs', 'inverse'],
  ['optionWs', 'option'],
])
