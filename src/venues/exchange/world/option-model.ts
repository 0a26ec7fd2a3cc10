/** Owns prices and sensitivities of options on a forward: Black (1976), interest rate zero. Money in quote, times in years. */

const SQRT_2PI = Math.sqrt(2 * Math.PI)

/** Density of the standard normal distribution. */
const density = (x: number): number => Math.exp(-0.5 * x * x) / SQRT_2PI

/** Its distribution; Abramowitz and Stegun, 26.2.17: absolute error below 7.5e-8. */
export function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = density(x) * series
  return x >= 0 ? 1 - tail : tail
}

export interface OptionTerms {
  readonly forward: number
  readonly strike: number
  readonly years: number
  /** Decimal a year. */
  readonly vol: number
  readonly isCall: boolean
}

export interface OptionValue {
  /** In quote money. */
  readonly price: number
  readonly delta: number
  /** Per unit of quote money. */
  readonly gamma: number
  /** In quote money for one point (0.01) of volatility. */
  readonly vega: number
  /** In quote money a day. */
  readonly theta: number
}

/** Value and sensitivities; at expiry what is left is the pay-off. */
export function optionValue({ forward, strike, years, vol, isCall }: OptionTerms): OptionValue {
  const sign = isCall ? 1 : -1
  if (years <= 0 || vol <= 0) {
    const price = Math.max(0, sign * (forward - strike))
    return { price, delta: price > 0 ? sign : 0, gamma: 0, vega: 0, theta: 0 }
  }
  const width = vol * Math.sqrt(years)
  const d1 = Math.log(forward / strike) / width + width / 2
  const d2 = d1 - width
  const n = density(d1)
  return {
    price: Math.max(0, sign * (forward * normalCdf(sign * d1) - strike * normalCdf(sign * d2))),
    delta: sign * normalCdf(sign * d1),
    gamma: n / (forward * width),
    vega: (forward * n * Math.sqrt(years)) / 100,
    theta: (-forward * n * vol) / (2 * Math.sqrt(years)) / 365,
  }
}

/** Implied volatility over moneyness: a parabola in standard deviations, lower strikes dearer. Coefficients chosen here. */
export function smile(atm: number, { forward, strike, years }: Omit<OptionTerms, 'vol' | 'isCall'>): number {
  const k = Math.log(strike / forward) / Math.sqrt(Math.max(years, 1 / 365))
  return Math.max(0.1, atm * (1 - 0.06 * k + 0.09 * Math.min(4, k * k)))
}
