/** Owns tickers, quotes, books and trades in Deribit's fields and units: USD of inverse futures, coins of options, percent. */
import { DAY_MS, type EpochMs, floorTo, HOUR_MS, MINUTE_MS } from '#core/time'
import type { World, WorldTrade } from '../world.port.js'
import { amountOf, type Listed } from './listing.js'

const FUNDING_PERIOD_MS = 8 * HOUR_MS
/** A book has one state and one id every 100 ms. */
export const BOOK_EVERY_MS = 100

const round = (value: number, places: number): number => Number(value.toFixed(places))

/** Mark in the instrument's own price unit. */
export function markOf(world: World, of: Listed, at: EpochMs): number {
  return of.kind === 'option' ? round(world.option(of.instrument, at).mark, 6) : round(world.mark(of.instrument, at), 4)
}

export const indexOf = (world: World, of: Listed, at: EpochMs): number => round(world.index(of.instrument.base, at), 2)

/** Rate of the funding in being, for eight hours, whatever the world's own period. */
export function fundingOf(world: World, { instrument }: Listed, at: EpochMs): number {
  const period = world.fundingIntervalMs(instrument, at)
  return round((world.fundingRate(instrument, at) * FUNDING_PERIOD_MS) / period, 12)
}

export function openInterestOf(world: World, of: Listed, at: EpochMs): number {
  return amountOf(of, world.openInterest(of.instrument, at), markOf(world, of, at))
}

/** Best prices; 0 where there is none. */
export function quoteRow(world: World, of: Listed, at: EpochMs): Record<string, number | string> {
  const { bid, ask, bidSize, askSize } =
    of.kind === 'option' ? world.option(of.instrument, at) : world.quote(of.instrument, at)
  return {
    timestamp: at,
    instrument_name: of.name,
    best_bid_price: bid,
    best_bid_amount: bid > 0 ? amountOf(of, bidSize, bid) : 0,
    best_ask_price: ask,
    best_ask_amount: ask > 0 ? amountOf(of, askSize, ask) : 0,
  }
}

export interface DayStats {
  readonly high: number | null
  readonly low: number | null
  readonly price_change: number | null
  readonly volume: number | null
  readonly volume_usd: number | null
  readonly volume_notional: number | null
  readonly last: number
}

/** Figures of the last day, counted once a minute for everybody who asks. */
export function dayStats(world: World): (of: Listed, at: EpochMs) => DayStats {
  const known = new Map<string, { readonly minute: EpochMs; readonly stats: DayStats }>()
  return (of, at) => {
    const minute = floorTo(at, MINUTE_MS)
    const there = known.get(of.name)
    if (there?.minute === minute) return there.stats
    const stats = of.kind === 'option' ? quiet(markOf(world, of, at)) : statsOf(world, of, at)
    known.set(of.name, { minute, stats })
    return stats
  }
}

const quiet = (last: number): DayStats => ({
  high: null,
  low: null,
  price_change: null,
  volume: null,
  volume_usd: null,
  volume_notional: null,
  last,
})

function statsOf(world: World, of: Listed, at: EpochMs): DayStats {
  const bars = world.bars(of.instrument, HOUR_MS, floorTo(at - DAY_MS, HOUR_MS), at + 1, at)
  const last = bars.at(-1)
  if (last === undefined) return quiet(world.mark(of.instrument, at))
  const usd = round(
    bars.reduce((sum, bar) => sum + bar.quoteVolume, 0),
    2,
  )
  return {
    high: Math.max(...bars.map((bar) => bar.high)),
    low: Math.min(...bars.map((bar) => bar.low)),
    price_change: round((last.close / bars[0]!.open - 1) * 100, 4),
    volume: round(
      bars.reduce((sum, bar) => sum + bar.volume, 0),
      8,
    ),
    volume_usd: usd,
    volume_notional: usd,
    last: last.close,
  }
}

export type StatsOf = ReturnType<typeof dayStats>

/** `public/ticker` and `ticker.*`. */
export function tickerRow(world: World, of: Listed, at: EpochMs, statsAt: StatsOf): Record<string, unknown> {
  const { last, ...stats } = statsAt(of, at)
  const mark = markOf(world, of, at)
  const index = indexOf(world, of, at)
  return {
    ...quoteRow(world, of, at),
    state: 'open',
    stats,
    index_price: index,
    last_price: last,
    mark_price: mark,
    estimated_delivery_price: index,
    ...(of.kind === 'spot' ? {} : { open_interest: openInterestOf(world, of, at), settlement_price: mark }),
    ...(of.isPerpetual
      ? { current_funding: fundingOf(world, of, at), funding_8h: fundingOf(world, of, at), interest_value: 0 }
      : {}),
    ...(of.kind === 'option' ? optionFields(world, of, at) : {}),
  }
}

function optionFields(world: World, of: Listed, at: EpochMs): Record<string, unknown> {
  const option = world.option(of.instrument, at)
  return {
    ...underlying(world, of, at),
    interest_rate: 0,
    mark_iv: round(option.markIv * 100, 2),
    bid_iv: option.bid > 0 ? round(option.bidIv * 100, 2) : 0,
    ask_iv: option.ask > 0 ? round(option.askIv * 100, 2) : 0,
    greeks: {
      delta: round(option.delta, 5),
      gamma: round(option.gamma, 7),
      vega: round(option.vega, 5),
      theta: round(option.theta, 5),
      rho: 0,
    },
  }
}

function underlying(world: World, { instrument, name }: Listed, at: EpochMs): Record<string, unknown> {
  return {
    underlying_price: round(world.option(instrument, at).underlyingPrice, 4),
    underlying_index: `SYN.${name.split('-').slice(0, 2).join('-')}`,
  }
}

/** A row of `get_book_summary_by_*`: no Greeks. */
export function summaryRow(world: World, of: Listed, at: EpochMs, statsAt: StatsOf): Record<string, unknown> {
  const { last, ...stats } = statsAt(of, at)
  const { best_bid_price: bid, best_ask_price: ask } = quoteRow(world, of, at)
  const [bidPrice, askPrice] = [Number(bid) || null, Number(ask) || null]
  return {
    instrument_name: of.name,
    creation_timestamp: at,
    base_currency: of.instrument.base,
    quote_currency: of.kind === 'option' ? of.instrument.base : of.instrument.quote,
    volume: stats.volume ?? 0,
    volume_usd: stats.volume_usd ?? 0,
    high: stats.high,
    low: stats.low,
    price_change: stats.price_change,
    last,
    bid_price: bidPrice,
    ask_price: askPrice,
    mid_price: bidPrice === null || askPrice === null ? null : (bidPrice + askPrice) / 2,
    mark_price: markOf(world, of, at),
    estimated_delivery_price: indexOf(world, of, at),
    ...(of.kind === 'spot' ? {} : { open_interest: openInterestOf(world, of, at) }),
    ...(of.isPerpetual ? { funding_8h: fundingOf(world, of, at), current_funding: fundingOf(world, of, at) } : {}),
    ...(of.kind === 'option'
      ? {
          ...underlying(world, of, at),
          interest_rate: 0,
          mark_iv: round(world.option(of.instrument, at).markIv * 100, 2),
        }
      : {}),
  }
}

export interface BookState {
  readonly timestamp: EpochMs
  readonly change_id: number
  readonly bids: readonly (readonly [number, number])[]
  readonly asks: readonly (readonly [number, number])[]
}

/** The book at the last full 100 ms, amounts in the venue's unit. */
export function bookAt(world: World, of: Listed, at: EpochMs, depth: number): BookState {
  const timestamp = floorTo(at, BOOK_EVERY_MS)
  const book = world.book(of.instrument, timestamp, depth)
  const side = (levels: typeof book.bids): BookState['bids'] =>
    levels.map(([price, size]) => [price, amountOf(of, size, price)] as const)
  return { timestamp, change_id: timestamp / BOOK_EVERY_MS, bids: side(book.bids), asks: side(book.asks) }
}

/** A row of trades. BTC's ids are bare numbers, those of other currencies carry it. */
export function tradeRow(world: World, of: Listed, trade: WorldTrade): Record<string, unknown> {
  const amount = amountOf(of, trade.size, trade.price)
  const { base } = of.instrument
  return {
    timestamp: trade.ts,
    trade_id: base === 'BTC' ? String(trade.id) : `${base}-${trade.id}`,
    trade_seq: trade.id,
    instrument_name: of.name,
    price: trade.price,
    amount,
    contracts: of.usdStep === undefined ? amount : amount / of.usdStep,
    direction: trade.aggressor,
    tick_direction: 0,
    index_price: indexOf(world, of, trade.ts),
    mark_price: markOf(world, of, trade.ts),
    ...(of.kind === 'option' ? { iv: round(world.option(of.instrument, trade.ts).markIv * 100, 2) } : {}),
    ...(trade.isLiquidation ? { liquidation: 'T' } : {}),
  }
}
