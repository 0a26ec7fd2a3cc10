/** Owns OKX's topics and sockets for what is wanted: names, arguments, silences, caps. Never sends anything. */
import { parseInstrument } from '#core/ids'
import { type DurationMs, MINUTE_MS, SECOND_MS } from '#core/time'
import type { SocketPlan, StreamKind, TopicPlan, Want } from '../adapter.port.js'
import { barOf, INST_TYPES, type OkxMarket } from './symbols.js'

/** Argument of a subscription. */
export interface Arg {
  readonly channel: string
  readonly instId?: string
  readonly instType?: string
  readonly instFamily?: string
}

const OF_TYPE = new Set(['liquidation-orders', 'instruments'])

/** `trades:BTC-USDT` → its argument. The name is made so that it can be turned back. */
export function argOf(name: string): Arg {
  const at = name.indexOf(':')
  if (at < 0) return { channel: name }
  const channel = name.slice(0, at)
  const of = name.slice(at + 1)
  if (OF_TYPE.has(channel)) return { channel, instType: of }
  return channel === 'opt-summary' ? { channel, instFamily: of } : { channel, instId: of }
}

/**
 * Longest silence of a channel of a traded instrument, from the speeds of docs-v5 with room: books beat once a minute,
 * funding comes every 30-90 s, marks at least every 10 s. Null: what may be silent for ever.
 */
const SILENCE: Readonly<Record<StreamKind, DurationMs | null>> = {
  bars: 3 * MINUTE_MS,
  trades: null,
  mark: 30 * SECOND_MS,
  funding: 4 * MINUTE_MS,
  openInterest: MINUTE_MS,
  liquidations: null,
  quotes: 2 * MINUTE_MS,
  book: 2 * MINUTE_MS,
  options: null,
  volatilityIndex: null,
  index: MINUTE_MS,
  status: null,
}

/** Most topics of a connection, and most of them books (chosen here; the venue gives 64 KB a request and 480 requests an hour). */
const TOPICS_MAX = 200
const BOOKS_MAX = 30

/** Names of the topics that serve a want; none where OKX has no stream of it. */
function topicNames({ kind, facts, interval }: Want): readonly string[] {
  const { market, symbol } = parseInstrument(facts.instrument)!
  const type = INST_TYPES[market as OkxMarket] // facts are of this venue
  const isContract = market !== 'spot'
  switch (kind) {
    case 'bars': {
      const bar = interval === undefined ? undefined : barOf(interval)
      return bar === undefined ? [] : [`candle${bar}:${symbol}`]
    }
    case 'trades':
      return [`trades:${symbol}`]
    case 'quotes':
      return [`tickers:${symbol}`]
    case 'book':
      return [`books:${symbol}`]
    case 'mark':
      return isContract ? [`mark-price:${symbol}`] : []
    case 'funding':
      return market === 'swap' ? [`funding-rate:${symbol}`] : []
    case 'openInterest':
      return isContract ? [`open-interest:${symbol}`] : []
    case 'liquidations':
      return isContract ? [`liquidation-orders:${type}`] : []
    case 'index':
      return [`index-tickers:${facts.base}-${facts.quote}`]
    case 'status':
      return ['status', `instruments:${type}`]
    // Chains are asked for by REST: the stream of them has no prices.
    case 'options':
    case 'volatilityIndex':
      return []
  }
}

/** Options are traded seldom: their tickers and bars may rest. */
function silenceOf({ kind, facts }: Want): DurationMs | null {
  const mayRest = facts.option !== null && (kind === 'bars' || kind === 'quotes')
  return mayRest ? null : SILENCE[kind]
}

export function planSockets(wants: readonly Want[]): readonly SocketPlan[] {
  const topics = new Map<string, { wants: Want[]; maxSilenceMs: DurationMs | null }>()
  for (const want of wants)
    for (const name of topicNames(want)) {
      const known = topics.get(name)
      if (known === undefined)
        topics.set(name, { wants: [want], maxSilenceMs: OF_TYPE.has(argOf(name).channel) ? null : silenceOf(want) })
      else known.wants.push(want)
    }
  const plans: TopicPlan[] = [...topics].map(([name, of]) => ({ name, ...of }))
  const isBar = (topic: TopicPlan): boolean => topic.name.startsWith('candle')
  return [
    ...packed(
      'publicWs',
      plans.filter((topic) => !isBar(topic)),
    ),
    ...packed('businessWs', plans.filter(isBar)),
  ]
}

/** First fit in the order of the wants, so that the same wants give the same sockets. */
function packed(endpoint: string, topics: readonly TopicPlan[]): SocketPlan[] {
  const sockets: { topics: TopicPlan[]; books: number }[] = []
  for (const topic of topics) {
    const books = topic.name.startsWith('books') ? 1 : 0
    let socket = sockets.find((it) => it.topics.length < TOPICS_MAX && it.books + books <= BOOKS_MAX)
    if (socket === undefined) {
      socket = { topics: [], books: 0 }
      sockets.push(socket)
    }
    socket.topics.push(topic)
    socket.books += books
  }
  return sockets.map((socket) => ({ endpoint, path: '', topics: socket.topics }))
}

/** Most bytes of arguments in one request; the venue takes 64 KB. */
const REQUEST_BYTES_MAX = 60_000

/** As few requests as possible: 480 of them an hour are all that a connection may make. */
export function requests(op: 'subscribe' | 'unsubscribe', topics: readonly TopicPlan[], id: () => number): string[] {
  const messages: string[] = []
  let args: string[] = []
  let bytes = 0
  const flush = (): void => {
    if (args.length > 0) messages.push(`{"id":"${id()}","op":"${op}","args":[${args.join(',')}]}`)
    args = []
    bytes = 0
  }
  for (const topic of topics) {
    const arg = JSON.stringify(argOf(topic.name))
    if (bytes + arg.length > REQUEST_BYTES_MAX) flush()
    args.push(arg)
    bytes += arg.length + 1
  }
  flush()
  return messages
}
