import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  absUnits,
  boundToStep,
  divideHalfEven,
  formatUnits,
  isDecimalString,
  multiplyUnits,
  ONE,
  parseUnits,
  roundToStep,
  truncateToStep,
  unitsFromNumber,
  unitsToNumber,
} from '#core/decimal'

const units = fc.bigInt({ min: -(10n ** 26n), max: 10n ** 26n })

describe('exact amounts', () => {
  it('are written and read back to the last digit', () => {
    fc.assert(
      fc.property(units, (value) => {
        expect(parseUnits(formatUnits(value))).toBe(value)
      }),
      { numRuns: 3000 },
    )
  })

  it('are read from any plain decimal alike, short or long', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.stringMatching(/^\d{1,8}$/),
        fc.boolean(),
        (whole, places, negative) => {
          const text = `${negative ? '-' : ''}${whole}.${places}`
          const expected = whole * ONE + BigInt(places.padEnd(8, '0'))
          expect(parseUnits(text)).toBe(negative ? -expected : expected)
          expect(isDecimalString(text)).toBe(true)
        },
      ),
    )
  })

  it.each(['', '-', '.5', '5.', '1e5', '1.123456789', '1 ', '+1', '0x1', 'NaN', '1.2.3', '--1', '١'])(
    'refuse %j',
    (text) => {
      expect(() => parseUnits(text)).toThrow(/no decimal/)
      expect(isDecimalString(text)).toBe(false)
    },
  )

  it('round half to even', () => {
    expect([25n, 35n, -25n, -35n, 26n, -26n].map((n) => divideHalfEven(n, 10n))).toEqual([2n, 4n, -2n, -4n, 3n, -3n])
    expect(multiplyUnits(parseUnits('0.00000001'), parseUnits('0.5'))).toBe(0n)
    expect(multiplyUnits(parseUnits('0.00000003'), parseUnits('0.5'))).toBe(2n)
  })

  it('keep to tick and lot', () => {
    const step = parseUnits('0.05')
    expect(formatUnits(truncateToStep(parseUnits('-1.09'), step))).toBe('-1.05')
    expect(formatUnits(roundToStep(parseUnits('1.075'), step))).toBe('1.1')
    expect(formatUnits(boundToStep(parseUnits('1.01'), step, 'up'))).toBe('1.05')
    expect(formatUnits(boundToStep(parseUnits('-1.01'), step, 'up'))).toBe('-1')
    expect(formatUnits(boundToStep(parseUnits('-1.01'), step, 'down'))).toBe('-1.05')
    fc.assert(
      fc.property(units, fc.bigInt({ min: 1n, max: 10n ** 12n }), (value, lot) => {
        expect(truncateToStep(value, lot) % lot).toBe(0n)
        expect(absUnits(value - truncateToStep(value, lot)) < lot).toBe(true)
        expect(boundToStep(value, lot, 'down') <= value && value <= boundToStep(value, lot, 'up')).toBe(true)
      }),
    )
  })

  it('come from doubles at the nearest unit', () => {
    expect(unitsFromNumber(0.1)).toBe(10_000_000n)
    expect(unitsFromNumber(-2.5)).toBe(-250_000_000n)
    fc.assert(
      fc.property(fc.double({ min: -1e7, max: 1e7, noNaN: true }), (value) => {
        expect(Math.abs(unitsToNumber(unitsFromNumber(value)) - value)).toBeLessThanOrEqual(1e-8)
      }),
    )
    expect(() => unitsFromNumber(Number.NaN)).toThrow(/exact amount/)
  })
})
