/**
 * Owns the streams of the simulated Binance: which names there are, on which path of USD-M, and what each sends of a span of
 * time. Trades and closed bars are sent one by one; pictures (quotes, marks, books, running bars) only as they are at the end.
 */
import { type DurationMs, type EpochMs, floorTo, SECOND_MS } from '#core/time'
import type { World } from '../world.port.js'
import { type BookText, bookAt, changes, stepOf, timeOfStep, updateIdOf } from './books.js'
import { nextFundingAt } from './futures-rest.js'
import { BAR_MS, BOOK_DEPTH, type Market } from './limits.js'
import { aggTradeRow, klineRow } from './market-rest.js'
import { futureKeys, isPerpetual, type Listed, markText, priceText, type SymbolTable, sizeText } from './symbols.js'
import { miniTickerEvent, tickerEvent } from './ticker-events.js'

/** What `(from, to]` brought, as payloads of the stream. */
export type Stream = (from: EpochMs, to: EpochMs) => readonly unknown[]
export type Group = 'public' | 'market' | 'private'

export interface Floor {
  readonly world: World
  readonly table: SymbolTable
}

/** Calls `make` when a multiple of `everyMs` lies in the span. */
const every =
  (everyMs: DurationMs, make: (at: EpochMs) => readonly unknown[]): Stream =>
  (from, to) => {
    const at = floorTo(to, everyMs)
    return at > from ? make(at) : []
  }

/** Which path of USD-M a stream belongs to (binance.md 6.2). */
export const groupOf = (name: string): Group =>
  /@(?:bookTicker|depth|rpiDepth|trade$)/.test(name) || name === '!bookTicker' ? 'public' : 'market'

/** The stream of a name; undefined where there is none: the venue acknowledges it and stays silent. */
export function streamOf(name: string, market: Market, floor: Floor, now: EpochMs): Stream | undefined {
  if (name.startsWith('!')) return allStream(name, market, floor)
  const at = name.indexOf('@')
  if (at < 1) return undefined
  const [symbol, topic] = [name.slice(0, at), name.slice(at + 1)]
  if (symbol !== symbol.toLowerCase()) return undefined
  if (market === 'coinm' && topic.startsWith('indexPrice')) return indexStream(symbol.toUpperCase(), floor, now)
  const of = floor.table.find(market, symbol.toUpperCase(), now)
  return of === undefined ? undefined : symbolStream(of, topic, floor)
}

function symbolStream(of: Listed, topic: string, { world, table }: Floor): Stream | undefined {
  const listed = (stream: Stream | undefined): Stream | undefined =>
    // A symbol that was delisted falls silent.
    stream && ((from, to) => (table.find(of.market, of.symbol, to) === undefined ? [] : stream(from, to)))
  const isFuture = of.market !== 'spot'
  if (topic.startsWith('kline_')) return listed(klineStream(world, of, topic.slice(6)))
  if (topic === 'trade') return listed(tradeStream(world, of))
  if (topic === 'aggTrade') return listed(aggTradeStream(world, of))
  if (topic === 'bookTicker') return listed(quoteStream(world, of))
  if (topic === 'ticker') return listed(every(isFuture ? 2000 : SECOND_MS, (at) => [tickerEvent(world, of, at)]))
  if (topic === 'miniTicker') return listed(every(SECOND_MS, (at) => [miniTickerEvent(world, of, at)]))
  const depth = /^depth(5|10|20)?(?:@(100|250|500|1000)ms)?$/.exec(topic)
  if (depth !== null) {
    const everyMs = Number(depth[2] ?? (isFuture ? 250 : 1000))
    return listed(
      depth[1] === undefined ? diffStream(world, of, everyMs) : topStream(world, of, Number(depth[1]), everyMs),
    )
  }
  if (!isFuture) return undefined
  if (/^markPrice(?:@[13]s)?$/.test(topic))
    return listed(every(topic.endsWith('@1s') ? 1000 : 3000, (at) => [markEvent(world, of, at)]))
  return topic === 'forceOrder' ? listed(liquidationStream(world, of)) : undefined
}

function klineStream(world: World, of: Listed, interval: string): Stream | undefined {
  const ms = BAR_MS[interval]
  if (ms === undefined || (interval === '1s' && of.market !== 'spot')) return undefined
  const running = of.market === 'spot' && interval !== '1s' ? 2000 : 250
  const event = (bar: Parameters<typeof klineRow>[1], at: EpochMs, isClosed: boolean): unknown => {
    const [t, o, h, l, c, v, T, q, n, V, Q] = klineRow(of, bar, ms)
    return {
      e: 'kline',
      E: at,
      s: of.symbol,
      ...(of.market === 'spot' ? {} : futureKeys(of)),
      k: { t, T, s: of.symbol, i: interval, f: 0, L: bar.trades, o, c, h, l, v, n, x: isClosed, q, V, Q, B: '0' },
    }
  }
  return (from, to) => {
    const frames: unknown[] = []
    const now = floorTo(to, ms)
    const first = Math.max(floorTo(from, ms), of.instrument.listedAt)
    if (now > floorTo(from, ms))
      for (const bar of world.bars(of.instrument, ms, first, now, to)) frames.push(event(bar, bar.openTime + ms, true))
    if (floorTo(to, running) > from)
      for (const bar of world.bars(of.instrument, ms, now, now + ms, to))
        if (bar.trades > 0) frames.push(event(bar, to, false))
    return frames
  }
}

const tradeStream =
  (world: World, of: Listed): Stream =>
  (from, to) =>
    world.trades(of.instrument, from, to).map((trade) => ({
      e: 'trade',
      E: trade.ts,
      ...(of.market === 'spot' ? {} : futureKeys(of)),
      T: trade.ts,
      s: of.symbol,
      t: trade.id,
      p: priceText(of, trade.price),
      q: sizeText(of, trade.size, trade.price),
      ...(of.market === 'spot' ? { M: true } : { X: 'MARKET' }),
      m: trade.aggressor === 'sell',
    }))

const aggTradeStream =
  (world: World, of: Listed): Stream =>
  (from, to) =>
    world.trades(of.instrument, from, to).map((trade) => ({
      e: 'aggTrade',
      E: trade.ts,
      s: of.symbol,
      ...aggTradeRow(of, trade),
      ...(of.market === 'spot' ? { M: true } : { ...futureKeys(of), nq: sizeText(of, trade.size, trade.price) }),
    }))

function quoteStream(world: World, of: Listed): Stream {
  let last = ''
  return (from, to) => {
    const step = stepOf(to)
    if (timeOfStep(step) <= from) return []
    const at = timeOfStep(step)
    const { bid, ask, bidSize, askSize } = world.quote(of.instrument, at)
    const [b, a] = [priceText(of, bid), priceText(of, ask)]
    const [B, A] = [sizeText(of, bidSize, bid), sizeText(of, askSize, ask)]
    const picture = `${b} ${B} ${a} ${A}`
    if (picture === last) return []
    last = picture
    const u = updateIdOf(step)
    return of.market === 'spot'
      ? [{ u, s: of.symbol, b, B, a, A }]
      : [{ e: 'bookTicker', u, s: of.symbol, ...futureKeys(of), b, B, a, A, T: at, E: at }]
  }
}

/** One diff for all that changed since the last one, so that ids chain at any pace. */
function diffStream(world: World, of: Listed, everyMs: DurationMs): Stream {
  let last: { readonly step: number; readonly book: BookText } | undefined
  return (from, to) => {
    const step = stepOf(floorTo(to, everyMs))
    if (last === undefined) {
      const before = stepOf(floorTo(from, everyMs))
      last = { step: before, book: bookAt(world, of, before) }
    }
    if (step <= last.step) return []
    const { step: lastStep, book: before } = last
    const book = bookAt(world, of, step)
    last = { step, book }
    const at = timeOfStep(step)
    return [
      {
        e: 'depthUpdate',
        E: at,
        ...(of.market === 'spot' ? {} : { T: at }),
        s: of.symbol,
        ...futureKeys(of),
        U: updateIdOf(lastStep) + 1,
        u: updateIdOf(step),
        ...(of.market === 'spot' ? {} : { pu: updateIdOf(lastStep) }),
        b: changes(of, before.bids, book.bids),
        a: changes(of, before.asks, book.asks),
      },
    ]
  }
}

const topStream = (world: World, of: Listed, depth: number, everyMs: DurationMs): Stream =>
  every(everyMs, (at) => {
    const step = stepOf(at)
    const { bids, asks } = bookAt(world, of, step, Math.min(depth, BOOK_DEPTH))
    const u = updateIdOf(step)
    if (of.market === 'spot') return [{ lastUpdateId: u, bids, asks }]
    const pu = updateIdOf(stepOf(at - everyMs))
    return [{ e: 'depthUpdate', E: at, T: at, s: of.symbol, ...futureKeys(of), U: pu + 1, u, pu, b: bids, a: asks }]
  })

function markEvent(world: World, of: Listed, at: EpochMs): unknown {
  const index = markText(world.index(of.instrument.base, at))
  const mark = markText(world.mark(of.instrument, at))
  return {
    e: 'markPriceUpdate',
    E: at,
    s: of.symbol,
    ...futureKeys(of),
    p: mark,
    ap: mark,
    P: index,
    i: index,
    r: isPerpetual(of) ? world.fundingRate(of.instrument, at).toFixed(8) : '',
    T: isPerpetual(of) ? nextFundingAt(world, of, at) : 0,
  }
}

/** The latest liquidation of a second alone. */
const liquidationStream = (world: World, of: Listed): Stream => {
  let lastSecond = -1
  return (from, to) => {
    const latest = new Map(
      world
        .trades(of.instrument, from, to)
        .filter(({ isLiquidation }) => isLiquidation)
        .map((trade) => [floorTo(trade.ts, SECOND_MS), trade]),
    )
    return [...latest].flatMap(([second, trade]) => {
      if (second === lastSecond) return []
      lastSecond = second
      const price = priceText(of, trade.price)
      const size = sizeText(of, trade.size, trade.price)
      const S = trade.aggressor === 'sell' ? 'SELL' : 'BUY'
      const order = { o: 'LIMIT', f: 'IOC', q: size, p: price, ap: price, X: 'FILLED', l: size, z: size, T: trade.ts }
      return [{ e: 'forceOrder', E: trade.ts, ...futureKeys(of), o: { s: of.symbol, S, ...order } }]
    })
  }
}

function indexStream(pair: string, { world, table }: Floor, now: EpochMs): Stream | undefined {
  const of = table.all('coinm', now).find((listed) => listed.pair === pair)
  if (of === undefined) return undefined
  return every(SECOND_MS, (at) => [
    { e: 'indexPriceUpdate', E: at, i: pair, p: markText(world.index(of.instrument.base, at)) },
  ])
}

function allStream(name: string, market: Market, { world, table }: Floor): Stream | undefined {
  if (market === 'spot') {
    return name === '!miniTicker@arr'
      ? every(SECOND_MS, (at) => [table.all(market, at).map((of) => miniTickerEvent(world, of, at))])
      : undefined
  }
  switch (name) {
    case '!markPrice@arr':
    case '!markPrice@arr@1s':
      return every(name.endsWith('1s') ? 1000 : 3000, (at) => [
        table.all(market, at).map((of) => markEvent(world, of, at)),
      ])
    case '!miniTicker@arr':
      return every(SECOND_MS, (at) => [table.all(market, at).map((of) => miniTickerEvent(world, of, at))])
    case '!contractInfo':
      return listingStream(market, table)
    default:
      return undefined
  }
}

/** Listings and what has gone, as far as the stream has seen them. */
function listingStream(market: Market, table: SymbolTable): Stream {
  let known: ReadonlyMap<string, Listed> | undefined
  return (_, to) => {
    const now = new Map(table.all(market, to).map((of) => [of.symbol, of]))
    const before = known ?? now
    known = now
    const event = (of: Listed, cs: string): unknown => ({
      e: 'contractInfo',
      E: to,
      s: of.symbol,
      ...futureKeys(of),
      ct: of.contractType,
      dt: of.instrument.expiresAt ?? 4_133_404_800_000,
      ot: of.instrument.listedAt,
      cs,
    })
    const gone = [...before.values()].filter(({ symbol }) => !now.has(symbol))
    const come = [...now.values()].filter(({ symbol }) => !before.has(symbol))
    return [
      ...gone.map((of) => event(of, (of.instrument.expiresAt ?? to + 1) <= to ? 'DELIVERED' : 'CLOSE')),
      ...come.map((of) => event(of, 'TRADING')),
    ]
  }
}
