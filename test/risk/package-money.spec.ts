/** What packages pay and receive: ends of legs, funding, fees, transfers, and what a child run takes over. */
import { describe, expect, it } from 'vitest'
import { HOUR_MS } from '#core/time'
import { carriedState, equity, positionSnapshot } from '#risk/engine.decider'
import { type Draft, typed } from './book.js'
import {
  BASIS,
  CALL,
  COIN_PERP,
  END_HOURS,
  FUTURE,
  NEXT_FUTURE,
  PackageDesk,
  PERP,
  PUT,
  SPOT,
  STRADDLE,
  WING_CALL,
  WING_PUT,
} from './package-desk.js'

const data = (draft: Draft | undefined) => draft!.data
const orders = (drafts: readonly Draft[]) =>
  typed(drafts, 'OrderApproved').map(({ data: { instrument, side, quantity, purpose } }) => [
    instrument,
    side,
    quantity,
    purpose,
  ])
const imbalances = (desk: PackageDesk) => typed(desk.said, 'PackageImbalanced').map(({ data: { action } }) => action)

describe('legs end', () => {
  const atEnd = (desk: PackageDesk, price: number): Draft[] => {
    desk.hour = END_HOURS - 1
    return desk.next(price)
  }

  it('a future is delivered at the index, exactly, in the coin; the spot leg goes at the next instant', () => {
    const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    const [settled] = typed(atEnd(desk, 66_000), 'PositionSettled')
    // 123 000 short at 61 500 and 66 000: 123 000 × (1/66 000 − 1/61 500) = −0.13636364 coins.
    expect(data(settled)).toEqual({
      instrument: FUTURE,
      quantity: '-123000',
      price: '66000',
      realised: '-0.13636364',
      cause: 'delivery',
      currency: 'BTC',
      deliveryPrice: '66000',
      package: 'basis/BTC',
    })
    expect(desk.state.accounts[0]).toMatchObject({ currency: 'BTC', balance: '-0.13636364' })
    const after = desk.next()
    expect(data(after[0])).toMatchObject({ action: 'unwinds', attempts: 0 })
    expect(orders(after)).toEqual([[SPOT, 'sell', '2', 'unwind']])
    desk.answer()
    desk.next()
    expect(desk.held('basis/BTC')).toEqual({ [SPOT]: 0, [FUTURE]: 0 })
    // A package that ended is not opened anew with the legs that are gone.
    expect(desk.blendPackages({ 'basis/BTC': 0.12 }).filter(({ type }) => type === 'OrderApproved')).toEqual([])
  })

  it('nothing is unwound twice when the signal closes in the step of the delivery', () => {
    const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    atEnd(desk, 66_000)
    expect(orders(desk.wish('basis', 0, BASIS, 'basis'))).toEqual([[SPOT, 'sell', '2', 'unwind']])
    desk.answer()
    desk.next()
    expect([imbalances(desk), desk.state.packages]).toEqual([[], []])
  })

  it('options in the money pay their value in coins, out of the money nothing; the hedge goes', () => {
    const desk = new PackageDesk().open('vrp', 0.12, STRADDLE, 'straddle')
    const settled = typed(atEnd(desk, 75_000), 'PositionSettled').map(({ data: row }) => [
      row.instrument,
      row.price,
      row.realised,
    ])
    expect(settled).toEqual([
      // 2 × (0.03 − 15 000 / 75 000), 2 × 0.03, 0.8 × (5 000 / 75 000 − 0.008), −0.8 × 0.008 coins.
      [CALL, '0.2', '-0.34'],
      [PUT, '0', '0.06'],
      [WING_CALL, '0.06666667', '0.04693334'],
      [WING_PUT, '0', '-0.0064'],
    ])
    expect(data(typed(desk.said, 'PositionSettled')[0])).toMatchObject({ cause: 'expiry', deliveryPrice: '75000' })
    expect(orders(desk.next())).toEqual([[COIN_PERP, 'sell', '6000', 'unwind']])
  })

  it('prices after the end do not count', () => {
    const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    desk.hour = END_HOURS - 2
    desk.next(66_000)
    desk.hour = END_HOURS + 5
    const [settled] = typed(desk.next(90_000), 'PositionSettled')
    expect(data(settled)).toMatchObject({ deliveryPrice: '66000' })
  })

  it('a delisted leg is settled at its last mark and the rest goes', () => {
    const desk = new PackageDesk().open('carry', 0.12)
    const drafts = desk.send('InstrumentDelisted', { instrument: PERP, reason: 'gone' })
    expect(data(drafts[0])).toMatchObject({ cause: 'delisted', package: 'carry/BTC', price: '60000', realised: '0' })
    expect(orders(desk.next())).toEqual([[SPOT, 'sell', '2', 'unwind']])
  })
})

describe('money', () => {
  it('funding of legs is paid in their currency: linear in the quote, inverse in the coin', () => {
    const desk = new PackageDesk().open('carry', 0.12)
    desk.open('vrp', 0.12, STRADDLE, 'straddle')
    desk.hour = 7
    for (const [instrument, rate] of [
      [PERP, 0.0001],
      [COIN_PERP, 0.0005],
    ] as const)
      desk.send(
        'FundingSettled',
        { instrument, settledAt: 8 * HOUR_MS, rate, intervalHours: 8, proxy: false },
        8 * HOUR_MS,
      )
    const rows = data(typed(desk.next(), 'FundingAccrued')[0]).rows as unknown[]
    expect(rows).toEqual([
      { instrument: PERP, quantity: '-2', mark: 60_000, rate: 0.0001, proxy: false, cash: '12', package: 'carry/BTC' },
      {
        instrument: COIN_PERP,
        quantity: '6000',
        mark: 60_000,
        rate: 0.0005,
        proxy: false,
        cash: '-0.00005',
        package: 'vrp/BTC',
        currency: 'BTC',
      },
    ])
    expect([desk.state.ledger.funding, desk.state.accounts[0]!.funding]).toEqual(['12', '-0.00005'])
  })

  it('fees go to the account of the currency that the fill names', () => {
    const desk = new PackageDesk()
    desk.next()
    desk.wish('basis', 0.12, BASIS, 'basis')
    desk.answer(() => 1, '0.001')
    expect(desk.state.ledger.fees).toBe('0.001')
    expect(desk.state.accounts[0]).toMatchObject({ currency: 'BTC', fees: '0.001', balance: '-0.001' })
    expect(equity(desk.state)).toBeCloseTo(1_000_000 - 0.001 - 60, 6)
  })

  it('a transfer moves equity and peak, not the drawdown', () => {
    const desk = new PackageDesk().open('carry', 0.15, [{ role: 'spot', instrument: SPOT, ratio: 1 }])
    desk.next(54_000)
    const before = positionSnapshot(desk.state)
    expect(before.drawdown).toBeLessThan(-0.01)
    desk.send('FundsTransferred', { currency: 'USDT', amount: '500000', reason: 'more' })
    desk.send('FundsTransferred', { currency: 'BTC', amount: '2', reason: 'coins' })
    const after = positionSnapshot(desk.state)
    expect(after.equity).toBeCloseTo(before.equity + 500_000 + 2 * 54_000, 6)
    expect(after.drawdown).toBeCloseTo(before.drawdown, 12)
    expect([after.transfers, after.balances?.[0]?.transfers]).toEqual(['500000', '2'])
    desk.send('FundsTransferred', { currency: 'USDT', amount: '-500000', reason: 'less' })
    expect(positionSnapshot(desk.state).drawdown).toBeCloseTo(before.drawdown, 12)
  })

  it('a currency without a price counts at nothing, and enters as a transfer when it has one', () => {
    const desk = new PackageDesk()
    desk.send('FundsTransferred', { currency: 'BTC', amount: '1', reason: 'early' })
    expect([equity(desk.state), desk.state.peak]).toEqual([1_000_000, 1_000_000])
    desk.next(60_000)
    expect([equity(desk.state), positionSnapshot(desk.state).drawdown]).toEqual([1_060_000, 0])
    expect(desk.state.peak).toBe(1_060_000)
  })
})

describe('a child run', () => {
  it('takes over balances and packages to the last digit, and mends what its parent left open', () => {
    const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    desk.open('vrp', 0.12, STRADDLE, 'straddle')
    desk.send('FundsTransferred', { currency: 'BTC', amount: '0.12345678', reason: 'coins' })
    desk.next(63_210)
    desk.wish('carry', 0.06)
    desk.answer((instrument) => (instrument === PERP ? 0 : 1))
    const child = new PackageDesk()
    child.send('StateCarried', { parent: 'p', ...carriedState(desk.state) })
    expect(equity(child.state)).toBeCloseTo(equity(desk.state), 6)
    expect(carriedState(child.state)).toEqual(carriedState(desk.state))
    child.hour = desk.hour
    child.price = desk.price
    const drafts = child.next(63_210)
    expect(orders(drafts)).toEqual([[PERP, 'sell', '0.962', 'package']])
    expect(positionSnapshot(child.state).packages!.map((row) => row.package)).toEqual([
      'basis/BTC',
      'vrp/BTC',
      'carry/BTC',
    ])
  })
})

it('a child closes a package of which no signal speaks any more', () => {
  const desk = new PackageDesk().open('carry', 0.12)
  const child = new PackageDesk()
  child.send('StateCarried', { parent: 'p', ...carriedState(desk.state) }, HOUR_MS)
  child.hour = 10
  child.next()
  expect(child.blendPackages({})).toEqual([])
  child.hour = 60
  child.next()
  expect(orders(child.blendPackages({}))).toEqual([
    [SPOT, 'sell', '2', 'unwind'],
    [PERP, 'buy', '2', 'unwind'],
  ])
})

it('a leg outside the universe is marked by its quotes, each in the unit of its venue', () => {
  const desk = new PackageDesk().open('vrp', 0.12, STRADDLE, 'straddle')
  const before = equity(desk.state)
  const sizes = { bidSize: 1, askSize: 1 }
  desk.send('QuoteChanged', { instrument: CALL, bid: 0.034, ask: 0.036, ...sizes })
  // Two calls short, 0.005 coins against them.
  expect(equity(desk.state)).toBeCloseTo(before - 2 * 0.005 * 60_000, 6)
})

it('a leg that was seen earlier than the coin moves on with it, at its premium', () => {
  const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
  const before = equity(desk.state)
  desk.next(66_000, [FUTURE, NEXT_FUTURE, COIN_PERP, CALL])
  expect(equity(desk.state)).toBeCloseTo(before, 4)
  desk.marks[FUTURE] = 66_000 * 1.025
  desk.next(66_000)
  expect(equity(desk.state)).toBeCloseTo(before, 4)
})

it('fees and funding of directional positions keep to their currencies too', () => {
  const desk = new PackageDesk()
  desk.next()
  const [order] = typed(desk.blendPackages({}, { [PERP]: 0.06 }), 'OrderApproved')
  desk.waiting = []
  const { order: id, instrument, quantity } = order!.data as Record<string, string>
  const fill = {
    order: id!,
    instrument: instrument!,
    trade: 't',
    side: 'buy',
    price: '60000',
    quantity: quantity!,
  } as const
  const rest = { remaining: '0', liquidity: 'taker', referencePrice: '60000', slippageBps: 0 } as const
  desk.send('OrderFilled', { ...fill, ...rest, fee: '0.01', feeCurrency: 'BTC' })
  expect(desk.state.ledger).toMatchObject({ fees: '0', balance: '1000000' })
  expect(desk.state.accounts).toMatchObject([{ currency: 'BTC', fees: '0.01', balance: '-0.01' }])
  expect(equity(desk.state)).toBeCloseTo(999_400, 8)
})

it('stops of directional positions never touch legs', () => {
  const desk = new PackageDesk().open('carry', 0.12)
  desk.next(30_000)
  expect(desk.waiting).toEqual([])
  expect(desk.state.hits).toEqual([])
})
