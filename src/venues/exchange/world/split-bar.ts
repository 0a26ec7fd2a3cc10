/**
 * Owns how a bar falls apart into shorter ones and into trades, such that they add up to it exactly. Prices are whole
 * ticks, sizes whole lots. Two bars that differ little fall apart alike under one seed: spot and perpetual stay together.
 */
import type { EpochMs } from '#core/time'
import { unit } from './hash-noise.js'

/** A bar in whole ticks and lots. */
export interface IntBar {
  readonly openTime: EpochMs
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly trades: number
}

export interface IntTrade {
  readonly ts: EpochMs
  readonly price: number
  readonly size: number
  readonly isBuy: boolean
}

/** Numbers of one split, by purpose. */
const HIGH_AT = 1
const LOW_AT = 2
const WOBBLE = 1000
const UPPER = 2000
const LOWER = 3000
const WEIGHT = 4000
const MOMENT = 5000
const SIDE = 6000

/** Where a path over `count` places has its high and its low: two different places when there are two. */
function extremes(seed: number, at: EpochMs, count: number): readonly [high: number, low: number] {
  const high = Math.floor(unit(seed, at, HIGH_AT) * count)
  if (count < 2) return [high, high]
  const low = (high + 1 + Math.floor(unit(seed, at, LOW_AT) * (count - 1))) % count
  return [high, low]
}

/** Straight lines from open to close by way of both extremes, at place `x` of `count`. */
function pathAt(bar: IntBar, count: number, high: number, low: number, x: number): number {
  const isHighFirst = high <= low
  const points: readonly (readonly [number, number])[] = [
    [0, bar.open],
    isHighFirst ? [high + 0.5, bar.high] : [low + 0.5, bar.low],
    isHighFirst ? [low + 0.5, bar.low] : [high + 0.5, bar.high],
    [count, bar.close],
  ]
  for (let i = 1; i < points.length; i++) {
    const [x0, y0] = points[i - 1]!
    const [x1, y1] = points[i]!
    if (x <= x1) return x1 === x0 ? y1 : y0 + ((y1 - y0) * (x - x0)) / (x1 - x0)
  }
  return bar.close
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

/** `total` in `count` whole parts of at least `least` each. */
function shares(seed: number, at: EpochMs, total: number, count: number, least: number): number[] {
  const weights = Array.from({ length: count }, (_, i) => {
    const u = unit(seed, at, WEIGHT + i)
    return 0.2 + u * u * 2
  })
  const sum = weights.reduce((a, b) => a + b, 0)
  const free = total - least * count
  const parts = weights.map((weight) => least + Math.floor((free * weight) / sum))
  parts[count - 1]! += total - parts.reduce((a, b) => a + b, 0)
  return parts
}

/** `count` bars of equal length that add up to `bar`, whose volume is at least its number of trades. */
export function splitBar(bar: IntBar, count: number, childMs: number, seed: number): IntBar[] {
  const [high, low] = extremes(seed, bar.openTime, count)
  const range = bar.high - bar.low
  const spread = range / Math.sqrt(count)
  const at = bar.openTime
  const knot = (i: number): number => {
    if (i === 0) return bar.open
    if (i === count) return bar.close
    const wobble = (unit(seed, at, WOBBLE + i) * 2 - 1) * spread * 0.7
    return clamp(Math.round(pathAt(bar, count, high, low, i) + wobble), bar.low, bar.high)
  }
  const trades = bar.trades / count
  const volumes = shares(seed, at, bar.volume, count, trades)
  return volumes.map((volume, i) => {
    const [open, close] = [knot(i), knot(i + 1)]
    const up = Math.round(unit(seed, at, UPPER + i) * spread * 0.4)
    const down = Math.round(unit(seed, at, LOWER + i) * spread * 0.4)
    return {
      openTime: at + i * childMs,
      open,
      high: i === high ? bar.high : Math.min(bar.high, Math.max(open, close) + up),
      low: i === low ? bar.low : Math.max(bar.low, Math.min(open, close) - down),
      close,
      volume,
      trades,
    }
  })
}

/** The trades of a bar, at least 4 of them, ascending in time within it, at different instants. */
export function tradesOfBar(bar: IntBar, lengthMs: number, seed: number): IntTrade[] {
  const count = bar.trades
  const at = bar.openTime
  const [high, low] = extremes(seed, at, count - 2)
  const spread = (bar.high - bar.low) * 0.2
  const priceOf = (i: number): number => {
    if (i === 0) return bar.open
    if (i === count - 1) return bar.close
    if (i - 1 === high) return bar.high
    if (i - 1 === low) return bar.low
    const wobble = (unit(seed, at, WOBBLE + i) * 2 - 1) * spread
    return clamp(Math.round(pathAt(bar, count - 2, high, low, i - 0.5) + wobble), bar.low, bar.high)
  }
  const slotMs = lengthMs / count
  let last = bar.open
  return shares(seed, at, bar.volume, count, 1).map((size, i) => {
    const price = priceOf(i)
    const isBuy = price === last ? unit(seed, at, SIDE + i) < 0.5 : price > last
    last = price
    return { ts: at + Math.floor((i + unit(seed, at, MOMENT + i)) * slotMs), price, size, isBuy }
  })
}

/** One bar over consecutive ones, which must not be none. */
export function joinBars(openTime: EpochMs, bars: readonly IntBar[]): IntBar {
  let [high, low, volume, trades] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0]
  for (const bar of bars) {
    high = Math.max(high, bar.high)
    low = Math.min(low, bar.low)
    volume += bar.volume
    trades += bar.trades
  }
  return { openTime, open: bars[0]!.open, high, low, close: bars.at(-1)!.close, volume, trades }
}
