/** Owns the public and private REST endpoints of the simulated OKX. Never counts limits. */
import { DAY_MS, type EpochMs, floorTo, HOUR_MS, MINUTE_MS } from '#core/time'
import { KEY_RIGHTS, mayDo, type SimContext, type SimReply } from '../protocol.port.js'
import type { WorldTrade } from '../world.port.js'
import { BARS, barsOf, openOf } from './bars.js'
import { BOOK_LEVELS } from './book-feed.js'
import { answered, refused } from './errors.js'
import { type Listing, listedAt, text } from './listing.js'
import { type Desk, type Endpoint, fitting, limitOf, listing, refuse, whole } from './query.js'
import {
  candleRow,
  expiryOf,
  fundingRow,
  indexRow,
  instrumentRow,
  levelRows,
  liquidationRow,
  markRow,
  openInterestPoint,
  openInterestRow,
  optionRow,
  type Row,
  tradeRow,
} from './rows.js'

/** Bars of `market/candles` reach back so far. */
const NEWEST_BARS = 1440
/** The venue keeps three months of funding rates. */
const FUNDING_KEPT_MS = 92 * DAY_MS
/** Points of open interest that are kept of each period. */
const POINTS_KEPT = 1440

/** `after` asks for what is older, `before` for what is newer; with `before` alone the newest page comes. */
function candles(isHistory: boolean): Endpoint {
  return (query, desk) => {
    const { world } = desk.context
    const now = desk.context.now()
    const of = listing(query, desk)
    const spec = BARS.get(query.get('bar') ?? '1m') ?? refuse('51000', 'bar')
    const limit = limitOf(query, 100, 300)
    const after = Math.min(whole(query, 'after', now + 1), now + 1)
    const before = whole(query, 'before', 0)
    const newest = openOf(spec, now)
    const earliest = isHistory ? world.start : Math.max(world.start, newest - (NEWEST_BARS - 1) * spec.ms)
    const last = openOf(spec, after - 1)
    const from = Math.max(openOf(spec, before) + spec.ms, earliest, last - (limit - 1) * spec.ms)
    if (from >= after) return answered([])
    const rows = barsOf(world, of.instrument, spec, from, after, now)
      .map((bar) => ({ bar, isClosed: bar.openTime + spec.ms <= now }))
      .filter(({ bar, isClosed }) => bar.openTime > before && bar.openTime < after && (isClosed || !isHistory))
    return answered(rows.map(({ bar, isClosed }) => candleRow(of, bar, isClosed)).reverse())
  }
}

/** The newest `limit` trades before an instant, newest first; looks back over doubling spans, at most a day. */
function newestTrades(desk: Desk, of: Listing, before: EpochMs, limit: number): readonly WorldTrade[] {
  for (let span = MINUTE_MS; ; span *= 2) {
    const trades = desk.context.world.trades(of.instrument, before - Math.min(span, DAY_MS), before)
    if (trades.length >= limit || span >= DAY_MS) return trades.slice(-limit).reverse()
  }
}

function historyTrades(query: URLSearchParams, desk: Desk): SimReply {
  const of = listing(query, desk)
  const limit = limitOf(query, 100, 100)
  const now = desk.context.now()
  if (query.get('type') === '2') {
    const before = Math.min(whole(query, 'after', now + 1) - 1, now)
    return answered(newestTrades(desk, of, before, limit).map((trade) => tradeRow(of, trade)))
  }
  const after = whole(query, 'after', Number.MAX_SAFE_INTEGER)
  const older = desk.context.world.trades(of.instrument, now - DAY_MS, now).filter(({ id }) => id < after)
  const rows = older.slice(-limit).reverse()
  return answered(rows.map((trade) => tradeRow(of, trade)))
}

function book(query: URLSearchParams, desk: Desk): SimReply {
  const of = listing(query, desk)
  const depth = Math.min(limitOf(query, 1, 5000, 'sz'), BOOK_LEVELS)
  const { ts, seqId, book: levels } = desk.books(of, desk.context.now())
  return answered([
    {
      asks: levelRows(of, levels.asks.slice(0, depth)),
      bids: levelRows(of, levels.bids.slice(0, depth)),
      ts: String(ts),
      seqId,
    },
  ])
}

function fundingRate(query: URLSearchParams, desk: Desk): SimReply {
  const { world } = desk.context
  const now = desk.context.now()
  if (query.get('instId') === 'ANY') {
    const swaps = [...listedAt(world, now).values()].filter(({ instType }) => instType === 'SWAP')
    return answered(swaps.map((of) => fundingRow(world, of, now)))
  }
  const of = listing(query, desk)
  return of.instType === 'SWAP' ? answered([fundingRow(world, of, now)]) : refused('51000', 'instId')
}

function fundingHistory(query: URLSearchParams, desk: Desk): SimReply {
  const { world } = desk.context
  const now = desk.context.now()
  const of = listing(query, desk)
  if (of.instType !== 'SWAP') return refused('51000', 'instId')
  const limit = limitOf(query, 400, 400)
  const from = Math.max(whole(query, 'before', 0), now - FUNDING_KEPT_MS, world.start)
  const to = Math.min(whole(query, 'after', now + 1) - 1, now)
  const rows = to <= from ? [] : world.settlements(of.instrument, from, to).slice(-limit)
  return answered(
    rows
      .map(({ ts, rate }) => ({
        formulaType: 'withRate',
        fundingRate: text(rate),
        fundingTime: String(ts),
        instId: of.instId,
        instType: of.instType,
        method: 'current_period',
        realizedRate: text(rate),
      }))
      .reverse(),
  )
}

function openInterestHistory(query: URLSearchParams, desk: Desk): SimReply {
  const { world } = desk.context
  const now = desk.context.now()
  const of = listing(query, desk)
  if (of.instType !== 'SWAP' && of.instType !== 'FUTURES') return refused('51000', 'instId')
  const spec = BARS.get(query.get('period') ?? '5m')
  if (spec === undefined || spec.ms < 5 * MINUTE_MS) return refused('51000', 'period')
  const limit = limitOf(query, 100, 100)
  const newest = openOf(spec, Math.min(whole(query, 'end', now), now))
  const oldest = openOf(spec, now) - (POINTS_KEPT - 1) * spec.ms
  const from = Math.max(whole(query, 'begin', 0), oldest, of.instrument.listedAt, world.start)
  const rows: unknown[] = []
  for (let ts = newest; ts >= from && rows.length < limit; ts -= spec.ms) rows.push(openInterestPoint(world, of, ts))
  return answered(rows)
}

function liquidations(query: URLSearchParams, desk: Desk): SimReply {
  const { world } = desk.context
  const now = desk.context.now()
  const limit = limitOf(query, 100, 100)
  const rows = fitting(query, desk, true).flatMap((of) =>
    world
      .trades(of.instrument, now - HOUR_MS, now)
      .filter(({ isLiquidation }) => isLiquidation)
      .map((trade) => liquidationRow(of, trade)),
  )
  return answered(rows.slice(-limit).reverse())
}

function indices(query: URLSearchParams, desk: Desk): SimReply {
  const { world } = desk.context
  const now = desk.context.now()
  const families = [...new Set([...listedAt(world, now).values()].map(({ family }) => family))]
  const [instId, quote] = [query.get('instId'), query.get('quoteCcy')]
  if (instId === null && quote === null) return refused('50015', 'instId or quoteCcy')
  const fit = families.filter((name) => (instId === null ? name.endsWith(`-${quote}`) : name === instId))
  return instId !== null && fit.length === 0
    ? refused('51014')
    : answered(fit.map((name) => indexRow(world, name, now)))
}

function optionSummary(query: URLSearchParams, desk: Desk): SimReply {
  const family = query.get('instFamily') ?? query.get('uly')
  if (family === null) return refused('50015', 'uly or instFamily')
  const asked = new URLSearchParams({ instType: 'OPTION', instFamily: family })
  const expTime = query.get('expTime')
  const now = desk.context.now()
  const rows = fitting(asked, desk, true).filter((of) => expTime === null || expiryOf(of) === expTime)
  return answered(rows.map((of) => optionRow(desk.context.world, of, now)))
}

function underlying(query: URLSearchParams, desk: Desk): SimReply {
  const rows = fitting(query, desk, false)
  return answered([[...new Set(rows.map(({ family }) => family))]])
}

/** One account with cash and nothing else. */
function balance(_query: URLSearchParams, { context }: Desk): SimReply {
  const uTime = String(floorTo(context.now(), MINUTE_MS))
  const detail = { ccy: 'USDT', eq: '100000', cashBal: '100000', availBal: '100000', availEq: '100000', frozenBal: '0' }
  return answered([
    { totalEq: '100000', adjEq: '', isoEq: '0', uTime, details: [{ ...detail, eqUsd: '100000', uTime }] },
  ])
}

const each =
  (row: (of: Listing, desk: Desk, now: EpochMs) => Row): Endpoint =>
  (query, desk) => {
    const now = desk.context.now()
    return answered(fitting(query, desk, true).map((of) => row(of, desk, now)))
  }

/** By path below /api/v5. */
export const PUBLIC: Readonly<Record<string, Endpoint>> = {
  '/public/time': (_, { context }) => answered([{ ts: String(context.now()) }]),
  '/public/instruments': each((of) => instrumentRow(of, 'live')),
  '/public/underlying': underlying,
  '/market/candles': candles(false),
  '/market/history-candles': candles(true),
  '/market/books': book,
  '/market/books-full': book,
  '/market/ticker': (query, desk) => answered([desk.ticker(listing(query, desk), desk.context.now())]),
  '/market/tickers': (query, desk) =>
    answered(fitting(query, desk, false).map((of) => desk.ticker(of, desk.context.now()))),
  '/market/trades': (query, desk) => {
    const of = listing(query, desk)
    const trades = newestTrades(desk, of, desk.context.now(), limitOf(query, 100, 500))
    return answered(trades.map((trade) => tradeRow(of, trade)))
  },
  '/market/history-trades': historyTrades,
  '/market/index-tickers': indices,
  '/public/funding-rate': fundingRate,
  '/public/funding-rate-history': fundingHistory,
  '/public/open-interest': each((of, { context }, now) => openInterestRow(context.world, of, now)),
  '/rubik/stat/contracts/open-interest-history': openInterestHistory,
  '/public/mark-price': each((of, { context }, now) => markRow(context.world, of, now)),
  '/public/opt-summary': optionSummary,
  '/public/liquidation-orders': liquidations,
  '/system/status': () => answered([]),
}

const PERMISSIONS = { read: 'read_only', trade: 'trade', withdraw: 'withdraw' } as const
const permissionsOf = (context: SimContext): string =>
  KEY_RIGHTS.filter((right) => mayDo(context, right))
    .map((right) => PERMISSIONS[right])
    .join(',')

/** As {@link PUBLIC}; they need a signature. */
export const PRIVATE: Readonly<Record<string, Endpoint>> = {
  '/account/balance': balance,
  '/account/config': (_, { context }) =>
    answered([{ acctLv: '2', posMode: 'net_mode', uid: '1', perm: permissionsOf(context) }]),
  '/asset/currencies': () => answered([]),
}
