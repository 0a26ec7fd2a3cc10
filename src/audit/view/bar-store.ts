/**
 * Owns the bars of a run in columns as the log brings them, and coarser ones made of them when asked. Bounded: of an instrument with too
 * many the oldest go, which history may still have. Never reads a file.
 */
import { floorTo, INTERVALS, type Interval, intervalMs } from '#core/time'
import type { BarClosed } from '#events/market.events'
import { firstAbove } from './thinning.js'
import type { BarsDoc } from './view.port.js'

/** Bars of one series; chosen here: eleven years of hours, 5.6 MB. */
const MAX_BARS = 100_000
/** Of all instruments together: 56 MB. */
const MAX_ALL = 1_000_000
const COLUMNS = ['ts', 'open', 'high', 'low', 'close', 'volume', 'seq'] as const

type Rows = Record<(typeof COLUMNS)[number], number[]>

const emptyRows = (): Rows => ({ ts: [], open: [], high: [], low: [], close: [], volume: [], seq: [] })

export interface BarsQuery {
  readonly instrument: string
  readonly interval?: string
  readonly until?: number
  readonly from?: number
  readonly to?: number
}

export class BarStore {
  /** By instrument, then by interval. */
  readonly #series = new Map<string, Map<string, Rows>>()
  #count = 0

  append({ seq, data }: BarClosed): void {
    const byInterval = this.#series.get(data.instrument) ?? new Map<string, Rows>()
    this.#series.set(data.instrument, byInterval)
    const rows = byInterval.get(data.interval) ?? emptyRows()
    byInterval.set(data.interval, rows)
    // A bar that is told again replaces nothing: what was decided on stands.
    if ((rows.ts.at(-1) ?? 0) >= data.openTime) return
    rows.ts.push(data.openTime)
    rows.open.push(data.open)
    rows.high.push(data.high)
    rows.low.push(data.low)
    rows.close.push(data.close)
    rows.volume.push(data.volume)
    rows.seq.push(seq)
    this.#count++
    if (rows.ts.length > MAX_BARS || (this.#count > MAX_ALL && rows.ts.length > MAX_ALL / 1000)) this.#forget(rows)
  }

  /** Finest interval that the log has of an instrument; undefined: none. */
  interval(instrument: string): Interval | undefined {
    const known = this.#series.get(instrument)
    return INTERVALS.find((interval) => known?.has(interval) === true)
  }

  /** Bars of the log, made coarser where asked; empty where the log has none that fit. O(bars in the span). */
  query({ instrument, interval, until, from, to }: BarsQuery & { readonly interval: Interval }): BarsDoc {
    const known = this.#series.get(instrument)
    const base = INTERVALS.find((each) => known?.has(each) === true && intervalMs(interval) % intervalMs(each) === 0)
    const rows = (base === undefined ? undefined : known?.get(base)) ?? emptyRows()
    const end = Math.min(
      until === undefined ? rows.seq.length : firstAbove(rows.seq.length, until, (i) => rows.seq[i]!),
      to === undefined ? rows.ts.length : firstAbove(rows.ts.length, to, (i) => rows.ts[i]!),
    )
    const begin =
      from === undefined ? 0 : firstAbove(rows.ts.length, floorTo(from, intervalMs(interval)) - 1, (i) => rows.ts[i]!)
    return { instrument, interval, ...coarser(rows, Math.min(begin, end), end, intervalMs(interval)) }
  }

  #forget(rows: Rows): void {
    const gone = rows.ts.length >> 2
    for (const name of COLUMNS) rows[name].splice(0, gone)
    this.#count -= gone
  }
}

/** Bars of `stepMs` from finer ones in [begin, end); the last one may be unfinished. */
export function coarser(
  rows: Omit<BarsDoc, 'instrument' | 'interval'>,
  begin: number,
  end: number,
  stepMs: number,
): Rows {
  const made = emptyRows()
  for (let i = begin; i < end; i++) {
    const ts = floorTo(rows.ts[i]!, stepMs)
    const last = made.ts.length - 1
    if (made.ts[last] !== ts) {
      made.ts.push(ts)
      for (const name of ['open', 'high', 'low', 'close', 'volume', 'seq'] as const) made[name].push(rows[name][i]!)
      continue
    }
    made.high[last] = Math.max(made.high[last]!, rows.high[i]!)
    made.low[last] = Math.min(made.low[last]!, rows.low[i]!)
    made.close[last] = rows.close[i]!
    made.volume[last] = made.volume[last]! + rows.volume[i]!
    made.seq[last] = rows.seq[i]!
  }
  return made
}
