/**
 * Owns what each event means for people: which notes it makes, with which severity. Pure: equal events give equal notes, whatever the
 * clock. Never knows sinks, groups or limits of a sink.
 */
import type { AnyEvent, EventName, EventNamed } from '#events/catalogue'
import { type RulePolicy, rollDay, tick } from './conditions.js'
import { foldFigures } from './day-figures.js'
import type { Note } from './note.js'
import type { NotifyState } from './notify-state.js'
import { ORDER_RULES } from './rules-orders.js'
import { PROCESS_RULES } from './rules-process.js'
import { RISK_RULES } from './rules-risk.js'

/** May change the state. */
export type Rule<E> = (event: E, state: NotifyState, policy: RulePolicy) => readonly Note[]
export type Rules = { readonly [T in EventName]?: Rule<EventNamed<T>> }

const RULES: Rules = { ...PROCESS_RULES, ...RISK_RULES, ...ORDER_RULES }

/** Event types that make notes, or change what is remembered. */
export const TOLD_TYPES: ReadonlySet<string> = new Set(Object.keys(RULES))

/** Notes of the next event, those included that the time since the last one is due for. Changes `state`. */
export function messagesOf(event: AnyEvent, state: NotifyState, policy: RulePolicy): readonly Note[] {
  if (state.firstSeq === 0) state.firstSeq = event.seq
  // What was open while no process ran lasted without anybody to mend it: the start says so, not the clock.
  const due = event.type === 'ProcessStarted' ? [] : tick(state, event.ts, policy)
  rollDay(state, event.ts, policy)
  foldFigures(state, event, policy.currency)
  const rule = RULES[event.type] as Rule<AnyEvent> | undefined // the table maps each type to a rule of that type
  const notes = rule === undefined ? due : [...due, ...rule(event, state, policy)]
  state.seq = event.seq
  state.ts = event.ts
  return notes
}
