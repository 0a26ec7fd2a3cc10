/**
 * Owns the life of an order: the phases and which word of execution or venue moves it where.
 * Never holds an order; knows no event type and no amounts.
 */
import { invariant } from '#core/invariant'

/** `unknown`: no answer came in time. Only the venue's word ends that. */
export type OrderPhase =
  | 'approved'
  | 'submitted'
  | 'accepted'
  | 'partiallyFilled'
  | 'unknown'
  | 'filled'
  | 'cancelled'
  | 'rejected'

export type OrderWord = 'submit' | 'accept' | 'fillPart' | 'fillRest' | 'cancel' | 'reject' | 'doubt'

type Row = Readonly<Partial<Record<OrderWord, OrderPhase>>>

/**
 * Words may be repeated or overtake each other (an acknowledgement after the fill that it announces, a trade that reaches us
 * after the cancel): those cells keep or honour, they are no errors. What is absent cannot happen with a sane venue.
 */
const TABLE: Readonly<Record<OrderPhase, Row>> = {
  approved: { submit: 'submitted' },
  submitted: {
    submit: 'submitted',
    accept: 'accepted',
    fillPart: 'partiallyFilled',
    fillRest: 'filled',
    cancel: 'cancelled',
    reject: 'rejected',
    doubt: 'unknown',
  },
  accepted: {
    accept: 'accepted',
    fillPart: 'partiallyFilled',
    fillRest: 'filled',
    cancel: 'cancelled',
    doubt: 'unknown',
  },
  partiallyFilled: {
    accept: 'partiallyFilled',
    fillPart: 'partiallyFilled',
    fillRest: 'filled',
    cancel: 'cancelled',
    doubt: 'unknown',
  },
  unknown: {
    accept: 'accepted',
    fillPart: 'partiallyFilled',
    fillRest: 'filled',
    cancel: 'cancelled',
    reject: 'rejected',
    doubt: 'unknown',
  },
  filled: { accept: 'filled', fillPart: 'filled', fillRest: 'filled', cancel: 'filled', doubt: 'filled' },
  cancelled: {
    accept: 'cancelled',
    fillPart: 'cancelled',
    fillRest: 'filled',
    cancel: 'cancelled',
    doubt: 'cancelled',
  },
  rejected: { reject: 'rejected', doubt: 'rejected' },
}

/** Where `word` moves an order from `phase`, or undefined when that cannot happen. */
export function nextPhase(phase: OrderPhase, word: OrderWord): OrderPhase | undefined {
  return TABLE[phase][word]
}

/** As {@link nextPhase}; throws InvariantError when it cannot happen. */
export function advance(phase: OrderPhase, word: OrderWord, order: string): OrderPhase {
  const next = nextPhase(phase, word)
  invariant(next, () => `order ${order} is ${phase}: "${word}" cannot follow`)
  return next
}

/** Whether nothing but a late trade can come. */
export function isTerminal(phase: OrderPhase): boolean {
  return phase === 'filled' || phase === 'cancelled' || phase === 'rejected'
}
