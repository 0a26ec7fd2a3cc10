/**
 * Owns portfolio/blender: the signals, blended into target weights once an instant (methods, section 13).
 * Must never read risk, positions or fills; where nothing changed it costs a comparison.
 */
import type { Config, UniverseEntry } from '#core/config/schema'
import type { Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import { DAY_MS, intervalMs, isAligned } from '#core/time'
import type { BarAggregated, BarClosed, InstantClosed, InstrumentDelisted } from '#events/market.events'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { SignalChanged } from '#events/signal.events'
import {
  type BlenderState,
  blendOf,
  closeDay,
  createBlenderState,
  drop,
  earn,
  hear,
  isNews,
  type Outcome,
  outcomeOf,
  shareOf,
} from './blender-state.js'

export type BlenderInput = SignalChanged | BarClosed | BarAggregated | InstantClosed | InstrumentDelisted
export interface BlenderConfig {
  readonly blender: Config['blender']
  readonly signals: Config['signals']
}
type Row = PortfolioBlended['data']['rows'][number]

/**
 * The name under which each configured signal speaks (SignalChanged.signal, not its agent's name). A signal that is switched off has no budget.
 */
function signalsOf(signals: BlenderConfig['signals']) {
  return [
    ['tsmom', signals.tsmom],
    ['donchian', signals.donchian],
    ['meanrev', signals.meanReversion],
  ] as const
}

/** `portfolio/blender` over a universe. Cost: one comparison an instant, plus the blend of the instruments touched. */
export function createBlender(
  config: BlenderConfig,
  universe: readonly UniverseEntry[],
): Decider<BlenderState, BlenderInput, PortfolioBlended> {
  const options = config.blender
  const rebalanceMs = intervalMs(options.rebalance)
  return {
    name: 'portfolio/blender',
    version: '1',
    dependencies: ['market/bars', 'signal/tsmom', 'signal/donchian', 'signal/meanrev'],
    reads: ['SignalChanged', 'BarClosed', 'BarAggregated', 'InstantClosed', 'InstrumentDelisted'],
    emits: ['PortfolioBlended'],
    intervals: ['1d'],
    // Opinions come from the signals, which declare their own; budgets stay untilted until there is a record.
    warmupMs: 0,
    onOrderPath: true,
    initial: () => createBlenderState(signalsOf(config.signals), universe),
    evolve(state, event) {
      switch (event.type) {
        case 'BarClosed':
        case 'BarAggregated':
          earn(state, event.data.instrument, event.data.openTime, event.data.close)
          break
        case 'SignalChanged':
          hear(state, event.data, event.seq)
          break
        case 'InstantClosed':
          if (isAligned(event.data.instant, DAY_MS)) closeDay(state, options)
          settle(state, options, isAligned(event.data.instant, rebalanceMs))
          break
        case 'InstrumentDelisted':
          drop(state, event.data.instrument)
          break
        case 'PortfolioBlended':
          remember(state, event)
          break
      }
      return state
    },
    decide(state, event) {
      if (event.type !== 'InstantClosed') return SILENCE
      const scheduled = isAligned(event.data.instant, rebalanceMs)
      if (!scheduled && state.dirty.length === 0) return SILENCE
      const rows = state.dirty.map((index) => rowOf(state, index, options))
      return [{ type: 'PortfolioBlended', data: { instant: event.data.instant, scheduled, rows } }]
    },
  }
}

/** Leaves only news dirty; at a rebalance every instrument is looked at. */
function settle(state: BlenderState, options: BlenderConfig['blender'], all: boolean): void {
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
}

function rowOf(state: BlenderState, index: number, options: BlenderConfig['blender']): Row {
  const result = blendOf(state, index, options)
  const outcome: Outcome = outcomeOf(result)
  const voters = state.signals.filter((signal) => signal.opinions[index]!.eligible)
  const divisor = voters.reduce((sum, signal) => {
    return sum + signal.budget * (options.norm === 'budget' ? 1 : signal.opinions[index]!.confidence)
  }, 0)
  const factor = options.scaleByAgreement ? (result.agreement ?? 0) : 1
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
        budget: signal.budget,
        contribution: divisor > 0 ? (factor * signal.budget * opinion.confidence * weight) / divisor : 0,
        seq: opinion.seq,
      }
    }),
  }
}
