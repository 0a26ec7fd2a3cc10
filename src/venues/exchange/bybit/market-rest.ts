/**
 * Owns the public REST calls of the simulated Bybit: histories newest first, page limits, parameter errors. Values are the
 * world's. Rules after bybit-exchange/docs docs/v5/market (2026-07-24); the venue's clamping of limits is not documented, here
 * a limit beyond the maximum is refused.
 */
import { DAY_MS, type DurationMs, type EpochMs, floorTo, HOUR_MS, MINUTE_MS } from '#core/time'
import type { World, WorldTrade } from '../world.port.js'
import { instrumentRow } from './instruments.js'
import { BybitRefusal, KLINE_MS, OPEN_INTEREST_MS, type Parameters } from './requests.js'
import { type Category, isPerpetual, type Listed, markText, priceText, sizeText } from './symbols.js'
import { openInterestFields, restTicker } from './tickers.js'
import { tradeId } from './trade-ids.js'

export type Answer = (parameters: Parameters, world: World) => unknown

/** Points of a bar at which a mark or index is looked at for its high and low. */
const SAMPLES = 12
/** How far back trades are searched. */
const TRADES_BACK_MS = DAY_MS

/** Open times of a history's rows in `[from, to]`, newest first; without a span the newest ones. */
function openTimes(
  { from, to }: { readonly from: EpochMs | undefined; readonly to: EpochMs | undefined },
  stepMs: DurationMs,
  limit: number,
  now: EpochMs,
  oldest: EpochMs,
): EpochMs[] {
  const last = from !== undefined && to === undefined ? from + (limit - 1) * stepMs : (to ?? now)
  const times: EpochMs[] = []
  for (let ts = floorTo(Math.min(last, now), stepMs); times.length < limit; ts -= stepMs) {
    if (ts < oldest || (from !== undefined && ts < from)) break
    times.push(ts)
  }
  return times
}

const oldestOf = (of: Listed, world: World): EpochMs => Math.max(of.instrument.listedAt, world.start)

function kline(parameters: Parameters, world: World): unknown {
  const category = parameters.category('spot', 'linear', 'inverse')
  const of = parameters.symbol(category)
  const stepMs = parameters.choice('interval', KLINE_MS)
  const limit = parameters.limit(200, 1000)
  const times = openTimes(
    parameters.span('start', 'end'),
    stepMs,
    limit,
    parameters.now,
    floorTo(oldestOf(of, world), stepMs),
  )
  const isInUsd = category === 'inverse'
  const [first, last] = [times.at(-1), times[0]]
  const bars =
    first === undefined || last === undefined ? [] : world.bars(of.instrument, stepMs, first, last + 1, parameters.now)
  const list = bars.map((bar) => [
    String(bar.openTime),
    ...[bar.open, bar.high, bar.low, bar.close].map((price) => priceText(of, price)),
    ...(isInUsd
      ? [String(Math.round(bar.quoteVolume)), bar.volume.toFixed(8)]
      : [bar.volume.toFixed(8), bar.quoteVolume.toFixed(8)]),
  ])
  return { symbol: of.symbol, category, list: list.reverse() }
}

/** Rows of five: what a value did between bars, looked at in samples. */
function valueKline(value: (world: World, of: Listed, at: EpochMs) => string): Answer {
  return (parameters, world) => {
    const category = parameters.category('linear', 'inverse')
    const of = parameters.symbol(category)
    const stepMs = parameters.choice('interval', KLINE_MS)
    const limit = parameters.limit(200, 1000)
    const times = openTimes(parameters.span('start', 'end'), stepMs, limit, parameters.now, oldestOf(of, world))
    const list = times.map((start) => {
      const end = Math.min(start + stepMs - 1, parameters.now)
      const texts = Array.from({ length: SAMPLES + 1 }, (_, i) =>
        value(world, of, Math.floor(start + ((end - start) * i) / SAMPLES)),
      )
      const sorted = [...texts].sort((a, b) => Number(a) - Number(b))
      return [String(start), texts[0], sorted.at(-1), sorted[0], texts.at(-1)]
    })
    return { symbol: of.symbol, category, list }
  }
}

const markAt = (world: World, of: Listed, at: EpochMs): string => markText(of, world.mark(of.instrument, at))
const indexAt = (world: World, of: Listed, at: EpochMs): string => markText(of, world.index(of.instrument.base, at))
const premiumAt = (world: World, of: Listed, at: EpochMs): string =>
  (world.mark(of.instrument, at) / world.index(of.instrument.base, at) - 1).toFixed(6)

function instruments(parameters: Parameters, world: World): unknown {
  const category = parameters.category()
  const rows = selected(parameters, category)
  if (category === 'spot') return { category, list: rows.map((of) => instrumentRow(world, of, parameters.now)) }
  const limit = parameters.limit(500, 1000)
  const start = cursorOf(parameters, 'at')
  const page = rows.slice(start, start + limit)
  const end = start + page.length
  return {
    category,
    list: page.map((of) => instrumentRow(world, of, parameters.now)),
    nextPageCursor: end < rows.length ? cursor('at', end) : '',
  }
}

/** Options without a coin are those of BTC; what is only listed later does not exist here. */
function selected(parameters: Parameters, category: Category): readonly Listed[] {
  const status = parameters.text('status')
  if (status !== undefined && status !== 'Trading') return []
  if (parameters.text('symbol') !== undefined) return [parameters.symbol(category)]
  const coin = parameters.text('baseCoin') ?? (category === 'option' ? 'BTC' : undefined)
  const all = parameters.all(category)
  return coin === undefined ? all : all.filter((of) => of.instrument.base === coin)
}

const cursor = (key: string, value: number): string => encodeURIComponent(`${key}=${value}`)

function cursorOf(parameters: Parameters, key: string): number {
  const text = parameters.text('cursor')
  if (text === undefined) return 0
  const value = Number(decodeURIComponent(text).slice(key.length + 1))
  if (Number.isInteger(value) && value >= 0) return value
  throw new BybitRefusal(10001, 'params error: cursor invalid')
}

function orderbook(parameters: Parameters, world: World): unknown {
  const category = parameters.category()
  const of = parameters.symbol(category)
  const isOption = category === 'option'
  const limit = parameters.limit(isOption ? 1 : category === 'spot' ? 1 : 25, isOption ? 25 : 1000)
  const { now } = parameters
  const book = world.book(of.instrument, now, limit)
  const side = (levels: (typeof book)['bids']): string[][] =>
    levels.map(([price, size]) => [priceText(of, price), sizeText(of, size, price)])
  return { s: of.symbol, b: side(book.bids), a: side(book.asks), ts: now, u: bookId(now), seq: now * 1000, cts: now }
}

/** Update id of books that REST and stream begin with. */
export const bookId = (at: EpochMs): number => Math.floor(at / 20)

function tickers(parameters: Parameters, world: World): unknown {
  const category = parameters.category()
  if (category === 'option' && parameters.text('symbol') === undefined && parameters.text('baseCoin') === undefined)
    throw new BybitRefusal(10001, 'params error: symbol or baseCoin is required')
  const list = selected(parameters, category).map((of) => restTicker(world, of, parameters.now))
  return { category, list }
}

function fundingHistory(parameters: Parameters, world: World): unknown {
  const category = parameters.category('linear', 'inverse')
  const of = parameters.symbol(category)
  if (!isPerpetual(of)) throw new BybitRefusal(10001, 'params error: symbol invalid')
  const { from, to } = parameters.span('startTime', 'endTime')
  if (from !== undefined && to === undefined)
    throw new BybitRefusal(10001, 'params error: endTime is required with startTime')
  const limit = parameters.limit(200, 200)
  const end = Math.min(to ?? parameters.now, parameters.now)
  // The shortest interval there is bounds how far back a page can reach; the longest one how far it must.
  const start = Math.max(from ?? end - limit * 8 * HOUR_MS, oldestOf(of, world))
  const rows = start > end ? [] : world.settlements(of.instrument, start - 1, end)
  const list = rows
    .slice(-limit)
    .reverse()
    .map(({ ts, rate }) => ({
      symbol: of.symbol,
      fundingRate: rate.toFixed(8),
      fundingRateTimestamp: String(ts),
    }))
  return { category, list }
}

function openInterest(parameters: Parameters, world: World): unknown {
  const category = parameters.category('linear', 'inverse')
  const of = parameters.symbol(category)
  const stepMs = parameters.choice('intervalTime', OPEN_INTEREST_MS)
  const limit = parameters.limit(50, 200)
  const { from, to } = parameters.span('startTime', 'endTime')
  const before = cursorOf(parameters, 'lasttime')
  const span = { from, to: before === 0 ? to : before - 1 }
  const times = openTimes(span, stepMs, limit, parameters.now, oldestOf(of, world))
  const list = times.map((ts) => ({ ...openInterestFields(world, of, ts), timestamp: String(ts) }))
  const last = times.at(-1)
  return {
    symbol: of.symbol,
    category,
    list,
    nextPageCursor: last !== undefined && times.length === limit ? cursor('lasttime', last) : '',
  }
}

function recentTrades(parameters: Parameters, world: World): unknown {
  const category = parameters.category()
  const limit = parameters.limit(category === 'spot' ? 60 : 500, category === 'spot' ? 60 : 1000)
  const listed = category === 'option' ? selected(parameters, category) : [parameters.symbol(category)]
  const { now } = parameters
  const rows = listed.flatMap((of) => newestTrades(world, of, limit, now).map((trade) => ({ of, trade })))
  rows.sort((a, b) => b.trade.ts - a.trade.ts || b.trade.id - a.trade.id)
  const list = rows.slice(0, limit).map(({ of, trade }) => ({
    execId: tradeId(of, trade.id),
    symbol: of.symbol,
    price: priceText(of, trade.price),
    size: sizeText(of, trade.size, trade.price),
    side: trade.aggressor === 'buy' ? 'Buy' : 'Sell',
    time: String(trade.ts),
    isBlockTrade: false,
    isRPITrade: false,
    seq: String(trade.id),
  }))
  return { category, list }
}

function newestTrades(world: World, of: Listed, limit: number, now: EpochMs): readonly WorldTrade[] {
  let rows: readonly WorldTrade[] = []
  for (let back = MINUTE_MS; rows.length < limit && back <= TRADES_BACK_MS; back *= 4)
    rows = world.trades(of.instrument, Math.max(world.start, now - back), now)
  return rows.slice(-limit)
}

/** Played with the volatility index of the coin, whatever the period. */
function volatility(parameters: Parameters, world: World): unknown {
  parameters.category('option')
  const period = parameters.whole('period') ?? 7
  const base = parameters.text('baseCoin') ?? 'BTC'
  const { from, to } = parameters.span('startTime', 'endTime')
  const times = openTimes({ from, to }, HOUR_MS, 720, parameters.now, world.start)
  return times.map((ts) => ({ period, value: world.volatility(base, ts).toFixed(8), time: String(ts) }))
}

/** The crowd is long where longs pay. */
function accountRatio(parameters: Parameters, world: World): unknown {
  const category = parameters.category('linear', 'inverse')
  const of = parameters.symbol(category)
  const stepMs = parameters.choice('period', OPEN_INTEREST_MS)
  const limit = parameters.limit(50, 500)
  const times = openTimes(parameters.span('startTime', 'endTime'), stepMs, limit, parameters.now, oldestOf(of, world))
  const list = times.map((ts) => {
    const tilt = isPerpetual(of) ? world.fundingRate(of.instrument, ts) * 200 : 0
    const buy = Math.min(0.9, Math.max(0.1, 0.5 + tilt)).toFixed(4)
    return { symbol: of.symbol, buyRatio: buy, sellRatio: (1 - Number(buy)).toFixed(4), timestamp: String(ts) }
  })
  return { list, nextPageCursor: '' }
}

/** By path. */
export const MARKET_CALLS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['/v5/market/instruments-info', instruments],
  ['/v5/market/kline', kline],
  ['/v5/market/mark-price-kline', valueKline(markAt)],
  ['/v5/market/index-price-kline', valueKline(indexAt)],
  ['/v5/market/premium-index-price-kline', valueKline(premiumAt)],
  ['/v5/market/orderbook', orderbook],
  ['/v5/market/tickers', tickers],
  ['/v5/market/funding/history', fundingHistory],
  ['/v5/market/open-interest', openInterest],
  ['/v5/market/recent-trade', recentTrades],
  ['/v5/market/historical-volatility', volatility],
  ['/v5/market/account-ratio', accountRatio],
  ['/v5/market/time', timeOf],
])

function timeOf({ now }: Parameters): unknown {
  return { timeSecond: String(Math.floor(now / 1000)), timeNano: `${now}000000` }
}
