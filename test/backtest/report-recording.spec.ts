import { describe, expect, it } from 'vitest'
import { SubBooks } from '#backtest/attribution'
import { buyAndHold, equalWeight } from '#backtest/benchmark'
import { Recorder } from '#backtest/recorder'
import { DAY_MS } from '#core/time'
import { event } from '../given.js'
import { START, syntheticRecording } from './recorded.js'

const BTC = 'test.usdm.BTCUSDT'

function fill(side: 'buy' | 'sell', quantity: string, price: string, fee: string, referencePrice = price) {
  const names = { order: 'o-1-0', instrument: BTC, trade: 't', feeCurrency: 'USDT', liquidity: 'taker' } as const
  return event('OrderFilled', { ...names, side, price, quantity, remaining: '0', fee, referencePrice, slippageBps: 0 })
}

function recorder(): Recorder {
  return new Recorder({ start: START, capital: 1000, instruments: [{ id: BTC }], signals: ['tsmom', 'donchian'] })
}

const blend = (weight: number, tsmom: number, donchian: number, outcome: 'blended' | 'conflict' = 'blended') => {
  const part = { weight: 0, confidence: 1, budget: 1, seq: 1 }
  const parts = [
    { signal: 'tsmom', ...part, contribution: tsmom },
    { signal: 'donchian', ...part, contribution: donchian },
  ]
  return event('PortfolioBlended', {
    instant: START,
    scheduled: false,
    rows: [{ instrument: BTC, weight, agreement: 1, outcome, parts }],
  })
}

describe('what a recorder keeps', () => {
  it('adds up a position by hand: profit, weight, fees, slippage, turnover', () => {
    const r = recorder()
    r.marks[0] = 100
    r.observe(fill('buy', '2', '101', '1', '100'))
    r.marks[0] = 110
    r.day(START + DAY_MS, 1000 + 2 * (110 - 101) - 1)
    const made = r.finish()
    expect([...made.profit[0]!]).toEqual([17])
    expect(made.weights[0]![1]).toBeCloseTo(220 / 1017, 14)
    expect([made.fees[0], made.slippage[0]]).toEqual([1, 2])
    expect(made.traded[0]).toBeCloseTo(0.202, 14)
    expect(made.ledgerGap).toBeLessThan(1e-9)
  })

  it('finds a ledger that disagrees with the fills', () => {
    const r = recorder()
    r.marks[0] = 100
    r.observe(fill('buy', '2', '100', '0'))
    r.day(START + DAY_MS, 1003)
    expect(r.finish().ledgerGap).toBeCloseTo(3, 9)
  })

  it('closes a round trip at flat and at a flip, net of fees and funding', () => {
    const r = recorder()
    r.marks[0] = 100
    r.observe(fill('buy', '1', '100', '0.1'))
    r.observe(fill('buy', '1', '102', '0.1'))
    const row = { instrument: BTC, quantity: '2', mark: 100, rate: 0, proxy: false, cash: '-0.5' }
    r.observe(event('FundingAccrued', { rows: [row] }))
    r.observe(fill('sell', '3', '105', '0.3'))
    r.observe(fill('buy', '1', '106', '0'))
    r.day(START + DAY_MS, 1000)
    const { trips } = r.finish()
    expect(trips.map((trip) => trip.side)).toEqual(['long', 'short'])
    expect(trips[0]!.profit).toBeCloseTo(2 * 105 - 202 - 0.2 - 0.5 - 0.2, 10)
    expect(trips[1]!.profit).toBeCloseTo(-1 - 0.1, 10)
  })

  it('settles a delisted position at its last mark', () => {
    const r = recorder()
    r.marks[0] = 100
    r.observe(fill('buy', '1', '100', '0'))
    r.observe(event('PositionSettled', { instrument: BTC, quantity: '1', price: '90', realised: '-10' }))
    r.day(START + DAY_MS, 990)
    const made = r.finish()
    expect(made.ledgerGap).toBe(0)
    expect(made.fills.at(-1)).toMatchObject({ quantity: -1, price: 90, purpose: 'settled' })
    expect(made.trips).toHaveLength(1)
  })

  it('carries a day without an instant flat, and says so', () => {
    const r = recorder()
    r.day(START + 3 * DAY_MS, 1010)
    const made = r.finish(START + 3 * DAY_MS)
    expect([...made.equity]).toEqual([1000, 1000, 1000, 1010, 1010])
    expect(made.carriedDays).toBe(3)
  })

  it('refuses days that are no midnight, that repeat, or an equity that is gone', () => {
    const r = recorder()
    r.day(START + DAY_MS, 1000)
    expect(() => r.day(START + DAY_MS, 1000)).toThrow(/later day/)
    expect(() => r.day(START + 1.5 * DAY_MS, 1000)).toThrow(/later day/)
    expect(() => r.day(START + 2 * DAY_MS, 0)).toThrow(/equity/)
    expect(() => r.indexOf('test.usdm.NOPE')).toThrow(/universe/)
  })

  it('agrees with a plain ledger over 400 days: NAV, symbols and signals each add up to the change of equity', () => {
    const made = syntheticRecording()
    expect(made.ledgerGap).toBeLessThan(1e-5)
    expect(made.fills.length).toBeGreaterThan(100)
    for (let d = 0; d < made.days; d++) {
      const change = made.equity[d + 1]! - made.equity[d]!
      expect(made.profit.reduce((sum, p) => sum + p[d]!, 0)).toBeCloseTo(change, 4)
      expect(made.contribution.reduce((sum, p) => sum + p[d]!, 0)).toBeCloseTo(change, 4)
    }
  })
})

describe('attribution to signals', () => {
  it('splits a position by what each adds to the blend; one that pulls against the others holds the other side', () => {
    const r = recorder()
    r.marks[0] = 100
    r.observe(blend(0.1, 0.15, -0.05))
    r.observe(fill('buy', '1', '100', '0.4'))
    r.marks[0] = 110
    r.day(START + DAY_MS, 1009.6)
    const [tsmom, donchian, rest] = r.finish().contribution.map((c) => c[0]!)
    expect(tsmom).toBeCloseTo(1.5 * 10 - 0.3, 10)
    expect(donchian).toBeCloseTo(-0.5 * 10 - 0.1, 10)
    expect(rest).toBeCloseTo(0, 10)
  })

  it('crosses shares between signals at the mark when the blend changes without a trade', () => {
    const r = recorder()
    r.marks[0] = 100
    r.observe(blend(0.1, 0.1, 0))
    r.observe(fill('buy', '1', '100', '0'))
    r.marks[0] = 110
    r.observe(blend(0.1, 0, 0.1))
    r.marks[0] = 105
    r.day(START + DAY_MS, 1005)
    expect(r.finish().contribution.map((c) => c[0]!)).toEqual([10, -5, 0])
  })

  it('lets the holders of a position bear its unwinding after a conflict', () => {
    const r = recorder()
    r.marks[0] = 100
    r.observe(blend(0.1, 0.1, 0))
    r.observe(fill('buy', '2', '100', '0'))
    r.observe(blend(0, 0.05, -0.05, 'conflict'))
    r.observe(fill('sell', '1', '90', '0'))
    r.observe(fill('sell', '1', '80', '0'))
    r.day(START + DAY_MS, 970)
    expect(r.finish().contribution.map((c) => c[0]!)).toEqual([-30, 0, 0])
  })

  it('gives the residual what nobody asked for, and what nearly cancels', () => {
    const books = new SubBooks(1, ['a', 'b'])
    books.filled(0, 0, 1, 100, 1)
    expect([0, 1, 2].map((k) => books.profit(k, Float64Array.of(110)))).toEqual([0, 0, 9])
    const cancelling = new SubBooks(1, ['a', 'b'])
    const parts = [
      { signal: 'signal/a', contribution: 0.1 },
      { signal: 'signal/b', contribution: -0.0999 },
    ]
    cancelling.blended(0, 0.0001, parts, 100)
    cancelling.filled(0, 0, 1, 100, 0)
    expect(cancelling.profit(2, Float64Array.of(101))).toBe(1)
  })
})

describe('benchmarks', () => {
  it('buys and holds the first instrument, costs paid at entry', () => {
    const made = { ...syntheticRecording({ days: 2 }), marks: [Float64Array.of(100, 110, 121)] }
    const curve = buyAndHold(made, 0, 10)
    expect(curve[0]).toBe(1_000_000)
    expect(curve[2]! / 1_000_000).toBeCloseTo(1.21 / 1.001, 12)
  })

  it('holds equal shares of the universe; what is not listed yet waits in cash', () => {
    const nan = Number.NaN
    const marks = [Float64Array.of(100, 110, 121), Float64Array.of(nan, 50, 100)]
    const curve = equalWeight({ ...syntheticRecording({ days: 2 }), marks }, 0)
    expect([...curve].map((e) => e / 1_000_000)).toEqual(
      [1, 1.05, 0.5 * 1.21 + 0.5 * 2].map((x) => expect.closeTo(x, 12)),
    )
    const instruments = [{ id: BTC }, { id: 'test.spot.BTCUSDT', isLeg: true }]
    const whole = equalWeight({ ...syntheticRecording({ days: 2 }), marks, instruments }, 0)
    expect(whole[2]! / 1_000_000).toBeCloseTo(1.21, 12) // what packages alone hold is no part of it
  })
})
