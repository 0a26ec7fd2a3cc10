/** Owns `quantbot api`: the analytics API over the stores of a configuration, without a trading process. */
import { configSchema } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { serveAnalytics } from '#monitoring/analytics-api'
import { analyticsSource } from './analytics-source.js'
import { readConfig } from './config-file.js'
import { type GlobalOptions, homeOf } from './home.js'
import { openAggregate } from './projector.js'
import { loadStores, openCache } from './run-stores.js'
import { say, sayJson } from './terminal.js'
import { codeVersion } from './version.js'

export interface ApiOptions extends GlobalOptions {
  readonly config?: string
  readonly run?: string
  readonly port?: string
}

export async function apiCommand(options: ApiOptions): Promise<void> {
  const read = options.config === undefined ? configSchema.parse({}) : readConfig(options.config)
  const config =
    read.stores.aggregate === 'none' ? { ...read, stores: { ...read.stores, aggregate: 'duckdb' as const } } : read
  const port = portOf(options.port) ?? config.api.port
  const store = openAggregate(homeOf(options), config.stores)
  const cache = openCache(config, options.run ?? '', await loadStores(config))
  try {
    await store?.migrate()
    const { host } = config.api
    const api = await serveAnalytics({ source: analyticsSource(store, cache), host, port, version: codeVersion() })
    if (options.json === true) sayJson({ url: api.url, openapi: `${api.url}/openapi.json` })
    else say(`analytics API: ${api.url}  (described at ${api.url}/openapi.json; Ctrl-C ends it)`)
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
    })
    await api.close()
  } finally {
    await cache.close()
    await store?.close()
  }
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new QuantbotError('USAGE', `--port ${JSON.stringify(text)} is no port`)
}
