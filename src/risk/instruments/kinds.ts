/**
 * Owns the arithmetic of the kinds of instruments: what a quantity at a price is worth, in which currency, what an option or a
 * future pays at its end. Must never hold a position. Amounts are multiples of 1e-8, each product rounded once, half-even.
 *
 * linear, spot: quantity in coins, price in the quote: worth quantity × price of the quote.
 * inverse perpetuals and futures: quantity in US dollars, settled in the coin: worth −quantity / price coins (BitMEX 2016, Deribit).
 * inverse options: quantity in coins, price in coins: worth quantity × price coins.
 */
import { divideHalfEven, ONE, type Units } from '#core/decimal'
import { invariant } from '#core/invariant'
import { isInDollars, isOption } from '#events/instrument-kind'
import type { InstrumentKind } from '#events/market.events'

/** Currencies that count as one US dollar while no price of theirs is known. */
const DOLLARS: ReadonlySet<string> = new Set(['USD', 'USDT', 'USDC', 'BUSD', 'FDUSD'])

export const isDollar = (currency: string): boolean => DOLLARS.has(currency)

/** Signed worth of a signed quantity at a price, in the currency of settlement. Throws without a price of an inverse kind. */
export function worthUnits(kind: InstrumentKind, quantity: Units, price: Units): Units {
  if (!isInDollars(kind)) return divideHalfEven(quantity * price, ONE)
  invariant(price > 0n, 'an inverse contract has no worth without a price')
  return divideHalfEven(-quantity * ONE, price)
}

/** The same as a double, for marks. */
export function worthOf(kind: InstrumentKind, quantity: number, price: number): number {
  return isInDollars(kind) ? -quantity / price : quantity * price
}

/**
 * Funding that a signed quantity receives: −worth × rate, in the currency of settlement. `rateUnits` are multiples of 1e-10.
 * Inverse: −(usd / mark) × rate in coins (methods, section 4).
 */
export function fundingUnits(kind: InstrumentKind, quantity: Units, mark: Units, rateUnits: bigint): Units {
  if (isInDollars(kind)) return divideHalfEven(-quantity * rateUnits, mark * 100n)
  // Quantity 1e-8 × mark 1e-8 × rate 1e-10, down to 1e-8.
  return divideHalfEven(-quantity * mark * rateUnits, 1_000_000_000_000_000_000n)
}

/** What an instrument is settled at when it ends: the index itself, of an option its payoff a coin (coins for inverse ones). */
export function settlementPrice(
  terms: {
    readonly kind: InstrumentKind
    readonly strike?: number | undefined
    readonly option?: 'call' | 'put' | undefined
  },
  index: Units,
  strike: Units,
): Units {
  if (!isOption(terms.kind)) return index
  const intrinsic = terms.option === 'put' ? strike - index : index - strike
  if (intrinsic <= 0n) return 0n
  return terms.kind === 'inverseOption' ? divideHalfEven(intrinsic * ONE, index) : intrinsic
}

/** Average price of an open quantity and its cost, half-even; 0 where it has none. */
export function averagePrice(kind: InstrumentKind, quantity: Units, cost: Units): Units {
  if (!isInDollars(kind))
    return divideHalfEven((quantity > 0n ? cost : -cost) * ONE, quantity > 0n ? quantity : -quantity)
  if (cost === 0n) return 0n
  const size = quantity > 0n ? quantity : -quantity
  return divideHalfEven(size * ONE, cost > 0n ? cost : -cost)
}

/**
 * Coins that a position moves with. Of an inverse one −cost, its dollars at the entry price: what it won and lost since stands in
 * coins too, so that 1 coin and a short of its dollars stay constant dollars whatever the price does (methods, section 7).
 */
export function coinsOf(kind: InstrumentKind, quantity: number, cost: number): number {
  return (isInDollars(kind) ? -cost : quantity) + 0
}
