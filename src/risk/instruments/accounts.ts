/**
 * Owns the accounts in other currencies than the book's own, and what a unit of a currency is worth in it: last known prices.
 * A currency without a price counts at 0; when its first price comes, its balance enters as a transfer would, never as a profit.
 * Must never allocate for a book that has none.
 */
import type { DecimalString } from '#core/decimal'
import type { EpochMs } from '#core/time'
import { createLedger, type LedgerState } from '../ledger.js'
import { isDollar } from './kinds.js'

/** The ledger of one currency. */
export interface Account extends LedgerState {
  currency: string
  /** Whether a price was ever known: before, it counts at 0. */
  isPriced: boolean
  /** Of the opening balance what an operator had paid in to a parent run; absent: nothing. */
  paidIn?: DecimalString
}

export interface KnownPrice {
  price: number
  at: EpochMs
}

/** The part of a book that prices currencies. */
export interface Purse {
  /** The book's own currency, in which everything is measured: quote of the universe. */
  quote: string
  ledger: LedgerState
  /** The others, in the order in which they came. */
  accounts: Account[]
  /** Prices that are not those of a slot: indices of chains and futures, what packages were sized at. */
  prices: Record<string, KnownPrice>
  /** Slots of the universe whose price is that of a coin, by the coin. */
  coinSlots: Record<string, number[]>
  readonly slots: readonly { readonly mark: number; readonly markedAt: EpochMs }[]
}

/** The ledger of a currency, where there is one. */
export function findLedger(purse: Purse, currency: string): LedgerState | undefined {
  if (currency === purse.quote) return purse.ledger
  for (let i = 0; i < purse.accounts.length; i++) if (purse.accounts[i]!.currency === currency) return purse.accounts[i]
  return undefined
}

/** The ledger of a currency; opens an empty one. */
export function ledgerOf(purse: Purse, currency: string, opening: DecimalString = '0'): LedgerState {
  const known = findLedger(purse, currency)
  if (known !== undefined) return known
  const account: Account = { currency, isPriced: priceOf(purse, currency) > 0, ...createLedger(opening) }
  purse.accounts.push(account)
  return account
}

/** Price of a unit of a currency in the book's own; the newest that is known, 1 for a dollar without one, 0 for a coin without one. */
export function priceOf(purse: Purse, currency: string): number {
  if (currency === purse.quote) return 1
  const known = purse.prices[currency]
  let price = known === undefined ? 0 : known.price
  let at = known === undefined ? -1 : known.at
  const slots = purse.coinSlots[currency]
  if (slots !== undefined)
    for (let i = 0; i < slots.length; i++) {
      const slot = purse.slots[slots[i]!]!
      if (slot.mark > 0 && slot.markedAt > at) {
        price = slot.mark
        at = slot.markedAt
      }
    }
  return price === 0 && isDollar(currency) ? 1 : price
}

/** Time of the price that {@link priceOf} gives; −1 for none. */
export function pricedAt(purse: Purse, currency: string): EpochMs {
  let at = purse.prices[currency]?.at ?? -1
  for (const index of purse.coinSlots[currency] ?? []) at = Math.max(at, purse.slots[index]!.markedAt)
  return at
}

/** Takes note of a price, unless a newer one is known. */
export function learnPrice(purse: Purse, currency: string, price: number, at: EpochMs): void {
  if (!(price > 0) || currency === purse.quote || isDollar(currency)) return
  const known = purse.prices[currency]
  if (known === undefined) purse.prices[currency] = { price, at }
  else if (at >= known.at) {
    known.price = price
    known.at = at
  }
}

/** Value of the coins in the accounts, dollars apart: what the book moves with beside its positions, in its own currency. */
export function coinsValue(purse: Purse): number {
  let value = 0
  for (let i = 0; i < purse.accounts.length; i++) {
    const { balanceNumber, currency, isPriced } = purse.accounts[i]!
    if (isPriced && balanceNumber !== 0 && !isDollar(currency)) value += balanceNumber * priceOf(purse, currency)
  }
  return value
}

/** Balances in other currencies, in the book's own. */
export function accountsValue(purse: Purse): number {
  let value = 0
  for (let i = 0; i < purse.accounts.length; i++) {
    const { balanceNumber, currency, isPriced } = purse.accounts[i]!
    if (isPriced && balanceNumber !== 0) value += balanceNumber * priceOf(purse, currency)
  }
  return value
}
