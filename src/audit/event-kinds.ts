/** Owns sets of event types that the auditor reads together. */
import type { EventName } from '#events/catalogue'

/** Events that name an order. */
export const ORDER_TYPES = [
  'OrderApproved',
  'OrderSubmitted',
  'OrderAccepted',
  'OrderFilled',
  'OrderRejected',
  'OrderCancelled',
  'OrderUnconfirmed',
  'OrderWithheld',
  'CancelRequested',
] as const satisfies readonly EventName[]

/** A set of types; `order` stands for all that name an order. */
export function typesOf(...names: readonly (EventName | 'order')[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => (name === 'order' ? ORDER_TYPES : [name])))
}
