/** Owns what an event type is: name, version, meaning, payload shape, origin. */
import type { EventEnvelope } from '#core/envelope'
import { type Field, type Payload, record, type Shape } from './field.js'

/** `input`: comes from outside; `derived`: decided by an agent; `either`: an outcome that the paper venue derives and a real venue sends. */
export type Origin = 'input' | 'derived' | 'either'

export interface EventType<T extends string = string, S extends Shape = Shape> {
  readonly type: T
  readonly v: number
  readonly origin: Origin
  /** One sentence for the reference. */
  readonly means: string
  readonly shape: S
  readonly payload: Field<Payload<S>>
}

export function eventType<const T extends string, const S extends Shape>(
  type: T,
  v: number,
  origin: Origin,
  means: string,
  shape: S,
): EventType<T, S> {
  return { type, v, origin, means, shape, payload: record(shape) }
}

/** The event that a type describes. */
export type EventOf<E> = E extends EventType<infer T, infer S> ? EventEnvelope<T, Payload<S>> : never
