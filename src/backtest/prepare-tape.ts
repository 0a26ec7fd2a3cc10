/** Owns loading what a configuration reads from the lake: the tape of a span, the history before it, the files for the manifest. */

import { catalogue, warmupMs } from '#actors/catalogue'
import type { Config } from '#core/config/schema'
import type { SeriesKey } from '#data/columns'
import type { TapeEntry } from '#data/lake'
import { listFiles, seriesPath } from '#data/layout'
import { loadTape } from './tape-load.js'
import { planTape, seriesOf, type TapePlan } from './tape-plan.js'

export interface PreparedTape {
  readonly plan: TapePlan
  readonly history: TapePlan
  readonly files: readonly TapeEntry[]
  /** Funding that the configuration names and the lake does not hold: stand-ins are used. */
  readonly absentFunding: readonly string[]
}

export interface Span {
  /** Starts of the first and last UTC day, both inclusive. */
  readonly fromDay: number
  readonly toDay: number
}

/** LAKE_EMPTY names the series that is missing; TAPE_CHANGED when `entries` are given and their bytes changed. */
export async function prepareTape(
  home: string,
  config: Config,
  span: Span,
  entries?: readonly TapeEntry[],
): Promise<PreparedTape> {
  const { present, absentFunding } = existing(home, config, entries)
  const series = seriesOf(present)
  const historyMs = warmupMs(catalogue(present, 'nextOpen'))
  const tape = await loadTape(home, { series, ...span, historyMs, ...(entries === undefined ? {} : { entries }) })
  return {
    plan: planTape(present, tape.span),
    history: planTape(present, tape.history),
    files: tape.files,
    absentFunding,
  }
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
