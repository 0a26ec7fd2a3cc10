/**
 * Owns reading stream events: one function an event type, chosen by `e`. 50,000 of them a second pass here, so there are no
 * schemas and no expressions. Units as normal.ts has them; contracts of COIN-M become coins at the price beside them.
 */
import { isInterval } from '#core/time'
import {
  booleanOf,
  type Fields,
  fieldsOf,
  idOf,
  listOf,
  numberOf,
  optionalNumber,
  positiveOf,
  textOf,
  timeOf,
} from '../fields.js'
import { type BookRecord, type Normal, type ParseContext, PayloadRefused, type StatusRecord } from '../normal.js'
import { binanceId, contractUsd } from './symbols.js'

type Reader = (frame: Fields, context: ParseContext) => readonly Normal[]

export function updateIdOf(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new PayloadRefused(path, 'is no exact update id')
}

/** `[[price, size], …]` flat, sizes in coins. A price of 0 is no level. */
export function levelsOf(value: unknown, usd: number, path: string): number[] {
  const rows = listOf(value, path)
  const levels: number[] = new Array(rows.length * 2)
  for (let i = 0; i < rows.length; i++) {
    const row = listOf(rows[i], path)
    const price = positiveOf(row[0], path)
    const size = numberOf(row[1], path)
    if (size < 0) throw new PayloadRefused(path, 'has a size below 0')
    levels[2 * i] = price
    levels[2 * i + 1] = usd === 0 ? size : (size * usd) / price
  }
  return levels
}

function kline(frame: Fields, context: ParseContext): readonly Normal[] {
  const k = fieldsOf(frame.k, 'k')
  const instrument = binanceId(context.market, textOf(k.s, 'k.s'))
  const interval = textOf(k.i, 'k.i')
  if (!isInterval(interval)) throw new PayloadRefused('k.i', `interval ${interval} is not one of ours`)
  const isCoin = context.market === 'coinm'
  const contracts = isCoin ? context.facts(instrument)?.contractSize : undefined
  return [
    {
      kind: 'bar',
      instrument,
      interval,
      openTime: timeOf(k.t, 'k.t'),
      open: positiveOf(k.o, 'k.o'),
      high: positiveOf(k.h, 'k.h'),
      low: positiveOf(k.l, 'k.l'),
      close: positiveOf(k.c, 'k.c'),
      // COIN-M: v counts contracts and q is coins; elsewhere v is coins and q quote.
      volume: numberOf(isCoin ? k.q : k.v, isCoin ? 'k.q' : 'k.v'),
      quoteVolume: !isCoin
        ? numberOf(k.q, 'k.q')
        : contracts === undefined
          ? null
          : numberOf(k.v, 'k.v') * Number(contracts),
      isClosed: booleanOf(k.x, 'k.x'),
    },
  ]
}

/** `m`: the buyer was the maker, so the taker sold. */
function trade(idField: 't' | 'a'): Reader {
  return (frame, context) => {
    const instrument = binanceId(context.market, textOf(frame.s, 's'))
    const price = positiveOf(frame.p, 'p')
    const size = positiveOf(frame.q, 'q')
    const usd = contractUsd(instrument, context, 'q')
    return [
      {
        kind: 'trade',
        instrument,
        ts: timeOf(frame.T, 'T'),
        id: idOf(frame[idField], idField),
        price,
        size: usd === 0 ? size : (size * usd) / price,
        aggressor: booleanOf(frame.m, 'm') ? 'sell' : 'buy',
        isLiquidation: null,
      },
    ]
  }
}

/** Spot sends neither event type nor time. A side without orders has price 0. */
export function bookTicker(frame: Fields, context: ParseContext): readonly Normal[] {
  const instrument = binanceId(context.market, textOf(frame.s, 's'))
  const usd = contractUsd(instrument, context, 'B')
  const bid = numberOf(frame.b, 'b')
  const ask = numberOf(frame.a, 'a')
  const bidSize = numberOf(frame.B, 'B')
  const askSize = numberOf(frame.A, 'A')
  return [
    {
      kind: 'quote',
      instrument,
      ts: frame.T === undefined ? null : timeOf(frame.T, 'T'),
      bid: bid > 0 ? bid : null,
      ask: ask > 0 ? ask : null,
      bidSize: bid > 0 ? (usd === 0 ? bidSize : (bidSize * usd) / bid) : 0,
      askSize: ask > 0 ? (usd === 0 ? askSize : (askSize * usd) / ask) : 0,
    },
  ]
}

/** Diffs: futures chain by `pu`, spot by `U` alone. */
function depthUpdate(frame: Fields, context: ParseContext): readonly Normal[] {
  const instrument = binanceId(context.market, textOf(frame.s, 's'))
  const usd = contractUsd(instrument, context, 'b')
  return [
    {
      kind: 'book',
      instrument,
      ts: timeOf(frame.T ?? frame.E, 'E'),
      action: 'update',
      firstId: updateIdOf(frame.U, 'U'),
      lastId: updateIdOf(frame.u, 'u'),
      previousId: frame.pu === undefined ? null : updateIdOf(frame.pu, 'pu'),
      bids: levelsOf(frame.b, usd, 'b'),
      asks: levelsOf(frame.a, usd, 'a'),
    },
  ]
}

/** A whole top of a book: `lastUpdateId, bids, asks` (spot: no symbol and no time) or, on futures streams, the keys of a diff. */
export function wholeBook(frame: Fields, context: ParseContext): BookRecord {
  const symbol = frame.s ?? frame.symbol ?? context.symbol
  if (symbol === undefined) throw new PayloadRefused('symbol', 'is not in the payload: name it')
  const instrument = binanceId(context.market, textOf(symbol, 'symbol'))
  const usd = contractUsd(instrument, context, 'bids')
  const id = updateIdOf(frame.lastUpdateId ?? frame.u, 'lastUpdateId')
  const time = frame.T ?? frame.E
  return {
    kind: 'book',
    instrument,
    ts: time === undefined ? null : timeOf(time, 'T'),
    action: 'snapshot',
    firstId: id,
    lastId: id,
    previousId: null,
    bids: levelsOf(frame.bids ?? frame.b, usd, 'bids'),
    asks: levelsOf(frame.asks ?? frame.a, usd, 'asks'),
  }
}

/** Mark and index, and of perpetuals the rate that is being formed: delivery symbols have `r` "" and `T` 0. */
function markPrice(frame: Fields, context: ParseContext): readonly Normal[] {
  const instrument = binanceId(context.market, textOf(frame.s, 's'))
  return markRecords(instrument, frame.E, frame.p, frame.i, frame.r, frame.T, context)
}

export function markRecords(
  instrument: string,
  time: unknown,
  mark: unknown,
  index: unknown,
  rate: unknown,
  next: unknown,
  context: ParseContext,
): readonly Normal[] {
  const ts = timeOf(time, 'time')
  const indexPrice = optionalNumber(index, 'index')
  const price: Normal = {
    kind: 'mark',
    instrument,
    ts,
    mark: positiveOf(mark, 'mark'),
    index: indexPrice !== null && indexPrice > 0 ? indexPrice : null,
  }
  if (next === undefined || next === 0 || rate === undefined || rate === '') return [price]
  return [
    price,
    {
      kind: 'funding',
      instrument,
      ts,
      rate: numberOf(rate, 'rate'),
      intervalMs: context.facts(instrument)?.fundingIntervalMs ?? null,
      nextFundingAt: timeOf(next, 'nextFundingTime'),
    },
  ]
}

/** `S` is the side of the order that closes: a SELL liquidates a long. Only the latest of a second is told. */
function forceOrder(frame: Fields, context: ParseContext): readonly Normal[] {
  const o = fieldsOf(frame.o, 'o')
  const instrument = binanceId(context.market, textOf(o.s, 'o.s'))
  const side = textOf(o.S, 'o.S')
  if (side !== 'SELL' && side !== 'BUY') throw new PayloadRefused('o.S', `is ${side}, not SELL or BUY`)
  const average = optionalNumber(o.ap, 'o.ap')
  const price = average !== null && average > 0 ? average : positiveOf(o.p, 'o.p')
  const filled = optionalNumber(o.z, 'o.z')
  const size = filled !== null && filled > 0 ? filled : positiveOf(o.q, 'o.q')
  const usd = contractUsd(instrument, context, 'o.q')
  return [
    {
      kind: 'liquidation',
      instrument,
      ts: timeOf(o.T, 'o.T'),
      side: side === 'SELL' ? 'long' : 'short',
      price,
      size: usd === 0 ? size : (size * usd) / price,
    },
  ]
}

const STATUS: Readonly<Record<string, StatusRecord['status']>> = {
  TRADING: 'trading',
  PENDING_TRADING: 'halted',
  PRE_DELIVERING: 'closing',
  DELIVERING: 'closing',
  PRE_SETTLE: 'closing',
  SETTLING: 'closing',
  DELIVERED: 'delisted',
  CLOSE: 'delisted',
}

function contractInfo(frame: Fields, context: ParseContext): readonly Normal[] {
  const state = textOf(frame.cs, 'cs')
  const status = STATUS[state]
  if (status === undefined) throw new PayloadRefused('cs', `is ${state}, a state that is not known`)
  const instrument = binanceId(context.market, textOf(frame.s, 's'))
  return [{ kind: 'status', venue: 'binance', instrument, status, detail: state }]
}

function indexPrice(frame: Fields): readonly Normal[] {
  return [
    {
      kind: 'index',
      venue: 'binance',
      name: textOf(frame.i, 'i'),
      ts: timeOf(frame.E, 'E'),
      price: positiveOf(frame.p, 'p'),
    },
  ]
}

const shutdown: Reader = () => [{ kind: 'control', what: 'other', detail: 'serverShutdown' }]

const PRIVATE: Reader = (frame) => [{ kind: 'control', what: 'private', detail: textOf(frame.e, 'e') }]

/** Readers by event type. */
export const EVENTS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['kline', kline],
  ['trade', trade('t')],
  ['aggTrade', trade('a')],
  ['bookTicker', bookTicker],
  ['depthUpdate', depthUpdate],
  ['markPriceUpdate', markPrice],
  ['indexPriceUpdate', indexPrice],
  ['forceOrder', forceOrder],
  ['contractInfo', contractInfo],
  ['serverShutdown', shutdown],
  ...[
    'executionReport',
    'outboundAccountPosition',
    'balanceUpdate',
    'listStatus',
    'externalLockUpdate',
    'eventStreamTerminated',
    'listenKeyExpired',
    'ORDER_TRADE_UPDATE',
    'ACCOUNT_UPDATE',
    'TRADE_LITE',
    'ALGO_UPDATE',
    'MARGIN_CALL',
    'ACCOUNT_CONFIG_UPDATE',
    'CONDITIONAL_ORDER_TRIGGER_REJECT',
    'STRATEGY_UPDATE',
    'GRID_UPDATE',
  ].map((name): [string, Reader] => [name, PRIVATE]),
])

/** Events that say something of an account, never of a market. */
export const isPrivateEvent = (name: string): boolean => EVENTS.get(name) === PRIVATE
