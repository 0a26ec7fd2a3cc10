/** Owns the promise that prices are rounded against the order and fees are exact. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseUnits } from '#core/decimal'
import { feeOf, lotsWithin, passivePrice, worsenedPrice } from '#execution/exact-fill'

const u = parseUnits

describe('worsened price', () => {
  it.each([
    ['buy', '100', 12, '0.1', '100.2'],
    ['sell', '100', 12, '0.1', '99.8'],
    ['buy', '100', 0, '0.1', '100'],
    ['sell', '100.05', 0, '0.1', '100'],
    ['buy', '100.05', 0, '0.1', '100.1'],
    ['buy', '0.00000001', 1, '0.00000001', '0.00000002'],
    ['sell', '0.0001', 20_000, '0.0001', '0.0001'],
  ] as const)('%s at %s, %d bp, tick %s → %s', (side, price, bps, tick, expected) => {
    expect(worsenedPrice(side, u(price), bps, u(tick))).toBe(u(expected))
  })

  it('is on the tick, never better than the cost says, and within one tick of it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('buy' as const, 'sell' as const),
        fc.bigInt({ min: 1_000_000n, max: 10n ** 14n }),
        fc.double({ min: 0, max: 500, noNaN: true }),
        fc.constantFrom(1n, 100n, 10_000n),
        (side, price, bps, tick) => {
          const worse = worsenedPrice(side, price, bps, tick)
          const exact = Number(price) * (1 + ((side === 'buy' ? 1 : -1) * bps) / 1e4)
          expect(worse % tick).toBe(0n)
          const against = side === 'buy' ? Number(worse) - exact : exact - Number(worse)
          expect(against).toBeGreaterThanOrEqual(-1e-6 * Number(price))
          expect(against).toBeLessThanOrEqual(Number(tick) + 1 + 1e-6 * Number(price))
        },
      ),
      { seed: 7 },
    )
  })
})

describe('passive price', () => {
  it.each([
    ['buy', '100', 2, '0.1', '99.9'],
    ['sell', '100', 2, '0.1', '100.1'],
    ['buy', '100', 0, '0.1', '100'],
    ['sell', '100.04', -2, '0.1', '100.1'],
  ] as const)('%s around %s, %d bp, tick %s → %s', (side, reference, bps, tick, expected) => {
    expect(passivePrice(side, u(reference), bps, u(tick))).toBe(u(expected))
  })
})

describe('fee', () => {
  it.each([
    ['100', '2', 5, '0.1'],
    ['100', '2', -1, '-0.02'],
    ['0.00000003', '1', 5000, '0.00000002'],
    ['0.00000001', '1', 5000, '0'],
    ['63123.4', '0.137', 4.25, '3.67535996'],
  ] as const)('%s × %s at %d bp is %s', (price, quantity, bps, expected) => {
    expect(feeOf(u(price), u(quantity), bps)).toBe(u(expected))
  })

  it('differs from the rational value by at most half a unit', () => {
    const big = fc.bigInt({ min: 1n, max: 10n ** 15n })
    fc.assert(
      fc.property(big, big, fc.integer({ min: -100_000, max: 1_000_000 }), (price, quantity, units) => {
        const error = feeOf(price, quantity, units / 10_000) * 10n ** 16n - price * quantity * BigInt(units)
        expect((error < 0n ? -error : error) * 2n <= 10n ** 16n).toBe(true)
      }),
      { seed: 11 },
    )
  })
})

it('lots within a quantity are whole and never above it', () => {
  expect(lotsWithin(1.2345, u('0.1'))).toBe(u('1.2'))
  expect(lotsWithin(0.05, u('0.1'))).toBe(0n)
  expect(lotsWithin(-3, u('0.1'))).toBe(0n)
  expect(lotsWithin(Number.NaN, u('0.1'))).toBe(0n)
})
