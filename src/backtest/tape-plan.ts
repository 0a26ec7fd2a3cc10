/** Owns turning a loaded tape into what the driver walks: series under their traded names, funding completed, listings. Pure. */
import type { Config, UniverseEntry } from '#core/config/schema'
import { parseInstrument } from '#core/ids'
import { invariant } from '#core/invariant'
import { DAY_MS, type EpochMs, parseDay } from '#core/time'
import { type FundingColumns, type SeriesKey, sliceBars, upperBound } from '#data/columns'
import { kindOfId } from '#events/instrument-kind'
import type { InstrumentListed } from '#events/market.events'
import type { CapitalFlow, FeedSeries } from './feeds/series.js'
import { completeFunding } from './funding-proxy.js'
import { type AnySeries, type BarSeries, type MergedTape, mergeTape, type TapeSeries } from './tape.js'

/** Series of the lake that a configuration reads: for each instrument its bars, and funding where one is named. */
export function seriesOf(config: Config): SeriesKey[] {
  return config.universe.flatMap((entry) => {
    const bars = keyParts(entry.barsOf ?? entry.instrument)
    const keys: SeriesKey[] = [{ kind: 'bars', ...bars, interval: entry.interval ?? config.interval }]
    if (entry.fundingOf !== undefined) keys.push({ kind: 'funding', ...keyParts(entry.fundingOf) })
    return keys
  })
}

function keyParts(id: string): { venue: string; market: string; symbol: string } {
  const parts = parseInstrument(id)
  invariant(parts, () => `${id} is no instrument id`)
  return { venue: parts.venue, market: parts.market, symbol: parts.symbol }
}

/** Terms of an instrument as the configuration states them. */
export function listingOf(entry: UniverseEntry, config: Config): InstrumentListed['data'] {
  const { makerFeeBps, takerFeeBps } = config.execution
  return {
    instrument: entry.instrument,
    kind: kindOfId(entry.instrument),
    base: entry.base,
    quote: entry.quote,
    tick: entry.tick,
    lot: entry.lot,
    minNotional: entry.minNotional,
    makerFeeBps,
    takerFeeBps,
    ...(entry.barsOf === undefined ? {} : { barsOf: entry.barsOf }),
  }
}

/** A tape ready to be driven. */
export interface TapePlan {
  readonly merged: MergedTape
  /** By index into `merged.series`: 1 where a funding row is a stand-in; undefined for bars. */
  readonly proxy: readonly (Uint8Array | undefined)[]
  /** By index into `merged.series`: for bars and marks, what is listed when the first of them comes. */
  readonly listings: readonly (InstrumentListed['data'] | undefined)[]
  /** Bars on the tape. */
  readonly bars: number
  /** Days of instruments on bars that stand for them, and all days of instruments. */
  readonly proxyDays: number
  readonly instrumentDays: number
  /** Rows of feeds on the tape; 0 when absent. */
  readonly feedRows?: number
  /** Deposits and withdrawals, ascending. */
  readonly flows?: readonly CapitalFlow[]
  /** Instruments of which the configuration says that they were delisted, not that the data end. */
  readonly delisted?: ReadonlySet<string>
  /** Of history: instants before it are not told, only their rows. */
  readonly quietBefore?: EpochMs
  /** Which instruments end at their last row, where that is known; else told from where rows end. */
  readonly ended?: ReadonlySet<string>
  /** False: rows of feeds make no instant, as in a live run; there only bars do. */
  readonly feedsClose?: boolean
}

/** What a plan holds beside bars and funding. */
export interface PlanExtras {
  readonly feeds: readonly FeedSeries[]
  readonly flows?: readonly CapitalFlow[]
  /** Feeds without bars still have days: each midnight in (from, to] is an instant. */
  readonly clock?: { readonly from: EpochMs; readonly to: EpochMs }
  readonly quietBefore?: EpochMs
  /** Rows behind it are hidden; an instrument whose bars are expected beyond is listed until then. */
  readonly until?: EpochMs
}

const NO_EXTRAS: PlanExtras = { feeds: [] }

/** `series` in the order of {@link seriesOf}. */
export function planTape(config: Config, series: readonly TapeSeries[], extras: PlanExtras = NO_EXTRAS): TapePlan {
  const renamed: AnySeries[] = [...extras.feeds]
  const proxies = new Map<string, Uint8Array>()
  const listings = new Map(config.universe.map((entry) => [entry.instrument, listingOf(entry, config)]))
  let bars = 0
  let proxyDays = 0
  let instrumentDays = 0
  let next = 0
  for (const entry of config.universe) {
    const own = series[next++]
    invariant(own?.kind === 'bars', () => `planTape: bars of ${entry.instrument} expected`)
    const recorded = entry.fundingOf === undefined ? undefined : fundingRows(series[next++], entry.instrument)
    const traded: BarSeries = { ...untilDelisting(own, entry), instrument: entry.instrument }
    const { ts } = traded.rows
    if (ts.length === 0) continue
    renamed.push(traded)
    bars += ts.length
    const days = (ts.at(-1)! - ts[0]!) / DAY_MS + 1
    instrumentDays += days
    if (entry.barsOf !== undefined && entry.barsOf !== entry.instrument) proxyDays += days
    if (listings.get(entry.instrument)?.kind === 'spot') continue
    const funding = completeFunding(traded, recorded, extras.until)
    if (funding.proxy.length === 0) continue
    renamed.push(funding.series)
    proxies.set(entry.instrument, funding.proxy)
  }
  const { feeds, flows, clock, quietBefore } = extras
  const merged = mergeTape(renamed, feeds.length === 0 || clock === undefined ? undefined : midnights(clock))
  return {
    merged,
    proxy: merged.series.map((s) => (s.kind === 'funding' ? proxies.get(s.instrument) : undefined)),
    listings: merged.series.map((s) => listingFor(s, listings)),
    bars,
    proxyDays,
    instrumentDays,
    feedRows: feeds.reduce((sum, { rows }) => sum + rows.ts.length, 0),
    delisted: new Set(config.universe.flatMap((e) => (e.delistedAt === undefined ? [] : [e.instrument]))),
    ...(flows === undefined ? {} : { flows }),
    ...(quietBefore === undefined ? {} : { quietBefore }),
  }
}

function listingFor(
  series: AnySeries,
  listings: ReadonlyMap<string, InstrumentListed['data']>,
): InstrumentListed['data'] | undefined {
  if (series.kind === 'mark') return series.listing
  return series.kind === 'bars' ? listings.get(series.instrument) : undefined
}

/** Bars that closed by the day of the delisting; what a source tells later is not traded. */
function untilDelisting(bars: BarSeries, { delistedAt }: UniverseEntry): BarSeries {
  const end = delistedAt === undefined ? undefined : parseDay(delistedAt)
  if (end === undefined || (bars.rows.availableAt.at(-1) ?? 0) <= end) return bars
  const rows = sliceBars(bars.rows, 0, upperBound(bars.rows.availableAt, end))
  if (bars.expectedTo === undefined) return { ...bars, rows }
  const { expectedFrom, expectedTo, ...rest } = bars
  return expectedFrom === undefined || expectedFrom > end
    ? { ...rest, rows }
    : { ...rest, rows, expectedFrom, expectedTo: Math.min(expectedTo, rows.availableAt.at(-1) ?? expectedFrom) }
}

function midnights({ from, to }: { readonly from: EpochMs; readonly to: EpochMs }): Float64Array {
  return Float64Array.from({ length: Math.max(0, Math.floor((to - from) / DAY_MS)) }, (_, d) => from + (d + 1) * DAY_MS)
}

function fundingRows(series: TapeSeries | undefined, instrument: string): FundingColumns {
  invariant(series?.kind === 'funding', () => `planTape: funding of ${instrument} expected`)
  return series.rows
}

/**
 * A tape recorded in a log: series and listings as they are, nothing completed. Feeds make no instants: a live run closes
 * them for bars alone.
 */
export function planRecorded(
  series: readonly AnySeries[],
  listings: ReadonlyMap<string, InstrumentListed['data']>,
  flows: readonly CapitalFlow[] = [],
): TapePlan {
  const merged = mergeTape(series)
  return {
    merged,
    proxy: merged.series.map(() => undefined),
    listings: merged.series.map((s) => listingFor(s, listings)),
    bars: series.reduce((sum, s) => sum + (s.kind === 'bars' ? s.rows.ts.length : 0), 0),
    proxyDays: 0,
    instrumentDays: 0,
    flows,
    feedsClose: false,
  }
}
