/**
 * Owns the auditor's own book: positions at average cost and an account a currency, from the events of a log alone. It is worked out
 * apart from the risk engine's ledger, with the same rounding, so that one can be held against the other: each worth rounds once,
 * half-even to 1e-8, and released cost rounds inside the identity. Never uses a double.
 */
import { absUnits, divideHalfEven, formatUnits, multiplyUnits, ONE, type Units } from '#core/decimal'
import { isInDollars } from '#events/instrument-kind'
import type { InstrumentKind } from '#events/market.events'

/** A position: of a package's leg, or of an instrument by itself. Amounts in the currency that it settles in. */
export interface Position {
  readonly package: string | null
  readonly instrument: string
  readonly kind: InstrumentKind
  readonly currency: string
  /** Signed coins; US dollars of inverse perpetuals and futures. */
  quantity: Units
  /** Signed worth of the open quantity at its average price. */
  cost: Units
  realised: Units
  /** Those that were paid in its own currency. */
  fees: Units
  funding: Units
}

interface Account {
  opening: Units
  realised: Units
  fees: Units
  funding: Units
  transfers: Units
  /** Coins that were bought, less those that were sold; in the own currency of the book what that brought. */
  converted: Units
}

/** Exact sums in one currency, as decimals; `realised − fees + funding = net`, `opening + transfers + converted + net = balance`. */
export interface Totals {
  readonly realised: string
  readonly fees: string
  readonly funding: string
  readonly net: string
}

export interface AccountTotals extends Totals {
  readonly opening: string
  readonly transfers: string
  /** Absent: nothing was converted. */
  readonly converted?: string
  readonly balance: string
}

export interface OpenPosition {
  readonly package: string | null
  readonly instrument: string
  readonly currency: string
  readonly quantity: string
  readonly averagePrice: string
}

export class Book {
  readonly #positions = new Map<string, Position>()
  readonly #accounts = new Map<string, Account>()

  /** The position, flat where there was none; `terms` count where it is new. */
  position(id: string | null, instrument: string, terms: Pick<Position, 'kind' | 'currency'>): Position {
    const key = `${id ?? ''} ${instrument}`
    let position = this.#positions.get(key)
    if (position === undefined) {
      position = { package: id, instrument, ...terms, quantity: 0n, cost: 0n, realised: 0n, fees: 0n, funding: 0n }
      this.#positions.set(key, position)
    }
    return position
  }

  find(id: string | null, instrument: string): Position | undefined {
    return this.#positions.get(`${id ?? ''} ${instrument}`)
  }

  /** Books a trade, and its fee in the currency that pays it; gives what it realised. */
  fill(position: Position, change: Units, price: Units, fee: Units, payer: string): Units {
    const realised = change === 0n ? 0n : trade(position, change, worth(position.kind, change, price))
    position.realised += realised
    this.account(position.currency).realised += realised
    if (fee !== 0n) this.account(payer).fees += fee
    if (payer === position.currency) position.fees += fee
    return realised
  }

  /** Closes a whole position at a profit that the log states. */
  settle(position: Position, realised: Units): void {
    position.quantity = 0n
    position.cost = 0n
    position.realised += realised
    this.account(position.currency).realised += realised
  }

  fund(position: Position, cash: Units, currency: string): void {
    position.funding += cash
    this.account(currency).funding += cash
  }

  account(currency: string): Account {
    let account = this.#accounts.get(currency)
    if (account === undefined) {
      account = { opening: 0n, realised: 0n, fees: 0n, funding: 0n, transfers: 0n, converted: 0n }
      this.#accounts.set(currency, account)
    }
    return account
  }

  /** Accounts by currency, in the order in which they came. */
  totals(): Record<string, AccountTotals> {
    return Object.fromEntries([...this.#accounts].map(([currency, account]) => [currency, totalsOf(account)]))
  }

  balances(): Record<string, string> {
    return Object.fromEntries([...this.#accounts].map(([currency, account]) => [currency, totalsOf(account).balance]))
  }

  open(): OpenPosition[] {
    return [...this.#positions.values()]
      .filter(({ quantity }) => quantity !== 0n)
      .map((position) => ({
        package: position.package,
        instrument: position.instrument,
        currency: position.currency,
        quantity: formatUnits(position.quantity),
        averagePrice: averagePriceOf(position),
      }))
  }
}

function totalsOf({ opening, realised, fees, funding, transfers, converted }: Account): AccountTotals {
  const net = realised - fees + funding
  return {
    opening: formatUnits(opening),
    realised: formatUnits(realised),
    fees: formatUnits(fees),
    funding: formatUnits(funding),
    net: formatUnits(net),
    transfers: formatUnits(transfers),
    ...(converted === 0n ? {} : { converted: formatUnits(converted) }),
    balance: formatUnits(opening + transfers + converted + net),
  }
}

/** Signed worth in the currency of settlement: quantity × price, of contracts of dollars −dollars / price coins. */
export function worth(kind: InstrumentKind, quantity: Units, price: Units): Units {
  return isInDollars(kind) ? divideHalfEven(-quantity * ONE, price) : multiplyUnits(price, quantity)
}

/** Half-even to 1e-8; `"0"` when flat. */
export function averagePriceOf({ quantity, cost, kind }: Position): string {
  if (quantity === 0n) return '0'
  const size = absUnits(quantity)
  if (isInDollars(kind)) return cost === 0n ? '0' : formatUnits(divideHalfEven(size * ONE, absUnits(cost)))
  return formatUnits(divideHalfEven((quantity > 0n ? cost : -cost) * ONE, size))
}

/** A signed change of a worth: what goes on adds cost, what goes back realises its share of it; a flip does both. */
function trade(position: Position, change: Units, notional: Units): Units {
  const { quantity: held, cost } = position
  position.quantity = held + change
  if (held === 0n || held > 0n === change > 0n) {
    position.cost = cost + notional
    return 0n
  }
  const [size, open] = [absUnits(change), absUnits(held)]
  const closing = lesser(size, open)
  const released = divideHalfEven(cost * closing, open)
  const proceeds = divideHalfEven(-notional * closing, size)
  position.cost = cost - released + notional + proceeds
  return proceeds - released
}

// Math.min knows no BigInt.
function lesser(a: Units, b: Units): Units {
  if (a < b) return a
  return b
}
