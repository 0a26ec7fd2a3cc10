/** Owns the harness of deciders: `given(decider, events).when(event).then(drafts)`. Refusals and silence weigh the same. */
import { expect } from 'vitest'
import type { Decider } from '#core/decider'
import type { EventEnvelope } from '#core/envelope'
import { StepContext } from '#engine/step-context'
import type { AnyEvent } from '#events/catalogue'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'

type DraftLike = { readonly type: string; readonly data: unknown }

/** Makes an event; `seq` and `ts` default to 1. */
export function event<T extends AnyEvent['type']>(
  type: T,
  data: Extract<AnyEvent, { readonly type: T }>['data'],
  at: { readonly seq?: number; readonly ts?: number; readonly by?: string; readonly cause?: number } = {},
): Extract<AnyEvent, { readonly type: T }> {
  return {
    seq: at.seq ?? 1,
    ts: at.ts ?? 1,
    type,
    v: 1,
    by: at.by ?? 'test/source',
    cause: at.cause ?? 0,
    data,
  } as Extract<AnyEvent, { readonly type: T }> // type and data belong together by the signature
}

export interface When {
  /** Drafts of the one decision, quantised as the log would say them. */
  readonly drafts: readonly DraftLike[]
  readonly state: unknown
  then(expected: readonly DraftLike[]): void
  thenNothing(): void
}

/**
 * Runs the decider as the dispatcher does: each given event is evolved and decided on, its outputs evolved too.
 * `when` returns what is decided on one more event.
 */
export function given(
  decider: Decider<unknown>,
  events: readonly EventEnvelope[],
): { when(event: EventEnvelope): When } {
  const mind = decider
  let state = mind.initial()
  const context = new StepContext(1)
  const lines = new LineBuffer()
  const encoder = new EventEncoder()
  const deliver = (input: EventEnvelope): readonly DraftLike[] => {
    state = mind.evolve(state, input)
    context.beginStep(input.seq)
    context.focus(input, mind.name)
    const drafts = mind.decide(state, input, context)
    for (const draft of drafts) {
      const output = {
        seq: input.seq + 1,
        ts: input.ts,
        type: draft.type,
        v: 1,
        by: mind.name,
        cause: input.seq,
        data: draft.data,
      }
      encoder.encode(lines, output)
      lines.truncate(0)
      state = mind.evolve(state, output)
    }
    return drafts
  }
  for (const past of events) deliver(past)
  return {
    when(input) {
      const drafts = deliver(input)
      return {
        drafts,
        state,
        then: (expected) => expect(drafts).toEqual(expected),
        thenNothing: () => expect(drafts).toEqual([]),
      }
    },
  }
}
