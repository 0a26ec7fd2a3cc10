/** Owns powers that every supported V8 computes alike: `**` and Math.pow differ between Node 22 and 24. */
import { invariant } from './invariant.js'

/** base^exponent for whole exponents, by repeated squaring. */
export function powInt(base: number, exponent: number): number {
  invariant(Number.isInteger(exponent), () => `powInt: exponent ${exponent} is not whole`)
  let result = 1
  let square = base
  for (let n = Math.abs(exponent); n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= square
    square *= square
  }
  return exponent < 0 ? 1 / result : result
}

/** base^exponent for a positive base, as exp(exponent·ln base). */
export function powReal(base: number, exponent: number): number {
  invariant(base > 0, () => `powReal: base ${base} is not positive`)
  return Math.exp(exponent * Math.log(base))
}
