/** Owns making the connector of one venue from the configuration: what is watched there, and from where it is filled. */
import { VenueConnector } from '#actors/venue-connector.actor'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { parseInstrument } from '#core/ids'
import type { TimePort } from '#core/ports'
import { type EpochMs, floorTo, intervalMs, MINUTE_MS } from '#core/time'
import type { StreamKind } from '#data/connectors/adapter.port'
import type { Normal } from '#data/connectors/normal'
import type { WatchedInstrument } from '#data/connectors/session.port'
import type { MarketCoverageState } from '#signals/market-coverage.decider'
import { resolvedVenue } from './environment.js'
import type { VenueUse } from './paper-venues.js'

export interface PaperConnectorOptions {
  readonly home: string
  readonly config: Config
  readonly use: VenueUse
  readonly time: TimePort
  /** When the run was made. */
  readonly startedAt: EpochMs
  readonly isTraded: (instrument: string) => boolean
  readonly tap: (record: Normal, receivedAt: number) => void
}

/** A connector, and what it must be told before it starts. */
export interface PaperConnector {
  readonly connector: VenueConnector
  /** From where bars and settlements are filled: what the log and the history have. */
  fillFrom(coverage: MarketCoverageState): void
}

/** CONFIG_INVALID, SECRET_MISSING. */
export function paperConnector(options: PaperConnectorOptions): PaperConnector {
  const { home, config, use, time, startedAt, isTraded, tap } = options
  const { marketData, interval, execution } = config
  const lastBars = new Map<string, number>()
  const lastSettlements = new Map<string, number>()
  const traded = new Set(use.universe.map(({ instrument }) => instrument))
  const currencies = use.venue === 'deribit' ? marketData.optionChains : []
  const connector = new VenueConnector({
    adapter: use.adapter,
    config: resolvedVenue(use.venue, config.venues[use.venue]),
    watch: watchedOf(config, use),
    interval,
    lastBars,
    lastSettlements,
    // What is only watched was held against the venue's list when the run was new; a dated future ends.
    wasListed: (instrument) => !traded.has(instrument) || lastBars.has(instrument),
    ...(currencies.length === 0 ? {} : { chains: { currencies, everyMs: marketData.optionChainMinutes * MINUTE_MS } }),
    fees: { makerFeeBps: execution.makerFeeBps, takerFeeBps: execution.takerFeeBps },
    time,
    seed: config.seed,
    home,
    keepFrames: marketData.keepFrames,
    isTraded,
    tap,
    onOrderPath: use.universe.length > 0,
  })
  return {
    connector,
    fillFrom: ({ bars, settlements }) => {
      const stepMs = intervalMs(interval)
      for (const { instrument } of use.universe) {
        const last = bars[`${instrument} ${interval}`]
        // Without history the log has every bar from the beginning of the run on.
        lastBars.set(instrument, last ?? floorTo(startedAt, stepMs) - stepMs)
      }
      for (const [instrument, last] of Object.entries(settlements)) lastSettlements.set(instrument, last)
    },
  }
}

function watchedOf(config: Config, use: VenueUse): WatchedInstrument[] {
  const traded = use.universe.map(({ instrument, interval }, i): WatchedInstrument => {
    if (interval !== undefined && interval !== config.interval)
      throw new QuantbotError(
        'CONFIG_INVALID',
        `universe.${i}.interval: a run on venues reads one interval for all (interval: ${config.interval})`,
      )
    const isSpot = parseInstrument(instrument)?.market === 'spot'
    const kinds: StreamKind[] = isSpot ? ['bars', 'quotes'] : ['bars', 'quotes', 'mark', 'funding', 'openInterest']
    return { instrument, kinds: [...kinds, ...config.marketData.extra], isListed: true }
  })
  const own = new Set(traded.map(({ instrument }) => instrument))
  const watched = use.watch
    .filter((instrument) => !own.has(instrument))
    .map((instrument): WatchedInstrument => ({ instrument, kinds: watchKinds(instrument), isListed: true }))
  return [...traded, ...watched]
}

/** Dated futures and spot have no funding: what a market does not have is left out by the adapter. */
function watchKinds(instrument: string): StreamKind[] {
  return parseInstrument(instrument)?.market === 'spot' ? ['quotes'] : ['mark', 'funding', 'openInterest', 'quotes']
}
