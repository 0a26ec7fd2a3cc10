/** Owns what signals say. A signal speaks when side, reason or target (beyond its band) changes, not at every bar. */
import { type EventOf, eventType } from './event-type.js'
import { integer, list, name, nullable, number, oneOf, optional, record } from './field.js'

export const signalChanged = eventType(
  'SignalChanged',
  1,
  'derived',
  'A signal changed its mind about one instrument, with the numbers that decided.',
  {
    signal: name('signal'),
    instrument: name('instrument id'),
    side: oneOf('long', 'short', 'flat'),
    /** Why: `momentum`, `breakout`, `exit-channel`, `trailing-stop`, `warming-up`, `stale`, `choppy` … */
    reason: name('reason code'),
    strength: number(6, 'in [-1, 1]'),
    confidence: number(6, 'in [0, 1]'),
    /** Before it is divided by the number of eligible instruments. */
    targetWeight: number(6, 'fraction of NAV'),
    asOf: integer('epoch ms'),
    validUntil: integer('epoch ms; stale afterwards'),
    price: number(8, 'close it decided on, quote'),
    terms: list(
      record({
        name: name('term'),
        value: nullable(number(8)),
        threshold: optional(number(8)),
      }),
      'numbers that decided',
    ),
    /** Seqs of the further events it decided on (the last few bars, funding); `cause` is the first of them. */
    inputs: list(integer('seq')),
  },
)

export const signalEvents = [signalChanged] as const
export type SignalChanged = EventOf<typeof signalChanged>
