/** Owns the stream events of the last 24 hours: ticker and miniTicker. */
import type { EpochMs } from '#core/time'
import type { World } from '../world.port.js'
import { dayStatistics } from './market-rest.js'
import { futureKeys, type Listed, priceText, sizeText, volumeTexts } from './symbols.js'

export function miniTickerEvent(world: World, of: Listed, at: EpochMs): unknown {
  const day = dayStatistics(world, of, at)
  const [v, q] = volumeTexts(of, day.volume, day.quoteVolume)
  const [c, o, h, l] = [day.last, day.open, day.high, day.low].map((price) => priceText(of, price))
  return { e: '24hrMiniTicker', E: at, s: of.symbol, ...futureKeys(of), c, o, h, l, v, q }
}

export function tickerEvent(world: World, of: Listed, at: EpochMs): unknown {
  const day = dayStatistics(world, of, at)
  const [v, q] = volumeTexts(of, day.volume, day.quoteVolume)
  const [c, o, h, l, p] = [day.last, day.open, day.high, day.low, day.last - day.open].map((price) =>
    priceText(of, price),
  )
  const { bid, ask, bidSize, askSize } = world.quote(of.instrument, at)
  const quote = {
    b: priceText(of, bid),
    B: sizeText(of, bidSize, bid),
    a: priceText(of, ask),
    A: sizeText(of, askSize, ask),
  }
  return {
    e: '24hrTicker',
    E: at,
    s: of.symbol,
    ...futureKeys(of),
    p,
    P: ((day.last / day.open - 1) * 100).toFixed(3),
    w: priceText(of, day.volume > 0 ? day.quoteVolume / day.volume : day.last),
    ...(of.market === 'spot' ? { x: o, ...quote } : {}),
    c,
    Q: of.lot,
    o,
    h,
    l,
    v,
    q,
    O: day.openTime,
    C: at,
    F: 0,
    L: day.trades,
    n: day.trades,
  }
}
