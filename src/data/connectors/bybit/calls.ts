/**
 * Owns Bybit's REST calls: paths, weights, pages. The venue pages newest first; here windows of time go up, so that pages
 * ascend and a history that is longer than a page is never cut silently.
 */

import { invariant } from '#core/invariant'
import { type DurationMs, type EpochMs, HOUR_MS, type Interval, intervalMs, MINUTE_MS } from '#core/time'
import type { Call, Cost, Knowledge, Page } from '../adapter.port.js'
import type {
  BarRecord,
  BookRecord,
  InstrumentFacts,
  MarkRecord,
  Normal,
  OpenInterestRecord,
  ParseContext,
  SettlementRecord,
} from '../normal.js'
import { isKnownContract } from './instruments.js'
import { type BybitMarket, isInUsd, klineName, marketOf, openInterestName, partsOf } from './names.js'
import {
  FUNDING_INTERVAL_MAX_MS,
  readBars,
  readBook,
  readInstruments,
  readMarkCloses,
  readOpenInterestSizes,
  readOpens,
  readSettlements,
  readTickers,
  readTime,
} from './pages.js'

/** Rows of a page at most. */
const KLINES_MAX = 1000
const SETTLEMENTS_MAX = 200
const OPEN_INTEREST_MAX = 200
const INSTRUMENTS_MAX = 1000
/** Coins that have options; the venue lists them coin by coin. */
const OPTION_COINS = ['BTC', 'ETH', 'SOL'] as const

const COSTS: readonly Cost[] = [{ pool: 'ip', weight: 1 }]
const NOTHING: Pick<ParseContext, 'facts' | 'price'> = { facts: () => undefined, price: () => undefined }

function get<T>(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
  read: (payload: unknown) => T,
): Call<T> {
  const parameters = Object.entries(query).filter((entry) => entry[1] !== undefined)
  const text = parameters.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')
  return { endpoint: 'rest', method: 'GET', path: text === '' ? path : `${path}?${text}`, costs: COSTS, read }
}

export const serverTimeCall = (): Call<EpochMs> => get('/v5/market/time', {}, readTime)

/** Spot has no pages; options are listed coin by coin. */
export function instrumentsCall(marketName: string): Call<Page<InstrumentFacts>> {
  const market = marketOf(marketName, 'market')
  return instrumentsPage(market, market === 'option' ? 0 : undefined, undefined)
}

function instrumentsPage(
  market: BybitMarket,
  coin: number | undefined,
  cursor: string | undefined,
): Call<Page<InstrumentFacts>> {
  const baseCoin = coin === undefined ? undefined : OPTION_COINS[coin]
  const query = { category: market, baseCoin, limit: market === 'spot' ? undefined : INSTRUMENTS_MAX, cursor }
  return get('/v5/market/instruments-info', query, (payload) => {
    const page = readInstruments(payload, { ...NOTHING, market }, isKnownContract)
    // The last page of futures may name a cursor that leads to an empty page.
    if (page.cursor !== null && page.facts.length > 0)
      return { rows: page.facts, next: instrumentsPage(market, coin, page.cursor) }
    const isLast = coin === undefined || coin + 1 >= OPTION_COINS.length
    return { rows: page.facts, next: isLast ? undefined : instrumentsPage(market, coin + 1, undefined) }
  })
}

export function barsCall(
  facts: InstrumentFacts,
  interval: Interval,
  from: EpochMs,
  to: EpochMs,
): Call<Page<BarRecord>> {
  const { market, symbol } = partsOf(facts.instrument)
  const name = klineName(interval)
  invariant(name !== undefined, () => `bybit has no klines of ${interval}`)
  const start = sinceListing(facts, from, to, intervalMs(interval))
  const end = Math.min(to, start + KLINES_MAX * intervalMs(interval))
  const query = { category: market, symbol, interval: name, start, end: Math.max(start, end - 1), limit: KLINES_MAX }
  return get('/v5/market/kline', query, (payload) => ({
    rows: readBars(payload, { ...NOTHING, market, symbol, interval }).filter(
      (bar) => bar.openTime >= start && bar.openTime < end,
    ),
    next: end < to ? barsCall(facts, interval, end, to) : undefined,
  }))
}

/** Marks at the ends of intervals; undefined where there is none. */
export function markHistoryCall(
  facts: InstrumentFacts,
  interval: Interval,
  from: EpochMs,
  to: EpochMs,
): Call<Page<MarkRecord>> | undefined {
  const { market } = partsOf(facts.instrument)
  return market === 'linear' || market === 'inverse' ? marksPage(facts, interval, from, to) : undefined
}

function marksPage(facts: InstrumentFacts, interval: Interval, from: EpochMs, to: EpochMs): Call<Page<MarkRecord>> {
  const { market, symbol } = partsOf(facts.instrument)
  const start = sinceListing(facts, from, to, intervalMs(interval))
  const end = Math.min(to, start + KLINES_MAX * intervalMs(interval))
  const name = klineName(interval)
  const query = { category: market, symbol, interval: name, start, end: Math.max(start, end - 1), limit: KLINES_MAX }
  return get('/v5/market/mark-price-kline', query, (payload) => ({
    rows: readMarkCloses(payload, { ...NOTHING, market, symbol }).filter(({ ts }) => ts >= start && ts < end),
    next: end < to ? marksPage(facts, interval, end, to) : undefined,
  }))
}

/** Nothing is older than the listing: years of empty windows are not asked for. */
function sinceListing(facts: InstrumentFacts, from: EpochMs, to: EpochMs, stepMs: DurationMs): EpochMs {
  const listed = facts.listedAt === null ? from : Math.floor(facts.listedAt / stepMs) * stepMs
  return Math.max(from, Math.min(listed, to))
}

/** Undefined: no perpetual. */
export function settlementsCall(
  facts: InstrumentFacts,
  from: EpochMs,
  to: EpochMs,
): Call<Page<SettlementRecord>> | undefined {
  if (facts.kind !== 'linearPerpetual' && facts.kind !== 'inversePerpetual') return undefined
  const first = sinceListing(facts, from, to, MINUTE_MS)
  const intervalMs = facts.fundingIntervalMs ?? HOUR_MS
  // Both ends of a window are in it; a page that is exactly full would look cut.
  const before = Math.ceil(FUNDING_INTERVAL_MAX_MS / intervalMs)
  return settlementsPage(facts, first, to, (SETTLEMENTS_MAX - before - 2) * intervalMs)
}

/** Settlements in `(from, to]`; the page begins a period earlier, because the one before tells how long a period was. A page that is full may lack its oldest rows (the interval was shorter once): it is asked for again in halves. */
function settlementsPage(
  facts: InstrumentFacts,
  from: EpochMs,
  to: EpochMs,
  windowMs: DurationMs,
): Call<Page<SettlementRecord>> {
  const { market, symbol } = partsOf(facts.instrument)
  const end = Math.min(to, from + windowMs)
  // Stamps are a few ms late: the window reaches behind its end, and rows are chosen by the rounded time.
  const startTime = Math.max(0, from - FUNDING_INTERVAL_MAX_MS)
  const query = { category: market, symbol, startTime, endTime: end + MINUTE_MS / 2 - 1, limit: SETTLEMENTS_MAX }
  return get('/v5/market/funding/history', query, (payload) => {
    const rows = readSettlements(payload, { ...NOTHING, market, symbol })
    if (rows.length >= SETTLEMENTS_MAX && windowMs > SETTLEMENTS_MAX * MINUTE_MS)
      return { rows: [], next: settlementsPage(facts, from, to, windowMs / 2) }
    return {
      rows: rows.filter((row) => row.settledAt > from && row.settledAt <= end),
      next: end < to ? settlementsPage(facts, end, to, windowMs) : undefined,
    }
  })
}

/** Values with time in `[from, to)`. */
export function openInterestCall(
  facts: InstrumentFacts,
  interval: Interval,
  from: EpochMs,
  to: EpochMs,
): Call<Page<OpenInterestRecord>> | undefined {
  const { market, symbol } = partsOf(facts.instrument)
  const name = openInterestName(interval)
  if (name === undefined || market === 'spot' || market === 'option') return undefined
  const start = sinceListing(facts, from, to, intervalMs(interval))
  const end = Math.min(to, start + OPEN_INTEREST_MAX * intervalMs(interval))
  const next = (): Call<Page<OpenInterestRecord>> | undefined =>
    end < to ? openInterestCall(facts, interval, end, to) : undefined
  const query = {
    category: market,
    symbol,
    intervalTime: name,
    startTime: start,
    endTime: Math.max(start, end - 1),
    limit: OPEN_INTEREST_MAX,
  }
  return get('/v5/market/open-interest', query, (payload) => {
    const sizes = readOpenInterestSizes(payload, { ...NOTHING, market, symbol }).filter(
      (row) => row.ts >= start && row.ts < end,
    )
    if (!isInUsd(market))
      return {
        rows: sizes.map(({ instrument, ts, size }) => ({
          kind: 'openInterest',
          instrument,
          ts,
          openInterest: size,
          value: null,
        })),
        next: next(),
      }
    if (sizes.length === 0) return { rows: [], next: next() }
    return { rows: [], next: valuedPage(facts, interval, sizes, next) }
  })
}

/** USD become coins at the mark price of their own time: a page of mark klines is read with them. A value without a price is left out. */
function valuedPage(
  facts: InstrumentFacts,
  interval: Interval,
  sizes: ReturnType<typeof readOpenInterestSizes>,
  next: () => Call<Page<OpenInterestRecord>> | undefined,
): Call<Page<OpenInterestRecord>> {
  const { market, symbol } = partsOf(facts.instrument)
  const [start, end] = [sizes[0]!.ts, sizes[sizes.length - 1]!.ts]
  const query = { category: market, symbol, interval: klineName(interval), start, end, limit: KLINES_MAX }
  return get('/v5/market/mark-price-kline', query, (payload) => {
    const prices = new Map(readOpens(payload, { ...NOTHING, market, symbol }).map((row) => [row.ts, row.price]))
    const rows = sizes.flatMap(({ instrument, ts, size }): OpenInterestRecord[] => {
      const price = prices.get(ts)
      if (price === undefined) return []
      return [{ kind: 'openInterest', instrument, ts, openInterest: size / price, value: size }]
    })
    return { rows, next: next() }
  })
}

/** Whole option chain of a coin. */
export function optionChainCall(base: string, knowledge: Knowledge): Call<readonly Normal[]> {
  return get('/v5/market/tickers', { category: 'option', baseCoin: base }, (payload) =>
    readTickers(payload, { ...knowledge, market: 'option' }).filter((record) => record.kind === 'option'),
  )
}

/** A book by REST; the stream brings its own, this is for whoever looks once. */
export function bookCall(facts: InstrumentFacts, limit: number): Call<BookRecord> {
  const { market, symbol } = partsOf(facts.instrument)
  return get('/v5/market/orderbook', { category: market, symbol, limit }, (payload) =>
    readBook(payload, { ...NOTHING, market, symbol }),
  )
}
