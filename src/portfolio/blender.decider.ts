/**
 * Owns portfolio/blender: the signals, blended into target weights once an instant (methods, section 13): directional opinions an
 * instrument, packages in a market-neutral bucket, overlays on what is directional.
 * Must never read risk, positions or fills; where nothing changed it costs a comparison.
 */
import type { Config, UniverseEntry } from '#core/config/schema'
import { externalName, SIGNAL_NAMES, type SignalClass } from '#core/config/signal-names'
import type { Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import { DAY_MS, intervalMs, isAligned } from '#core/time'
import type {
  BarAggregated,
  BarClosed,
  FundingSettled,
  InstantClosed,
  InstrumentDelisted,
  MarkChanged,
  OptionChainObserved,
} from '#events/market.events'
import type { PackageChanged } from '#events/package.events'
import type { PortfolioBlended, PortfolioWeighted } from '#events/portfolio.events'
import type { RegimeChanged, SignalChanged } from '#events/signal.events'
import {
  type BlenderState,
  blendOf,
  createBlenderState,
  drop,
  earn,
  hear,
  hearOfPackage,
  isNews,
  type NamedSignal,
  type Outcome,
  outcomeOf,
  shareOf,
  type Voices,
} from './blender-state.js'
import { findNews, packageRow, rememberPackages } from './bucket.js'
import { enforceRegimes, hearRegime } from './overlays.js'
import { fund, quoteChain, quoteMark } from './package-returns.js'
import { closeDay, reweigh, shareSides } from './weighting.js'

export type BlenderInput =
  | SignalChanged
  | PackageChanged
  | RegimeChanged
  | BarClosed
  | BarAggregated
  | FundingSettled
  | MarkChanged
  | OptionChainObserved
  | InstantClosed
  | InstrumentDelisted
export interface BlenderConfig {
  readonly blender: Config['blender']
  readonly signals: Config['signals']
}
type Options = BlenderConfig['blender']
type Row = PortfolioBlended['data']['rows'][number]

/** Signals that the first blender knew: with plain budgets and nothing but these it says what that one said. */
const PRICE_SIGNALS: ReadonlySet<string> = new Set(['tsmom', 'donchian', 'meanrev'])

/**
 * The name under which each configured signal speaks (SignalChanged.signal, not its agent's name). A signal that is switched off has no budget.
 */
function voicesOf({ signals, blender }: BlenderConfig): Voices {
  const named = (speaksOf: SignalClass): NamedSignal[] =>
    SIGNAL_NAMES.flatMap((each): NamedSignal[] => {
      const options = signals[each.key]
      return each.speaksOf === speaksOf && options.enabled && 'budget' in options ? [[each.name, options]] : []
    })
  const external = signals.external.map((each): NamedSignal => [externalName(each.module), each])
  const directional = [...named('weights'), ...external]
  const packages = named('packages')
  const overlays = SIGNAL_NAMES.filter(({ key, speaksOf }) => speaksOf === 'overlay' && signals[key].enabled)
  return {
    directional,
    packages,
    overlays: overlays.map(({ name }) => name),
    weighs:
      packages.length > 0 ||
      blender.directionalMethod === 'erc' ||
      directional.some(([name]) => !PRICE_SIGNALS.has(name)),
  }
}

/** `portfolio/blender` over a universe. Cost: one comparison an instant, plus the blend of the instruments touched. */
export function createBlender(
  config: BlenderConfig,
  universe: readonly UniverseEntry[],
): Decider<BlenderState, BlenderInput, PortfolioBlended | PortfolioWeighted> {
  const options = config.blender
  const voices = voicesOf(config)
  const rebalanceMs = intervalMs(options.rebalance)
  const speakers = [
    ...SIGNAL_NAMES.map(({ name }) => name),
    ...config.signals.external.map((e) => externalName(e.module)),
  ]
  return {
    name: 'portfolio/blender',
    version: '2',
    dependencies: ['market/bars', ...speakers.map((name) => `signal/${name}` as const)],
    reads: [
      'SignalChanged',
      'BarClosed',
      'BarAggregated',
      'InstantClosed',
      'InstrumentDelisted',
      ...(voices.overlays.length > 0 ? (['RegimeChanged'] as const) : []),
      ...(voices.packages.length > 0
        ? (['PackageChanged', 'FundingSettled', 'MarkChanged', 'OptionChainObserved'] as const)
        : []),
    ],
    emits: ['PortfolioBlended', 'PortfolioWeighted'],
    intervals: ['1d'],
    // Opinions come from the signals, which declare their own; budgets stay untilted until there is a record.
    warmupMs: 0,
    onOrderPath: true,
    initial: () => createBlenderState(voices, universe),
    evolve(state, event) {
      if (event.type === 'InstantClosed') {
        const { instant } = event.data
        if (isAligned(instant, DAY_MS)) closeDay(state, instant, options, voices.weighs)
        state.closed = { seq: event.seq, instant }
        settle(state, options, instant, isAligned(instant, rebalanceMs))
      } else {
        evolve(state, event)
        if (isOfClosedInstant(state, event)) settle(state, options, state.closed.instant, false)
      }
      return state
    },
    decide(state, event) {
      if (isOfClosedInstant(state, event)) {
        const late = draftOf(state, options, state.closed.instant, false)
        return late === null ? SILENCE : [late]
      }
      if (event.type !== 'InstantClosed') return SILENCE
      const { instant } = event.data
      const scheduled = isAligned(instant, rebalanceMs)
      const blended = draftOf(state, options, instant, scheduled)
      if (state.told === null || state.told.instant !== instant) return blended === null ? SILENCE : [blended]
      const weighted = { type: 'PortfolioWeighted' as const, data: state.told }
      return blended === null ? [weighted] : [weighted, blended]
    },
  }
}

/**
 * Signals of packages decide when an instant closes, as the blender does, and are heard after it: their word is blended at once, not an
 * instant later, which may be hours.
 */
function isOfClosedInstant(state: BlenderState, event: BlenderInput | PortfolioBlended | PortfolioWeighted): boolean {
  return event.type === 'PackageChanged' && event.cause === state.closed.seq
}

function evolve(
  state: BlenderState,
  event: Exclude<BlenderInput | PortfolioBlended | PortfolioWeighted, InstantClosed>,
) {
  switch (event.type) {
    case 'BarClosed':
    case 'BarAggregated':
      earn(state, event.data.instrument, event.data.openTime, event.data.close)
      break
    case 'SignalChanged':
      hear(state, event.data, event.seq)
      break
    case 'PackageChanged':
      hearOfPackage(state, event.data, event.seq)
      break
    case 'RegimeChanged':
      if (hearRegime(state.regimes, event.data, event.seq)) state.isShaken = true
      break
    case 'FundingSettled':
      for (const { held } of state.bucket.packages) if (held !== null) fund(held, state.bucket.quotes, event.data)
      break
    case 'MarkChanged':
      quoteMark(state.bucket.quotes, event.data)
      break
    case 'OptionChainObserved':
      quoteChain(state.bucket.quotes, event.data)
      break
    case 'InstrumentDelisted':
      drop(state, event.data.instrument)
      break
    case 'PortfolioBlended':
      remember(state, event)
      break
    case 'PortfolioWeighted':
      break
  }
}

/** Leaves only news dirty; at a rebalance, or when shares or a regime changed, every instrument and package is looked at. */
function settle(state: BlenderState, options: Options, instant: number, scheduled: boolean): void {
  if (enforceRegimes(state.regimes, instant)) state.isShaken = true
  const { bucket } = state
  let hasMoved = bucket.isMoved
  if (hasMoved) reweigh(state, options)
  // Any word may be the first of its side, or its last.
  else if (bucket.sleeves.length > 0 && state.dirty.length > 0) hasMoved = shareSides(state, options)
  if (hasMoved || scheduled || bucket.packages.some(({ isHeard, isNews }) => isHeard || isNews))
    findNews(bucket, state.sides.bucket, options)
  const all = scheduled || state.isShaken
  state.isShaken = false
  if (!all && state.dirty.length === 0) return
  const candidates = all ? state.books.map((_, i) => i) : state.dirty
  const dirty: number[] = []
  for (const i of candidates) {
    const book = state.books[i]!
    book.dirty = isNews(book, blendOf(state, i, options), options.band)
    if (book.dirty) dirty.push(i)
  }
  state.dirty = dirty.sort((a, b) => a - b)
}

function remember(state: BlenderState, event: PortfolioBlended): void {
  for (const row of event.data.rows) {
    const book = state.books[state.indexOf[row.instrument]!]!
    book.weight = row.weight
    book.outcome = row.outcome
    book.dirty = false
  }
  state.dirty = state.dirty.filter((i) => state.books[i]!.dirty)
  rememberPackages(state.bucket, event.data.packages ?? [])
}

function draftOf(state: BlenderState, options: Options, instant: number, scheduled: boolean) {
  const { bucket, dirty } = state
  const news = bucket.packages.filter(({ isNews }) => isNews)
  if (!scheduled && dirty.length === 0 && news.length === 0) return null
  const rows = dirty.map((index) => rowOf(state, index, options))
  const packages = news.map((book) => packageRow(bucket, book, state.sides.bucket, options.norm))
  const data = { instant, scheduled, rows, ...(packages.length > 0 ? { packages } : {}) }
  return { type: 'PortfolioBlended' as const, data }
}

function rowOf(state: BlenderState, index: number, options: Options): Row {
  const result = blendOf(state, index, options)
  const outcome: Outcome = outcomeOf(result)
  const voters = state.signals.filter((signal) => signal.opinions[index]!.eligible)
  const divisor = voters.reduce((sum, signal) => {
    return sum + signal.budget * (options.norm === 'budget' ? 1 : signal.opinions[index]!.confidence)
  }, 0)
  const side = state.sides.directional
  const factor = (options.scaleByAgreement ? (result.agreement ?? 0) : 1) * side
  return {
    instrument: state.books[index]!.instrument,
    weight: result.weight,
    agreement: result.agreement ?? 0,
    outcome,
    parts: voters.map((signal) => {
      const opinion = signal.opinions[index]!
      const weight = shareOf(signal, opinion)
      return {
        signal: signal.name,
        weight,
        confidence: opinion.confidence,
        budget: signal.budget * side,
        contribution: divisor > 0 ? (factor * signal.budget * opinion.confidence * weight) / divisor : 0,
        seq: opinion.seq,
      }
    }),
    ...(result.steps.length > 0 ? { overlays: result.steps } : {}),
  }
}
