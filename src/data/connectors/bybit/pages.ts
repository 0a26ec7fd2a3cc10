/**
 * Owns reading Bybit's REST answers into the normal form, ascending in time whatever the venue's order. Says nothing about
 * paging. `market` is the one that was asked for: some answers do not repeat it.
 */
import { type DurationMs, type EpochMs, HOUR_MS, INTERVALS, type Interval, intervalMs, MINUTE_MS } from '#core/time'
import { type Fields, fieldsOf, idOf, listOf, numberOf, positiveOf, textOf, timeOf } from '../fields.js'
import {
  type BarRecord,
  type BookRecord,
  type InstrumentFacts,
  type MarkRecord,
  type Normal,
  type OpenInterestRecord,
  type ParseContext,
  PayloadRefused,
  type SettlementRecord,
  type TradeRecord,
} from '../normal.js'
import { envelopeOf } from './failure.js'
import { factsOf } from './instruments.js'
import { type BybitMarket, instrumentOf, isInUsd, marketOf, partsOf } from './names.js'
import { ALL_PARTS, tickerRecords } from './ticker.js'
import { coins, levelsOf, oneSide, sequenceOf } from './units.js'

export type Asked = Pick<ParseContext, 'market' | 'symbol' | 'interval' | 'facts' | 'price'>

/** `result` of an answer with retCode 0, its list, and whose market it is. */
function resultOf(payload: unknown, asked: Asked): { result: Fields; rows: readonly unknown[]; market: BybitMarket } {
  const result = fieldsOf(envelopeOf(payload).result, 'result')
  const market = marketOf(result.category ?? asked.market, 'result.category')
  return { result, rows: result.list === undefined ? [] : listOf(result.list, 'result.list'), market }
}

export function readTime(payload: unknown): EpochMs {
  return timeOf(envelopeOf(payload).time, 'time')
}

/** Instruments of a page, and the cursor of the next one; null at the end. Rows that are not wanted are not read. */
export function readInstruments(
  payload: unknown,
  asked: Asked,
  isWanted: (row: unknown, market: BybitMarket) => boolean = () => true,
): { readonly facts: readonly InstrumentFacts[]; readonly cursor: string | null } {
  const { result, rows, market } = resultOf(payload, asked)
  listOf(result.list, 'result.list')
  const cursor =
    typeof result.nextPageCursor === 'string' && result.nextPageCursor !== '' ? result.nextPageCursor : null
  const facts = rows.flatMap((row, i) => (isWanted(row, market) ? [factsOf(row, market, `result.list[${i}]`)] : []))
  return { facts, cursor }
}

/** Newest first: `[start, open, high, low, close, volume, turnover]`; on inverse markets volume is USD and turnover coins. */
export function readBars(payload: unknown, asked: Asked): BarRecord[] {
  const { result, market } = resultOf(payload, asked)
  const rows = listOf(result.list, 'result.list')
  const instrument = instrumentOf(market, result.symbol ?? asked.symbol, 'result.symbol')
  const interval = asked.interval ?? intervalOfGap(rows)
  const bars = rows.map((row, i): BarRecord => {
    const path = `result.list[${i}]`
    const cells = listOf(row, path)
    const volume = numberOf(cells[5], `${path}[5]`)
    const turnover = numberOf(cells[6], `${path}[6]`)
    return {
      kind: 'bar',
      instrument,
      interval,
      openTime: timeOf(cells[0], `${path}[0]`),
      open: numberOf(cells[1], `${path}[1]`),
      high: numberOf(cells[2], `${path}[2]`),
      low: numberOf(cells[3], `${path}[3]`),
      close: numberOf(cells[4], `${path}[4]`),
      volume: isInUsd(market) ? turnover : volume,
      quoteVolume: isInUsd(market) ? volume : turnover,
      isClosed: null,
    }
  })
  return bars.sort((a, b) => a.openTime - b.openTime)
}

/** Rows do not name their interval: the smallest distance of neighbours does. */
function intervalOfGap(rows: readonly unknown[]): Interval {
  let least: DurationMs = Number.POSITIVE_INFINITY
  for (let i = 1; i < rows.length; i++) {
    const [a, b] = [listOf(rows[i - 1], 'result.list'), listOf(rows[i], 'result.list')]
    least = Math.min(least, Math.abs(timeOf(a[0], 'result.list') - timeOf(b[0], 'result.list')))
  }
  const interval = INTERVALS.find((name) => intervalMs(name) === least)
  if (interval === undefined) throw new PayloadRefused('interval', 'is not told, and not in the rows')
  return interval
}

/** Price at the start of each bar of mark or index klines: `[start, open, …]`. */
export function readOpens(payload: unknown, asked: Asked): { instrument: string; ts: EpochMs; price: number }[] {
  const { result, market } = resultOf(payload, asked)
  const instrument = instrumentOf(market, result.symbol ?? asked.symbol, 'result.symbol')
  const opens = listOf(result.list, 'result.list').map((row, i) => {
    const cells = listOf(row, `result.list[${i}]`)
    const [ts, price] = [timeOf(cells[0], `result.list[${i}][0]`), positiveOf(cells[1], `result.list[${i}][1]`)]
    return { instrument, ts, price }
  })
  return opens.sort((a, b) => a.ts - b.ts)
}

/** The mark at the end of each interval, `ts` its beginning. */
export function readMarkCloses(payload: unknown, asked: Asked): MarkRecord[] {
  const { result, market } = resultOf(payload, asked)
  const instrument = instrumentOf(market, result.symbol ?? asked.symbol, 'result.symbol')
  const marks = listOf(result.list, 'result.list').map((row, i): MarkRecord => {
    const cells = listOf(row, `result.list[${i}]`)
    const [ts, mark] = [timeOf(cells[0], `result.list[${i}][0]`), positiveOf(cells[4], `result.list[${i}][4]`)]
    return { kind: 'mark', instrument, ts, mark, index: null }
  })
  return marks.sort((a, b) => a.ts - b.ts)
}

/** Longest period of funding that Bybit has. */
export const FUNDING_INTERVAL_MAX_MS: DurationMs = 8 * HOUR_MS

/** The stamp is a few ms late: rounded to the minute. A period is as long as the distance to the settlement before, where that is on the page; else null. */
export function readSettlements(payload: unknown, asked: Asked): SettlementRecord[] {
  const { rows, market, result } = resultOf(payload, asked)
  listOf(result.list, 'result.list')
  const settled = rows.map((row, i) => {
    const path = `result.list[${i}]`
    const fields = fieldsOf(row, path)
    const ts = timeOf(fields.fundingRateTimestamp, `${path}.fundingRateTimestamp`)
    return {
      kind: 'settlement' as const,
      instrument: instrumentOf(market, fields.symbol ?? asked.symbol, `${path}.symbol`),
      settledAt: Math.round(ts / MINUTE_MS) * MINUTE_MS,
      rate: numberOf(fields.fundingRate, `${path}.fundingRate`),
    }
  })
  settled.sort((a, b) => a.settledAt - b.settledAt)
  return settled.map((record, i) => {
    const before = settled[i - 1]
    const gap = before?.instrument === record.instrument ? record.settledAt - before.settledAt : 0
    const isPeriod = gap > 0 && gap <= FUNDING_INTERVAL_MAX_MS && gap % HOUR_MS === 0
    return { ...record, intervalMs: isPeriod ? gap : null }
  })
}

/** Sizes of one side in the venue's unit: coins, on inverse markets USD. */
export function readOpenInterestSizes(
  payload: unknown,
  asked: Asked,
): { readonly instrument: string; readonly ts: EpochMs; readonly size: number }[] {
  const { result, market } = resultOf(payload, asked)
  const instrument = instrumentOf(market, result.symbol ?? asked.symbol, 'result.symbol')
  const rows = listOf(result.list, 'result.list').map((row, i) => {
    const path = `result.list[${i}]`
    const fields = fieldsOf(row, path)
    const ts = timeOf(fields.timestamp, `${path}.timestamp`)
    const size = oneSide(fields, ts, path)
    if (size === undefined) throw new PayloadRefused(`${path}.openInterest`, 'is absent')
    return { instrument, ts, size }
  })
  return rows.sort((a, b) => a.ts - b.ts)
}

/** In coins; USD need a price, without which the page is refused. */
export function readOpenInterest(payload: unknown, asked: Asked): OpenInterestRecord[] {
  return readOpenInterestSizes(payload, asked).map(({ instrument, ts, size }) => {
    if (!isInUsd(partsOf(instrument).market))
      return { kind: 'openInterest', instrument, ts, openInterest: size, value: null }
    const price = asked.price(instrument)
    if (price === undefined) throw new PayloadRefused('result.list', `USD of ${instrument} need a price to be coins`)
    return { kind: 'openInterest', instrument, ts, openInterest: size / price, value: size }
  })
}

export function readTickers(payload: unknown, asked: Asked): Normal[] {
  const { result, rows, market } = resultOf(payload, asked)
  listOf(result.list, 'result.list')
  const ts = timeOf(envelopeOf(payload).time, 'time')
  return rows.flatMap((row, i) => {
    const path = `result.list[${i}]`
    const fields = fieldsOf(row, path)
    const instrument = instrumentOf(market, fields.symbol, `${path}.symbol`)
    return tickerRecords(market, instrument, fields, ts, ALL_PARTS, path)
  })
}

/** The answer has no category: the market is the one that was asked for. */
export function readBook(payload: unknown, asked: Asked): BookRecord {
  const result = fieldsOf(envelopeOf(payload).result, 'result')
  const market = marketOf(asked.market, 'market')
  const id = sequenceOf(result.u, 'result.u')
  return {
    kind: 'book',
    instrument: instrumentOf(market, result.s, 'result.s'),
    ts: timeOf(result.ts, 'result.ts'),
    action: 'snapshot',
    firstId: id,
    lastId: id,
    previousId: null,
    bids: levelsOf(result.b, market, 'result.b'),
    asks: levelsOf(result.a, market, 'result.a'),
  }
}

export function readTrades(payload: unknown, asked: Asked): TradeRecord[] {
  const { result, rows, market } = resultOf(payload, asked)
  listOf(result.list, 'result.list')
  const trades = rows.map((row, i): TradeRecord => {
    const path = `result.list[${i}]`
    const fields = fieldsOf(row, path)
    const price = positiveOf(fields.price, `${path}.price`)
    return {
      kind: 'trade',
      instrument: instrumentOf(market, fields.symbol, `${path}.symbol`),
      ts: timeOf(fields.time, `${path}.time`),
      id: idOf(fields.execId, `${path}.execId`),
      price,
      size: coins(market, positiveOf(fields.size, `${path}.size`), price),
      aggressor: sideOf(fields.side, `${path}.side`),
      isLiquidation: null,
    }
  })
  return trades.sort((a, b) => a.ts - b.ts)
}

/** Side of the taker. */
export function sideOf(value: unknown, path: string): 'buy' | 'sell' {
  const text = textOf(value, path)
  if (text === 'Buy') return 'buy'
  if (text === 'Sell') return 'sell'
  throw new PayloadRefused(path, `is ${JSON.stringify(text)}, neither Buy nor Sell`)
}
