/** Owns arbitrary bars and plain recomputations for the indicator specs; must never be imported by the program. */
import fc from 'fast-check'

export interface TestBar {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

const price = fc.double({ min: 0.5, max: 5000, noNaN: true, noDefaultInfinity: true })
// Few distinct values now and then, so that ties, flat windows and zero volumes are common.
const coarsePrice = fc.integer({ min: 90, max: 95 })
const volume = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0.001, max: 1e6, noNaN: true }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.constant(0) },
)

const bar = fc
  .tuple(
    fc.oneof(fc.tuple(price, price, price, price), fc.tuple(coarsePrice, coarsePrice, coarsePrice, coarsePrice)),
    volume,
  )
  .map(([prices, v]): TestBar => {
    const [open, close] = prices
    return { open, close, high: Math.max(...prices), low: Math.min(...prices), volume: v }
  })

export const bars = (minLength: number, maxLength: number): fc.Arbitrary<TestBar[]> =>
  fc.array(bar, { minLength, maxLength, size: 'max' })

export const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length

export function sd(xs: readonly number[], ddof: 0 | 1): number {
  const m = mean(xs)
  return Math.sqrt(xs.reduce((a, b) => a + (b - m) * (b - m), 0) / (xs.length - ddof))
}

export function median(xs: readonly number[]): number {
  const s = [...xs].sort((a, b) => a - b)
  const h = s.length >> 1
  return s.length % 2 === 1 ? s[h]! : (s[h - 1]! + s[h]!) / 2
}

/** |a - e| <= tol max(1, |e|), nulls alike. */
export function close(a: number | null, e: number | null, tol = 1e-9): boolean {
  if (a === null || e === null) return a === e
  return Math.abs(a - e) <= tol * Math.max(1, Math.abs(e))
}
