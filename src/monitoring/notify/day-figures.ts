/** Owns the figures of the digest's day that events alone tell: exact sums by currency, counts by reason. */
import { formatUnits, parseUnits } from '#core/decimal'
import type { AnyEvent } from '#events/catalogue'
import type { DayFigures, NotifyState } from './notify-state.js'

function add(sums: Record<string, string>, currency: string, amount: string): void {
  sums[currency] = formatUnits(parseUnits(sums[currency] ?? '0') + parseUnits(amount))
}

function countOf(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1
}

/** Before the rules see the event: a trade that is known already is one that the venue told again. `currency`: of the book. */
export function foldFigures(state: NotifyState, event: AnyEvent, currency: string): void {
  const { figures } = state
  switch (event.type) {
    case 'OrderSubmitted':
      figures.orders++
      break
    case 'OrderFilled':
      if (state.trades.includes(`${event.data.order}|${event.data.trade}`)) break
      figures.fills++
      add(figures.fees, event.data.feeCurrency, event.data.fee)
      break
    case 'FundingAccrued':
      for (const row of event.data.rows) add(figures.funding, row.currency ?? currency, row.cash)
      break
    case 'FundsTransferred':
      add(figures.transfers, event.data.currency, event.data.amount)
      break
    default:
      countEvent(figures, event)
  }
}

function countEvent(figures: DayFigures, event: AnyEvent): void {
  switch (event.type) {
    case 'OrderRefused':
    case 'OrderWithheld':
      countOf(figures.refusals, event.data.code)
      break
    case 'OrderRejected':
      countOf(figures.rejections, event.data.code)
      break
    case 'TradingHalted':
      figures.halts++
      break
    case 'StopTriggered':
      figures.stops++
      break
    case 'ProcessStarted':
      figures.starts++
      break
    case 'AgentFaulted':
      figures.faults++
      break
    case 'FeedInterrupted':
      figures.outages++
      break
    case 'FeedRestored':
      figures.outageMs += event.data.downMs
      break
  }
}
