/** Owns the book of one instrument within a recording: position, cash flow, round trips, daily columns. Pure. */
import { absUnits, type Units, unitsToNumber } from '#core/decimal'
import { invariant } from '#core/invariant'
import type { EpochMs } from '#core/time'
import type { RoundTrip } from './recording.js'
import { Doubles } from './series.js'

export class InstrumentBook {
  readonly marks = new Doubles()
  readonly weights = new Doubles()
  readonly profits = new Doubles()
  readonly trips: RoundTrip[] = []
  fees = 0
  slippage = 0
  funding = 0
  traded = 0
  missingBars = 0
  settlements = 0
  proxySettlements = 0
  readonly #instrument: number
  /** Exact, so that flat is flat. */
  #units: Units = 0n
  /** Quote received less paid, all flows. */
  #cash = 0
  #profit = 0
  #tripCash = 0
  #tripOpenedAt: EpochMs = 0

  constructor(instrument: number) {
    this.#instrument = instrument
  }

  /** Base units, signed. */
  get quantity(): number {
    return unitsToNumber(this.#units)
  }

  /** Profit since the start at a mark, quote. */
  profit(mark: number): number {
    if (this.#units === 0n) return this.#cash
    invariant(mark > 0, () => `InstrumentBook: a position without a mark (${mark})`)
    return this.#cash + this.quantity * mark
  }

  open(mark: number): void {
    this.marks.push(mark)
    this.weights.push(0)
  }

  /** Ends a day; returns the weight. */
  close(mark: number, equity: number): number {
    const profit = this.profit(mark)
    const weight = this.#units === 0n ? 0 : (this.quantity * mark) / equity
    this.marks.push(mark)
    this.weights.push(weight)
    this.profits.push(profit - this.#profit)
    this.#profit = profit
    return weight
  }

  /** A day without an instant: as the evening before. */
  carry(): void {
    this.marks.push(this.marks.at(this.marks.length - 1))
    this.weights.push(this.weights.at(this.weights.length - 1))
    this.profits.push(0)
  }

  receive(cash: number): void {
    this.#cash += cash
    this.funding += cash
  }

  missBar(): void {
    this.missingBars++
  }

  settledFunding(proxy: boolean): void {
    this.settlements++
    if (proxy) this.proxySettlements++
  }

  /** A fill of `units` (signed). One that flips the side ends a trip and begins another, its fee divided by size. */
  trade(ts: EpochMs, units: Units, price: number, fee: number): void {
    const after = this.#units + units
    const flips = this.#units !== 0n && after !== 0n && this.#units > 0n !== after > 0n
    if (!flips) {
      this.#apply(ts, units, price, fee)
      return
    }
    const closing = -this.#units
    const feeClosing = (fee * unitsToNumber(absUnits(closing))) / unitsToNumber(absUnits(units))
    this.#apply(ts, closing, price, feeClosing)
    this.#apply(ts, units - closing, price, fee - feeClosing)
  }

  #apply(ts: EpochMs, units: Units, price: number, fee: number): void {
    const before = this.#units
    if (before === 0n) {
      this.#tripCash = this.#cash
      this.#tripOpenedAt = ts
    }
    this.#units += units
    this.#cash -= unitsToNumber(units) * price + fee
    if (before !== 0n && this.#units === 0n) {
      this.trips.push({
        instrument: this.#instrument,
        side: before > 0n ? 'long' : 'short',
        openedAt: this.#tripOpenedAt,
        closedAt: ts,
        profit: this.#cash - this.#tripCash,
      })
    }
  }
}
