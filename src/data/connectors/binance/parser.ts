/** Owns `quantbot parse` for Binance: any payload by the name of its topic, and guessing that name. */
import type { PayloadParser } from '../adapter.port.js'
import { type Fields, fieldsOf, textOf, timeOf } from '../fields.js'
import { type Normal, type ParseContext, PayloadRefused } from '../normal.js'
import { bookTicker, EVENTS, isPrivateEvent, wholeBook } from './frames.js'
import { instrumentsOf } from './instruments.js'
import { barsOf, marksOf, openInterestHistoryOf, openInterestOf, quotesOf, settlementsOf, tradesOf } from './pages.js'
import { isCoinMargined } from './symbols.js'

const ALL = ['spot', 'usdm', 'coinm'] as const
const FUTURES = ['usdm', 'coinm'] as const

interface Topic {
  readonly name: string
  readonly markets: readonly string[]
  readonly what: string
  readonly read: (payload: unknown, context: ParseContext) => readonly Normal[]
}

/** Topic of each event type, where the two differ. */
const TOPIC_OF: Readonly<Record<string, string>> = {
  depthUpdate: 'depth',
  markPriceUpdate: 'markPrice',
  indexPriceUpdate: 'indexPrice',
}

const event = (type: string, markets: readonly string[], what: string): Topic => ({
  name: TOPIC_OF[type] ?? type,
  markets,
  what,
  read: (payload, context) => {
    const frames = Array.isArray(payload) ? payload : [payload]
    return frames.flatMap((entry) => {
      const frame = fieldsOf(entry, type)
      if (frame.e !== type && !(type === 'bookTicker' && frame.e === undefined))
        throw new PayloadRefused('e', `is ${JSON.stringify(frame.e) ?? 'absent'}, not ${type}`)
      return type === 'bookTicker' ? bookTicker(frame, context) : EVENTS.get(type)!(frame, context)
    })
  },
})

const rest = (name: string, markets: readonly string[], what: string, read: Topic['read']): Topic => ({
  name: `rest/${name}`,
  markets,
  what,
  read,
})

const TOPICS: readonly Topic[] = [
  event('kline', ALL, 'bar, running or closed'),
  event('trade', ALL, 'trade'),
  event('aggTrade', ALL, 'trades of one order at one price'),
  event('bookTicker', ALL, 'best bid and ask'),
  event('depthUpdate', ALL, 'changes of a book'),
  {
    name: 'partialDepth',
    markets: ALL,
    what: 'top of a book',
    read: (payload, context) => [wholeBook(fieldsOf(payload, 'partialDepth'), context)],
  },
  event('markPriceUpdate', FUTURES, 'mark, index, funding being formed'),
  event('indexPriceUpdate', ['coinm'], 'index'),
  event('forceOrder', FUTURES, 'liquidation'),
  event('contractInfo', FUTURES, 'state of a contract'),
  { name: 'control', markets: ALL, what: 'acknowledgements, errors, shutdown', read: control },
  { name: 'private', markets: ALL, what: 'messages about an account', read: privately },
  rest('time', ALL, 'time of the venue', (payload) => [
    { kind: 'serverTime', venue: 'binance', ts: timeOf(fieldsOf(payload, 'time').serverTime, 'serverTime') },
  ]),
  rest('exchangeInfo', ALL, 'instruments', (payload, context) =>
    instrumentsOf(payload, context.market, undefined).map((facts) => ({
      kind: 'instrument',
      instrument: facts.instrument,
      facts,
    })),
  ),
  rest('klines', ALL, 'bars', barsOf),
  rest('depth', ALL, 'book', (payload, context) => [wholeBook(fieldsOf(payload, 'depth'), context)]),
  rest('trades', ALL, 'trades', tradesOf),
  rest('aggTrades', ALL, 'trades of one order at one price', tradesOf),
  rest('bookTicker', ALL, 'best bid and ask', quotesOf),
  rest('premiumIndex', FUTURES, 'mark, index, funding being formed', marksOf),
  rest('fundingRate', FUTURES, 'settled funding', settlementsOf),
  rest('openInterest', FUTURES, 'open interest', openInterestOf),
  rest('openInterestHist', FUTURES, 'open interest, history', openInterestHistoryOf),
]

const BY_NAME = new Map(TOPICS.map((topic) => [topic.name, topic]))

/** Acknowledgements and errors of requests on a socket; REST errors as well. */
export function control(payload: unknown): readonly Normal[] {
  const frame = fieldsOf(payload, 'control')
  if (frame.e === 'serverShutdown') return [{ kind: 'control', what: 'other', detail: 'serverShutdown' }]
  const error = frame.error !== undefined ? fieldsOf(frame.error, 'error') : frame
  if (typeof error.code === 'number' && typeof error.msg === 'string' && error.code !== 200)
    return [{ kind: 'control', what: 'error', detail: `${error.code} ${error.msg}` }]
  if ('result' in frame || error.code === 200) return [{ kind: 'control', what: 'ack', detail: String(frame.id ?? '') }]
  throw new PayloadRefused('control', 'is neither an acknowledgement nor an error')
}

function privately(payload: unknown): readonly Normal[] {
  const frame = eventOf(fieldsOf(payload, 'private'))
  return [{ kind: 'control', what: 'private', detail: typeof frame.e === 'string' ? textOf(frame.e, 'e') : 'answer' }]
}

/** Events of the WebSocket API stand in `event`. */
const eventOf = (frame: Fields): Fields => (frame.event === undefined ? frame : fieldsOf(frame.event, 'event'))

/** Combined streams wrap frames as `{stream, data}`. */
function unwrapped(payload: unknown): { readonly inner: unknown; readonly stream: string | undefined } {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    return { inner: payload, stream: undefined }
  const { stream, data } = payload as { stream?: unknown; data?: unknown } // any object may be asked for a key
  return typeof stream === 'string' && data !== undefined
    ? { inner: data, stream }
    : { inner: payload, stream: undefined }
}

type Guess = { topic: string; market?: string; symbol?: string }

function guess(payload: unknown, url?: string): Guess | undefined {
  const { inner, stream } = unwrapped(payload)
  const first = Array.isArray(inner) ? inner[0] : inner
  if (url !== undefined && /^https?:/.test(url)) return fromUrl(url, inner)
  const symbol = stream?.includes('@') === true ? stream.slice(0, stream.indexOf('@')).toUpperCase() : undefined
  if (Array.isArray(first))
    return first.length >= 8 && typeof first[0] === 'number' ? { topic: 'rest/klines' } : undefined
  if (typeof first !== 'object' || first === null) return undefined
  const topic = topicOf(first as Fields, stream) // an object, as the line above says
  if (topic === undefined) return undefined
  return { topic, ...marketOf(first as Fields, url, symbol), ...(symbol === undefined ? {} : { symbol }) }
}

/** One of these stands in every answer about an account or its orders. */
const PRIVATE_KEYS = [
  'orderId',
  'orderListId',
  'clientOrderId',
  'algoId',
  'clientAlgoId',
  'balances',
  'positions',
  'positionSide',
  'accountAlias',
  'walletBalance',
  'totalWalletBalance',
  'positionAmt',
  'dualSidePosition',
  'listenKey',
  'incomeType',
  'commissionAsset',
  'makerCommissionRate',
]

function topicOf(frame: Fields, stream: string | undefined): string | undefined {
  if (typeof frame.e === 'string') {
    if (isPrivateEvent(frame.e)) return 'private'
    if (frame.e === 'serverShutdown') return 'control'
    if (frame.e === 'depthUpdate' && stream !== undefined && /@depth\d/.test(stream)) return 'partialDepth'
    return EVENTS.has(frame.e) ? (TOPIC_OF[frame.e] ?? frame.e) : undefined
  }
  if (typeof frame.event === 'object') return 'private'
  if ('u' in frame && 's' in frame && 'b' in frame && 'B' in frame) return 'bookTicker'
  if ('lastUpdateId' in frame && 'bids' in frame) return 'partialDepth'
  if (PRIVATE_KEYS.some((key) => key in frame)) return 'private'
  if ('symbols' in frame && ('serverTime' in frame || 'exchangeFilters' in frame)) return 'rest/exchangeInfo'
  if ('serverTime' in frame) return 'rest/time'
  if ('lastFundingRate' in frame) return 'rest/premiumIndex'
  if ('fundingTime' in frame && 'fundingRate' in frame) return 'rest/fundingRate'
  if ('sumOpenInterest' in frame) return 'rest/openInterestHist'
  if ('openInterest' in frame && 'time' in frame) return 'rest/openInterest'
  if ('bidPrice' in frame && 'askPrice' in frame && !('priceChange' in frame)) return 'rest/bookTicker'
  if ('isBuyerMaker' in frame && 'price' in frame) return 'rest/trades'
  if ('a' in frame && 'p' in frame && 'q' in frame && 'm' in frame) return 'rest/aggTrades'
  const isAnswer = 'id' in frame && ('result' in frame || 'error' in frame)
  const isError = typeof frame.code === 'number' && typeof frame.msg === 'string'
  return (isAnswer && !('status' in frame)) || isError ? 'control' : undefined
}

function marketOf(frame: Fields, url: string | undefined, streamSymbol: string | undefined): { market?: string } {
  const symbol = frame.s ?? frame.symbol ?? streamSymbol
  if (typeof symbol === 'string' && isCoinMargined(symbol)) return { market: 'coinm' }
  if (url !== undefined) {
    if (url.includes('dstream')) return { market: 'coinm' }
    if (url.includes('fstream')) return { market: 'usdm' }
    if (url.includes('//stream')) return { market: 'spot' }
  }
  // Futures alone stamp books and quotes with the time of the engine.
  if ('pu' in frame || frame.e === 'markPriceUpdate' || frame.e === 'forceOrder') return { market: 'usdm' }
  return {}
}

const ENDPOINTS = new Map(
  TOPICS.filter(({ name }) => name.startsWith('rest/')).map(({ name }) => [name.slice(5), name]),
)

function fromUrl(url: string, inner: unknown): Guess | undefined {
  const { pathname, searchParams } = new URL(url)
  const last = pathname.slice(pathname.lastIndexOf('/') + 1)
  const topic = ENDPOINTS.get(last === 'historicalTrades' ? 'trades' : last)
  if (topic === undefined) return undefined
  const isError = typeof inner === 'object' && inner !== null && 'code' in inner && 'msg' in inner
  const symbol = searchParams.get('symbol')
  const market = pathname.includes('/fapi/')
    ? 'usdm'
    : pathname.includes('/dapi/') || url.includes('//dapi') || searchParams.has('pair')
      ? 'coinm'
      : pathname.includes('/futures/data/')
        ? 'usdm'
        : 'spot'
  return { topic: isError ? 'control' : topic, market, ...(symbol === null ? {} : { symbol }) }
}

export const binanceParser: PayloadParser = {
  venue: 'binance',
  topics: TOPICS.map(({ name, markets, what }) => ({ name, markets, what })),
  parse(name, payload, context) {
    const topic = BY_NAME.get(name)
    if (topic === undefined) throw new PayloadRefused('topic', `${name} is no topic of binance`)
    const { inner, stream } = unwrapped(payload)
    const symbol = stream?.includes('@') === true ? stream.slice(0, stream.indexOf('@')).toUpperCase() : undefined
    return topic.read(inner, symbol === undefined ? context : { ...context, symbol })
  },
  guess,
}
