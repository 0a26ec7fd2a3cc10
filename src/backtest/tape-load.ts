/**
 * Owns fetching a tape from the lake: the rows of a span, the history before it, and the files both came from.
 * Never decides which series; never reads rows after the span.
 */

import { instrumentId } from '#core/ids'
import { invariant } from '#core/invariant'
import { DAY_MS, type DurationMs, type EpochMs, intervalMs } from '#core/time'
import { type SeriesKey, sliceBars, sliceFunding, upperBound } from '#data/columns'
import { checkTape, loadBars, loadFunding, type RowView, seriesFiles, type TapeEntry, tapeEntries } from '#data/lake'
import { type LakeFile, parseFilePath, seriesPath } from '#data/layout'
import type { TapeSeries } from './tape.js'

/**
 * A span is UTC days, both inclusive: its rows are those with `availableAt` in (from 00:00, to + 1 day 00:00]. For bars
 * that is the same as an open time in [from 00:00, to + 1 day 00:00). History is what became available in
 * (from − historyMs, from]: evolved, never decided on.
 */
export interface TapeRequest {
  readonly series: readonly SeriesKey[]
  /** Starts of the first and the last day. */
  readonly fromDay: EpochMs
  readonly toDay: EpochMs
  readonly historyMs: DurationMs
  /** Files of a manifest: read these and no others, after {@link checkTape} found their bytes unchanged. */
  readonly entries?: readonly TapeEntry[]
  /** What is seen of the lake; then no file is hashed. */
  readonly view?: RowView
}

export interface Tape {
  /** For `mergeTape`. Same series as `span`, in the order asked for; empty rows where there is no history. */
  readonly history: readonly TapeSeries[]
  readonly span: readonly TapeSeries[]
  /** Every file read, for the manifest. */
  readonly files: readonly TapeEntry[]
}

/**
 * Throws LAKE_EMPTY when the lake has nothing of a series (rows outside the span suffice), TAPE_CHANGED when `entries` are
 * given and their bytes changed. 728,335 hourly bars of 20 series in 102 files take about half a second, hashing included (2 shared cores, 2026-11).
 */
export async function loadTape(home: string, request: TapeRequest): Promise<Tape> {
  const { series, fromDay, toDay, historyMs, entries, view } = request
  invariant(
    fromDay % DAY_MS === 0 && toDay % DAY_MS === 0 && fromDay <= toDay,
    'loadTape: a span is whole days in order',
  )
  invariant(historyMs >= 0, 'loadTape: history cannot be negative')
  if (entries) await checkTape(home, entries)
  const files = await inBatches(series, (key) =>
    entries
      ? Promise.resolve(entryFiles(key, entries))
      : chooseFiles(home, key, fromDay - historyMs, lastTs(key, toDay + DAY_MS)),
  )
  const [hashed, both] = await Promise.all([
    entries ?? (view === undefined ? tapeEntries(home, once(files.flat())) : []),
    inBatches(series, (key, i) => loadSeries(home, key, request, files[i]!)),
  ])
  return { history: both.map((one) => one.history), span: both.map((one) => one.span), files: hashed }
}

/** How many series are read at once: enough to keep DuckDB's threads busy. */
const BATCH = 8

async function inBatches<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let start = 0; start < items.length; start += BATCH)
    results.push(...(await Promise.all(items.slice(start, start + BATCH).map((item, i) => work(item, start + i)))))
  return results
}

/** Two instruments may stand on the bars of one: a file is named once. */
function once<T extends { readonly path: string }>(files: readonly T[]): T[] {
  return [...new Map(files.map((file) => [file.path, file])).values()]
}

/** `ts` of the last row that a span ending at `end` may hold. */
function lastTs(key: SeriesKey, end: EpochMs): EpochMs {
  return key.kind === 'bars' ? end - intervalMs(key.interval) : end
}

/**
 * The files with rows in the range, and where the first or last of them leaves a hole at its edge, the one beyond: it tells a
 * hole from a listing or delisting, and being in the manifest tells a replay the same.
 */
async function chooseFiles(home: string, key: SeriesKey, from: EpochMs, to: EpochMs): Promise<LakeFile[]> {
  const all = await seriesFiles(home, key, 0, Number.MAX_SAFE_INTEGER)
  const within = all.filter((file) => file.last >= from && file.first <= to)
  const before = all.filter((file) => file.last < from).at(-1)
  const after = all.find((file) => file.first > to)
  const holeBefore = before && !within.some((file) => file.first <= from)
  const holeAfter = after && !within.some((file) => file.last >= to)
  return [...(holeBefore ? [before] : []), ...within, ...(holeAfter ? [after] : [])]
}

function entryFiles(key: SeriesKey, entries: readonly TapeEntry[]): LakeFile[] {
  const prefix = `${seriesPath(key)}/`
  return once(entries).flatMap(({ path }) => {
    const file = path.startsWith(prefix) ? parseFilePath(path) : undefined
    return file ? [file] : []
  })
}

async function loadSeries(
  home: string,
  key: SeriesKey,
  { fromDay, toDay, historyMs, view }: TapeRequest,
  files: readonly LakeFile[],
): Promise<{ history: TapeSeries; span: TapeSeries }> {
  const instrument = instrumentId(key)
  const end = toDay + DAY_MS
  const options = { files, ...(view === undefined ? {} : { view }) }
  if (key.kind === 'funding') {
    const rows = await loadFunding(home, key, fromDay - historyMs, end, options)
    const split = upperBound(rows.availableAt, fromDay)
    return {
      history: { kind: 'funding', instrument, rows: sliceFunding(rows, 0, split) },
      span: { kind: 'funding', instrument, rows: sliceFunding(rows, split, rows.ts.length) },
    }
  }
  const { interval } = key
  const rows = await loadBars(home, key, fromDay - historyMs, end, options)
  const split = upperBound(rows.availableAt, fromDay)
  const step = intervalMs(interval)
  const expectedFrom = Math.max(fromDay, Math.min(...files.map((file) => file.first))) + step
  const expectedTo = Math.min(end, Math.max(...files.map((file) => file.last)) + step)
  return {
    history: { kind: 'bars', instrument, interval, rows: sliceBars(rows, 0, split) },
    span: {
      kind: 'bars',
      instrument,
      interval,
      rows: sliceBars(rows, split, rows.ts.length),
      ...(expectedFrom <= expectedTo ? { expectedFrom, expectedTo } : {}),
    },
  }
}
