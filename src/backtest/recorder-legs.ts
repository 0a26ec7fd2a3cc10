/**
 * Owns the books of package legs within a recording, one a package and instrument: position, money by currency, costs. What a leg is
 * worth is its money and its open position, each at the price of its currency. Pure; never influences the run.
 */
import { absUnits, divideHalfEven, parseUnits, type Units, unitsToNumber } from '#core/decimal'
import { isInDollars } from '#events/instrument-kind'
import type { LegTerms, PackageLeg } from '#events/package.events'
import { isDollar, worthOf, worthUnits } from '#risk/instruments/kinds'

/** Quote for one unit of a currency; 0 while none is known. */
export type PriceOf = (currency: string) => number

/** Exact amounts by currency. */
export class Purse {
  readonly #amounts = new Map<string, Units>()

  add(currency: string, amount: Units): void {
    if (amount !== 0n) this.#amounts.set(currency, (this.#amounts.get(currency) ?? 0n) + amount)
  }

  of(currency: string): Units {
    return this.#amounts.get(currency) ?? 0n
  }

  value(priceOf: PriceOf): number {
    let sum = 0
    for (const [currency, amount] of this.#amounts) if (amount !== 0n) sum += unitsToNumber(amount) * priceOf(currency)
    return sum
  }

  /** Value of what is no dollar: it moves with the price of its coin. */
  coinValue(priceOf: PriceOf): number {
    let sum = 0
    for (const [currency, amount] of this.#amounts)
      if (amount !== 0n && !isDollar(currency)) sum += unitsToNumber(amount) * priceOf(currency)
    return sum
  }
}

export class LegBook {
  readonly instrument: string
  terms: LegTerms
  /** Of one base coin. */
  delta: number
  readonly #purse = new Purse()
  #units: Units = 0n
  /** Of the open position at its average, in the currency of settlement. */
  #cost: Units = 0n

  constructor(instrument: string, terms: LegTerms, delta: number) {
    this.instrument = instrument
    this.terms = terms
    this.delta = delta
  }

  get isFlat(): boolean {
    return this.#units === 0n
  }

  /** Coins, or US dollars of inverse perpetuals and futures; signed. */
  get quantity(): number {
    return unitsToNumber(this.#units)
  }

  /** Signed fill: what it is worth leaves the purse in the currency of settlement. */
  trade(units: Units, price: Units): void {
    const worth = worthUnits(this.terms.kind, units, price)
    this.#purse.add(this.terms.settle, -worth)
    const [held, size, open] = [this.#units, absUnits(units), absUnits(this.#units)]
    this.#units += units
    if (held === 0n || held > 0n === units > 0n) this.#cost += worth
    else if (size <= open) this.#cost -= divideHalfEven(this.#cost * size, open)
    else this.#cost = divideHalfEven(worth * (size - open), size)
  }

  /** What was won or lost in a currency, what is open at its cost apart. */
  realised(currency: string): Units {
    return this.#purse.of(currency) + (this.terms.settle === currency ? this.#cost : 0n)
  }

  /** Funding received, or a fee with a minus. */
  receive(currency: string, amount: Units): void {
    this.#purse.add(currency, amount)
  }

  /** Profit since the start, quote. Without a mark an open position counts at nothing, as it was paid for. */
  profit(mark: number, priceOf: PriceOf): number {
    let value = this.#purse.value(priceOf)
    if (this.#units !== 0n && mark > 0)
      value += worthOf(this.terms.kind, this.quantity, mark) * priceOf(this.terms.settle)
    return value
  }

  /** Value of the coins of the position, quote: its size. */
  gross(mark: number, priceOf: PriceOf): number {
    return Math.abs(coinsOf(this.terms, this.quantity, mark)) * priceOf(this.terms.base)
  }

  /**
   * What the book moves with, quote: coins of the position by their delta, and the coins in its purse. Dollars of inverse contracts are
   * dollars: what they win and lose stands in the purse. Coins that were won and kept count until they are sold.
   */
  net(priceOf: PriceOf): number {
    const coins = isInDollars(this.terms.kind) ? 0 : this.quantity * this.delta
    return coins * priceOf(this.terms.base) + this.#purse.coinValue(priceOf)
  }
}

function coinsOf({ kind }: LegTerms, quantity: number, price: number): number {
  if (!isInDollars(kind)) return quantity
  return price > 0 ? quantity / price : 0
}

/** What a fill or a settlement of a leg did, in quote. */
export interface LegTrade {
  /** Lost against the reference price. */
  readonly slippage: number
  /** Value of the coins that changed hands. */
  readonly notional: number
}

export interface HeldSums {
  readonly profit: number
  /** Σ|coins| of the positions, and what the books move with ({@link LegBook.net}), quote. */
  readonly gross: number
  readonly net: number
  /** Legs with a position, and those of them whose bars are another instrument's. */
  readonly held: number
  readonly onProxy: number
}

/** All legs of one package. Legs that were ever traded are kept: their money is part of the book. */
export class PackageRecord {
  readonly id: string
  readonly signal: string
  readonly #legs = new Map<string, LegBook>()
  readonly #named = new Map<string, PackageLeg>()

  constructor(id: string, signal: string) {
    this.id = id
    this.signal = signal
  }

  get isFlat(): boolean {
    for (const leg of this.#legs.values()) if (!leg.isFlat) return false
    return true
  }

  legs(): Iterable<LegBook> {
    return this.#legs.values()
  }

  leg(instrument: string): LegBook | undefined {
    return this.#legs.get(instrument)
  }

  /** What the signal says of its legs: terms and deltas of those that are traded from here on. */
  name(legs: readonly PackageLeg[]): void {
    for (const leg of legs) {
      this.#named.set(leg.instrument, leg)
      const known = this.#legs.get(leg.instrument)
      if (known === undefined) continue
      known.delta = leg.delta
      known.terms = leg.terms
    }
    // An option that ended is named no more; what was traded keeps its terms in its own book.
    if (this.#named.size > 64)
      for (const instrument of this.#named.keys())
        if (!legs.some((leg) => leg.instrument === instrument)) this.#named.delete(instrument)
  }

  /** The book of a leg, opened with the terms that were named or came with the order; undefined where none did. */
  open(instrument: string, terms: LegTerms | undefined): LegBook | undefined {
    const known = this.#legs.get(instrument)
    if (known !== undefined) return known
    const named = this.#named.get(instrument)
    const own = named?.terms ?? terms
    if (own === undefined) return undefined
    const leg = new LegBook(instrument, own, named?.delta ?? 1)
    this.#legs.set(instrument, leg)
    return leg
  }
}

/** Books a signed fill; `reference` is what it was filled against. */
export function tradeLeg(leg: LegBook, units: Units, price: string, reference: string, priceOf: PriceOf): LegTrade {
  const { terms } = leg
  const paid = parseUnits(price)
  leg.trade(units, paid)
  const against = parseUnits(reference)
  const settle = priceOf(terms.settle)
  const slipped = against > 0n ? worthUnits(terms.kind, units, paid) - worthUnits(terms.kind, units, against) : 0n
  const coins = coinsOf(terms, unitsToNumber(units), unitsToNumber(paid))
  const base = priceOf(terms.base)
  return { slippage: unitsToNumber(slipped) * settle, notional: Math.abs(coins) * (base > 0 ? base : Number(price)) }
}

/** Profit and exposure of all legs at their marks. O(legs ever traded). */
export function sumsOf(
  pkg: PackageRecord,
  markOf: (instrument: string, pkg: string) => number,
  priceOf: PriceOf,
  isProxy: (instrument: string) => boolean,
): HeldSums {
  let [profit, gross, net, held, onProxy] = [0, 0, 0, 0, 0]
  for (const leg of pkg.legs()) {
    const mark = leg.isFlat ? 0 : markOf(leg.instrument, pkg.id)
    profit += leg.profit(mark, priceOf)
    net += leg.net(priceOf)
    if (leg.isFlat) continue
    held++
    if (isProxy(leg.instrument)) onProxy++
    gross += leg.gross(mark, priceOf)
  }
  return { profit, gross, net, held, onProxy }
}
