/** Owns composing the feed of on-chain metrics from the vendors whose keys the configuration names. */
import { OnChainFeed, type OnChainSeries, seriesOver } from '#actors/on-chain.actor'
import type { Config } from '#core/config/schema'
import type { TimePort } from '#core/ports'
import { type EpochMs, MINUTE_MS } from '#core/time'
import type { OnChainRecord, Vendor } from '#data/connectors/normal'
import { METRICS } from '#data/connectors/onchain/metrics'
import { VENDOR_WAYS, vendorClient } from '#data/connectors/onchain/vendors'
import { Quarantine } from '#data/connectors/quarantine'
import type { MarketCoverageState } from '#signals/market-coverage.decider'
import { resolved } from './environment.js'

/** Undefined where no vendor has a key. SECRET_MISSING. */
export function onChainFeed(
  home: string,
  config: Config,
  time: TimePort,
  published: () => MarketCoverageState['onChain'],
  onFetched?: (records: readonly OnChainRecord[], fetchedAt: EpochMs) => void,
): OnChainFeed | undefined {
  const { onChain } = config.marketData
  const series = (['glassnode', 'cryptoquant'] as const).flatMap((vendor) => seriesOf(home, config, vendor, time))
  if (series.length === 0) return undefined
  const { lagMinutes, pollMinutes } = onChain
  return new OnChainFeed({
    series,
    time,
    lagMs: lagMinutes * MINUTE_MS,
    pollMs: pollMinutes * MINUTE_MS,
    published,
    ...(onFetched && { onFetched }),
  })
}

function seriesOf(home: string, config: Config, vendor: Vendor, time: TimePort): OnChainSeries[] {
  const { apiKey, rest } = config.marketData.onChain[vendor]
  if (apiKey === undefined) return []
  const at = `marketData.onChain.${vendor}`
  const client = vendorClient({
    vendor,
    key: resolved(apiKey, `${at}.apiKey`),
    rest: rest && resolved(rest, `${at}.rest`),
    time,
    seed: config.seed,
    quarantine: new Quarantine(home),
  })
  return METRICS.filter(({ source }) => source === vendor).map((plan) =>
    seriesOver(plan, VENDOR_WAYS[vendor].call, (call, signal) => client.send(call, { signal })),
  )
}
