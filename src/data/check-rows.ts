/** Owns what a row to import must satisfy, and the columns made of rows that do. Never repairs, fills or drops a row. */
import {
  DAY_MS,
  type EpochMs,
  HOUR_MS,
  INTERVAL_MS,
  type Interval,
  intervalMs,
  isoTime,
  MINUTE_MS,
  SECOND_MS,
} from '#core/time'
import type { BarColumns, FundingColumns } from './columns.js'
import type { Problems } from './import-problem.js'
import type { SourceTable, Wanted } from './source-table.js'

export const BARS_WANTED: Wanted = {
  required: ['ts', 'open', 'high', 'low', 'close', 'volume'],
  optional: ['quote_volume'],
}
export const FUNDING_WANTED: Wanted = { required: ['ts', 'rate'], optional: [] }

/** 2009-01-03, the first Bitcoin block, and 2100: a stamp outside is in seconds, microseconds or wrong. */
const TS_MIN = 14_247 * DAY_MS
const TS_MAX = 47_482 * DAY_MS
/** From so many rows on, a file without two neighbours one interval apart has the wrong interval. */
const SPACING_ROWS = 10
/** Venues stamp settlements some milliseconds late; further off, the stamp is taken as it is and refused. */
const JITTER_MS = SECOND_MS
/** No venue settles at less than daily pace; a longer spacing is a hole. */
const FUNDING_INTERVAL_MS_MAX = DAY_MS

function column(table: SourceTable, name: string): Float64Array {
  return table.columns.get(name) ?? new Float64Array(table.rows).fill(Number.NaN)
}

export function checkTime(ts: Float64Array, i: number, stepMs: number, line: number, problems: Problems): void {
  const t = ts[i]!
  if (Number.isNaN(t)) return // told when it was read
  if (!Number.isInteger(t)) problems.row(line, `ts ${t} is not whole milliseconds`)
  else if (t < TS_MIN || t > TS_MAX) problems.row(line, `ts ${t} is not between 2009 and 2100: is it in milliseconds?`)
  else if (t % stepMs !== 0) problems.row(line, `ts ${t} (${isoTime(t)}) is not aligned to ${describeMs(stepMs)}`)
  if (i === 0 || Number.isNaN(ts[i - 1]!)) return
  if (t === ts[i - 1]) problems.row(line, `ts ${t} stands twice`)
  else if (t < ts[i - 1]!) problems.row(line, `ts ${t} comes after ${ts[i - 1]}: rows must ascend`)
}

/** `1h` where it has a name, else minutes. */
export function describeMs(ms: number): string {
  return Object.entries(INTERVAL_MS).find(([, length]) => length === ms)?.[0] ?? `${ms / MINUTE_MS} minutes`
}

/** Bars of a table whose rows are all sane; else `problems` names every line that is not. */
export function barsOf(table: SourceTable, interval: Interval, problems: Problems): BarColumns {
  const step = intervalMs(interval)
  const ts = column(table, 'ts')
  const bars: BarColumns = {
    ts,
    availableAt: ts.map((t) => t + step),
    open: column(table, 'open'),
    high: column(table, 'high'),
    low: column(table, 'low'),
    close: column(table, 'close'),
    volume: column(table, 'volume'),
    quoteVolume: column(table, 'quote_volume'),
  }
  let closest = Number.POSITIVE_INFINITY
  for (let i = 0; i < table.rows; i++) {
    checkTime(ts, i, step, table.firstLine + i, problems)
    checkBar(bars, i, table.firstLine + i, problems)
    if (i > 0) closest = Math.min(closest, ts[i]! - ts[i - 1]!)
  }
  if (table.rows === 0) problems.unreadable('there are no rows')
  if (table.rows >= SPACING_ROWS && closest > step && !problems.any)
    problems.unreadable(
      `no two rows are ${interval} apart, the closest are ${describeMs(closest)}: is the interval right?`,
    )
  return bars
}

/** Nothing to tell of the row: at millions of rows it must cost nothing to find out. */
function isSane({ open, high, low, close, volume, quoteVolume }: BarColumns, i: number): boolean {
  const [top, bottom] = [high[i]!, low[i]!]
  const isPriced = bottom > 0 && top < Number.POSITIVE_INFINITY && open[i]! <= top && open[i]! >= bottom
  const isTraded = volume[i]! >= 0 && volume[i]! < Number.POSITIVE_INFINITY && !(quoteVolume[i]! < 0)
  return isPriced && close[i]! <= top && close[i]! >= bottom && isTraded && quoteVolume[i] !== Number.POSITIVE_INFINITY
}

function checkBar(bars: BarColumns, i: number, line: number, problems: Problems): void {
  if (isSane(bars, i)) return
  const [open, high, low, close] = [bars.open[i]!, bars.high[i]!, bars.low[i]!, bars.close[i]!]
  for (const [name, price] of [
    ['open', open],
    ['high', high],
    ['low', low],
    ['close', close],
  ] as const) {
    if (price <= 0) problems.row(line, `${name} ${price} is not positive`)
    if (price === Number.POSITIVE_INFINITY) problems.row(line, `${name} is not finite`)
  }
  if (high < low) problems.row(line, `high ${high} is below low ${low}`)
  else {
    if (open > high || open < low) problems.row(line, `open ${open} is outside low ${low} and high ${high}`)
    if (close > high || close < low) problems.row(line, `close ${close} is outside low ${low} and high ${high}`)
  }
  for (const [name, amount] of [
    ['volume', bars.volume[i]!],
    ['quote_volume', bars.quoteVolume[i]!],
  ] as const) {
    if (amount < 0) problems.row(line, `${name} ${amount} is negative`)
    if (amount === Number.POSITIVE_INFINITY) problems.row(line, `${name} is not finite`)
  }
}

/**
 * Settlements of a table. Stamps within a second of a whole minute are snapped to it (`notes` says how many); the interval of
 * each is `interval` where given, else taken from the spacing by {@link settlementHours}.
 */
export function fundingOf(
  table: SourceTable,
  interval: Interval | undefined,
  problems: Problems,
  notes: string[],
): FundingColumns {
  const rate = column(table, 'rate')
  const stamps = column(table, 'ts')
  const ts = stamps.map((t) => {
    const minute = Math.round(t / MINUTE_MS) * MINUTE_MS
    return Math.abs(t - minute) <= JITTER_MS ? minute : t
  })
  const snapped = ts.reduce((sum, t, i) => sum + (t !== stamps[i] && !Number.isNaN(t) ? 1 : 0), 0)
  if (snapped > 0) notes.push(`${snapped} settlement times were up to 1 s off the minute and were snapped to it`)
  for (let i = 0; i < table.rows; i++) {
    checkTime(ts, i, MINUTE_MS, table.firstLine + i, problems)
    if (Math.abs(rate[i]!) >= 1)
      problems.row(table.firstLine + i, `rate ${rate[i]} is no fraction of notional: is it in percent?`)
  }
  if (table.rows === 0) problems.unreadable('there are no rows')
  if (table.rows === 1 && interval === undefined)
    problems.unreadable('one settlement does not show its interval: name it with --interval')
  if (problems.any) return { ts, availableAt: ts, rate, intervalHours: new Float64Array(table.rows) }
  const nominal = interval === undefined ? undefined : intervalMs(interval) / HOUR_MS
  const { hours, odd } = settlementHours(ts, nominal)
  if (odd > 0) notes.push(`${odd} settlements after a hole or off the usual times: interval taken from a neighbour`)
  return { ts, availableAt: ts, rate, intervalHours: hours }
}

/**
 * Hours each settlement is for: the spacing to the one before, when a neighbouring spacing is the same, so that a venue's
 * change from 8 h to 4 h is followed at once; a spacing that stands alone (a hole, a late settlement) or exceeds a day takes the
 * interval of the settlement before, at the start that of the next.
 */
export function settlementHours(
  ts: ArrayLike<EpochMs>,
  nominal?: number,
): { readonly hours: Float64Array; readonly odd: number } {
  const hours = new Float64Array(ts.length)
  if (nominal !== undefined) return { hours: hours.fill(nominal), odd: 0 }
  const spacing = (i: number): number => (i >= 1 && i < ts.length ? ts[i]! - ts[i - 1]! : Number.NaN)
  const regular = (i: number): boolean =>
    spacing(i) <= FUNDING_INTERVAL_MS_MAX &&
    (spacing(i) === spacing(i - 1) || spacing(i) === spacing(i + 1) || ts.length === 2)
  let first = 1
  while (first < ts.length && !regular(first)) first++
  let current = (first < ts.length ? spacing(first) : spacing(1)) / HOUR_MS
  let odd = 0
  for (let i = 0; i < ts.length; i++) {
    if (regular(i)) current = spacing(i) / HOUR_MS
    else if (i > 0) odd++
    hours[i] = current
  }
  return { hours, odd }
}
