/** Owns the addresses of a page: that which a person opens, with the token behind the `#`, which is sent to nobody, and that of the metrics. */
import { pageOrigin } from '#monitoring/page/names'
import type { PagePlace } from './messages.js'

export interface PageLinks {
  /** With the token: for its owner's eyes. */
  readonly url: string
  readonly metricsUrl: string
}

export function pageLinks(place: PagePlace, token: string): PageLinks | undefined {
  if (place === null) return undefined
  const origin = pageOrigin(place)
  return { url: `${origin}/#token=${token}`, metricsUrl: `${origin}/metrics` }
}
