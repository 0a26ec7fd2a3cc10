/** Owns reading any payload of Deribit by the name of its channel or method, for people and payload tests. */
import { INTERVALS, intervalMs } from '#core/time'
import { type PayloadParser, VenueFailed } from '../adapter.port.js'
import { type Fields, fieldsOf, numberOf, textOf, timeOf } from '../fields.js'
import { MARKETS, type Normal, type ParseContext, PayloadRefused } from '../normal.js'
import { resultOf } from './envelope.js'
import { guessTopic } from './guess.js'
import { type DeribitName, nameOf } from './names.js'
import { readChannel } from './read-channel.js'
import { readInstruments } from './read-facts.js'
import {
  chartInterval,
  readChart,
  readFundingHistory,
  readSummaries,
  readVolatility,
  volatilityStep,
} from './read-history.js'
import { instrumentOf, readBook, readTicker, readTrades } from './read-market.js'
import { control } from './read-status.js'

const ALL = MARKETS.deribit
type Read = (payload: unknown, context: ParseContext) => readonly Normal[]

/** A push, or what stands in its `data`. */
const push =
  (head: string): Read =>
  (payload, context) => {
    const frame = fieldsOf(payload, '$')
    const params = fieldsOf(frame.params, 'params')
    const channel = textOf(params.channel, 'params.channel')
    if (channel !== head && !channel.startsWith(`${head}.`))
      throw new PayloadRefused('params.channel', `is ${JSON.stringify(channel)}, not ${head}`)
    return readChannel(channel, params.data, 'params.data', context)
  }

const CHANNELS: Readonly<Record<string, readonly [readonly string[], string]>> = {
  ticker: [ALL, 'mark, index, funding of 8 h, open interest, best prices; options: volatilities and Greeks'],
  trades: [ALL, 'trades with the taker’s side, liquidations'],
  book: [ALL, 'book: snapshot and changes, or grouped'],
  'chart.trades': [ALL, 'running bar'],
  quote: [ALL, 'best bid and ask'],
  perpetual: [['perpetual'], 'funding now'],
  deribit_volatility_index: [ALL, 'DVOL'],
  deribit_price_index: [ALL, 'index price'],
  'instrument.state': [ALL, 'states of instruments'],
  platform_state: [ALL, 'maintenance and locks'],
  user: [ALL, 'private channels: told apart, not read'],
}

const METHODS: Readonly<Record<string, readonly [readonly string[], string, Read]>> = {
  'rest/get_time': [
    ALL,
    'time of the venue',
    (p) => [{ kind: 'serverTime', venue: 'deribit', ts: timeOf(resultOf(p), 'result') }],
  ],
  'rest/get_instruments': [
    ALL,
    'terms of instruments, combos left out',
    (p) => readInstruments(resultOf(p)).map((facts) => ({ kind: 'instrument', instrument: facts.instrument, facts })),
  ],
  'rest/ticker': [ALL, 'as the channel', (p, c) => readTicker(fieldsOf(resultOf(p), 'result'), 'result', c)],
  'rest/get_order_book': [ALL, 'book with the ticker', readOrderBook],
  'rest/get_book_summary': [ALL, 'chain of a currency', (p, c) => readSummaries(resultOf(p), c)],
  'rest/get_tradingview_chart_data': [ALL, 'bars', readChartPage],
  'rest/get_funding_rate_history': [
    ['perpetual'],
    'hourly funding',
    (p, c) => readFundingHistory(resultOf(p), symbolOf(c)),
  ],
  'rest/get_volatility_index_data': [
    ALL,
    'DVOL bars; the currency is the symbol',
    (p, c) => {
      const result = resultOf(p)
      const length = c.interval ? intervalMs(c.interval) : volatilityStep(result)
      if (c.symbol === undefined) throw new PayloadRefused('$', 'the currency is not told')
      return readVolatility(result, (nameOf(c.symbol)?.base ?? c.symbol).toUpperCase(), length).rows
    },
  ],
  'rest/get_last_trades': [
    ALL,
    'trades',
    (p, c) => {
      const result = fieldsOf(resultOf(p), 'result')
      return readTrades(result.trades, 'result.trades', c)
    },
  ],
  'rest/get_index_price': [ALL, 'index price; its name is the symbol', readIndexPrice],
  'rest/status': [ALL, 'locks', readStatus],
  control: [ALL, 'acknowledgements, heartbeats, private answers, errors', readControl],
}

function symbolOf(context: ParseContext): DeribitName {
  if (context.symbol === undefined) throw new PayloadRefused('$', 'the instrument is not told')
  return instrumentOf(context.symbol, 'symbol')
}

function readOrderBook(payload: unknown, context: ParseContext): readonly Normal[] {
  const data = fieldsOf(resultOf(payload), 'result')
  return [readBook(data, 'result', context), ...readTicker(data, 'result', context)]
}

function readChartPage(payload: unknown, context: ParseContext): readonly Normal[] {
  const result = resultOf(payload)
  const step = context.interval ? undefined : chartInterval(result)
  const interval = context.interval ?? INTERVALS.find((known) => intervalMs(known) === step)
  if (!interval)
    throw new PayloadRefused('result.ticks', 'the interval is not told, and the rows do not show one of ours')
  return readChart(result, symbolOf(context), interval)
}

function readIndexPrice(payload: unknown, context: ParseContext): readonly Normal[] {
  const result = fieldsOf(resultOf(payload), 'result')
  if (context.symbol === undefined) throw new PayloadRefused('$', 'the index is not told')
  const price = numberOf(result.index_price, 'result.index_price')
  return [{ kind: 'index', venue: 'deribit', name: context.symbol, ts: context.receivedAt, price }]
}

function readStatus(payload: unknown): readonly Normal[] {
  const { locked } = fieldsOf(resultOf(payload), 'result')
  const isLocked = locked === true || locked === 'true' || locked === 'partial'
  return [
    {
      kind: 'status',
      venue: 'deribit',
      instrument: null,
      status: isLocked ? 'halted' : 'trading',
      detail: String(locked),
    },
  ]
}

function readControl(payload: unknown): readonly Normal[] {
  const frame: Fields = fieldsOf(payload, '$')
  if (frame.error !== undefined) {
    const error = fieldsOf(frame.error, 'error')
    return [control('error', `${numberOf(error.code, 'error.code')} ${String(error.message)}`)]
  }
  if (frame.method === 'heartbeat') return [control('heartbeat', String(fieldsOf(frame.params, 'params').type))]
  if (frame.result === undefined) throw new PayloadRefused('result', 'is absent')
  return [control(Array.isArray(frame.result) ? 'ack' : 'other', `answer ${String(frame.id)}`)]
}

export const deribitParser: PayloadParser = {
  venue: 'deribit',
  topics: [
    ...Object.entries(CHANNELS).map(([name, [markets, what]]) => ({ name, markets, what })),
    ...Object.entries(METHODS).map(([name, [markets, what]]) => ({ name, markets, what })),
  ],
  parse(topic, payload, context) {
    const read = METHODS[topic]?.[2] ?? (CHANNELS[topic] && push(topic))
    if (!read) throw new PayloadRefused('$', `${JSON.stringify(topic)} is no topic of Deribit`)
    try {
      return read(payload, context)
    } catch (error) {
      if (error instanceof VenueFailed) throw new PayloadRefused('error', error.message)
      throw error
    }
  },
  guess: guessTopic,
}
