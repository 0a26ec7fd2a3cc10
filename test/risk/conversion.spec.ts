/** Coins that were won or lost: when they are converted, what that costs to the last digit, and what is left alone. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import { absUnits, divideHalfEven, formatUnits, multiplyUnits, ONE, parseUnits, unitsToNumber } from '#core/decimal'
import { HOUR_MS } from '#core/time'
import { carriedState, createRiskEngine, equity, positionSnapshot } from '#risk/engine.decider'
import { collateralOf } from '#risk/instruments/conversion'
import { type Draft, typed } from './book.js'
import { BASIS, END_HOURS, FUTURE, marketUniverse, PackageDesk, PERP, SPOT } from './package-desk.js'

const conversions = (drafts: readonly Draft[]) => typed(drafts, 'BalanceConverted').map(({ data }) => data)
const account = (desk: PackageDesk) => desk.state.accounts.find(({ currency }) => currency === 'BTC')!

/** Two coins of basis, delivered at a price: 123 000 short at 61 500. The spot leg is sold; the next hour is a midnight. */
function delivered(price: number, risk: object = {}): PackageDesk {
  const desk = new PackageDesk(risk)
  desk.marks[FUTURE] = 61_500
  desk.open('basis', 0.12, BASIS, 'basis')
  desk.hour = END_HOURS - 1
  desk.next(price)
  desk.next(price)
  desk.answer()
  desk.hour = 119
  return desk
}

function identities(desk: PackageDesk): void {
  for (const one of [desk.state.ledger, ...desk.state.accounts]) {
    const parts = [one.opening, one.realised, one.funding, one.transfers ?? '0', one.converted ?? '0']
    const sum = parts.reduce((all, part) => all + parseUnits(part), 0n) - parseUnits(one.fees)
    expect(one.balance).toBe(formatUnits(sum))
  }
}

describe('coins of a delivery', () => {
  it('a loss is bought back at the next scheduled rebalance, exactly, and the book no longer moves with the coin', () => {
    const desk = delivered(66_000)
    expect(account(desk).balance).toBe('-0.13636364')
    const before = desk.state.ledger.balance
    const drafts = desk.next(66_000)
    // 0.13636364 × 66 000 = 9 000.00024, 12 bp of it 10.800000288.
    expect(conversions(drafts)).toEqual([
      {
        currency: 'BTC',
        amount: '-0.13636364',
        into: 'USDT',
        price: '66000',
        costBps: 12,
        cost: '10.80000029',
        proceeds: '-9010.80024029',
        reason: 'beyond the band',
      },
    ])
    expect(account(desk)).toMatchObject({ balance: '0', converted: '0.13636364', realised: '-0.13636364' })
    expect(desk.state.ledger.converted).toBe('-9010.80024029')
    expect(parseUnits(desk.state.ledger.balance) - parseUnits(before)).toBe(parseUnits('-9010.80024029'))
    identities(desk)
    const nav = equity(desk.state)
    desk.next(99_000)
    expect(equity(desk.state)).toBe(nav)
    const view = positionSnapshot(desk.state)
    expect(view).toMatchObject({ converted: '-9010.80024029', net: 0 })
    expect(view.balances).toEqual([expect.objectContaining({ currency: 'BTC', converted: '0.13636364', value: 0 })])
  })

  it('a gain is sold; between rebalances nothing is', () => {
    const desk = delivered(55_000)
    desk.hour = 110
    expect(conversions(desk.next(55_000))).toEqual([])
    desk.hour = 119
    const [one] = conversions(desk.next(55_000))
    // 123 000 × (1/55 000 − 1/61 500) = 0.23636364.
    expect(one).toMatchObject({ amount: '0.23636364', cost: '15.60000024', proceeds: '12984.40019976' })
    expect(account(desk).balance).toBe('0')
    identities(desk)
  })

  it('a delivery in the step of the rebalance is converted in it, behind its settlement', () => {
    const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    desk.hour = 119
    const drafts = desk.next(66_000)
    expect(drafts.slice(0, 2).map(({ type }) => type)).toEqual(['PositionSettled', 'BalanceConverted'])
    // Delivered at the index of its end, 60 000: 123 000 × (1/60 000 − 1/61 500); converted at the price of now.
    expect(conversions(drafts)[0]).toMatchObject({ amount: '0.05', price: '66000' })
    expect(account(desk).balance).toBe('0')
    identities(desk)
  })

  it('passes a halt', () => {
    const desk = delivered(66_000)
    desk.command('halt')
    expect(desk.state.halted).toBe(true)
    expect(conversions(desk.next(66_000))).toHaveLength(1)
  })
})

describe('what is not converted', () => {
  it('a balance within the band: of a NAV, the band itself stays, a digit more goes', () => {
    const desk = new PackageDesk({ convertBand: 0.001 })
    desk.next()
    desk.send('FundsTransferred', { currency: 'BTC', amount: '1', reason: 'collateral' })
    desk.send('FundsTransferred', { currency: 'USDT', amount: '-60000', reason: 'back to a million' })
    expect(equity(desk.state)).toBe(1_000_000)
    const wins = (cash: string) => {
      // 1 000 of 1 000 000 at 62 500 a coin is 0.016 coins.
      desk.hour = 23
      desk.send('OrderFilled', {
        order: `fee-${cash}`,
        instrument: SPOT,
        trade: cash,
        side: 'buy',
        price: '60000',
        quantity: '0',
        remaining: '0',
        fee: cash,
        feeCurrency: 'BTC',
        liquidity: 'taker',
        referencePrice: '60000',
        slippageBps: 0,
      })
      return desk.next(60_000)
    }
    // −0.0166 coins at 60 000 are 996 of 999 004; one more is 1 002 of 998 998.
    expect(conversions(wins('0.0166'))).toEqual([])
    expect(conversions(wins('0.0001'))).toEqual([expect.objectContaining({ amount: '-0.0167' })])
    expect(account(desk).balance).toBe('1')
    expect(formatUnits(collateralOf(account(desk)))).toBe('1')
    identities(desk)
  })

  it('without a fresh price, until there is one', () => {
    const desk = delivered(66_000, { maxMarkAgeHours: 12 })
    const silent = [SPOT, PERP, FUTURE, 'deribit.future.BTC-26JUN26', 'deribit.perpetual.BTC-PERPETUAL']
    const chain = 'deribit.option.BTC-27MAR26-60000-C'
    expect(conversions(desk.next(66_000, [...silent, chain]))).toEqual([])
    desk.hour = 143
    expect(conversions(desk.next(70_000))).toEqual([expect.objectContaining({ price: '70000' })])
  })

  it('on a real venue, and where it is switched off', () => {
    expect(conversions(delivered(66_000, { convertCoins: false }).next(66_000))).toEqual([])
    const { risk, capital, blender } = configSchema.parse({ capital: '1000000' })
    const desk = delivered(66_000)
    const venue = createRiskEngine({ risk, capital, blender, converts: false }, marketUniverse, '1h')
    const instant = { instant: 120 * HOUR_MS, intervals: ['1h' as const], missing: [] }
    const context = { ts: 120 * HOUR_MS, newId: () => 'o' } as unknown as Parameters<typeof venue.decide>[2] // all that it reads
    const event = { seq: 1, ts: 120 * HOUR_MS, type: 'InstantClosed', v: 1, data: instant } as unknown as Parameters<
      typeof venue.decide
    >[1] // an envelope of an input
    expect(venue.decide(desk.state, event, context).map(({ type }) => type)).not.toContain('BalanceConverted')
  })

  it('collateral: what was paid in stays, in a child run too', () => {
    const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    desk.send('FundsTransferred', { currency: 'BTC', amount: '0.5', reason: 'collateral' })
    desk.hour = 119
    desk.next(66_000)
    expect(account(desk).balance).toBe('0.5')
    const carried = carriedState(desk.state)
    expect(carried.balances).toEqual([{ currency: 'BTC', balance: '0.5', price: 66_000, paidIn: '0.5' }])
    const child = new PackageDesk()
    child.send('StateCarried', { ...carried, packages: [], parent: 'parent' })
    child.hour = 143
    expect(conversions(child.next(66_000))).toEqual([])
    expect(carriedState(child.state).balances).toEqual(carried.balances)
    // Taken out again: what is left is a profit or a loss.
    child.send('FundsTransferred', { currency: 'BTC', amount: '-0.4', reason: 'out' })
    child.hour = 167
    expect(conversions(child.next(66_000))).toEqual([])
    expect(account(child).balance).toBe('0.1')
  })
})

describe('coins in the accounts count in the net cap', () => {
  it('leaves less room to what moves with them', () => {
    const desk = new PackageDesk({ convertCoins: false, rebalanceBand: 0, volTarget: 1 })
    desk.next()
    desk.send('FundsTransferred', { currency: 'BTC', amount: '4', reason: 'collateral' })
    desk.next()
    const nav = equity(desk.state)
    const coins = 240_000 / nav
    const [assessed] = typed(desk.blendPackages({}, { [PERP]: 0.25 }), 'RiskAssessed')
    const step = (assessed!.data.steps as { step: string; netBefore: number; netAfter: number }[]).find(
      (one) => one.step === 'netCap',
    )!
    expect(step.netBefore).toBeCloseTo(coins + 0.25, 6)
    expect(step.netAfter).toBeCloseTo(0.3, 6)
    const [row] = assessed!.data.rows as { approved: number }[]
    expect(row!.approved).toBeLessThanOrEqual(0.3 - coins)
    expect(row!.approved).toBeGreaterThan(0.3 - coins - 0.001)
  })
})

describe('over any balances and prices', () => {
  it('after a scheduled rebalance no more than the band is left beside what was paid in, and nothing is lost in rounding', () => {
    const amount = fc.bigInt({ min: -3n * ONE, max: 3n * ONE })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(amount, fc.integer({ min: 1_000_000, max: 10_000_000 }), fc.boolean()), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.integer({ min: 0, max: 1000 }),
        (days, bps) => {
          const desk = new PackageDesk({ convertCostBps: bps / 10 })
          desk.next()
          days.forEach(([units, cents, paidIn], day) => {
            const text = formatUnits(units)
            if (paidIn) desk.send('FundsTransferred', { currency: 'BTC', amount: text, reason: 'test' })
            else
              desk.send('OrderFilled', {
                order: `fee-${day}`,
                instrument: SPOT,
                trade: 't',
                side: 'buy',
                price: '1',
                quantity: '0',
                remaining: '0',
                fee: text,
                feeCurrency: 'BTC',
                liquidity: 'taker',
                referencePrice: '1',
                slippageBps: 0,
              })
            desk.hour = 24 * (day + 1) - 1
            for (const one of conversions(desk.next(cents / 100))) {
              const [sold, price, cost] = [one.amount, one.price, one.cost].map((t) => parseUnits(String(t)))
              const value = multiplyUnits(sold!, price!)
              expect(cost).toBe(divideHalfEven(absUnits(value) * BigInt(bps), 100_000n))
              expect(one.proceeds).toBe(formatUnits(value - cost!))
            }
            identities(desk)
            for (const one of desk.state.accounts) {
              const left = unitsToNumber(absUnits(parseUnits(one.balance) - collateralOf(one)))
              const nav = Math.max(0, equity(desk.state))
              // Converting costs a little of the NAV that the band is a fraction of.
              expect(left * (cents / 100)).toBeLessThanOrEqual(nav * 0.001 + 1)
            }
          })
        },
      ),
      { numRuns: 60 },
    )
  })
})
