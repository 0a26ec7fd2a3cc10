/** Packages in risk/engine: given legs, when the blender wishes, venues answer and time passes, then these orders and positions. */
import { describe, expect, it } from 'vitest'
import { equity } from '#risk/engine.decider'
import { type Draft, typed, types } from './book.js'
import {
  BASIS,
  CALL,
  CARRY,
  COIN_PERP,
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
const packagesOf = (drafts: readonly Draft[]) =>
  data(typed(drafts, 'RiskAssessed')[0]).packages as Record<string, unknown>[]
const orders = (drafts: readonly Draft[]) =>
  typed(drafts, 'OrderApproved').map(({ data: { instrument, side, quantity, purpose } }) => [
    instrument,
    side,
    quantity,
    purpose,
  ])
const imbalances = (desk: PackageDesk) => typed(desk.said, 'PackageImbalanced').map(({ data: { action } }) => action)

describe('a package is opened', () => {
  it('all legs in one step, each on its lot, with numbers and terms', () => {
    const desk = new PackageDesk()
    desk.next()
    const drafts = desk.wish('carry', 0.12)
    expect(types(drafts)).toEqual(['RiskAssessed', 'OrderApproved', 'OrderApproved'])
    expect(orders(drafts)).toEqual([
      [SPOT, 'buy', '2', 'package'],
      [PERP, 'sell', '2', 'package'],
    ])
    expect(packagesOf(drafts)).toEqual([
      { package: 'carry/BTC', wanted: 0.12, approved: 0.12, units: '2', unitsBefore: '0', residualDelta: 0 },
    ])
    const steps = data(drafts[0]).steps as { step: string; grossAfter: number; netAfter: number }[]
    expect(steps.find(({ step }) => step === 'grossCap')).toMatchObject({ grossAfter: 0.24, netAfter: 0 })
    expect(data(drafts[1])).toMatchObject({
      package: 'carry/BTC',
      reduceOnly: false,
      weightBefore: 0,
      weightAfter: 0.12,
    })
    expect(data(drafts[1]).terms).toBeUndefined()
  })

  it('inverse legs in dollars at their mark, with their terms', () => {
    const desk = new PackageDesk()
    desk.next()
    const drafts = desk.wish('basis', 0.12, BASIS, 'basis')
    expect(orders(drafts)).toEqual([
      [SPOT, 'buy', '2', 'package'],
      [FUTURE, 'sell', '123000', 'package'],
    ])
    expect(data(typed(drafts, 'OrderApproved')[1])).toMatchObject({
      referencePrice: '61500',
      weightAfter: -0.12,
      terms: { kind: 'inverseFuture', settle: 'BTC' },
    })
  })

  it('options that the chain priced before the package named them; wings never beyond the budget', () => {
    const desk = new PackageDesk()
    desk.next()
    const drafts = desk.wish('vrp', 0.12, STRADDLE, 'straddle')
    expect(orders(drafts)).toEqual([
      [CALL, 'sell', '2', 'package'],
      [PUT, 'sell', '2', 'package'],
      [WING_CALL, 'buy', '0.8', 'package'],
      [WING_PUT, 'buy', '0.8', 'package'],
      [COIN_PERP, 'buy', '6000', 'package'],
    ])
    const small = new PackageDesk({}, '100000')
    small.next()
    const few = small.wish('vrp', 0.2, STRADDLE, 'straddle')
    expect(orders(few).slice(0, 3)).toEqual([
      [CALL, 'sell', '0.3', 'package'],
      [PUT, 'sell', '0.3', 'package'],
      [WING_CALL, 'buy', '0.1', 'package'],
    ])
  })

  it('or refused once with a reason: below a lot, without or with a stale mark, not listed, below the least notional', () => {
    const tiny = new PackageDesk({}, '1000')
    tiny.next()
    expect(packagesOf(tiny.wish('vrp', 0.2, STRADDLE, 'straddle'))).toMatchObject([
      { refusal: 'below-lot', units: '0' },
    ])
    expect(tiny.blendPackages({ 'vrp/BTC': 0.2 })).toEqual([])
    const dust = new PackageDesk({}, '500')
    dust.next(4_000)
    expect(packagesOf(dust.wish('carry', 0.0085))).toMatchObject([{ refusal: 'below-min-notional' }])
    const blind = new PackageDesk()
    blind.next(60_000, [FUTURE])
    expect(packagesOf(blind.wish('basis', 0.1, BASIS, 'basis'))).toMatchObject([{ refusal: 'no-mark' }])
    const stale = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    for (let i = 0; i < 50; i++) stale.next(60_000, [FUTURE])
    expect(packagesOf(stale.wish('basis', 0.05, BASIS, 'basis'))).toMatchObject([{ refusal: 'stale-mark' }])
    expect(stale.held('basis/BTC')).toEqual({ [SPOT]: 2, [FUTURE]: -123_000 })
    const gone = new PackageDesk()
    gone.next()
    gone.send('InstrumentDelisted', { instrument: PERP, reason: 'gone' })
    expect(packagesOf(gone.wish('carry', 0.1))).toMatchObject([{ refusal: 'not-listed', units: '0' }])
  })

  it('within its caps: a sleeve each carry signal, the book by gross; directional weights beside it', () => {
    const desk = new PackageDesk()
    desk.next()
    const drafts = desk.wish('carry', 0.25)
    expect(packagesOf(drafts)).toMatchObject([{ wanted: 0.25, approved: 0.19998 }])
    desk.answer()
    expect(orders(desk.wish('dispersion', 0.25, CARRY, 'dispersion')).length).toBe(2)
    desk.answer()
    const skew = desk.wish('skew', 0.25, CARRY, 'riskReversal')
    const row = packagesOf(skew).find((one) => one.package === 'skew/BTC')!
    const gross = (data(skew[0]).steps as { step: string; grossAfter: number }[]).find(
      ({ step }) => step === 'grossCap',
    )!
    expect(gross.grossAfter).toBeLessThanOrEqual(1)
    expect(Number(row.approved)).toBeLessThan(0.25)
  })
})

describe('a package is kept', () => {
  it('as it is inside the band, resized beyond it, closed at 0 and then forgotten', () => {
    const desk = new PackageDesk().open('carry', 0.12)
    desk.next()
    expect(desk.blendPackages({ 'carry/BTC': 0.125 })).toEqual([])
    expect(orders(desk.blendPackages({ 'carry/BTC': 0.06 }))).toEqual([
      [SPOT, 'sell', '1', 'unwind'],
      [PERP, 'buy', '1', 'unwind'],
    ])
    expect(desk.blendPackages({ 'carry/BTC': 0.12 })).toEqual([])
    desk.answer()
    desk.next()
    expect(orders(desk.wish('carry', 0))).toEqual([
      [SPOT, 'sell', '1', 'unwind'],
      [PERP, 'buy', '1', 'unwind'],
    ])
    desk.answer()
    desk.next()
    expect(desk.state.packages).toEqual([])
    expect(imbalances(desk)).toEqual([])
  })

  it('hedged alone when only a ratio changes, and not for less than 1 % of the largest leg', () => {
    const desk = new PackageDesk().open('vrp', 0.12, STRADDLE, 'straddle')
    desk.next()
    const hedged = (ratio: number) => STRADDLE.map((leg) => (leg.role === 'hedge' ? { ...leg, ratio } : leg))
    expect(desk.wish('vrp', 0.12, hedged(0.055), 'straddle')).toEqual([])
    const drafts = desk.wish('vrp', 0.12, hedged(-0.1), 'straddle')
    expect(orders(drafts)).toEqual([[COIN_PERP, 'sell', '18000', 'package']])
    expect(packagesOf(drafts)).toMatchObject([{ units: '2', unitsBefore: '2' }])
    desk.answer()
    desk.next()
    expect(imbalances(desk)).toEqual([])
    expect(desk.held('vrp/BTC')[COIN_PERP]).toBe(-12_000)
  })

  it('rolled: the leg that is left out goes, the new one comes, in one step', () => {
    const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    desk.next()
    const next = BASIS.map((leg) => (leg.role === 'future' ? { ...leg, instrument: NEXT_FUTURE } : leg))
    expect(orders(desk.wish('basis', 0.12, next, 'basis'))).toEqual([
      [FUTURE, 'buy', '123000', 'unwind'],
      [NEXT_FUTURE, 'sell', '126000', 'package'],
    ])
    desk.answer()
    desk.next()
    expect(imbalances(desk)).toEqual([])
    expect(desk.held('basis/BTC')).toMatchObject({ [SPOT]: 2, [FUTURE]: 0, [NEXT_FUTURE]: -126_000 })
  })

  it('without trading when the price moves: dollars of an inverse leg stay', () => {
    const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    const before = equity(desk.state)
    for (const price of [70_000, 50_000, 62_000]) {
      desk.marks[FUTURE] = price * 1.025
      desk.next(price)
      expect(equity(desk.state)).toBeCloseTo(before, 4)
      desk.blendPackages({ 'basis/BTC': (0.12 * price) / 60_000 })
      expect(desk.waiting).toEqual([])
    }
  })
})

describe('legging risk', () => {
  it('a rejected leg is completed at the next instant', () => {
    const desk = new PackageDesk()
    desk.next()
    desk.wish('carry', 0.12)
    desk.answer((instrument) => (instrument === PERP ? 0 : 1))
    const drafts = desk.next()
    expect(types(drafts)).toEqual(['PackageImbalanced', 'OrderApproved'])
    expect(data(drafts[0])).toMatchObject({
      action: 'completes',
      attempts: 0,
      excessDelta: 2,
      excessWeight: 0.12,
      tolerance: 0.01,
      legs: [
        { instrument: SPOT, wanted: '2', held: '2' },
        { instrument: PERP, wanted: '-2', held: '0' },
      ],
    })
    expect(orders(drafts)).toEqual([[PERP, 'sell', '2', 'package']])
    desk.answer()
    expect(desk.next()).toEqual([])
    expect(desk.package('carry/BTC')).toMatchObject({ status: 'open', attempts: 0 })
  })

  it('after three attempts it is taken back to what every leg supports, and stays so until a new word', () => {
    const desk = new PackageDesk()
    desk.next()
    desk.wish('carry', 0.12)
    desk.answer((instrument) => (instrument === PERP ? 0.25 : 1))
    for (let i = 0; i < 3; i++) {
      desk.next()
      desk.answer(() => 0)
    }
    expect(orders(desk.next())).toEqual([[SPOT, 'sell', '1.5', 'unwind']])
    desk.answer()
    expect(desk.next()).toEqual([])
    expect(imbalances(desk)).toEqual(['completes', 'completes', 'completes', 'unwinds'])
    expect(desk.held('carry/BTC')).toEqual({ [SPOT]: 0.5, [PERP]: -0.5 })
    const rows = packagesOf(desk.send('PortfolioBlended', { instant: desk.ts, scheduled: true, rows: [] }))
    expect(rows).toMatchObject([{ refusal: 'imbalanced', units: '0.5' }])
    expect(orders(desk.blendPackages({ 'carry/BTC': 0.12 })).length).toBe(2)
  })

  it('what cannot be taken back either is told once to be stuck, and tried again at an assessment', () => {
    const desk = new PackageDesk()
    desk.next()
    desk.wish('carry', 0.12)
    desk.answer((instrument) => (instrument === PERP ? 0 : 1))
    for (let i = 0; i < 9; i++) {
      desk.next()
      desk.answer(() => 0)
    }
    const said = imbalances(desk)
    expect(said).toEqual([...Array(3).fill('completes'), ...Array(3).fill('unwinds'), 'stuck'])
    const again = desk.send('PortfolioBlended', { instant: desk.ts, scheduled: true, rows: [] })
    desk.take(again)
    expect(orders(again)).toEqual([[SPOT, 'sell', '2', 'unwind']])
    desk.answer()
    desk.next()
    expect(desk.held('carry/BTC')).toEqual({ [SPOT]: 0, [PERP]: 0 })
  })

  it('a closing that fills in part goes on', () => {
    const desk = new PackageDesk().open('carry', 0.12)
    desk.wish('carry', 0)
    desk.answer((instrument) => (instrument === PERP ? 0.6 : 1))
    expect(orders(desk.next())).toEqual([[PERP, 'buy', '0.8', 'unwind']])
    desk.answer()
    desk.next()
    expect(desk.state.packages).toEqual([])
  })

  it('while halted only what shrinks: no completion, no growth', () => {
    const desk = new PackageDesk()
    desk.next()
    desk.wish('carry', 0.12)
    desk.answer((instrument) => (instrument === PERP ? 0.5 : 1))
    desk.command('halt')
    const drafts = desk.next()
    expect(orders(drafts)).toEqual([[SPOT, 'sell', '1', 'unwind']])
    expect(data(drafts[0])).toMatchObject({ action: 'unwinds', isHalted: true })
    desk.answer()
    expect(packagesOf(desk.blendPackages({ 'carry/BTC': 0.12 }))).toMatchObject([{ refusal: 'trading-halted' }])
    expect(orders(desk.blendPackages({ 'carry/BTC': 0.03 })).map((one) => one[3])).toEqual(['unwind', 'unwind'])
    desk.answer()
    desk.command('resume')
    desk.next()
    expect(orders(desk.blendPackages({ 'carry/BTC': 0.12 })).length).toBe(2)
  })
})

describe('the book is closed', () => {
  it('by flatten: all legs, again at each instant until they are gone', () => {
    const desk = new PackageDesk().open('basis', 0.12, BASIS, 'basis')
    desk.take(desk.command('flatten'))
    expect(orders(desk.waiting)).toEqual([
      [SPOT, 'sell', '2', 'unwind'],
      [FUTURE, 'buy', '123000', 'unwind'],
    ])
    desk.answer((instrument) => (instrument === SPOT ? 0 : 1))
    expect(orders(desk.next())).toEqual([[SPOT, 'sell', '2', 'unwind']])
    desk.answer()
    desk.next()
    expect(desk.waiting).toEqual([])
    expect(desk.held('basis/BTC')).toEqual({ [SPOT]: 0, [FUTURE]: 0 })
    expect(imbalances(desk)).toEqual([])
  })

  it('by a drawdown', () => {
    const desk = new PackageDesk({ drawdownHalt: 0.01 }).open('carry', 0.18, [
      { role: 'spot', instrument: SPOT, ratio: 1 },
    ])
    const drafts = desk.next(50_000)
    expect(types(drafts)).toEqual(['TradingHalted', 'OrderApproved'])
    expect(orders(drafts)).toEqual([[SPOT, 'sell', '3', 'unwind']])
    desk.answer()
    expect(desk.next()).toEqual([])
  })
})
