/**
 * Owns what a ticker of Bybit says: one message carries mark, index, funding, open interest and best quotes. The REST answer
 * and the merged state of the stream have the same fields. Which records are made is the caller's wish (`TickerParts`).
 */
import type { InstrumentId } from '#core/ids'
import { type EpochMs, HOUR_MS } from '#core/time'
import { type Fields, numberOf, optionalNumber, positiveOf, timeOf } from '../fields.js'
import type { IndexRecord, Normal, OptionRecord } from '../normal.js'
import type { BybitMarket } from './names.js'
import { coins, oneSide } from './units.js'

/** What a reader wants of a ticker. */
export interface TickerParts {
  readonly mark: boolean
  readonly funding: boolean
  readonly openInterest: boolean
  readonly quotes: boolean
  readonly option: boolean
  readonly index: boolean
}

export const ALL_PARTS: TickerParts = {
  mark: true,
  funding: true,
  openInterest: true,
  quotes: true,
  option: true,
  index: true,
}

/** Records of one ticker. `fields` is whole (REST, snapshot, merged); fields that are not there make no record. */
export function tickerRecords(
  market: BybitMarket,
  instrument: InstrumentId,
  fields: Fields,
  ts: EpochMs,
  parts: TickerParts,
  path: string,
): Normal[] {
  if (market === 'option') return optionRecords(instrument, fields, ts, parts, path)
  const records: Normal[] = []
  if (market === 'spot') {
    if (parts.index) pushIndex(records, instrument, fields, ts, path)
  } else {
    if (parts.mark) pushMark(records, instrument, fields, ts, path)
    if (parts.funding) pushFunding(records, instrument, fields, ts, path)
    if (parts.openInterest) pushOpenInterest(records, market, instrument, fields, ts, path)
  }
  if (parts.quotes) pushQuote(records, market, instrument, fields, ts, path)
  return records
}

function pushMark(to: Normal[], instrument: InstrumentId, fields: Fields, ts: EpochMs, path: string): void {
  if (isAbsent(fields.markPrice)) return
  const index = isAbsent(fields.indexPrice) ? null : positiveOf(fields.indexPrice, `${path}.indexPrice`)
  to.push({ kind: 'mark', instrument, ts, mark: positiveOf(fields.markPrice, `${path}.markPrice`), index })
}

/** Dated futures have the fields, empty. */
function pushFunding(to: Normal[], instrument: InstrumentId, fields: Fields, ts: EpochMs, path: string): void {
  const rate = optionalNumber(fields.fundingRate, `${path}.fundingRate`)
  const next = optionalNumber(fields.nextFundingTime, `${path}.nextFundingTime`)
  if (rate === null || next === null || next === 0) return
  const hours = optionalNumber(fields.fundingIntervalHour, `${path}.fundingIntervalHour`)
  to.push({
    kind: 'funding',
    instrument,
    ts,
    rate,
    intervalMs: hours === null || hours <= 0 ? null : hours * HOUR_MS,
    nextFundingAt: timeOf(next, `${path}.nextFundingTime`),
  })
}

function pushOpenInterest(
  to: Normal[],
  market: BybitMarket,
  instrument: InstrumentId,
  fields: Fields,
  ts: EpochMs,
  path: string,
): void {
  const size = oneSide(fields, ts, path)
  if (size === undefined) return
  if (market === 'inverse') {
    if (isAbsent(fields.markPrice)) return
    const mark = positiveOf(fields.markPrice, `${path}.markPrice`)
    to.push({ kind: 'openInterest', instrument, ts, openInterest: coins(market, size, mark), value: size })
    return
  }
  // The value counts the same sides as `openInterest`: brought down by the same ratio.
  const both = optionalNumber(fields.openInterest, `${path}.openInterest`)
  const value = optionalNumber(fields.openInterestValue, `${path}.openInterestValue`)
  const isTold = both !== null && both > 0 && value !== null
  to.push({ kind: 'openInterest', instrument, ts, openInterest: size, value: isTold ? (value * size) / both : null })
}

function pushQuote(
  to: Normal[],
  market: BybitMarket,
  instrument: InstrumentId,
  fields: Fields,
  ts: EpochMs,
  path: string,
): void {
  // An empty side is written as an empty text or 0; a stream of spot has neither field.
  if (fields.bid1Price === undefined || fields.ask1Price === undefined) return
  const bid = side(market, fields.bid1Price, fields.bid1Size, `${path}.bid1Price`)
  const ask = side(market, fields.ask1Price, fields.ask1Size, `${path}.ask1Price`)
  to.push({
    kind: 'quote',
    instrument,
    ts,
    bid: bid?.price ?? null,
    ask: ask?.price ?? null,
    bidSize: bid?.size ?? 0,
    askSize: ask?.size ?? 0,
  })
}

function side(
  market: BybitMarket,
  price: unknown,
  size: unknown,
  path: string,
): { readonly price: number; readonly size: number } | undefined {
  const at = optionalNumber(price, path)
  if (at === null || at <= 0) return undefined
  return { price: at, size: coins(market, numberOf(size, path), at) }
}

/** The stream writes bidPrice, bidIv, markPriceIv; REST bid1Price, bid1Iv, markIv. Volatilities are decimals; 0 is none. */
function optionRecords(
  instrument: InstrumentId,
  fields: Fields,
  ts: EpochMs,
  parts: TickerParts,
  path: string,
): Normal[] {
  const of = (name: string, other = name): number | null =>
    optionalNumber(fields[name] ?? fields[other], `${path}.${name}`)
  const above0 = (name: string, other = name): number | null => {
    const value = of(name, other)
    return value !== null && value > 0 ? value : null
  }
  const records: Normal[] = []
  const mark = of('markPrice')
  const bid = above0('bidPrice', 'bid1Price')
  const ask = above0('askPrice', 'ask1Price')
  if (parts.option) {
    const record: OptionRecord = {
      kind: 'option',
      instrument,
      ts,
      bid,
      ask,
      mark,
      bidIv: above0('bidIv', 'bid1Iv'),
      askIv: above0('askIv', 'ask1Iv'),
      markIv: above0('markPriceIv', 'markIv'),
      delta: of('delta'),
      gamma: of('gamma'),
      vega: of('vega'),
      theta: of('theta'),
      underlyingPrice: above0('underlyingPrice'),
      indexPrice: above0('indexPrice'),
      openInterest: oneSide(fields, ts, path) ?? null,
    }
    records.push(record)
  }
  if (parts.quotes) {
    records.push({
      kind: 'quote',
      instrument,
      ts,
      bid,
      ask,
      bidSize: bid === null ? 0 : numberOf(fields.bidSize ?? fields.bid1Size, `${path}.bidSize`),
      askSize: ask === null ? 0 : numberOf(fields.askSize ?? fields.ask1Size, `${path}.askSize`),
    })
  }
  return records
}

/** Spot tickers carry the USD index of the coin. */
function pushIndex(to: Normal[], instrument: InstrumentId, fields: Fields, ts: EpochMs, path: string): void {
  if (isAbsent(fields.usdIndexPrice)) return
  const price = optionalNumber(fields.usdIndexPrice, `${path}.usdIndexPrice`)
  if (price === null || price <= 0) return
  const name = instrument.slice(instrument.lastIndexOf('.') + 1)
  const record: IndexRecord = { kind: 'index', venue: 'bybit', name, ts, price }
  to.push(record)
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''
