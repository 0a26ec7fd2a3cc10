/** Owns access to the venues of a configuration: clients, clock, what is subscribed to, and the history that is filled before a start. */
import { machineTime, scaledTime } from '#actors/scaled-time'
import type { Config, UniverseEntry } from '#core/config/schema'
import { isQuantbotError, QuantbotError } from '#core/errors'
import { parseInstrument } from '#core/ids'
import type { TimePort } from '#core/ports'
import { runBackfill } from '#data/backfill/run-backfill'
import type { VenueAdapter } from '#data/connectors/adapter.port'
import { ADAPTERS } from '#data/connectors/adapters'
import { networkHeaders, resolveEndpoints } from '#data/connectors/endpoints'
import { MARKETS, VENUES, type Venue } from '#data/connectors/normal'
import { RateBudget } from '#data/connectors/rate-budget'
import { RestClient } from '#data/connectors/rest-client'
import { resolvedVenue } from './environment.js'
import type { HistoryNeed } from './paper-history.js'

/** One venue that a run speaks to. */
export interface VenueUse {
  readonly venue: Venue
  readonly adapter: VenueAdapter
  /** Traded there. */
  readonly universe: readonly UniverseEntry[]
  /** Watched there beside the universe. */
  readonly watch: readonly string[]
}

/** CONFIG_INVALID where an instrument's venue or market is none of ours. */
export function venuesOf(config: Config): readonly VenueUse[] {
  if (config.universe.length === 0)
    throw new QuantbotError('CONFIG_INVALID', 'universe: a run on venues needs at least one instrument')
  const uses = new Map<Venue, { universe: UniverseEntry[]; watch: string[] }>()
  const of = (instrument: string, key: string) => {
    const venue = venueOf(instrument, key)
    const use = uses.get(venue) ?? { universe: [], watch: [] }
    uses.set(venue, use)
    return use
  }
  config.universe.forEach((entry, i) => {
    of(entry.instrument, `universe.${i}.instrument`).universe.push(entry)
  })
  config.marketData.watch.forEach((instrument, i) => {
    of(instrument, `marketData.watch.${i}`).watch.push(instrument)
  })
  if (config.marketData.optionChains.length > 0 && !uses.has('deribit'))
    uses.set('deribit', { universe: [], watch: [] })
  return [...uses].map(([venue, use]) => ({ venue, adapter: adapterOf(venue), ...use }))
}

function venueOf(instrument: string, key: string): Venue {
  const parts = parseInstrument(instrument)
  const venue = VENUES.find((name) => name === parts?.venue)
  if (parts === undefined || venue === undefined)
    throw new QuantbotError('CONFIG_INVALID', `${key}: ${instrument} is of none of ${VENUES.join(', ')}`)
  const markets: readonly string[] = MARKETS[venue]
  if (!markets.includes(parts.market))
    throw new QuantbotError('CONFIG_INVALID', `${key}: ${venue} has no market ${parts.market}; ${markets.join(', ')}`)
  return venue
}

function adapterOf(venue: Venue): VenueAdapter {
  const adapter = ADAPTERS[venue]
  if (adapter === undefined) throw new QuantbotError('CONFIG_INVALID', `venues.${venue}: is not connected yet`)
  return adapter
}

/** A REST client of a venue, to be closed by whoever asked for it. SECRET_MISSING, CONFIG_INVALID. */
export function restClient(config: Config, venue: Venue, time: TimePort): RestClient {
  const adapter = adapterOf(venue)
  const venueConfig = resolvedVenue(venue, config.venues[venue])
  const { limitShare, cancelReserve } = venueConfig
  const budget = new RateBudget({ venue, pools: adapter.pools, time, limitShare, cancelReserve })
  return new RestClient({
    adapter,
    endpoints: resolveEndpoints(adapter, venueConfig),
    headers: networkHeaders(adapter, venueConfig),
    budget,
    time,
    seed: config.seed,
  })
}

/** The machine's clock, or one that begins at the first venue's time and runs `speed` times as fast. VENUE_UNREACHABLE. */
export async function clockOf(
  config: Config,
  venue: Venue,
  speed: number,
  clock: 'machine' | 'venue',
): Promise<TimePort> {
  if (clock === 'machine' && speed === 1) return machineTime
  const client = restClient(config, venue, machineTime)
  try {
    const adapter = adapterOf(venue)
    await client.send(adapter.serverTime()) // the first one opens the connection
    const sentAt = performance.now()
    const venueTs = await client.send(adapter.serverTime())
    return scaledTime(speed, venueTs + ((performance.now() - sentAt) / 2) * speed)
  } finally {
    client.close()
  }
}

export interface Filled {
  readonly rows: number
  /** Why something is lacking, in words. */
  readonly problems: readonly string[]
}

/** Asks the venues for what the lake lacks. A venue that does not answer leaves a problem: the run starts on what there is. */
export async function fillHistory(
  home: string,
  config: Config,
  needs: readonly HistoryNeed[],
  time: TimePort,
  onProgress: (words: string) => void,
): Promise<Filled> {
  const problems: string[] = []
  let rows = 0
  for (const { venue, adapter } of venuesOf(config)) {
    const client = restClient(config, venue, time)
    try {
      for (const task of tasksOf(needs.filter(({ key }) => key.venue === venue))) {
        onProgress(`${venue}: ${task.words}`)
        const report = await runBackfill({
          ...task,
          home,
          adapter,
          ask: (call, signal) => client.send(call, { signal }),
          time,
        })
        rows += report.rows
        problems.push(...report.failures.map(({ code, message }) => `${code}: ${message}`))
      }
    } catch (error) {
      if (!isQuantbotError(error)) throw error
      problems.push(`${error.code}: ${error.message}`)
    } finally {
      client.close()
    }
  }
  return { rows, problems }
}

type Task = Pick<Parameters<typeof runBackfill>[0], 'kinds' | 'market' | 'symbols' | 'interval' | 'from' | 'to'> & {
  readonly words: string
}

/** Needs of one venue with the same span and kind go together. */
function tasksOf(needs: readonly HistoryNeed[]): Task[] {
  const tasks = new Map<string, { task: Omit<Task, 'symbols'>; symbols: string[] }>()
  for (const { key, from, to } of needs) {
    if (key.kind !== 'bars' && key.kind !== 'funding') continue
    const interval = key.kind === 'bars' ? key.interval : '1h'
    const words = key.kind === 'bars' ? `${interval} bars of ${key.market}` : `funding of ${key.market}`
    const name = `${words} ${from} ${to}`
    const known = tasks.get(name)
    if (known) known.symbols.push(key.symbol)
    else
      tasks.set(name, {
        task: { kinds: [key.kind], market: key.market, interval, from, to, words },
        symbols: [key.symbol],
      })
  }
  return [...tasks.values()].map(({ task, symbols }) => ({ ...task, symbols }))
}
