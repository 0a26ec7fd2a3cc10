/**
 * Owns what the blender remembers: the latest opinion of each signal on each instrument, virtual returns of its own per
 * signal, budgets, and what it last said. Must never read risk, positions or fills.
 */
import type { UniverseEntry } from '#core/config/schema'
import { quantise } from '#events/line-buffer'
import { mean, standardDeviation } from '#quant/moments'
import { type Blend, type BlendInput, type BlendNorm, blend } from './blend.js'
import { tiltBudgets } from './performance-weight.js'

/** Days of virtual returns that a signal needs before its budget is tilted [D: a Sharpe ratio of less says nothing]. */
export const LEAST_PERFORMANCE_DAYS = 30
/** 24/7 markets: methods, section 0. */
const DAYS_A_YEAR = 365
/** Reasons with which a signal withdraws from an instrument: it then neither votes nor dilutes. */
const WITHDRAWN: ReadonlySet<string> = new Set(['stale', 'delisted', 'warming-up'])

export interface SignalOptions {
  readonly enabled: boolean
  readonly budget: number
  readonly maxAbsWeight: number
}

export interface BlendOptions {
  readonly norm: BlendNorm
  readonly minAgreement: number
  readonly scaleByAgreement: boolean
  readonly performanceWeighting: boolean
  readonly performanceDays: number
  readonly band: number
}

/** Latest word of one signal on one instrument. */
export interface Opinion {
  eligible: boolean
  /** Before the division by n_k, fraction of NAV. */
  target: number
  confidence: number
  /** Seq of the SignalChanged. */
  seq: number
  /** Clipped share held (virtually) since the last close of a day, fraction of NAV. */
  dayWeight: number
}

export interface SignalBook {
  name: string
  base: number
  maxAbs: number
  /** Share of the budget, tilted; all of them sum to 1. */
  budget: number
  /** n_k: instruments on which it has an opinion. */
  eligible: number
  /** Whether it held an opinion at the last close of a day: only such days count for its Sharpe ratio. */
  live: boolean
  dayReturn: number
  /** Virtual returns of the last `performanceDays` days, oldest first. */
  returns: number[]
  /** By instrument. */
  opinions: Opinion[]
}

export type Outcome = 'blended' | 'conflict' | 'flat'

export interface TargetBook {
  instrument: string
  lastClose: number
  lastOpenTime: number
  /** Must be blended again at the next instant. */
  dirty: boolean
  /** What the blender said last. */
  weight: number
  outcome: Outcome
}

/** Bounded by signals × (instruments + performanceDays). */
export interface BlenderState {
  indexOf: Record<string, number>
  signalOf: Record<string, number>
  books: TargetBook[]
  signals: SignalBook[]
  /** Indices of the books that are dirty, in the order in which they became so. */
  dirty: number[]
}

/** An empty memory of enabled signals and the universe. */
export function createBlenderState(
  signals: readonly (readonly [name: string, options: SignalOptions])[],
  universe: readonly UniverseEntry[],
): BlenderState {
  const enabled = signals.filter(([, options]) => options.enabled)
  const total = enabled.reduce((sum, [, options]) => sum + options.budget, 0)
  return {
    indexOf: Object.fromEntries(universe.map((entry, i) => [entry.instrument, i])),
    signalOf: Object.fromEntries(enabled.map(([name], k) => [name, k])),
    books: universe.map((entry) => ({
      instrument: entry.instrument,
      lastClose: 0,
      lastOpenTime: -1,
      dirty: false,
      weight: 0,
      outcome: 'flat',
    })),
    signals: enabled.map(([name, options]) => ({
      name,
      base: options.budget,
      maxAbs: options.maxAbsWeight,
      budget: total > 0 ? options.budget / total : 0,
      eligible: 0,
      live: false,
      dayReturn: 0,
      returns: [],
      opinions: universe.map(() => ({ eligible: false, target: 0, confidence: 0, seq: 0, dayWeight: 0 })),
    })),
    dirty: [],
  }
}

function touch(state: BlenderState, index: number): void {
  const book = state.books[index]!
  if (book.dirty) return
  book.dirty = true
  state.dirty.push(index)
}

/** n_k changed: every instrument of the signal has another share. */
function touchAll(state: BlenderState, signal: SignalBook): void {
  for (let i = 0; i < signal.opinions.length; i++) if (signal.opinions[i]!.eligible) touch(state, i)
}

/** Takes a SignalChanged; words on unknown signals or instruments are nobody's opinion. */
export function hear(
  state: BlenderState,
  said: { signal: string; instrument: string; reason: string; targetWeight: number; confidence: number },
  seq: number,
): void {
  const i = state.indexOf[said.instrument]
  const k = state.signalOf[said.signal]
  if (i === undefined || k === undefined) return
  const signal = state.signals[k]!
  const opinion = signal.opinions[i]!
  const eligible = !WITHDRAWN.has(said.reason)
  opinion.target = eligible ? said.targetWeight : 0
  opinion.confidence = eligible ? said.confidence : 0
  opinion.seq = seq
  touch(state, i)
  if (eligible !== opinion.eligible) setEligible(state, signal, opinion, eligible)
}

function setEligible(state: BlenderState, signal: SignalBook, opinion: Opinion, eligible: boolean): void {
  opinion.eligible = eligible
  signal.eligible += eligible ? 1 : -1
  touchAll(state, signal)
}

/** A delisted instrument has no opinions any more. */
export function drop(state: BlenderState, instrument: string): void {
  const i = state.indexOf[instrument]
  if (i === undefined) return
  for (const signal of state.signals) {
    const opinion = signal.opinions[i]!
    opinion.target = 0
    opinion.confidence = 0
    opinion.dayWeight = 0
    if (opinion.eligible) setEligible(state, signal, opinion, false)
  }
  touch(state, i)
}

/** Clipped share of a signal in an instrument: clip(target / n_k, ±maxAbs), fraction of NAV. */
export function shareOf(signal: SignalBook, opinion: Opinion): number {
  if (!opinion.eligible) return 0
  const share = opinion.target / signal.eligible
  return Math.max(-signal.maxAbs, Math.min(signal.maxAbs, share))
}

/** A daily bar earns on the shares held since the close of the day before. O(signals). */
export function earn(state: BlenderState, instrument: string, openTime: number, close: number): void {
  const i = state.indexOf[instrument]
  if (i === undefined) return
  const book = state.books[i]!
  if (openTime <= book.lastOpenTime) return
  if (book.lastClose > 0) {
    const dayReturn = close / book.lastClose - 1
    for (const signal of state.signals) signal.dayReturn += signal.opinions[i]!.dayWeight * dayReturn
  }
  book.lastClose = close
  book.lastOpenTime = openTime
}

/**
 * Close of a UTC day: budgets are tilted by what was earned up to the day BEFORE (methods, section 13), only then the
 * day's return is booked and the shares of the next day are fixed.
 */
export function closeDay(state: BlenderState, options: BlendOptions): void {
  if (options.performanceWeighting) tilt(state)
  for (const signal of state.signals) {
    if (signal.live) {
      signal.returns.push(signal.dayReturn + 0)
      if (signal.returns.length > options.performanceDays) signal.returns.shift()
    }
    signal.dayReturn = 0
    signal.live = signal.eligible > 0
    for (const opinion of signal.opinions) opinion.dayWeight = shareOf(signal, opinion) + 0
  }
}

/** Annual Sharpe ratio of the virtual returns; null below the least number of days or without variation. */
export function sharpeOf(signal: SignalBook): number | null {
  if (signal.returns.length < LEAST_PERFORMANCE_DAYS) return null
  const sd = standardDeviation(signal.returns, 1)
  const average = mean(signal.returns)
  if (sd === null || average === null || !(sd > 1e-12)) return null
  return (average / sd) * Math.sqrt(DAYS_A_YEAR)
}

function tilt(state: BlenderState): void {
  const { budgets } = tiltBudgets(
    state.signals.map(sharpeOf),
    state.signals.map((signal) => signal.base),
  )
  for (let k = 0; k < budgets.length; k++) {
    const signal = state.signals[k]!
    const budget = quantise(budgets[k]!, 6)
    if (budget === signal.budget) continue
    signal.budget = budget
    touchAll(state, signal)
  }
}

/** The signals eligible for an instrument, blended; budgets are summed over just these [D: who has no opinion does not dilute]. */
export function blendOf(state: BlenderState, index: number, options: BlendOptions): Blend {
  const inputs: BlendInput[] = []
  for (let k = 0; k < state.signals.length; k++) {
    const signal = state.signals[k]!
    const opinion = signal.opinions[index]!
    if (!opinion.eligible) continue
    inputs.push({
      weight: shareOf(signal, opinion),
      confidence: opinion.confidence,
      budget: signal.budget,
      maxAbsWeight: signal.maxAbs,
    })
  }
  const { weight, agreement, conflict } = blend(inputs, options.minAgreement, options.norm)
  const factor = options.scaleByAgreement ? (agreement ?? 0) : 1
  return { weight: quantise(weight * factor, 8), agreement, conflict }
}

export function outcomeOf(result: Blend): Outcome {
  if (result.conflict) return 'conflict'
  return result.weight === 0 ? 'flat' : 'blended'
}

/** Whether a blend is news: another outcome, sign or zero, or a weight beyond the relative band. */
export function isNews(book: TargetBook, result: Blend, band: number): boolean {
  if (outcomeOf(result) !== book.outcome) return true
  if (Math.sign(result.weight) !== Math.sign(book.weight)) return true
  return Math.abs(result.weight - book.weight) > band * Math.abs(book.weight)
}
