/** Walking a book, cutting an order, sharing a bar's volume, and the square-root law. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { walkBook } from '#execution/book-walk'
import { squareRootCostBps } from '#execution/impact'
import { participationFill, twapSlices } from '#execution/slices'

const size = fc.double({ min: 0.001, max: 100, noNaN: true })
const price = fc.double({ min: 90, max: 110, noNaN: true })

describe('book walk', () => {
  it('fills and cancels add up, within the depth and the limit, best prices first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(price, size), { maxLength: 10 }),
        size,
        price,
        fc.constantFrom('buy' as const, 'sell' as const),
        (raw, quantity, limit, side) => {
          const sign = side === 'buy' ? 1 : -1
          const levels = raw.toSorted(([a], [b]) => sign * (a - b))
          const walk = walkBook(side, levels, quantity, limit)
          expect(walk.filled + walk.cancelled).toBeCloseTo(quantity, 9)
          const open = levels.filter(([p]) => sign * p <= sign * limit)
          const depth = open.reduce((sum, [, s]) => sum + s, 0)
          expect(walk.filled).toBeCloseTo(Math.min(quantity, depth), 9)
          if (walk.averagePrice === null) {
            expect(walk.filled).toBe(0)
            return
          }
          expect(sign * walk.averagePrice).toBeLessThanOrEqual(sign * limit + 1e-9)
          expect(sign * walk.averagePrice).toBeGreaterThanOrEqual(sign * levels[0]![0] - 1e-9)
          const twice = walkBook(side, levels, quantity * 2, limit)
          expect(sign * twice.averagePrice!).toBeGreaterThanOrEqual(sign * walk.averagePrice - 1e-9)
        },
      ),
    )
    expect(walkBook('buy', [], 5, 100)).toEqual({ filled: 0, averagePrice: null, cancelled: 5 })
    expect(
      walkBook(
        'sell',
        [
          [101, 1],
          [100, 2],
        ],
        3,
        100,
      ),
    ).toEqual({ filled: 3, averagePrice: 301 / 3, cancelled: 0 })
    expect(() => walkBook('buy', [], -1, 100)).toThrow()
  })
})

describe('TWAP', () => {
  it('sums exactly to the lots of the order, and no slice differs from another by more than a lot', () => {
    const units = fc.bigInt({ min: 0n, max: 10n ** 15n })
    fc.assert(
      fc.property(
        units,
        fc.integer({ min: 1, max: 60 }),
        fc.bigInt({ min: 1n, max: 10n ** 9n }),
        (quantity, n, lot) => {
          const slices = twapSlices(quantity, n, lot)
          expect(slices).toHaveLength(n)
          expect(slices.reduce((a, b) => a + b, 0n)).toBe((quantity / lot) * lot)
          const lots = slices.map((s) => s / lot)
          expect(slices.every((s) => s >= 0n && s % lot === 0n)).toBe(true)
          const [least, most] = lots.reduce(([a, b], x) => [x < a ? x : a, x > b ? x : b], [lots[0]!, lots[0]!])
          expect(most - least <= 1n).toBe(true)
        },
      ),
    )
    expect(() => twapSlices(1n, 0, 1n)).toThrow()
    expect(() => twapSlices(1n, 1, 0n)).toThrow()
  })
})

describe('participation and impact', () => {
  it('takes no more than its share of the bar nor than is left', () => {
    fc.assert(
      fc.property(size, size, fc.double({ min: 0, max: 1, noNaN: true }), (rest, volume, cap) => {
        const fill = participationFill(rest, volume, cap)
        expect(fill).toBeLessThanOrEqual(rest)
        expect(fill).toBeLessThanOrEqual(volume * cap)
        expect(fill === rest || fill === volume * cap).toBe(true)
      }),
    )
  })

  it('four times the order doubles the impact; half the spread remains for none; without volume it is unknown', () => {
    fc.assert(
      fc.property(size, size, (order, spread) => {
        const cost = (q: number): number => squareRootCostBps(spread, 0.04, q, 1e6, 1)!
        expect(cost(4 * order) - spread / 2).toBeCloseTo(2 * (cost(order) - spread / 2), 6)
        expect(cost(0)).toBe(spread / 2)
      }),
    )
    expect(squareRootCostBps(2, 0.04, 1, 0, 1)).toBeNull()
    expect(() => squareRootCostBps(2, 0.04, -1, 10, 1)).toThrow()
  })
})
