/**
 * Owns what all signals share that decide on the bars of one instrument: delivery to the instrument's record, staleness, delisting,
 * and when to speak. Must never know a rule of any one signal, nor look at another instrument.
 */
import type { UniverseEntry } from '#core/config/schema'
import { type DecideContext, type Decider, SILENCE } from '#core/decider'
import type { AgentName } from '#core/ids'
import { type DurationMs, HOUR_MS, type Interval } from '#core/time'
import type {
  BarAggregated,
  BarClosed,
  DataQualityChanged,
  FundingSettled,
  InstantClosed,
  InstrumentDelisted,
} from '#events/market.events'
import type { SignalChanged } from '#events/signal.events'
import {
  draft,
  expires,
  goFlat,
  hear,
  isAboutHolding,
  judgeInput,
  type SignalDraft,
  speaks,
  type Term,
  VALID_INTERVALS,
  type Voice,
} from './voice.js'

export type Bar = BarClosed | BarAggregated
export type SignalInput = Bar | FundingSettled | InstantClosed | InstrumentDelisted | DataQualityChanged

/** What a signal remembers of one instrument besides its own numbers. */
export interface InstrumentState {
  voice: Voice
}

/** One record an instrument, in the order of the universe. */
export interface SignalState<I extends InstrumentState> {
  index: { [instrument: string]: number }
  instruments: I[]
}

export type SignalDecider<I extends InstrumentState> = Decider<SignalState<I>, SignalInput, SignalChanged>

export interface SignalRules<I extends InstrumentState> {
  readonly name: AgentName
  readonly version: string
  /** Bars it decides on, or needs. */
  readonly intervals: readonly Interval[]
  readonly readsFunding: boolean
  readonly warmupMs: DurationMs
  /** Relative change of a target below which it keeps silent. */
  readonly band: number
  create(entry: UniverseEntry): I
  /** Length of the bars that the instrument is decided on. */
  decisionMs(state: I): DurationMs
  /** Folds a bar into numbers and opinion. */
  takeBar(state: I, bar: Bar): void
  takeFunding?(state: I, event: FundingSettled): void
  /** The opinion ended from outside: a position of its own must end too. */
  dropPosition?(state: I): void
  /** The numbers that decided; called only when it speaks. */
  terms(state: I): readonly Term[]
  /** Seqs of further events that decided. */
  inputs(state: I): readonly number[]
}

function end<I extends InstrumentState>(rules: SignalRules<I>, state: I, reason: string): void {
  goFlat(state.voice, reason)
  rules.dropPosition?.(state)
}

function takeInstant<I extends InstrumentState>(
  rules: SignalRules<I>,
  state: SignalState<I>,
  { instant, missing }: InstantClosed['data'],
): void {
  for (let i = 0; i < missing.length; i++) {
    const one = find(state, missing[i]!)
    if (one !== undefined && expires(one.voice, instant, rules.decisionMs(one))) end(rules, one, 'stale')
  }
}

function find<I extends InstrumentState>(state: SignalState<I>, instrument: string): I | undefined {
  const at = state.index[instrument]
  return at === undefined ? undefined : state.instruments[at]
}

function evolve<I extends InstrumentState>(
  rules: SignalRules<I>,
  state: SignalState<I>,
  event: SignalInput | SignalChanged,
): SignalState<I> {
  if (event.type === 'InstantClosed') {
    takeInstant(rules, state, event.data)
    return state
  }
  if (event.type === 'DataQualityChanged') {
    const judged = find(state, event.data.subject)
    if (judged !== undefined) judgeInput(judged.voice, event.data.check, event.data.isBad)
    return state
  }
  const one = find(state, event.data.instrument)
  if (one === undefined) return state
  if (event.type === 'SignalChanged') hear(one.voice, event.data)
  else if (one.voice.delisted) return state
  else if (event.type === 'InstrumentDelisted') {
    one.voice.delisted = true
    if (one.voice.reason !== '') end(rules, one, 'delisted')
  } else if (event.type === 'FundingSettled') rules.takeFunding?.(one, event)
  else {
    // The same as the instants that told of the missing bars would have done.
    if (expires(one.voice, event.data.openTime, rules.decisionMs(one))) end(rules, one, 'stale')
    rules.takeBar(one, event)
  }
  return state
}

function say<I extends InstrumentState>(rules: SignalRules<I>, one: I, context: DecideContext): SignalDraft {
  const { voice } = one
  const decisionMs = rules.decisionMs(one)
  if (voice.reason === 'delisted') return draft(rules.name, voice, decisionMs, [], [])
  if (voice.reason === 'stale') {
    const ageHours = { value: (context.ts - voice.asOf) / HOUR_MS, threshold: (VALID_INTERVALS * decisionMs) / HOUR_MS }
    return draft(rules.name, voice, decisionMs, [{ name: 'ageHours', ...ageHours }], [])
  }
  return draft(rules.name, voice, decisionMs, rules.terms(one), rules.inputs(one))
}

function decide<I extends InstrumentState>(
  rules: SignalRules<I>,
  state: SignalState<I>,
  event: SignalInput,
  context: DecideContext,
): readonly SignalDraft[] {
  if (event.type !== 'InstantClosed') {
    if (event.type === 'FundingSettled') return SILENCE
    const one = find(state, event.type === 'DataQualityChanged' ? event.data.subject : event.data.instrument)
    // A doubt that passed is no time to decide: only what was held because of it is said anew.
    if (event.type === 'DataQualityChanged' && !(one !== undefined && isAboutHolding(one.voice))) return SILENCE
    return one !== undefined && speaks(one.voice, rules.band) ? [say(rules, one, context)] : SILENCE
  }
  const { missing } = event.data
  if (missing.length === 0) return SILENCE
  const drafts: SignalDraft[] = []
  for (let i = 0; i < missing.length; i++) {
    const one = find(state, missing[i]!)
    if (one !== undefined && one.voice.reason === 'stale' && speaks(one.voice, rules.band))
      drafts.push(say(rules, one, context))
  }
  return drafts
}

/** A decider of the rules. O(1) a bar besides what the rules cost; memory bounded by the universe. */
export function createSignal<I extends InstrumentState>(
  rules: SignalRules<I>,
  universe: readonly UniverseEntry[],
): SignalDecider<I> {
  return {
    name: rules.name,
    version: rules.version,
    dependencies: ['market/bars'],
    reads: rules.readsFunding
      ? ['BarClosed', 'BarAggregated', 'FundingSettled', 'InstantClosed', 'InstrumentDelisted', 'DataQualityChanged']
      : ['BarClosed', 'BarAggregated', 'InstantClosed', 'InstrumentDelisted', 'DataQualityChanged'],
    emits: ['SignalChanged'],
    intervals: rules.intervals,
    warmupMs: rules.warmupMs,
    onOrderPath: false,
    initial: () => ({
      index: Object.fromEntries(universe.map((entry, i) => [entry.instrument, i])),
      instruments: universe.map((entry) => rules.create(entry)),
    }),
    evolve: (state, event) => evolve(rules, state, event),
    decide: (state, event, context) => decide(rules, state, event, context),
  }
}
