/**
 * Owns reading one frame of Bybit's public streams. Keeps nothing between frames: what deltas of tickers and best quotes
 * change is remembered by the decoder of a connection.
 */
import type { InstrumentId } from '#core/ids'
import { booleanOf, type Fields, fieldsOf, listOf, numberOf, positiveOf, textOf, timeOf } from '../fields.js'
import {
  type BarRecord,
  type BookRecord,
  type ControlRecord,
  type LiquidationRecord,
  PayloadRefused,
  type StatusRecord,
  type TradeRecord,
} from '../normal.js'
import { type BybitMarket, intervalOfKline, isInUsd } from './names.js'
import { sideOf } from './pages.js'
import { coins, levelsOf, sequenceOf } from './units.js'

/** Instrument of a symbol of this connection's market; throws PayloadRefused. */
export type Symbols = (symbol: unknown, path: string) => InstrumentId

/** `kline.5.BTCUSDT`; `confirm` says that the bar is closed. */
export function readKline(frame: Fields, topic: string, market: BybitMarket, idOf: Symbols): BarRecord[] {
  const [, name = '', symbol] = topic.split('.')
  const instrument = idOf(symbol, 'topic')
  const interval = intervalOfKline(name)
  if (interval === undefined) throw new PayloadRefused('topic', `${topic}: no interval of ours`)
  return listOf(frame.data, 'data').map((row) => {
    const fields = fieldsOf(row, 'data[]')
    const volume = numberOf(fields.volume, 'data[].volume')
    const turnover = numberOf(fields.turnover, 'data[].turnover')
    return {
      kind: 'bar',
      instrument,
      interval,
      openTime: timeOf(fields.start, 'data[].start'),
      open: numberOf(fields.open, 'data[].open'),
      high: numberOf(fields.high, 'data[].high'),
      low: numberOf(fields.low, 'data[].low'),
      close: numberOf(fields.close, 'data[].close'),
      volume: isInUsd(market) ? turnover : volume,
      quoteVolume: isInUsd(market) ? volume : turnover,
      isClosed: booleanOf(fields.confirm, 'data[].confirm'),
    }
  })
}

/** `publicTrade.BTCUSDT`, options `publicTrade.BTC`: the symbol stands in each trade. */
export function readPublicTrades(frame: Fields, market: BybitMarket, idOf: Symbols): TradeRecord[] {
  return listOf(frame.data, 'data').map((row) => {
    const fields = fieldsOf(row, 'data[]')
    const price = positiveOf(fields.p, 'data[].p')
    return {
      kind: 'trade',
      instrument: idOf(fields.s, 'data[].s'),
      ts: timeOf(fields.T, 'data[].T'),
      id: textOf(fields.i, 'data[].i'),
      price,
      size: coins(market, positiveOf(fields.v, 'data[].v'), price),
      aggressor: sideOf(fields.S, 'data[].S'),
      isLiquidation: null,
    }
  })
}

/** `S` is the side of the position, not of the order that closed it: Buy, a long was liquidated. `p` is the bankruptcy price. */
export function readLiquidations(frame: Fields, market: BybitMarket, idOf: Symbols): LiquidationRecord[] {
  return listOf(frame.data, 'data').map((row) => {
    const fields = fieldsOf(row, 'data[]')
    const price = positiveOf(fields.p, 'data[].p')
    return {
      kind: 'liquidation',
      instrument: idOf(fields.s, 'data[].s'),
      ts: timeOf(fields.T, 'data[].T'),
      side: sideOf(fields.S, 'data[].S') === 'buy' ? 'long' : 'short',
      price,
      size: coins(market, positiveOf(fields.v, 'data[].v'), price),
    }
  })
}

/** `orderbook.50.BTCUSDT`. An update id of 1 is a book after a restart of the service: whole again. */
export function readBookFrame(frame: Fields, market: BybitMarket, idOf: Symbols): BookRecord {
  const data = fieldsOf(frame.data, 'data')
  const id = sequenceOf(data.u, 'data.u')
  return {
    kind: 'book',
    instrument: idOf(data.s, 'data.s'),
    ts: timeOf(frame.ts, 'ts'),
    action: isSnapshot(frame) || id === 1 ? 'snapshot' : 'update',
    firstId: id,
    lastId: id,
    previousId: null,
    bids: levelsOf(data.b, market, 'data.b'),
    asks: levelsOf(data.a, market, 'data.a'),
  }
}

export function isSnapshot(frame: Fields): boolean {
  if (frame.type === 'snapshot') return true
  if (frame.type === 'delta') return false
  throw new PayloadRefused('type', `is ${JSON.stringify(frame.type) ?? 'absent'}, neither snapshot nor delta`)
}

const STATES: ReadonlyMap<unknown, StatusRecord['status']> = new Map<unknown, StatusRecord['status']>([
  ['scheduled', 'closing'],
  ['ongoing', 'maintenance'],
  ['completed', 'trading'],
  ['canceled', 'trading'],
])

export function readStatus(frame: Fields): StatusRecord[] {
  return listOf(frame.data, 'data').map((row) => {
    const fields = fieldsOf(row, 'data[]')
    const status = STATES.get(fields.state)
    if (status === undefined) throw new PayloadRefused('data[].state', `is ${JSON.stringify(fields.state) ?? 'absent'}`)
    const span = `${String(fields.begin ?? '')}-${String(fields.end ?? '')}`
    return { kind: 'status', venue: 'bybit', instrument: null, status, detail: `${String(fields.title ?? '')} ${span}` }
  })
}

/** Topics of accounts: nothing about a market. */
const PRIVATE = new Set(['order', 'execution', 'position', 'wallet', 'greeks', 'dcp', 'strategy'])

export const isPrivate = (topic: string): boolean => PRIVATE.has(topic.split('.', 1)[0] ?? '')

/** Frames without a topic: answers to requests. */
export function readControl(frame: Fields): ControlRecord {
  const op = frame.op ?? frame.type
  if (typeof op !== 'string') throw new PayloadRefused('topic', 'is absent, and so is op')
  const detail = String(frame.ret_msg ?? frame.retMsg ?? '')
  const code = frame.retCode ?? frame.ret_code
  if (frame.success === false || (typeof code === 'number' && code !== 0))
    return { kind: 'control', what: 'error', detail: `${op} ${String(code ?? '')} ${detail}`.trim() }
  if (op === 'pong' || (op === 'ping' && detail === 'pong')) return { kind: 'control', what: 'pong', detail }
  const isAck = op === 'subscribe' || op === 'unsubscribe' || op === 'COMMAND_RESP'
  if (op === 'auth' || op.startsWith('order.')) return { kind: 'control', what: 'private', detail: `${op} ${detail}` }
  return { kind: 'control', what: isAck ? 'ack' : 'other', detail: `${op} ${detail}`.trim() }
}
