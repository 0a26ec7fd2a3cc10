import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema, type UniverseEntry } from '#core/config/schema'
import type { CashCarryConfig } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { PackageChanged } from '#events/package.events'
import { netCarryApr } from '#quant/basis'
import { createCashCarry } from '#signals/cash-carry.decider'
import type { CashCarryState } from '#signals/cash-carry-book'
import { event } from '#test/given'
import { entry, oracle, play } from './play.js'

const SPOT = 'binance.spot.BTCUSDT'
const JUNE = 'deribit.future.BTC-26JUN26'
const SEPT = 'deribit.future.BTC-25SEP26'
/** A midnight, and expiries at 08:00 UTC. */
const T = Date.UTC(2026, 2, 28)
const inDays = (days: number): number => T + days * DAY_MS
const DEFAULTS = configSchema.parse({}).signals.cashCarry
const UNIVERSE: readonly UniverseEntry[] = [{ ...entry(SPOT), role: 'leg' }]
const make = (change: Partial<CashCarryConfig> = {}, universe = UNIVERSE) =>
  createCashCarry({ ...DEFAULTS, ...change }, universe)

const listed = (instrument: string, expiresAt: number, kind: 'inverseFuture' | 'linearFuture' = 'inverseFuture') =>
  event('InstrumentListed', {
    ...{ instrument, kind, base: 'BTC', quote: 'USD', tick: '2.5', lot: '0.0001', minNotional: '10' },
    ...{ makerFeeBps: 0, takerFeeBps: 5, expiresAt },
  })
let seq = 100
const mark = (instrument: string, price: number, index: number | null, at: number) =>
  event('MarkChanged', { instrument, mark: price, index, at }, { ts: at, seq: ++seq })
const instant = (ts: number) =>
  event('InstantClosed', { instant: ts, intervals: ['1h'], missing: [] }, { ts, seq: ++seq })
const doubt = (subject: string, isBad: boolean, ts: number) =>
  event('DataQualityChanged', { subject, check: 'outlier', isBad, detail: 'x' }, { ts, seq: ++seq })
const delisted = (instrument: string, ts: number) =>
  event('InstrumentDelisted', { instrument, reason: 'gone' }, { ts, seq: ++seq })

type Word = { readonly ts: number; readonly data: PackageChanged['data'] }
const words = (tape: readonly EventEnvelope[], change: Partial<CashCarryConfig> = {}, universe = UNIVERSE): Word[] =>
  play(make(change, universe), tape).said.map(({ ts, data }) => ({ ts, data: data as unknown as Word['data'] })) // what it emits
const brief = (said: readonly Word[]) => said.map(({ data }) => [data.package, data.reason, data.targetWeight])
const term = ({ data }: Word, name: string) => data.terms.find((one) => one.name === name)
const stateOf = (tape: readonly EventEnvelope[], change: Partial<CashCarryConfig> = {}, universe = UNIVERSE) =>
  play(make(change, universe), tape).state as CashCarryState // the state of this decider

/** Future of `days`, quoted at midnight; basis 2.5 % unless told. */
const quoted = (days: number, price = 61_500, at = T) => [listed(JUNE, inDays(days)), mark(JUNE, price, 60_000, at)]
/** 12.42 % net over 90 days. */
const RICH = 60_000 * 1.04

describe('signal/basis: entry', () => {
  it('does not trade the example of the methods: 10.139 % is 7.435 % net, below 8 %', () => {
    expect(words([...quoted(90), instant(T)])).toEqual([])
    const [numbers] = Object.values(stateOf([...quoted(90), instant(T)]).futures)
    expect(numbers?.numbers?.simpleApr).toBeCloseTo(0.10139, 5)
    expect(numbers?.numbers?.netApr).toBeCloseTo(0.07435, 5)
    expect(numbers?.voice.reason).toBe('below-threshold')
  })

  it('takes the cases of the oracle as they are', () => {
    for (const { inputs, expected } of oracle('basis')?.cases.filter((one) => one.method === 'netCarryApr') ?? []) {
      const { spot, future, dteDays, totalCostBp, marginFrac } = inputs as Record<string, number>
      const tape = [listed(JUNE, inDays(dteDays!)), mark(JUNE, future!, spot!, T), instant(T)]
      const state = stateOf(tape, { costBps: totalCostBp!, marginFraction: marginFrac!, minDays: 1 })
      expect(state.futures[JUNE]?.numbers?.netApr).toBeCloseTo((expected as { netApr: number }).netApr, 9)
    }
  })

  it('opens future against spot, sized between the threshold and fullApr, and says what decided', () => {
    const said = words([...quoted(90, RICH), instant(T)])
    const net = netCarryApr(60_000, RICH, 90, 30, 0.2)!
    expect(said).toHaveLength(1)
    const { data } = said[0]!
    const size = (0.2 * (net - 0.08)) / 0.22
    expect(data).toMatchObject({ signal: 'basis', package: `basis/${JUNE}`, kind: 'basis', reason: 'basis' })
    expect(data.targetWeight).toBeCloseTo(size, 6)
    expect(data.strength).toBeCloseTo(-size / 0.2, 6)
    expect(data.price).toBe(60_000)
    expect(data.legs).toMatchObject([
      {
        ...{ role: 'future', instrument: JUNE, ratio: -1, delta: 1 },
        terms: { kind: 'inverseFuture', settle: 'BTC', expiresAt: inDays(90), lot: '10' },
      },
      { role: 'spot', instrument: SPOT, ratio: 1, delta: 1, terms: { kind: 'spot', settle: 'USDT' } },
    ])
    expect(term(said[0]!, 'netApr')).toMatchObject({ value: expect.closeTo(net, 8), threshold: 0.08 })
    expect(term(said[0]!, 'distance')?.value).toBeCloseTo(net - 0.08, 8)
    expect(term(said[0]!, 'daysToExpiry')).toMatchObject({ value: 90, threshold: 7 })
    expect(data.inputs).toHaveLength(1)
  })

  it('enters above the threshold only, and not at it; the cap holds', () => {
    const net = netCarryApr(60_000, RICH, 90, 30, 0.2)!
    expect(words([...quoted(90, RICH), instant(T)], { entryApr: net })).toEqual([])
    expect(words([...quoted(90, RICH), instant(T)], { entryApr: net - 1e-4 })).toHaveLength(1)
    expect(words([...quoted(90, 90_000), instant(T)])[0]?.data.targetWeight).toBe(0.2)
  })

  it('enters with minDays left, not with less', () => {
    expect(words([...quoted(7, RICH), instant(T)])).toHaveLength(1)
    expect(words([listed(JUNE, inDays(7) - 1), mark(JUNE, RICH, 60_000, T), instant(T)])).toEqual([])
  })

  it('decides at the close of a UTC day, on prices of one time', () => {
    expect(words([...quoted(90, RICH), instant(T + HOUR_MS)])).toEqual([])
    // Without an index of that minute there is no basis.
    const early = [listed(JUNE, inDays(90)), mark(JUNE, 60_100, 60_000, T - HOUR_MS), mark(JUNE, RICH, null, T)]
    expect(words([...early, instant(T)])).toEqual([])
    const near = [listed(SEPT, inDays(180)), mark(SEPT, 60_100, 60_000, T - 30_000)]
    expect(words([...near, listed(JUNE, inDays(90)), mark(JUNE, RICH, null, T), instant(T)])).toHaveLength(1)
  })

  it('has no opinion without spot, for a perpetual is none; nor on prices that are too old', () => {
    const perpetual = [entry('binance.usdm.BTCUSDT')]
    expect(words([...quoted(90, RICH), instant(T)], {}, perpetual)).toEqual([])
    expect(stateOf([...quoted(90, RICH), instant(T)], {}, perpetual).futures[JUNE]?.voice.reason).toBe('no-spot')
    const old = quoted(90, RICH, T - 24 * HOUR_MS - 1)
    expect(words([...old, instant(T)])).toEqual([])
    expect(stateOf([...old, instant(T)]).futures[JUNE]?.voice.reason).toBe('stale')
    expect(words([...quoted(90, RICH, T - 24 * HOUR_MS), instant(T)])).toHaveLength(1)
  })

  it('takes the best contract of a base, and spot of its venue first', () => {
    const both = [...quoted(90, RICH), listed(SEPT, inDays(180)), mark(SEPT, 66_000, 60_000, T)]
    expect(words([...both, instant(T)]).map(({ data }) => data.package)).toEqual([`basis/${SEPT}`])
    const spots = [...UNIVERSE, entry('deribit.spot.BTC_USDC')]
    expect(words([...both, instant(T)], {}, spots)[0]?.data.legs[1]?.instrument).toBe('deribit.spot.BTC_USDC')
  })
})

/** Held from T on; then one mark a day just before the close of each day. */
const held = (prices: readonly (readonly [price: number, index: number])[], days = 90): EventEnvelope[] => [
  ...quoted(days, RICH),
  instant(T),
  ...prices.flatMap(([price, index], i) => [mark(JUNE, price, index, inDays(i + 1)), instant(inDays(i + 1))]),
]

describe('signal/basis: what is held', () => {
  it('grows with the basis and never shrinks', () => {
    const said = words(
      held([
        [60_000 * 1.06, 60_000],
        [60_000 * 1.02, 60_000],
      ]),
    )
    expect(said).toHaveLength(2)
    expect(said[1]!.data.targetWeight).toBeGreaterThan(said[0]!.data.targetWeight)
    expect(said[1]!.data.reason).toBe('basis')
  })

  it('leaves when less than exitApr is left, or the basis turned', () => {
    const atExit = 60_000 * (1 + (0.02 * 89) / 365)
    expect(words(held([[atExit + 0.01, 60_000]]))).toHaveLength(1)
    expect(brief(words(held([[atExit - 0.01, 60_000]])))[1]).toEqual([`basis/${JUNE}`, 'converged', 0])
    expect(brief(words(held([[59_999, 60_000]]), { exitApr: -1 }))[1]?.[1]).toBe('inverted')
    expect(words(held([[60_000, 60_000]]), { exitApr: -1 })).toHaveLength(1)
  })

  it('is delivered at its expiry, at whatever instant that is', () => {
    const eight = inDays(7) + 8 * HOUR_MS
    const tape = [listed(JUNE, eight), mark(JUNE, RICH, 60_000, T), instant(T)]
    for (let hour = 1; hour <= 176; hour++)
      tape.push(mark(JUNE, 60_400, 60_000, T + hour * HOUR_MS) as never, instant(T + hour * HOUR_MS) as never)
    const said = words(tape)
    expect(brief(said).at(-1)).toEqual([`basis/${JUNE}`, 'delivered', 0])
    expect(said.at(-1)?.ts).toBe(eight)
    expect(stateOf(tape).futures).toEqual({})
  })

  it('ends with its future, or its spot', () => {
    const open = [...quoted(90, RICH), instant(T)]
    expect(brief(words([...open, delisted(JUNE, T + HOUR_MS)]))[1]?.[1]).toBe('delisted')
    expect(brief(words([...open, delisted(JUNE, inDays(90))]))[1]?.[1]).toBe('delivered')
    const noSpot = [...open, delisted(SPOT, T + HOUR_MS), mark(JUNE, RICH, 60_000, inDays(1)), instant(inDays(1))]
    expect(brief(words(noSpot))).toEqual([
      [`basis/${JUNE}`, 'basis', expect.any(Number)],
      [`basis/${JUNE}`, 'delisted', 0],
    ])
  })

  it('goes stale, and comes back only if it would enter anew', () => {
    const late = [...quoted(90, RICH), instant(T), instant(inDays(1)), instant(inDays(1) + HOUR_MS)]
    const said = words(late)
    expect(brief(said)[1]).toEqual([`basis/${JUNE}`, 'stale', 0])
    expect(said[1]?.ts).toBe(inDays(1) + HOUR_MS)
    const poor = [...late, mark(JUNE, 61_000, 60_000, inDays(2)), instant(inDays(2))]
    expect(words(poor)).toHaveLength(2)
    const rich = [...late, mark(JUNE, RICH, 60_000, inDays(2)), instant(inDays(2))]
    expect(brief(words(rich))[2]?.[1]).toBe('basis')
  })

  it('holds through a gap of prices where it may, deciding nothing on old ones', () => {
    const change = { heldMaxAgeHours: 72 }
    const open = [...quoted(90, RICH), instant(T), instant(inDays(2)), instant(inDays(3))]
    expect(words(open, change)).toHaveLength(1)
    expect(brief(words([...open, instant(inDays(3) + 1)], change))[1]?.[1]).toBe('stale')
    const dying = [...quoted(90, RICH), instant(T), mark(JUNE, 60_001, 60_000, inDays(1)), instant(inDays(2) + DAY_MS)]
    expect(words(dying, change)).toHaveLength(1)
    const fresh = [...dying, mark(JUNE, 60_001, 60_000, inDays(4)), instant(inDays(4))]
    expect(brief(words(fresh, change))[1]?.[1]).toBe('converged')
  })

  it('holds while a leg is in doubt, whatever the prices say, but not beyond delivery', () => {
    const open = [...quoted(90, RICH), instant(T), doubt(SPOT, true, T + 1)]
    const crash = [...open, mark(JUNE, 50_000, 60_000, inDays(1)), instant(inDays(1))]
    expect(brief(words(crash))[1]?.[1]).toBe('held-outlier')
    const mended = [...crash, mark(JUNE, RICH, 60_000, inDays(1) + 1), doubt(SPOT, false, inDays(1) + 2)]
    const said = brief(words(mended))
    expect(said[2]).toEqual(said[0])
    const expired = [...open, instant(inDays(90))]
    expect(brief(words(expired)).at(-1)).toEqual([`basis/${JUNE}`, 'delivered', 0])
    // A contract that is listed later knows of the doubt.
    const fresh = [...open, listed(SEPT, inDays(180))]
    expect(stateOf(fresh).futures[SEPT]?.voice.badChecks).toEqual([`${SPOT} outlier`])
  })
})

describe('signal/basis: roll', () => {
  const rolls = (far: number, near = 60_200): EventEnvelope[] => [
    ...quoted(20, RICH),
    instant(T),
    listed(SEPT, inDays(111)),
    mark(JUNE, near, 60_000, inDays(13)),
    mark(SEPT, far, 60_000, inDays(13)),
    instant(inDays(13)),
  ]
  /** Prices each day, so that nothing grows stale before the roll. */
  const daily = (tape: EventEnvelope[]): EventEnvelope[] => [
    ...tape.slice(0, 3),
    ...Array.from({ length: 12 }, (_, i) => [mark(JUNE, RICH, 60_000, inDays(i + 1)), instant(inDays(i + 1))]).flat(),
    ...tape.slice(3),
  ]

  it('changes two packages in one step, the old one first, with the yield of the roll', () => {
    const said = words(daily(rolls(62_000)))
    const size = said.at(-3)!.data.targetWeight
    expect(brief(said.slice(-2))).toEqual([
      [`basis/${JUNE}`, 'rolled', 0],
      [`basis/${SEPT}`, 'roll', size],
    ])
    const yieldApr = ((62_000 / 60_200 - 1) * 365) / 91
    for (const word of said.slice(-2)) {
      expect(term(word, 'rollApr')).toMatchObject({ value: expect.closeTo(yieldApr, 8), threshold: 0.08 })
      expect(word.ts).toBe(inDays(13))
      expect(word.data.inputs).toHaveLength(2)
    }
  })

  it('does not roll at the threshold, nor with eight days left', () => {
    const threshold = 60_200 * (1 + (0.08 * 91) / 365)
    expect(brief(words(daily(rolls(threshold - 0.01))).slice(-1))[0]?.[1]).toBe('basis')
    expect(brief(words(daily(rolls(threshold + 0.01))).slice(-1))[0]?.[1]).toBe('roll')
    expect(brief(words(daily(rolls(62_000)), { rollDays: 6.9 })).slice(-1)[0]?.[1]).toBe('basis')
  })

  it('says nothing new the day after', () => {
    const tape = daily(rolls(62_000))
    const next = [mark(SEPT, 62_000, 60_000, inDays(14)), instant(inDays(14))]
    expect(words([...tape, ...next])).toHaveLength(words(tape).length)
  })
})

const tapes = fc
  .array(
    fc.record({
      june: fc.double({ min: 0.97, max: 1.12, noNaN: true }),
      sept: fc.double({ min: 0.97, max: 1.2, noNaN: true }),
      index: fc.double({ min: 20_000, max: 90_000, noNaN: true }),
      isQuoted: fc.boolean(),
      bad: fc.constantFrom(null, true, false),
    }),
    { minLength: 5, maxLength: 60 },
  )
  .map((days) => [
    listed(JUNE, inDays(30) + 8 * HOUR_MS),
    listed(SEPT, inDays(50) + 8 * HOUR_MS),
    ...days.flatMap(({ june, sept, index, isQuoted, bad }, i): EventEnvelope[] => [
      ...(bad === null ? [] : [doubt(JUNE, bad, inDays(i) - 1)]),
      ...(isQuoted ? [mark(JUNE, index * june, index, inDays(i)), mark(SEPT, index * sept, index, inDays(i))] : []),
      instant(inDays(i)),
      instant(inDays(i) + 8 * HOUR_MS),
    ]),
  ])

describe('signal/basis: always', () => {
  it('holds one contract of a base within the cap, and never before or beyond what its rules allow', () => {
    fc.assert(
      fc.property(tapes, (tape) => {
        const open = new Map<string, number>()
        for (const { ts, data } of words(tape)) {
          open.set(data.package, data.targetWeight)
          expect(data.targetWeight).toBeGreaterThanOrEqual(0)
          expect(data.targetWeight).toBeLessThanOrEqual(DEFAULTS.cap)
          expect([...open.values()].filter((weight) => weight > 0).length).toBeLessThanOrEqual(1)
          if (data.reason === 'delivered') expect(data.legs[0]!.terms.expiresAt).toBeLessThanOrEqual(ts)
          if (data.targetWeight > 0) expect(ts).toBeLessThan(data.legs[0]!.terms.expiresAt!)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('goes on from a snapshot as if nothing had been, and never knows what comes', () => {
    fc.assert(
      fc.property(tapes, fc.nat(), (tape, at) => {
        const cut = at % tape.length
        const whole = play(make(), tape)
        const revived = play(make(), tape, cut)
        expect(JSON.stringify(revived)).toBe(JSON.stringify(whole))
        const before = play(make(), tape.slice(0, cut + 1)).said
        expect(whole.said.filter((word) => word.at <= cut)).toEqual(before)
      }),
      { numRuns: 40 },
    )
  })
})
