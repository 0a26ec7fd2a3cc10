/**
 * Owns the bars and trades of one instrument at every length, derived from bars of one given length: longer ones by
 * joining, shorter ones and trades by splitting. In whole ticks and lots; memory is bounded by the shared caches.
 */
import { DAY_MS, type DurationMs, type EpochMs, floorTo, HOUR_MS, MINUTE_MS } from '#core/time'
import { type BoundedCache, boundedCache } from './bounded-cache.js'
import { type IntBar, type IntTrade, joinBars, splitBar, tradesOfBar } from './split-bar.js'

/** Bars from which all others follow. */
export interface GivenBars {
  /** Length of the given bars: divides a day, is a multiple of a minute. */
  readonly lengthMs: DurationMs
  /** The given bar that begins at `openTime`; undefined where nothing was traded. */
  at(openTime: EpochMs): IntBar | undefined
  /** The last price known before `at`, in ticks. */
  lastPrice(at: EpochMs): number
}

/** Shared by the trees of a world. */
export interface TreeCaches {
  readonly bars: BoundedCache<readonly IntBar[]>
  readonly trades: BoundedCache<readonly IntTrade[]>
}

/** A few hundred bytes to a few kilobytes each: together some tens of megabytes at most. */
export const treeCaches = (): TreeCaches => ({ bars: boundedCache(6000), trades: boundedCache(20_000) })

export class BarTree {
  readonly #name: string
  readonly #seed: number
  readonly #given: GivenBars
  readonly #caches: TreeCaches
  /** Lengths that bars are cut into, longest first. */
  readonly #lengths: readonly DurationMs[]

  constructor(name: string, seed: number, given: GivenBars, caches: TreeCaches) {
    this.#name = name
    this.#seed = seed
    this.#given = given
    this.#caches = caches
    const lengths = new Set([DAY_MS, given.lengthMs, HOUR_MS, MINUTE_MS])
    // An hour that does not divide the given bars, nor is divided by them, is no step between.
    this.#lengths = [...lengths]
      .filter((ms) => given.lengthMs % ms === 0 || ms % given.lengthMs === 0)
      .sort((a, b) => b - a)
  }

  /** The one bar over `[from, to)`, to the ms; undefined when nothing was traded in it. */
  span(from: EpochMs, to: EpochMs): IntBar | undefined {
    const parts: IntBar[] = []
    let at = from
    while (at < to) {
      const length = this.#lengths.find((ms) => floorTo(at, ms) === at && at + ms <= to)
      if (length === undefined) {
        const end = Math.min(to, floorTo(at, MINUTE_MS) + MINUTE_MS)
        for (const trade of this.trades(floorTo(at, MINUTE_MS)))
          if (trade.ts >= at && trade.ts < end) parts.push(barOf(trade))
        at = end
      } else {
        const bar = this.bar(at, length)
        if (bar !== undefined) parts.push(bar)
        at += length
      }
    }
    return parts.length === 0 ? undefined : joinBars(from, parts)
  }

  /** A bar of one of the tree's lengths. */
  bar(openTime: EpochMs, lengthMs: DurationMs): IntBar | undefined {
    if (lengthMs === this.#given.lengthMs) return this.#given.at(openTime)
    if (lengthMs > this.#given.lengthMs) return this.#joined(openTime, lengthMs)
    const parentMs = this.#lengths[this.#lengths.indexOf(lengthMs) - 1]!
    const parentTime = floorTo(openTime, parentMs)
    return this.#children(parentTime, parentMs, lengthMs)[(openTime - parentTime) / lengthMs]
  }

  /** The trades of the minute that begins at `minute`. */
  trades(minute: EpochMs): readonly IntTrade[] {
    return this.#caches.trades.get(`${this.#name}@${minute}`, () => {
      const bar = this.bar(minute, MINUTE_MS)
      return bar === undefined ? [] : tradesOfBar(bar, MINUTE_MS, this.#seed)
    })
  }

  /** The price between two trades, in ticks with fractions. */
  price(at: EpochMs): number {
    const minute = floorTo(at, MINUTE_MS)
    const bar = this.bar(minute, MINUTE_MS)
    if (bar === undefined) return this.#given.lastPrice(at)
    let [t0, p0, t1, p1] = [minute, bar.open, minute + MINUTE_MS, bar.close]
    for (const trade of this.trades(minute)) {
      if (trade.ts > at) {
        t1 = trade.ts
        p1 = trade.price
        break
      }
      t0 = trade.ts
      p0 = trade.price
    }
    return p0 + ((p1 - p0) * (at - t0)) / Math.max(1, t1 - t0)
  }

  #children(parentTime: EpochMs, parentMs: DurationMs, childMs: DurationMs): readonly IntBar[] {
    return this.#caches.bars.get(`${this.#name}@${parentTime}/${childMs}`, () => {
      const parent = this.bar(parentTime, parentMs)
      return parent === undefined ? [] : splitBar(parent, parentMs / childMs, childMs, this.#seed)
    })
  }

  #joined(openTime: EpochMs, lengthMs: DurationMs): IntBar | undefined {
    return this.#caches.bars.get(`${this.#name}@${openTime}+${lengthMs}`, () => {
      const parts: IntBar[] = []
      for (let at = openTime; at < openTime + lengthMs; at += this.#given.lengthMs) {
        const bar = this.#given.at(at)
        if (bar !== undefined) parts.push(bar)
      }
      return parts.length === 0 ? [] : [joinBars(openTime, parts)]
    })[0]
  }
}

const barOf = ({ ts, price, size }: IntTrade): IntBar => ({
  openTime: ts,
  open: price,
  high: price,
  low: price,
  close: price,
  volume: size,
  trades: 1,
})
