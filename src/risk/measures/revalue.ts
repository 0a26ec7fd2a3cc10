/**
 * Owns what the book is worth at other prices: every line by its kind, inverse ones in coin, options by Black-76, balances in coins with
 * their coin. A shock of nothing changes nothing. Must never estimate by Greeks: whole revaluation only.
 */

import { priceOf } from '../instruments/accounts.js'
import { isDollar, worthOf } from '../instruments/kinds.js'
import { worthAt } from '../limits/option-model.js'
import type { RiskState } from '../risk-state.js'
import { isMargined, type Line, type Sight } from './lines.js'

/** Factors on prices, and what is added to volatilities. */
export interface Market {
  /** Price of a coin. */
  coin(coin: string): number
  /** Price of what is held, options apart, whose forwards move with their coin. */
  line(line: Line): number
  /** Volatility points / 100. */
  readonly vol: number
}

const UNMOVED: Market = { coin: () => 1, line: () => 1, vol: 0 }

/** All coins by one factor. */
export const movedBy = (factor: number): Market => ({ coin: () => factor, line: () => factor, vol: 0 })
/** One coin by a factor. */
export const movedCoin = (moved: string, factor: number): Market => ({
  coin: (coin) => (coin === moved ? factor : 1),
  line: ({ coin }) => (coin === moved ? factor : 1),
  vol: 0,
})
/** All volatilities by so many points / 100. */
export const movedVol = (vol: number): Market => ({ ...UNMOVED, vol })
/** Perpetuals and dated futures by a factor, their spot not. */
export const movedBasis = (factor: number): Market => ({ ...UNMOVED, line: (line) => (isMargined(line) ? factor : 1) })

/** Profit of a line in its currency of settlement. */
export function profitAt(line: Line, market: Market, { now }: Pick<Sight, 'now'>): number {
  const { kind, quantity, cost, mark, option } = line
  if (option === null) return worthOf(kind, quantity, mark * market.line(line)) - cost
  const { terms, forward, vol } = option
  const worth = worthAt(terms, forward * market.coin(line.coin), vol + market.vol, now)
  return quantity * worth - cost
}

const priceAt = (state: RiskState, currency: string, market: Market): number =>
  priceOf(state, currency) * (currency === state.quote || isDollar(currency) ? 1 : market.coin(currency))

/** A line with what no market changes, worked out once for many of them. */
export interface PricedLine {
  readonly line: Line
  /** Profit as it stands, the book's own currency. */
  readonly before: number
  /** Of the currency of settlement, and whether it moves with its coin. */
  readonly settlePrice: number
  readonly isSettledInCoin: boolean
}

export function priced(state: RiskState, line: Line, sight: Pick<Sight, 'now'>): PricedLine {
  const settlePrice = priceOf(state, line.settle)
  const isSettledInCoin = line.settle !== state.quote && !isDollar(line.settle)
  return { line, before: profitAt(line, UNMOVED, sight) * settlePrice, settlePrice, isSettledInCoin }
}

/** Profit or loss of a priced line, the book's own currency. */
export function pricedChange(one: PricedLine, market: Market, sight: Pick<Sight, 'now'>): number {
  const { line, before, settlePrice, isSettledInCoin } = one
  const price = isSettledInCoin ? settlePrice * market.coin(line.settle) : settlePrice
  return profitAt(line, market, sight) * price - before
}

/** Profit or loss of one line, the book's own currency. */
export const lineChange = (state: RiskState, line: Line, market: Market, sight: Pick<Sight, 'now'>): number =>
  pricedChange(priced(state, line, sight), market, sight)

/** Profit or loss of the balances in coins, the book's own currency. */
export function balancesChange(state: RiskState, market: Market): number {
  let change = 0
  for (const { currency, balanceNumber, isPriced } of state.accounts)
    if (isPriced) change += balanceNumber * (priceAt(state, currency, market) - priceOf(state, currency))
  return change
}

/** Profit or loss of the whole book, its own currency. O(positions). */
export function changeOf(state: RiskState, lines: readonly Line[], market: Market, sight: Pick<Sight, 'now'>): number {
  return pricedBookChange(
    state,
    lines.map((line) => priced(state, line, sight)),
    market,
    sight,
  )
}

/** The same of lines that are priced already. */
export function pricedBookChange(
  state: RiskState,
  lines: readonly PricedLine[],
  market: Market,
  sight: Pick<Sight, 'now'>,
): number {
  let change = balancesChange(state, market)
  for (let i = 0; i < lines.length; i++) change += pricedChange(lines[i]!, market, sight)
  return change
}
