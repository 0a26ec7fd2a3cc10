/** Owns what the price chart is given: candles, volume, aligned series and markers, as plain rows. Must never touch the document. */
import type { BarsDoc, MarksDoc, SeriesDoc } from '#audit/view/view.port'

export type Mark = MarksDoc['marks'][number]
export type MarkKind = Mark['kind']

/** Open time of a bar, epoch seconds: what the chart library counts in. */
export interface Candle {
  readonly time: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
}

export interface Point {
  readonly time: number
  readonly value: number
}

export interface VolumePoint extends Point {
  readonly isUp: boolean
}

/** A mark at the bar in which it happened. `id` is the target of #/why. */
export interface ChartMark {
  readonly time: number
  readonly id: string
  readonly kind: MarkKind
  readonly side: Mark['side']
  readonly price: number | null
  readonly says: string
}

const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 }

/** Milliseconds of `15m`, `1h`, `1d`; 0: not an interval. */
export function intervalMs(interval: string): number {
  const found = /^(\d+)([smhdw])$/.exec(interval)
  return found === null ? 0 : Number(found[1]) * UNITS[found[2]!]!
}

/** Bars that a viewer may see at an instant; a bar is known when it has closed. Both ends of the cut are ours to hold, whatever the server sent. */
export function barsUntil(bars: BarsDoc, untilTs: number): BarsDoc {
  const length = intervalMs(bars.interval)
  let n = bars.ts.length
  while (n > 0 && bars.ts[n - 1]! + length > untilTs) n--
  if (n === bars.ts.length) return bars
  const cut = <T>(column: readonly T[]): readonly T[] => column.slice(0, n)
  return {
    ...bars,
    ts: cut(bars.ts),
    open: cut(bars.open),
    high: cut(bars.high),
    low: cut(bars.low),
    close: cut(bars.close),
    volume: cut(bars.volume),
    seq: cut(bars.seq),
  }
}

export function candlesOf(bars: BarsDoc): Candle[] {
  return bars.ts.map((ts, i) => ({
    time: ts / 1000,
    open: bars.open[i]!,
    high: bars.high[i]!,
    low: bars.low[i]!,
    close: bars.close[i]!,
  }))
}

export function volumesOf(bars: BarsDoc): VolumePoint[] {
  return bars.ts.map((ts, i) => ({ time: ts / 1000, value: bars.volume[i]!, isUp: bars.close[i]! >= bars.open[i]! }))
}

/**
 * The newest value known at the close of each bar. Points keep their own times only where there are no bars: the chart has one time
 * axis, and a point between two bars would push them apart. Bars before the first point have none.
 */
export function alignToBars(bars: BarsDoc, series: SeriesDoc, column: string): Point[] {
  const values = series.columns[column] ?? []
  const points: Point[] = []
  if (bars.ts.length === 0) {
    series.ts.forEach((ts, i) => {
      const value = values[i] ?? null
      const time = Math.floor(ts / 1000)
      if (value !== null && points.at(-1)?.time !== time) points.push({ time, value })
    })
    return points
  }
  const length = intervalMs(bars.interval)
  let at = 0
  let value: number | null = null
  for (const ts of bars.ts) {
    for (; at < series.ts.length && series.ts[at]! <= ts + length; at++) value = values[at] ?? value
    if (value !== null) points.push({ time: ts / 1000, value })
  }
  return points
}

/** Column of a series that is drawn: `value` or the first that has a number; undefined: it has no data, and no pane. */
export function columnOf(series: SeriesDoc): string | undefined {
  const has = (name: string): boolean => series.columns[name]?.some((value) => value !== null) ?? false
  const names = Object.keys(series.columns)
  return has('value') ? 'value' : names.find(has)
}

/** Target under #/why of a mark: an order where it names one (ids have no `/` of an agent), else its event. */
function targetOf(mark: Mark): string {
  return mark.kind === 'fill' && mark.of !== '' ? mark.of : String(mark.seq)
}

/** Marks of the kinds in `shown` up to a seq, each at the bar that holds its time; what lies outside the bars is left out. In order of time. */
export function marksOf(bars: BarsDoc, doc: MarksDoc, shown: ReadonlySet<MarkKind>, untilSeq: number): ChartMark[] {
  const length = intervalMs(bars.interval)
  const out: ChartMark[] = []
  for (const mark of doc.marks) {
    if (mark.seq > untilSeq || !shown.has(mark.kind)) continue
    const i = barAt(bars.ts, mark.ts)
    // Decided on the bar that has just closed, filled before the next one has: it stands at the newest bar there is.
    if (i < 0 || (i < bars.ts.length - 1 && mark.ts >= bars.ts[i]! + length && mark.ts < bars.ts[i + 1]!)) continue
    const { kind, side, price, says } = mark
    out.push({ time: bars.ts[i]! / 1000, id: `${mark.seq}:${targetOf(mark)}`, kind, side, price, says })
  }
  return out.sort((a, b) => a.time - b.time)
}

/** #/why of a marker's id, which carries its seq in front so that two fills of an order stay two. */
export function whyOf(id: string): string {
  return `#/why/${encodeURIComponent(id.slice(id.indexOf(':') + 1))}`
}

/** Index of the last open time ≤ `ts`; −1: all are later. */
export function barAt(ts: readonly number[], at: number): number {
  let low = 0
  let high = ts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ts[middle]! <= at) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Decimals that show a price with about six significant digits. */
export function priceDecimals(price: number): number {
  if (!(price > 0)) return 2
  return Math.min(8, Math.max(0, 5 - Math.floor(Math.log10(price))))
}
