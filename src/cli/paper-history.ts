/**
 * Owns the history of a run on venues: what the agents must have seen, which files of the lake hold it, and the same inputs
 * again for a replay. Day bars first, then the bars that the run itself reads; never a row behind the start of the run.
 */
import { type AnyDecider, catalogue, warmupMs } from '#actors/catalogue'
import { type Feeds, loadFeeds } from '#backtest/feeds/load-feeds'
import type { TapeSeries } from '#backtest/tape'
import { historyInputs } from '#backtest/tape-driver'
import { planRecorded } from '#backtest/tape-plan'
import type { Config } from '#core/config/schema'
import { isQuantbotError } from '#core/errors'
import { instrumentId, parseInstrument } from '#core/ids'
import { invariant } from '#core/invariant'
import { DAY_MS, type DurationMs, type EpochMs, floorTo, HOUR_MS, type Interval, intervalMs, isoDay } from '#core/time'
import type { BarColumns, BarsKey, SeriesKey } from '#data/columns'
import { checkTape, loadBars, loadFunding, seriesFiles, type TapeEntry, tapeEntries } from '#data/lake'
import { type LakeFile, parseFilePath, seriesPath } from '#data/layout'
import type { Input } from '#engine/dispatcher'

/** Rows of one series with `ts` in `[from, to)`. */
export interface HistoryNeed {
  readonly key: SeriesKey
  readonly from: EpochMs
  readonly to: EpochMs
}

/** Days of settlements before a start, at the least: funding filters rest on the last thirty. */
const FUNDING_DAYS = 31
/** Whole days of bars below an hour; what is older comes as day bars, which tell nothing of hours. */
const FINE_DAYS = 2

type Names = Pick<BarsKey, 'venue' | 'market' | 'symbol'>

/** Before a start, ms: packages and warnings rest on settlements as far back as they declare. */
function fundingMs(deciders: readonly AnyDecider[]): DurationMs {
  const rested = deciders.filter(
    ({ reads, emits }) =>
      reads.includes('FundingSettled') && (emits.includes('PackageChanged') || emits.includes('CascadeWarningChanged')),
  )
  return Math.max(FUNDING_DAYS * DAY_MS, ...rested.map((decider) => decider.warmupMs))
}

/** Realised volatility is measured on hours, over the life of the options that are sold. */
function fineDays({ signals: { volRiskPremium } }: Config, base: string): number {
  const { enabled, currency, maxDays } = volRiskPremium
  return enabled && base === currency ? Math.max(FINE_DAYS, Math.ceil(maxDays) + 1) : FINE_DAYS
}

/** What the agents of a configuration want to have seen at `now`. */
export function historyNeeds(config: Config, now: EpochMs): HistoryNeed[] {
  const deciders = catalogue(config, 'quote')
  const from = floorTo(now - warmupMs(deciders), DAY_MS)
  const fundingFrom = now - fundingMs(deciders)
  return config.universe.flatMap(({ instrument, base, interval = config.interval }) => {
    const names = namesOf(instrument)
    const to = floorTo(now, intervalMs(interval))
    const fine = intervalMs(interval) < HOUR_MS ? floorTo(now, DAY_MS) - (fineDays(config, base) - 1) * DAY_MS : from
    const needs: HistoryNeed[] = [{ key: barsKey(names, interval), from: fine, to }]
    if (fine > from) needs.push({ key: barsKey(names, '1d'), from, to: fine })
    if (names.market !== 'spot') needs.push({ key: { kind: 'funding', ...names }, from: fundingFrom, to: now })
    return needs
  })
}

/**
 * Files of the lake that hold what it has of the needs and of the feeds that the configuration names, for the manifest. Fine bars
 * that lie apart from `to` are left out.
 */
export async function historyFiles(
  home: string,
  needs: readonly HistoryNeed[],
  config: Config,
  startedAt: EpochMs,
): Promise<readonly TapeEntry[]> {
  const files = new Map<string, LakeFile>()
  for (const { key, from, to } of needs)
    for (const file of await filesOf(home, key, from, to)) files.set(file.path, file)
  const feeds = await feedsBefore(home, config, startedAt, new Map())
  return [...(await tapeEntries(home, [...files.values()])), ...feeds.files]
}

/** A hole of a bar or a settlement at the edge is no lack (ours: some venues settle every 8 hours, and jitter). */
const LACK_MS = DAY_MS

/**
 * What a run begins without, in words: series that the lake has not, or not as far back as its agents want; overlays whose series no
 * feed names. An instrument that was listed since then lacks nothing that anybody could give.
 */
export async function historyLacks(
  home: string,
  config: Config,
  needs: readonly HistoryNeed[],
  startedAt: EpochMs,
): Promise<string[]> {
  const lacks: string[] = []
  for (const { key, from, to } of needs) {
    const files = await filesOf(home, key, from, to)
    const first = Math.min(...files.map((file) => file.first))
    const name = `${key.kind} of ${instrumentId(key)}`
    if (files.length === 0) lacks.push(`no ${name} from ${isoDay(from)} on`)
    else if (first > from + LACK_MS) lacks.push(`${name} begin on ${isoDay(first)}, wanted from ${isoDay(from)}`)
  }
  const feeds = await feedsBefore(home, config, startedAt, new Map())
  lacks.push(...feeds.absent.map((name) => `no ${name}`))
  const named = new Set(config.feeds.onChain)
  const { ssr, mvrv } = config.signals
  const read = [
    ...(ssr.enabled ? [ssr.marketCap, ...ssr.supplies].map((series) => ['ssr', series] as const) : []),
    ...(mvrv.enabled ? [mvrv.marketCap, mvrv.ratio].map((series) => ['mvrv', series] as const) : []),
  ]
  for (const [signal, series] of read)
    if (!named.has(series)) lacks.push(`no ${series}, which ${signal} reads: feeds.onChain does not name it`)
  return lacks
}

/** What feeds had told by the start of a run. */
function feedsBefore(
  home: string,
  config: Config,
  startedAt: EpochMs,
  bars: ReadonlyMap<string, readonly BarColumns[]>,
  entries?: readonly TapeEntry[],
): Promise<Feeds> {
  const historyMs = warmupMs(catalogue(config, 'quote'))
  const times = { fromDay: startedAt, toDay: startedAt - DAY_MS }
  return loadFeeds(home, { config, ...times, historyMs, bars, ...(entries === undefined ? {} : { entries }) })
}

async function filesOf(home: string, key: SeriesKey, from: EpochMs, to: EpochMs): Promise<readonly LakeFile[]> {
  try {
    return await seriesFiles(home, key, from, to)
  } catch (error) {
    if (isQuantbotError(error) && error.code === 'LAKE_EMPTY') return []
    throw error
  }
}

/**
 * The inputs before the first event of a run that began at `startedAt`, oldest first, as often as they are walked; from the
 * files that its manifest names and no others. TAPE_CHANGED.
 */
export async function loadHistory(
  home: string,
  config: Config,
  entries: readonly TapeEntry[],
  startedAt: EpochMs,
): Promise<() => Iterable<Input>> {
  await checkTape(home, entries)
  const series: TapeSeries[] = []
  for (const need of historyNeeds(config, startedAt)) {
    const one = await loadSeries(home, need, entryFiles(need.key, entries))
    if (one !== undefined && one.rows.ts.length > 0) series.push(one)
  }
  const bars = new Map<string, BarColumns[]>()
  for (const one of series)
    if (one.kind === 'bars') bars.set(one.instrument, [...(bars.get(one.instrument) ?? []), one.rows])
  const feeds = await feedsBefore(home, config, startedAt, bars, entries)
  if (series.length === 0 && feeds.history.length === 0) return () => []
  const plan = planRecorded([...series, ...feeds.history], new Map())
  return () => historyInputs(plan)
}

async function loadSeries(
  home: string,
  { key, from, to }: HistoryNeed,
  files: readonly LakeFile[],
): Promise<TapeSeries | undefined> {
  if (files.length === 0) return undefined
  const instrument = instrumentId(key)
  if (key.kind === 'bars') {
    const rows = await loadBars(home, key, from, to, { files })
    return { kind: 'bars', instrument, interval: key.interval, rows }
  }
  invariant(key.kind === 'funding', () => `${instrument}: no history of ${key.kind}`)
  return { kind: 'funding', instrument, rows: await loadFunding(home, key, from, to, { files }) }
}

function entryFiles(key: SeriesKey, entries: readonly TapeEntry[]): LakeFile[] {
  const prefix = `${seriesPath(key)}/`
  return entries.flatMap(({ path }) => (path.startsWith(prefix) ? (parseFilePath(path) ?? []) : []))
}

const barsKey = (names: Names, interval: Interval): BarsKey => ({ kind: 'bars', ...names, interval })

function namesOf(instrument: string): Names {
  const parts = parseInstrument(instrument)
  invariant(parts, () => `${instrument} is no instrument id`)
  return { venue: parts.venue, market: parts.market, symbol: parts.symbol }
}
