/** Owns bars that Deribit does not make: closed ones of a stream without a flag, and 4h and 8h out of 2h. */
import { type EpochMs, floorTo, type Interval, intervalMs } from '#core/time'
import type { BarRecord } from '../normal.js'

/** Whole sets of `parts` bars as bars of `interval`; a set with a hole or a running end is left out. */
export function foldBars(bars: readonly BarRecord[], interval: Interval, parts: number): readonly BarRecord[] {
  if (parts === 1) return bars
  const step = intervalMs(interval)
  const sets = new Map<EpochMs, BarRecord[]>()
  for (const bar of bars) {
    const openTime = floorTo(bar.openTime, step)
    const set = sets.get(openTime)
    if (set) set.push(bar)
    else sets.set(openTime, [bar])
  }
  return [...sets].filter(([, set]) => set.length === parts).map(([openTime, set]) => merged(set, interval, openTime))
}

function merged(set: readonly BarRecord[], interval: Interval, openTime: EpochMs): BarRecord {
  const first = set[0]!
  const last = set[set.length - 1]!
  return {
    ...first,
    interval,
    openTime,
    high: Math.max(...set.map((bar) => bar.high)),
    low: Math.min(...set.map((bar) => bar.low)),
    close: last.close,
    volume: set.reduce((sum, bar) => sum + bar.volume, 0),
    quoteVolume: set.every((bar) => bar.quoteVolume !== null)
      ? set.reduce((sum, bar) => sum + (bar.quoteVolume ?? 0), 0)
      : null,
    isClosed: last.isClosed,
  }
}

/**
 * Bars of one chart channel. The venue never says that a bar is final: when a later one begins, the one before is told as
 * `null`, over but perhaps not whole, because a frame that was lost cannot be seen here. REST has the last word.
 */
export class ChartStream {
  private last: BarRecord | undefined
  private set: BarRecord[] = []

  constructor(
    private readonly interval: Interval,
    private readonly parts: number,
  ) {}

  /** The bar before as over when this one is later, and this one as running. Older ones say nothing. */
  next(bar: BarRecord): readonly BarRecord[] {
    const last = this.last
    if (last && bar.openTime < last.openTime) return []
    this.last = bar
    const running = this.parts === 1 ? [{ ...bar, isClosed: false }] : []
    if (!last || last.openTime === bar.openTime) return running
    const closed = { ...last, isClosed: null }
    return this.parts === 1 ? [closed, ...running] : this.fold(closed)
  }

  private fold(closed: BarRecord): readonly BarRecord[] {
    const step = intervalMs(this.interval)
    const openTime = floorTo(closed.openTime, step)
    if (this.set.length > 0 && floorTo(this.set[0]!.openTime, step) !== openTime) this.set = []
    this.set.push(closed)
    return closed.openTime + step / this.parts === openTime + step ? foldBars(this.set, this.interval, this.parts) : []
  }
}
