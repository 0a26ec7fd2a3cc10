/**
 * Owns what the topics of the simulated Bybit send: what happened in `(from, to]` of trades, bars and liquidations, and the
 * state at `to` of tickers and books, once a tick. Each stream remembers what it sent on its connection, for deltas.
 */
import { type DurationMs, type EpochMs, floorTo, SECOND_MS } from '#core/time'
import type { World, WorldBook } from '../world.port.js'
import { bookId } from './market-rest.js'
import { KLINE_MS } from './requests.js'
import { type Category, type Listed, priceText, type SymbolTable, sizeText } from './symbols.js'
import { streamTicker, type TickerFields } from './tickers.js'
import { tradeId } from './trade-ids.js'

/** Frames of one topic, in order. */
export type Stream = (from: EpochMs, to: EpochMs) => readonly object[]

interface Place {
  readonly world: World
  readonly table: SymbolTable
  readonly category: Category
}

/** A running bar is sent this often. */
const KLINE_EVERY_MS = SECOND_MS
/** A best quote that did not change is repeated. */
const BEST_REPEAT_MS = 3 * SECOND_MS
const DEPTHS: Readonly<Record<Category, readonly string[]>> = {
  spot: ['1', '50', '200', '1000'],
  linear: ['1', '50', '200', '1000'],
  inverse: ['1', '50', '200', '1000'],
  option: ['25', '100'],
}

/** Undefined: no such topic, or no such symbol. */
export function streamOf(topic: string, place: Place, now: EpochMs): Stream | undefined {
  const parts = topic.split('.')
  const [family = '', second = ''] = parts
  const symbol = parts.length > 2 ? parts.slice(2).join('.') : second
  const { category, table } = place
  if (family === 'publicTrade' && category === 'option') {
    const isTraded = table.all('option', now).some((of) => of.instrument.base === second)
    return isTraded ? trades(topic, place, (of) => of.instrument.base === second) : undefined
  }
  const listed = table.find(category, symbol, now)
  if (listed === undefined) return undefined
  const isSymbolSecond = parts.length === 2
  if (family === 'tickers' && isSymbolSecond) return whileListed(place, listed, tickers(topic, place, listed))
  if (family === 'publicTrade' && isSymbolSecond) return trades(topic, place, (of) => of === listed)
  if (family === 'allLiquidation' && isSymbolSecond && (category === 'linear' || category === 'inverse'))
    return whileListed(place, listed, liquidations(topic, place, listed))
  if (family === 'orderbook' && DEPTHS[category].includes(second))
    return whileListed(place, listed, books(topic, place, listed, Number(second)))
  const stepMs = family === 'kline' && category !== 'option' ? KLINE_MS.get(second) : undefined
  return stepMs === undefined ? undefined : whileListed(place, listed, klines(topic, place, listed, second, stepMs))
}

/** A delisted symbol is silent. */
function whileListed({ table, category }: Place, of: Listed, stream: Stream): Stream {
  return (from, to) => (table.find(category, of.symbol, to) === undefined ? [] : stream(from, to))
}

/** Derivatives: a snapshot, then what changed; spot and options snapshots alone. */
function tickers(topic: string, { world, category }: Place, of: Listed): Stream {
  const everyMs: DurationMs = category === 'spot' ? 50 : 100
  const hasDeltas = category === 'linear' || category === 'inverse'
  let sent: TickerFields | undefined
  let sentAt = Number.NEGATIVE_INFINITY
  return (_from, to) => {
    if (to - sentAt < everyMs) return []
    const fields = streamTicker(world, of, to)
    const before = sent
    const changed = before === undefined ? fields : changes(before, fields)
    if (before !== undefined && Object.keys(changed).length === 0) return []
    sent = fields
    sentAt = to
    const isDelta = before !== undefined && hasDeltas
    const data = isDelta ? { symbol: of.symbol, ...changed } : fields
    return [{ topic, type: isDelta ? 'delta' : 'snapshot', data, cs: to, ts: to }]
  }
}

function changes(before: TickerFields, after: TickerFields): TickerFields {
  const changed: TickerFields = {}
  for (const [key, value] of Object.entries(after)) if (before[key] !== value) changed[key] = value
  return changed
}

function klines(topic: string, { world, category }: Place, of: Listed, name: string, stepMs: DurationMs): Stream {
  let sentAt = Number.NEGATIVE_INFINITY
  return (from, to) => {
    const frames: object[] = []
    for (const bar of world.bars(of.instrument, stepMs, floorTo(from, stepMs), to + 1, to)) {
      const end = bar.openTime + stepMs
      const isClosed = end <= to
      if (isClosed ? end <= from : to - sentAt < KLINE_EVERY_MS) continue
      if (!isClosed) sentAt = to
      const ts = isClosed ? end : to
      const isInUsd = category === 'inverse'
      const row = {
        start: bar.openTime,
        end: end - 1,
        interval: name,
        open: priceText(of, bar.open),
        close: priceText(of, bar.close),
        high: priceText(of, bar.high),
        low: priceText(of, bar.low),
        volume: isInUsd ? String(Math.round(bar.quoteVolume)) : bar.volume.toFixed(8),
        turnover: (isInUsd ? bar.volume : bar.quoteVolume).toFixed(8),
        confirm: isClosed,
        timestamp: ts,
      }
      frames.push({ topic, data: [row], ts, type: 'snapshot' })
    }
    return frames
  }
}

function trades(topic: string, { world, table, category }: Place, isMeant: (of: Listed) => boolean): Stream {
  return (from, to) => {
    const rows = table
      .all(category, to)
      .filter(isMeant)
      .flatMap((of) =>
        world.trades(of.instrument, from, to).map((trade) => ({
          T: trade.ts,
          s: of.symbol,
          S: trade.aggressor === 'buy' ? 'Buy' : 'Sell',
          v: sizeText(of, trade.size, trade.price),
          p: priceText(of, trade.price),
          L: 'PlusTick',
          i: tradeId(of, trade.id),
          BT: false,
          RPI: false,
          seq: trade.id,
        })),
      )
    rows.sort((a, b) => a.T - b.T)
    const frames: object[] = []
    // At most 1024 trades a message.
    for (let i = 0; i < rows.length; i += 1024)
      frames.push({ topic, type: 'snapshot', ts: to, data: rows.slice(i, i + 1024) })
    return frames
  }
}

/** The taker who sells closes a long: the side told is the position's. */
function liquidations(topic: string, { world }: Place, of: Listed): Stream {
  return (from, to) => {
    const data = world
      .trades(of.instrument, from, to)
      .filter((trade) => trade.isLiquidation)
      .map((trade) => ({
        T: trade.ts,
        s: of.symbol,
        S: trade.aggressor === 'sell' ? 'Buy' : 'Sell',
        v: sizeText(of, trade.size, trade.price),
        p: priceText(of, trade.price),
      }))
    return data.length === 0 ? [] : [{ topic, type: 'snapshot', ts: to, data }]
  }
}

type Side = ReadonlyMap<string, string>

const sideOf = (of: Listed, levels: WorldBook['bids']): Side =>
  new Map(levels.map(([price, size]) => [priceText(of, price), sizeText(of, size, price)]))

/** Depth 1 sends snapshots alone and repeats them; deeper ones a snapshot, then deltas with ids that step by one. */
function books(topic: string, { world, category }: Place, of: Listed, depth: number): Stream {
  let sent: { readonly bids: Side; readonly asks: Side } | undefined
  let sentAt = Number.NEGATIVE_INFINITY
  let id = 0
  const everyMs = depth === 1 ? 10 : depth <= 50 && category !== 'option' ? 20 : 100
  return (_from, to) => {
    if (to - sentAt < everyMs) return []
    const { bids, asks } = world.book(of.instrument, to, depth)
    const now = { bids: sideOf(of, bids), asks: sideOf(of, asks) }
    const before = sent
    const b = before === undefined ? rows(now.bids) : moved(before.bids, now.bids)
    const a = before === undefined ? rows(now.asks) : moved(before.asks, now.asks)
    const isSame = before !== undefined && b.length + a.length === 0
    if (isSame && (depth !== 1 || to - sentAt < BEST_REPEAT_MS)) return []
    if (!isSame) id = before === undefined ? bookId(to) : id + 1
    sent = now
    sentAt = to
    const isSnapshot = before === undefined || depth === 1
    const data = {
      s: of.symbol,
      b: isSnapshot ? rows(now.bids) : b,
      a: isSnapshot ? rows(now.asks) : a,
      u: id,
      seq: to * 1000,
    }
    return [{ topic, type: isSnapshot ? 'snapshot' : 'delta', ts: to, data, cts: to }]
  }
}

const rows = (side: Side): string[][] => [...side].map(([price, size]) => [price, size])

function moved(before: Side, after: Side): string[][] {
  const changed: string[][] = []
  for (const [price, size] of after) if (before.get(price) !== size) changed.push([price, size])
  for (const price of before.keys()) if (!after.has(price)) changed.push([price, '0'])
  return changed
}
