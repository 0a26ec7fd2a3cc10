/** Owns joining stores to the analytics API: queries by name, latest values from the cache. */
import { QuantbotError } from '#core/errors'
import type { Cache } from '#data/stores/cache.port'
import type { AggregateQueries, AggregateStore } from '#data/stores/store.port'
import type { AnalyticsSource } from '#monitoring/analytics-api'
import type { AnalyticsQuery } from '#monitoring/analytics-routes'

type Ask = (values: object) => Promise<readonly object[]>

/** Without a store only latest values are answered; the others say what is missing. */
export function analyticsSource(store: AggregateStore | undefined, cache: Cache): AnalyticsSource {
  return {
    query: (name, values) => askOf(store, name)(values),
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
