/** Each kind of package, and what stands beside packages, is told in these words; a number that is not there is never guessed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunFacts } from '#audit/run-facts'
import { wordsOf } from '#audit/say'
import type { AnyEvent } from '#events/catalogue'
import { readManifest } from '#events/log/manifest'
import type { PackageChanged } from '#events/package.events'
import { FROM, givenRun, removeFolders } from './runs.js'

let facts: RunFacts

beforeAll(async () => {
  const { runDir } = await givenRun([{ ts: FROM, type: 'ClockStepped', by: 'host', cause: 0, data: { backMs: 5 } }])
  facts = new RunFacts(readManifest(runDir).manifest)
})
afterAll(removeFolders)

const event = (type: string, by: string, data: unknown): AnyEvent =>
  ({ seq: 9, ts: FROM, type, v: 1, by, cause: 0, data }) as AnyEvent // data of the type, as the deciders write it
const words = (one: AnyEvent, focus?: string) => wordsOf(one, facts, focus, () => undefined)

type Leg = PackageChanged['data']['legs'][number]
const leg = (
  role: Leg['role'],
  instrument: string,
  ratio: number,
  terms: Partial<Leg['terms']> = {},
  delta = 1,
): Leg => ({
  role,
  instrument,
  ratio,
  delta,
  terms: { kind: 'linearPerpetual', base: 'BTC', quote: 'USDT', settle: 'USDT', tick: '0.1', lot: '0.001', ...terms },
})
const PERP = leg('perpetual', 'binance.usdm.BTCUSDT', -1)
const SPOT = leg('spot', 'binance.spot.BTCUSDT', 1, { kind: 'spot' })
const CARRY = [
  { name: 'apr', value: 0.1095, threshold: 0.05 },
  { name: 'distance', value: 0.0595 },
  { name: 'hurdle', value: 0.05 },
  { name: 'settlements', value: 9, threshold: 9 },
  { name: 'unanimous', value: 9, threshold: 3 },
  { name: 'rateLast', value: 0.0001 },
]

function pkg(data: Partial<PackageChanged['data']>): AnyEvent {
  const signal = data.signal ?? 'carry'
  return event('PackageChanged', `signal/${signal}`, {
    signal,
    package: `${signal}/x`,
    kind: 'carry',
    reason: 'carry',
    strength: -0.24,
    confidence: 1,
    targetWeight: 0.048,
    asOf: FROM,
    validUntil: FROM,
    price: 43_120,
    legs: [PERP, SPOT],
    terms: CARRY,
    inputs: [],
    ...data,
  })
}

const option = (
  role: Leg['role'],
  name: string,
  ratio: number,
  strike: number,
  side: 'call' | 'put',
  delta: number,
): Leg =>
  leg(
    role,
    `deribit.option.BTC-25MAR22-${name}`,
    ratio,
    {
      kind: 'inverseOption',
      quote: 'USD',
      settle: 'BTC',
      expiresAt: FROM + 24.3333333 * 86_400_000,
      strike,
      option: side,
    },
    delta,
  )

describe('a package is told', () => {
  it('carry: as the issue asks for', () => {
    const { says, details } = words(pkg({}))
    expect(says).toBe(
      'signal/carry at 2022-03-01: short 4.8 % NAV of BTCUSDT perp against spot: funding 10.95 % a year over 9 settlements, unanimous, against a hurdle of 5 % (5.95 % beyond it)',
    )
    expect(details).toEqual([
      'carry/x: confidence 1, 4.8 % of NAV a unit of one coin at 43,120',
      'perpetual binance.usdm.BTCUSDT: -1 BTC a unit, -4.8 % of NAV; settles in USDT',
      'spot binance.spot.BTCUSDT: 1 BTC a unit, 4.8 % of NAV; settles in USDT',
      'last rate 0.01 %',
    ])
  })

  it('carry that is left: what it lacks, and how far', () => {
    const terms = [
      { name: 'apr', value: 0.032, threshold: 0.05 },
      { name: 'distance', value: -0.018 },
      { name: 'hurdle', value: 0.05 },
      { name: 'settlements', value: 9, threshold: 9 },
      { name: 'unanimous', value: 1, threshold: 3 },
    ]
    expect(words(pkg({ reason: 'below-hurdle', targetWeight: 0, terms }))).toEqual({
      says: 'signal/carry at 2022-03-01: none of BTCUSDT perp against spot, it no longer pays: funding 3.2 % a year over 9 settlements, the last 1 of one sign against 3 asked for, against a hurdle of 5 % (1.8 % short of it)',
      details: [],
    })
  })

  it('that is held while its data is bad', () => {
    expect(words(pkg({ reason: 'held-outlier', terms: [{ name: 'failingChecks', value: 1 }] })).says).toBe(
      'signal/carry at 2022-03-01: short 4.8 % NAV of BTCUSDT perp against spot, its last word stands while the check "outlier" of its data fails',
    )
  })

  it('basis: what is left after costs, and the days to delivery', () => {
    const future = leg('future', 'binance.coinm.BTCUSD_220325', -1, {
      kind: 'inverseFuture',
      quote: 'USD',
      settle: 'BTC',
    })
    const terms = [
      { name: 'netApr', value: 0.13051501, threshold: 0.08 },
      { name: 'simpleApr', value: 0.16293532, threshold: 0.02 },
      { name: 'distance', value: 0.05051501 },
      { name: 'basis', value: 0.07737567 },
      { name: 'daysToExpiry', value: 24.33333333, threshold: 7 },
      { name: 'costBps', value: 30 },
    ]
    const said = words(pkg({ signal: 'basis', kind: 'basis', reason: 'basis', legs: [future, SPOT], terms }))
    expect(said.says).toBe(
      'signal/basis at 2022-03-01: short 4.8 % NAV of BTCUSD_220325 against spot: 13.05 % a year after costs against 8 % to enter, 16.29 % simple against 2 % to leave, 5.05 % from deciding otherwise; basis 7.74 % with 24.33 days to delivery',
    )
    expect(said.details[1]).toBe(
      'future binance.coinm.BTCUSD_220325: -1 BTC a unit, -4.8 % of NAV; settles in BTC, in contracts of dollars',
    )
    expect(said.details.at(-1)).toBe('costs 30 bp')
  })

  it('dispersion: the spread of two venues against its costs', () => {
    const other = leg('otherPerpetual', 'gate.perpetual.BTCUSDT', 1)
    const terms = [
      { name: 'spreadApr', value: 0.96803475, threshold: 0.75651161 },
      { name: 'distance', value: 0.21152314 },
      { name: 'shortApr', value: 2.17 },
      { name: 'longApr', value: 1.2 },
      { name: 'holdDays', value: 1.158 },
    ]
    expect(
      words(pkg({ signal: 'dispersion', kind: 'dispersion', reason: 'dispersion', legs: [PERP, other], terms })).says,
    ).toBe(
      'signal/dispersion at 2022-03-01: short 4.8 % NAV of BTCUSDT perp on binance against BTCUSDT perp on gate: funding spread 96.8 % a year (217 % against 120 %), against 75.65 % that costs ask for in 1.16 days (21.15 % beyond it)',
    )
  })

  it('straddle: implied against realised', () => {
    const legs = [
      option('call', '93000-C', -1, 93_000, 'call', 0.51),
      option('put', '93000-P', -1, 93_000, 'put', -0.49),
      option('wingCall', '97000-C', 0.35, 97_000, 'call', 0.27),
    ]
    const terms = [
      { name: 'vrpPoints', value: 12.5, threshold: 5 },
      { name: 'iv', value: 0.65 },
      { name: 'rv', value: 0.525 },
      { name: 'vegaOfNav', value: 0.01, threshold: 0.02 },
    ]
    const said = words(pkg({ signal: 'vrp', kind: 'straddle', reason: 'premium', targetWeight: 0.2, legs, terms }))
    expect(said.says).toBe(
      'signal/vrp at 2022-03-01: short 20 % NAV of the BTC straddle at 93,000 to 2022-03-25 07:59:59.997 with wings: implied volatility 65 % against 52.5 % realised, a premium of 12.5 points against 5 points (7.5 points above it)',
    )
    expect(said.details.at(-1)).toBe('ten points of vega 1 % against 2 %')
    expect(said.details[3]).toBe(
      'wingCall deribit.option.BTC-25MAR22-97000-C: 0.35 BTC a unit, 7 % of NAV, delta 0.27; settles in BTC',
    )
  })

  it('risk reversal: the skew, where it was entered and where it is left', () => {
    const legs = [
      option('put', '50000-P', -1, 50_000, 'put', -0.15),
      option('call', '74000-C', 1, 74_000, 'call', 0.24),
    ]
    const terms = [
      { name: 'skew30', value: 12.65, threshold: 15 },
      { name: 'entrySkew', value: 20.64 },
      { name: 'exitSkew', value: 12.65, threshold: 5 },
      { name: 'medianSkew', value: null },
      { name: 'stopSkew', value: 12.65, threshold: 30.64 },
    ]
    expect(
      words(pkg({ signal: 'skew', kind: 'riskReversal', reason: 'hedge', targetWeight: 0.2, legs, terms })).says,
    ).toBe(
      'signal/skew at 2022-03-01: short 20 % NAV of BTC-25MAR22-50000-P against BTC-25MAR22-74000-C, the hedge follows the delta: skew 12.65 points against 15 points to enter (2.35 points below it); entered at 20.64 points, left at 5 points, stopped at 30.64 points',
    )
  })

  it('without numbers or legs by its name alone, and what is unknown as unknown', () => {
    expect(words(pkg({ reason: 'delisted', targetWeight: 0, legs: [], terms: [] })).says).toBe(
      'signal/carry at 2022-03-01: none of carry/x, a leg trades no more',
    )
    const terms = [
      { name: 'apr', value: null },
      { name: 'settlements', value: null },
    ]
    expect(words(pkg({ terms })).says).toMatch(/: funding unknown$/)
    expect(words(pkg({ reason: 'a-reason-of-tomorrow', terms: [] })).says).toMatch(/spot, a-reason-of-tomorrow$/)
  })
})

describe('what stands beside packages is told', () => {
  it('legging risk, leg by leg', () => {
    const data = {
      package: 'carry/x',
      signal: 'carry',
      excessDelta: -0.2,
      excessWeight: -0.0086,
      tolerance: 0.01,
      attempts: 1,
      action: 'completes',
      legs: [{ instrument: 'binance.spot.BTCUSDT', wanted: '1.5', held: '1.3' }],
      isHalted: false,
    }
    expect(words(event('PackageImbalanced', 'risk/engine', data))).toEqual({
      says: 'risk/engine at 2022-03-01: legs of carry/x do not match: -0.2 coins of delta too few, -0.86 % of NAV, beyond 1 % of its largest leg; 1 attempt so far; risk completes it',
      details: ['binance.spot.BTCUSDT: held 1.3, wanted 1.5 BTC'],
    })
  })

  it('a regime, and an early warning', () => {
    const regime = {
      signal: 'mvrv',
      regime: 'euphoria',
      longFactor: 0.5,
      shortFactor: 1,
      blocksNewLongs: true,
      blocksShorts: false,
      asOf: FROM,
      validUntil: FROM + 3 * 86_400_000,
      terms: [{ name: 'mvrvZ', value: 7.15, threshold: 7 }],
      inputs: [],
    }
    expect(words(event('RegimeChanged', 'signal/mvrv', regime)).says).toBe(
      'signal/mvrv sees euphoria at 2022-03-01 (on 2022-03-01): z of the market value 7.15 against 7; longs × 0.5, no new longs until 2022-03-04',
    )
    const warning = {
      signal: 'oi',
      instrument: 'binance.usdm.BTCUSDT',
      isOn: true,
      isConfirmed: false,
      asOf: FROM,
      terms: [{ name: 'buildZ', value: 1.77, threshold: 1.5 }],
      inputs: [],
    }
    expect(words(event('CascadeWarningChanged', 'signal/oi', warning)).says).toBe(
      'signal/oi warns of a cascade of liquidations in BTCUSDT at 2022-03-01, not confirmed by volume: z of its build-up 1.77 against 1.5; it takes no position',
    )
  })

  it('open interest and the cross-section', () => {
    const opinion = {
      strength: 1,
      confidence: 1,
      targetWeight: 0.28,
      asOf: FROM,
      validUntil: FROM,
      price: 94_286.56,
      inputs: [],
    }
    const said = (signal: string, reason: string, terms: unknown) =>
      words(
        event('SignalChanged', `signal/${signal}`, {
          signal,
          instrument: 'binance.usdm.BTCUSDT',
          side: 'long',
          reason,
          ...opinion,
          terms,
        }),
      ).says
    expect(
      said('oi', 'new-longs', [
        { name: 'priceChange', value: 0.0212, threshold: 0.005 },
        { name: 'openInterestChange', value: 0.0128, threshold: 0.01 },
      ]),
    ).toBe(
      'signal/oi went long BTCUSDT at 2022-03-01 at a close of 94,286.56, price and open interest rise: new longs: price 2.12 % against 0.5 %, open interest 1.28 % against 1 %; confidence 1 → target 28 % of NAV',
    )
    expect(
      said('xsection', 'winner', [
        { name: 'rank', value: 14 },
        { name: 'assets', value: 14, threshold: 6 },
      ]),
    ).toBe(
      'signal/xsection went long BTCUSDT at 2022-03-01 at a close of 94,286.56, among the best of its ranking: rank 14, coins ranked 14 against 6; confidence 1 → target 28 % of NAV',
    )
  })

  it('a blend of a package and its assessment, with every factor', () => {
    const row = { package: 'carry/x', signal: 'carry', weight: 0.0426, wanted: 0.1017, confidence: 1, budget: 0.4556 }
    const packages = [{ ...row, size: 0.84, bucket: 0.5, betaScale: 1, seq: 4 }]
    const blend = event('PortfolioBlended', 'portfolio/blender', {
      instant: FROM,
      scheduled: false,
      rows: [],
      packages,
    })
    expect(words(blend, 'carry/x').says).toBe(
      'portfolio/blender blended the market-neutral bucket at 2022-03-01: carry/x: wanted 10.17 % of NAV, × confidence 1 × 0.84 for its share of 45.56 % × bucket 50 % × beta gate 1 → 4.26 % of NAV',
    )
    expect(words(blend).says).toBe('portfolio/blender blended at 2022-03-01: carry/x 4.26 % of NAV')
    const assessed = { package: 'carry/x', wanted: 0.0426, approved: 0, units: '0', unitsBefore: '0', residualDelta: 0 }
    const data = { nav: 1_000_000, steps: [], rows: [], packages: [{ ...assessed, refusal: 'stale-mark' }] }
    expect(words(event('RiskAssessed', 'risk/engine', data), 'carry/x').says).toBe(
      'risk/engine assessed the book at 2022-03-01, NAV 1,000,000.00: carry/x: wanted 4.26 %, approved 0 % of NAV, 0 → 0 units of one coin, delta left open 0 % of NAV; nothing is traded: the price of a leg is too old [stale-mark]',
    )
  })

  it('an overlay below the parts of a blend', () => {
    const overlays = [{ signal: 'mvrv', before: 0.04, after: 0.02, seq: 3 }]
    const rows = [{ instrument: 'a.b.C', weight: 0.02, agreement: 1, outcome: 'blended', parts: [], overlays }]
    expect(
      words(event('PortfolioBlended', 'portfolio/blender', { instant: FROM, scheduled: false, rows }), 'a.b.C').details,
    ).toEqual(['overlay mvrv: 4 % → 2 % of NAV'])
  })

  it('delivery and expiry, with the cash flow in the coin to the last digit', () => {
    const settled = (data: object) =>
      words(event('PositionSettled', 'risk/engine', { package: 'basis/x', currency: 'BTC', ...data })).says
    expect(
      settled({
        instrument: 'binance.coinm.BTCUSD_220325',
        quantity: '-12000',
        price: '44000',
        realised: '0.01234567',
        cause: 'delivery',
        deliveryPrice: '44000',
      }),
    ).toBe(
      'risk/engine settled -12,000 USD of BTCUSD_220325, a leg of basis/x, on delivery at 44,000, at an index of 44,000, realised 0.01234567 BTC, 2022-03-01',
    )
    const call = {
      instrument: 'deribit.option.BTC-25MAR22-40000-C',
      quantity: '-1',
      cause: 'expiry',
      deliveryPrice: '44000',
    }
    expect(settled({ ...call, price: '0.09090909', realised: '-0.05090909' })).toBe(
      'risk/engine settled -1 BTC of BTC-25MAR22-40000-C, a leg of basis/x, at its expiry, at an index of 44,000: a payoff of 0.09090909 BTC a coin, realised -0.05090909 BTC, 2022-03-01',
    )
    expect(settled({ ...call, price: '0', realised: '0.04' })).toContain(': it ended worthless, realised 0.04 BTC')
  })

  it('funding of a leg in its coin, an order of a leg outside the universe, and a transfer', () => {
    const rows = [
      {
        instrument: 'deribit.future.BTC-PERPETUAL',
        quantity: '-5000',
        mark: 43_000,
        rate: 0.0001,
        proxy: false,
        cash: '-0.00001163',
      },
    ].map((row) => ({ ...row, package: 'carry/x', currency: 'BTC' }))
    expect(words(event('FundingAccrued', 'risk/engine', { rows })).says).toBe(
      'risk/engine booked funding at 2022-03-01: BTC-PERPETUAL paid 0.00001163 BTC as a leg of carry/x (-5,000 at 43,000, rate 0.01 %)',
    )
    const order = {
      order: 'o-1-1',
      instrument: 'binance.coinm.BTCUSD_220325',
      side: 'sell',
      quantity: '12000',
      reduceOnly: false,
      purpose: 'package',
      package: 'basis/x',
      terms: { ...PERP.terms, kind: 'inverseFuture', settle: 'BTC', expiresAt: FROM },
      referencePrice: '44000',
      weightBefore: 0,
      weightAfter: -0.012,
    }
    expect(words(event('OrderApproved', 'risk/engine', order)).says).toBe(
      'risk/engine approved o-1-1 at 2022-03-01: sell 12,000 USD of BTCUSD_220325 (inverse future, settles in BTC, ends 2022-03-01) at 44,000 as a leg of basis/x: 0 % → -1.2 % of NAV',
    )
    expect(
      words(event('FundsTransferred', 'operator', { currency: 'USDT', amount: '-2500', reason: 'costs' })).says,
    ).toBe('2,500 USDT taken out at 2022-03-01: "costs"; it changes the net asset value and is no profit')
  })

  it('the shares of the risk budget', () => {
    const signals = [
      {
        signal: 'carry',
        side: 'bucket',
        isLive: false,
        budget: 1,
        riskShare: null,
        annualVol: null,
        sharpe: null,
        days: 3,
      },
    ]
    const data = {
      instant: FROM,
      directionalMethod: 'budget',
      bucketMethod: 'erc',
      covariance: 'ewma',
      days: 90,
      directional: 0.5,
      bucket: 0.5,
    }
    const rest = {
      correlations: [],
      intensity: null,
      averageCorrelation: null,
      correlationAlert: 0.7,
      isCorrelated: false,
      beta: null,
      betaDays: 0,
      betaScale: 1,
    }
    expect(words(event('PortfolioWeighted', 'portfolio/blender', { ...data, signals, ...rest }))).toEqual({
      says: 'portfolio/blender shared the risk budget at 2022-03-01 on 90 days of covariances that fade: directional 50 %, market-neutral bucket 50 %; beta of the bucket unknown → × 1',
      details: ['carry (bucket): budget 100 %, without an opinion now; not measured'],
    })
  })
})
