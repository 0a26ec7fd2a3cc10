/**
 * Owns what a signal of the user's own is made with (docs/guides/write-a-signal.md): a decider from a few rules about one instrument's bars.
 * Speaking, staleness, holding on bad data, delisting are those of the built-in signals. Must never give a signal a clock or chance.
 */
import type { UniverseEntry } from '#core/config/schema'
import { invariant } from '#core/invariant'
import { powInt, powReal } from '#core/power'
import { DAY_MS, type Interval, intervalMs } from '#core/time'
import { mean, standardDeviation } from '#quant/moments'
import { normalCdf } from '#quant/normal'
import { type Bar, createSignal, type InstrumentState, type SignalDecider } from './single-instrument.js'
import { createVoice, goFlat, refresh, type Term, takeSide } from './voice.js'

/** What a signal thinks of an instrument. */
export interface Opinion {
  readonly side: 'long' | 'short' | 'flat'
  /** A short code in words: `breakout`, `exit` … */
  readonly reason: string
  /** In [0, 1]; 1 when absent. */
  readonly confidence?: number
  /** Fraction of NAV, unsigned: the sign is that of `side`. */
  readonly targetWeight: number
  /** The numbers that decided, as `audit explain` shows them: a value, or a value with the threshold it was held against. */
  readonly terms?: {
    readonly [name: string]: number | null | { readonly value: number | null; readonly threshold: number }
  }
}

export interface BarOf {
  readonly openTime: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

export interface BarSignalRules<S> {
  /** Changes whenever the rules do. */
  readonly version: string
  /** Bars that it decides on. */
  readonly interval: Interval
  /** History that it must have seen before it may decide, days. */
  readonly warmupDays: number
  /** Relative change of a target below which it keeps silent; 5 % when absent. */
  readonly band?: number
  /** Memory of one instrument: plain JSON, bounded. */
  create(instrument: string): S
  /** Folds a closed bar into the memory; gives the opinion, or null while there is none. */
  onBar(memory: S, bar: BarOf): Opinion | null
}

/** Of whom the decider is: given by quantbot. */
export interface SignalPlace {
  readonly name: string
  readonly universe: readonly UniverseEntry[]
  /** Finest bars of the run. */
  readonly interval: Interval
  /** `options` of the configuration. */
  readonly options: { readonly [key: string]: unknown }
}

interface OwnInstrument<S> extends InstrumentState {
  memory: S
  newest: number
  seq: number
  terms: Term[]
}

const SIGN = { long: 1, short: -1, flat: 0 } as const

function opine<S>(state: OwnInstrument<S>, opinion: Opinion, asOf: number, close: number, name: string): void {
  const { side, reason, confidence = 1, targetWeight } = opinion
  const sign = SIGN[side]
  invariant(sign !== undefined, () => `${name}: side ${JSON.stringify(side)} is not long, short or flat`)
  invariant(/^[a-z0-9-]{1,40}$/.test(reason), () => `${name}: reason ${JSON.stringify(reason)} is no short code`)
  invariant(confidence >= 0 && confidence <= 1, () => `${name}: confidence ${confidence} is not in [0, 1]`)
  invariant(
    targetWeight >= 0 && Number.isFinite(targetWeight),
    () => `${name}: targetWeight ${targetWeight} must be a number of 0 or more; the side gives the sign`,
  )
  state.terms = Object.entries(opinion.terms ?? {}).map(([term, value]) =>
    typeof value === 'object' && value !== null ? { name: term, ...value } : { name: term, value },
  )
  refresh(state.voice, asOf, close)
  if (sign === 0) goFlat(state.voice, reason)
  else takeSide(state.voice, sign, reason, sign * confidence, confidence, sign * targetWeight)
}

/** A decider of the rules. Throws InvariantError on an opinion that makes no sense: the agent is then faulted, and silent. */
export function barSignal<S>(rules: BarSignalRules<S>, place: SignalPlace): SignalDecider<OwnInstrument<S>> {
  const decisionMs = intervalMs(rules.interval)
  return createSignal<OwnInstrument<S>>(
    {
      name: `signal/${place.name}`,
      version: rules.version,
      intervals: [rules.interval],
      readsFunding: false,
      warmupMs: rules.warmupDays * DAY_MS,
      band: rules.band ?? 0.05,
      create: (entry) => ({
        voice: createVoice(entry.instrument),
        memory: rules.create(entry.instrument),
        newest: -1,
        seq: 0,
        terms: [],
      }),
      decisionMs: () => decisionMs,
      takeBar(state, bar: Bar) {
        if (bar.data.openTime <= state.newest) return
        state.newest = bar.data.openTime
        state.seq = bar.seq
        const { openTime, open, high, low, close, volume } = bar.data
        const opinion = rules.onBar(state.memory, { openTime, open, high, low, close, volume })
        if (opinion !== null) opine(state, opinion, openTime + decisionMs, close, place.name)
      },
      terms: (state) => state.terms,
      inputs: (state) => [state.seq],
    },
    place.universe,
  )
}

/** What the module of a signal is handed. */
export const TOOLKIT = { barSignal, mean, standardDeviation, normalCdf, powInt, powReal } as const
export type Toolkit = typeof TOOLKIT
