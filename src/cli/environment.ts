/** Owns turning `env:NAME` of the configuration into the values of the environment. The only place that reads them; never shows one. */
import type { VenueConfig } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { protect } from './redact.js'

/** The value of `env:NAME`, or the text itself. SECRET_MISSING names the variable and the key. */
export function resolved(text: string, key: string): string {
  if (!text.startsWith('env:')) return text
  const name = text.slice('env:'.length)
  const value = process.env[name]
  if (value === undefined || value === '')
    throw new QuantbotError('SECRET_MISSING', `${key}: the environment has no ${name}`)
  protect(value)
  return value
}

/** A venue's configuration with its URLs resolved. SECRET_MISSING. */
export function resolvedVenue(venue: string, config: VenueConfig): VenueConfig {
  const { rest, ws, endpoints } = config
  const at = (key: string): string => `venues.${venue}.${key}`
  return {
    ...config,
    ...(rest === undefined ? {} : { rest: resolved(rest, at('rest')) }),
    ...(ws === undefined ? {} : { ws: resolved(ws, at('ws')) }),
    endpoints: Object.fromEntries(
      Object.entries(endpoints).map(([key, url]) => [key, resolved(url, at(`endpoints.${key}`))]),
    ),
  }
}
