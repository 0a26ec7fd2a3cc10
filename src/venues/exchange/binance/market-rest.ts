/** Owns answers about markets: bars, books, trades, tickers. All of it from the world, in Binance's units and columns. */
import { DAY_MS, type DurationMs, type EpochMs, floorTo, HOUR_MS, SECOND_MS } from '#core/time'
import type { World, WorldBar, WorldTrade } from '../world.port.js'
import { bookAt, stepOf, timeOfStep, updateIdOf } from './books.js'
import { AGG_TRADES_WINDOW_MS, COINM_WINDOW_MS, KLINES_MAX } from './limits.js'
import { BinanceRefusal, type Parameters } from './requests.js'
import { type Listed, markText, priceText, sizeText, volumeTexts } from './symbols.js'

/** The world says no takers' side by bar: half is given. */
const TAKER_SHARE = 0.5

export function klineRow(of: Listed, bar: WorldBar, ms: DurationMs): unknown[] {
  const [volume, other] = volumeTexts(of, bar.volume, bar.quoteVolume)
  const [taker, takerOther] = volumeTexts(of, bar.volume * TAKER_SHARE, bar.quoteVolume * TAKER_SHARE)
  const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map((price) => priceText(of, price))
  return [
    bar.openTime,
    open,
    high,
    low,
    close,
    volume,
    bar.openTime + ms - 1,
    other,
    bar.trades,
    taker,
    takerOther,
    '0',
  ]
}

/** The span of bars that is asked for: `[from, to)`. COIN-M gives the newest rows of a window, the others the oldest. */
function barSpan(of: Listed, p: Parameters, ms: DurationMs, limit: number): readonly [EpochMs, EpochMs] {
  const start = p.time('startTime')
  const end = Math.min(p.time('endTime') ?? p.now, p.now)
  const isNewest = start === undefined || of.market === 'coinm'
  if (of.market === 'coinm' && start !== undefined && end - start > COINM_WINDOW_MS)
    throw new BinanceRefusal(400, -1128, 'Combination of optional parameters invalid.')
  const first = Math.max(start ?? 0, of.instrument.listedAt)
  const from = Math.ceil(first / ms) * ms
  const to = floorTo(end, ms) + ms
  return isNewest ? [Math.max(from, to - limit * ms), to] : [from, Math.min(to, from + limit * ms)]
}

export function klines(world: World, of: Listed, p: Parameters): unknown {
  const ms = p.interval()
  const [from, to] = barSpan(of, p, ms, p.limit(500, KLINES_MAX[p.market]))
  if (from >= to) return []
  return world.bars(of.instrument, ms, from, to, p.now).map((bar) => klineRow(of, bar, ms))
}

/** Bars of a price that is not traded: mark, index or premium, sampled five times a bar. */
export function priceKlines(of: Listed, p: Parameters, priceAt: (at: EpochMs) => number): unknown {
  const ms = p.interval()
  const [from, to] = barSpan(of, p, ms, p.limit(500, KLINES_MAX[p.market]))
  const rows: unknown[] = []
  for (let open = from; open < to; open += ms) {
    const end = Math.min(open + ms - 1, p.now)
    const samples = [0, 1, 2, 3, 4].map((i) => priceAt(open + Math.floor(((end - open) * i) / 4)))
    const [o, h, l, c] = [samples[0]!, Math.max(...samples), Math.min(...samples), samples[4]!].map(markText)
    rows.push([open, o, h, l, c, '0', open + ms - 1, '0', 0, '0', '0', '0'])
  }
  return rows
}

export function depth(world: World, of: Listed, p: Parameters, limit: number): unknown {
  const step = stepOf(p.now)
  const { bids, asks } = bookAt(world, of, step, limit)
  const at = timeOfStep(step)
  const isCoin = of.market === 'coinm'
  return {
    lastUpdateId: updateIdOf(step),
    ...(of.market === 'spot' ? {} : { E: p.now, T: at }),
    ...(isCoin ? { symbol: of.symbol, pair: of.pair } : {}),
    bids,
    asks,
  }
}

const LONGEST_LOOK_MS = 6 * HOUR_MS

/** The newest trades, looked for in spans that double. */
function newestTrades(world: World, of: Listed, now: EpochMs, limit: number): readonly WorldTrade[] {
  for (let span = 10 * SECOND_MS; ; span *= 2) {
    const found = world.trades(of.instrument, now - span, now)
    if (found.length >= limit || span >= LONGEST_LOOK_MS) return found.slice(-limit)
  }
}

export function trades(world: World, of: Listed, p: Parameters): unknown {
  return newestTrades(world, of, p.now, p.limit(500, 1000)).map((trade) => {
    const qty = sizeText(of, trade.size, trade.price)
    return {
      id: trade.id,
      price: priceText(of, trade.price),
      qty,
      ...(of.contractUsd > 0
        ? { baseQty: ((Number(qty) * of.contractUsd) / trade.price).toFixed(8) }
        : { quoteQty: (trade.size * trade.price).toFixed(8) }),
      time: trade.ts,
      isBuyerMaker: trade.aggressor === 'sell',
      ...(of.market === 'spot' ? { isBestMatch: true } : {}),
    }
  })
}

/** Each trade is an aggregate of its own. */
export function aggTradeRow(of: Listed, trade: WorldTrade): Readonly<Record<string, unknown>> {
  return {
    a: trade.id,
    p: priceText(of, trade.price),
    q: sizeText(of, trade.size, trade.price),
    f: trade.id,
    l: trade.id,
    T: trade.ts,
    m: trade.aggressor === 'sell',
  }
}

export function aggTrades(world: World, of: Listed, p: Parameters): unknown {
  const limit = p.limit(500, 1000)
  if (p.text('fromId') !== undefined) throw new BinanceRefusal(400, -1128, 'fromId is not played.')
  const [start, end] = [p.time('startTime'), p.time('endTime')]
  if (start !== undefined && end !== undefined && of.market !== 'spot' && end - start > AGG_TRADES_WINDOW_MS)
    throw new BinanceRefusal(400, -4165, 'Invalid time interval.')
  const found =
    start === undefined
      ? newestTrades(world, of, Math.min(end ?? p.now, p.now), limit)
      : world.trades(of.instrument, start - 1, Math.min(end ?? start + AGG_TRADES_WINDOW_MS, p.now)).slice(0, limit)
  return found.map((trade) => ({ ...aggTradeRow(of, trade), ...(of.market === 'spot' ? { M: true } : {}) }))
}

export interface DayStatistics {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly last: number
  readonly volume: number
  readonly quoteVolume: number
  readonly trades: number
  readonly openTime: EpochMs
}

/** Of the hours that began in the last 24. */
export function dayStatistics(world: World, of: Listed, now: EpochMs): DayStatistics {
  const openTime = Math.max(floorTo(now - DAY_MS, HOUR_MS) + HOUR_MS, floorTo(of.instrument.listedAt, HOUR_MS))
  const bars = world.bars(of.instrument, HOUR_MS, openTime, now + 1, now)
  const price = world.quote(of.instrument, now).bid
  const sum = (pick: (bar: WorldBar) => number): number => bars.reduce((total, bar) => total + pick(bar), 0)
  return {
    open: bars[0]?.open ?? price,
    high: Math.max(...bars.map(({ high }) => high), bars.length === 0 ? price : 0),
    low: Math.min(...bars.map(({ low }) => low), bars.length === 0 ? price : Number.POSITIVE_INFINITY),
    last: bars.at(-1)?.close ?? price,
    volume: sum(({ volume }) => volume),
    quoteVolume: sum(({ quoteVolume }) => quoteVolume),
    trades: sum((bar) => bar.trades),
    openTime,
  }
}

export function ticker24h(world: World, of: Listed, now: EpochMs): unknown {
  const day = dayStatistics(world, of, now)
  const [volume, other] = volumeTexts(of, day.volume, day.quoteVolume)
  const text = (price: number): string => priceText(of, price)
  const mean = day.volume > 0 ? day.quoteVolume / day.volume : day.last
  const { bid, ask, bidSize, askSize } = world.quote(of.instrument, timeOfStep(stepOf(now)))
  return {
    symbol: of.symbol,
    ...(of.market === 'coinm' ? { pair: of.pair } : {}),
    priceChange: text(day.last - day.open),
    priceChangePercent: ((day.last / day.open - 1) * 100).toFixed(3),
    weightedAvgPrice: text(mean),
    lastPrice: text(day.last),
    lastQty: of.lot,
    openPrice: text(day.open),
    highPrice: text(day.high),
    lowPrice: text(day.low),
    volume,
    ...(of.market === 'coinm' ? { baseVolume: other } : { quoteVolume: other }),
    ...(of.market === 'spot'
      ? {
          prevClosePrice: text(day.open),
          bidPrice: text(bid),
          bidQty: sizeText(of, bidSize, bid),
          askPrice: text(ask),
          askQty: sizeText(of, askSize, ask),
        }
      : {}),
    openTime: day.openTime,
    closeTime: now,
    firstId: 0,
    lastId: day.trades,
    count: day.trades,
  }
}

export function bookTicker(world: World, of: Listed, now: EpochMs): unknown {
  const step = stepOf(now)
  const { bid, ask, bidSize, askSize } = world.quote(of.instrument, timeOfStep(step))
  return {
    symbol: of.symbol,
    ...(of.market === 'coinm' ? { pair: of.pair } : {}),
    bidPrice: priceText(of, bid),
    bidQty: sizeText(of, bidSize, bid),
    askPrice: priceText(of, ask),
    askQty: sizeText(of, askSize, ask),
    ...(of.market === 'spot' ? {} : { time: timeOfStep(step), lastUpdateId: updateIdOf(step) }),
  }
}
