/**
 * Owns the paging of OKX's histories. Its pages come newest first and its `after` means older: every page here asks for a
 * window `(before, after)` no longer than a page, so that pages ascend in time. Never sends anything.
 */
import { QuantbotError } from '#core/errors'
import { parseInstrument } from '#core/ids'
import { DAY_MS, type DurationMs, type EpochMs, floorTo, HOUR_MS, type Interval, intervalMs } from '#core/time'
import type { Call, Page } from '../adapter.port.js'
import type { BarRecord, InstrumentFacts, Normal, OpenInterestRecord, SettlementRecord } from '../normal.js'
import { dataOf } from './envelope.js'
import type { RowReader, Scope } from './scope.js'
import { openInterestHistoryRow, settlementRow } from './state-rows.js'
import { barOf } from './symbols.js'
import { candleRow, readRows } from './trade-rows.js'

/** GET below /api/v5, counted in the pool of its endpoint. */
export function get<T>(path: string, query: Record<string, string | number>, read: Call<T>['read']): Call<T> {
  const asked = Object.entries(query)
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join('&')
  const pool = path.slice(path.lastIndexOf('/') + 1)
  return {
    endpoint: 'rest',
    method: 'GET',
    path: `/api/v5${path}${asked === '' ? '' : `?${asked}`}`,
    costs: [{ pool, weight: 1 }],
    read,
  }
}

export function symbol(facts: InstrumentFacts): string {
  return parseInstrument(facts.instrument)!.symbol // facts are made by our own reader
}

/** For rows whose reader asks nothing about contracts. */
export function bareScope(receivedAt: EpochMs, instId?: string, interval?: Interval): Scope {
  return { receivedAt, instId, interval, facts: () => undefined, price: () => undefined, isRest: true }
}

function ascending<T extends Normal>(
  payload: unknown,
  read: RowReader,
  scope: Scope,
  timeOfRow: (row: T) => EpochMs,
): readonly T[] {
  const rows = readRows(dataOf(payload), read, scope) as T[] // each reader makes rows of one kind
  return rows.sort((a, b) => timeOfRow(a) - timeOfRow(b))
}

/** Most rows of a page; until 2025 history-candles gave 100, whatever was asked. */
const BARS_MAX = 300
const BARS_MAX_BEFORE_2025 = 100
/** `market/candles` has the newest 1,440 bars alone, but it has them at once; the last one may be the running bar. */
const NEWEST_BARS = 1439

interface BarSpan {
  readonly facts: InstrumentFacts
  readonly interval: Interval
  readonly to: EpochMs
}

/** Bars with open time in `[from, to)`. */
export function barPages(
  facts: InstrumentFacts,
  interval: Interval,
  from: EpochMs,
  to: EpochMs,
): Call<Page<BarRecord>> {
  if (barOf(interval) === undefined)
    throw new QuantbotError('VENUE_REFUSED', `okx has no bars of ${interval}; it has 4h and 12h`)
  const step = intervalMs(interval)
  const start = Math.max(from, facts.listedAt === null ? from : floorTo(facts.listedAt, step))
  // A short span is most often a gap just now, a long one history; a wrong guess costs one call.
  const path = to - start <= BARS_MAX * step ? '/market/candles' : '/market/history-candles'
  return barPage({ facts, interval, to }, start, path, BARS_MAX)
}

function barPage(span: BarSpan, start: EpochMs, path: string, size: number): Call<Page<BarRecord>> {
  const { facts, interval, to } = span
  const step = intervalMs(interval)
  const end = Math.min(to, start + size * step)
  const query = { instId: symbol(facts), bar: barOf(interval)!, before: start - 1, after: end, limit: size }
  return get(path, query, (payload, receivedAt) => {
    const scope = bareScope(receivedAt, symbol(facts), interval)
    const all = ascending<BarRecord>(payload, candleRow, scope, (row) => row.openTime)
    const rows = all.filter((row) => row.openTime >= start && row.openTime < end)
    const oldest = rows[0]?.openTime
    const isRecent = start >= receivedAt - NEWEST_BARS * step
    if (path === '/market/candles' && !isRecent)
      return { rows: [], next: barPage(span, start, '/market/history-candles', size) }
    if (all.length === BARS_MAX_BEFORE_2025 && size > BARS_MAX_BEFORE_2025 && oldest !== undefined && oldest > start)
      return { rows: [], next: barPage(span, start, path, BARS_MAX_BEFORE_2025) }
    // The history may lag: what is behind its last bar is asked for again among the newest.
    const reached =
      path === '/market/candles' || end <= receivedAt - 2 * step ? end : (rows.at(-1)?.openTime ?? -1) + step
    const nextStart = Math.max(start, reached)
    if (nextStart >= Math.min(to, receivedAt)) return { rows, next: undefined }
    const isNear = nextStart >= receivedAt - NEWEST_BARS * step
    return { rows, next: barPage(span, nextStart, isNear ? '/market/candles' : '/market/history-candles', size) }
  })
}

const SETTLEMENTS_MAX = 400
/** Funding may be paid hourly: a window of so many hours is never longer than a page. */
const SETTLEMENT_WINDOW_MS = SETTLEMENTS_MAX * HOUR_MS
/** The venue keeps three months. */
const SETTLEMENTS_KEPT_MS = 95 * DAY_MS
const FUNDING_INTERVAL_MAX_MS = 8 * HOUR_MS

/**
 * Settlements in `(from, to]`. A row does not say how long its period was; the one before it does, so the first window
 * begins a period earlier, and the last settlement of a page is carried to the next.
 */
export function settlementPages(facts: InstrumentFacts, from: EpochMs, to: EpochMs): Call<Page<SettlementRecord>> {
  return settlementPage(facts, from, to, from - FUNDING_INTERVAL_MAX_MS, null)
}

function settlementPage(
  facts: InstrumentFacts,
  from: EpochMs,
  to: EpochMs,
  start: EpochMs,
  last: EpochMs | null,
): Call<Page<SettlementRecord>> {
  const end = Math.min(to, start + SETTLEMENT_WINDOW_MS)
  const query = { instId: symbol(facts), before: start, after: end + 1, limit: SETTLEMENTS_MAX }
  return get('/public/funding-rate-history', query, (payload, receivedAt) => {
    let previous = last
    const rows: SettlementRecord[] = []
    const scope = bareScope(receivedAt)
    for (const row of ascending<SettlementRecord>(payload, settlementRow, scope, (it) => it.settledAt)) {
      const periodMs = previous === null ? null : row.settledAt - previous
      previous = row.settledAt
      if (row.settledAt <= from || row.settledAt > to) continue
      rows.push({ ...row, intervalMs: isPeriod(periodMs) ? periodMs : null })
    }
    const nextStart = Math.max(end, receivedAt - SETTLEMENTS_KEPT_MS)
    if (nextStart >= Math.min(to, receivedAt)) return { rows, next: undefined }
    return { rows, next: settlementPage(facts, from, to, nextStart, nextStart === end ? previous : null) }
  })
}

/** Whether a distance of settlements can be a funding period, rather than a hole. */
function isPeriod(ms: DurationMs | null): boolean {
  return ms !== null && ms > 0 && ms <= FUNDING_INTERVAL_MAX_MS && ms % HOUR_MS === 0
}

const POINTS_MAX = 100
/** The venue keeps 1,440 points of each period. */
const POINTS_KEPT = 1440
/** Periods that the endpoint has, of those that quantbot knows. */
const PERIODS = new Set<Interval>(['5m', '15m', '30m', '1h', '2h', '4h', '12h', '1d'])

/** Points in `[from, to)`; undefined for a length that OKX does not keep. */
export function openInterestPages(
  facts: InstrumentFacts,
  interval: Interval,
  from: EpochMs,
  to: EpochMs,
): Call<Page<OpenInterestRecord>> | undefined {
  return PERIODS.has(interval) ? pointPage(facts, interval, from, to) : undefined
}

function pointPage(
  facts: InstrumentFacts,
  interval: Interval,
  start: EpochMs,
  to: EpochMs,
): Call<Page<OpenInterestRecord>> {
  const step = intervalMs(interval)
  const end = Math.min(to, start + POINTS_MAX * step)
  // One ms before each end: right whether the venue counts its bounds in or not.
  const query = { instId: symbol(facts), period: barOf(interval)!, begin: start - 1, end: end - 1, limit: POINTS_MAX }
  return get('/rubik/stat/contracts/open-interest-history', query, (payload, receivedAt) => {
    const scope = bareScope(receivedAt, symbol(facts), interval)
    const rows = ascending<OpenInterestRecord>(payload, openInterestHistoryRow, scope, (row) => row.ts)
    const kept = floorTo(receivedAt, step) - (POINTS_KEPT - 1) * step
    const nextStart = Math.max(end, kept)
    return {
      rows: rows.filter((row) => row.ts >= start && row.ts < end),
      next: nextStart >= Math.min(to, receivedAt) ? undefined : pointPage(facts, interval, nextStart, to),
    }
  })
}
