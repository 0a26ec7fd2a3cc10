/** The exact ledger: everything adds up to the last digit, duplicates change nothing, order does not matter. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divideHalfEven, formatUnits, multiplyUnits, parseUnits } from '#core/decimal'
import type { InstrumentKind } from '#events/market.events'
import { settlementPrice, worthUnits } from '#risk/instruments/kinds'
import {
  applyFill,
  applyFunding,
  applySettlement,
  applyTransfer,
  averagePriceOf,
  carryPosition,
  createLedger,
  createPosition,
  type Fill,
  fundingCash,
  settlementOf,
} from '#risk/ledger'
import {
  closeOrder,
  createOrderBook,
  hasOpenOrder,
  hasReducingOrder,
  inFlight,
  isNewTrade,
  openOrder,
} from '#risk/order-book'

const fillArb: fc.Arbitrary<Fill> = fc.record({
  side: fc.constantFrom('buy' as const, 'sell' as const),
  price: fc.bigInt({ min: 1n, max: 10_000_000_000_000n }).map(formatUnits),
  quantity: fc.bigInt({ min: 1n, max: 100_000_000_000n }).map(formatUnits),
  fee: fc.bigInt({ min: -1_000_000n, max: 100_000_000n }).map(formatUnits),
})
const signed = (fill: Fill): bigint => parseUnits(fill.quantity) * (fill.side === 'buy' ? 1n : -1n)

describe('ledger', () => {
  it('property: cash + positions + fees + funding balance exactly', () => {
    fc.assert(
      fc.property(
        fc.array(fillArb, { maxLength: 30 }),
        fc.array(fc.bigInt({ min: -1_000_000_000_000n, max: 1_000_000_000_000n })),
        (fills, fundings) => {
          const ledger = createLedger('100000.00000001')
          const position = createPosition()
          let cash = parseUnits('100000.00000001')
          let held = 0n
          for (const fill of fills) {
            applyFill(ledger, position, fill, 1)
            cash -= multiplyUnits(parseUnits(fill.price), signed(fill)) + parseUnits(fill.fee)
            held += signed(fill)
          }
          for (const funding of fundings) {
            applyFunding(ledger, [{ position, cash: formatUnits(funding) }])
            cash += funding
          }
          expect(parseUnits(position.quantity)).toBe(held)
          // Money that left for the open position is its cost: nothing is lost and nothing is made by rounding.
          expect(parseUnits(ledger.balance)).toBe(cash + parseUnits(position.cost))
          expect(parseUnits(ledger.balance)).toBe(
            parseUnits(ledger.opening) +
              parseUnits(ledger.realised) -
              parseUnits(ledger.fees) +
              parseUnits(ledger.funding),
          )
          expect(position.realised).toBe(ledger.realised)
          if (held === 0n) expect(position.cost).toBe('0')
          else expect(parseUnits(position.cost) >= 0n === held > 0n || position.cost === '0').toBe(true)
          const realised = settlementOf(position, '123.45')
          applySettlement(ledger, position, realised)
          expect(position.quantity).toBe('0')
          expect(parseUnits(ledger.balance)).toBe(cash + multiplyUnits(parseUnits('123.45'), held))
        },
      ),
    )
  })

  it('property: fills in another order end in the same quantity, cash and fees', () => {
    fc.assert(
      fc.property(fc.array(fillArb, { maxLength: 12 }), fc.integer(), (fills, seed) => {
        const run = (list: readonly Fill[]) => {
          const ledger = createLedger('1000')
          const position = createPosition()
          for (const fill of list) applyFill(ledger, position, fill, 1)
          return [position.quantity, ledger.fees, parseUnits(ledger.balance) - parseUnits(position.cost)]
        }
        const other = fills.map((fill, i) => ({ fill, key: Math.imul(seed + i, 2654435761) >>> 0 }))
        other.sort((a, b) => a.key - b.key)
        expect(run(other.map(({ fill }) => fill))).toEqual(run(fills))
      }),
    )
  })

  it('knows average cost by hand: buy, add, reduce, flip', () => {
    const ledger = createLedger('1000')
    const position = createPosition()
    const trade = (side: 'buy' | 'sell', quantity: string, price: string, ts: number) =>
      applyFill(ledger, position, { side, price, quantity, fee: '0' }, ts)
    trade('buy', '1', '100', 5)
    trade('buy', '1', '110', 6)
    expect([averagePriceOf(position), position.openedAt]).toEqual(['105', 5])
    trade('sell', '0.5', '120', 7)
    expect([position.realised, averagePriceOf(position), ledger.balance]).toEqual(['7.5', '105', '1007.5'])
    trade('sell', '2', '100', 8)
    expect([position.quantity, position.realised, averagePriceOf(position), position.openedAt]).toEqual([
      '-0.5',
      '0',
      '100',
      8,
    ])
    trade('buy', '0.5', '90', 9)
    expect([position.quantity, position.cost, position.realised, position.openedAt]).toEqual(['0', '0', '5', 0])
    expect(averagePriceOf(position)).toBe('0')
  })

  it('funding: longs pay a positive rate at the mark, shorts receive it, but nothing on a stand-in rate', () => {
    expect(fundingCash('2', 50_000, 0.0001, false)).toBe('-10')
    expect(fundingCash('-2', 50_000, 0.0001, false)).toBe('10')
    expect(fundingCash('-2', 50_000, -0.0001, false)).toBe('-10')
    expect(fundingCash('2', 50_000, 0.0001, true)).toBe('-10')
    expect(fundingCash('-2', 50_000, 0.0001, true)).toBe('0')
    // Half to even on the last digit: 1e-8 × 0.5.
    expect(fundingCash('0.00000001', 1, 0.5, false)).toBe('0')
    expect(divideHalfEven(3n, 2n)).toBe(2n)
    expect(fundingCash('0.00000003', 1, 0.5, false)).toBe('-0.00000002')
  })

  it('carries a position at its average price', () => {
    const position = createPosition()
    carryPosition(position, '-2', '100.5', 9)
    expect([position.cost, averagePriceOf(position), position.openedAt]).toEqual(['-201', '100.5', 9])
  })
})

/** The notional of a fill as the kinds define it, computed beside the code. */
function notionalOf(kind: InstrumentKind, change: bigint, price: bigint): bigint {
  const isInDollars = kind === 'inversePerpetual' || kind === 'inverseFuture'
  return isInDollars ? divideHalfEven(-change * 100_000_000n, price) : multiplyUnits(change, price)
}

describe('ledger by kind', () => {
  const kinds = [
    'spot',
    'linearPerpetual',
    'inversePerpetual',
    'inverseFuture',
    'inverseOption',
    'linearOption',
  ] as const
  const step = fc.record({
    fill: fillArb,
    at: fc.nat({ max: kinds.length - 1 }),
    funding: fc.integer({ min: -5_000_000, max: 5_000_000 }),
    transfer: fc.bigInt({ min: -1_000_000_000n, max: 1_000_000_000n }),
    settles: fc.boolean(),
    feeAbroad: fc.boolean(),
  })

  it('property: each currency balances exactly over fills, fees, funding, transfers and settlements of all kinds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        // Linear kinds settle in the quote, inverse ones in the coin.
        const books = { quote: createLedger('1000.1'), coin: createLedger('2.00000003') }
        const cash = { quote: parseUnits('1000.1'), coin: parseUnits('2.00000003') }
        const positions = kinds.map(() => createPosition())
        for (const { fill, at, funding, transfer, settles, feeAbroad } of steps) {
          const kind = kinds[at]!
          const position = positions[at]!
          const own = kind.startsWith('inverse') ? 'coin' : 'quote'
          const payer = feeAbroad ? (own === 'coin' ? 'quote' : 'coin') : own
          applyFill(books[own], position, fill, 1, kind, books[payer])
          cash[own] -= notionalOf(kind, signed(fill), parseUnits(fill.price))
          cash[payer] -= parseUnits(fill.fee)
          const paid = fundingCash(position.quantity, 50_000.5, funding / 1e10, false, kind)
          applyFunding(books[own], [{ position, cash: paid }])
          applyTransfer(books[own], formatUnits(transfer))
          cash[own] += parseUnits(paid) + transfer
          if (!settles) continue
          const held = parseUnits(position.quantity)
          applySettlement(books[own], position, settlementOf(position, '123.45', kind))
          cash[own] += notionalOf(kind, held, parseUnits('123.45'))
        }
        for (const own of ['quote', 'coin'] as const) {
          const ledger = books[own]
          const open = positions.filter((_, i) => kinds[i]!.startsWith('inverse') === (own === 'coin'))
          const cost = open.reduce((sum, position) => sum + parseUnits(position.cost), 0n)
          expect(parseUnits(ledger.balance)).toBe(cash[own] + cost)
          expect(parseUnits(ledger.balance)).toBe(
            parseUnits(ledger.opening) +
              parseUnits(ledger.realised) -
              parseUnits(ledger.fees) +
              parseUnits(ledger.funding) +
              parseUnits(ledger.transfers ?? '0'),
          )
        }
      }),
    )
  })

  it('inverse funding, profits and synthetic dollars of the oracles', () => {
    // funding.json, accrual_inverse: coins on −60 000 dollars; ten thousandfold, so that rounding stays below its tolerance.
    const marks = [30_000, 30_150.5, 29_890.25, 30_510, 30_440.75]
    const rates = [0.0001, 0.00012, -5e-5, 0.0003, 1e-5]
    const coins = [0.0002, 0.000238802009917, -0.000100367176588, 0.000589970501475, 1.97104210639e-5]
    marks.forEach((mark, i) => {
      const cash = fundingCash('-600000000', mark, rates[i]!, false, 'inversePerpetual')
      expect(Number(cash) / 10_000).toBeCloseTo(coins[i]!, 11)
    })
    const short = (dollars: string, entry: string) => {
      const position = createPosition()
      const fill = { side: 'sell', price: entry, quantity: dollars, fee: '0' } as const
      applyFill(createLedger('0'), position, fill, 1, 'inverseFuture')
      return position
    }
    // basis.json, invpnl and synthetic_usd.
    expect(settlementOf(short('100000', '50000'), '40000', 'inverseFuture')).toBe('0.5')
    for (const exit of [25_000, 50_000, 100_000]) {
      const profit = Number(settlementOf(short('100000', '50000'), String(exit), 'inverseFuture'))
      expect((2 + profit) * exit).toBeCloseTo(100_000, 6)
    }
    expect(averagePriceOf(short('100000', '50000'), 'inverseFuture')).toBe('50000')
  })

  it('pays of what ends: futures the index, options what they are in the money, inverse ones in coins', () => {
    const at = (kind: InstrumentKind, option: 'call' | 'put' | undefined, strike: string) =>
      formatUnits(settlementPrice({ kind, option }, parseUnits('60000'), parseUnits(strike)))
    expect(at('inverseFuture', undefined, '0')).toBe('60000')
    expect(at('inverseOption', 'call', '45000')).toBe('0.25')
    expect(at('inverseOption', 'put', '45000')).toBe('0')
    expect(at('inverseOption', 'put', '70000')).toBe('0.16666667')
    expect(at('linearOption', 'put', '70000')).toBe('10000')
    expect(() => worthUnits('inverseFuture', 1n, 0n)).toThrow(/price/)
  })
})

describe('orders in flight', () => {
  const open = (order: string, side: 'buy' | 'sell', quantity: string, reduceOnly = false) =>
    ({ order, side, quantity, reduceOnly, purpose: 'rebalance' }) as const

  it('are reduced by new trades only, and over when filled', () => {
    const book = createOrderBook()
    openOrder(book, open('o-1', 'sell', '3', true), 0)
    openOrder(book, open('o-2', 'buy', '1'), 1)
    expect([inFlight(book, 0), hasReducingOrder(book, 0), hasReducingOrder(book, 1)]).toEqual([
      -300000000n,
      true,
      false,
    ])
    expect(isNewTrade(book, 'o-1', 'a', '1')).toBe(true)
    expect(isNewTrade(book, 'o-1', 'a', '1')).toBe(false)
    expect(inFlight(book, 0)).toBe(-200000000n)
    expect(isNewTrade(book, 'o-1', 'b', '2')).toBe(true)
    expect([hasOpenOrder(book, 0), hasOpenOrder(book, 1)]).toEqual([false, true])
    expect(isNewTrade(book, 'o-1', 'b', '2')).toBe(false)
    expect(isNewTrade(book, 'o-1', 'late', '2')).toBe(true)
    closeOrder(book, 'o-2')
    closeOrder(book, 'o-2')
    expect(book.open).toEqual([])
  })

  it('of unknown origin are booked once, and memory of closed ones is bounded', () => {
    const book = createOrderBook()
    expect(isNewTrade(book, 'x', 't', '1')).toBe(true)
    expect(isNewTrade(book, 'x', 't', '1')).toBe(false)
    for (let i = 0; i < 400; i++) isNewTrade(book, `y${i}`, 't', '1')
    expect(book.closed).toHaveLength(256)
  })
})
