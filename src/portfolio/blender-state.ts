/**
 * Owns what the blender remembers: the latest opinion of each signal on each instrument, virtual returns of its own per
 * signal, budgets, and what it last said. Must never read risk, positions or fills. Packages: bucket.ts; the close of a day: weighting.ts.
 */
import type { BlenderConfig, UniverseEntry } from '#core/config/schema'
import { DAY_MS, type EpochMs } from '#core/time'
import { quantise } from '#events/line-buffer'
import type { PackageChanged } from '#events/package.events'
import type { PortfolioWeighted } from '#events/portfolio.events'
import { type Blend, type BlendInput, blend } from './blend.js'
import { type Bucket, createBucket, hearPackage, WITHDRAWN } from './bucket.js'
import { applyRegimes, createRegimes, type OverlayStep, type Regime } from './overlays.js'
import { quoteBar, quoteEnd } from './package-returns.js'
import type { ReturnBook } from './return-book.js'
import { NO_SLEEVE_RISK, type SleeveRisk } from './sleeve-risk.js'

export interface SignalOptions {
  readonly budget: number
  readonly maxAbsWeight: number
}
export type NamedSignal = readonly [name: string, options: SignalOptions]

/** The signals that take part, by what they speak of. */
export interface Voices {
  readonly directional: readonly NamedSignal[]
  readonly packages: readonly NamedSignal[]
  /** Names of overlays. */
  readonly overlays: readonly string[]
  /** Whether more than plain budgets is asked for: then returns are kept by day, and PortfolioWeighted is told. */
  readonly weighs: boolean
}

/** What the beta gate is against: methods, section 13. */
export const BENCHMARK = 'BTC'

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

export interface SignalBook extends ReturnBook {
  /** n_k: instruments on which it has an opinion. */
  eligible: number
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

/** A day of virtual returns: directional signals first, then those of the bucket; null where one held nothing. */
export interface SleeveDay {
  values: (number | null)[]
  /** Return of BTC; null without a bar. */
  benchmark: number | null
}

/** Bounded by signals × (instruments + days) and the packages that are open. */
export interface BlenderState {
  indexOf: Record<string, number>
  signalOf: Record<string, number>
  books: TargetBook[]
  signals: SignalBook[]
  /** Indices of the books that are dirty, in the order in which they became so. */
  dirty: number[]
  bucket: Bucket
  /** In the order in which they act. */
  regimes: Regime[]
  /** Every instrument must be looked at: a regime or the share of the directional side changed. */
  isShaken: boolean
  /** The InstantClosed heard last. */
  closed: { seq: number; instant: EpochMs }
  /** Shares of the two sides in the risk budget of the book. */
  sides: { directional: number; bucket: number }
  /** Oldest first; without the day that ended last, which waits in `pending`. */
  history: SleeveDay[]
  pending: SleeveDay | null
  /** Index of the instrument that betas are against; −1: none. */
  benchmark: number
  benchmarkReturn: number | null
  /** Price of the benchmark that legs brought along at the last close: it stands in where no bar of it closed; 0: none. */
  benchmarkIndex: number
  risk: SleeveRisk
  /** What is told of the weighting at the close of a day. */
  told: PortfolioWeighted['data'] | null
}

/** An empty memory of the signals that take part and the universe. */
export function createBlenderState(voices: Voices, universe: readonly UniverseEntry[]): BlenderState {
  const total = voices.directional.reduce((sum, [, options]) => sum + options.budget, 0)
  const own = universe.findIndex(({ base, role }) => base === BENCHMARK && role !== 'leg')
  return {
    indexOf: Object.fromEntries(universe.map((entry, i) => [entry.instrument, i])),
    signalOf: Object.fromEntries(voices.directional.map(([name], k) => [name, k])),
    books: universe.map((entry) => ({
      instrument: entry.instrument,
      lastClose: 0,
      lastOpenTime: -1,
      dirty: false,
      weight: 0,
      outcome: 'flat',
    })),
    signals: voices.directional.map(([name, options]) => ({
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
    bucket: createBucket(voices.packages),
    regimes: createRegimes(voices.overlays),
    isShaken: false,
    closed: { seq: -1, instant: -1 },
    sides: { directional: 1, bucket: 1 },
    history: [],
    pending: null,
    benchmark: own >= 0 ? own : universe.findIndex(({ base }) => base === BENCHMARK),
    benchmarkReturn: null,
    benchmarkIndex: 0,
    risk: { ...NO_SLEEVE_RISK },
    told: null,
  }
}

export function touch(state: BlenderState, index: number): void {
  const book = state.books[index]!
  if (book.dirty) return
  book.dirty = true
  state.dirty.push(index)
}

/** n_k changed: every instrument of the signal has another share. */
export function touchAll(state: BlenderState, signal: SignalBook): void {
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

/** Takes a PackageChanged. A leg of the universe is priced by its last daily bar at once. */
export function hearOfPackage(state: BlenderState, said: PackageChanged['data'], seq: number): void {
  hearPackage(state.bucket, said, seq)
  for (const { instrument } of said.legs) {
    const book = state.books[state.indexOf[instrument] ?? -1]
    if (book === undefined || book.lastOpenTime < 0) continue
    quoteBar(state.bucket.quotes, instrument, book.lastClose, book.lastOpenTime + DAY_MS)
  }
}

/** A delisted instrument has no opinions any more. */
export function drop(state: BlenderState, instrument: string): void {
  quoteEnd(state.bucket.quotes, instrument)
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
  // Without packages there are no legs: to look for what no object has is dear.
  if (state.bucket.packages.length > 0) quoteBar(state.bucket.quotes, instrument, close, openTime + DAY_MS)
  const i = state.indexOf[instrument]
  if (i === undefined) return
  const book = state.books[i]!
  if (openTime <= book.lastOpenTime) return
  if (book.lastClose > 0) {
    const dayReturn = close / book.lastClose - 1
    for (const signal of state.signals) signal.dayReturn += signal.opinions[i]!.dayWeight * dayReturn
    if (i === state.benchmark) state.benchmarkReturn = (state.benchmarkReturn ?? 0) + dayReturn
  }
  book.lastClose = close
  book.lastOpenTime = openTime
}

/** A blend, its share of the book, and what overlays made of it. */
export interface Target extends Blend {
  /** Steps of the overlays that changed the weight, in their order. */
  readonly steps: readonly OverlayStep[]
}

/**
 * The signals eligible for an instrument, blended; budgets are summed over just these [D: who has no opinion does not dilute].
 * Then the share of the directional side, then the overlays.
 */
export function blendOf(state: BlenderState, index: number, options: BlenderConfig): Target {
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
  const factor = (options.scaleByAgreement ? (agreement ?? 0) : 1) * state.sides.directional
  const overlaid = applyRegimes(state.regimes, quantise(weight * factor, 8), state.books[index]!.weight)
  return { weight: overlaid.weight, agreement, conflict, steps: overlaid.steps }
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
