/**
 * Owns the exact arithmetic of a fill: price worsened by costs and rounded to the tick against the order, fee, lots, by kind of
 * instrument. Pure. Never decides whether a fill happens.
 */
import { boundToStep, divideHalfEven, ONE, truncateToStep, type Units, unitsFromNumber } from '#core/decimal'
import { invariant } from '#core/invariant'
import { isInDollars } from '#events/instrument-kind'
import type { InstrumentKind } from '#events/market.events'

export type Side = 'buy' | 'sell'

/** 1 bp = 1e-4; basis points themselves are taken as multiples of 1e-8. */
const BPS_SCALE = 10_000n * ONE

/** `price` worsened by `costBps` (≥ 0) and rounded to the tick against the order; never below one tick. */
export function worsenedPrice(side: Side, price: Units, costBps: number, tick: Units): Units {
  invariant(price > 0n && costBps >= 0, () => `worsenedPrice: price ${price}, cost ${costBps} bp`)
  const numerator = price * (BPS_SCALE + (side === 'buy' ? 1n : -1n) * unitsFromNumber(costBps))
  const floor = numerator > 0n ? numerator / BPS_SCALE : 0n
  if (side === 'sell') return atLeastOne(truncateToStep(floor, tick), tick)
  const exact = floor * BPS_SCALE === numerator
  return boundToStep(exact ? floor : floor + 1n, tick, 'up')
}

/** A resting price `offsetBps` away from the reference on the passive side, rounded to the tick on that side. */
export function passivePrice(side: Side, reference: Units, offsetBps: number, tick: Units): Units {
  const offset = unitsFromNumber(offsetBps)
  const price = divideHalfEven(reference * (BPS_SCALE + (side === 'buy' ? -offset : offset)), BPS_SCALE)
  return atLeastOne(boundToStep(price, tick, side === 'buy' ? 'down' : 'up'), tick)
}

function atLeastOne(price: Units, tick: Units): Units {
  return price < tick ? tick : price
}

/** price × quantity × feeBps, half-even to 1e-8 in one rounding. Fees are known to 4 decimals of a basis point. */
export function feeOf(price: Units, quantity: Units, feeBps: number): Units {
  return divideHalfEven(price * quantity * feeUnits(feeBps), ONE * ONE)
}

/** 1 unit = 1e-8 of the value. */
function feeUnits(feeBps: number): Units {
  return BigInt(Math.round(feeBps * 10_000))
}

/** Fee in coin on contracts of `dollars` US dollars: dollars ÷ price × feeBps, half-even to 1e-8 in one rounding. */
export function inverseFeeOf(price: Units, dollars: Units, feeBps: number): Units {
  return divideHalfEven(dollars * feeUnits(feeBps), price)
}

/**
 * Fee on options of `quantity` coins: min(underlying × feeBps, price × cap) × quantity, half-even to 1e-8 in one rounding, in the
 * currency of the price. `underlying` is 1 for an option that is paid in its coin, else its price (quant/option-fee, exactly).
 */
export function optionFeeOf(price: Units, quantity: Units, feeBps: number, cap: number, underlying: Units): Units {
  const each = smaller(underlying * feeUnits(feeBps), price * unitsFromNumber(cap))
  return divideHalfEven(each * quantity, ONE * ONE)
}

/** Largest quantity of whole lots within a double; 0 when it is below one lot. */
export function lotsWithin(quantity: number, lot: Units): Units {
  if (!(quantity > 0)) return 0n
  return truncateToStep(unitsFromNumber(Math.min(quantity, 8e15)), lot)
}

/** Value of a quantity at a price, half-even to 1e-8. */
export function notionalOf(price: Units, quantity: Units): Units {
  return divideHalfEven(price * quantity, ONE)
}

/** Value of an order in quote: contracts of dollars are their own value. */
export function orderValueOf(kind: InstrumentKind, price: Units, quantity: Units): Units {
  return isInDollars(kind) ? quantity : notionalOf(price, quantity)
}

/** Largest size of whole lots within an amount of base coins: coins, or dollars at `price`. */
export function sizeWithin(kind: InstrumentKind, coins: number, price: number, lot: Units): Units {
  return lotsWithin(isInDollars(kind) ? coins * price : coins, lot)
}

// Math.min and Math.max know no BigInt.
export function smaller(a: Units, b: Units): Units {
  if (a < b) return a
  return b
}

export function larger(a: Units, b: Units): Units {
  if (a > b) return a
  return b
}
