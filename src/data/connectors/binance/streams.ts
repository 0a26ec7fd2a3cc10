/**
 * Owns Binance's sockets: topics of what is wanted, which path they belong to, their requests and frames. USD-M has one path
 * per group (binance.md 6.2): a stream on the wrong one is acknowledged and stays silent.
 */
import { DAY_MS, type DurationMs, SECOND_MS } from '#core/time'
import type { Decoded, FrameDecoder, Knowledge, SocketPlan, SocketRules, TopicPlan, Want } from '../adapter.port.js'
import { type Fields, fieldsOf } from '../fields.js'
import { type Normal, type ParseContext, PayloadRefused } from '../normal.js'
import { bookTicker, EVENTS, wholeBook } from './frames.js'
import { control } from './parser.js'
import { type BinanceMarket, marketIn, symbolIn } from './symbols.js'

/** Fewer than the 1024 that the venue takes: one cut then hits fewer streams. */
const TOPICS_PER_SOCKET = 200

interface Topic {
  readonly endpoint: string
  readonly name: string
  readonly maxSilenceMs: DurationMs | null
}

const SILENCE = { bars: 90, trades: 180, mark: 10, quotes: 30, book: 30, index: 10 } as const
const silence = (kind: keyof typeof SILENCE): DurationMs => SILENCE[kind] * SECOND_MS

/** Topic that serves a want; undefined where no stream does. */
function topicOf(want: Want): Topic | undefined {
  const market = marketIn(want.facts)
  const symbol = symbolIn(want.facts).toLowerCase()
  const isFuture = market !== 'spot'
  const group = (name: 'Public' | 'Market'): string => (market === 'usdm' ? `usdm${name}Ws` : `${market}Ws`)
  switch (want.kind) {
    case 'bars':
      return {
        endpoint: group('Market'),
        name: `${symbol}@kline_${want.interval ?? '1m'}`,
        maxSilenceMs: silence('bars'),
      }
    case 'trades':
      return {
        endpoint: group('Market'),
        name: `${symbol}@${isFuture ? 'aggTrade' : 'trade'}`,
        maxSilenceMs: silence('trades'),
      }
    case 'mark':
    case 'funding':
    case 'index':
      return isFuture
        ? { endpoint: group('Market'), name: `${symbol}@markPrice@1s`, maxSilenceMs: silence('mark') }
        : undefined
    case 'liquidations':
      return isFuture ? { endpoint: group('Market'), name: `${symbol}@forceOrder`, maxSilenceMs: null } : undefined
    case 'quotes':
      return { endpoint: group('Public'), name: `${symbol}@bookTicker`, maxSilenceMs: silence('quotes') }
    case 'book':
      return { endpoint: group('Public'), name: `${symbol}@depth@100ms`, maxSilenceMs: silence('book') }
    case 'status':
      return isFuture ? { endpoint: group('Market'), name: '!contractInfo', maxSilenceMs: null } : undefined
    default:
      return undefined
  }
}

/** Topics by endpoint, at most 200 a socket; wants of one topic share it. */
export function socketPlans(wants: readonly Want[]): readonly SocketPlan[] {
  const endpoints = new Map<string, Map<string, TopicPlan>>()
  for (const want of wants) {
    const topic = topicOf(want)
    if (topic === undefined) continue
    const topics = endpoints.get(topic.endpoint) ?? new Map<string, TopicPlan>()
    endpoints.set(topic.endpoint, topics)
    const known = topics.get(topic.name)
    topics.set(topic.name, {
      name: topic.name,
      maxSilenceMs: topic.maxSilenceMs,
      wants: [...(known?.wants ?? []), want],
    })
  }
  return [...endpoints].flatMap(([endpoint, topics]) => {
    const all = [...topics.values()]
    const count = Math.ceil(all.length / TOPICS_PER_SOCKET)
    return Array.from({ length: count }, (_, i) => ({
      endpoint,
      path: '/stream',
      topics: all.slice(i * TOPICS_PER_SOCKET, (i + 1) * TOPICS_PER_SOCKET),
    }))
  })
}

/** One message, however many topics: more than 5 (10) a second would cut the connection. */
export function request(method: 'SUBSCRIBE' | 'UNSUBSCRIBE', topics: readonly TopicPlan[], id: () => number): string[] {
  return topics.length === 0 ? [] : [JSON.stringify({ method, params: topics.map(({ name }) => name), id: id() })]
}

export function socketRules(endpoint: string): SocketRules {
  const isSpot = endpoint === 'spotWs'
  return {
    // The venue takes 5 (10), and counts the pongs of the socket library: one is left to them.
    requestsPerSecond: isSpot ? 4 : 9,
    ping: null,
    hello: [],
    maxLifeMs: DAY_MS,
    // It pings every 20 s (3 min).
    idleMs: (isSpot ? 60 : 200) * SECOND_MS,
  }
}

/** Market of an endpoint: `usdmPublicWs` → usdm. */
export function marketOfEndpoint(endpoint: string): BinanceMarket {
  if (endpoint.startsWith('spot')) return 'spot'
  return endpoint.startsWith('usdm') ? 'usdm' : 'coinm'
}

/** Frames of one combined stream. Dispatch on the event type, one lookup; a frame costs little more than JSON.parse. */
export function frameDecoder(plan: SocketPlan, knowledge: Knowledge): FrameDecoder {
  const market = marketOfEndpoint(plan.endpoint)
  const names = plan.topics.map(({ name }) => name)
  const context: ParseContext & { receivedAt: number } = {
    receivedAt: 0,
    market,
    facts: (instrument) => knowledge.facts(instrument),
    price: (instrument) => knowledge.price(instrument),
  }
  return {
    decode(text, receivedAt) {
      context.receivedAt = receivedAt
      const frame = fieldsOf(parsed(text), 'frame')
      const topic = frame.stream
      if (typeof topic !== 'string') return controlFrame(frame, names)
      const { data } = frame
      if (!Array.isArray(data)) return { topic, records: eventRecords(fieldsOf(data, 'data'), topic, context) }
      return { topic, records: data.flatMap((entry) => eventRecords(fieldsOf(entry, 'data'), topic, context)) }
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new PayloadRefused('frame', 'is no JSON')
  }
}

function eventRecords(data: Fields, topic: string, context: ParseContext): readonly Normal[] {
  const type = data.e
  if (typeof type === 'string') {
    const read = EVENTS.get(type)
    if (read === undefined) throw new PayloadRefused('data.e', `${type} is no event that is read here`)
    return read(data, context)
  }
  // Spot alone: quotes and tops of books without a type.
  if (data.u !== undefined) return bookTicker(data, context)
  return [wholeBook(data, { ...context, symbol: topic.slice(0, topic.indexOf('@')).toUpperCase() })]
}

function controlFrame(frame: Fields, names: readonly string[]): Decoded {
  const records = control(frame)
  const [record] = records
  if (frame.e === 'serverShutdown') return { topic: null, records, reconnect: 'serverShutdown' }
  // One request holds all topics of a connection, so its refusal is theirs.
  const isRefusal = record?.kind === 'control' && record.what === 'error'
  return isRefusal ? { topic: null, records, refused: names } : { topic: null, records }
}
