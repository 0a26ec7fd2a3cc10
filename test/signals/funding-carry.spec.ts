import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import type { FundingCarryConfig } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { carryPairs, createFundingCarry } from '#signals/funding-carry.decider'
import {
  asset,
  delisted,
  doubt,
  hour,
  type Market,
  marketTape,
  type PackageWord,
  PERPETUAL,
  predicted,
  SPOT,
  settled,
  settlements,
  termOf,
  words,
} from './funding-tape.js'

const DEFAULTS = configSchema.parse({}).signals.fundingCarry
const UNIVERSE = [asset(PERPETUAL), asset(SPOT)]
const make = (change: Partial<FundingCarryConfig> = {}) => createFundingCarry({ ...DEFAULTS, ...change }, UNIVERSE)
const AT_5: Partial<FundingCarryConfig> = { hurdleApr: 0.05 }
const run = (market: Market, change: Partial<FundingCarryConfig> = AT_5): PackageWord[] =>
  words(make(change), marketTape(market))
const flat = (n: number, rate = 0.0001): number[] => Array.from({ length: n }, () => rate)
const brief = (said: readonly PackageWord[]) => said.map(({ at, data }) => [at, data.reason, data.targetWeight])

describe('pairs', () => {
  it('take the spot of the own venue first, then of any, in the own quote, by id', () => {
    const ids = (...instruments: string[]) => carryPairs(instruments.map((one) => asset(one))).map(({ spot }) => spot)
    expect(ids(PERPETUAL, 'bybit.spot.BTCUSDT', SPOT)).toEqual([SPOT])
    expect(ids(PERPETUAL, 'okx.spot.BTC-USDT', 'bybit.spot.BTCUSDT')).toEqual(['bybit.spot.BTCUSDT'])
    expect(ids(PERPETUAL)).toEqual([])
    const other = [asset(PERPETUAL), asset('binance.spot.ETHUSDT', 'ETH')]
    expect(carryPairs(other)).toEqual([])
    const quotes = [asset(PERPETUAL), asset('binance.spot.BTCUSDC', 'BTC', 'USDC'), asset(SPOT)]
    expect(carryPairs(quotes)).toEqual([{ perpetual: PERPETUAL, spot: SPOT }])
  })

  it('leave out dated futures and take coin-margined perpetuals', () => {
    const coinm = 'binance.coinm.BTCUSD_PERP'
    const universe = [asset(coinm, 'BTC', 'USD'), asset('binance.usdm.BTCUSDT_260327'), asset(SPOT)]
    expect(carryPairs(universe)).toEqual([{ perpetual: coinm, spot: SPOT }])
    const tape = marketTape({
      until: 72,
      instruments: [coinm, SPOT],
      events: settlements(flat(10), 8, coinm),
    })
    const [first] = words(createFundingCarry({ ...DEFAULTS, ...AT_5 }, universe), tape)
    expect(first!.data.legs[0]!.terms).toMatchObject({ kind: 'inversePerpetual', settle: 'BTC' })
    expect(first!.data.legs[1]!.terms).toMatchObject({ kind: 'spot', settle: 'USDT' })
  })
})

describe('opening', () => {
  it('speaks the sentence of the method: 10.95 % against 5 % is 4.76 % of NAV, short against spot', () => {
    const [only, ...rest] = run({ until: 80, events: settlements(flat(11)) })
    expect(rest).toEqual([])
    expect(only!.at).toBe(64) // the ninth settlement
    const { terms, ...said } = only!.data
    expect(said).toEqual({
      signal: 'carry',
      package: `carry/${PERPETUAL}`,
      kind: 'carry',
      reason: 'carry',
      strength: -0.238,
      confidence: 1,
      targetWeight: 0.0476,
      asOf: hour(64),
      validUntil: hour(88),
      price: 40_000,
      legs: [
        {
          role: 'perpetual',
          instrument: PERPETUAL,
          ratio: -1,
          delta: 1,
          terms: { kind: 'linearPerpetual', base: 'BTC', quote: 'USDT', settle: 'USDT', tick: '0.1', lot: '0.001' },
        },
        {
          role: 'spot',
          instrument: SPOT,
          ratio: 1,
          delta: 1,
          terms: { kind: 'spot', base: 'BTC', quote: 'USDT', settle: 'USDT', tick: '0.1', lot: '0.001' },
        },
      ],
      inputs: [100, 101, 102, 103, 104, 105, 106, 107, 108],
    })
    expect(terms).toEqual([
      { name: 'apr', value: 0.1095, threshold: 0.05 },
      { name: 'distance', value: 0.0595 },
      { name: 'hurdle', value: 0.05 },
      { name: 'settlements', value: 9, threshold: 9 },
      { name: 'unanimous', value: 9, threshold: 3 },
      { name: 'rateLast', value: 0.0001 },
      { name: 'intervalHours', value: 8 },
      { name: 'reversedHours', value: 0, threshold: 6 },
      { name: 'feed', value: 0 },
      { name: 'size', value: 0.0476, threshold: 0.2 },
    ])
  })

  it('asks for what the costs ask for, where no hurdle is set: 34 bp in 30 days', () => {
    const [first] = run({ until: 64, events: settlements(flat(9)) }, {})
    expect(termOf(first!.data, 'hurdle')).toBeCloseTo(0.0413666667, 8)
  })

  it('stays out at the hurdle itself and opens just above it', () => {
    const atHurdle = 0.05 / 1095
    expect(run({ until: 64, events: settlements(flat(9, atHurdle)) })).toEqual([])
    expect(run({ until: 64, events: settlements(flat(9, atHurdle * 1.01)) })).toHaveLength(1)
  })

  it('is capped at 20 % of NAV', () => {
    const [first] = run({ until: 64, events: settlements(flat(9, 0.001)) })
    expect(first!.data).toMatchObject({ targetWeight: 0.2, strength: -1 })
  })

  it('wants the last three settlements of one sign, zero being none', () => {
    expect(run({ until: 71, events: settlements([...flat(7, 0.0003), -0.00001, 0.0003]) })).toEqual([])
    expect(run({ until: 71, events: settlements([...flat(8, 0.0003), 0]) })).toEqual([])
    const later = settlements([...flat(6, 0.0003), -0.00001, 0.0003, 0.0003, 0.0003])
    expect(run({ until: 72, events: later }).map(({ at }) => at)).toEqual([72])
  })

  it('wants that sign to be the sign of the mean', () => {
    expect(run({ until: 71, events: settlements([...flat(6, 0.001), ...flat(3, -0.0001)]) }, AT_5)).toEqual([])
  })

  it('annualises every settlement by its own interval', () => {
    const eight = settlements(flat(4, 0.0001))
    const hourly = settlements(flat(5, 0.0000125), 1, PERPETUAL, 25)
    const [first] = run({ until: 29, events: [...eight, ...hourly] })
    expect(first!.at).toBe(29)
    expect(termOf(first!.data, 'apr')).toBeCloseTo(0.1095, 8)
    expect(first!.data.validUntil).toBe(hour(32))
  })

  it('leaves negative funding alone unless the coin can be borrowed, whose cost is taken off', () => {
    const events = settlements(flat(9, -0.0001))
    expect(run({ until: 64, events })).toEqual([])
    const [first] = run({ until: 64, events }, { ...AT_5, borrowApr: 0.03 })
    expect(first!.data.legs.map(({ role, ratio }) => [role, ratio])).toEqual([
      ['perpetual', 1],
      ['spot', -1],
    ])
    expect(first!.data.targetWeight).toBeCloseTo((0.2 * (0.1095 - 0.03 - 0.05)) / 0.25, 6)
    expect(first!.data.strength).toBeGreaterThan(0)
    expect(first!.data.terms.slice(0, 4)).toEqual([
      { name: 'apr', value: -0.1095, threshold: -0.08 },
      { name: 'distance', value: 0.0295 },
      { name: 'hurdle', value: 0.05 },
      { name: 'borrowApr', value: 0.03 },
    ])
    expect(run({ until: 64, events }, { ...AT_5, borrowApr: 0.0595 })).toEqual([])
  })

  it('is never made of stand-ins', () => {
    const proxies = flat(12).map((rate, i) => settled(i * 8, rate, { proxy: true }))
    expect(run({ until: 96, events: proxies })).toEqual([])
  })

  it('waits for prices of both legs', () => {
    const hasBar = (instrument: string, at: number) => instrument === PERPETUAL || at >= 67
    const [first] = run({ until: 70, events: settlements(flat(9)), hasBar })
    expect(first!.at).toBe(67)
  })

  it('does not open while the rate of the running period goes against it', () => {
    const events = [...settlements(flat(10)), predicted(63, 0.0001), predicted(64, -0.0001)]
    expect(brief(run({ until: 71, events }))).toEqual([])
    expect(run({ until: 72, events: [...events, predicted(70, 0.0001)] }).map(({ at }) => at)).toEqual([72])
  })

  it('snaps stamps that jitter, and takes no settlement twice', () => {
    const jittery = flat(9).flatMap((rate, i) => {
      const at = hour(i * 8) + (i % 2 === 0 ? 7 : -4)
      return [settled(i * 8, rate, { settledAt: at }), settled(i * 8, rate * 9, { settledAt: at + 2 })]
    })
    const [first] = run({ until: 65, events: jittery })
    expect(first!.at).toBe(65)
    expect(first!.data.asOf).toBe(hour(64))
    expect(termOf(first!.data, 'apr')).toBeCloseTo(0.1095, 8)
  })
})

const OPEN = settlements(flat(9))

describe('holding', () => {
  it('is silent within the band and resizes beyond it, after settlements alone', () => {
    const events = settlements([...flat(9), 0.000101, 0.0003])
    const said = run({ until: 85, events })
    expect(said.map(({ at }) => at)).toEqual([64, 80])
    expect(said[1]!.data.targetWeight).toBeGreaterThan(said[0]!.data.targetWeight)
  })

  it('does not grow while the last settlements disagree, but shrinks', () => {
    const rates = [...flat(9), -0.000001, 0.003]
    const grown = run({ until: 87, events: settlements(rates) }, { ...AT_5, reversalHours: 9 })
    expect(grown.map(({ at }) => at)).toEqual([64, 72])
    expect(grown[1]!.data.targetWeight).toBeLessThan(0.0476)
    const agreed = run({ until: 96, events: settlements([...rates, 0.0001, 0.0001]) }, { ...AT_5, reversalHours: 9 })
    expect(agreed.at(-1)).toMatchObject({ at: 96, data: { targetWeight: 0.2 } })
    const shrunk = run({ until: 75, events: settlements([...flat(9), -0.0001]) })
    expect(shrunk.map(({ at, data }) => [at, data.reason])).toEqual([
      [64, 'carry'],
      [72, 'carry'],
    ])
    expect(shrunk[1]!.data.targetWeight).toBeLessThan(0.0476)
  })

  it('ends when the mean no longer pays for the costs', () => {
    const said = run({ until: 90, events: settlements([...flat(9), 0.00001, 0.00001, 0.00001]) }, { hurdleApr: 0.08 })
    expect(said.at(-1)!.data).toMatchObject({ reason: 'below-hurdle', targetWeight: 0, strength: 0 })
    expect(termOf(said.at(-1)!.data, 'distance')).toBeLessThan(0)
  })
})

describe('the stop of six hours', () => {
  const adverse = [...OPEN, settled(72, -0.00001)]

  it('fires six hours after an adverse settlement, to the hour', () => {
    const said = run({ until: 77, events: adverse })
    expect(said.map(({ data }) => data.reason)).not.toContain('reversed')
    const fired = run({ until: 78, events: adverse }).at(-1)!
    expect(fired).toMatchObject({ at: 78, data: { reason: 'reversed', targetWeight: 0 } })
    expect(fired.data.terms).toContainEqual({ name: 'reversedHours', value: 6, threshold: 6 })
    expect(termOf(fired.data, 'feed')).toBe(0)
    expect(fired.data.legs).toHaveLength(2)
  })

  it('does not fire for zero, which resets it as a favourable rate does', () => {
    const reasons = (events: readonly EventEnvelope[]) => run({ until: 79, events }).map(({ data }) => data.reason)
    expect(reasons([...OPEN, settled(72, 0)])).not.toContain('reversed')
    const turns = [predicted(66, -0.0001), predicted(71.9, 0), predicted(71.95, -0.0001)]
    expect(reasons([...OPEN, ...turns, settled(72, 0.0001)])).not.toContain('reversed')
  })

  it('fires before paying where the rate of the running period is known', () => {
    const said = run({ until: 72, events: [...OPEN, predicted(65, 0.0001), predicted(65.5, -0.0002)] })
    const { at, data } = said.at(-1)!
    expect([at, data.reason, termOf(data, 'feed')]).toEqual([72, 'reversed', 1])
    expect(termOf(data, 'reversedHours')).toBe(6.5)
    expect(termOf(data, 'ratePredicted')).toBe(-0.0002)
  })

  it('counts from the first adverse rate, through a settlement and new sizes of it', () => {
    const events = [...OPEN, predicted(69, -0.0001), settled(72, -0.0003), predicted(73, -0.0004)]
    expect(run({ until: 76, events }).at(-1)).toMatchObject({ at: 75, data: { reason: 'reversed' } })
  })

  it('ignores a predicted rate older than the settlement', () => {
    const late = { ...(predicted(71, 0.0001) as ReturnType<typeof settled>), ts: hour(74) }
    const said = run({ until: 78, events: [...adverse, late] })
    expect(said.at(-1)).toMatchObject({ at: 78, data: { reason: 'reversed' } })
  })

  it('lets nothing in again before three settlements since the reversal agree', () => {
    const rates = [...flat(9, 0.0003), -0.00001, 0.0003, 0.0003, 0.0003]
    const said = run({ until: 100, events: settlements(rates) })
    expect(said.map(({ at, data }) => [at, data.reason])).toEqual([
      [64, 'carry'],
      [78, 'reversed'],
      [96, 'carry'],
    ])
    // Predicted rates fire it without any adverse settlement: the three must be newer than the reversal all the same.
    const feed = [predicted(65, -0.0001), predicted(73, 0.0001)]
    const again = run({ until: 100, events: [...settlements(flat(13)), ...feed] })
    expect(again.map(({ at, data }) => [at, data.reason])).toEqual([
      [64, 'carry'],
      [71, 'reversed'],
      [88, 'carry'],
    ])
  })
})

describe('inputs that are missing, old or in doubt', () => {
  it('holds what is open while a settlement is overdue, ends it when two were missed', () => {
    const said = run({ until: 95, events: OPEN })
    expect(brief(said)).toEqual([
      [64, 'carry', 0.0476],
      [77, 'missing-settlement', 0.0476],
      [89, 'stale', 0],
    ])
    expect(said[2]!.data.terms[0]).toEqual({ name: 'ageHours', value: 25, threshold: 24 })
  })

  it('holds through a gap in its window and opens nothing on one', () => {
    const gap = settlements(flat(12)).filter((_, i) => i !== 10)
    expect(brief(run({ until: 88, events: gap }))).toEqual([
      [64, 'carry', 0.0476],
      [85, 'missing-settlement', 0.0476],
    ])
    const before = settlements(flat(17)).filter((_, i) => i !== 7)
    expect(run({ until: 130, events: before }).map(({ at }) => at)).toEqual([128])
  })

  it('stops by reversal even while a settlement is missing', () => {
    const said = run({ until: 90, events: [...OPEN, predicted(73, -0.0001)] })
    expect(said.at(-1)).toMatchObject({ at: 79, data: { reason: 'reversed', targetWeight: 0 } })
  })

  it('ends when a leg has had no price for two bars', () => {
    const hasBar = (instrument: string, at: number) => instrument !== SPOT || at < 66
    const events = settlements(flat(12))
    const said = run({ until: 80, events, hasBar })
    expect(brief(said)).toEqual([
      [64, 'carry', 0.0476],
      [68, 'stale', 0],
    ])
    const back = run({ until: 80, events, hasBar: (one, at) => hasBar(one, at) || at >= 70 })
    expect(back.at(-1)).toMatchObject({ at: 72, data: { reason: 'carry' } })
  })

  it('ends for ever when a leg is delisted', () => {
    const said = run({ until: 90, events: [...settlements(flat(12)), delisted(66, SPOT)] })
    expect(brief(said)).toEqual([
      [64, 'carry', 0.0476],
      [66, 'delisted', 0],
    ])
  })

  it('says its last word again while the data of a leg is in doubt', () => {
    const events = [...settlements([...flat(9), 0.0006]), doubt(66, SPOT, true), doubt(74, SPOT, false)]
    const said = run({ until: 75, events })
    expect(brief(said).slice(0, 2)).toEqual([
      [64, 'carry', 0.0476],
      [66, 'held-outlier', 0.0476],
    ])
    expect(said[1]!.data).toMatchObject({ strength: -0.238, inputs: [], terms: [{ name: 'failingChecks', value: 1 }] })
    expect(said.slice(2).map(({ at, data }) => [at, data.reason])).toEqual([[74, 'carry']])
    expect(said[2]!.data.targetWeight).toBeGreaterThan(0.0476)
    expect(run({ until: 64, events: [doubt(1, 'other.spot.X', true), ...OPEN] })).toHaveLength(1)
  })

  it('opens nothing while data is in doubt', () => {
    const events = [doubt(1, PERPETUAL, true), ...settlements(flat(10)), doubt(70, PERPETUAL, false)]
    expect(run({ until: 75, events }).map(({ at }) => at)).toEqual([70])
  })
})
