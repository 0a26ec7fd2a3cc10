/** Owns which URLs a venue is spoken to at. Never reads the environment: `env:` values are resolved by the composition. */
import type { VenueConfig } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import type { VenueAdapter } from './adapter.port.js'

/** URLs by the adapter's keys, without a slash at their end. */
export type Endpoints = Readonly<Record<string, string>>

/**
 * The network's own hosts, or all below one origin (`rest` with `ws`), single ones replaced by `endpoints`.
 * CONFIG_INVALID for half a pair of origins and for a key that the venue does not have.
 */
export function resolveEndpoints(
  { venue, endpoints }: Pick<VenueAdapter, 'venue' | 'endpoints'>,
  config: Pick<VenueConfig, 'network' | 'rest' | 'ws' | 'endpoints'>,
): Endpoints {
  const { rest, ws } = config
  if ((rest === undefined) !== (ws === undefined))
    throw new QuantbotError('CONFIG_INVALID', `venues.${venue}: rest and ws go together`)
  const base =
    rest !== undefined && ws !== undefined
      ? endpoints.below(withoutSlash(rest), withoutSlash(ws))
      : endpoints[config.network]
  const unknown = Object.keys(config.endpoints).find((key) => !Object.hasOwn(base, key))
  if (unknown !== undefined)
    throw new QuantbotError(
      'CONFIG_INVALID',
      `venues.${venue}.endpoints.${unknown}: there is no such endpoint; there are ${Object.keys(base).join(', ')}`,
    )
  const all = { ...base, ...config.endpoints }
  return Object.fromEntries(Object.entries(all).map(([key, url]) => [key, withoutSlash(url)]))
}

/** What requests to the network must carry; nothing below an origin of one's own. */
export function networkHeaders(
  { endpoints }: Pick<VenueAdapter, 'endpoints'>,
  { network, rest }: Pick<VenueConfig, 'network' | 'rest'>,
): Readonly<Record<string, string>> {
  return network === 'testnet' && rest === undefined ? (endpoints.testnetHeaders ?? {}) : {}
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '')
