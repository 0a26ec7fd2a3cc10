/**
 * Owns the auditor's own book: positions at average cost, realised profit, fees and funding, from the fills of a log alone.
 * It is worked out apart from the risk engine's ledger, with the same rounding, so that one can be held against the other:
 * each notional rounds once, half-even to 1e-8, and released cost rounds inside the identity. Never uses a double.
 */
import { absUnits, divideHalfEven, formatUnits, multiplyUnits, ONE, parseUnits, type Units } from '#core/decimal'

interface Position {
  quantity: Units
  /** What the open quantity was bought (positive) or sold (negative) for. */
  cost: Units
}

/** Exact sums in quote, as decimals; `realised − fees + funding = net`, to the last digit. */
export interface Totals {
  readonly realised: string
  readonly fees: string
  readonly funding: string
  readonly net: string
}

export interface OpenPosition {
  readonly instrument: string
  readonly quantity: string
  readonly averagePrice: string
}

export class Book {
  readonly #positions = new Map<string, Position>()
  #realised = 0n
  #fees = 0n
  #funding = 0n

  /** Books a trade and its fee; gives what it realised. */
  fill(instrument: string, side: 'buy' | 'sell', price: string, quantity: string, fee: string): Units {
    const size = parseUnits(quantity)
    const realised =
      size === 0n ? 0n : trade(this.#position(instrument), side === 'buy' ? size : -size, parseUnits(price))
    this.#realised += realised
    this.#fees += parseUnits(fee)
    return realised
  }

  /** Closes a whole position at a profit that the log states. */
  settle(instrument: string, realised: string): Units {
    this.#positions.delete(instrument)
    const amount = parseUnits(realised)
    this.#realised += amount
    return amount
  }

  fund(cash: string): void {
    this.#funding += parseUnits(cash)
  }

  /** A position taken over from a parent run. */
  carry(instrument: string, quantity: string, averagePrice: string): void {
    const held = parseUnits(quantity)
    this.#positions.set(instrument, { quantity: held, cost: multiplyUnits(parseUnits(averagePrice), held) })
  }

  totals(): Totals {
    return {
      realised: formatUnits(this.#realised),
      fees: formatUnits(this.#fees),
      funding: formatUnits(this.#funding),
      net: formatUnits(this.#realised - this.#fees + this.#funding),
    }
  }

  open(): OpenPosition[] {
    return [...this.#positions]
      .filter(([, { quantity }]) => quantity !== 0n)
      .map(([instrument, { quantity, cost }]) => ({
        instrument,
        quantity: formatUnits(quantity),
        averagePrice: formatUnits(divideHalfEven((quantity > 0n ? cost : -cost) * ONE, absUnits(quantity))),
      }))
  }

  #position(instrument: string): Position {
    let position = this.#positions.get(instrument)
    if (position === undefined) {
      position = { quantity: 0n, cost: 0n }
      this.#positions.set(instrument, position)
    }
    return position
  }
}

/** A signed change at a price: what goes on adds cost, what goes back realises its share of it; a flip does both. */
function trade(position: Position, change: Units, price: Units): Units {
  const { quantity: held, cost } = position
  const notional = multiplyUnits(price, change)
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
