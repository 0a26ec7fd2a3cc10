/**
 * Owns other versions of a tape for checks: the lake with every row behind an instant hidden, or told otherwise, and tapes of another
 * length. Rows are changed where they leave the lake, so that loaders, joins and deciders are all under test. Never changes a file.
 */
import type { Config } from '#core/config/schema'
import { DAY_MS, type DurationMs, type EpochMs } from '#core/time'
import { type LakeKey, sliceBars, sliceFunding, upperBound } from '#data/columns'
import type { RowView } from '#data/lake'
import { seriesPath } from '#data/layout'
import { pickRows, type Rows, type Values } from '#data/rows'
import { sliceFeed } from './feeds/series.js'
import { type OtherLake, type PreparedTape, prepareTape, type Span } from './prepare-tape.js'
import { type AnySeries, type MergedTape, mergeTape } from './tape.js'
import { endsEarly } from './tape-driver.js'
import type { TapePlan } from './tape-plan.js'

/** `truncated`: rows behind the instant are not there. `altered`: they are, and tell another story. */
export const FUTURES = ['truncated', 'altered'] as const
export type Future = (typeof FUTURES)[number]

/** A tape as it is, or with another future. The checks ask for it; whoever builds one otherwise is under test too. */
export type TapeSource = (other?: {
  readonly future: Future
  readonly instant: EpochMs
}) => Promise<Pick<PreparedTape, 'plan' | 'history'>>

/** The tape of a lake; rows are read from its files once and kept. */
export function tapeSource(home: string, config: Config, span: Span): TapeSource {
  const kept = new Map<string, Promise<Rows>>()
  const keep: RowView = (key, where, read) => {
    const name = `${seriesPath(key)} ${where}`
    const found = kept.get(name) ?? read()
    kept.set(name, found)
    return found
  }
  return (other) => {
    if (other === undefined) return prepareTape(home, config, span, undefined, { view: keep })
    const { future, instant } = other
    const view: RowView = async (key, where, read) => changed(key, await keep(key, where, read), future, instant)
    const lake: OtherLake = future === 'truncated' ? { view, until: instant } : { view }
    return prepareTape(home, config, span, undefined, lake)
  }
}

/** Rows of one series under another future. */
export function changed(key: Pick<LakeKey, 'kind'>, rows: Rows, future: Future, instant: EpochMs): Rows {
  return future === 'truncated' ? hidden(rows, instant) : altered(key, rows, instant)
}

function hidden(rows: Rows, instant: EpochMs): Rows {
  const { availableAt } = rows
  return pickRows(
    rows,
    Uint32Array.from(availableAt.keys()).filter((i) => availableAt[i]! <= instant),
  )
}

/** Columns that say what a row is about, not what was seen: another value would be another row. */
const IDENTITY = new Set(['ts', 'availableAt', 'revision', 'fetchedAt', 'intervalHours', 'strike', 'expiry'])
const SIGNED = new Set(['rate', 'delta'])
/** Prices half as high again, volumes thrice, rates of the other sign: no band of any signal sleeps through it. */
const PRICE_FACTOR = 1.5
const SIZE_FACTOR = 3
const SIZES = new Set(['volume', 'quoteVolume', 'openInterest', 'oi'])

function altered({ kind }: Pick<LakeKey, 'kind'>, rows: Rows, instant: EpochMs): Rows {
  const { availableAt } = rows
  const change = (name: string, value: number): number =>
    SIGNED.has(name)
      ? -3 * value - (kind === 'funding' ? 0.0005 : 0)
      : value * (SIZES.has(name) ? SIZE_FACTOR : PRICE_FACTOR)
  const column = (name: string, values: Values): Values =>
    IDENTITY.has(name) || !(values instanceof Float64Array)
      ? values
      : values.map((value, i) => (availableAt[i]! > instant ? change(name, value) : value))
  const columns = Object.entries(rows).map(([name, values]) => [name, column(name, values)])
  return Object.fromEntries(columns) as Rows // the same names with the same kinds of arrays
}

/**
 * The tape of another future, walked as far as the instant. Which instruments end before it is taken from the whole tape: a tape tells
 * an end of data at the last row, which nobody could know (methods, section 16, allows no more than that).
 */
export function walkedTo(plan: TapePlan, instant: EpochMs, whole: TapePlan): TapePlan {
  const end = whole.merged.instants.at(-1) ?? 0
  const gone = whole.merged.series.filter(
    (series) => endsEarly(series, end, whole.ended) && (series.rows.availableAt.at(-1) ?? 0) <= instant,
  )
  const { flows, ...rest } = plan
  return { ...rest, merged: upTo(plan.merged, instant), ended: new Set(gone.map((series) => series.instrument)) }
}

function upTo(merged: MergedTape, instant: EpochMs): MergedTape {
  const count = upperBound(merged.instants, instant)
  const rows = count === 0 ? 0 : merged.rowsEnd[count - 1]!
  const missing = count === 0 ? 0 : merged.missingEnd[count - 1]!
  return {
    series: merged.series,
    order: merged.order.subarray(0, rows),
    instants: merged.instants.subarray(0, count),
    rowsEnd: merged.rowsEnd.subarray(0, count),
    closed: merged.closed.subarray(0, count),
    missingEnd: merged.missingEnd.subarray(0, count),
    missing: merged.missing.subarray(0, missing),
  }
}

/** A long tape cut into the history of a warm-up and what is decided until `end`: what a run that begins at `start` needs to see. */
export function startedAt(
  long: TapePlan,
  start: EpochMs,
  warmupMs: DurationMs,
  end: EpochMs,
): { readonly history: TapePlan; readonly plan: TapePlan } {
  const days = Math.floor((end - start) / DAY_MS)
  const clock = Float64Array.from({ length: days }, (_, d) => start + (d + 1) * DAY_MS)
  return {
    history: { ...between(long, start - warmupMs, start), quietBefore: start - warmupMs },
    plan: { ...between(long, start, end, (long.feedRows ?? 0) > 0 ? clock : undefined), ended: new Set() },
  }
}

function between(plan: TapePlan, from: EpochMs, to: EpochMs, clock?: Float64Array): TapePlan {
  const kept: { series: AnySeries; proxy: Uint8Array | undefined; listing: TapePlan['listings'][number] }[] = []
  for (const [i, series] of plan.merged.series.entries()) {
    const { availableAt } = series.rows
    const [a, b] = [upperBound(availableAt, from), upperBound(availableAt, to)]
    if (a === b) continue
    kept.push({ series: sliced(series, a, b), proxy: plan.proxy[i]?.subarray(a, b), listing: plan.listings[i] })
  }
  const series = kept.map((one) => one.series)
  const merged = mergeTape(series, clock)
  const of = new Map(kept.map((one) => [one.series, one]))
  return {
    ...plan,
    merged,
    proxy: merged.series.map((series) => of.get(series)?.proxy),
    listings: merged.series.map((series) => of.get(series)?.listing),
    flows: [],
  }
}

function sliced(series: AnySeries, from: number, to: number): AnySeries {
  if (series.kind === 'funding') return { ...series, rows: sliceFunding(series.rows, from, to) }
  if (series.kind !== 'bars') return sliceFeed(series, from, to)
  const { expectedFrom, expectedTo, ...rest } = series
  return { ...rest, rows: sliceBars(series.rows, from, to) }
}
