import { describe, expect, it } from 'vitest'
import { Recorder } from '#backtest/recorder'
import { formatUnits, parseUnits } from '#core/decimal'
import { Sfc32 } from '#core/random'
import { DAY_MS } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import type { LegTerms } from '#events/package.events'
import { worthOf } from '#risk/instruments/kinds'
import { applyFill, applyFunding, createLedger, createPosition } from '#risk/ledger'
import { event } from '../given.js'
import { chain, filled, INVERSE, LINEAR, leg, named, OPTION, SPOT } from './package-events.js'
import { START } from './recorded.js'

const PERP = 'test.usdm.BTCUSDT'
const COIN = 'test.spot.BTCUSDT'
const FUTURE = 'deribit.future.BTC-27MAR26'
const CALL = 'deribit.option.BTC-27MAR26-60000-C'

function recorder(capital = 100_000, price = 50_000) {
  const made = new Recorder({
    start: START,
    capital,
    instruments: [{ id: PERP, proxyOf: COIN }, { id: COIN }],
    signals: ['tsmom', 'carry', 'basis', 'vrp'],
  })
  const prices = { BTC: price }
  made.priceCoins((currency) => (currency === 'BTC' ? prices.BTC : 0))
  return { made, prices, see: (events: readonly AnyEvent[]) => events.map((one) => made.observe(one)) }
}

describe('books of package legs, by hand', () => {
  it('linear: two legs in the quote, fees, slippage and funding apart; all of it its signal’s', () => {
    const { made, see } = recorder()
    made.marks.set([50_000, 50_000])
    see([named('carry/BTC', [leg(COIN, SPOT), leg(PERP, LINEAR)])])
    see(filled('carry/BTC', COIN, 'buy', '1', '50010', '50.01', 'USDT', '50000'))
    see(filled('carry/BTC', PERP, 'sell', '1', '49990', '24.995', 'USDT', '50000'))
    made.marks.set([50_980, 51_000])
    const row = {
      instrument: PERP,
      quantity: '-1',
      mark: 50_000,
      rate: 1e-4,
      proxy: false,
      cash: '5',
      package: 'carry/BTC',
    }
    see([event('FundingAccrued', { rows: [row] })])
    const profit = 51_000 - 50_010 + (49_990 - 50_980) - 50.01 - 24.995 + 5
    made.day(START + DAY_MS, 100_000 + profit)
    const { packages, contribution, ledgerGap, gross, net, weights, accrued, traded } = made.finish()
    expect(ledgerGap).toBeLessThan(1e-8)
    expect(packages[0]).toMatchObject({ signal: 'carry', packages: 1, fills: 2, funding: 5, legDays: 2, proxyDays: 1 })
    expect(packages[0]!.fees).toBeCloseTo(75.005, 9)
    expect(packages[0]!.slippage).toBeCloseTo(20, 9)
    expect(contribution.map((own) => own[0]!)).toEqual([0, expect.closeTo(profit, 8), 0, 0, 0])
    expect(accrued[0]).toBe(5)
    const nav = 100_000 + profit
    expect(gross[1]).toBeCloseTo((2 * 50_000) / nav, 12) // coins at the price of the coin
    expect(net[1]).toBeCloseTo(0, 12)
    expect(weights.map((own) => own[1])).toEqual([0, 0]) // no directional position
    expect(traded[0]).toBeCloseTo(1, 12)
  })

  it('inverse: dollars whose profits are coins, and the coins go on with their price', () => {
    const { made, prices, see } = recorder(100_000, 60_000)
    see([named('basis/F', [leg(FUTURE, INVERSE)])])
    see(filled('basis/F', FUTURE, 'sell', '60000', '60000', '0.0005', 'BTC'))
    see([event('MarkChanged', { instrument: FUTURE, mark: 50_000, index: 50_000, at: 1 })])
    prices.BTC = 50_000
    made.day(START + DAY_MS, 100_000 + (1.2 - 1 - 0.0005) * 50_000)
    const settled = { instrument: FUTURE, quantity: '-60000', price: '48000', realised: '0.25', package: 'basis/F' }
    see([event('PositionSettled', { ...settled, cause: 'delivery', currency: 'BTC', deliveryPrice: '48000' })])
    prices.BTC = 40_000
    made.day(START + 2 * DAY_MS, 100_000 + (1.25 - 1 - 0.0005) * 40_000)
    const { packages, ledgerGap, trips, gross, net } = made.finish()
    expect(ledgerGap).toBeLessThan(1e-8)
    expect([...packages[0]!.profit]).toEqual([expect.closeTo(9975, 8), expect.closeTo(9980 - 9975, 8)])
    expect(packages[0]).toMatchObject({ settlements: 1, fills: 1 })
    expect(packages[0]!.fees).toBeCloseTo(30, 9)
    expect(gross[1]).toBeCloseTo((1.2 * 50_000) / 109_975, 12)
    expect(gross[2]).toBe(0)
    expect(net[1]).toBeCloseTo((-1.0005 * 50_000) / 109_975, 12)
    expect(net[2]).toBeCloseTo((0.2495 * 40_000) / 109_980, 12) // the coins that were won and kept
    expect(trips).toHaveLength(1)
  })

  it('options: a premium in coins, marked by the chain that was seen before and after, paid at expiry', () => {
    const { made, see } = recorder(100_000, 60_000)
    see([chain({ [CALL]: 0.05 }), named('vrp/BTC', [leg(CALL, OPTION, 0.5)])])
    see(filled('vrp/BTC', CALL, 'sell', '2', '0.049', '0.0006', 'BTC', '0.05'))
    made.day(START + DAY_MS, 100_000 + (0.098 - 0.0006 - 0.1) * 60_000)
    see([chain({ [CALL]: 0.03 })])
    made.day(START + 2 * DAY_MS, 100_000 + (0.098 - 0.0006 - 0.06) * 60_000)
    const settled = { instrument: CALL, quantity: '-2', price: '0.02', realised: '0.058', package: 'vrp/BTC' }
    see([event('PositionSettled', { ...settled, cause: 'expiry', currency: 'BTC', deliveryPrice: '61224.48' })])
    made.day(START + 3 * DAY_MS, 100_000 + (0.098 - 0.0006 - 0.04) * 60_000)
    const { packages, ledgerGap, net, speech } = made.finish()
    expect(ledgerGap).toBeLessThan(1e-8)
    expect(packages[0]!.slippage).toBeCloseTo(2 * 0.001 * 60_000, 8)
    expect(net[1]).toBeCloseTo(((-2 * 0.5 + 0.098 - 0.0006) * 60_000) / (100_000 - 156), 10)
    expect([...speech.find(({ signal }) => signal === 'vrp')!.live]).toEqual([1, 1, 0])
  })

  it('charges a fee of a directional position in another coin at its price, and the rest is nobody’s', () => {
    const { made, prices, see } = recorder()
    made.marks.set([50_000, 50_000])
    see(filled(undefined, PERP, 'buy', '1', '50000', '0.001', 'BTC'))
    prices.BTC = 40_000
    made.day(START + DAY_MS, 100_000 - 0.001 * 40_000)
    const { fees, contribution, ledgerGap } = made.finish()
    expect(ledgerGap).toBeLessThan(1e-8)
    expect(fees[0]).toBeCloseTo(50, 9)
    expect(contribution.at(-1)![0]).toBeCloseTo(-50 + 10, 8) // no blend: the whole position is the residual's
  })
})

describe('coins that are converted', () => {
  const converted = (amount: string, price: string, cost: string, proceeds: string) =>
    event('BalanceConverted', {
      currency: 'BTC',
      amount,
      into: 'USDT',
      price,
      costBps: 12,
      cost,
      proceeds,
      reason: 'beyond the band',
    })

  it('are their signals’: each what its packages realised, at its share of the cost; open positions stay as they are', () => {
    const { made, prices, see } = recorder(100_000, 60_000)
    see([named('basis/F', [leg(FUTURE, INVERSE)]), named('vrp/BTC', [leg(CALL, OPTION, 0.5)])])
    see([chain({ [CALL]: 0.05 })])
    see(filled('basis/F', FUTURE, 'sell', '60000', '60000', '0', 'BTC'))
    see(filled('vrp/BTC', CALL, 'sell', '2', '0.05', '0.001', 'BTC', '0.05'))
    // Half of the future is bought back at 48 000: +0.125 coins. The premium is no profit yet, its fee is a loss.
    see(filled('basis/F', FUTURE, 'buy', '30000', '48000', '0', 'BTC'))
    see([event('MarkChanged', { instrument: FUTURE, mark: 48_000, index: 48_000, at: 1 })])
    prices.BTC = 48_000
    // 0.124 × 48 000 = 5 952, cost 7.1424.
    see([converted('0.124', '48000', '7.1424', '5944.8576')])
    const nav = 100_000 + 5_944.8576 + 0.125 * 48_000
    made.day(START + DAY_MS, nav)
    // What is converted moves no more: the open half of the future alone, (30 000 / 40 000 − 0.5) coins, and the premium.
    prices.BTC = 40_000
    see([event('MarkChanged', { instrument: FUTURE, mark: 40_000, index: 40_000, at: 2 })])
    made.day(START + 2 * DAY_MS, 100_000 + 5_944.8576 + 0.25 * 40_000)
    const { packages, contribution, ledgerGap } = made.finish()
    expect(ledgerGap).toBeLessThan(1e-8)
    const [basis, vrp] = packages
    const shares = [(7.1424 * 125) / 126, 7.1424 / 126]
    expect(basis!.profit[0]).toBeCloseTo(6_000 - shares[0]! + 6_000, 6)
    expect(basis!.profit[1]).toBeCloseTo(10_000 - 6_000, 6)
    expect(vrp!.profit[0]).toBeCloseTo(-48 - shares[1]!, 6)
    expect(vrp!.profit[1]).toBeCloseTo(0, 6)
    expect(basis!.fees).toBeCloseTo(shares[0]!, 6)
    expect(contribution.at(-1)![0]).toBeCloseTo(0, 6)
  })

  it('are nobody’s where no package won or lost them', () => {
    const { made, prices, see } = recorder()
    made.marks.set([50_000, 50_000])
    see(filled(undefined, PERP, 'buy', '1', '50000', '0.01', 'BTC'))
    see([converted('-0.01', '50000', '0.6', '-500.6')])
    prices.BTC = 10_000
    made.day(START + DAY_MS, 100_000 - 500.6)
    const { contribution, ledgerGap } = made.finish()
    expect(ledgerGap).toBeLessThan(1e-8)
    expect(contribution.at(-1)![0]).toBeCloseTo(-500.6, 8)
  })
})

describe('money paid in and taken out', () => {
  const transfer = (currency: string, amount: string) => event('FundsTransferred', { currency, amount, reason: 'test' })

  it('changes NAV, never a return: the returns between transfers multiply', () => {
    const { made, see } = recorder()
    made.marks.set([50_000, 50_000])
    see(filled(undefined, PERP, 'buy', '1', '50000'))
    made.marks[0] = 60_000 // 110,000: +10 %
    see([transfer('USDT', '110000')])
    made.marks[0] = 49_000 // 209,000: −5 %
    made.day(START + DAY_MS, 209_000)
    see([transfer('USDT', '-9000')])
    made.day(START + 2 * DAY_MS, 200_000)
    const { returns, transfers, equity, bases, contribution, ledgerGap } = made.finish()
    expect([...returns]).toEqual([expect.closeTo(1.1 * 0.95 - 1, 12), expect.closeTo(0, 12)])
    expect([...transfers]).toEqual([110_000, -9000])
    expect([...equity]).toEqual([100_000, 209_000, 200_000])
    expect([...bases]).toEqual([220_000, 200_000])
    expect(contribution.reduce((sum, own) => sum + own[0]!, 0)).toBeCloseTo(-1000, 8)
    expect(ledgerGap).toBeLessThan(1e-8)
  })

  it('takes coins at their price: what they win afterwards is a return', () => {
    const { made, prices, see } = recorder()
    see([transfer('BTC', '2')])
    prices.BTC = 55_000
    made.day(START + DAY_MS, 210_000)
    const { returns, contribution, transfers } = made.finish()
    expect(returns[0]).toBeCloseTo(0.05, 12)
    expect(transfers[0]).toBe(100_000)
    expect(contribution.at(-1)![0]).toBeCloseTo(10_000, 8)
  })

  it('takes coins without a price when their first price comes', () => {
    const { made, prices, see } = recorder(100_000, 0)
    see([transfer('BTC', '1')])
    made.day(START + DAY_MS, 100_000)
    prices.BTC = 50_000
    made.day(START + 2 * DAY_MS, 150_000)
    prices.BTC = 65_000
    made.day(START + 3 * DAY_MS, 165_000)
    const { returns, transfers } = made.finish()
    expect([...returns]).toEqual([0, 0, expect.closeTo(0.1, 12)])
    expect([...transfers]).toEqual([0, 50_000, 0])
  })
})

describe('the ledger of risk and the books of the recorder', () => {
  const KINDS: readonly [string, LegTerms, number][] = [
    [COIN, SPOT, 50_000],
    [PERP, LINEAR, 50_000],
    [FUTURE, INVERSE, 50_000],
    [CALL, OPTION, 0.05],
  ]

  it.each([1, 2, 3, 4, 5])('agree after any sequence of fills and funding (seed %i)', (seed) => {
    const random = Sfc32.seeded(seed)
    const { made, prices, see } = recorder(1_000_000)
    const ledgers = { USDT: createLedger('1000000'), BTC: createLedger('0') }
    const positions = KINDS.map(() => createPosition())
    const marks = KINDS.map(([, , price]) => price)
    see([
      named(
        'carry/X',
        KINDS.map(([id, terms]) => leg(id, terms)),
      ),
    ])
    for (let day = 1; day <= 40; day++) {
      for (let n = 0; n < 6; n++) {
        const k = Math.floor(random.next() * KINDS.length)
        const [id, terms] = KINDS[k]!
        const settle = terms.settle === 'BTC' ? ledgers.BTC : ledgers.USDT
        const side = random.next() < 0.5 ? 'buy' : 'sell'
        const quantity = (Math.ceil(random.next() * 100) * (terms.kind === 'inverseFuture' ? 10 : 0.01)).toFixed(2)
        const price = (marks[k]! * (1 + 0.002 * random.normal())).toFixed(4)
        const fee = (random.next() * (terms.settle === 'BTC' ? 1e-4 : 5)).toFixed(6)
        see(filled('carry/X', id, side, quantity, price, fee, terms.settle))
        applyFill(settle, positions[k]!, { side, price, quantity, fee }, day, terms.kind)
        if (random.next() < 0.3) {
          const cash = formatUnits(parseUnits((random.normal() * 1e-3).toFixed(8)))
          const row = { instrument: id, quantity: '1', mark: 1, rate: 0, proxy: false, cash, package: 'carry/X' }
          see([event('FundingAccrued', { rows: [{ ...row, currency: terms.settle }] })])
          applyFunding(settle, [{ position: positions[k]!, cash }])
        }
      }
      marks.forEach((mark, k) => {
        marks[k] = mark * Math.exp(0.03 * random.normal())
      })
      prices.BTC = 50_000 * Math.exp(0.05 * random.normal())
      made.marks.set([marks[1]!, marks[0]!])
      see([
        event('MarkChanged', { instrument: FUTURE, mark: marks[2]!, index: null, at: 1 }),
        chain({ [CALL]: marks[3]! }),
      ])
      let nav = ledgers.USDT.balanceNumber + ledgers.BTC.balanceNumber * prices.BTC
      KINDS.forEach(([, { kind, settle }], k) => {
        const { quantityNumber, costNumber } = positions[k]!
        if (quantityNumber === 0) return
        nav += (worthOf(kind, quantityNumber, marks[k]!) - costNumber) * (settle === 'BTC' ? prices.BTC : 1)
      })
      made.day(START + day * DAY_MS, nav)
    }
    const { ledgerGap, packages, equity, days } = made.finish()
    expect(ledgerGap).toBeLessThan(1e-2)
    for (let d = 0; d < days; d++) expect(packages[0]!.profit[d]).toBeCloseTo(equity[d + 1]! - equity[d]!, 2)
  })

  it('differ where a fill was lost', () => {
    const { made, see } = recorder()
    made.marks.set([50_000, 50_000])
    see([named('carry/BTC', [leg(PERP, LINEAR)])])
    see(filled('carry/BTC', PERP, 'buy', '1', '50000'))
    made.marks[0] = 50_100
    made.day(START + DAY_MS, 100_000)
    expect(made.finish().ledgerGap).toBeCloseTo(100, 8)
  })
})
