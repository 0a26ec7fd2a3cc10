/**
 * Owns the part of a recording that holds packages: their legs, daily columns by signal, round trips. Profits of a package are wholly
 * its signal's own. Pure; never influences the run.
 */
import {
  absUnits,
  type DecimalString,
  divideHalfEven,
  multiplyUnits,
  parseUnits,
  type Units,
  unitsToNumber,
} from '#core/decimal'
import type { EpochMs } from '#core/time'
import type { EventNamed } from '#events/catalogue'
import type { LegTerms } from '#events/package.events'
import { signalName } from './attribution.js'
import { PackageRecord, type PriceOf, Purse, sumsOf, tradeLeg } from './recorder-legs.js'
import type { RecordedPackages, RoundTrip } from './recording.js'
import { Doubles } from './series.js'

/** How the packages are priced, and what they are a fraction of. */
export interface Pricing {
  readonly priceOf: PriceOf
  /** 0: none yet. */
  readonly markOf: (instrument: string, pkg: string) => number
  readonly isProxy: (instrument: string) => boolean
}

class Column {
  readonly signal: string
  readonly profit = new Doubles()
  readonly gross = new Doubles()
  readonly net = new Doubles()
  readonly packages: PackageRecord[] = []
  /** Coins that were sold or bought, and what that brought. */
  readonly converted = new Purse()
  fees = 0
  slippage = 0
  funding = 0
  traded = 0
  fills = 0
  settlements = 0
  legDays = 0
  proxyDays = 0
  profitSoFar = 0

  constructor(signal: string) {
    this.signal = signal
  }

  /** Coins that its packages won or lost and that are not converted yet. */
  realised(currency: string): Units {
    let sum = this.converted.of(currency)
    for (const pkg of this.packages) for (const leg of pkg.legs()) sum += leg.realised(currency)
    return sum
  }
}

/** Part of a conversion that no signal owns: coins, and what they brought. */
export interface Unowned {
  readonly amount: Units
  readonly proceeds: Units
}

interface OpenTrip {
  readonly openedAt: EpochMs
  readonly profitBefore: number
}

export interface LegFill {
  readonly package: string
  readonly instrument: string
  readonly terms?: LegTerms | undefined
}

export class Packages {
  readonly trips: RoundTrip[] = []
  readonly #pricing: Pricing
  readonly #records = new Map<string, PackageRecord>()
  readonly #columns = new Map<string, Column>()
  readonly #open = new Map<string, OpenTrip>()
  #days = 0
  /** Σ|Δw| since the last day. */
  #tradedToday = 0

  constructor(pricing: Pricing) {
    this.#pricing = pricing
  }

  named({ data }: EventNamed<'PackageChanged'>): void {
    this.#record(data.package, data.signal).name(data.legs)
  }

  isHeld(signal: string): boolean {
    return this.#columns.get(signal)?.packages.some((pkg) => !pkg.isFlat) ?? false
  }

  /** A fill of a leg. False where nobody said what the leg is: it is no leg then. */
  filled(leg: LegFill, { data, ts }: EventNamed<'OrderFilled'>, nav: number): boolean {
    const pkg = this.#record(leg.package, leg.package.slice(0, leg.package.indexOf('/')))
    const book = pkg.open(leg.instrument, leg.terms)
    if (book === undefined) return false
    const column = this.#column(pkg.signal)
    this.#opened(pkg, ts)
    const size = parseUnits(data.quantity)
    const { priceOf } = this.#pricing
    const units = data.side === 'buy' ? size : -size
    const { slippage, notional } = tradeLeg(book, units, data.price, data.referencePrice, priceOf)
    const fee = parseUnits(data.fee)
    book.receive(data.feeCurrency, -fee)
    column.fees += unitsToNumber(fee) * priceOf(data.feeCurrency)
    column.slippage += slippage
    column.traded += notional / nav
    this.#tradedToday += notional / nav
    column.fills++
    this.#closed(pkg, ts)
    return true
  }

  /** Funding of a leg; returns its value. */
  accrued(id: string, instrument: string, currency: string, cash: DecimalString): number {
    const pkg = this.#records.get(id)
    const book = pkg?.leg(instrument)
    if (pkg === undefined || book === undefined) return 0
    book.receive(currency, parseUnits(cash))
    const value = Number(cash) * this.#pricing.priceOf(currency)
    this.#column(pkg.signal).funding += value
    return value
  }

  /** Delivery, expiry or delisting: closed at the price of the event, without a cost. */
  settled(id: string, { data, ts }: EventNamed<'PositionSettled'>): void {
    const pkg = this.#records.get(id)
    const book = pkg?.leg(data.instrument)
    if (pkg === undefined || book === undefined) return
    book.trade(-parseUnits(data.quantity), parseUnits(data.price))
    this.#column(pkg.signal).settlements++
    this.#closed(pkg, ts)
  }

  /** Every signal converts what its packages won or lost in the coin, with its share of the cost; what is left is nobody's. */
  converted({ data }: EventNamed<'BalanceConverted'>): Unowned {
    const { currency, into } = data
    const [amount, price, cost] = [data.amount, data.price, data.cost].map(parseUnits) as [Units, Units, Units] // three in, three out
    const owners = [...this.#columns.values()]
      .map((column) => ({ column, coins: column.realised(currency) }))
      .filter(({ coins }) => coins !== 0n)
    const owned = owners.reduce((sum, { coins }) => sum + coins, 0n)
    const sizes = owners.reduce((sum, { coins }) => sum + absUnits(coins), absUnits(amount - owned))
    let proceeds = parseUnits(data.proceeds)
    for (const { column, coins } of owners) {
      const paid = divideHalfEven(cost * absUnits(coins), sizes)
      const own = multiplyUnits(coins, price) - paid
      column.converted.add(currency, -coins)
      column.converted.add(into, own)
      column.fees += unitsToNumber(paid)
      proceeds -= own
    }
    return { amount: amount - owned, proceeds }
  }

  /** Profit of all packages now, quote. */
  profit(): number {
    const { markOf, priceOf, isProxy } = this.#pricing
    let sum = 0
    for (const pkg of this.#records.values()) sum += sumsOf(pkg, markOf, priceOf, isProxy).profit
    for (const { converted } of this.#columns.values()) sum += converted.value(priceOf)
    return sum
  }

  /** Ends a day: exposure of all, fractions of NAV, and what was traded in it. */
  close(equity: number): { readonly gross: number; readonly net: number; readonly traded: number } {
    let gross = 0
    let net = 0
    for (const column of this.#columns.values()) {
      const sums = this.#sums(column)
      column.profit.push(sums.profit - column.profitSoFar)
      column.profitSoFar = sums.profit
      column.gross.push(sums.gross / equity)
      column.net.push(sums.net / equity)
      column.legDays += sums.held
      column.proxyDays += sums.onProxy
      gross += sums.gross / equity
      net += sums.net / equity
    }
    this.#days++
    const traded = this.#tradedToday
    this.#tradedToday = 0
    return { gross, net, traded }
  }

  carry(): void {
    for (const { profit, gross, net } of this.#columns.values()) {
      profit.push(0)
      gross.push(gross.at(gross.length - 1))
      net.push(net.at(net.length - 1))
    }
    this.#days++
  }

  /** Profit of the day just closed by signal. */
  profitOfDay(signal: string): number {
    const column = this.#columns.get(signal)
    return column === undefined ? 0 : column.profit.at(column.profit.length - 1)
  }

  finish(): RecordedPackages[] {
    return [...this.#columns.values()].map((column) => {
      const { signal, packages, fees, slippage, funding, traded, fills, settlements, legDays, proxyDays } = column
      const [profit, gross, net] = [column.profit.toArray(), column.gross.toArray(), column.net.toArray()]
      const sums = { fees, slippage, funding, traded, fills, settlements, legDays, proxyDays }
      return { signal, packages: packages.length, profit, gross, net, ...sums }
    })
  }

  #sums(column: Column) {
    const { markOf, priceOf, isProxy } = this.#pricing
    const { converted } = column
    const total = {
      profit: converted.value(priceOf),
      gross: 0,
      net: converted.coinValue(priceOf),
      held: 0,
      onProxy: 0,
    }
    for (const pkg of column.packages) {
      const sums = sumsOf(pkg, markOf, priceOf, isProxy)
      total.profit += sums.profit
      total.gross += sums.gross
      total.net += sums.net
      total.held += sums.held
      total.onProxy += sums.onProxy
    }
    return total
  }

  #record(id: string, signal: string): PackageRecord {
    const known = this.#records.get(id)
    if (known !== undefined) return known
    const record = new PackageRecord(id, signalName(signal))
    this.#records.set(id, record)
    return record
  }

  /** The columns of a signal, with nothing on the days before its first trade. */
  #column(signal: string): Column {
    const known = this.#columns.get(signal)
    if (known !== undefined) return known
    const column = new Column(signal)
    column.gross.push(0)
    column.net.push(0)
    for (let d = 0; d < this.#days; d++) for (const own of [column.profit, column.gross, column.net]) own.push(0)
    this.#columns.set(signal, column)
    return column
  }

  #opened(pkg: PackageRecord, ts: EpochMs): void {
    const column = this.#column(pkg.signal)
    if (!column.packages.includes(pkg)) column.packages.push(pkg)
    if (this.#open.has(pkg.id)) return
    this.#open.set(pkg.id, { openedAt: ts, profitBefore: this.#profitOf(pkg) })
  }

  #closed(pkg: PackageRecord, ts: EpochMs): void {
    const trip = this.#open.get(pkg.id)
    if (trip === undefined || !pkg.isFlat) return
    this.#open.delete(pkg.id)
    const profit = this.#profitOf(pkg) - trip.profitBefore
    this.trips.push({ instrument: -1, side: 'long', openedAt: trip.openedAt, closedAt: ts, profit })
  }

  #profitOf(pkg: PackageRecord): number {
    const { markOf, priceOf, isProxy } = this.#pricing
    return sumsOf(pkg, markOf, priceOf, isProxy).profit
  }
}
