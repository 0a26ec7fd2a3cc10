/** Owns tickers of the simulated Bybit: the fields of REST and stream at one time, from the world alone. */
import { DAY_MS, type EpochMs, floorTo, HOUR_MS, isoTime, MINUTE_MS } from '#core/time'
import type { World, WorldBar, WorldInstrument } from '../world.port.js'
import { isPerpetual, type Listed, markText, priceText, sizeText } from './symbols.js'

export type TickerFields = { [key: string]: string }

/** Days are computed once a minute; enough for all symbols of a market. */
const DAYS_MAX = 4096
const DAYS = new WeakMap<World, Map<string, { readonly minute: EpochMs; readonly bars: readonly WorldBar[] }>>()

function dayOf(world: World, instrument: WorldInstrument, at: EpochMs): readonly WorldBar[] {
  const minute = floorTo(at, MINUTE_MS)
  const cache = DAYS.get(world) ?? new Map()
  DAYS.set(world, cache)
  const known = cache.get(instrument.id)
  if (known?.minute === minute) return known.bars
  if (cache.size >= DAYS_MAX) cache.clear()
  const bars = world.bars(instrument, HOUR_MS, floorTo(minute - DAY_MS, HOUR_MS), minute + 1, minute)
  cache.set(instrument.id, { minute, bars })
  return bars
}

/** Close of the running minute. */
export function lastPrice(world: World, instrument: WorldInstrument, at: EpochMs): number {
  const minute = floorTo(at, MINUTE_MS)
  return world.bars(instrument, MINUTE_MS, minute - MINUTE_MS, at + 1, at).at(-1)?.close ?? world.mark(instrument, at)
}

/** What all but options share. */
function common(world: World, of: Listed, at: EpochMs): TickerFields {
  const day = dayOf(world, of.instrument, at)
  const last = lastPrice(world, of.instrument, at)
  const before = day[0]?.open ?? last
  const sum = (key: 'volume' | 'quoteVolume'): number => day.reduce((total, bar) => total + bar[key], 0)
  const isInUsd = of.category === 'inverse'
  return {
    symbol: of.symbol,
    lastPrice: priceText(of, last),
    prevPrice24h: priceText(of, before),
    price24hPcnt: (last / before - 1).toFixed(6),
    highPrice24h: priceText(of, Math.max(last, ...day.map((bar) => bar.high))),
    lowPrice24h: priceText(of, Math.min(last, ...day.map((bar) => bar.low))),
    volume24h: sum(isInUsd ? 'quoteVolume' : 'volume').toFixed(4),
    turnover24h: sum(isInUsd ? 'volume' : 'quoteVolume').toFixed(4),
  }
}

function quotes(world: World, of: Listed, at: EpochMs): TickerFields {
  const { bid, ask, bidSize, askSize } = world.quote(of.instrument, at)
  return {
    bid1Price: priceText(of, bid),
    bid1Size: sizeText(of, bidSize, bid),
    ask1Price: priceText(of, ask),
    ask1Size: sizeText(of, askSize, ask),
  }
}

/** Open interest of one side in the venue's unit; the venue's own `openInterest` counts both. */
export function openInterestFields(world: World, of: Listed, at: EpochMs): TickerFields {
  const single = sizeText(of, world.openInterest(of.instrument, at), world.mark(of.instrument, at))
  return { openInterest: (2 * Number(single)).toFixed(of.lotDigits), singleOpenInterest: single }
}

function derivative(world: World, of: Listed, at: EpochMs): TickerFields {
  const { instrument } = of
  const [mark, index] = [world.mark(instrument, at), world.index(instrument.base, at)]
  const interest = openInterestFields(world, of, at)
  const both = Number(interest.openInterest)
  const funding = isPerpetual(of) ? fundingFields(world, of, at) : { fundingRate: '', nextFundingTime: '' }
  const dated = {
    basis: (mark - index).toFixed(of.tickDigits),
    basisRate: (mark / index - 1).toFixed(8),
    predictedDeliveryPrice: '',
    deliveryFeeRate: '0',
  }
  return {
    ...common(world, of, at),
    tickDirection: 'PlusTick',
    markPrice: markText(of, mark),
    indexPrice: markText(of, index),
    ...interest,
    openInterestValue: (of.category === 'inverse' ? both / mark : both * mark).toFixed(4),
    ...funding,
    ...(isPerpetual(of) ? {} : dated),
    ...quotes(world, of, at),
  }
}

function fundingFields(world: World, { instrument }: Listed, at: EpochMs): TickerFields {
  const intervalMs = world.fundingIntervalMs(instrument, at)
  return {
    fundingRate: world.fundingRate(instrument, at).toFixed(8),
    nextFundingTime: String(floorTo(at, intervalMs) + intervalMs),
    fundingIntervalHour: String(intervalMs / HOUR_MS),
    fundingCap: '0.005',
  }
}

/** Premiums of options in USDT. */
export function optionPrices(world: World, of: Listed, at: EpochMs) {
  const option = world.option(of.instrument, at)
  const turn = (price: number): number => price * option.underlyingPrice
  return { option, mark: turn(option.mark), bid: turn(option.bid), ask: turn(option.ask) }
}

/** The venue writes no volatility above 500 %. */
const iv = (vol: number): string => Math.min(5, vol).toFixed(6)

/** REST writes bid1Price and markIv, the stream bidPrice and markPriceIv. */
function option(world: World, of: Listed, at: EpochMs, isStream: boolean): TickerFields {
  const { option: quoted, mark, bid, ask } = optionPrices(world, of, at)
  const [one, markIv] = isStream ? ['', 'markPriceIv'] : ['1', 'markIv']
  // Premiums are finer here than the venue's step of 5, so that cheap options do not vanish.
  const price = (value: number): string => (value > 0 ? value.toFixed(4) : '0')
  const { delta, gamma, vega, theta } = quoted
  return {
    symbol: of.symbol,
    [`bid${one}Price`]: price(bid),
    [`bid${one}Size`]: bid > 0 ? quoted.bidSize.toFixed(of.lotDigits) : '0',
    [`bid${one}Iv`]: bid > 0 ? iv(quoted.bidIv) : '0',
    [`ask${one}Price`]: price(ask),
    [`ask${one}Size`]: ask > 0 ? quoted.askSize.toFixed(of.lotDigits) : '0',
    [`ask${one}Iv`]: ask > 0 ? iv(quoted.askIv) : '0',
    lastPrice: price(mark),
    highPrice24h: price(mark),
    lowPrice24h: price(mark),
    markPrice: mark.toFixed(8),
    indexPrice: world.index(of.instrument.base, at).toFixed(2),
    [markIv]: quoted.markIv.toFixed(6),
    underlyingPrice: quoted.underlyingPrice.toFixed(2),
    openInterest: world.openInterest(of.instrument, at).toFixed(of.lotDigits),
    turnover24h: '0',
    volume24h: '0',
    totalVolume: '0',
    totalTurnover: '0',
    delta: delta.toFixed(8),
    gamma: gamma.toFixed(10),
    vega: vega.toFixed(8),
    theta: theta.toFixed(8),
    predictedDeliveryPrice: '0',
    change24h: '0',
  }
}

export function restTicker(world: World, of: Listed, at: EpochMs): TickerFields {
  if (of.category === 'option') return option(world, of, at, false)
  if (of.category !== 'spot')
    return { ...derivative(world, of, at), deliveryTime: String(of.instrument.expiresAt ?? 0) }
  const index = { usdIndexPrice: markText(of, world.index(of.instrument.base, at)) }
  return { ...common(world, of, at), ...quotes(world, of, at), ...index }
}

/** Spot has no bid and ask on the stream; delivery is a date there. */
export function streamTicker(world: World, of: Listed, at: EpochMs): TickerFields {
  if (of.category === 'option') return option(world, of, at, true)
  if (of.category === 'spot')
    return { ...common(world, of, at), usdIndexPrice: markText(of, world.index(of.instrument.base, at)) }
  const { expiresAt } = of.instrument
  const delivery = expiresAt === null ? {} : { deliveryTime: isoTime(expiresAt).replace('.000Z', 'Z') }
  return { ...derivative(world, of, at), ...delivery }
}
