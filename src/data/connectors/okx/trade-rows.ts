/** Owns reading what is traded and quoted: trades, tickers, best levels, books, bars. Contracts become coins here. */
import { intervalMs, isAligned } from '#core/time'
import { fieldsOf, idOf, listOf, numberOf, optionalNumber, positiveOf, timeOf } from '../fields.js'
import { type Levels, type Normal, PayloadRefused } from '../normal.js'
import { coinsOf, type RowReader, type Scope, type Unit, unitOf } from './scope.js'
import { refOf } from './symbols.js'

/** `side` is the taker's. */
export const tradeRow: RowReader = (row, scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  const ref = refOf(fields.instId ?? scope.instId, 'data[].instId')
  const price = positiveOf(fields.px, 'data[].px')
  const size = positiveOf(fields.sz, 'data[].sz')
  const side = fields.side
  if (side !== 'buy' && side !== 'sell') throw new PayloadRefused('data[].side', 'is neither buy nor sell')
  out.push({
    kind: 'trade',
    instrument: ref.instrument,
    ts: timeOf(fields.ts, 'data[].ts'),
    id: idOf(fields.tradeId, 'data[].tradeId'),
    price,
    size: coinsOf(size, unitOf(ref, scope, 'data[].sz'), price),
    aggressor: side,
    isLiquidation: null,
  })
}

/** Best bid and ask; an empty side is `""`. */
export const tickerRow: RowReader = (row, scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  const ref = refOf(fields.instId, 'data[].instId')
  const unit = unitOf(ref, scope, 'data[].bidSz')
  const bid = presentPrice(fields.bidPx, 'data[].bidPx')
  const ask = presentPrice(fields.askPx, 'data[].askPx')
  out.push({
    kind: 'quote',
    instrument: ref.instrument,
    ts: timeOf(fields.ts, 'data[].ts'),
    bid,
    ask,
    bidSize: bid === null ? 0 : coinsOf(sizeOf(fields.bidSz, 'data[].bidSz'), unit, bid),
    askSize: ask === null ? 0 : coinsOf(sizeOf(fields.askSz, 'data[].askSz'), unit, ask),
  })
}

/** A price where there is one: `""` and `"0"` are an empty side. */
function presentPrice(value: unknown, path: string): number | null {
  const price = optionalNumber(value, path)
  if (price === null || price === 0) return null
  return positiveOf(value, path)
}

function sizeOf(value: unknown, path: string): number {
  const size = numberOf(value, path)
  if (size < 0) throw new PayloadRefused(path, `is ${size}, below 0`)
  return size
}

/** Best levels as a quote: `bbo-tbt`, and books of REST that have no `seqId`. */
export const bestRow: RowReader = (row, scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  const ref = refOf(scope.instId, 'arg.instId')
  const unit = unitOf(ref, scope, 'data[].bids')
  const bids = levelsOf(listOf(fields.bids, 'data[].bids').slice(0, 1), unit, 'data[].bids')
  const asks = levelsOf(listOf(fields.asks, 'data[].asks').slice(0, 1), unit, 'data[].asks')
  out.push({
    kind: 'quote',
    instrument: ref.instrument,
    ts: timeOf(fields.ts, 'data[].ts'),
    bid: bids[0] ?? null,
    ask: asks[0] ?? null,
    bidSize: bids[1] ?? 0,
    askSize: asks[1] ?? 0,
  })
}

/** `books`, `books5` and kin. The checksum is 0 since 2026-06-23 and never looked at; frames before `seqId` cannot be kept in order. */
export const bookRow: RowReader = (row, scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  if (scope.isRest === true && fields.seqId === undefined) return bestRow(row, scope, out)
  const ref = refOf(scope.instId, 'arg.instId')
  const unit = unitOf(ref, scope, 'data[].bids')
  const action = scope.action ?? 'snapshot'
  if (action !== 'snapshot' && action !== 'update') throw new PayloadRefused('action', 'is neither snapshot nor update')
  const lastId = numberOf(fields.seqId, 'data[].seqId')
  out.push({
    kind: 'book',
    instrument: ref.instrument,
    ts: timeOf(fields.ts, 'data[].ts'),
    action,
    firstId: lastId,
    lastId,
    previousId: action === 'snapshot' ? null : numberOf(fields.prevSeqId, 'data[].prevSeqId'),
    bids: levelsOf(listOf(fields.bids, 'data[].bids'), unit, 'data[].bids'),
    asks: levelsOf(listOf(fields.asks, 'data[].asks'), unit, 'data[].asks'),
  })
}

/** Rows are `[price, size, "0", orders]`; of books-full `[price, size, orders]`. */
function levelsOf(rows: readonly unknown[], unit: Unit, path: string): Levels {
  const levels = new Array<number>(rows.length * 2)
  for (let i = 0; i < rows.length; i++) {
    const row = listOf(rows[i], path)
    const price = positiveOf(row[0], path)
    levels[2 * i] = price
    levels[2 * i + 1] = coinsOf(sizeOf(row[1], path), unit, price)
  }
  return levels
}

/**
 * `[ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm]`: coins are `vol` on spot and `volCcy` elsewhere. Rows of before 2022 end
 * with `volCcy`: then quote volume is told on spot alone, and nothing tells whether the bar is closed.
 */
export const candleRow: RowReader = (row, scope, out) => {
  const columns = listOf(row, 'data[]')
  const ref = refOf(scope.instId, 'instId')
  const { interval } = scope
  if (interval === undefined) throw new PayloadRefused('bar', 'nothing says how long the bars are')
  if (columns.length !== 7 && columns.length !== 9)
    throw new PayloadRefused('data[]', `has ${columns.length} columns, not 9`)
  const openTime = timeOf(columns[0], 'data[][0]')
  if (!isAligned(openTime, intervalMs(interval)))
    throw new PayloadRefused('data[][0]', `${openTime} does not begin a bar of ${interval} in UTC`)
  const isSpot = ref.market === 'spot'
  out.push({
    kind: 'bar',
    instrument: ref.instrument,
    interval,
    openTime,
    open: positiveOf(columns[1], 'data[][1]'),
    high: positiveOf(columns[2], 'data[][2]'),
    low: positiveOf(columns[3], 'data[][3]'),
    close: positiveOf(columns[4], 'data[][4]'),
    volume: isSpot ? sizeOf(columns[5], 'data[][5]') : sizeOf(columns[6], 'data[][6]'),
    quoteVolume: quoteVolumeOf(columns, isSpot),
    isClosed: columns.length === 9 ? confirmOf(columns[8]) : null,
  })
}

function quoteVolumeOf(columns: readonly unknown[], isSpot: boolean): number | null {
  if (columns.length === 9) return optionalNumber(columns[7], 'data[][7]')
  return isSpot ? sizeOf(columns[6], 'data[][6]') : null
}

function confirmOf(value: unknown): boolean {
  if (value === '1') return true
  if (value === '0') return false
  throw new PayloadRefused('data[][8]', 'is neither "0" nor "1"')
}

/** All rows of a page, in the payload's order. */
export function readRows(rows: readonly unknown[], read: RowReader, scope: Scope): Normal[] {
  const out: Normal[] = []
  for (const row of rows) read(row, scope, out)
  return out
}
