/** Owns which series a kind of history is kept in, its grid and its holes. Pure. */
import { type EpochMs, HOUR_MS, type Interval, intervalMs } from '#core/time'
import type { LakeKey } from '../columns.js'
import { intervalOf } from '../layout.js'
import type { Rows } from '../rows.js'
import type { BackfillKind } from './backfill.port.js'
import { gridGaps, nextStart, type Span, settlementGaps } from './spans.js'

/** Where rows of a series may be lacking within a span. */
export function gapsOf(key: LakeKey, rows: Rows, span: Span): Span[] {
  if (key.kind !== 'funding') return gridGaps(rows.ts, span, stepOf(key))
  const hours = rows.intervalHours
  return settlementGaps(rows.ts, hours instanceof Float64Array ? hours : new Float64Array(0), span)
}

/** Grid of a series; of settlements, which come at whole hours, an hour. */
export function stepOf(key: LakeKey): number {
  const interval = intervalOf(key)
  return interval === undefined ? HOUR_MS : intervalMs(interval)
}

/** The series that a kind is kept in. Venues keep no open interest finer than 5m. */
export function keyFor(
  kind: BackfillKind,
  names: { readonly venue: string; readonly market: string; readonly symbol: string },
  interval: Interval,
): LakeKey {
  if (kind === 'funding') return { kind, ...names }
  if (kind === 'oi') return { kind, ...names, interval: interval === '1m' ? '5m' : interval }
  if (kind === 'bars') return { kind, ...names, interval }
  return { kind, ...names, interval }
}

/** Year and month (from 0) of an instant, UTC. */
export function monthOf(ts: EpochMs): [year: number, month: number] {
  const end = nextStart(ts, 'month')
  const previous = new Date(end - 1)
  return [previous.getUTCFullYear(), previous.getUTCMonth()]
}
