/**
 * Owns what risk does of itself as time goes on: funding, ends of legs, conversions of coins, stops, drawdown, legs that do not match,
 * and the end of what trades no more. Must never touch the state.
 */
import type { RiskConfig } from '#core/config/schema'
import type { DecideContext, Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import type { InstantClosed } from '#events/market.events'
import type { PackageImbalanced } from '#events/package.events'
import type {
  BalanceConverted,
  FundingAccrued,
  OrderApproved,
  PositionSettled,
  StopTriggered,
  TradingHalted,
  TradingResumed,
} from '#events/risk.events'
import { watchDrawdown } from './halts.js'
import { type Booked, convertCoins } from './instruments/conversion.js'
import { settlementOf } from './ledger.js'
import { mendPackages } from './packages/mend.js'
import { settleDelisted, settleEnds } from './packages/settlement.js'
import { drawdownOf, equity, type RiskState } from './risk-state.js'
import { actOnHits, onTick } from './stops.js'

type Watched =
  | FundingAccrued
  | PositionSettled
  | BalanceConverted
  | StopTriggered
  | TradingHalted
  | TradingResumed
  | OrderApproved
  | PackageImbalanced
type Drafts = ReturnType<Decider<RiskState, InstantClosed, Watched>['decide']>

const NO_ENDS: ReturnType<typeof settleEnds> = []

/**
 * Funding, ends of legs, conversions of coins, stops, drawdown, legs that do not match: in this order, each only when there is something
 * to say. Conversions pass a halt: they only take exposure away.
 */
export function watch(
  state: RiskState,
  context: DecideContext,
  risk: RiskConfig,
  at: 'quote' | 'instant' | 'rebalance',
): Drafts {
  const instant = at !== 'quote'
  const hasPackages = instant && state.packages.length > 0
  const converts = at === 'rebalance' && (hasPackages || state.accounts.length > 0)
  if (
    !hasPackages &&
    !converts &&
    state.pendingFunding.length === 0 &&
    state.hits.length === 0 &&
    state.closing === 'none'
  ) {
    if (drawdownOf(state) > -risk.drawdownHalt) return SILENCE
  }
  const ordered = new Set<number>()
  const drafts: Drafts[number][] = []
  if (instant && state.pendingFunding.length > 0)
    drafts.push({ type: 'FundingAccrued', data: { rows: state.pendingFunding.map((row) => ({ ...row })) } })
  const ends = hasPackages ? settleEnds(state, context.ts) : NO_ENDS
  drafts.push(...ends)
  if (converts) drafts.push(...convertCoins(state, risk, equity(state), context.ts, bookedBy(state, ends)))
  if (state.hits.length > 0) drafts.push(...actOnHits(state, risk.stopAtr, context, ordered))
  drafts.push(...watchDrawdown(state, risk, context, ordered, instant))
  // A book that is being closed takes back every leg; a leg that just ended is mended at the next instant, if the signal does not first.
  const isClosing = state.closing !== 'none' || drafts.some(({ type }) => type === 'TradingHalted')
  const ended = new Set(ends.map(({ data }) => data.package))
  if (hasPackages && !isClosing) drafts.push(...mendPackages(state, risk, context, ended))
  return drafts
}

/** What funding and ends of this step bring in coins. */
function bookedBy(state: RiskState, ends: typeof NO_ENDS): Booked {
  const funding = state.pendingFunding.map(({ currency = state.quote, cash }) => ({ currency, amount: cash }))
  return [...funding, ...ends.map(({ data: { currency = state.quote, realised } }) => ({ currency, amount: realised }))]
}

/** Positions in what trades no more are closed at the last mark, legs that ended at what they pay then. */
export function settle(state: RiskState, instrument: string, context: DecideContext): Drafts {
  const legs =
    state.packages.length === 0
      ? SILENCE
      : [...settleEnds(state, context.ts), ...settleDelisted(state, instrument, context.ts)]
  const slot = state.slots[state.indexOf[instrument] ?? -1]
  if (slot === undefined || slot.position.quantityNumber === 0) return legs
  const price = onTick(slot.mark, slot)
  const { quantity } = slot.position
  return [
    {
      type: 'PositionSettled',
      data: { instrument, quantity, price, realised: settlementOf(slot.position, price) },
    },
    ...legs,
  ]
}
