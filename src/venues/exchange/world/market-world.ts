/**
 * Owns a World over one path a coin: every instrument's bars, trades and quotes follow from it and from the time alone.
 * Remembers only what it could work out again.
 */
import { DAY_MS, type DurationMs, type EpochMs, floorTo, MINUTE_MS } from '#core/time'
import type { World, WorldBar, WorldBook, WorldInstrument, WorldOption, WorldQuote, WorldTrade } from '../world.port.js'
import { BarTree, treeCaches } from './bar-tree.js'
import {
  basisFactor,
  forwardFactor,
  fundingOf,
  interestOf,
  ownFundingInterval,
  seedOf,
  venueFactor,
  volatilityOf,
} from './basis.js'
import { bookOf, quoteOf } from './book-shape.js'
import { boundedCache } from './bounded-cache.js'
import { givenBars } from './given-bars.js'
import { unit } from './hash-noise.js'
import { listedOn, listingDay } from './listings.js'
import type { MarketCoin, MarketSource } from './market-source.js'
import { optionAt, optionTrades } from './option-market.js'
import { fromSteps, type Step, stepOf } from './steps.js'

/** Bars up to this length add up what their trades cost; longer ones take the mean of open, high, low, close for a price. */
const EXACT_QUOTE_MS = 15 * MINUTE_MS
const WEEK_MS = 7 * DAY_MS
/** Weeks begin on Mondays; 1970-01-01 was a Thursday. */
const MONDAY_MS = 4 * DAY_MS
/** One trade in so many of a perpetual is a liquidation. */
const LIQUIDATION_SHARE = 1 / 150

export interface MarketWorldOptions {
  readonly source: MarketSource
  /** Prices differ a little from venue to venue. */
  readonly venue: string
  /** Of each instrument; at least 4. */
  readonly tradesPerMinute: number
}

/** One instrument, with what does not change. */
interface Desk {
  readonly tree: BarTree
  readonly tick: Step
  readonly lot: Step
  readonly seed: number
  readonly coin: MarketCoin
}

export function marketWorld({ source, venue, tradesPerMinute }: MarketWorldOptions): World {
  const { seed, start } = source
  const caches = treeCaches()
  const listings = boundedCache<readonly WorldInstrument[]>(16)
  const desks = new Map<string, Desk>()
  const coins = new Map(source.coins.map((coin) => [coin.base, coin]))

  const makeDesk = (coin: MarketCoin, name: string, factor: (at: EpochMs) => number, tick: Step): Desk => {
    const lot = stepOf(coin.lot)
    const given = givenBars({ source, base: coin.base, factor, tick, lot, tradesPerMinute })
    // By coin: spot and perpetual move alike within a day.
    const tree = new BarTree(name, seedOf(seed, `shape ${coin.base}`), given, caches)
    return { tree, tick, lot, seed: seedOf(seed, `desk ${venue} ${name}`), coin }
  }

  const deskOf = (instrument: WorldInstrument): Desk => {
    const { id, base, kind } = instrument
    let desk = desks.get(id)
    if (desk === undefined) {
      const isExact = source.exactKind(base) === kind
      const factor = (at: EpochMs): number =>
        isExact ? 1 : basisFactor(seed, instrument, at) * venueFactor(seed, venue, base, at)
      desk = makeDesk(coins.get(base)!, id, factor, stepOf(instrument.tick))
      desks.set(id, desk)
    }
    return desk
  }

  /** The index has finer steps than any instrument. */
  const indexDesk = (base: string): Desk => {
    let desk = desks.get(base)
    if (desk === undefined) {
      const coin = coins.get(base)
      if (coin === undefined) throw new RangeError(`no coin ${base} in this world`)
      const { numerator, denominator } = stepOf(coin.tick)
      desk = makeDesk(coin, base, () => 1, { numerator, denominator: denominator * 100 })
      desks.set(base, desk)
    }
    return desk
  }

  const index = (base: string, at: EpochMs): number => {
    const { tree, tick } = indexDesk(base)
    return fromSteps(tree.price(at), tick)
  }

  const mark = (instrument: WorldInstrument, at: EpochMs): number => {
    if (instrument.kind === 'inverseOption') return option(instrument, at).mark
    const { tree, tick } = deskOf(instrument)
    const mid = fromSteps(tree.price(at), tick)
    if (instrument.kind === 'spot') return mid
    return (mid + index(instrument.base, at) * basisFactor(seed, instrument, at)) / 2
  }

  const option = (instrument: WorldInstrument, at: EpochMs): WorldOption =>
    optionAt(instrument, at, {
      forward: index(instrument.base, at) * forwardFactor(seed, instrument.base, instrument.expiresAt ?? at, at),
      atm: volatilityOf(seed, instrument.base, at),
    })

  const tradesOf = (instrument: WorldInstrument, from: EpochMs, to: EpochMs): WorldTrade[] => {
    if (instrument.kind === 'inverseOption') return optionTrades(instrument, from, to, seed, option)
    const { tree, tick, lot, seed: own } = deskOf(instrument)
    const isPerpetual = instrument.kind === 'linearPerpetual' || instrument.kind === 'inversePerpetual'
    const first = Math.max(from + 1, instrument.listedAt)
    const last = Math.min(to, (instrument.expiresAt ?? Number.POSITIVE_INFINITY) - 1)
    const epoch = floorTo(instrument.listedAt, MINUTE_MS)
    const rows: WorldTrade[] = []
    for (let minute = floorTo(first, MINUTE_MS); minute <= last; minute += MINUTE_MS) {
      const before = ((minute - epoch) / MINUTE_MS) * tradesPerMinute
      for (const [i, trade] of tree.trades(minute).entries()) {
        if (trade.ts < first || trade.ts > last) continue
        rows.push({
          ts: trade.ts,
          id: before + i + 1,
          price: fromSteps(trade.price, tick),
          size: fromSteps(trade.size, lot),
          aggressor: trade.isBuy ? 'buy' : 'sell',
          isLiquidation: isPerpetual && unit(own, trade.ts) < LIQUIDATION_SHARE,
        })
      }
    }
    return rows
  }

  /** The bar that begins at `openTime`, as far as it lies in `[from, to)`. */
  const barOf = (
    instrument: WorldInstrument,
    openTime: EpochMs,
    from: EpochMs,
    to: EpochMs,
    isExact: boolean,
  ): WorldBar | undefined => {
    if (instrument.kind === 'inverseOption') return barOfTrades(openTime, tradesOf(instrument, from - 1, to - 1))
    const { tree, tick, lot } = deskOf(instrument)
    const bar = tree.span(from, to)
    if (bar === undefined) {
      const known = tree.bar(floorTo(from, MINUTE_MS), MINUTE_MS)
      if (known === undefined) return undefined
      // It began, and nothing was traded yet.
      const price = fromSteps(known.open, tick)
      return { openTime, open: price, high: price, low: price, close: price, volume: 0, quoteVolume: 0, trades: 0 }
    }
    const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map((price) => fromSteps(price, tick))
    const volume = fromSteps(bar.volume, lot)
    const quoteVolume = isExact
      ? tradesOf(instrument, from - 1, to - 1).reduce((sum, { price, size }) => sum + price * size, 0)
      : ((open! + high! + low! + close!) / 4) * volume
    return { openTime, open: open!, high: high!, low: low!, close: close!, volume, quoteVolume, trades: bar.trades }
  }

  const bars = (
    instrument: WorldInstrument,
    intervalMs: DurationMs,
    from: EpochMs,
    to: EpochMs,
    now: EpochMs,
  ): WorldBar[] => {
    const shift = intervalMs % WEEK_MS === 0 ? MONDAY_MS : 0
    const { listedAt } = instrument
    const expiresAt = instrument.expiresAt ?? Number.POSITIVE_INFINITY
    const slot = (ts: EpochMs): EpochMs => floorTo(ts - shift, intervalMs) + shift
    const rows: WorldBar[] = []
    const end = Math.min(to, now, expiresAt)
    for (let at = Math.max(slot(from - 1) + intervalMs, slot(listedAt)); at < end; at += intervalMs) {
      const stop = Math.min(at + intervalMs, now + 1, expiresAt)
      const bar = barOf(instrument, at, Math.max(at, listedAt), stop, intervalMs <= EXACT_QUOTE_MS)
      if (bar !== undefined) rows.push(bar)
    }
    return rows
  }

  const bookDesk = (instrument: WorldInstrument, at: EpochMs) => {
    const { tree, tick, lot, seed: own, coin } = deskOf(instrument)
    return { priceAt: (ts: EpochMs) => tree.price(ts), tick, lot, seed: own, dailyVolume: coin.dailyVolume, at }
  }

  const quote = (instrument: WorldInstrument, at: EpochMs): WorldQuote =>
    instrument.kind === 'inverseOption' ? option(instrument, at) : quoteOf(bookDesk(instrument, at))

  const fundingRate = (instrument: WorldInstrument, at: EpochMs): number =>
    fundingOf(seed, instrument, at, ownFundingInterval(instrument))

  return {
    start,
    instruments(at) {
      if (at < start) return []
      const day = listingDay(at)
      const all = listings.get(String(day), () => listedOn(day, { start, coins: source.coins, indexAt: index }))
      return all.filter(({ listedAt, expiresAt }) => listedAt <= at && (expiresAt === null || at < expiresAt))
    },
    bars,
    trades: tradesOf,
    quote,
    book(instrument, at, depth): WorldBook {
      if (instrument.kind !== 'inverseOption') return bookOf(bookDesk(instrument, at), depth)
      const { bid, ask, bidSize, askSize } = option(instrument, at)
      return { bids: bid > 0 ? [[bid, bidSize]] : [], asks: [[ask, askSize]] }
    },
    mark,
    index,
    fundingRate,
    fundingIntervalMs: (instrument) => ownFundingInterval(instrument),
    settlements(instrument, from, to) {
      if (instrument.kind !== 'linearPerpetual' && instrument.kind !== 'inversePerpetual') return []
      const everyMs = ownFundingInterval(instrument)
      const rows = []
      for (let ts = floorTo(Math.max(from, instrument.listedAt), everyMs) + everyMs; ts <= to; ts += everyMs)
        rows.push({ ts, rate: fundingRate(instrument, ts - 1), mark: mark(instrument, ts) })
      return rows
    },
    openInterest(instrument, at) {
      const { dailyVolume, lot } = coins.get(instrument.base)!
      const share = instrument.kind === 'inverseOption' ? 0.002 : instrument.expiresAt === null ? 1 : 0.1
      const step = stepOf(instrument.kind === 'inverseOption' ? instrument.lot : lot)
      const lots = (interestOf(seed, instrument, dailyVolume * share, at) * step.denominator) / step.numerator
      return fromSteps(Math.round(lots), step)
    },
    option,
    volatility: (base, at) => volatilityOf(seed, base, at),
  }
}

/** Of trades that are few; undefined of none. */
function barOfTrades(openTime: EpochMs, trades: readonly WorldTrade[]): WorldBar | undefined {
  const first = trades[0]
  if (first === undefined) return undefined
  let [high, low, volume, quoteVolume] = [first.price, first.price, 0, 0]
  for (const { price, size } of trades) {
    high = Math.max(high, price)
    low = Math.min(low, price)
    volume += size
    quoteVolume += price * size
  }
  const close = trades.at(-1)!.price
  return { openTime, open: first.price, high, low, close, volume, quoteVolume, trades: trades.length }
}
