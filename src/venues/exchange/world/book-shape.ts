/**
 * Owns order books: levels on a fixed grid around the price, each with a size that lives for a while, so that a book
 * differs from the one 100 ms before in few levels.
 */
import { DAY_MS, type EpochMs, floorTo } from '#core/time'
import type { WorldBook, WorldQuote } from '../world.port.js'
import { hash, unit } from './hash-noise.js'
import { fromSteps, type Step } from './steps.js'

/** Books change at most this often. */
const SLOT_MS = 100
/** Distance of two levels, as part of the price; chosen to look like liquid pairs. */
const GRID = 0.00004
/** Coins of a usual level: what is traded in so many seconds of a usual day. */
const LEVEL_SECONDS = 4

export interface BookDesk {
  /** In ticks, with fractions. */
  readonly priceAt: (at: EpochMs) => number
  readonly tick: Step
  readonly lot: Step
  readonly seed: number
  /** In coins. */
  readonly dailyVolume: number
  readonly at: EpochMs
}

interface Shape {
  /** Distance of levels in ticks, and the number of the best bid on the grid. */
  readonly grid: number
  readonly best: number
  readonly slot: number
  readonly usualLots: number
}

function shapeOf({ priceAt, lot, dailyVolume, at }: BookDesk): Shape {
  const slot = Math.floor(at / SLOT_MS)
  // The grid is that of the day: it must not move with the price.
  const grid = Math.max(1, Math.round(priceAt(floorTo(at, DAY_MS)) * GRID))
  const usualLots = ((dailyVolume / 86_400) * LEVEL_SECONDS * lot.denominator) / lot.numerator
  return {
    grid,
    best: Math.max(1, Math.floor(priceAt(slot * SLOT_MS) / grid)),
    slot,
    usualLots: Math.max(2, usualLots),
  }
}

/** Lots at a level, for 8 to 128 slots the same. */
function lotsAt(seed: number, level: number, isBid: boolean, { slot, usualLots }: Shape): number {
  const side = isBid ? 1 : 2
  const h = hash(seed, level, side)
  const life = 8 << (h % 5)
  const u = unit(seed ^ h, Math.floor((slot + ((h >>> 8) % life)) / life), side)
  return Math.max(1, Math.round(usualLots * (0.15 + 2.5 * u * u)))
}

export function quoteOf(desk: BookDesk): WorldQuote {
  const { bids, asks } = bookOf(desk, 1)
  const [bid, bidSize] = bids[0]!
  const [ask, askSize] = asks[0]!
  return { bid, ask, bidSize, askSize }
}

/** Up to `depth` levels a side; fewer bids where the price would not be positive. */
export function bookOf(desk: BookDesk, depth: number): WorldBook {
  const shape = shapeOf(desk)
  const { tick, lot, seed } = desk
  const levelOf = (level: number, isBid: boolean): readonly [number, number] => [
    fromSteps(level * shape.grid, tick),
    fromSteps(lotsAt(seed, level, isBid, shape), lot),
  ]
  const bids: (readonly [number, number])[] = []
  const asks: (readonly [number, number])[] = []
  for (let i = 0; i < depth; i++) {
    if (shape.best - i > 0) bids.push(levelOf(shape.best - i, true))
    asks.push(levelOf(shape.best + 1 + i, false))
  }
  return { bids, asks }
}
