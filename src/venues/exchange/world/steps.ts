/** Owns turning whole ticks and lots into numbers: the double next to the decimal, never one with a tail. */

/** A decimal step as `numerator / denominator`, both whole. */
export interface Step {
  readonly numerator: number
  readonly denominator: number
}

export function stepOf(decimal: string): Step {
  const [whole = '0', fraction = ''] = decimal.split('.')
  const denominator = Number(`1${'0'.repeat(fraction.length)}`)
  return { numerator: Number(`${whole}${fraction}`), denominator }
}

/** `count` steps as a number, rounded once. */
export const fromSteps = (count: number, { numerator, denominator }: Step): number => (count * numerator) / denominator

/** The nearest whole number of steps. */
export const toSteps = (value: number, { numerator, denominator }: Step): number =>
  Math.round((value * denominator) / numerator)
