/**
 * Owns risk/monitor: what the book as it stands could lose, told once a UTC day and after a large move, and which figures are beyond
 * their limits. Reads the same events as risk/engine and folds them by the same functions, so its NAV is the engine's. Off the order
 * path: must never speak of an order, and a fault of it must never halt trading.
 */
import type { RiskConfig, UniverseEntry } from '#core/config/schema'
import type { DecideContext, Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import type { DecimalString } from '#core/decimal'
import { DAY_MS, type Interval } from '#core/time'
import type { BarAggregated, BarClosed, FundingSettled, InstantClosed, QuoteChanged } from '#events/market.events'
import type { PortfolioWeighted } from '#events/portfolio.events'
import type { TradingResumed } from '#events/risk.events'
import type { RiskAlerted, RiskMeasured } from '#events/risk-measures.events'
import * as fold from './fold.js'
import { BOOK_INPUTS, type BookInput, type BookWord, foldBook } from './fold-book.js'
import { evolveHalt } from './halts.js'
import { type Place, placesOf } from './limits/places.js'
import { alertsOf } from './measures/alerts.js'
import type { Sight } from './measures/lines.js'
import { isDaily, measure } from './measures/measure.js'
import {
  createMonitorState,
  hasMoved,
  type MonitorState,
  onAlerted,
  onMeasured,
  takeForward,
  takeRow,
} from './measures/monitor-state.js'

export type { MonitorState } from './measures/monitor-state.js'

export type MonitorInput =
  | BookInput
  | BookWord
  | PortfolioWeighted
  | BarClosed
  | BarAggregated
  | QuoteChanged
  | FundingSettled
  | InstantClosed
  | TradingResumed

export type MonitorOutput = RiskMeasured | RiskAlerted
type Monitor = Decider<MonitorState, MonitorInput, MonitorOutput>

export interface RiskMonitorConfig {
  readonly risk: RiskConfig
  /** Starting capital, quote. */
  readonly capital: DecimalString
}

/** `risk/monitor` over the universe and bars of risk/engine. */
export function createRiskMonitor(
  { risk, capital }: RiskMonitorConfig,
  universe: readonly UniverseEntry[],
  finestInterval: Interval,
): Monitor {
  const places = placesOf(universe)
  return {
    name: 'risk/monitor',
    version: '1',
    dependencies: ['market/bars', 'portfolio/blender', 'risk/engine'],
    reads: [
      ...BOOK_INPUTS,
      'OrderApproved',
      'FundingAccrued',
      'PositionSettled',
      'BalanceConverted',
      'PortfolioWeighted',
      'BarClosed',
      'BarAggregated',
      'QuoteChanged',
      'FundingSettled',
      'InstantClosed',
      'TradingResumed',
    ],
    emits: ['RiskMeasured', 'RiskAlerted'],
    // The history of risk/engine; tails use up to 365 days, which gather as it runs and are told with each figure.
    warmupMs: 100 * DAY_MS,
    onOrderPath: false,
    initial: () => createMonitorState(risk, capital, universe, finestInterval),
    evolve(state, event) {
      switch (event.type) {
        case 'BarClosed':
        case 'BarAggregated':
          fold.onBar(state.book, event, risk)
          return state
        case 'QuoteChanged':
          fold.onQuote(state.book, event)
          return state
        case 'InstantClosed':
          takeRow(state, event)
          fold.onInstant(state.book, event)
          return state
        default:
          evolveRest(state, event, risk, finestInterval)
          return state
      }
    },
    decide(state, event, context) {
      if (event.type !== 'InstantClosed') return SILENCE
      const { instant } = event.data
      const isDue = isDaily(instant)
      if (!isDue && !hasMoved(state, risk)) return SILENCE
      return measured(state, context, isDue ? 'daily' : 'move', risk, places)
    },
  }
}

type Rest = Exclude<MonitorInput | MonitorOutput, BarClosed | BarAggregated | QuoteChanged | InstantClosed>

function evolveRest(state: MonitorState, event: Rest, risk: RiskConfig, finest: Interval): void {
  switch (event.type) {
    case 'PortfolioWeighted':
      state.signalCorrelation = event.data.averageCorrelation
      break
    case 'FundingSettled': {
      const { instrument, rate, intervalHours } = event.data
      state.rates[instrument] = { rate, intervalHours }
      break
    }
    case 'TradingResumed':
      evolveHalt(state.book, event)
      break
    case 'RiskMeasured':
      onMeasured(state, event)
      break
    case 'RiskAlerted':
      onAlerted(state, event)
      break
    case 'OptionChainObserved':
      takeForward(state, event)
      foldBook(state.book, event, risk, finest)
      break
    default:
      foldBook(state.book, event, risk, finest)
  }
}

function measured(
  state: MonitorState,
  context: DecideContext,
  cause: RiskMeasured['data']['cause'],
  risk: RiskConfig,
  places: readonly Place[],
): ReturnType<Monitor['decide']> {
  const sight: Sight = { places, forwards: state.forwards, now: context.ts }
  const data = measure(state.book, state, sight, cause, risk)
  if (data === null) return SILENCE
  const alerts = alertsOf(data, state.alerts, risk).map((alert) => ({ type: 'RiskAlerted' as const, data: alert }))
  return [{ type: 'RiskMeasured', data }, ...alerts]
}
