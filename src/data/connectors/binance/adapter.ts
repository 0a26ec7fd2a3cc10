/** Owns how the connector speaks to Binance: calls, pages, polls, books (binance.md). Pure data and functions. */
import { DAY_MS, type EpochMs, HOUR_MS, type Interval, intervalMs, MINUTE_MS, SECOND_MS } from '#core/time'
import type { BookRule, Call, Cost, Knowledge, Page, PollPlan, VenueAdapter, Want } from '../adapter.port.js'
import { fieldsOf, timeOf } from '../fields.js'
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
import { wholeBook } from './frames.js'
import { type FundingIntervals, fundingIntervals, instrumentsOf } from './instruments.js'
import { failure, klinesWeight, POOLS, usage, weight } from './limits.js'
import { barsOf, markClosesOf, openInterestHistoryOf, openInterestOf, settlementsOf } from './pages.js'
import { frameDecoder, request, socketPlans, socketRules } from './streams.js'
import { type BinanceMarket, marketIn, symbolIn } from './symbols.js'

const BASE: Readonly<Record<BinanceMarket, string>> = { spot: '/api/v3', usdm: '/fapi/v1', coinm: '/dapi/v1' }

/** Rows a page. USD-M takes 1500, at twice the weight of 1000. */
const KLINES = 1000
/** COIN-M refuses longer windows of klines. */
const COINM_WINDOW_MS = 200 * DAY_MS
const FUNDING_ROWS = 1000
const STATISTICS_ROWS = 500
/** openInterestHist keeps a month; asked for 30 days before the end of the span at most. */
const STATISTICS_MS = 30 * DAY_MS
/** Longest funding interval: looked back so far, the first settlement of a span has a predecessor. */
const LONGEST_FUNDING_MS = 8 * HOUR_MS
/** Settlements are stamped some ms late. */
const LATE_MS = 30 * SECOND_MS
const OPEN_INTEREST_POLL_MS = 30 * SECOND_MS

function call<T>(
  market: BinanceMarket,
  path: string,
  costs: readonly Cost[],
  read: (payload: unknown, receivedAt: EpochMs) => T,
): Call<T> {
  return { endpoint: `${market}Rest`, method: 'GET', path, costs, read }
}

function contextOf(
  facts: InstrumentFacts,
  receivedAt: EpochMs,
  interval?: Interval,
  knowledge?: Knowledge,
): ParseContext {
  return {
    receivedAt,
    market: marketIn(facts),
    symbol: symbolIn(facts),
    ...(interval === undefined ? {} : { interval }),
    facts: (instrument) => (instrument === facts.instrument ? facts : knowledge?.facts(instrument)),
    price: (instrument) => knowledge?.price(instrument),
  }
}

/** exchangeInfo; of futures behind fundingInfo, which names the symbols that do not settle every 8 h. */
function instruments(market: string): Call<Page<InstrumentFacts>> {
  if (market !== 'spot' && market !== 'usdm' && market !== 'coinm') throw new Error(`binance has no market ${market}`)
  const listing = (intervals: FundingIntervals): Call<Page<InstrumentFacts>> =>
    call(market, `${BASE[market]}/exchangeInfo`, weight(market, market === 'spot' ? 20 : 1), (payload) => ({
      rows: instrumentsOf(payload, market, intervals),
      next: undefined,
    }))
  if (market === 'spot') return listing(undefined)
  const costs = market === 'usdm' ? [{ pool: 'usdmFunding', weight: 1 }] : weight(market, 1)
  return call(market, `${BASE[market]}/fundingInfo`, costs, (payload) => ({
    rows: [],
    next: listing(fundingIntervals(payload)),
  }))
}

/** Forward from `from`: spot and USD-M give the oldest rows of a window. */
function barsForward(facts: InstrumentFacts, interval: Interval, from: EpochMs, to: EpochMs): Call<Page<BarRecord>> {
  const market = marketIn(facts)
  const path = `${BASE[market]}/klines?symbol=${symbolIn(facts)}&interval=${interval}&startTime=${from}&endTime=${to - 1}&limit=${KLINES}`
  const cost = market === 'spot' ? 2 : klinesWeight(KLINES)
  return call(market, path, weight(market, cost), (payload, receivedAt) => {
    const rows = barsOf(payload, contextOf(facts, receivedAt, interval)).filter(
      ({ openTime }) => openTime >= from && openTime < to,
    )
    const after = (rows.at(-1)?.openTime ?? to) + intervalMs(interval)
    return { rows, next: rows.length < KLINES || after >= to ? undefined : barsForward(facts, interval, after, to) }
  })
}

/** COIN-M gives the newest rows of a window: windows that one page holds come out the same from either end. */
function barsInWindows(facts: InstrumentFacts, interval: Interval, from: EpochMs, to: EpochMs): Call<Page<BarRecord>> {
  const step = intervalMs(interval)
  const begin = Math.max(from, facts.listedAt === null ? from : facts.listedAt - step)
  const end = Math.min(to, begin + Math.min(KLINES * step, COINM_WINDOW_MS))
  const path = `${BASE.coinm}/klines?symbol=${symbolIn(facts)}&interval=${interval}&startTime=${begin}&endTime=${end - 1}&limit=${KLINES}`
  return call('coinm', path, weight('coinm', klinesWeight(KLINES)), (payload, receivedAt) => ({
    rows: barsOf(payload, contextOf(facts, receivedAt, interval)).filter(
      ({ openTime }) => openTime >= begin && openTime < end,
    ),
    next: end >= to ? undefined : barsInWindows(facts, interval, end, to),
  }))
}

/** Marks of futures, in windows that one page holds. */
function marksInWindows(
  facts: InstrumentFacts,
  interval: Interval,
  from: EpochMs,
  to: EpochMs,
): Call<Page<MarkRecord>> {
  const market = marketIn(facts)
  const step = intervalMs(interval)
  const begin = Math.max(from, facts.listedAt === null ? from : facts.listedAt - step)
  const end = Math.min(to, begin + Math.min(KLINES * step, COINM_WINDOW_MS))
  const path = `${BASE[market]}/markPriceKlines?symbol=${symbolIn(facts)}&interval=${interval}&startTime=${begin}&endTime=${end - 1}&limit=${KLINES}`
  return call(market, path, weight(market, klinesWeight(KLINES)), (payload) => ({
    rows: markClosesOf(payload, facts.instrument).filter(({ ts }) => ts >= begin && ts < end),
    next: end >= to ? undefined : marksInWindows(facts, interval, end, to),
  }))
}

/** Lengths that Binance's periods have had. */
const FUNDING_HOURS = new Set([1, 2, 4, 8])

/**
 * Settlements in `(from, to]`. A period is as long as the time since the settlement before it, where that is a length that
 * the venue uses; the page therefore begins 8 h earlier than asked.
 */
function settlementPage(
  facts: InstrumentFacts,
  start: EpochMs,
  from: EpochMs,
  to: EpochMs,
  last: EpochMs | null,
): Call<Page<SettlementRecord>> {
  const market = marketIn(facts)
  const path = `${BASE[market]}/fundingRate?symbol=${symbolIn(facts)}&startTime=${start}&endTime=${to + LATE_MS}&limit=${FUNDING_ROWS}`
  const costs = market === 'usdm' ? [{ pool: 'usdmFunding', weight: 1 }] : weight(market, 1)
  return call(market, path, costs, (payload, receivedAt) => {
    const all = settlementsOf(payload, contextOf(facts, receivedAt))
    let previous = last
    const rows: SettlementRecord[] = []
    for (const row of all) {
      const period = previous === null ? null : row.settledAt - previous
      previous = row.settledAt
      if (row.settledAt <= from || row.settledAt > to) continue
      rows.push({ ...row, intervalMs: period !== null && FUNDING_HOURS.has(period / HOUR_MS) ? period : null })
    }
    const isLast = all.length < FUNDING_ROWS || previous === null || previous >= to
    return { rows, next: isLast ? undefined : settlementPage(facts, previous! + LATE_MS, from, to, previous) }
  })
}

const STATISTICS_PERIODS: readonly Interval[] = ['5m', '15m', '30m', '1h', '2h', '4h', '12h', '1d']

function openInterestPage(
  facts: InstrumentFacts,
  interval: Interval,
  from: EpochMs,
  to: EpochMs,
  knowledge: Knowledge,
): Call<Page<OpenInterestRecord>> {
  const market = marketIn(facts)
  const end = Math.min(to, from + STATISTICS_ROWS * intervalMs(interval))
  const what =
    market === 'coinm' ? `pair=${facts.base}${facts.quote}&contractType=PERPETUAL` : `symbol=${symbolIn(facts)}`
  const path = `/futures/data/openInterestHist?${what}&period=${interval}&startTime=${from}&endTime=${end - 1}&limit=${STATISTICS_ROWS}`
  return call(market, path, [{ pool: `${market}Statistics`, weight: 1 }], (payload, receivedAt) => ({
    rows: openInterestHistoryOf(payload, contextOf(facts, receivedAt, interval, knowledge)).filter(
      ({ ts }) => ts >= from && ts < end,
    ),
    next: end >= to ? undefined : openInterestPage(facts, interval, end, to, knowledge),
  }))
}

function polls(wants: readonly Want[], knowledge: Knowledge): readonly PollPlan[] {
  const wanted = new Map(
    wants
      .filter(({ kind, facts }) => kind === 'openInterest' && marketIn(facts) !== 'spot')
      .map(({ facts }) => [facts.instrument, facts]),
  )
  return [...wanted.values()].map((facts) => {
    const market = marketIn(facts)
    const path = `${BASE[market]}/openInterest?symbol=${symbolIn(facts)}`
    return {
      name: `openInterest ${facts.instrument}`,
      everyMs: OPEN_INTEREST_POLL_MS,
      call: call(market, path, weight(market, 1), (payload, receivedAt): readonly Normal[] =>
        openInterestOf(payload, contextOf(facts, receivedAt, undefined, knowledge)),
      ),
    }
  })
}

/** Spot: ids without a hole, `U` = last + 1. The first diff behind the snapshot holds last + 1. */
const SPOT_BOOK: BookRule = {
  needsSnapshot: true,
  judge(message, last, isFirst) {
    if (message.action === 'snapshot') return 'replace'
    if (last === null) return 'gap'
    if (message.lastId <= last) return 'ignore'
    if (isFirst) return message.firstId <= last + 1 ? 'apply' : 'gap'
    return message.firstId === last + 1 ? 'apply' : 'gap'
  },
}

/** Futures: `pu` is the `u` before. The first diff behind the snapshot holds its lastUpdateId. */
const FUTURES_BOOK: BookRule = {
  needsSnapshot: true,
  judge(message, last, isFirst) {
    if (message.action === 'snapshot') return 'replace'
    if (last === null) return 'gap'
    if (message.lastId < last) return 'ignore'
    if (isFirst) return message.firstId <= last || message.previousId === last ? 'apply' : 'gap'
    if (message.lastId === last) return 'ignore'
    return message.previousId === last ? 'apply' : 'gap'
  },
}

const ENDPOINTS = {
  mainnet: {
    spotRest: 'https://api.binance.com',
    usdmRest: 'https://fapi.binance.com',
    coinmRest: 'https://dapi.binance.com',
    spotWs: 'wss://stream.binance.com:9443',
    usdmPublicWs: 'wss://fstream.binance.com/public',
    usdmMarketWs: 'wss://fstream.binance.com/market',
    coinmWs: 'wss://dstream.binance.com',
  },
  testnet: {
    spotRest: 'https://testnet.binance.vision',
    usdmRest: 'https://testnet.binancefuture.com',
    coinmRest: 'https://testnet.binancefuture.com',
    spotWs: 'wss://stream.testnet.binance.vision',
    usdmPublicWs: 'wss://fstream.binancefuture.com/public',
    usdmMarketWs: 'wss://fstream.binancefuture.com/market',
    coinmWs: 'wss://dstream.binancefuture.com',
  },
  below: (rest: string, ws: string) => ({
    spotRest: rest,
    usdmRest: rest,
    coinmRest: rest,
    spotWs: `${ws}/stream-spot`,
    usdmPublicWs: `${ws}/fstream/public`,
    usdmMarketWs: `${ws}/fstream/market`,
    coinmWs: `${ws}/dstream`,
  }),
} as const

export const binanceAdapter: VenueAdapter = {
  venue: 'binance',
  endpoints: ENDPOINTS,
  pools: POOLS,
  // It takes 300 in 5 min.
  connects: { capacity: 100, windowMs: 5 * MINUTE_MS, kind: 'window' },
  usage,
  failure,
  serverTime: () =>
    call('spot', `${BASE.spot}/time`, weight('spot', 1), (payload) =>
      timeOf(fieldsOf(payload, 'time').serverTime, 'serverTime'),
    ),
  instruments,
  bars: (facts, interval, from, to) =>
    marketIn(facts) === 'coinm' ? barsInWindows(facts, interval, from, to) : barsForward(facts, interval, from, to),
  settlements: (facts, from, to) =>
    facts.kind === 'linearPerpetual' || facts.kind === 'inversePerpetual'
      ? settlementPage(facts, from - LONGEST_FUNDING_MS - LATE_MS, from, to, null)
      : undefined,
  markHistory: (facts, interval, from, to) =>
    marketIn(facts) === 'spot' ? undefined : marksInWindows(facts, interval, from, to),
  openInterestHistory(facts, interval, from, to, knowledge) {
    if (marketIn(facts) === 'spot' || facts.kind === 'inverseFuture') return undefined
    if (!STATISTICS_PERIODS.includes(interval)) return undefined
    return openInterestPage(facts, interval, Math.max(from, to - STATISTICS_MS), to, knowledge)
  },
  volatilityHistory: () => undefined,
  bookSnapshot(facts): Call<BookRecord> {
    const market = marketIn(facts)
    const path = `${BASE[market]}/depth?symbol=${symbolIn(facts)}&limit=1000`
    return call(market, path, weight(market, market === 'spot' ? 50 : 20), (payload, receivedAt) =>
      wholeBook(fieldsOf(payload, 'depth'), contextOf(facts, receivedAt)),
    )
  },
  sockets: socketPlans,
  polls,
  subscribe: (topics, id) => request('SUBSCRIBE', topics, id),
  unsubscribe: (topics, id) => request('UNSUBSCRIBE', topics, id),
  rules: socketRules,
  decoder: frameDecoder,
  bookRule: (market) => (market === 'spot' ? SPOT_BOOK : FUTURES_BOOK),
}
