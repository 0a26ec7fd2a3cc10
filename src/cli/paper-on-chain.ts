/** Owns composing the feed of on-chain metrics from the vendors whose keys the configuration names. */
import { OnChainFeed, type OnChainSeries, seriesOver } from '#actors/on-chain.actor'
import type { Config } from '#core/config/schema'
import type { TimePort } from '#core/ports'
import { type EpochMs, MINUTE_MS } from '#core/time'
import type { Call, PoolSpec, VenueFailure } from '#data/connectors/adapter.port'
import type { OnChainRecord, Vendor } from '#data/connectors/normal'
import { CRYPTOQUANT_POOLS, cryptoquantCall, cryptoquantFailure } from '#data/connectors/onchain/cryptoquant'
import { GLASSNODE_POOLS, glassnodeCall, glassnodeFailure } from '#data/connectors/onchain/glassnode'
import { METRICS, type MetricPlan } from '#data/connectors/onchain/metrics'
import { Quarantine } from '#data/connectors/quarantine'
import { RateBudget } from '#data/connectors/rate-budget'
import { RestClient } from '#data/connectors/rest-client'
import type { MarketCoverageState } from '#signals/market-coverage.decider'
import { resolved } from './environment.js'

interface VendorWay {
  readonly rest: string
  readonly pools: readonly PoolSpec[]
  readonly headers: (key: string) => Readonly<Record<string, string>>
  readonly call: (plan: MetricPlan, since: number) => Call<readonly OnChainRecord[]>
  readonly failure: (
    time: TimePort,
  ) => (status: number, headers: Readonly<Record<string, string | string[] | undefined>>, body: string) => VenueFailure
}

const WAYS: Readonly<Record<Vendor, VendorWay>> = {
  glassnode: {
    rest: 'https://api.glassnode.com',
    pools: GLASSNODE_POOLS,
    headers: (key) => ({ 'x-api-key': key }),
    call: glassnodeCall,
    failure: () => glassnodeFailure,
  },
  cryptoquant: {
    rest: 'https://api.cryptoquant.com',
    pools: CRYPTOQUANT_POOLS,
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    call: cryptoquantCall,
    failure: (time) => (status, headers, body) => cryptoquantFailure(status, headers, body, time.now()),
  },
}

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
  const way = WAYS[vendor]
  const client = new RestClient({
    adapter: { venue: vendor, usage: () => [], failure: way.failure(time) },
    headers: way.headers(resolved(apiKey, `${at}.apiKey`)),
    endpoints: { rest: rest === undefined ? way.rest : resolved(rest, `${at}.rest`) },
    budget: new RateBudget({ venue: vendor, pools: way.pools, time, limitShare: 1, cancelReserve: 0 }),
    time,
    seed: config.seed,
    quarantine: new Quarantine(home),
  })
  return METRICS.filter(({ source }) => source === vendor).map((plan) =>
    seriesOver(plan, way.call, (call, signal) => client.send(call, { signal })),
  )
}
