/**
 * Owns the book of a log without inputs: risk/engine's fold of what was decided and filled. Marks are those that risk, execution and
 * funding name; between them equity follows what risk said last. Stop levels rest on bars and are not known. Never decides.
 */
import type { AnyDecider } from '#actors/catalogue'
import type { Book, BookFold } from '#audit/view/view.port'
import { flowsOf } from '#backtest/prepare-tape'
import type { AnyEvent } from '#events/catalogue'
import type { FundsTransferred } from '#events/lifecycle.events'
import { equity, positionSnapshot, type RiskState } from '#risk/engine.decider'
import type { RecordedRun } from '../recorded-run.js'
import { evolveStep, figuresOf, readsOf } from './book-step.js'

interface DerivedState {
  risk: RiskState
  /** NAV as risk said it last, less what this fold made of it: prices that the log does not name. */
  drift: number
  /** Largest NAV since the start or a resume. */
  peak: number
  /** Transfers of the configuration that were taken already. */
  flows: number
}

type Flow = ReturnType<typeof flowsOf>[number]

export function derivedBook(risk: AnyDecider, { config, manifest }: RecordedRun): BookFold {
  const flows = manifest.span === undefined ? [] : flowsOf(config, manifest.span)
  return {
    initial(): DerivedState {
      const state = risk.initial() as RiskState // of risk/engine, whose decider it is
      return { risk: state, drift: 0, peak: state.peak, flows: 0 }
    },
    evolve(given, step) {
      const state = given as DerivedState // made by `initial`
      for (let flow = flows[state.flows]; flow !== undefined && flow.ts <= step[0]!.ts; flow = flows[state.flows])
        takeFlow(risk, state, flow)
      state.risk = evolveStep(risk, state.risk, step) as RiskState // of risk/engine, too
      for (let i = 0; i < step.length; i++) takeNamed(state, step[i]!)
      return state
    },
    book(given): Book {
      const state = given as DerivedState // made by `initial`
      const book = positionSnapshot(state.risk)
      const positions = book.positions.map((row) => ({ ...row, stopLevel: null }))
      return { ...book, ...navOf(state), positions }
    },
    figures(given) {
      const state = given as DerivedState // made by `initial`
      const { equity: nav, drawdown } = navOf(state)
      return { ...figuresOf(state.risk), equity: nav, drawdown }
    },
    reads: readsOf(risk),
  }
}

function navOf(state: DerivedState): { equity: number; peak: number; drawdown: number } {
  const nav = equity(state.risk) + state.drift
  const peak = Math.max(state.peak, nav)
  return { equity: nav, peak, drawdown: peak > 0 ? Math.min(0, nav / peak - 1) : 0 }
}

function takeFlow(risk: AnyDecider, state: DerivedState, { ts, currency, amount, reason }: Flow): void {
  const event: FundsTransferred = {
    seq: 0,
    ts,
    type: 'FundsTransferred',
    v: 1,
    by: 'operator',
    cause: 0,
    data: { currency, amount, reason },
  }
  const before = navOf(state).equity
  state.risk = risk.evolve(state.risk, event) as RiskState // of risk/engine, whose decider it is
  const after = navOf(state).equity
  // No profit: the drawdown is what it was.
  if (before > 0) state.peak *= after / before
  state.flows++
}

function takeNamed(state: DerivedState, event: AnyEvent): void {
  switch (event.type) {
    case 'RiskAssessed':
      for (const { instrument, mark } of event.data.rows) setMark(state.risk, instrument, mark)
      state.drift = event.data.nav - equity(state.risk)
      state.peak = Math.max(state.peak, event.data.nav)
      break
    case 'FundingAccrued': {
      // A newer price of one position says nothing of the others: shown, and not taken for a profit yet.
      const before = equity(state.risk)
      for (const { instrument, mark } of event.data.rows) setMark(state.risk, instrument, mark)
      state.drift -= equity(state.risk) - before
      break
    }
    case 'TradingResumed':
      state.peak = navOf({ ...state, peak: 0 }).equity
      break
  }
}

function setMark(state: RiskState, instrument: string, mark: number): void {
  const slot = state.slots[state.indexOf[instrument] ?? -1]
  if (slot !== undefined && mark > 0) slot.mark = mark
}
