/**
 * Owns the implied volatility of a Black (1976) price: Newton's method within a bracket (methods.md 9). Must never return a bound
 * of the search as an answer: a price that no volatility explains is null.
 */
import type { OptionSide } from './black76.js'
import { normalCdf, normalPdf } from './normal.js'

/** Volatilities that are looked for, decimals a year (methods.md 9). */
const VOL_MIN = 1e-4
const VOL_MAX = 10
const STEPS_MAX = 100
/** Of the logarithm of the price: some hundred times the precision of doubles. */
const PRICE_TOLERANCE = 4e-14
/** Newton's last step beside the volatility: the error left is about its square. */
const STEP_TOLERANCE = 1e-8
const BRACKET_TOLERANCE = 1e-12
const END_TOLERANCE = 1e-9

/**
 * Decimal a year; null where price ≤ intrinsic + `tick` / 2, price ≥ forward (call) or strike (put), or nothing in [1e-4, 10]
 * explains it. `price` and `tick` in quote, undiscounted. By parity the out-of-the-money option is solved, on the logarithm of
 * its price, so that far wings keep their digits. `seed`: where to begin, if something is known (it changes the answer by rounding
 * only); else Manaster and Koehler (1982), at the money Brenner and Subrahmanyam (1988).
 */
export function impliedVol(
  side: OptionSide,
  price: number,
  forward: number,
  strike: number,
  years: number,
  tick = 0,
  seed?: number,
): number | null {
  if (!(forward > 0 && strike > 0 && years > 0 && price > 0)) return null
  const intrinsic = Math.max(0, side === 'call' ? forward - strike : strike - forward)
  const timeValue = price - intrinsic
  if (!(timeValue > tick / 2) || price >= (side === 'call' ? forward : strike)) return null
  return solve(timeValue, forward, strike, years, seed)
}

/** Volatility of the out-of-the-money option worth `target`. */
function solve(
  target: number,
  forward: number,
  strike: number,
  years: number,
  seed: number | undefined,
): number | null {
  const sign = strike >= forward ? 1 : -1
  const moneyness = Math.log(forward / strike)
  const root = Math.sqrt(years)
  let low = VOL_MIN
  let high = VOL_MAX
  let vol = Math.min(VOL_MAX, Math.max(VOL_MIN, seed ?? firstGuess(target, forward, moneyness, root)))
  for (let step = 0; step < STEPS_MAX; step++) {
    const width = vol * root
    const d1 = moneyness / width + width / 2
    const price = sign * (forward * normalCdf(sign * d1) - strike * normalCdf(sign * (d1 - width)))
    const error = price > 0 ? Math.log(price / target) : Number.NEGATIVE_INFINITY
    if (Math.abs(error) <= PRICE_TOLERANCE) break
    if (error > 0) high = vol
    else low = vol
    const newton = vol - (error * price) / (forward * root * normalPdf(d1))
    const isNewton = newton > low && newton < high
    const next = isNewton ? newton : (low + high) / 2
    const isDone = isNewton ? Math.abs(next - vol) <= STEP_TOLERANCE * vol : high - low <= BRACKET_TOLERANCE * high
    vol = next
    if (isDone) break
  }
  return vol > VOL_MIN * (1 + END_TOLERANCE) && vol < VOL_MAX * (1 - END_TOLERANCE) ? vol : null
}

function firstGuess(target: number, forward: number, moneyness: number, root: number): number {
  if (moneyness === 0) return (Math.sqrt(2 * Math.PI) * target) / (forward * root)
  return Math.sqrt(2 * Math.abs(moneyness)) / root
}
