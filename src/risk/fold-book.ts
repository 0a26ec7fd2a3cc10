/**
 * Owns which events make the book, and which fold takes each: one table for risk/engine and risk/monitor, so that the NAV of one is that
 * of the other. Bars, quotes and instants, which come most often, are folded by their readers themselves. Must never decide.
 */
import type { RiskConfig } from '#core/config/schema'
import type { Interval } from '#core/time'
import type { FundsTransferred, StateCarried } from '#events/lifecycle.events'
import type { InstrumentDelisted, InstrumentListed, MarkChanged, OptionChainObserved } from '#events/market.events'
import type { OrderCancelled, OrderFilled, OrderRejected, OrderWithheld } from '#events/order.events'
import type { PackageChanged } from '#events/package.events'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { BalanceConverted, FundingAccrued, OrderApproved, PositionSettled } from '#events/risk.events'
import * as fold from './fold.js'
import { closeOrder } from './order-book.js'
import * as marks from './packages/marks.js'
import { onPackageChanged } from './packages/package-fold.js'
import type { RiskState } from './risk-state.js'

/** What both readers take from others. */
export type BookInput =
  | PortfolioBlended
  | InstrumentListed
  | InstrumentDelisted
  | OrderFilled
  | OrderRejected
  | OrderCancelled
  | OrderWithheld
  | StateCarried
  | FundsTransferred
  | PackageChanged
  | MarkChanged
  | OptionChainObserved
/** What risk/engine says and both take. */
export type BookWord = FundingAccrued | PositionSettled | BalanceConverted | OrderApproved

export const BOOK_INPUTS = [
  'PortfolioBlended',
  'InstrumentListed',
  'InstrumentDelisted',
  'OrderFilled',
  'OrderRejected',
  'OrderCancelled',
  'OrderWithheld',
  'StateCarried',
  'FundsTransferred',
  'PackageChanged',
  'MarkChanged',
  'OptionChainObserved',
] as const satisfies readonly BookInput['type'][]

export function foldBook(state: RiskState, event: BookInput | BookWord, risk: RiskConfig, finest: Interval): void {
  switch (event.type) {
    case 'PortfolioBlended':
      fold.onBlended(state, event)
      break
    case 'InstrumentListed':
      fold.onListed(state, event)
      break
    case 'InstrumentDelisted':
      fold.onDelisted(state, event.data.instrument)
      break
    case 'OrderApproved':
      fold.onApproved(state, event)
      break
    case 'OrderFilled':
      fold.onFill(state, event, risk, finest)
      break
    case 'OrderRejected':
    case 'OrderCancelled':
    case 'OrderWithheld':
      closeOrder(state.orders, event.data.order)
      break
    case 'FundingAccrued':
      fold.onFundingAccrued(state, event)
      break
    case 'PositionSettled':
      fold.onSettled(state, event)
      break
    case 'BalanceConverted':
      fold.onConverted(state, event)
      break
    case 'FundsTransferred':
      fold.onTransferred(state, event)
      break
    case 'StateCarried':
      fold.onCarried(state, event, risk, finest)
      break
    case 'PackageChanged':
      onPackageChanged(state, event)
      break
    case 'MarkChanged':
      marks.onMark(state, event)
      break
    case 'OptionChainObserved':
      marks.onChain(state, event)
      break
  }
}
