/**
 * Owns risk/engine: what clamps, refuses, stops, halts and keeps the exact book. Whole-book assessments follow
 * PortfolioBlended; stops, drawdown and funding follow InstantClosed and quotes; commands and faults act at once.
 * Must never send an order: its OrderApproved is a permission that execution may use.
 */
import type { Config, RiskConfig, UniverseEntry } from '#core/config/schema'
import type { DecideContext, Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import type { DecimalString } from '#core/decimal'
import { DAY_MS, type Interval, intervalMs, isAligned } from '#core/time'
import type {
  AgentFaulted,
  ClockStepped,
  FeedInterrupted,
  LogStalled,
  OperatorCommanded,
} from '#events/lifecycle.events'
import type { BarAggregated, BarClosed, FundingSettled, InstantClosed, QuoteChanged } from '#events/market.events'
import type { PackageImbalanced } from '#events/package.events'
import type { OrderRefused, RiskAssessed, StopTriggered, TradingHalted, TradingResumed } from '#events/risk.events'
import { assess } from './assess.js'
import * as fold from './fold.js'
import { BOOK_INPUTS, type BookInput, type BookWord, foldBook } from './fold-book.js'
import { evolveHalt, onCommand, onTrouble } from './halts.js'
import { nextRung } from './limits/ladder.js'
import { type Place, placesOf } from './limits/places.js'
import * as packages from './packages/package-fold.js'
import { createRiskState, drawdownOf, type RiskState } from './risk-state.js'
import { latch } from './stops.js'
import { settle, watch } from './watch.js'

export { type BookView, carriedState, type PositionView, positionSnapshot } from './book-view.js'
export { equity, type RiskState } from './risk-state.js'

/** Of rules and layout of the state: a snapshot of another version is not read. 2: ledger by currency, packages. */
export const RISK_ENGINE_VERSION = '2'

export type RiskInput =
  | BookInput
  | BarClosed
  | BarAggregated
  | QuoteChanged
  | FundingSettled
  | InstantClosed
  | OperatorCommanded
  | AgentFaulted
  | ClockStepped
  | LogStalled
  | FeedInterrupted

export type RiskOutput =
  | BookWord
  | RiskAssessed
  | OrderRefused
  | StopTriggered
  | TradingHalted
  | TradingResumed
  | PackageImbalanced

export interface RiskEngineConfig {
  readonly risk: RiskConfig
  /** Starting capital, quote. */
  readonly capital: DecimalString
  readonly blender: Config['blender']
  /**
   * Whether conversions of coins are simulated: true when absent. On a real venue a conversion needs orders of its own, which execution
   * there will bring; until then coins stay where they are, and count in the net cap.
   */
  readonly converts?: boolean
}

type RiskDecider = Decider<RiskState, RiskInput, RiskOutput>
type Drafts = ReturnType<RiskDecider['decide']>

/** `risk/engine` over a universe whose bars are `finestInterval` unless an entry says otherwise. */
export function createRiskEngine(
  config: RiskEngineConfig,
  universe: readonly UniverseEntry[],
  finestInterval: Interval,
): RiskDecider {
  const { risk, capital } = config
  const converts = risk.convertCoins && config.converts !== false
  const rebalanceMs = intervalMs(config.blender.rebalance)
  const places = placesOf(universe)
  return {
    name: 'risk/engine',
    version: RISK_ENGINE_VERSION,
    dependencies: ['market/bars', 'portfolio/blender'],
    reads: [
      ...BOOK_INPUTS,
      'BarClosed',
      'BarAggregated',
      'QuoteChanged',
      'FundingSettled',
      'InstantClosed',
      'OperatorCommanded',
      'AgentFaulted',
      'ClockStepped',
      'LogStalled',
      'FeedInterrupted',
    ],
    emits: [
      'RiskAssessed',
      'OrderApproved',
      'OrderRefused',
      'StopTriggered',
      'FundingAccrued',
      'PositionSettled',
      'TradingHalted',
      'TradingResumed',
      'PackageImbalanced',
      'BalanceConverted',
    ],
    // Thirty returns for the covariance, and ATR decays like 13/14 a day: after 100 days 0.06 % of the seed is left.
    warmupMs: 100 * DAY_MS,
    onOrderPath: true,
    initial: () => createRiskState(risk, capital, universe, finestInterval),
    evolve(state, event) {
      switch (event.type) {
        case 'BarClosed':
        case 'BarAggregated':
          fold.onBar(state, event, risk)
          return state
        case 'QuoteChanged':
          fold.onQuote(state, event)
          return state
        case 'InstantClosed':
          fold.onInstant(state, event)
          return state
        default:
          evolveRest(state, event, risk, finestInterval)
          return state
      }
    },
    decide(state, event, context) {
      if (event.type !== 'InstantClosed') return decide(state, event, context, risk, places)
      return watch(
        state,
        context,
        risk,
        converts && isAligned(event.data.instant, rebalanceMs) ? 'rebalance' : 'instant',
      )
    },
  }
}

type Rest = Exclude<RiskInput | RiskOutput, BarClosed | BarAggregated | QuoteChanged | InstantClosed>

function evolveRest(state: RiskState, event: Rest, risk: RiskConfig, finest: Interval): void {
  switch (event.type) {
    case 'PortfolioBlended':
      foldBook(state, event, risk, finest)
      state.rung = nextRung(state.rung, drawdownOf(state), risk.drawdownLadder)
      break
    case 'FundingSettled':
      fold.onFunding(state, event)
      break
    case 'RiskAssessed':
      if (event.data.packages !== undefined) packages.onPackagesAssessed(state, event.data.packages, event.ts)
      break
    case 'PackageImbalanced':
      packages.onImbalanced(state, event)
      break
    case 'OrderRefused':
      state.slots[state.indexOf[event.data.instrument]!]!.refusal = event.data.code
      break
    case 'StopTriggered':
      latch(state, event.data.instrument, event.data.extreme)
      break
    case 'OperatorCommanded':
    case 'TradingHalted':
    case 'TradingResumed':
      evolveHalt(state, event)
      break
    case 'AgentFaulted':
    case 'ClockStepped':
    case 'LogStalled':
    case 'FeedInterrupted':
      break
    default:
      foldBook(state, event, risk, finest)
  }
}

function decide(
  state: RiskState,
  event: RiskInput,
  context: DecideContext,
  risk: RiskConfig,
  places: readonly Place[],
): Drafts {
  switch (event.type) {
    case 'QuoteChanged':
      return watch(state, context, risk, 'quote')
    case 'PortfolioBlended':
      return assess(state, risk, context, places)
    case 'InstrumentDelisted':
      return settle(state, event.data.instrument, context)
    case 'OperatorCommanded':
      return onCommand(state, event, context)
    case 'AgentFaulted':
    case 'ClockStepped':
    case 'LogStalled':
    case 'FeedInterrupted':
    case 'StateCarried':
      return onTrouble(state, event)
    default:
      return SILENCE
  }
}
