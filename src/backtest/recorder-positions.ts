/**
 * Owns the part of a recording that holds directional positions, one an instrument: fills, costs, round trips, the sub-books of the
 * signals, and what was paid in other coins. Pure; never influences the run.
 */
import { type DecimalString, parseUnits, unitsToNumber } from '#core/decimal'
import type { InstrumentId } from '#core/ids'
import { invariant } from '#core/invariant'
import type { EpochMs } from '#core/time'
import type { EventNamed } from '#events/catalogue'
import { isDollar } from '#risk/instruments/kinds'
import { SubBooks } from './attribution.js'
import { InstrumentBook } from './recorder-book.js'
import { type PriceOf, Purse } from './recorder-legs.js'
import type { Unowned } from './recorder-packages.js'
import type { FillPurpose, RecordedFill, RecordedInstrument } from './recording.js'

export class Positions {
  /** Last close by instrument; NaN before the first. */
  readonly marks: Float64Array
  readonly books: readonly InstrumentBook[]
  readonly fills: RecordedFill[] = []
  readonly #index: ReadonlyMap<InstrumentId, number>
  readonly #subBooks: SubBooks
  readonly #contributed: Float64Array
  readonly #priceOf: PriceOf
  /** Fees and funding in other coins, and what they were charged at: the difference is the residual's. */
  readonly #foreign = new Purse()
  #foreignCharged = 0
  #tradedToday = 0

  constructor(instruments: readonly RecordedInstrument[], signals: readonly string[], priceOf: PriceOf) {
    this.#index = new Map(instruments.map(({ id }, i) => [id, i]))
    invariant(this.#index.size === instruments.length, 'Recorder: an instrument stands twice')
    this.marks = new Float64Array(instruments.length).fill(Number.NaN)
    this.books = instruments.map((_, i) => new InstrumentBook(i))
    this.#subBooks = new SubBooks(instruments.length, signals)
    this.#contributed = new Float64Array(signals.length + 1)
    this.#priceOf = priceOf
  }

  /** Index of an instrument of the universe; throws for any other. */
  indexOf(id: InstrumentId): number {
    const index = this.#index.get(id)
    invariant(index !== undefined, () => `Recorder: ${JSON.stringify(id)} is not in the universe`)
    return index
  }

  find(id: InstrumentId): InstrumentBook | undefined {
    const i = this.#index.get(id)
    return i === undefined ? undefined : this.books[i]
  }

  mark(id: InstrumentId, close: number): void {
    const i = this.#index.get(id)
    if (i !== undefined) this.marks[i] = close
  }

  /** NaN before the first close, and outside the universe. */
  markOf(id: InstrumentId): number {
    const i = this.#index.get(id)
    return i === undefined ? Number.NaN : this.marks[i]!
  }

  /** Profit of all books since the start, and of what was paid in other coins, quote. */
  profit(): number {
    return this.books.reduce((sum, book, i) => sum + book.profit(this.marks[i]!), this.foreignProfit())
  }

  /** What fees and funding in other coins won or lost since they were charged, quote. */
  foreignProfit(): number {
    return this.#foreign.value(this.#priceOf) - this.#foreignCharged
  }

  open(): void {
    this.books.forEach((book, i) => {
      book.open(this.marks[i]!)
    })
  }

  /** Ends a day: Σ|w|, Σw, and Σ|Δw| of the day. */
  close(equity: number): { readonly gross: number; readonly net: number; readonly traded: number } {
    let gross = 0
    let net = 0
    for (let i = 0; i < this.books.length; i++) {
      const weight = this.books[i]!.close(this.marks[i]!, equity)
      gross += Math.abs(weight)
      net += weight
    }
    const traded = this.#tradedToday
    this.#tradedToday = 0
    return { gross, net, traded }
  }

  /** Profit of sub-book k since it was asked last, quote. */
  contributed(k: number): number {
    const profit = this.#subBooks.profit(k, this.marks)
    const ofDay = profit - this.#contributed[k]!
    this.#contributed[k] = profit
    return ofDay
  }

  filled({ data, ts }: EventNamed<'OrderFilled'>, purpose: FillPurpose, nav: number): void {
    const i = this.indexOf(data.instrument)
    const sign = data.side === 'buy' ? 1 : -1
    const price = Number(data.price)
    const fee = this.#feeOf(data)
    const size = unitsToNumber(parseUnits(data.quantity))
    const slippage = sign * (price - Number(data.referencePrice)) * size
    const units = data.side === 'buy' ? parseUnits(data.quantity) : -parseUnits(data.quantity)
    this.#trade(i, ts, units, price, fee, slippage, nav)
    this.fills.push({ ts, order: data.order, instrument: i, quantity: sign * size, price, fee, slippage, purpose })
  }

  settled({ data, ts }: EventNamed<'PositionSettled'>, nav: number): void {
    const i = this.indexOf(data.instrument)
    const units = -parseUnits(data.quantity)
    if (units === 0n) return
    const price = Number(data.price)
    this.#trade(i, ts, units, price, 0, 0, nav)
    const quantity = unitsToNumber(units)
    this.fills.push({ ts, order: '', instrument: i, quantity, price, fee: 0, slippage: 0, purpose: 'settled' })
  }

  /** Returns what was received, quote. */
  accrued(row: EventNamed<'FundingAccrued'>['data']['rows'][number]): number {
    const i = this.indexOf(row.instrument)
    const { currency } = row
    const cash = currency === undefined || isDollar(currency) ? Number(row.cash) : this.#charge(currency, row.cash)
    this.books[i]!.receive(cash)
    this.#subBooks.received(i, this.books[i]!.quantity, cash)
    return cash
  }

  /** Coins that no package won or lost: fees, and what a parent run left. */
  converted(currency: string, into: string, { amount, proceeds }: Unowned): void {
    this.#foreign.add(currency, -amount)
    this.#foreign.add(into, proceeds)
  }

  blended({ data }: EventNamed<'PortfolioBlended'>): void {
    for (const row of data.rows) {
      const i = this.indexOf(row.instrument)
      this.#subBooks.blended(i, row.outcome === 'blended' ? row.weight : 0, row.parts, this.marks[i]!)
    }
  }

  /** Dollars are charged as they are; a fee in a coin at what it is worth now. */
  #feeOf({ fee, feeCurrency }: EventNamed<'OrderFilled'>['data']): number {
    return isDollar(feeCurrency) ? Number(fee) : -this.#charge(feeCurrency, negative(fee))
  }

  #charge(currency: string, amount: DecimalString): number {
    const value = Number(amount) * this.#priceOf(currency)
    this.#foreign.add(currency, parseUnits(amount))
    this.#foreignCharged += value
    return value
  }

  #trade(i: number, ts: EpochMs, units: bigint, price: number, fee: number, slippage: number, nav: number): void {
    const book = this.books[i]!
    if (Number.isNaN(this.marks[i]!)) this.marks[i] = price // its last bar was history
    const before = book.quantity
    const share = (Math.abs(unitsToNumber(units)) * price) / nav
    book.trade(ts, units, price, fee)
    book.fees += fee
    book.slippage += slippage
    book.traded += share
    this.#tradedToday += share
    this.#subBooks.filled(i, before, book.quantity, price, fee)
  }
}

const negative = (amount: DecimalString): DecimalString => (amount.startsWith('-') ? amount.slice(1) : `-${amount}`)
