/** Owns reading any public payload of OKX by the name of its topic: for `quantbot parse`, for histories, for tests. */
import type { Interval } from '#core/time'
import type { PayloadParser } from '../adapter.port.js'
import { type Fields, fieldsOf, listOf } from '../fields.js'
import { type Normal, type ParseContext, PayloadRefused } from '../normal.js'
import { channelOf, controlOf } from './control.js'
import { intervalOfBar, marketOfType, refOf } from './symbols.js'
import { CHANNELS, ENDPOINTS } from './topics.js'
import { readRows } from './trade-rows.js'

const named = ([name, { markets, what }]: readonly [string, { markets: readonly string[]; what: string }]) => ({
  name,
  markets,
  what,
})

export const okxParser: PayloadParser = {
  venue: 'okx',
  topics: [
    ...[...CHANNELS].map(named),
    ...[...ENDPOINTS].map(named),
    { name: 'control', markets: ['spot', 'swap', 'futures', 'option'], what: 'acknowledgements, errors, notices' },
  ],
  parse,
  guess,
}

/** As {@link PayloadParser.parse}; data may stand in its frame, in its REST answer, or be the bare list of rows. */
function parse(topic: string, payload: unknown, context: ParseContext): readonly Normal[] {
  if (topic === 'control') return [parseControl(payload)]
  if (Array.isArray(payload)) return readRows(payload, readerOf(topic), scopeOf(topic, {}, context))
  const frame = fieldsOf(payload, '')
  const control = controlOf(frame)
  if (control !== undefined) return [control]
  if (typeof frame.code === 'string' && frame.code !== '0')
    return [{ kind: 'control', what: 'error', detail: `${frame.code} ${String(frame.msg ?? '')}`.trim() }]
  return readRows(listOf(frame.data, 'data'), readerOf(topic), scopeOf(topic, frame, context))
}

function parseControl(payload: unknown): Normal {
  if (payload === 'pong') return { kind: 'control', what: 'pong', detail: '' }
  const control = controlOf(fieldsOf(payload, ''))
  if (control === undefined) throw new PayloadRefused('event', 'is no control frame')
  return control
}

function readerOf(topic: string) {
  const name = topic.startsWith('candle') ? 'candle' : topic
  const row = CHANNELS.get(name) ?? ENDPOINTS.get(name)
  if (row === undefined) throw new PayloadRefused('arg.channel', `nothing reads ${topic}`)
  return row.read
}

function scopeOf(topic: string, frame: Fields, context: ParseContext) {
  const channel = channelOf(frame)
  const arg = channel === undefined ? {} : fieldsOf(frame.arg, 'arg')
  return {
    receivedAt: context.receivedAt,
    facts: context.facts,
    price: context.price,
    instId: typeof arg.instId === 'string' ? arg.instId : context.symbol,
    interval: intervalOf(channel ?? topic, context.interval),
    action: frame.action,
    isRest: topic.startsWith('rest/'),
  }
}

function intervalOf(channel: string, asked: Interval | undefined): Interval | undefined {
  return channel.startsWith('candle') && channel.length > 6 ? intervalOfBar(channel.slice(6), 'arg.channel') : asked
}

function guess(payload: unknown, url?: string): ReturnType<PayloadParser['guess']> {
  if (payload === 'pong') return { topic: 'control' }
  const rows = Array.isArray(payload) ? payload : undefined
  if (rows !== undefined) return guessRow(rows[0])
  if (typeof payload !== 'object' || payload === null) return undefined
  const frame = fieldsOf(payload, '')
  if (controlOf(frame) !== undefined) return { topic: 'control' }
  const channel = channelOf(frame)
  if (channel !== undefined) return guessChannel(channel, fieldsOf(frame.arg, 'arg'))
  if (url !== undefined) return guessUrl(url)
  const first = Array.isArray(frame.data) ? frame.data[0] : undefined
  return first === undefined ? undefined : guessRow(first)
}

function guessChannel(channel: string, arg: Fields): ReturnType<PayloadParser['guess']> {
  if (!CHANNELS.has(channel) && !channel.startsWith('candle')) return undefined
  return { topic: channel, ...placeOf(arg.instId, arg.instType) }
}

function guessUrl(url: string): ReturnType<PayloadParser['guess']> {
  const [place, query] = url.split('?')
  const asked = new URLSearchParams(query ?? '')
  for (const [topic, { path }] of ENDPOINTS)
    if (place?.endsWith(`/api/v5${path}`) === true)
      return { topic, ...placeOf(asked.get('instId'), asked.get('instType')) }
  return undefined
}

function placeOf(instId: unknown, instType: unknown): { readonly market?: string; readonly symbol?: string } {
  const market = marketOfType(instType)
  try {
    return { market: refOf(instId, 'instId').market, symbol: String(instId) }
  } catch {
    return market === undefined ? {} : { market }
  }
}

/** Keys that only rows of one topic have, the telling ones first. */
const MARKS: readonly (readonly [string, string])[] = [
  ['realizedRate', 'rest/funding-rate-history'],
  ['fundingRate', 'rest/funding-rate'],
  ['oiCcy', 'rest/open-interest'],
  ['tickSz', 'rest/instruments'],
  ['details', 'rest/liquidation-orders'],
  ['markVol', 'rest/opt-summary'],
  ['idxPx', 'rest/index-tickers'],
  ['bidPx', 'rest/tickers'],
]

function guessRow(row: unknown): ReturnType<PayloadParser['guess']> {
  if (Array.isArray(row)) {
    if (row.length === 9 || row.length === 7) return { topic: 'rest/candles' }
    return row.length === 4 ? { topic: 'rest/open-interest-history' } : undefined
  }
  if (typeof row !== 'object' || row === null) return undefined
  const fields = fieldsOf(row, '')
  const mark = MARKS.find(([key]) => key in fields)
  const place = placeOf(fields.instId, fields.instType)
  // Balances have `details` as well, spreads `tickSz`; neither has an instrument.
  if (mark !== undefined && (fields.instId !== undefined || mark[0] === 'idxPx')) return { topic: mark[1], ...place }
  if ('asks' in fields && 'bids' in fields) return { topic: 'rest/books', ...place }
  if ('tradeId' in fields && 'px' in fields && 'sz' in fields && !('ordId' in fields))
    return { topic: 'rest/trades', ...place }
  const keys = Object.keys(fields)
  if ('markPx' in fields && keys.length <= 5) return { topic: 'rest/mark-price', ...place }
  return keys.length === 1 && keys[0] === 'ts' ? { topic: 'rest/time' } : undefined
}
