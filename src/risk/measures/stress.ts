/**
 * Owns the stresses of the current book: prices, BTC alone, volatilities, basis, funding, a dollar coin off its peg, a venue that is
 * gone. Nothing is traded while it happens. Must never net a venue that is lost against a gain there.
 */
import { DAY_MS, HOUR_MS } from '#core/time'
import { isInDollars, isPerpetual } from '#events/instrument-kind'
import type { Shock } from '#events/risk-measures.events'
import { findLedger, priceOf } from '../instruments/accounts.js'
import { isDollar } from '../instruments/kinds.js'
import type { RiskState } from '../risk-state.js'
import type { Line, Sight } from './lines.js'
import { type Market, movedBasis, movedBy, movedCoin, movedVol, priced, pricedBookChange, profitAt } from './revalue.js'

/** Sizes of the shocks [D]. */
const PRICE = 0.3
const VOL = 0.2
const BASIS = 0.05
const FUNDING = 3
const PEG = -0.1
/** Days for which the funding of a stress is paid [D]. */
export const FUNDING_DAYS = 7

export interface StressResult {
  readonly shock: Shock
  readonly subject?: string
  readonly size: number
  /** The book's own currency. */
  readonly pnl: number
}

/** Last settled rates, by instrument. */
export type Rates = Readonly<Record<string, { readonly rate: number; readonly intervalHours: number }>>

/** Without a known rate: 1 bp every 8 hours, as for proxies (methods, section 0). */
const ASSUMED_RATE = { rate: 0.0001, intervalHours: 8 }

/** What all perpetuals pay or receive in FUNDING_DAYS at multiples of their last rates. */
function fundingChange(state: RiskState, lines: readonly Line[], rates: Rates, multiple: number): number {
  let change = 0
  for (const { instrument, kind, quantity, mark, settle } of lines) {
    if (!isPerpetual(kind)) continue
    const { rate, intervalHours } = rates[instrument] ?? ASSUMED_RATE
    const daily = (rate * DAY_MS) / (intervalHours * HOUR_MS)
    const notional = isInDollars(kind) ? quantity / mark : quantity * mark
    change -= notional * daily * multiple * FUNDING_DAYS * priceOf(state, settle)
  }
  return change
}

/** Money of a currency that is neither in a position nor lent to one: its balance less what spot was bought for. */
function cashOf(state: RiskState, currency: string, lines: readonly Line[]): number {
  let cash = findLedger(state, currency)?.balanceNumber ?? 0
  for (const { kind, settle, cost } of lines) if (kind === 'spot' && settle === currency) cash -= cost
  return cash
}

/**
 * A dollar coin off its peg while coins keep their price in dollars: cash and what is owed in it move, and so do profits of positions
 * quoted in it. Balance − Σ cost of all that settles in it is what is owned in it.
 */
function pegChange(state: RiskState, lines: readonly Line[], currency: string): number {
  let owned = findLedger(state, currency)?.balanceNumber ?? 0
  for (const { settle, cost } of lines) if (settle === currency) owned -= cost
  return owned * PEG * priceOf(state, currency)
}

const currenciesOf = (state: RiskState): string[] => [state.quote, ...state.accounts.map(({ currency }) => currency)]

/**
 * What lies at a venue: spot, profits of derivatives that are not negative, options bought, and the cash of each currency in proportion
 * to the gross of what settles in it there [D]: the book does not know on which account its cash lies.
 */
function venueLoss(state: RiskState, lines: readonly Line[], venue: string, sight: Sight): number {
  let lost = 0
  for (const line of lines) {
    if (line.venue !== venue) continue
    const price = priceOf(state, line.settle)
    if (line.kind === 'spot') lost += Math.max(0, line.notional)
    else lost += Math.max(0, profitAt(line, movedBy(1), sight)) * price
  }
  for (const currency of currenciesOf(state)) {
    let all = 0
    let here = 0
    for (const line of lines) {
      if (line.settle !== currency) continue
      all += Math.abs(line.notional)
      if (line.venue === venue) here += Math.abs(line.notional)
    }
    if (all > 0) lost += (Math.max(0, cashOf(state, currency, lines)) * priceOf(state, currency) * here) / all
  }
  return lost
}

/** All stresses, in a fixed order. O(positions × stresses). */
export function stressesOf(state: RiskState, lines: readonly Line[], rates: Rates, sight: Sight): StressResult[] {
  const book = lines.map((line) => priced(state, line, sight))
  const at = (market: Market): number => pricedBookChange(state, book, market, sight)
  const results: StressResult[] = [
    { shock: 'priceUp', size: PRICE, pnl: at(movedBy(1 + PRICE)) },
    { shock: 'priceDown', size: -PRICE, pnl: at(movedBy(1 - PRICE)) },
    { shock: 'btcUp', size: PRICE, pnl: at(movedCoin('BTC', 1 + PRICE)) },
    { shock: 'btcDown', size: -PRICE, pnl: at(movedCoin('BTC', 1 - PRICE)) },
    { shock: 'volUp', size: VOL, pnl: at(movedVol(VOL)) },
    { shock: 'volDown', size: -VOL, pnl: at(movedVol(-VOL)) },
    { shock: 'basisUp', size: BASIS, pnl: at(movedBasis(1 + BASIS)) },
    { shock: 'basisDown', size: -BASIS, pnl: at(movedBasis(1 - BASIS)) },
    { shock: 'fundingUp', size: FUNDING, pnl: fundingChange(state, lines, rates, FUNDING) },
    { shock: 'fundingDown', size: -FUNDING, pnl: fundingChange(state, lines, rates, -FUNDING) },
  ]
  for (const currency of currenciesOf(state))
    if (isDollar(currency) && currency !== 'USD')
      results.push({ shock: 'peg', subject: currency, size: PEG, pnl: pegChange(state, lines, currency) })
  for (const venue of new Set(lines.map((line) => line.venue)))
    results.push({ shock: 'venue', subject: venue, size: -1, pnl: -venueLoss(state, lines, venue, sight) })
  return results
}

/** The one that loses most; undefined where none loses. */
export function worstOf(results: readonly StressResult[]): StressResult | undefined {
  let worst: StressResult | undefined
  for (const one of results) if (one.pnl < (worst?.pnl ?? 0)) worst = one
  return worst
}
