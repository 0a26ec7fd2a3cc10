/** Owns loading what a configuration reads from the lake: the tape of a span, the history before it, the files for the manifest. */

import { catalogue, warmupMs } from '#actors/catalogue'
import type { Config } from '#core/config/schema'
import { DAY_MS, type EpochMs, parseDay } from '#core/time'
import type { BarColumns, SeriesKey } from '#data/columns'
import type { RowView, TapeEntry } from '#data/lake'
import { listFiles, seriesPath } from '#data/layout'
import { loadFeeds } from './feeds/load-feeds.js'
import type { CapitalFlow } from './feeds/series.js'
import { loadTape, type Tape } from './tape-load.js'
import { planTape, seriesOf, type TapePlan } from './tape-plan.js'

export interface PreparedTape {
  readonly plan: TapePlan
  readonly history: TapePlan
  readonly files: readonly TapeEntry[]
  /** Funding that the configuration names and the lake does not hold: stand-ins are used. */
  readonly absentFunding: readonly string[]
  /** Feeds that the configuration names and the lake does not hold: what reads them has nothing to go by. */
  readonly absentFeeds: readonly string[]
}

export interface Span {
  /** Starts of the first and last UTC day, both inclusive. */
  readonly fromDay: number
  readonly toDay: number
}

/** A tape as it would be if the lake were another: for checks of look-ahead. */
export interface OtherLake {
  readonly view: RowView
  /** Every row behind it is hidden: what was listed then lives on. */
  readonly until?: EpochMs
}

/** LAKE_EMPTY names the series that is missing; TAPE_CHANGED when `entries` are given and their bytes changed. */
export async function prepareTape(
  home: string,
  config: Config,
  span: Span,
  entries?: readonly TapeEntry[],
  other?: OtherLake,
): Promise<PreparedTape> {
  const { present, absentFunding } = existing(home, config, entries)
  const series = seriesOf(present)
  const historyMs = warmupMs(catalogue(present, 'nextOpen'))
  const named = {
    ...(entries === undefined ? {} : { entries }),
    ...(other === undefined ? {} : { view: other.view }),
  }
  const cut = other?.until === undefined ? {} : { until: other.until }
  const tape = await loadTape(home, { series, ...span, historyMs, ...named })
  const feeds = await loadFeeds(home, { config: present, ...span, historyMs, bars: barsOf(present, tape), ...named })
  const clock = { from: span.fromDay, to: span.toDay + DAY_MS }
  return {
    plan: planTape(present, tape.span, { feeds: feeds.span, flows: flowsOf(config, span), clock, ...cut }),
    history: planTape(present, tape.history, { feeds: feeds.history, quietBefore: span.fromDay - historyMs }),
    files: entries ?? [...tape.files, ...feeds.files],
    absentFunding,
    absentFeeds: feeds.absent,
  }
}

/** Bars by instrument, history and span; series stand in the order of `seriesOf`. */
function barsOf({ universe }: Config, { history, span }: Tape): ReadonlyMap<string, readonly BarColumns[]> {
  const bars = (series: Tape['span']): BarColumns[] => series.flatMap((one) => (one.kind === 'bars' ? [one.rows] : []))
  const [before, within] = [bars(history), bars(span)]
  return new Map(universe.map(({ instrument }, i) => [instrument, [before[i]!, within[i]!]]))
}

/** Deposits and withdrawals within the span, ascending; two of one day in the order of the configuration. */
export function flowsOf({ capitalFlows }: Config, { fromDay, toDay }: Span): CapitalFlow[] {
  return capitalFlows
    .map(({ at, currency, amount }) => ({ ts: parseDay(at)!, currency, amount, reason: 'capitalFlows' })) // the schema took it for a day
    .filter(({ ts }) => ts >= fromDay && ts <= toDay)
    .sort((a, b) => a.ts - b.ts)
}

/** Drops `fundingOf` where the lake, or the manifest that names its files, has none of it. */
function existing(
  home: string,
  config: Config,
  entries: readonly TapeEntry[] | undefined,
): { present: Config; absentFunding: string[] } {
  const absentFunding: string[] = []
  const universe = config.universe.map((entry) => {
    const { fundingOf, ...rest } = entry
    if (fundingOf === undefined) return entry
    const key = fundingKey(fundingOf)
    const held =
      entries === undefined
        ? listFiles(home, key).length > 0
        : entries.some(({ path }) => path.startsWith(`${seriesPath(key)}/`))
    if (held) return entry
    absentFunding.push(fundingOf)
    return rest
  })
  return { present: { ...config, universe }, absentFunding }
}

function fundingKey(id: string): SeriesKey {
  const [venue, market, ...symbol] = id.split('.')
  return { kind: 'funding', venue: venue!, market: market!, symbol: symbol.join('.') }
}
