/** Owns the whole measurement of the current book, as the event tells it. Must never touch the state. */
import type { RiskConfig } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import { quantise } from '#events/line-buffer'
import type { RiskMeasured } from '#events/risk-measures.events'
import { tailRisks } from '#quant/tail-risk'
import { positionSnapshot } from '../book-view.js'
import { drawdownOf, equity, type RiskState } from '../risk-state.js'
import { ASSUMED_VOL, exAnteVol } from '../virtual-book.js'
import { deltaOf, type Exposure, exposuresOf } from './exposures.js'
import { type Line, linesOf, type Sight } from './lines.js'
import { marginOf } from './margin.js'
import { coinCorrelation, LEAST_DAYS, playPast, type Row } from './past.js'
import { type Rates, type StressResult, stressesOf, worstOf } from './stress.js'

type Measured = RiskMeasured['data']

const CONFIDENCES = [0.95, 0.99] as const
const HORIZON_DAYS = 10

/** What the monitor knows beside the book. */
export interface Known {
  readonly rows: readonly Row[]
  readonly rates: Rates
  readonly signalCorrelation: number | null
}

/** Tails of one day by confidence, and ten days by √h, which is an approximation. */
function tailsOf(returns: readonly number[]): Measured['tails'] {
  if (returns.length < LEAST_DAYS) return []
  const root = Math.sqrt(HORIZON_DAYS)
  return (tailRisks(returns, CONFIDENCES) ?? []).map((tail, i) => ({
    confidence: CONFIDENCES[i]!,
    historicVar: of(tail.historicVar),
    historicEs: of(tail.historicEs),
    normalVar: of(tail.normalVar),
    normalEs: of(tail.normalEs),
    cornishFisherVar: tail.cornishFisherVar === null ? null : of(tail.cornishFisherVar),
    tenDayVarApprox: of(tail.historicVar * root),
    tenDayEsApprox: of(tail.historicEs * root),
  }))
}

const of = (value: number): number => quantise(value, 6)

/** Ex-ante volatility of what is held: lines without a slot count at their coin's, without one at ASSUMED_VOL and as if all moved alike. */
function volOfBook(state: RiskState, lines: readonly Line[], nav: number, sight: Sight): number {
  const weights: number[] = state.virtual.series.map(() => 0)
  let assumed = 0
  for (const line of lines) {
    const weight = deltaOf(state, line, sight) / nav
    const slot = line.slot >= 0 ? line.slot : (state.coinSlots[line.coin]?.[0] ?? -1)
    if (slot < 0) assumed += Math.abs(weight) * ASSUMED_VOL
    else weights[slot]! += weight
  }
  return exAnteVol(state.virtual, weights) + assumed
}

const toNav = (result: StressResult, nav: number): Measured['stresses'][number] => ({
  shock: result.shock,
  ...(result.subject === undefined ? {} : { subject: result.subject }),
  size: result.size,
  pnl: of(result.pnl / nav),
})

const placed = <K extends 'venue' | 'coin'>(key: K, sums: ReadonlyMap<string, Exposure>, nav: number) =>
  [...sums].map(([name, { gross, net }]) => ({
    ...({ [key]: name } as Record<K, string>), // one key, by its name
    gross: of(gross / nav),
    net: of(net / nav),
  }))

/** Measures the book. Null without equity. O(days × positions), options dearest. */
export function measure(
  state: RiskState,
  known: Known,
  sight: Sight,
  cause: Measured['cause'],
  risk: RiskConfig,
): Measured | null {
  const nav = equity(state)
  if (!(nav > 0)) return null
  const lines = linesOf(state, sight)
  const played = playPast(state, lines, known.rows, nav, sight)
  const stresses = stressesOf(state, lines, known.rates, sight)
  const worst = worstOf(stresses)
  const { venues, coins, vegaTenPoints } = exposuresOf(state, lines, sight)
  const margin = marginOf(lines, nav, risk)
  const { gross, net } = positionSnapshot(state)
  const correlated = coinCorrelation(state, [...new Set(lines.map(({ coin }) => coin))], known.rows)
  return {
    instant: sight.now,
    cause,
    nav: quantise(nav, 2),
    gross: of(gross),
    net: of(net),
    drawdown: of(drawdownOf(state)),
    annualVol: of(volOfBook(state, lines, nav, sight)),
    days: played.returns.length,
    coverage: quantise(played.coverage, 4),
    tails: tailsOf(played.returns),
    stresses: stresses.map((one) => toNav(one, nav)),
    ...(worst === undefined ? {} : { worst: toNav(worst, nav) }),
    venues: placed('venue', venues, nav),
    coins: placed('coin', coins, nav),
    vegaTenPoints: of(Math.abs(vegaTenPoints) / nav),
    margin: {
      collateral: of(margin.collateral / nav),
      maintenance: of(margin.maintenance / nav),
      used: of(margin.collateral > 0 ? margin.maintenance / margin.collateral : 0),
    },
    legs: margin.legs.map(({ line, distance, survives }) => ({
      instrument: line.instrument,
      ...(line.package === undefined ? {} : { package: line.package }),
      weight: of(line.notional / nav),
      distance: distance === null ? null : of(distance),
      survives,
    })),
    coinCorrelation: correlated === null ? null : quantise(correlated, 4),
    signalCorrelation: known.signalCorrelation === null ? null : quantise(known.signalCorrelation, 4),
  }
}

/** Whether an instant closes a UTC day. */
export const isDaily = (instant: number): boolean => instant % DAY_MS === 0
