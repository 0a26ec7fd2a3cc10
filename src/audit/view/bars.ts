/** Owns the bars of one instrument as a chart wants them: those of the log, and before them what history has. Never a bar behind `until`. */
import { QuantbotError } from '#core/errors'
import { type Interval, intervalMs, isInterval } from '#core/time'
import { type BarStore, type BarsQuery, coarser } from './bar-store.js'
import type { HistoryQuery } from './run-view.port.js'
import type { BarsDoc } from './view.port.js'

export interface BarsParts {
  readonly store: BarStore
  /** Of the run's configuration. */
  readonly interval: string
  readonly history: ((query: HistoryQuery) => Promise<BarsDoc | undefined>) | undefined
  /** Time of a seq: what closed later was not known. */
  readonly tsAt: (seq: number) => Promise<number>
}

/** Bars, oldest first; the last one is unfinished where coarser bars are asked for than the log has. USAGE for an unknown interval. */
export async function barsOf(parts: BarsParts, query: BarsQuery): Promise<BarsDoc> {
  const { store, history } = parts
  const { instrument, from, to, until } = query
  const interval = query.interval ?? store.interval(instrument) ?? parts.interval
  if (!isInterval(interval)) throw new QuantbotError('USAGE', `interval is ${JSON.stringify(interval)}`)
  const own = store.query({ ...query, interval })
  if (history === undefined) return own
  const known = until === undefined ? Number.POSITIVE_INFINITY : await parts.tsAt(until)
  const ends = Math.min(to ?? Number.POSITIVE_INFINITY, (own.ts[0] ?? Number.POSITIVE_INFINITY) - 1)
  const before = await history({ instrument, interval, ...(from === undefined ? {} : { from }), ...bounded(ends) })
  return before === undefined ? own : joined(before, own, interval, Math.min(ends, known - intervalMs(interval)))
}

const bounded = (to: number): { to?: number } => (Number.isFinite(to) ? { to } : {})

/** History up to `last` (open times), then the bars of the log. */
function joined(before: BarsDoc, own: BarsDoc, interval: Interval, last: number): BarsDoc {
  const count = before.ts.filter((ts) => ts <= last).length
  const old = coarser({ ...before, seq: before.ts.map(() => 0) }, 0, count, intervalMs(interval))
  return {
    instrument: own.instrument,
    interval,
    ts: [...old.ts, ...own.ts],
    open: [...old.open, ...own.open],
    high: [...old.high, ...own.high],
    low: [...old.low, ...own.low],
    close: [...old.close, ...own.close],
    volume: [...old.volume, ...own.volume],
    seq: [...old.seq, ...own.seq],
  }
}
