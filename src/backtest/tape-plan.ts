/** Owns turning a loaded tape into what the driver walks: series under their traded names, funding completed, listings. Pure. */
import type { Config, UniverseEntry } from '#core/config/schema'
import { parseInstrument } from '#core/ids'
import { invariant } from '#core/invariant'
import { DAY_MS } from '#core/time'
import type { FundingColumns, SeriesKey } from '#data/columns'
import type { InstrumentListed } from '#events/market.events'
import { completeFunding } from './funding-proxy.js'
import { type BarSeries, type MergedTape, mergeTape, type TapeSeries } from './tape.js'

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
    kind: keyParts(entry.instrument).market === 'spot' ? 'spot' : 'linearPerpetual',
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
  /** By index into `merged.series`: for bars, what is listed when the first of them comes. */
  readonly listings: readonly (InstrumentListed['data'] | undefined)[]
  /** Bars on the tape. */
  readonly bars: number
  /** Days of instruments on bars that stand for them, and all days of instruments. */
  readonly proxyDays: number
  readonly instrumentDays: number
}

/** `series` in the order of {@link seriesOf}. */
export function planTape(config: Config, series: readonly TapeSeries[]): TapePlan {
  const renamed: TapeSeries[] = []
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
    if (own.rows.ts.length === 0) continue
    const traded: BarSeries = { ...own, instrument: entry.instrument }
    renamed.push(traded)
    bars += own.rows.ts.length
    const days = (own.rows.ts.at(-1)! - own.rows.ts[0]!) / DAY_MS + 1
    instrumentDays += days
    if (entry.barsOf !== undefined && entry.barsOf !== entry.instrument) proxyDays += days
    if (listings.get(entry.instrument)?.kind === 'spot') continue
    const funding = completeFunding(traded, recorded)
    if (funding.proxy.length === 0) continue
    renamed.push(funding.series)
    proxies.set(entry.instrument, funding.proxy)
  }
  const merged = mergeTape(renamed)
  return {
    merged,
    proxy: merged.series.map((s) => (s.kind === 'funding' ? proxies.get(s.instrument) : undefined)),
    listings: merged.series.map((s) => (s.kind === 'bars' ? listings.get(s.instrument) : undefined)),
    bars,
    proxyDays,
    instrumentDays,
  }
}

function fundingRows(series: TapeSeries | undefined, instrument: string): FundingColumns {
  invariant(series?.kind === 'funding', () => `planTape: funding of ${instrument} expected`)
  return series.rows
}

/** A tape recorded in a log: series and listings as they are, nothing completed. */
export function planRecorded(
  series: readonly TapeSeries[],
  listings: ReadonlyMap<string, InstrumentListed['data']>,
): TapePlan {
  const merged = mergeTape(series)
  return {
    merged,
    proxy: merged.series.map(() => undefined),
    listings: merged.series.map((s) => (s.kind === 'bars' ? listings.get(s.instrument) : undefined)),
    bars: series.reduce((sum, s) => sum + (s.kind === 'bars' ? s.rows.ts.length : 0), 0),
    proxyDays: 0,
    instrumentDays: 0,
  }
}
