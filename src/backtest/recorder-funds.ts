/**
 * Owns what money that was paid in or taken out does to a recording: it changes the net asset value, never a return. The return of a day
 * is the product of the returns between the transfers in it (time-weighted). Pure.
 */
import { type DecimalString, parseUnits, unitsToNumber } from '#core/decimal'
import { type PriceOf, Purse } from './recorder-legs.js'
import { Doubles } from './series.js'

export class Funds {
  /** By day: time-weighted return; what was paid in, quote; NAV that the day's profits are a fraction of. */
  readonly returns = new Doubles()
  readonly transfers = new Doubles()
  readonly bases = new Doubles()
  /** Coins that were paid in: what they win and lose afterwards is profit of the book. */
  readonly #coins = new Purse()
  readonly #unpriced = new Map<string, number>()
  readonly #quotePrice: (currency: string) => boolean
  /** Value of all transfers when they came, quote. */
  #paidIn = 0
  #quote = 0
  #today = 0
  #growth = 1
  #base: number

  constructor(capital: number, isQuote: (currency: string) => boolean) {
    this.#base = capital
    this.#quotePrice = isQuote
  }

  /** Worth of what was paid in, today's prices, quote. */
  worth(priceOf: PriceOf): number {
    return this.#quote + this.#coins.value(priceOf)
  }

  /** What coins that were paid in have won since, quote. */
  profit(priceOf: PriceOf): number {
    return this.worth(priceOf) - this.#paidIn
  }

  /** `before`: NAV a moment before. */
  transferred(currency: string, amount: DecimalString, before: number, priceOf: PriceOf): void {
    const units = parseUnits(amount)
    const price = this.#quotePrice(currency) ? 1 : priceOf(currency)
    if (this.#quotePrice(currency)) this.#quote += unitsToNumber(units)
    else this.#coins.add(currency, units)
    if (price === 0) {
      this.#unpriced.set(currency, (this.#unpriced.get(currency) ?? 0) + unitsToNumber(units))
      return
    }
    this.#flow(unitsToNumber(units) * price, before)
  }

  #flow(value: number, before: number): void {
    if (before > 0 && this.#base > 0) this.#growth *= before / this.#base
    this.#base = before + value
    this.#paidIn += value
    this.#today += value
  }

  /** Ends a day at its NAV. */
  close(equity: number, priceOf: PriceOf): void {
    // Coins get their first price: they enter as a transfer would.
    for (const [currency, amount] of this.#unpriced) {
      const price = priceOf(currency)
      if (price === 0) continue
      this.#unpriced.delete(currency)
      this.#flow(amount * price, equity - amount * price)
    }
    this.returns.push(this.#base > 0 ? this.#growth * (equity / this.#base) - 1 : 0)
    this.transfers.push(this.#today)
    this.bases.push(this.#base)
    this.#growth = 1
    this.#today = 0
    this.#base = equity
  }

  carry(): void {
    this.returns.push(0)
    this.transfers.push(0)
    this.bases.push(this.#base)
  }
}
