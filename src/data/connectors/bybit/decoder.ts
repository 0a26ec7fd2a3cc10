/**
 * Owns reading the frames of one connection: remembers tickers and best quotes, because deltas say only what changed. A
 * delta before its snapshot is left out. Makes only records that the topic's wants ask for.
 */
import type { InstrumentId } from '#core/ids'
import { type EpochMs, SECOND_MS } from '#core/time'
import type { Decoded, FrameDecoder, SocketPlan, TopicPlan } from '../adapter.port.js'
import { type Fields, fieldsOf, listOf, timeOf } from '../fields.js'
import { type BookRecord, type Normal, PayloadRefused, type QuoteRecord } from '../normal.js'
import {
  isPrivate,
  isSnapshot,
  readBookFrame,
  readControl,
  readKline,
  readLiquidations,
  readPublicTrades,
  readStatus,
} from './frames.js'
import { type BybitMarket, instrumentOf } from './names.js'
import { type TickerParts, tickerRecords } from './ticker.js'
import { askedBy, marketOfEndpoint, requests } from './topics.js'

interface Topic {
  readonly plan: TopicPlan
  readonly family: string
  /** Symbol at the end of the name. */
  readonly instrument: InstrumentId
  readonly parts: TickerParts
  /** Instruments that are wanted, where a topic carries more of them (trades of options). */
  readonly only: ReadonlySet<InstrumentId> | undefined
  /** Ticker so far; undefined before its snapshot. */
  ticker: { [key: string]: unknown } | undefined
  /** When all of the ticker was told, not only what changed. */
  toldAt: EpochMs
  /** Best quote so far, of a book of depth 1. */
  best: QuoteRecord | undefined
}

/** Silence of a field says that it is unchanged: told again so often, that nobody takes it for old (ours). */
const RENEW_MS = 5 * SECOND_MS
/** Ids of symbols are checked once a connection; the bound is far above what a market lists. */
const SYMBOLS_MAX = 20_000

export function bybitDecoder(plan: SocketPlan): FrameDecoder {
  const market = marketOfEndpoint(plan.endpoint) ?? 'linear'
  const topics = new Map(plan.topics.map((topic) => [topic.name, topicState(topic, market)]))
  const known = new Map<string, InstrumentId>()
  const idOf = (symbol: unknown, path: string): InstrumentId => {
    const cached = known.get(symbol as string) // a key of another type is simply not there
    if (cached !== undefined) return cached
    const id = instrumentOf(market, symbol, path)
    if (known.size < SYMBOLS_MAX) known.set(symbol as string, id) // checked by instrumentOf
    return id
  }
  return {
    decode(text, _receivedAt): Decoded {
      const frame = fieldsOf(parsed(text), 'frame')
      const name = frame.topic
      if (typeof name !== 'string') return control(frame, plan)
      if (isPrivate(name)) return { topic: null, records: [{ kind: 'control', what: 'private', detail: name }] }
      const topic = topics.get(name)
      // Still in flight when it was unsubscribed.
      if (topic === undefined) return { topic: null, records: [] }
      const records = recordsOf(topic, frame, market, idOf)
      // Deltas whose snapshot was lost: the topic counts as silent, so that it is asked for again.
      return records === undefined ? { topic: null, records: [] } : { topic: name, records }
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new PayloadRefused('frame', `${JSON.stringify(text.slice(0, 60))} is no JSON`)
  }
}

function topicState(plan: TopicPlan, market: BybitMarket): Topic {
  const family = plan.name.split('.', 1)[0] ?? ''
  const wants = (kind: string): boolean => plan.wants.some((want) => want.kind === kind)
  return {
    plan,
    family: plan.name.startsWith('orderbook.1.') ? 'best' : family,
    instrument: plan.wants[0]?.facts.instrument ?? `bybit.${market}.${plan.name.slice(plan.name.lastIndexOf('.') + 1)}`,
    parts: {
      mark: wants('mark') || wants('index'),
      funding: wants('funding'),
      openInterest: wants('openInterest'),
      quotes: wants('quotes'),
      option: wants('options'),
      index: wants('index'),
    },
    only: market === 'option' ? new Set(plan.wants.map((want) => want.facts.instrument)) : undefined,
    ticker: undefined,
    toldAt: 0,
    best: undefined,
  }
}

/** Undefined: changes to what is not known. */
function recordsOf(
  topic: Topic,
  frame: Fields,
  market: BybitMarket,
  idOf: (symbol: unknown, path: string) => InstrumentId,
): readonly Normal[] | undefined {
  switch (topic.family) {
    case 'tickers':
      return tickerOf(topic, frame, market)
    case 'best':
      return bestOf(topic, readBookFrame(frame, market, idOf))
    case 'orderbook':
      return [readBookFrame(frame, market, idOf)]
    case 'kline':
      return readKline(frame, topic.plan.name, market, idOf)
    case 'publicTrade': {
      const trades = readPublicTrades(frame, market, idOf)
      return topic.only === undefined ? trades : trades.filter((trade) => topic.only?.has(trade.instrument))
    }
    case 'allLiquidation':
      return readLiquidations(frame, market, idOf)
    case 'system':
      return readStatus(frame)
    default:
      throw new PayloadRefused('topic', `${topic.plan.name}: no topic of ours`)
  }
}

function tickerOf(topic: Topic, frame: Fields, market: BybitMarket): readonly Normal[] | undefined {
  const data = fieldsOf(frame.data, 'data')
  const ts = timeOf(frame.ts, 'ts')
  if (isSnapshot(frame)) {
    const records = tickerRecords(market, topic.instrument, data, ts, topic.parts, 'data')
    topic.ticker = { ...data }
    topic.toldAt = ts
    return records
  }
  const state = topic.ticker
  if (state === undefined) return undefined
  const merged = merge(state, data)
  const isDue = ts - topic.toldAt >= RENEW_MS
  if (isDue) topic.toldAt = ts
  const parts = isDue ? topic.parts : mentioned(data, topic.parts)
  return tickerRecords(market, topic.instrument, merged, ts, parts, 'data')
}

/** A field that is missing is unchanged. Both open interests change together: one alone makes the other one old. */
function merge(state: { [key: string]: unknown }, data: Fields): Fields {
  if (
    data.openInterest !== undefined &&
    data.singleOpenInterest === undefined &&
    state.singleOpenInterest !== undefined
  )
    state.singleOpenInterest = Number(data.openInterest) / 2
  return Object.assign(state, data)
}

/** A delta makes the records alone of which it says something, until all are due again. */
function mentioned(data: Fields, parts: TickerParts): TickerParts {
  const has = (name: string): boolean => data[name] !== undefined
  return {
    mark: parts.mark && (has('markPrice') || has('indexPrice')),
    funding: parts.funding && (has('fundingRate') || has('nextFundingTime') || has('fundingIntervalHour')),
    openInterest: parts.openInterest && (has('openInterest') || has('singleOpenInterest')),
    quotes: parts.quotes && (has('bid1Price') || has('ask1Price') || has('bid1Size') || has('ask1Size')),
    option: parts.option,
    index: parts.index,
  }
}

/** Depth 1 is documented to send snapshots alone; recorded frames hold deltas too. */
function bestOf(topic: Topic, book: BookRecord): readonly QuoteRecord[] | undefined {
  const before = book.action === 'snapshot' ? undefined : topic.best
  if (book.action === 'update' && before === undefined) return undefined
  const bid = bestSide(book.bids, before?.bid ?? null, before?.bidSize ?? 0, (a, b) => a > b)
  const ask = bestSide(book.asks, before?.ask ?? null, before?.askSize ?? 0, (a, b) => a < b)
  topic.best = {
    kind: 'quote',
    instrument: book.instrument,
    ts: book.ts,
    bid: bid.price,
    ask: ask.price,
    bidSize: bid.size,
    askSize: ask.size,
  }
  return [topic.best]
}

interface Best {
  readonly price: number | null
  readonly size: number
}

function bestSide(
  levels: BookRecord['bids'],
  price: number | null,
  size: number,
  isBetter: (a: number, b: number) => boolean,
): Best {
  const isRemoved = (at: number): boolean =>
    levels.some((level, i) => i % 2 === 0 && level === at && levels[i + 1] === 0)
  let best: Best = price === null || isRemoved(price) ? { price: null, size: 0 } : { price, size }
  for (let i = 0; i < levels.length; i += 2) {
    const [at, of] = [levels[i]!, levels[i + 1]!]
    if (of > 0 && (best.price === null || at === best.price || isBetter(at, best.price))) best = { price: at, size: of }
  }
  return best
}

/** Answers to requests. One bad topic fails its whole request: the others are asked for again at once. */
function control(frame: Fields, plan: SocketPlan): Decoded {
  const record = readControl(frame)
  const answer = { topic: null, records: [record] }
  if (frame.type === 'COMMAND_RESP') {
    const failed = listOf(fieldsOf(frame.data, 'data').failTopics, 'data.failTopics').map(String)
    return failed.length === 0 ? answer : { ...answer, refused: failed }
  }
  if (record.what !== 'error' || frame.op !== 'subscribe') return answer
  const asked = askedBy(frame.req_id) ?? plan.topics.map((topic) => topic.name)
  const bad = asked.filter((name) => namesTopic(record.detail, name))
  if (bad.length === 0) return { ...answer, refused: asked }
  // A topic that this connection has already fails its request as well, but is not refused.
  const refused = record.detail.includes('already subscribed') ? [] : bad
  const others = asked.filter((name) => !bad.includes(name))
  // A request of its own, so that its answer finds the same topics; without an id of ours nobody knows what shared it.
  const reply =
    askedBy(frame.req_id) === undefined || others.length === 0 ? undefined : requests('subscribe', others, () => 0)[0]
  return reply === undefined ? { ...answer, refused } : { ...answer, refused, reply }
}

/** `kline.1.BTCUSDT` is not named by `kline.1.BTCUSDT-26DEC25`. */
function namesTopic(text: string, name: string): boolean {
  const at = text.indexOf(name)
  return at >= 0 && !/[A-Za-z0-9-]/.test(text[at + name.length] ?? ' ')
}
