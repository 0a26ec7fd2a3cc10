/**
 * Owns the bars of a run that its log does not hold: the files of the lake that its manifest names, or the built-in market's own past.
 * Only bytes that still have the hash of the manifest are shown. Never asks a venue.
 */
import type { HistoryQuery } from '#audit/view/run-view.port'
import type { BarsDoc } from '#audit/view/view.port'
import type { Config } from '#core/config/schema'
import { isQuantbotError } from '#core/errors'
import { parseInstrument } from '#core/ids'
import { INTERVALS, type Interval, intervalMs, isInterval } from '#core/time'
import type { BarsKey } from '#data/columns'
import { createSimMarket } from '#data/connectors/sim/market'
import { checkTape, loadBars } from '#data/lake'
import { parseFilePath, seriesPath } from '#data/layout'
import { type ManifestFile, type RunManifest, readManifest } from '#events/log/manifest'
import type { BarClosed } from '#events/market.events'
import { checkConfig } from '../config-check.js'

/** Series that are kept; a chart asks for the same one again and again. Chosen here. */
const KEPT = 6

type BarsOf = (query: HistoryQuery) => Promise<BarsDoc | undefined>

interface Columns {
  readonly interval: Interval
  readonly ts: readonly number[]
  readonly open: readonly number[]
  readonly high: readonly number[]
  readonly low: readonly number[]
  readonly close: readonly number[]
  readonly volume: readonly number[]
}

/** Bars of the finest series that makes up the interval that is asked for. Undefined: there are none, or they were changed since. */
export function createLakeBars(home: string, runDir: string): BarsOf {
  const { manifest } = readManifest(runDir)
  const config = checkConfig(manifest.configuration, `${runDir}/manifest.json`)
  const kept = new Map<string, Promise<Columns | undefined>>()
  const load = manifest.mode === 'sim' ? simColumns(config) : lakeColumns(home, manifest, config)
  return async ({ instrument, interval, from, to }) => {
    if (!isInterval(interval)) return undefined
    const key = `${instrument} ${interval}`
    const loading = kept.get(key) ?? load(instrument, interval)
    kept.delete(key)
    kept.set(key, loading)
    for (const old of kept.keys()) if (kept.size > KEPT) kept.delete(old)
    loading.catch(() => kept.delete(key))
    const columns = await loading
    return columns && within(columns, instrument, from, to)
  }
}

function within(
  columns: Columns,
  instrument: string,
  from = Number.NEGATIVE_INFINITY,
  to = Number.POSITIVE_INFINITY,
): BarsDoc {
  const { interval, ts } = columns
  const begin = ts.findIndex((each) => each >= from)
  const behind = ts.findIndex((each) => each > to)
  const cut = (column: readonly number[]): number[] =>
    begin < 0 ? [] : column.slice(begin, behind < 0 ? undefined : behind)
  const { open, high, low, close, volume } = columns
  return {
    instrument,
    interval,
    ts: cut(ts),
    open: cut(open),
    high: cut(high),
    low: cut(low),
    close: cut(close),
    volume: cut(volume),
    seq: cut(ts).map(() => 0),
  }
}

/** Intervals that add up to the one that is asked for, coarsest first: fewest rows. */
const partsOf = (interval: Interval): Interval[] =>
  INTERVALS.filter((each) => intervalMs(interval) % intervalMs(each) === 0).reverse()

function lakeColumns(home: string, { tape, history }: RunManifest, { universe }: Config) {
  return async (instrument: string, interval: Interval): Promise<Columns | undefined> => {
    const names = parseInstrument(universe.find((entry) => entry.instrument === instrument)?.barsOf ?? instrument)
    if (names === undefined) return undefined
    for (const each of partsOf(interval)) {
      const { venue, market, symbol } = names
      const key: BarsKey = { kind: 'bars', venue, market, symbol, interval: each }
      const entries = [...history, ...tape].filter(({ path }) => path.startsWith(`${seriesPath(key)}/`))
      if (entries.length > 0) return lakeSeries(home, key, entries)
    }
    return undefined
  }
}

async function lakeSeries(home: string, key: BarsKey, entries: readonly ManifestFile[]): Promise<Columns | undefined> {
  const unique = [...new Map(entries.map((entry) => [entry.path, entry])).values()]
  try {
    await checkTape(home, unique)
    const files = unique.flatMap(({ path }) => parseFilePath(path) ?? [])
    const rows = await loadBars(home, key, 0, Number.MAX_SAFE_INTEGER, { files })
    const { ts, open, high, low, close, volume } = rows
    const list = (column: Float64Array): number[] => [...column]
    return {
      interval: key.interval,
      ts: list(ts),
      open: list(open),
      high: list(high),
      low: list(low),
      close: list(close),
      volume: list(volume),
    }
  } catch (error) {
    // Files that were moved or changed since are no history of this run.
    if (isQuantbotError(error)) return undefined
    throw error
  }
}

function simColumns(config: Config) {
  return async (instrument: string, interval: Interval): Promise<Columns | undefined> => {
    const parts = new Set<string>(partsOf(interval))
    const rows = { ts: [], open: [], high: [], low: [], close: [], volume: [] } as Record<
      'ts' | 'open' | 'high' | 'low' | 'close' | 'volume',
      number[]
    > // empty columns take their type from here
    let found: Interval | undefined
    for (const input of createSimMarket(config.sim, config.seed).history()) {
      if (input.type !== 'BarClosed') continue
      const data = input.data as BarClosed['data'] // of a BarClosed
      if (data.instrument !== instrument || !parts.has(data.interval) || !isInterval(data.interval)) continue
      found ??= data.interval
      if (data.interval !== found) continue
      rows.ts.push(data.openTime)
      rows.open.push(data.open)
      rows.high.push(data.high)
      rows.low.push(data.low)
      rows.close.push(data.close)
      rows.volume.push(data.volume)
    }
    return found && { interval: found, ...rows }
  }
}
