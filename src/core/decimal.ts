/**
 * Owns exact amounts: BigInt multiples of 1e-8 (`Units`), their decimal strings, and rounding to tick and lot.
 * Never uses a double for what is owned; doubles come in only through `unitsFromNumber`, at a stated rounding.
 */
import { invariant } from './invariant.js'

/** An amount as a BigInt multiple of 1e-8. */
export type Units = bigint
/** An exact decimal as a string: `"-12.5"`, `"0.00012"`; no exponent, no trailing zeros, no `-0`. */
export type DecimalString = string

export const UNIT_DIGITS = 8
export const ONE: Units = 100_000_000n

/** Parses `"-12.5"`; more than 8 decimals or anything else throws. Amounts below 1e15, the common ones, never touch a RegExp. */
export function parseUnits(text: DecimalString): Units {
  if (text === '0') return 0n
  return text.length <= 24 ? parseShort(text) : parseLong(text)
}

const SCALES = [1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 10, 1] as const

/** Up to 15 whole digits: whole and fraction each fit a double, and so do the units of up to 7 whole digits; longer ones go on as BigInt. */
function parseShort(text: string): Units {
  const negative = text.charCodeAt(0) === 45
  let whole = 0
  let fraction = 0
  let places = -1
  let digits = 0
  for (let i = negative ? 1 : 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46 && places < 0 && digits > 0) {
      places = 0
      continue
    }
    const digit = code - 48
    if (digit < 0 || digit > 9 || places === 8 || (places < 0 && digits === 15)) return parseLong(text)
    digits++
    if (places < 0) whole = whole * 10 + digit
    else {
      fraction = fraction * 10 + digit
      places++
    }
  }
  if (digits === 0 || places === 0) return parseLong(text)
  const part = fraction * SCALES[Math.max(places, 0)]!
  const magnitude = whole < 90_000_000 ? BigInt(whole * 1e8 + part) : BigInt(whole) * ONE + BigInt(part)
  return negative ? -magnitude : magnitude
}

function parseLong(text: string): Units {
  const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text)
  invariant(match, () => `${JSON.stringify(text)} is no decimal with at most ${UNIT_DIGITS} places`)
  const magnitude = BigInt(match[2]! + (match[3] ?? '').padEnd(UNIT_DIGITS, '0'))
  return match[1] === '-' ? -magnitude : magnitude
}

/** Whether `parseUnits` takes it. */
export function isDecimalString(text: string): boolean {
  return /^-?\d+(\.\d{1,8})?$/.test(text)
}

/** Below this, units are exact as a double. */
const EXACT_DOUBLE = 9_007_199_254_740_992n

/** Writes an amount without trailing zeros: 150000000n → `"1.5"`. */
export function formatUnits(units: Units): DecimalString {
  if (units === 0n) return '0'
  return units > -EXACT_DOUBLE && units < EXACT_DOUBLE ? formatShort(Number(units)) : formatLong(units)
}

function formatShort(units: number): DecimalString {
  const sign = units < 0 ? '-' : ''
  const magnitude = Math.abs(units)
  // The quotient may round up to the next whole number near 2^53.
  let whole = Math.floor(magnitude / 1e8)
  if (whole * 1e8 > magnitude) whole -= 1
  let fraction = magnitude - whole * 1e8
  if (fraction === 0) return sign + whole
  let digits = UNIT_DIGITS
  while (fraction % 10 === 0) {
    fraction /= 10
    digits--
  }
  const text = String(fraction)
  return `${sign}${whole}.${ZEROS[digits - text.length]!}${text}`
}

const ZEROS = ['', '0', '00', '000', '0000', '00000', '000000', '0000000'] as const

function formatLong(units: Units): DecimalString {
  const negative = units < 0n
  const digits = (negative ? -units : units).toString().padStart(UNIT_DIGITS + 1, '0')
  const whole = digits.slice(0, -UNIT_DIGITS)
  const fraction = digits.slice(-UNIT_DIGITS).replace(/0+$/, '')
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** Nearest double of an amount. For marks and reports, never for what is owned. */
export function unitsToNumber(units: Units): number {
  return Number(units) / 1e8
}

/** Nearest amount of a double (ties away from zero); throws beyond ±9e15 or when not finite. */
export function unitsFromNumber(value: number): Units {
  invariant(Number.isFinite(value) && Math.abs(value) < 9e15, () => `${value} cannot be an exact amount`)
  const whole = Math.trunc(value)
  return BigInt(whole) * ONE + BigInt(Math.round((value - whole) * 1e8))
}

/** a / b rounded half to even. `b` must be positive. */
export function divideHalfEven(a: bigint, b: bigint): bigint {
  invariant(b > 0n, 'divideHalfEven: divisor must be positive')
  let quotient = a / b
  let rest = a % b
  if (rest < 0n) {
    rest += b
    quotient -= 1n
  }
  const twice = rest * 2n
  if (twice > b || (twice === b && (quotient & 1n) === 1n)) return quotient + 1n
  return quotient
}

/** Product of two amounts, half-even to 1e-8. */
export function multiplyUnits(a: Units, b: Units): Units {
  return divideHalfEven(a * b, ONE)
}

/** Largest multiple of `step` not above `units` in magnitude (towards zero). */
export function truncateToStep(units: Units, step: Units): Units {
  invariant(step > 0n, 'truncateToStep: step must be positive')
  return (units / step) * step
}

/** Nearest multiple of `step`, half-even. */
export function roundToStep(units: Units, step: Units): Units {
  return divideHalfEven(units, step) * step
}

/** Multiple of `step` at or above (`up`) or at or below the amount. */
export function boundToStep(units: Units, step: Units, direction: 'up' | 'down'): Units {
  const truncated = truncateToStep(units, step)
  if (truncated === units) return units
  if (direction === 'up') return units > 0n ? truncated + step : truncated
  return units > 0n ? truncated : truncated - step
}

export function absUnits(units: Units): Units {
  return units < 0n ? -units : units
}
