import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, HOUR_MS, parseDay } from '#core/time'
import { createXExchangeFunding } from '#signals/x-exchange-funding.decider'
import { event } from '#test/given'
import { asset, doubt, marketTape, predicted, settled, sharedFunding, termOf, words } from './funding-tape.js'
import { looksAhead, play, sharedCandles } from './play.js'

const DEFAULTS = configSchema.parse({}).signals.xExchangeFunding
const VENUES = ['binance.usdm.BTCUSDT', 'dydx.swap.BTC-USD', 'okx.swap.BTC-USDT-SWAP']
const make = () =>
  createXExchangeFunding(
    { ...DEFAULTS, halfLifeDays: 12, minHoldDays: 5 },
    VENUES.map((one) => asset(one)),
  )

const HOURS = [8, 1, 4]
const rate = fc.oneof(
  { weight: 5, arbitrary: fc.double({ min: -0.0004, max: 0.0012, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0.0001, 0.01, -0.01) },
)
/** Eight days of three venues: levels that change by the day, settlements that are missing or stand-ins, feeds, doubts, lost prices. */
const tapes = fc
  .record({
    levels: fc.array(fc.tuple(rate, rate, rate), { minLength: 8, maxLength: 8 }),
    missing: fc.array(fc.tuple(fc.nat(2), fc.nat(192)), { maxLength: 6 }),
    feed: fc.array(fc.tuple(fc.nat(2), fc.nat(190), rate), { maxLength: 15 }),
    doubts: fc.array(fc.tuple(fc.nat(2), fc.nat(190), fc.boolean()), { maxLength: 5 }),
    lost: fc.array(fc.tuple(fc.nat(2), fc.nat(190)), { maxLength: 6 }),
  })
  .map(({ levels, missing, feed, doubts, lost }): EventEnvelope[] => {
    const rows = VENUES.flatMap((instrument, v) =>
      Array.from({ length: 191 }, (_, h) => h)
        .filter(
          (h) => h % HOURS[v]! === 0 && !missing.some(([venue, from]) => venue === v && h >= from && h < from + 5),
        )
        .map((h) =>
          settled(h, (levels[Math.floor(h / 24)]![v]! * HOURS[v]!) / 8, { instrument, intervalHours: HOURS[v]! }),
        ),
    )
    const rest = [
      ...feed.map(([v, h, one]) => predicted(h + 0.5, one, VENUES[v]!, HOURS[v]!)),
      ...doubts.map(([v, h, isBad]) => doubt(h, VENUES[v]!, isBad)),
    ]
    const hasBar = (one: string, h: number) => !lost.some(([v, from]) => VENUES[v] === one && h >= from && h < from + 3)
    return marketTape({ until: 190, instruments: VENUES, hasBar, events: [...rows, ...rest] })
  })

describe('signal/dispersion on any tape', () => {
  it('never exceeds its cap on a leg and is always equal coins on two venues', () => {
    let spoken = 0
    fc.assert(
      fc.property(tapes, (tape) => {
        for (const { data } of words(make(), tape)) {
          spoken++
          expect(data.targetWeight).toBeGreaterThanOrEqual(0)
          expect(data.targetWeight).toBeLessThanOrEqual(DEFAULTS.cap)
          expect(Math.abs(data.strength)).toBeLessThanOrEqual(1)
          expect(data.legs.map(({ ratio }) => ratio)).toEqual([-1, 1])
          expect(data.legs[0]!.instrument).not.toBe(data.legs[1]!.instrument)
          if (data.reason === 'dispersion') expect(termOf(data, 'netBps')).toBeGreaterThan(-12)
        }
      }),
      { numRuns: 80 },
    )
    expect(spoken).toBeGreaterThan(50)
  })

  it('says the same again, from a snapshot too', () => {
    fc.assert(
      fc.property(tapes, fc.nat(900), (tape, at) => {
        const plain = play(make(), tape)
        expect(JSON.stringify(play(make(), tape, Math.min(at, tape.length - 1)))).toBe(JSON.stringify(plain))
        expect(JSON.parse(JSON.stringify(plain.state))).toEqual(plain.state)
      }),
      { numRuns: 40 },
    )
  })
})

/** Interval in hours, by venue. */
const SEVEN = { binance: 8, bybit: 8, gate: 8, htx: 8, kucoin: 8, mexc: 8, dydx: 1 } as const
const named = Object.entries(SEVEN).map(([venue, hours]) => ({
  instrument: `${venue}.swap.BTCUSDT`,
  hours,
  rows: sharedFunding(`${venue}/BTCUSDT.csv`),
}))
const candles = sharedCandles('binance/BTCUSDT-4h.csv')
const isThere = candles.length > 0 && named.every(({ rows }) => rows.length > 0)

describe.skipIf(!isThere)('signal/dispersion on BTC of seven venues, 2021–2023', () => {
  const [from, to] = [parseDay('2021-01-01')!, parseDay('2024-01-01')!]
  const rows = named
    .flatMap(({ instrument, hours, rows: own }) =>
      own.map(({ ts, rate: one }) => ({ instrument, hours, ts, rate: one })),
    )
    .filter(({ ts }) => ts >= from && ts < to)
    .sort((a, b) => a.ts - b.ts || (a.instrument < b.instrument ? -1 : 1))
  const tape: EventEnvelope[] = []
  let next = 0
  for (const { ts, candle } of candles.filter((one) => one.ts >= from && one.ts < to)) {
    const at = ts + 4 * HOUR_MS
    for (const { instrument } of named)
      tape.push(event('BarClosed', { instrument, interval: '4h', openTime: ts, ...candle }, { ts: at }))
    for (let instant = at; instant < at + 4 * HOUR_MS; instant += HOUR_MS) {
      for (; next < rows.length && rows[next]!.ts <= instant; next++) {
        const { instrument, hours, ts: settledAt, rate: one } = rows[next]!
        const data = { instrument, settledAt, rate: one, intervalHours: hours, proxy: false }
        tape.push(event('FundingSettled', data, { seq: next + 1, ts: instant }))
      }
      tape.push(event('InstantClosed', { instant, intervals: ['1h'], missing: [] }, { ts: instant }))
    }
  }
  const universe = named.map(({ instrument }) => asset(instrument))
  const said = words(createXExchangeFunding(DEFAULTS, universe), tape)

  it('takes the widest pair of three-day means whenever it opens one', () => {
    const opened = said.filter(
      ({ data }, i) => data.reason === 'dispersion' && (said[i - 1]?.data.targetWeight ?? 0) === 0,
    )
    expect(opened.length).toBeGreaterThan(5)
    for (const { data, at } of opened) {
      const now = parseDay('2020-01-01')! + at * HOUR_MS
      const means = named.flatMap(({ hours, rows: own }) => {
        const seen = own.filter(({ ts }) => ts <= now && ts >= from)
        const span = seen.filter(({ ts }) => ts > seen.at(-1)!.ts - 3 * DAY_MS)
        const isWhole = span.length * hours >= 0.9 * 72 && now - span.at(-1)!.ts <= 25 * HOUR_MS
        return isWhole ? [(span.reduce((sum, one) => sum + one.rate, 0) / span.length / hours) * 8760] : []
      })
      expect(termOf(data, 'venues')).toBe(means.length)
      expect(termOf(data, 'shortApr')).toBeCloseTo(Math.max(...means), 6)
      expect(termOf(data, 'longApr')).toBeCloseTo(Math.min(...means), 6)
      const spread = Math.max(...means) - Math.min(...means)
      expect((spread * termOf(data, 'holdDays')!) / 365).toBeGreaterThan(24e-4)
    }
  })

  it('holds by a half-life between its bounds, and stops only after six hours', () => {
    for (const { data } of said.filter(({ data: { reason } }) => reason === 'dispersion')) {
      expect(termOf(data, 'holdDays')).toBeGreaterThanOrEqual(DEFAULTS.minHoldDays)
      expect(termOf(data, 'holdDays')).toBeLessThanOrEqual(DEFAULTS.maxHoldDays)
    }
    const stops = said.filter(({ data: { reason } }) => reason === 'reversed')
    for (const { data } of stops) expect(termOf(data, 'reversedHours')).toBeGreaterThanOrEqual(6)
  })

  it('does not look ahead', () => {
    const cut = tape.findIndex((one) => one.type === 'InstantClosed' && one.ts >= parseDay('2021-06-15')!)
    const future = tape
      .slice(cut + 1, cut + 2000)
      .map((one) => (one.type === 'FundingSettled' ? { ...one, data: { ...(one.data as object), rate: 0.01 } } : one))
    const agent = () => createXExchangeFunding(DEFAULTS, universe)
    expect(looksAhead(agent, tape.slice(0, cut + 2000), cut, future)).toBe(false)
  })
})
