/** Owns where the book is exposed: by venue, by coin, to volatility. Deltas are those of whole revaluation. Must never net two coins. */
import { priceOf } from '../instruments/accounts.js'
import { isDollar } from '../instruments/kinds.js'
import { VEGA_POINTS } from '../limits/book-limits.js'
import { vegaOf } from '../limits/option-model.js'
import type { RiskState } from '../risk-state.js'
import type { Line, Sight } from './lines.js'
import { movedBy, priced, pricedChange } from './revalue.js'

/** Half of the move whose slope is a delta. */
const BUMP = 0.001
const UP = movedBy(1 + BUMP)
const DOWN = movedBy(1 - BUMP)

/** Money that a line wins when prices rise, a rise of 1: its delta, the book's own currency. */
export function deltaOf(state: RiskState, line: Line, sight: Pick<Sight, 'now'>): number {
  const one = priced(state, line, sight)
  return (pricedChange(one, UP, sight) - pricedChange(one, DOWN, sight)) / (2 * BUMP)
}

export interface Exposure {
  gross: number
  net: number
}

export interface Exposures {
  /** The book's own currency; in the order in which they are held. */
  readonly venues: ReadonlyMap<string, Exposure>
  /** Balances in coins included. */
  readonly coins: ReadonlyMap<string, Exposure>
  /** Σ vega · 10 points, signed. */
  readonly vegaTenPoints: number
}

/** O(positions). */
export function exposuresOf(state: RiskState, lines: readonly Line[], sight: Pick<Sight, 'now'>): Exposures {
  const venues = new Map<string, Exposure>()
  const coins = new Map<string, Exposure>()
  let vega = 0
  const add = (to: Map<string, Exposure>, name: string, gross: number, net: number): void => {
    const sum = to.get(name) ?? { gross: 0, net: 0 }
    sum.gross += gross
    sum.net += net
    to.set(name, sum)
  }
  for (const line of lines) {
    const delta = deltaOf(state, line, sight)
    add(venues, line.venue, Math.abs(line.notional), delta)
    add(coins, line.coin, Math.abs(line.notional), delta)
    if (line.option !== null) {
      const { terms, forward, vol } = line.option
      vega += line.quantity * vegaOf(terms, forward, vol, sight.now)
    }
  }
  for (const { currency, balanceNumber, isPriced } of state.accounts)
    if (isPriced && balanceNumber !== 0 && !isDollar(currency))
      add(coins, currency, 0, balanceNumber * priceOf(state, currency))
  return { venues, coins, vegaTenPoints: vega * VEGA_POINTS }
}
