/** The limits of vega, margin, venues, coins and drawdown: whatever is wished, they hold, shrink only, and are said where they bind. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import { collateralFor, type PackageShape, VEGA_POINTS } from '#risk/limits/book-limits'
import { NO_RUNG, nextRung, rungScale } from '#risk/limits/ladder'
import { limitsOf } from '#risk/limits/pipe-limits'
import { type Place, placeOf, placesOf } from '#risk/limits/places'
import { besideOf, type PackageWish } from '#risk/packages/wishes'
import { CAP_DRIFT, runPipeline, type Wish } from '#risk/pipeline'
import { createVirtualBook } from '#risk/virtual-book'
import { BTC, Desk, ETH, typed } from './book.js'
import { marketUniverse, PackageDesk, PERP, SPOT, STRADDLE } from './package-desk.js'

const VENUES = ['a', 'b', 'c']
const COINS = ['BTC', 'ETH']
const PLACES: readonly Place[] = VENUES.flatMap((venue) =>
  COINS.map((coin, i) => ({ venue, coin, isMargined: i % 2 === 0 })),
)
const riskOf = (risk: object) => configSchema.parse({ risk: { turnoverLimiter: false, ...risk } }).risk

const weight = fc.integer({ min: -40, max: 40 }).map((w) => w / 100)
const wishOf = ([blended, held, frozen]: [number, number, boolean]): Wish => ({
  blended,
  trend: 0,
  carry: 0,
  held,
  frozen,
})
const shape: fc.Arbitrary<PackageShape> = fc.record({
  coin: fc.constantFrom(...COINS),
  venues: fc
    .uniqueArray(fc.constantFrom(...VENUES), { minLength: 1, maxLength: 2 })
    .map((venues) => venues.map((venue) => ({ venue, gross: 2 / venues.length }))),
  marginGross: fc.constantFrom(0, 1, 2),
  isShortOnMargin: fc.boolean(),
  vega: fc.integer({ min: -20, max: 20 }).map((v) => v / 1000),
})
const pkg: fc.Arbitrary<PackageWish> = fc
  .tuple(shape, fc.integer({ min: 0, max: 60 }), fc.integer({ min: -10, max: 10 }))
  .map(([one, size, delta]) => ({
    signal: 'vrp',
    blended: size / 100,
    grossRatio: 2,
    deltaRatio: delta / 10,
    held: 0,
    heldGross: 0,
    heldDelta: 0,
    frozen: false,
    shape: one,
  }))
const caps = fc.record({
  venueCap: fc.integer({ min: 5, max: 90 }).map((c) => c / 100),
  coinCap: fc.integer({ min: 2, max: 40 }).map((c) => c / 100),
  vegaLimit: fc.integer({ min: 1, max: 40 }).map((c) => c / 1000),
  marginCollateral: fc.integer({ min: 1, max: 60 }).map((c) => c / 100),
  netCap: fc.constantFrom(0.1, 0.3, 1),
  grossCap: fc.constantFrom(0.5, 1, 3),
})
const rung = { scale: 0.5, at: 0.1, drawdown: -0.12 }

const sumBy = (names: readonly string[], amounts: readonly number[], name: string): number =>
  names.reduce((sum, one, i) => (one === name ? sum + amounts[i]! : sum), 0)

describe('the limits of a book', () => {
  it('hold for any wishes, and only shrink', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(weight, fc.constant(0), fc.constant(false)), { minLength: 6, maxLength: 6 }),
        fc.array(pkg, { maxLength: 4 }),
        caps,
        fc.boolean(),
        (rows, packages, limits, onRung) => {
          const risk = riskOf(limits)
          const book = createVirtualBook(6, 0.94)
          const pipe = { places: PLACES, ...(onRung ? { rung } : limitsOf(PLACES, NO_RUNG, 0, [])) }
          const wishes = rows.map(wishOf)
          const piped = runPipeline(wishes, book, 0, risk, packages, { ...pipe, places: PLACES })
          const { weights } = piped
          const sizes = piped.packages.weights
          const venues = PLACES.map(({ venue }) => venue)
          const coins = PLACES.map(({ coin }) => coin)
          for (const venue of VENUES) {
            const legs = packages.reduce(
              (sum, { shape: one }, i) => sum + sizes[i]! * (one!.venues.find((at) => at.venue === venue)?.gross ?? 0),
              0,
            )
            expect(sumBy(venues, weights.map(Math.abs), venue) + legs).toBeLessThanOrEqual(
              Math.max(limits.venueCap, 0) * (1 + CAP_DRIFT) + 1e-9,
            )
          }
          for (const coin of COINS) {
            const deltas = packages.reduce(
              (sum, { shape: one, deltaRatio }, i) => sum + (one!.coin === coin ? sizes[i]! * deltaRatio : 0),
              0,
            )
            expect(Math.abs(sumBy(coins, weights, coin) + deltas)).toBeLessThanOrEqual(
              limits.coinCap * (1 + CAP_DRIFT) + 1e-9,
            )
          }
          const vega = packages.reduce((sum, { shape: one }, i) => sum + sizes[i]! * one!.vega * VEGA_POINTS, 0)
          expect(Math.abs(vega)).toBeLessThanOrEqual(limits.vegaLimit + 1e-9)
          expect(Math.abs(weights.reduce((a, b) => a + b, 0) + besideOf(packages, sizes).delta)).toBeLessThanOrEqual(
            limits.netCap * (1 + CAP_DRIFT) + 1e-9,
          )
          const scale = onRung ? 0.5 : 1
          weights.forEach((w, i) => {
            expect(Math.abs(w)).toBeLessThanOrEqual(scale * Math.abs(wishes[i]!.blended) + 1e-9)
            expect(w * wishes[i]!.blended).toBeGreaterThanOrEqual(0)
          })
          sizes.forEach((size, i) => {
            expect(size).toBeLessThanOrEqual(scale * packages[i]!.blended + 1e-9)
          })
          for (const step of piped.steps) if (step.step !== 'lotRounding') expect(step.factor).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  it('leave the collateral of all derivatives enough for the stress, or no package short of one', () => {
    fc.assert(
      fc.property(fc.array(pkg, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 60 }), (packages, share) => {
        const risk = riskOf({ marginCollateral: share / 100, grossCap: 10, netCap: 10, venueCap: 10, vegaLimit: 10 })
        const sizes = runPipeline([], createVirtualBook(0, 0.94), 0, risk, packages).packages.weights
        const all = packages.reduce((sum, { shape: one }, i) => sum + sizes[i]! * one!.marginGross, 0)
        const short = packages.reduce(
          (sum, { shape: one }, i) => sum + (one!.isShortOnMargin ? sizes[i]! * one!.marginGross : 0),
          0,
        )
        if (short > 1e-9) expect(all * collateralFor(0.3, 0.02)).toBeLessThanOrEqual(share / 100 + 1e-9)
      }),
    )
  })

  it('free weights make room for what is frozen at the same venue and in the same coin', () => {
    const risk = riskOf({ venueCap: 0.3, coinCap: 0.25, netCap: 1, maxAbsWeight: 1 })
    const wishes: Wish[] = [
      { blended: 0, trend: 0, carry: 0, held: 0.25, frozen: true },
      { blended: 0.3, trend: 0, carry: 0, held: 0, frozen: false },
      { blended: 0.3, trend: 0, carry: 0, held: 0, frozen: false },
    ]
    const places = [placeOf('a.spot.X', 'X'), placeOf('a.spot.Y', 'Y'), placeOf('b.spot.X', 'X')]
    const { weights } = runPipeline(wishes, createVirtualBook(3, 0.94), 0, risk, [], limitsOf(places, NO_RUNG, 0, []))
    expect(weights[0]).toBe(0.25)
    expect(weights[1]).toBeCloseTo(0.05, 12)
    expect(weights[2]).toBe(0)
  })

  it('are silent where they do not bind: a book of one venue without packages has the steps it always had', () => {
    const desk = new Desk({ turnoverLimiter: false })
    const day = desk.warm(40)
    desk.bar(BTC, day, 100)
    desk.instant(day)
    const steps = typed(desk.blend({ [BTC]: 0.2 }), 'RiskAssessed')[0]!.data.steps as { step: string }[]
    expect(steps.map(({ step }) => step)).toEqual([
      'maxAbsWeight',
      'volTarget',
      'kelly',
      'sleeveCap',
      'netCap',
      'grossCap',
      'turnover',
      'drawdown',
      'lotRounding',
    ])
  })

  it('are said with what they measured where they bind', () => {
    const desk = new Desk({ turnoverLimiter: false, coinCap: 0.1, venueCap: 0.15 })
    const day = desk.warm(40)
    for (const instrument of [BTC, ETH]) desk.bar(instrument, day, 100)
    desk.instant(day)
    const steps = typed(desk.blend({ [BTC]: 0.15, [ETH]: -0.15 }, 'meanrev'), 'RiskAssessed')[0]!.data.steps as {
      step: string
      measured: number
      limit: number
      factor: number
      grossAfter: number
    }[]
    const of = (name: string) => steps.find(({ step }) => step === name)
    expect(of('venueCap')).toMatchObject({ measured: 0.3, limit: 0.15, factor: 0.5, grossAfter: 0.15 })
    expect(of('coinCap')).toBeUndefined()
    expect(of('vegaLimit')).toBeUndefined()
  })
})

describe('vega of options', () => {
  it('limits a short straddle: ten points of volatility cost no more than the limit', () => {
    const tight = new PackageDesk({ vegaLimit: 0.001, grossCap: 3, netCap: 1 })
    const wide = new PackageDesk({ vegaLimit: 1, grossCap: 3, netCap: 1 })
    const unitsOf = (desk: PackageDesk): number => {
      desk.next()
      const said = typed(desk.wish('vrp', 0.6, STRADDLE, 'straddle'), 'RiskAssessed')[0]!.data
      const step = (said.steps as { step: string; measured: number; factor: number }[]).find(
        ({ step }) => step === 'vegaLimit',
      )
      expect(step === undefined).toBe(desk === wide)
      if (step !== undefined) expect(step.measured * step.factor).toBeCloseTo(0.001, 4)
      return Number((said.packages as { units: string }[])[0]!.units)
    }
    expect(unitsOf(tight)).toBeLessThan(unitsOf(wide))
  })
})

describe('the margin of packages', () => {
  it('makes one smaller whose short leg would be liquidated by the stress', () => {
    const desk = new PackageDesk({ marginCollateral: 0.03 })
    desk.next()
    const said = typed(desk.wish('carry', 0.2), 'RiskAssessed')[0]!.data
    const step = (said.steps as { step: string; limit: number; factor: number }[]).find(
      ({ step }) => step === 'margin',
    )!
    expect(step.limit).toBeCloseTo(0.03 / (0.3 + 0.02 * 1.3), 6)
    expect(step.factor).toBeCloseTo(step.limit / 0.2, 5)
    desk.answer()
    expect(Math.abs(desk.held('carry/BTC')[PERP]!) * 60_000).toBeLessThanOrEqual(step.limit * 1_000_000)
  })
})

describe('the ladder of drawdowns', () => {
  const ladder = [
    { at: 0.1, scale: 0.5 },
    { at: 0.15, scale: 0.25 },
  ]

  it('takes the deepest rung reached, and leaves it only at half of its drawdown', () => {
    const path = [-0.09, -0.1, -0.16, -0.08, -0.074, -0.05, -0.049]
    const rungs: number[] = []
    path.reduce((rung, drawdown) => {
      const next = nextRung(rung, drawdown, ladder)
      rungs.push(next)
      return next
    }, NO_RUNG)
    expect(rungs).toEqual([-1, 0, 1, 1, 0, 0, -1])
    expect(rungs.map((rung) => rungScale(rung, ladder))).toEqual([1, 0.5, 0.25, 0.25, 0.5, 0.5, 1])
  })

  it('is monotone: a deeper drawdown and a deeper rung before never make a larger book', () => {
    const depth = fc.integer({ min: 0, max: 300 }).map((d) => -d / 1000 + 0)
    const rungBefore = fc.integer({ min: -1, max: 1 })
    fc.assert(
      fc.property(rungBefore, rungBefore, depth, depth, (r1, r2, d1, d2) => {
        const scale = (rung: number, drawdown: number): number => rungScale(nextRung(rung, drawdown, ladder), ladder)
        expect(scale(r1, Math.min(d1, d2))).toBeLessThanOrEqual(scale(r1, Math.max(d1, d2)))
        expect(scale(Math.max(r1, r2), d1)).toBeLessThanOrEqual(scale(Math.min(r1, r2), d1))
      }),
    )
  })

  it('refuses rungs out of order, naming the key', () => {
    const parse = (drawdownLadder: object[]) => configSchema.safeParse({ risk: { drawdownLadder } })
    expect(parse([]).success).toBe(true)
    const rising = parse([
      { at: 0.2, scale: 0.5 },
      { at: 0.1, scale: 0.2 },
    ])
    expect(rising.error!.issues[0]!.message).toContain('above the one before')
    const growing = parse([
      { at: 0.1, scale: 0.2 },
      { at: 0.2, scale: 0.5 },
    ])
    expect(growing.error!.issues[0]!.path).toEqual(['risk', 'drawdownLadder'])
    expect(parse([{ at: 0.1, scale: 0 }]).success).toBe(false)
  })

  it('halves the book at 10 %, says so, and lets it back only after the drawdown has halved', () => {
    const desk = new Desk({ turnoverLimiter: false, maxAbsWeight: 1, netCap: 1, volTarget: 10, stopAtr: 100 })
    const day = desk.warm(40)
    const at = (offset: number, price: number): void => {
      desk.bar(BTC, day + offset, price)
      desk.instant(day + offset)
    }
    at(0, 100)
    desk.fill(typed(desk.blend({ [BTC]: 0.8 }, 'meanrev'), 'OrderApproved')[0]!, 100)
    at(1, 86)
    const drafts = desk.blend({ [BTC]: 0.8 }, 'meanrev')
    const steps = typed(drafts, 'RiskAssessed')[0]!.data.steps as { step: string; factor: number; limit: number }[]
    const rung = steps.find(({ step }) => step === 'drawdown')!
    expect(rung).toMatchObject({ limit: -0.1, factor: 0.5 })
    expect(steps.filter(({ step }) => step === 'drawdown')).toHaveLength(2)
    const order = typed(drafts, 'OrderApproved')[0]!
    expect(order.data).toMatchObject({ side: 'sell', reduceOnly: true })
    desk.fill(order, 86)
    at(2, 95)
    expect(desk.state.rung).toBe(0)
    expect(
      typed(desk.blend({ [BTC]: 0.8 }, 'meanrev'), 'OrderApproved').filter(({ data }) => data.side === 'buy'),
    ).toEqual([])
    at(3, 108)
    const back = typed(desk.blend({ [BTC]: 0.8 }, 'meanrev'), 'OrderApproved')[0]!
    expect(back.data.side).toBe('buy')
    expect(desk.state.rung).toBe(NO_RUNG)
  })
})

describe('places', () => {
  it('tell venue, coin and whether it is held on margin', () => {
    expect(placesOf(marketUniverse)).toEqual([
      { venue: 'binance', coin: 'BTC', isMargined: true },
      { venue: 'binance', coin: 'BTC', isMargined: false },
    ])
    expect(marketUniverse.map(({ instrument }) => instrument)).toEqual([PERP, SPOT])
    expect(placeOf('deribit.option.BTC-27MAR26-60000-C', 'BTC').isMargined).toBe(false)
  })
})
