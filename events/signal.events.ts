/** Owns what signals say. A signal speaks when side, reason or target (beyond its band) changes, not at every bar. */
import { type EventOf, eventType } from './event-type.js'
import { flag, integer, list, name, nullable, number, oneOf, optional, record } from './field.js'

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

const terms = list(
  record({ name: name('term'), value: nullable(number(8)), threshold: optional(number(8)) }),
  'numbers that decided',
)

export const regimeChanged = eventType(
  'RegimeChanged',
  1,
  'derived',
  'An overlay sees another regime: what it does to directional weights, with the numbers that decided. It takes no position.',
  {
    /** `mvrv`, `ssr`. */
    signal: name('signal'),
    /** `neutral`, `euphoria`, `value`, `scaled`, `stale`, `warming-up` … */
    regime: name('regime'),
    longFactor: number(6, 'multiplies blended weights above 0'),
    shortFactor: number(6, 'multiplies blended weights below 0'),
    blocksNewLongs: flag(),
    blocksShorts: flag(),
    asOf: integer('epoch ms'),
    validUntil: integer('epoch ms; without effect afterwards'),
    terms,
    inputs: list(integer('seq')),
  },
)

export const cascadeWarningChanged = eventType(
  'CascadeWarningChanged',
  1,
  'derived',
  'The early warning of a liquidation cascade went on or off. It takes no position.',
  {
    signal: name('signal'),
    instrument: name('instrument id'),
    isOn: flag(),
    /** Whether open interest a day’s volume is in its top decile too. */
    isConfirmed: flag(),
    asOf: integer('epoch ms'),
    terms,
    inputs: list(integer('seq')),
  },
)

export const signalEvents = [signalChanged, regimeChanged, cascadeWarningChanged] as const
export type SignalChanged = EventOf<typeof signalChanged>
export type RegimeChanged = EventOf<typeof regimeChanged>
export type CascadeWarningChanged = EventOf<typeof cascadeWarningChanged>
