/** Owns the list of all event types. docs/reference/events.md is generated from it. */
import type { EventOf, EventType } from './event-type.js'
import { lifecycleEvents } from './lifecycle.events.js'
import { marketEvents } from './market.events.js'
import { marketViewEvents } from './market-view.events.js'
import { orderEvents } from './order.events.js'
import { packageEvents } from './package.events.js'
import { portfolioEvents } from './portfolio.events.js'
import { riskEvents } from './risk.events.js'
import { riskMeasuresEvents } from './risk-measures.events.js'
import { signalEvents } from './signal.events.js'

export const CATALOGUE = [
  ...marketEvents,
  ...marketViewEvents,
  ...signalEvents,
  ...packageEvents,
  ...portfolioEvents,
  ...riskEvents,
  ...riskMeasuresEvents,
  ...orderEvents,
  ...lifecycleEvents,
] as const

type CatalogueEntry = (typeof CATALOGUE)[number]
type Distribute<E> = E extends CatalogueEntry ? EventOf<E> : never

/** Any event that quantbot knows. */
export type AnyEvent = Distribute<CatalogueEntry>
export type EventName = AnyEvent['type']
/** The event of a name. */
export type EventNamed<T extends EventName> = Extract<AnyEvent, { readonly type: T }>

export const EVENT_TYPES: ReadonlyMap<string, EventType> = new Map<string, EventType>(
  CATALOGUE.map((entry) => [entry.type, entry as unknown as EventType]),
) // payload types differ by entry; the map is read by name

export function isKnownEvent(type: string): type is EventName {
  return EVENT_TYPES.has(type)
}
