/** The market-neutral bucket: given what signals said of packages, when an instant closes, then these weights. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { BlenderState } from '#portfolio/blender-state'
import { given } from '../given.js'
import {
  BTC,
  BTC_SPOT,
  bar,
  blended,
  blenderOf,
  CARRY_ETH,
  ETH,
  funding,
  instant,
  leg,
  mark,
  ON,
  packageWeights,
  packs,
  says,
  weighted,
  weights,
} from './rig.js'

const carry = () => blenderOf({ fundingCarry: ON })
const both = (blender: object = {}) => blenderOf({ fundingCarry: ON, cashCarry: ON, volRiskPremium: ON }, blender)

describe('weights of packages', () => {
  it('carry alone gets what it asked for: 10.95 % a year against 5 % is 4.76 % of NAV, and the row explains it', () => {
    const word = packs('carry/BTC', 0.0476)
    given(carry(), [word])
      .when(instant(HOUR_MS))
      .then([
        {
          type: 'PortfolioBlended',
          data: {
            instant: HOUR_MS,
            scheduled: false,
            rows: [],
            packages: [
              {
                package: 'carry/BTC',
                signal: 'carry',
                weight: 0.0476,
                wanted: 0.0476,
                confidence: 1,
                budget: 1,
                size: 1,
                bucket: 1,
                betaScale: 1,
                seq: word.seq,
              },
            ],
          },
        },
      ])
  })

  it('is clipped to maxAbsWeight, all packages of a signal together, and shrinks with confidence', () => {
    expect(packageWeights(given(carry(), [packs('carry/BTC', 0.5)]).when(instant(HOUR_MS)).drafts)).toEqual({
      'carry/BTC': 0.2,
    })
    const two = [packs('carry/BTC', 0.3), packs('carry/ETH', 0.1, { legs: CARRY_ETH, confidence: 0.5 })]
    const { drafts } = given(carry(), two).when(instant(HOUR_MS))
    expect(packageWeights(drafts)).toEqual({ 'carry/BTC': 0.13333333, 'carry/ETH': 0.03333334 })
    const active = blenderOf({ fundingCarry: ON }, { norm: 'active' })
    expect(
      packageWeights(given(active, [packs('carry/BTC', 0.1, { confidence: 0.3 })]).when(instant(1)).drafts),
    ).toEqual({ 'carry/BTC': 0.1 })
  })

  it('shares the book with directional signals, and has it alone while these have no opinion', () => {
    const decider = () => blenderOf({ fundingCarry: ON, tsmom: ON }, { bucketShare: 0.4 })
    const past = [packs('carry/BTC', 0.1), instant(HOUR_MS)]
    const later = given(decider(), [...past, says('tsmom', BTC, 0.2)]).when(instant(2 * HOUR_MS))
    expect(packageWeights(later.drafts)).toEqual({ 'carry/BTC': 0.04 })
    expect(weights(later.drafts)).toEqual({ [BTC]: 0.12 })
    const [part] = blended(later.drafts)!.rows[0]!.parts
    expect(part).toMatchObject({ budget: 0.6, contribution: 0.12 })
    const alone = given(decider(), [
      ...past,
      says('tsmom', BTC, 0.2),
      instant(2 * HOUR_MS),
      says('tsmom', BTC, 0, 0, 'stale'),
    ])
    expect(packageWeights(alone.when(instant(3 * HOUR_MS)).drafts)).toEqual({ 'carry/BTC': 0.1 })
    // A signal that is flat keeps its share; one that withdraws gives it up.
    const flat = [...past, says('tsmom', BTC, 0.2), instant(2 * HOUR_MS), packs('carry/BTC', 0)]
    expect(weights(given(decider(), flat).when(instant(3 * HOUR_MS)).drafts)).toEqual({})
    const gone = [...flat.slice(0, -1), packs('carry/BTC', 0, { reason: 'stale' })]
    expect(weights(given(decider(), gone).when(instant(3 * HOUR_MS)).drafts)).toEqual({ [BTC]: 0.2 })
  })

  it('an opinion on a coin and a package on it are no conflict', () => {
    const decider = blenderOf({ fundingCarry: ON, tsmom: ON })
    const { drafts } = given(decider, [packs('carry/BTC', 0.1), says('tsmom', BTC, -0.2)]).when(instant(HOUR_MS))
    expect(blended(drafts)!.rows[0]).toMatchObject({ instrument: BTC, weight: -0.1, outcome: 'blended', agreement: 1 })
    expect(packageWeights(drafts)).toEqual({ 'carry/BTC': 0.05 })
  })

  it('budgets are sizes against the largest: nobody exceeds what it asked for', () => {
    const decider = blenderOf({ fundingCarry: ON, cashCarry: { ...ON, budget: 0.5 } }, { bucketMethod: 'equal' })
    const { drafts } = given(decider, [packs('carry/BTC', 0.1), packs('basis/BTC', 0.1)]).when(instant(HOUR_MS))
    expect(packageWeights(drafts)).toEqual({ 'carry/BTC': 0.1, 'basis/BTC': 0.05 })
    expect(blended(drafts)!.packages!.map(({ budget, size }) => [budget, size])).toEqual([
      [0.666667, 1],
      [0.333333, 0.5],
    ])
  })
})

describe('news of packages', () => {
  const open = [packs('carry/BTC', 0.1), instant(HOUR_MS)]

  it('says 0 once, and nothing of packages that were never open or of signals it does not know', () => {
    const closed = [...open, packs('carry/BTC', 0)]
    const last = given(carry(), closed).when(instant(2 * HOUR_MS))
    expect(packageWeights(last.drafts)).toEqual({ 'carry/BTC': 0 })
    given(carry(), [...closed, instant(2 * HOUR_MS), packs('carry/BTC', 0)])
      .when(instant(3 * HOUR_MS))
      .thenNothing()
    given(carry(), [packs('carry/BTC', 0), packs('basis/BTC', 0.1), packs('mystery/BTC', 0.1)])
      .when(instant(HOUR_MS))
      .thenNothing()
  })

  it('any word on an open package is news, so that risk may hedge; silence otherwise, at a rebalance too', () => {
    const hedged = given(carry(), [...open, packs('carry/BTC', 0.1, { legs: [leg('perpetual', BTC, -0.9)] })])
    expect(packageWeights(hedged.when(instant(2 * HOUR_MS)).drafts)).toEqual({ 'carry/BTC': 0.1 })
    given(carry(), open)
      .when(instant(2 * HOUR_MS))
      .thenNothing()
    expect(blended(given(carry(), open).when(instant(DAY_MS)).drafts)).toEqual({
      instant: DAY_MS,
      scheduled: true,
      rows: [],
    })
  })

  it('an agent that only evolved for a while still speaks of what changed meanwhile', () => {
    const decider = carry()
    let state = decider.initial()
    for (const e of [packs('carry/BTC', 0.1), instant(HOUR_MS), instant(2 * HOUR_MS)]) state = decider.evolve(state, e)
    const last = instant(3 * HOUR_MS)
    state = decider.evolve(state, last)
    expect(packageWeights(decider.decide(state, last, undefined as never))).toEqual({ 'carry/BTC': 0.1 }) // no context
  })
})

describe('virtual returns of packages', () => {
  const start = [bar(BTC, 0, 100), bar(BTC_SPOT, 0, 100), packs('carry/BTC', 0.1), instant(DAY_MS)]
  const returnsAfter = (past: Parameters<typeof given>[1], day: number) => {
    const { state } = given(carry(), past).when(instant(day * DAY_MS))
    return (state as BlenderState).bucket.sleeves[0]!.returns
  }

  it('are the moves of the legs and their funding, at the weight held since the close before', () => {
    // Short perpetual 100 → 110, long spot 100 → 110.5, and 1 bp received at 110 (the price of the day before stands: 100).
    const past = [...start, funding(BTC, 0.0001, DAY_MS + 1), bar(BTC, 1, 110), bar(BTC_SPOT, 1, 110.5)]
    expect(returnsAfter(past, 2)[0]!).toBeCloseTo(0.001 * (0.5 + 0.01), 12)
    // Closed within the day: the day still counts, the next one does not.
    const closed = [...past, packs('carry/BTC', 0), instant(2 * DAY_MS), bar(BTC, 2, 500)]
    expect(returnsAfter(closed, 3)).toEqual([expect.closeTo(0.00051, 12), null])
  })

  it('a proxy pays shorts nothing; longs pay it', () => {
    const prices = [bar(BTC, 1, 100), bar(BTC_SPOT, 1, 100)]
    expect(returnsAfter([...start, funding(BTC, 0.0001, DAY_MS + 1, true), ...prices], 2)[0]!).toBe(0)
    const long = [leg('perpetual', BTC, 1), leg('spot', BTC_SPOT, -1)]
    const past = [...start.slice(0, 2), packs('carry/BTC', 0.1, { legs: long }), instant(DAY_MS)]
    expect(returnsAfter([...past, funding(BTC, 0.0001, DAY_MS + 1, true), ...prices], 2)[0]!).toBeCloseTo(-0.00001, 12)
  })

  it('wait for the prices of all legs, for three days; half a package is none', () => {
    const half = [...start, bar(BTC, 1, 150)]
    expect(returnsAfter(half, 2)).toEqual([0])
    expect(returnsAfter([...half, instant(2 * DAY_MS), bar(BTC, 2, 151), bar(BTC_SPOT, 2, 152)], 3)).toEqual([
      0,
      expect.closeTo(0.001, 12),
    ])
    const never = [...half, instant(2 * DAY_MS), bar(BTC, 2, 150), instant(3 * DAY_MS), bar(BTC, 3, 150)]
    expect(returnsAfter(never, 4)).toEqual([0, 0, 0])
  })

  it('grow old while nothing is held: a ratio stands on the days that end now', () => {
    const past = play(50, [wave(0.1, 7)], wave(0.02, 11))
    const idle = Array.from({ length: 81 }, (_, day) => instant((52 + day) * DAY_MS))
    const said = (events: typeof past) =>
      weighted(given(carry(), events.slice(0, -1)).when(events.at(-1)!).drafts).signals[0]!
    expect(said(past)).toMatchObject({ days: 49, sharpe: expect.any(Number) })
    const closed = [...past, packs('carry/BTC', 0), ...idle]
    expect(said(closed)).toMatchObject({ sharpe: null })
    expect(said(closed).days).toBeLessThan(30)
  })

  it('compares a future that brings its own index with that index, not with a bar of another time', () => {
    const FUTURE = 'deribit.future.BTC-27MAR26'
    const legs = [leg('future', FUTURE, -1, { kind: 'inverseFuture', settle: 'BTC' }), leg('spot', BTC_SPOT, 1)]
    const decider = blenderOf({ cashCarry: ON })
    const past = [
      bar(BTC_SPOT, 0, 100),
      packs('basis/BTC', 0.1, { legs }),
      mark(FUTURE, 92, 90, DAY_MS - 6 * HOUR_MS),
      instant(DAY_MS),
      bar(BTC_SPOT, 1, 130),
      mark(FUTURE, 121, 120, 2 * DAY_MS - 6 * HOUR_MS),
    ]
    const { state } = given(decider, past).when(instant(2 * DAY_MS))
    expect((state as BlenderState).bucket.sleeves[0]!.returns[0]!).toBeCloseTo(0.001 * (30 - 29), 12)
  })

  it('values options in coin at the index', () => {
    const CALL = 'deribit.option.BTC-5JAN26-100-C'
    const terms = { kind: 'inverseOption', settle: 'BTC', expiresAt: 30 * DAY_MS, strike: 100, option: 'call' }
    const chain = (price: number, index: number, ts: number) => ({
      ...mark(CALL, 1, null, ts),
      type: 'OptionChainObserved' as const,
      data: {
        venue: 'deribit',
        currency: 'BTC',
        expiresAt: 30 * DAY_MS,
        at: ts,
        underlyingPrice: index,
        indexPrice: index,
        options: [
          {
            ...{ instrument: CALL, strike: 100, option: 'call' as const, bid: null, ask: null, mark: price },
            ...{ markIv: null, delta: null, vega: null, openInterest: null },
          },
        ],
      },
    })
    const legs = [leg('call', CALL, -1, terms), leg('hedge', BTC, 0.5)]
    const past = [
      bar(BTC, 0, 100),
      packs('vrp/BTC', 0.1, { legs }),
      chain(0.05, 100, DAY_MS),
      instant(DAY_MS),
      bar(BTC, 1, 111),
      chain(0.1, 110, 2 * DAY_MS),
    ]
    const { state } = given(blenderOf({ volRiskPremium: ON }), past).when(instant(2 * DAY_MS))
    // One thousandth of a unit: −(0.10 − 0.05) × 110 + 0.5 × (110 − 100).
    expect((state as BlenderState).bucket.sleeves[0]!.returns[0]!).toBeCloseTo(0.001 * (-5.5 + 5), 12)
  })
})

/** `days` days on which the spots move against the perpetuals by `gap(day)` for BTC and ETH, and BTC by `market(day)`. */
function play(days: number, gaps: readonly ((day: number) => number)[], market: (day: number) => number) {
  const past: Parameters<typeof given>[1][number][] = []
  let price = 100
  const sums = [0, 0]
  for (let day = 0; day <= days; day++) {
    price *= 1 + market(day)
    const shift = gaps.map((gap, i) => {
      sums[i]! += gap(day)
      return sums[i]!
    })
    past.push(bar(BTC, day, price), bar(ETH, day, price), bar(BTC_SPOT, day, price + shift[0]!))
    past.push(bar('test.spot.ETH', day, price + (shift[1] ?? 0)))
    if (day === 0) past.push(packs('carry/BTC', 0.1), packs('basis/ETH', 0.1, { legs: CARRY_ETH }))
    past.push(instant((day + 1) * DAY_MS))
  }
  return past
}
const wave = (size: number, period: number) => (day: number) => size * Math.cos((2 * Math.PI * day) / period)

describe('risk parity in the bucket', () => {
  const past = (days: number) => play(days, [wave(0.1, 7), wave(0.4, 5)], wave(0.02, 11))
  const played = (days: number, blender: object = {}) => {
    const all = past(days)
    const decider = blenderOf({ fundingCarry: ON, cashCarry: ON }, { performanceWeighting: false, ...blender })
    return given(decider, all.slice(0, -1)).when(all.at(-1)!)
  }

  it('plain budgets for 30 days of returns up to the day before, then equal risk: the calmer signal stays whole', () => {
    const early = weighted(played(30).drafts)
    expect(early.signals.map(({ budget, riskShare }) => [budget, riskShare])).toEqual([
      [0.5, null],
      [0.5, null],
    ])
    const { drafts, state } = played(60)
    const [calm, wild] = weighted(drafts).signals
    expect(calm!.riskShare!).toBeCloseTo(0.5, 3)
    expect(wild!.riskShare!).toBeCloseTo(0.5, 3)
    expect(wild!.annualVol! / calm!.annualVol!).toBeGreaterThan(3)
    expect(calm!.budget / wild!.budget).toBeCloseTo(wild!.annualVol! / calm!.annualVol!, 1)
    const said = Object.fromEntries((state as BlenderState).bucket.packages.map((book) => [book.package, book.weight]))
    expect(said['carry/BTC']).toBe(0.1)
    expect(said['basis/ETH']!).toBeCloseTo((0.1 * wild!.budget) / calm!.budget, 2)
  })

  it.each(['ewma', 'identity', 'constantCorrelation'])(
    'tells volatilities and correlations both ways under %s',
    (covariance) => {
      const data = weighted(played(60, { covariance }).drafts)
      expect(data).toMatchObject({ covariance, days: 59, bucket: 1, isCorrelated: false })
      expect(data.correlations).toHaveLength(1)
      expect(Math.abs(data.correlations[0]!.ewma!)).toBeLessThan(0.5)
      expect(Math.abs(data.correlations[0]!.ledoitWolf!)).toBeLessThan(0.5)
      expect(data.intensity!).toBeGreaterThanOrEqual(0)
    },
  )

  it('risk follows budgets on request, and the alert follows the average correlation', () => {
    const decider = blenderOf(
      { fundingCarry: { ...ON, budget: 0.75 }, cashCarry: { ...ON, budget: 0.25 } },
      { performanceWeighting: false, bucketMethod: 'budget' },
    )
    const all = play(60, [wave(0.1, 7), wave(0.4, 7)], wave(0.02, 11))
    const data = weighted(given(decider, all.slice(0, -1)).when(all.at(-1)!).drafts)
    expect(data.signals[0]!.riskShare!).toBeCloseTo(0.75, 3)
    expect(data).toMatchObject({ isCorrelated: true, correlationAlert: 0.7 })
    expect(data.averageCorrelation!).toBeGreaterThan(0.7)
  })
})

describe('beta gate of the bucket', () => {
  it('scales a bucket that moves with BTC to the limit, after 30 days, and never scales up', () => {
    // The spot leg moves 30 % more than the perpetual: 0.1 of NAV in it is a beta of about 0.03; the limit is 0.01.
    const decider = () => blenderOf({ fundingCarry: ON }, { betaLimit: 0.01 })
    const past: Parameters<typeof given>[1][number][] = [bar(BTC, 0, 100), bar(BTC_SPOT, 0, 100)]
    past.push(packs('carry/BTC', 0.1), instant(DAY_MS))
    for (let day = 1, price = 100, spot = 100; day <= 45; day++) {
      const move = day % 2 === 0 ? 0.02 : -0.0195
      price *= 1 + move
      spot *= 1 + 1.3 * move
      past.push(bar(BTC, day, price), bar(BTC_SPOT, day, spot), instant((day + 1) * DAY_MS))
    }
    const early = given(decider(), past.slice(0, 60)).when(instant(21 * DAY_MS))
    expect((early.state as BlenderState).bucket).toMatchObject({ beta: null, betaScale: 1 })
    const { drafts, state } = given(decider(), past.slice(0, -1)).when(past.at(-1)!)
    const { beta, betaScale } = weighted(drafts)
    expect(beta!).toBeGreaterThan(0.02)
    expect(betaScale * beta!).toBeCloseTo(0.01, 6)
    expect((state as BlenderState).bucket.packages[0]!.weight).toBeCloseTo(0.1 * betaScale, 3)
  })
})

describe('the benchmark', () => {
  it('is the index that legs bring along where no bar of BTC closed', () => {
    const FUTURE = 'deribit.future.BTC-27MAR26'
    const legs = [leg('future', FUTURE, -1, { kind: 'inverseFuture', settle: 'BTC' })]
    const past: Parameters<typeof given>[1][number][] = [packs('basis/BTC', 0.2, { legs })]
    for (let day = 0, price = 100; day <= 45; day++) {
      price *= 1 + wave(0.02, 7)(day)
      past.push(mark(FUTURE, price * 1.01, price, (day + 1) * DAY_MS - 1), instant((day + 1) * DAY_MS))
    }
    const { drafts } = given(blenderOf({ cashCarry: ON }), past.slice(0, -1)).when(past.at(-1)!)
    // An outright short of 0.2 of NAV.
    const { beta, betaScale, betaDays } = weighted(drafts)
    expect(betaDays).toBe(44)
    expect(beta!).toBeCloseTo(-0.2, 1)
    expect(betaScale * Math.abs(beta!)).toBeCloseTo(0.1, 6)
  })
})

describe('properties', () => {
  const word = fc.record({
    id: fc.constantFrom('carry/BTC', 'carry/ETH', 'basis/BTC', 'vrp/BTC'),
    weight: fc.integer({ min: 0, max: 500_000 }).map((w) => w / 1e6),
    confidence: fc.integer({ min: 0, max: 10 }).map((c) => c / 10),
    directional: fc.integer({ min: -1000, max: 1000 }).map((w) => w / 1000),
    move: fc.integer({ min: -100, max: 100 }).map((m) => 1 + m / 1000),
    gap: fc.integer({ min: -100, max: 100 }).map((m) => m / 100),
  })
  const story = (words: readonly (typeof word extends fc.Arbitrary<infer W> ? W : never)[]) => {
    let price = 100
    return words.flatMap((w, day) => {
      price *= w.move
      return [
        bar(BTC, day, price),
        bar(BTC_SPOT, day, price + w.gap),
        packs(w.id, w.weight, { confidence: w.confidence, price }),
        says('tsmom', BTC, w.directional, w.confidence),
        funding(BTC, w.gap / 1000, (day + 1) * DAY_MS),
        instant((day + 1) * DAY_MS),
      ]
    })
  }
  const deciders = () =>
    blenderOf({ fundingCarry: ON, cashCarry: { ...ON, budget: 0.5 }, volRiskPremium: ON, tsmom: ON })

  it('weights are bounded by what was asked for, shares sum to 1, the row multiplies out, and state survives JSON', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 50 }), (words) => {
        const decider = deciders()
        let state = decider.initial()
        for (const input of story(words)) {
          state = JSON.parse(JSON.stringify(state)) as BlenderState
          const twin = decider.evolve(JSON.parse(JSON.stringify(state)) as BlenderState, input)
          state = decider.evolve(state, input)
          expect(JSON.parse(JSON.stringify(twin))).toEqual(state)
          for (const draft of decider.decide(state, input, undefined as never)) {
            state = decider.evolve(state, { ...input, type: draft.type, data: draft.data } as never)
            if (draft.type !== 'PortfolioBlended') {
              expect(draft.data.directional + draft.data.bucket === 1 || draft.data.directional === 1).toBe(true)
              continue
            }
            for (const row of draft.data.packages ?? []) {
              expect(row.weight).toBeGreaterThanOrEqual(0)
              expect(row.weight).toBeLessThanOrEqual(row.wanted)
              expect(row.wanted).toBeLessThanOrEqual(0.2 + 1e-9)
              const product = row.wanted * row.confidence * row.size! * row.bucket * row.betaScale
              expect(row.weight).toBeCloseTo(product, 6)
            }
          }
          const shares = state.bucket.sleeves.reduce((sum, { budget }) => sum + budget, 0)
          expect(shares === 0 || Math.abs(shares - 1) < 3e-6).toBe(true)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('prices of tomorrow change nothing that is said today', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 2, maxLength: 60 }), fc.nat(), (words, cut) => {
        const kept = 1 + (cut % (words.length - 1))
        const changed = words.map((w, day) => (day < kept ? w : { ...w, move: 2 - w.move, gap: -w.gap - 0.5 }))
        const told = (all: typeof words) => {
          const decider = deciders()
          let state = decider.initial()
          return story(all).map((input) => {
            state = decider.evolve(state, input)
            const drafts = decider.decide(state, input, undefined as never)
            for (const { type, data } of drafts) state = decider.evolve(state, { ...input, type, data } as never)
            return drafts.map(({ data }) => JSON.stringify(data).replaceAll(/"seq":\d+/g, '"seq":0'))
          })
        }
        expect(told(changed).slice(0, kept * 6)).toEqual(told(words).slice(0, kept * 6))
      }),
      { numRuns: 30 },
    )
  })

  it('the return of a day decides nothing at its own close', () => {
    const all = play(60, [wave(0.1, 7), wave(0.4, 5)], wave(0.02, 11))
    const other = all.map((e) => {
      if (e.type !== 'BarClosed') return e
      const data = e.data as { openTime: number; instrument: string; close: number }
      return data.openTime === 60 * DAY_MS && data.instrument === BTC_SPOT ? { ...e, data: { ...data, close: 500 } } : e
    })
    const decider = () => both()
    const said = (events: typeof all) => given(decider(), events.slice(0, -1)).when(events.at(-1)!).drafts
    expect(said(other as typeof all)).toEqual(said(all))
  })
})
