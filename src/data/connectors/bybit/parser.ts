/** Owns reading any one payload of Bybit by the name of its topic or endpoint, and guessing that name. Never keeps state between payloads. */
import type { InstrumentId } from '#core/ids'
import type { PayloadParser } from '../adapter.port.js'
import { VenueFailed } from '../adapter.port.js'
import { type Fields, fieldsOf, listOf, timeOf } from '../fields.js'
import { type Normal, type ParseContext, PayloadRefused } from '../normal.js'
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
import { type BybitMarket, instrumentOf, isBybitMarket, marketOf } from './names.js'
import {
  readBars,
  readBook,
  readInstruments,
  readOpenInterest,
  readOpens,
  readSettlements,
  readTickers,
  readTime,
  readTrades,
} from './pages.js'
import { ALL_PARTS, tickerRecords } from './ticker.js'

type Read = (payload: unknown, context: ParseContext) => readonly Normal[]

interface Reader {
  readonly markets: readonly BybitMarket[]
  readonly what: string
  readonly read: Read
}

const ALL: readonly BybitMarket[] = ['spot', 'linear', 'inverse', 'option']
const TRADED: readonly BybitMarket[] = ['spot', 'linear', 'inverse']
const FUTURES: readonly BybitMarket[] = ['linear', 'inverse']

const frame =
  (
    read: (
      frame: Fields,
      market: BybitMarket,
      idOf: (symbol: unknown, path: string) => InstrumentId,
    ) => readonly Normal[],
  ): Read =>
  (payload, context) => {
    const market = marketOf(context.market, 'market')
    return read(fieldsOf(payload, 'frame'), market, (symbol, path) => instrumentOf(market, symbol, path))
  }

/** A delta alone makes the records of which it holds everything. */
function tickerFrame(
  fields: Fields,
  market: BybitMarket,
  idOf: (symbol: unknown, path: string) => InstrumentId,
): Normal[] {
  isSnapshot(fields)
  const data = fieldsOf(fields.data, 'data')
  const instrument = idOf(data.symbol, 'data.symbol')
  return tickerRecords(market, instrument, data, timeOf(fields.ts, 'ts'), ALL_PARTS, 'data')
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['tickers', { markets: ALL, what: 'mark, index, funding, open interest, quotes; options', read: frame(tickerFrame) }],
  ['kline', { markets: TRADED, what: 'bars', read: frame((f, m, ids) => readKline(f, String(f.topic), m, ids)) }],
  [
    'orderbook',
    { markets: ALL, what: 'book: snapshot and deltas', read: frame((f, m, ids) => [readBookFrame(f, m, ids)]) },
  ],
  ['publicTrade', { markets: ALL, what: 'trades', read: frame(readPublicTrades) }],
  ['allLiquidation', { markets: FUTURES, what: 'liquidations', read: frame(readLiquidations) }],
  ['system.status', { markets: ALL, what: 'maintenance of the venue', read: frame(readStatus) }],
  ['control', { markets: ALL, what: 'answers to requests, private topics', read: (payload) => [controlOf(payload)] }],
  [
    'rest/time',
    { markets: ALL, what: 'time of the venue', read: (p) => [{ kind: 'serverTime', venue: 'bybit', ts: readTime(p) }] },
  ],
  ['rest/instruments-info', { markets: ALL, what: 'instruments', read: instruments }],
  ['rest/kline', { markets: TRADED, what: 'bars', read: readBars }],
  ['rest/mark-price-kline', { markets: FUTURES, what: 'mark price at the start of bars', read: marks }],
  ['rest/index-price-kline', { markets: FUTURES, what: 'index price at the start of bars', read: indices }],
  ['rest/tickers', { markets: ALL, what: 'mark, index, funding, open interest, quotes; options', read: readTickers }],
  ['rest/funding/history', { markets: FUTURES, what: 'settled funding', read: readSettlements }],
  ['rest/open-interest', { markets: FUTURES, what: 'open interest', read: readOpenInterest }],
  ['rest/orderbook', { markets: ALL, what: 'book', read: (payload, context) => [readBook(payload, context)] }],
  ['rest/recent-trade', { markets: ALL, what: 'trades', read: readTrades }],
])

function instruments(payload: unknown, context: ParseContext): Normal[] {
  const { facts } = readInstruments(payload, context)
  return facts.map((of) => ({ kind: 'instrument', instrument: of.instrument, facts: of }))
}

function marks(payload: unknown, context: ParseContext): Normal[] {
  return readOpens(payload, context).map(({ instrument, ts, price }) => ({
    kind: 'mark',
    instrument,
    ts,
    mark: price,
    index: null,
  }))
}

function indices(payload: unknown, context: ParseContext): Normal[] {
  return readOpens(payload, context).map(({ instrument, ts, price }) => {
    const name = instrument.slice(instrument.lastIndexOf('.') + 1)
    return { kind: 'index', venue: 'bybit', name, ts, price }
  })
}

function controlOf(payload: unknown): Normal {
  const fields = fieldsOf(payload, 'frame')
  if (typeof fields.topic !== 'string') return readControl(fields)
  if (isPrivate(fields.topic)) return { kind: 'control', what: 'private', detail: fields.topic }
  throw new PayloadRefused('topic', `${fields.topic} is no answer to a request`)
}

function parse(topic: string, payload: unknown, context: ParseContext): readonly Normal[] {
  const reader = READERS.get(topic)
  if (topic === OLD_PROTOCOL) throw new PayloadRefused('topic', 'the protocol v2 of before v5 is not read')
  if (reader === undefined)
    throw new PayloadRefused('topic', `${JSON.stringify(topic)} is none of Bybit v5 that is read`)
  if (!reader.markets.includes(marketOf(context.market, 'market')))
    throw new PayloadRefused('market', `${context.market} has no ${topic}`)
  try {
    return reader.read(payload, context)
  } catch (error) {
    if (error instanceof VenueFailed) throw new PayloadRefused('retCode', error.message)
    throw error
  }
}

/** Symbols tell options (`BTC-26DEC25-90000-C`) and coins of margin; the same text may be spot and linear: then linear. */
function marketOfSymbol(symbol: string): BybitMarket {
  const parts = symbol.split('-')
  if (parts.length >= 4) return 'option'
  if (parts.length === 2 || symbol.endsWith('USDT') || symbol.endsWith('PERP')) return 'linear'
  return /USD([FGHJKMNQUVXZ]\d\d)?$/.test(symbol) ? 'inverse' : 'linear'
}

/** What `guess` calls frames of the protocol that ended in 2023: never read. */
const OLD_PROTOCOL = 'v2'
const OLD_FAMILIES = new Set(['trade', 'orderBookL2_25', 'orderBook_200', 'instrument_info', 'klineV2', 'liquidation'])
/** Families of topics. */
const FRAMES = new Set(['tickers', 'kline', 'orderbook', 'publicTrade', 'allLiquidation'])

function guess(payload: unknown, url?: string): ReturnType<PayloadParser['guess']> {
  const asked = url === undefined ? undefined : guessUrl(url)
  const told = guessPayload(payload)
  // The address knows what was asked; what it leaves open the payload may tell.
  return asked === undefined ? told && { ...told, ...marketOfSocket(url) } : { ...told, ...asked }
}

/** `wss://stream.bybit.com/v5/public/spot` */
function marketOfSocket(url: string | undefined): { readonly market?: string } {
  const name = url?.split('/v5/public/')[1] ?? ''
  return isBybitMarket(name) ? { market: name } : {}
}

function guessPayload(payload: unknown): ReturnType<PayloadParser['guess']> {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return undefined
  const fields = payload as Fields // checked just now
  if (typeof fields.topic === 'string') return guessTopic(fields.topic, fields)
  if (typeof fields.op === 'string' || fields.type === 'COMMAND_RESP') return { topic: 'control' }
  if ('ret_code' in fields) return { topic: OLD_PROTOCOL }
  return typeof fields.retCode === 'number' ? guessResult(fields) : undefined
}

function guessTopic(name: string, fields: Fields): ReturnType<PayloadParser['guess']> {
  if (name === 'system.status') return { topic: 'system.status' }
  if (isPrivate(name)) return { topic: 'control' }
  const parts = name.split('.')
  const [family = '', , third] = parts
  if (OLD_FAMILIES.has(family)) return { topic: OLD_PROTOCOL }
  // Depths `rpi` and `full` have other rows and rules.
  if (!FRAMES.has(family) || (family === 'orderbook' && !/^\d+$/.test(parts[1] ?? ''))) return undefined
  const symbol = third ?? parts[1] ?? ''
  const data = fields.data as Fields | null | undefined // looked at, never trusted
  // The symbols of spot are those of linear: only tickers of spot have a USD index.
  const isSpot = family === 'tickers' && data?.usdIndexPrice !== undefined
  const isOptions = family === 'publicTrade' && /^[A-Z]{2,6}$/.test(symbol) && !/USD/.test(symbol)
  return { topic: family, market: isSpot ? 'spot' : isOptions ? 'option' : marketOfSymbol(symbol), symbol }
}

function guessUrl(url: string): ReturnType<PayloadParser['guess']> {
  const [path = '', query = ''] = url.split('?')
  const topic = `rest/${path.slice(path.indexOf('/v5/market/') + '/v5/market/'.length)}`
  if (!path.includes('/v5/market/') || !READERS.has(topic)) return undefined
  const parameters = new URLSearchParams(query)
  const [market, symbol] = [parameters.get('category'), parameters.get('symbol')]
  return {
    topic,
    ...(market !== null && isBybitMarket(market) && { market }),
    ...(symbol !== null && { symbol }),
  }
}

/** Answers have no name: what their first row holds tells which they are. */
function guessResult(fields: Fields): ReturnType<PayloadParser['guess']> {
  const result = fields.result
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return undefined
  const of = result as Fields // checked just now
  const market = typeof of.category === 'string' && isBybitMarket(of.category) ? of.category : undefined
  const symbol = typeof of.symbol === 'string' ? of.symbol : undefined
  const found = (topic: string, inMarket = market): ReturnType<PayloadParser['guess']> => ({
    topic,
    ...(inMarket !== undefined && { market: inMarket }),
    ...(symbol !== undefined && { symbol }),
  })
  if (of.timeNano !== undefined) return found('rest/time')
  if (typeof of.s === 'string' && of.b !== undefined) return found('rest/orderbook', marketOfSymbol(of.s))
  const row = Array.isArray(of.list) ? listOf(of.list, 'list')[0] : undefined
  if (Array.isArray(row)) return row.length === 7 ? found('rest/kline') : undefined
  const first = (typeof row === 'object' && row !== null ? row : {}) as Fields // checked just now
  if (first.priceFilter !== undefined) return found('rest/instruments-info', market ?? marketOfRow(first))
  if (first.fundingRateTimestamp !== undefined) return found('rest/funding/history')
  if (first.openInterest !== undefined && first.timestamp !== undefined) return found('rest/open-interest')
  if (first.bid1Price !== undefined) return found('rest/tickers')
  if (first.execId !== undefined && first.size !== undefined && first.isBlockTrade !== undefined)
    return found('rest/recent-trade')
  return undefined
}

function marketOfRow(row: Fields): BybitMarket {
  if (row.optionsType !== undefined) return 'option'
  if (row.contractType === undefined) return 'spot'
  return String(row.contractType).startsWith('Inverse') ? 'inverse' : 'linear'
}

export const bybitParser: PayloadParser = {
  venue: 'bybit',
  topics: [...READERS].map(([name, { markets, what }]) => ({ name, markets, what })),
  parse,
  guess,
}
