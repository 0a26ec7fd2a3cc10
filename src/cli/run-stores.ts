/**
 * Owns what stands beside a running process: the cache of latest values, the projector into the aggregate store, the
 * analytics API. All of it may be away or slow: nothing here makes the process wait, and nothing throws into it.
 */
import type { Subscription } from 'rxjs'
import type { TradingProcess } from '#actors/host'
import type { StoresStatus } from '#actors/run-status'
import { machineTime } from '#actors/scaled-time'
import type { Config } from '#core/config/schema'
import { isQuantbotError, QuantbotError } from '#core/errors'
import { SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { Cache } from '#data/stores/cache.port'
import { CacheProjection } from '#data/stores/cache-projection'
import { MemoryCache } from '#data/stores/memory-cache'
import type { RunManifest } from '#events/log/manifest'
import type { AnalyticsApi } from '#monitoring/analytics-api'
import { analyticsSource } from './analytics-source.js'
import { resolved } from './environment.js'
import type { RunningProjector } from './projector.js'
import { note } from './terminal.js'
import { codeVersion } from './version.js'

/** Values are renewed this often, so that what still holds does not expire. */
const RENEW_MS = 5 * SECOND_MS
/** Longest wait for the last rows when a run ends. */
const LAST_ROWS_MS = 2 * SECOND_MS

export interface RunStores {
  readonly cache: Cache
  readonly api: AnalyticsApi | undefined
  status(): StoresStatus
  close(): Promise<void>
}

/** The code of what a configuration names; undefined: it names none, and the packages of it are not loaded. */
export interface StoreParts {
  readonly redis: typeof import('#data/stores/redis-cache') | undefined
  readonly projector: typeof import('./projector.js') | undefined
  readonly api: typeof import('#monitoring/analytics-api') | undefined
}

/** Before the process starts: what stands beside it must not miss its first events while a package is read. */
export async function loadStores({ stores, api }: Config): Promise<StoreParts> {
  const hasTables = stores.aggregate !== 'none' || api.enabled
  return {
    redis: stores.redis === undefined ? undefined : await import('#data/stores/redis-cache'),
    projector: hasTables ? await import('./projector.js') : undefined,
    api: api.enabled ? await import('#monitoring/analytics-api') : undefined,
  }
}

/** SECRET_MISSING and CONFIG_INVALID at once; a server that is away is no error. */
export function openCache(config: Config, run: string, { redis: loaded }: Pick<StoreParts, 'redis'>): Cache {
  const { redis, cacheSeconds } = config.stores
  const expiryMs = cacheSeconds * SECOND_MS
  if (redis === undefined || loaded === undefined) return new MemoryCache(machineTime, expiryMs)
  const url = resolved(redis, 'stores.redis')
  return new loaded.RedisCache({ url, namespace: `quantbot:${run}:`, expiryMs })
}

/** Whether the configuration names anything that stands beside a process. */
export function hasStores({ stores, api }: Config): boolean {
  return stores.aggregate !== 'none' || stores.redis !== undefined || api.enabled
}

/** Before a run folder is made: SECRET_MISSING, CONFIG_INVALID. */
export function checkStores({ stores }: Config): void {
  if (stores.redis !== undefined) resolved(stores.redis, 'stores.redis')
  if (stores.aggregate !== 'postgres') return
  if (stores.postgres === undefined)
    throw new QuantbotError('CONFIG_INVALID', 'stores.postgres: missing, and stores.aggregate is postgres')
  resolved(stores.postgres, 'stores.postgres')
}

export async function startStores(
  home: string,
  runDir: string,
  manifest: RunManifest,
  config: Config,
  process_: TradingProcess,
  parts: StoreParts,
): Promise<RunStores> {
  const cache = openCache(config, manifest.run, parts)
  const projection = new CacheProjection(cache, () => bookOf(process_))
  const watching: Subscription = process_.observe(({ events, commit }) => {
    projection.take(events)
    projector?.wake(commit.lastSeq)
  })
  const renewing = setInterval(() => projection.health(), RENEW_MS)
  renewing.unref()
  const projector =
    config.stores.aggregate === 'none'
      ? undefined
      : parts.projector?.startProjector({ home, runDir, manifest, stores: config.stores, onTrouble: tellTrouble })
  let api: AnalyticsApi | undefined
  if (parts.api !== undefined) {
    try {
      api = await parts.api.serveAnalytics({
        source: analyticsSource(projector?.store, cache, parts.projector?.worldOf(manifest)),
        host: config.api.host,
        port: config.api.port,
        version: codeVersion(),
      })
    } catch (error) {
      if (!isQuantbotError(error)) throw error
      note(`warning: ${error.code}: ${error.message}`)
    }
  }
  return {
    cache,
    api,
    status: () => ({ cache: cache.status(), projector: projector?.status() ?? null, api: api?.url ?? null }),
    close: async () => {
      watching.unsubscribe()
      clearInterval(renewing)
      await api?.close()
      await caughtUp(projector)
      await projector?.stop()
      await cache.close()
    },
  }
}

/** What the log ended with is projected too, unless its server is away or slow: then the next start goes on there. */
async function caughtUp(projector: RunningProjector | undefined): Promise<void> {
  const until = machineTime.now() + LAST_ROWS_MS
  while (projector !== undefined && projector.status().lag > 0 && machineTime.now() < until) {
    if (projector.status().state === 'unavailable') return
    await wait(machineTime, 20)
  }
}

function tellTrouble(trouble: unknown): void {
  note(
    `warning: aggregate store: ${isQuantbotError(trouble) ? `${trouble.code}: ${trouble.message}` : String(trouble)}`,
  )
}

function bookOf(process_: TradingProcess) {
  const { seq, ts, positions, state, mode, equity, drawdown, halted, haltReason, feedAgeMs, agents } = process_.status()
  const ill = agents.filter((agent) => agent.state !== 'running').map(({ name, state: now }) => `${name} ${now}`)
  return { seq, ts, positions, health: { state, mode, equity, drawdown, halted, haltReason, feedAgeMs, ill, seq } }
}
