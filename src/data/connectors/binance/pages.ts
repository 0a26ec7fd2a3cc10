/** Owns reading REST answers about markets: bars, trades, books, marks, settlements, open interest. Never does paging. */
import { isInterval, MINUTE_MS } from '#core/time'
import { booleanOf, type Fields, fieldsOf, idOf, listOf, numberOf, positiveOf, textOf, timeOf } from '../fields.js'
import {
  type BarRecord,
  type MarkRecord,
  type Normal,
  type OpenInterestRecord,
  type ParseContext,
  PayloadRefused,
  type QuoteRecord,
  type SettlementRecord,
  type TradeRecord,
} from '../normal.js'
import { markRecords } from './frames.js'
import { binanceId, contractUsd } from './symbols.js'

function asked(context: ParseContext): string {
  if (context.symbol === undefined) throw new PayloadRefused('symbol', 'is not in the payload: name it')
  return binanceId(context.market, context.symbol)
}

/** One row or a list of them, as venues answer with and without a symbol. */
const rowsOf = (payload: unknown, path: string): readonly Fields[] =>
  (Array.isArray(payload) ? payload : [payload]).map((row, i) => fieldsOf(row, `${path}[${i}]`))

/** Rows of 12 columns. COIN-M: column 5 counts contracts and 7 is coins; elsewhere 5 is coins and 7 quote. */
export function barsOf(payload: unknown, context: ParseContext): readonly BarRecord[] {
  const instrument = asked(context)
  const { interval } = context
  if (interval === undefined || !isInterval(interval))
    throw new PayloadRefused('interval', 'is not in the payload: name it')
  const isCoin = context.market === 'coinm'
  const contracts = isCoin ? context.facts(instrument)?.contractSize : undefined
  return listOf(payload, 'klines').map((entry, i) => {
    const path = `[${i}]`
    const row = listOf(entry, path)
    return {
      kind: 'bar',
      instrument,
      interval,
      openTime: timeOf(row[0], path),
      open: positiveOf(row[1], path),
      high: positiveOf(row[2], path),
      low: positiveOf(row[3], path),
      close: positiveOf(row[4], path),
      volume: numberOf(row[isCoin ? 7 : 5], path),
      quoteVolume: !isCoin
        ? numberOf(row[7], path)
        : contracts === undefined
          ? null
          : numberOf(row[5], path) * Number(contracts),
      isClosed: null,
    }
  })
}

/** `[start, open, high, low, close, …]` of marks: the one at the end of each interval. */
export function markClosesOf(payload: unknown, instrument: string): MarkRecord[] {
  return listOf(payload, 'klines').map((entry, i) => {
    const path = `[${i}]`
    const row = listOf(entry, path)
    return { kind: 'mark', instrument, ts: timeOf(row[0], path), mark: positiveOf(row[4], path), index: null }
  })
}

/** trades and historicalTrades (`id, price, qty`), aggTrades (`a, p, q`). */
export function tradesOf(payload: unknown, context: ParseContext): readonly TradeRecord[] {
  const instrument = asked(context)
  const usd = contractUsd(instrument, context, 'qty')
  return listOf(payload, 'trades').map((entry, i) => {
    const path = `[${i}]`
    const row = fieldsOf(entry, path)
    const price = positiveOf(row.price ?? row.p, `${path}.price`)
    const size = positiveOf(row.qty ?? row.q, `${path}.qty`)
    return {
      kind: 'trade',
      instrument,
      ts: timeOf(row.time ?? row.T, `${path}.time`),
      id: idOf(row.id ?? row.a, `${path}.id`),
      price,
      size: usd === 0 ? size : (size * usd) / price,
      aggressor: booleanOf(row.isBuyerMaker ?? row.m, `${path}.isBuyerMaker`) ? 'sell' : 'buy',
      isLiquidation: null,
    }
  })
}

/** `lastFundingRate` is the rate that is being formed, whatever its name (binance.md 3.2). */
export function marksOf(payload: unknown, context: ParseContext): readonly Normal[] {
  return rowsOf(payload, 'premiumIndex').flatMap((row) => {
    const instrument = binanceId(context.market, textOf(row.symbol, 'symbol'))
    return markRecords(
      instrument,
      row.time,
      row.markPrice,
      row.indexPrice,
      row.lastFundingRate,
      row.nextFundingTime,
      context,
    )
  })
}

/** Stamps are up to some ms late: rounded to the minute. How long the period was no row tells. */
export function settlementsOf(payload: unknown, context: ParseContext): readonly SettlementRecord[] {
  return listOf(payload, 'fundingRate').map((entry, i) => {
    const row = fieldsOf(entry, `[${i}]`)
    return {
      kind: 'settlement',
      instrument: binanceId(context.market, textOf(row.symbol, `[${i}].symbol`)),
      settledAt: Math.round(timeOf(row.fundingTime, `[${i}].fundingTime`) / MINUTE_MS) * MINUTE_MS,
      rate: numberOf(row.fundingRate, `[${i}].fundingRate`),
      intervalMs: null,
    }
  })
}

/** Coins on USD-M; contracts on COIN-M, turned into coins at the last price. */
export function openInterestOf(payload: unknown, context: ParseContext): readonly OpenInterestRecord[] {
  return rowsOf(payload, 'openInterest').map((row) => {
    const instrument = binanceId(context.market, textOf(row.symbol, 'symbol'))
    const amount = numberOf(row.openInterest, 'openInterest')
    const ts = timeOf(row.time, 'time')
    const usd = contractUsd(instrument, context, 'openInterest')
    if (usd === 0) return { kind: 'openInterest', instrument, ts, openInterest: amount, value: null }
    const price = context.price(instrument)
    if (price === undefined)
      throw new PayloadRefused('openInterest', `no price of ${instrument} is known, so contracts are no coins`)
    return { kind: 'openInterest', instrument, ts, openInterest: (amount * usd) / price, value: amount * usd }
  })
}

/** USD-M: `sumOpenInterest` coins, value in quote. COIN-M: contracts, and the value is in coins. */
export function openInterestHistoryOf(payload: unknown, context: ParseContext): readonly OpenInterestRecord[] {
  return listOf(payload, 'openInterestHist').map((entry, i) => {
    const row = fieldsOf(entry, `[${i}]`)
    const ts = timeOf(row.timestamp, `[${i}].timestamp`)
    const amount = numberOf(row.sumOpenInterest, `[${i}].sumOpenInterest`)
    const value = numberOf(row.sumOpenInterestValue, `[${i}].sumOpenInterestValue`)
    if (context.market !== 'coinm') {
      const instrument = binanceId(context.market, textOf(row.symbol, `[${i}].symbol`))
      return { kind: 'openInterest', instrument, ts, openInterest: amount, value }
    }
    const instrument =
      row.contractType === 'PERPETUAL'
        ? binanceId('coinm', `${textOf(row.pair, `[${i}].pair`)}_PERP`)
        : dated(row, context, i)
    const contracts = context.facts(instrument)?.contractSize
    return {
      kind: 'openInterest',
      instrument,
      ts,
      openInterest: value,
      value: contracts === undefined ? null : amount * Number(contracts),
    }
  })
}

function dated(row: Fields, context: ParseContext, i: number): string {
  if (row.contractType === 'ALL') throw new PayloadRefused(`[${i}].contractType`, 'is ALL, no single instrument')
  return asked(context)
}

export function quotesOf(payload: unknown, context: ParseContext): readonly QuoteRecord[] {
  return rowsOf(payload, 'bookTicker').map((row) => {
    const instrument = binanceId(context.market, textOf(row.symbol, 'symbol'))
    const usd = contractUsd(instrument, context, 'bidQty')
    const bid = numberOf(row.bidPrice, 'bidPrice')
    const ask = numberOf(row.askPrice, 'askPrice')
    const bidSize = numberOf(row.bidQty, 'bidQty')
    const askSize = numberOf(row.askQty, 'askQty')
    return {
      kind: 'quote',
      instrument,
      ts: row.time === undefined ? null : timeOf(row.time, 'time'),
      bid: bid > 0 ? bid : null,
      ask: ask > 0 ? ask : null,
      bidSize: bid > 0 ? (usd === 0 ? bidSize : (bidSize * usd) / bid) : 0,
      askSize: ask > 0 ? (usd === 0 ? askSize : (askSize * usd) / ask) : 0,
    }
  })
}
