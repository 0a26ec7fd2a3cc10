/** Owns joining stores to the analytics API: queries by name, latest values from the cache. */
import { QuantbotError } from '#core/errors'
import type { Cache } from '#data/stores/cache.port'
import { type AggregateQueries, type AggregateStore, REAL_WORLD } from '#data/stores/store.port'
import type { AnalyticsSource } from '#monitoring/analytics-api'
import { ANALYTICS_ROUTES, type AnalyticsQuery } from '#monitoring/analytics-routes'

type Ask = (values: object) => Promise<readonly object[]>

const OF_WORLD: ReadonlySet<AnalyticsQuery> = new Set(
  ANALYTICS_ROUTES.flatMap(({ query, optional }) => (optional.includes('world') ? [query] : [])),
)

/**
 * Without a store only latest values are answered; the others say what is missing. `world` is whose market is meant where the
 * question names none: that of the run which serves it.
 */
export function analyticsSource(
  store: AggregateStore | undefined,
  cache: Cache,
  world: string = REAL_WORLD,
): AnalyticsSource {
  return {
    query: (name, values) => askOf(store, name)(OF_WORLD.has(name) ? { world, ...values } : values),
    latest: (prefix) => cache.list(prefix),
    describe: async () => (store === undefined ? 'no aggregate store' : (await store.describe()).says),
  }
}

function askOf(store: AggregateStore | undefined, name: AnalyticsQuery): Ask {
  if (store === undefined)
    throw new QuantbotError('STORE_UNAVAILABLE', 'no aggregate store: stores.aggregate of the configuration is none')
  const queries: AggregateQueries = store
  return queries[name].bind(store) as Ask // the routes' parameters are those of the queries: test/slow/analytics.spec.ts
}
