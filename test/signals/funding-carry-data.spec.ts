import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import type { EventEnvelope } from '#core/envelope'
import { HOUR_MS, parseDay } from '#core/time'
import type { PackageChanged } from '#events/package.events'
import { createFundingCarry } from '#signals/funding-carry.decider'
import { event } from '#test/given'
import {
  asset,
  doubt,
  marketTape,
  PERPETUAL,
  predicted,
  SPOT,
  settled,
  settlements,
  sharedFunding,
  termOf,
  words,
} from './funding-tape.js'
import { looksAhead, play, sharedCandles } from './play.js'

const DEFAULTS = configSchema.parse({}).signals.fundingCarry
const UNIVERSE = [asset(PERPETUAL), asset(SPOT)]
const make = (borrowApr: number | null = 0.02) =>
  createFundingCarry({ ...DEFAULTS, borrowApr, hurdleApr: 0.04 }, UNIVERSE)

const rate = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: -0.0004, max: 0.0012, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0.0001, 0.01, -0.01) },
)
/** Settlements that come, are missing or stand-ins; predicted rates; doubts; lost prices. */
const tapes = fc
  .record({
    rates: fc.array(
      fc.record({ rate, what: fc.constantFrom('real', 'real', 'real', 'real', 'real', 'real', 'none', 'proxy') }),
      {
        minLength: 9,
        maxLength: 40,
      },
    ),
    feed: fc.array(fc.record({ at: fc.integer({ min: 0, max: 300 }), rate }), { maxLength: 20 }),
    doubts: fc.array(fc.record({ at: fc.integer({ min: 0, max: 300 }), isBad: fc.boolean() }), { maxLength: 4 }),
    lost: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 12 }),
  })
  .map(({ rates, feed, doubts, lost }): EventEnvelope[] =>
    marketTape({
      until: rates.length * 8,
      hasBar: (instrument, at) => instrument === PERPETUAL || !lost.some((from) => at >= from && at < from + 2),
      events: [
        ...rates.flatMap(({ rate: one, what }, i) =>
          what === 'none' ? [] : [settled(i * 8, one, { proxy: what === 'proxy' })],
        ),
        ...feed.map(({ at, rate: one }) => predicted(at + 0.25, one)),
        ...doubts.map(({ at, isBad }) => doubt(at, SPOT, isBad)),
      ],
    }),
  )

const deltaOf = ({ legs }: PackageChanged['data']): number => legs.reduce((sum, leg) => sum + leg.ratio * leg.delta, 0)

describe('signal/carry on any tape', () => {
  it('never exceeds its cap, never leaves a leg alone, never goes against the sign of its rate', () => {
    fc.assert(
      fc.property(tapes, (tape) => {
        for (const { data } of words(make(), tape)) {
          expect(data.targetWeight).toBeGreaterThanOrEqual(0)
          expect(data.targetWeight).toBeLessThanOrEqual(DEFAULTS.cap)
          expect(Math.abs(data.strength)).toBeLessThanOrEqual(1)
          expect(data.legs).toHaveLength(2)
          expect(deltaOf(data)).toBe(0)
          if (data.reason === 'carry') {
            expect(Math.sign(data.legs[0]!.ratio)).toBe(-Math.sign(termOf(data, 'apr')!))
            expect(termOf(data, 'distance')).toBeGreaterThanOrEqual(0)
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('says the same again, from a snapshot too', () => {
    fc.assert(
      fc.property(tapes, fc.nat(200), (tape, at) => {
        const plain = play(make(), tape)
        const revived = play(make(), tape, Math.min(at, tape.length - 1))
        expect(JSON.stringify(revived)).toBe(JSON.stringify(plain))
        expect(JSON.parse(JSON.stringify(plain.state))).toEqual(plain.state)
      }),
      { numRuns: 60 },
    )
  })

  it('does not look ahead; a leak would be seen', () => {
    const tape = marketTape({ until: 110, events: settlements(Array.from({ length: 14 }, () => 0.0002)) })
    const cut = tape.findIndex((one) => one.type === 'InstantClosed' && one.ts === tape.at(-1)!.ts - 40 * HOUR_MS)
    const future = tape
      .slice(cut + 1)
      .map((one) => (one.type === 'FundingSettled' ? { ...one, data: { ...(one.data as object), rate: -0.01 } } : one))
    expect(looksAhead(() => make(), tape, cut, future)).toBe(false)
    const leak = (seen: readonly EventEnvelope[]) => {
      const last = seen.filter((one) => one.type === 'FundingSettled').at(-1)!
      const isBad = (last.data as { rate: number }).rate < 0
      return createFundingCarry({ ...DEFAULTS, enabled: true, cap: isBad ? 0.1 : 0.2 }, UNIVERSE)
    }
    expect(looksAhead(leak, tape, cut, future)).toBe(true)
  })

  it('is bounded by its universe', () => {
    const long = marketTape({ until: 2000, events: settlements(Array.from({ length: 250 }, () => 0.0002)) })
    const size = (n: number) => JSON.stringify(play(make(), long.slice(0, n)).state).length
    expect(size(long.length)).toBeLessThan(size(1500) * 1.05)
  })
})

const funding = sharedFunding('binance/BTCUSDT.csv')
const candles = sharedCandles('binance/BTCUSDT-4h.csv')
describe.skipIf(funding.length === 0 || candles.length === 0)('signal/carry on BTC of Binance, 2019–2024', () => {
  const tape: EventEnvelope[] = []
  const STEP_MS = 4 * HOUR_MS
  let next = 0
  for (const { ts, candle } of candles) {
    const at = ts + STEP_MS
    if (at < funding[0]!.ts) continue
    for (const instrument of [PERPETUAL, SPOT])
      tape.push(event('BarClosed', { instrument, interval: '4h', openTime: ts, ...candle }, { ts: at }))
    for (; next < funding.length && funding[next]!.ts <= at; next++) {
      const { ts: settledAt, rate: one } = funding[next]!
      const data = { instrument: PERPETUAL, settledAt, rate: one, intervalHours: 8, proxy: false }
      tape.push(event('FundingSettled', data, { seq: next + 1, ts: at }))
    }
    for (let hour = at; hour < at + STEP_MS; hour += HOUR_MS)
      tape.push(event('InstantClosed', { instant: hour, intervals: ['1h'], missing: [] }, { ts: hour }))
  }
  const said = words(createFundingCarry(DEFAULTS, UNIVERSE), tape).map(({ data }) => data)
  const opened = said.filter((data, i) => data.targetWeight > 0 && (said[i - 1]?.targetWeight ?? 0) === 0)

  /** The plain formulas, over the settlements as an array: what opens and what the stop ends. */
  function plain(): { opened: number[]; reversed: number[] } {
    const found = { opened: [] as number[], reversed: [] as number[] }
    const hurdle = (34e-4 * 365) / 30
    let isOpen = false
    for (let i = 8; i < funding.length && funding[i]!.ts <= candles.at(-1)!.ts; i++) {
      const { ts, rate: last } = funding[i]!
      const apr = (funding.slice(i - 8, i + 1).reduce((sum, row) => sum + row.rate, 0) / 9) * 1095
      const agree = [i, i - 1, i - 2].every((k) => funding[k]!.rate > 0)
      if (isOpen && apr <= hurdle) isOpen = false
      else if (!isOpen && agree && apr > hurdle) {
        isOpen = true
        found.opened.push(ts)
      }
      const nextAt = funding[i + 1]?.ts ?? Number.POSITIVE_INFINITY
      if (isOpen && last < 0 && ts + 6 * HOUR_MS < nextAt) {
        isOpen = false
        found.reversed.push(ts + 6 * HOUR_MS)
      }
    }
    return found
  }

  it('opens and stops exactly where the plain formulas do', () => {
    const { opened: wanted, reversed } = plain()
    expect(opened.map(({ asOf }) => asOf)).toEqual(wanted)
    const stops = said.filter(({ reason }) => reason === 'reversed')
    expect(stops.map(({ asOf }) => asOf + 6 * HOUR_MS)).toEqual(reversed)
    expect(opened.length).toBeGreaterThan(50)
    expect(reversed.length).toBeGreaterThan(30)
  })

  it('is large in the spring of 2021 and small in the winter of 2022', () => {
    const largest = (from: string, to: string) =>
      Math.max(
        ...said.filter(({ asOf }) => asOf >= parseDay(from)! && asOf < parseDay(to)!).map((data) => data.targetWeight),
      )
    expect(largest('2021-02-01', '2021-05-01')).toBe(0.2)
    expect(largest('2022-06-01', '2023-01-01')).toBeLessThan(0.08)
  })
})
