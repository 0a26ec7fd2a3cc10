/**
 * Owns the last days of some daily on-chain series side by side: values of one day in one row, corrections in the place of what
 * they correct. Must never let in a value before it was available, fill a gap, nor grow beyond its capacity.
 */
import { invariant } from '#core/invariant'
import { DAY_MS, type DurationMs, MINUTE_MS } from '#core/time'
import type { OnChainPublished } from '#events/market.events'

export interface OnChainDay {
  /** Start of the period, epoch ms. */
  day: number
  /** By column; null: not published. */
  values: (number | null)[]
}

/** Plain data, bounded by `capacity` rows. */
export interface OnChainDays {
  capacity: number
  /** Ascending by day; days without any value have no row. */
  rows: OnChainDay[]
  /** Seqs of what was published last, by row and column; only for the newest days. */
  seqs: { day: number; column: number; seq: number }[]
}

/** A machine's clock may step back a little between publishing and stamping: that is no look into the future of daily values (ours). */
const CLOCK_STEP_MS: DurationMs = MINUTE_MS
/** Days whose seqs are kept, so that a decision can name what it rests on. */
const SEQ_DAYS = 4

export function createOnChainDays(capacity: number): OnChainDays {
  return { capacity, rows: [], seqs: [] }
}

/** `coinmetrics.btc.CapMrktCurUSD`, as configurations name a series. */
export function seriesOf({ source, asset, metric }: OnChainPublished['data']): string {
  return `${source}.${asset}.${metric}`
}

/**
 * Puts a value in its place; a correction replaces what stood there. Values of other periods than days, and of days that are
 * older than what is kept, are left out. Gives the row that fell out, to be remembered otherwise. O(rows), O(1) for the newest day.
 */
export function putOnChain(
  days: OnChainDays,
  columns: number,
  column: number,
  event: OnChainPublished,
): OnChainDay | undefined {
  const { periodStart: day, periodMs, availableAt, value } = event.data
  invariant(
    availableAt <= event.ts + CLOCK_STEP_MS,
    () => `${seriesOf(event.data)} of ${day}: delivered before it was available`,
  )
  if (periodMs !== DAY_MS) return undefined
  const { rows, capacity } = days
  let at = rows.length
  while (at > 0 && rows[at - 1]!.day >= day) at--
  if (rows[at]?.day !== day) {
    if (at === 0 && rows.length === capacity) return undefined
    rows.splice(at, 0, { day, values: Array.from({ length: columns }, () => null) })
  }
  rows[at]!.values[column] = value + 0
  const others = days.seqs.filter((known) => known.day !== day || known.column !== column)
  days.seqs = [...others, { day, column, seq: event.seq }].slice(-SEQ_DAYS * columns)
  return rows.length > capacity ? rows.shift() : undefined
}

/** Seqs of the values of a day, in the order of their columns; empty for days that are long past. */
export function seqsOf(days: OnChainDays, day: number): number[] {
  return days.seqs
    .filter((known) => known.day === day)
    .sort((a, b) => a.column - b.column)
    .map(({ seq }) => seq)
}

/** Least share of the days of a window that must be known [D]: vendors miss a day now and then, which is not filled. */
const LEAST_SHARE = 0.95

/**
 * Values of the last `window` calendar days up to the newest one that has a value, oldest first, gaps left out. Null until a whole
 * window has passed since `firstDay`, or when too many of its days are unknown (methods.md 0: the window fails its minimum count).
 */
export function windowOf(
  points: readonly { readonly day: number; readonly value: number }[],
  window: number,
  firstDay: number | null,
): number[] | null {
  const newest = points.at(-1)
  if (newest === undefined || firstDay === null) return null
  const from = newest.day - (window - 1) * DAY_MS
  if (firstDay > from) return null
  const values: number[] = []
  for (const { day, value } of points) if (day >= from) values.push(value)
  return values.length >= Math.ceil(LEAST_SHARE * window) ? values : null
}
