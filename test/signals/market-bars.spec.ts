import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, HOUR_MS, intervalMs } from '#core/time'
import type { BarClosed } from '#events/market.events'
import { createMarketBars, type MarketBarsState } from '#signals/market-bars.decider'
import { event, given } from '#test/given'
import {
  BTC,
  bar,
  type Candle,
  ETH,
  entry,
  flatCandle,
  instant,
  looksAhead,
  play,
  START,
  sharedCandles,
} from './play.js'

const hourly = () => createMarketBars([entry(BTC, '1h'), entry(ETH, '1h')], '1d')
const hour = (at: number, candle: Candle = flatCandle(100 + at, 1), instrument = BTC): BarClosed =>
  bar(at, candle, { interval: '1h', instrument })
const hours = (from: number, to: number): BarClosed[] => Array.from({ length: to - from }, (_, i) => hour(from + i))

const day = (at: number, parts: number, candle: Candle, instrument = BTC) => ({
  type: 'BarAggregated',
  data: {
    instrument,
    interval: '1d',
    openTime: START + at * DAY_MS,
    ...candle,
    parts,
    expected: 24,
    complete: parts === 24,
  },
})

describe('market/bars', () => {
  it('keeps silent while the day runs', () => {
    given(hourly(), hours(0, 22)).when(hour(22)).thenNothing()
  })

  it('tells a complete day with its last part', () => {
    const parts = hours(0, 24)
    parts[5] = hour(5, { open: 105, high: 400, low: 90, close: 106, volume: 3.5 })
    given(hourly(), parts.slice(0, 23))
      .when(parts[23]!)
      .then([day(0, 24, { open: 100, high: 400, low: 90, close: 123, volume: 26.5 })])
  })

  it('tells a day once: the instant that ends it adds nothing', () => {
    given(hourly(), hours(0, 24)).when(instant(1)).thenNothing()
  })

  it('tells a day with a hole as partial at the instant that ends it', () => {
    const holed = hours(0, 24).filter((_, i) => i !== 7)
    given(hourly(), holed)
      .when(instant(1))
      .then([day(0, 23, { open: 100, high: 123, low: 100, close: 123, volume: 23 })])
  })

  it('waits with the partial day until the day is over', () => {
    const noon = event('InstantClosed', { instant: START + 12 * HOUR_MS, intervals: ['1h'], missing: [ETH] })
    given(hourly(), hours(0, 11)).when(noon).thenNothing()
  })

  it('tells a partial day at the first bar of a later day where no instant came', () => {
    given(hourly(), hours(3, 5))
      .when(hour(50))
      .then([day(0, 2, { open: 103, high: 104, low: 103, close: 104, volume: 2 })])
  })

  it('says nothing of a day without parts', () => {
    given(hourly(), [...hours(0, 24), instant(1)])
      .when(instant(2))
      .thenNothing()
  })

  it('tells the partial days of several instruments in the order of the universe', () => {
    const tape = [hour(2, flatCandle(7, 1), ETH), hour(3)]
    given(hourly(), tape)
      .when(instant(1))
      .then([
        day(0, 1, { open: 103, high: 103, low: 103, close: 103, volume: 1 }),
        day(0, 1, { open: 7, high: 7, low: 7, close: 7, volume: 1 }, ETH),
      ])
  })

  it('ignores bars that come twice, late or for a day already told', () => {
    const tape = [...hours(0, 12), hour(11), hour(4), instant(1), hour(20)]
    given(hourly(), tape).when(instant(2)).thenNothing()
  })

  it('ignores instruments and intervals that are not its own', () => {
    const strange = bar(0, flatCandle(1), { instrument: 'x.y.Z', interval: '1h' })
    const finer = bar(0, flatCandle(1), { interval: '30m' })
    given(hourly(), [strange, finer]).when(instant(1)).thenNothing()
  })

  it('reads no bars where all are daily already', () => {
    const daily = createMarketBars([entry(BTC)], '1d')
    expect(daily.intervals).toEqual([])
    expect(createMarketBars([entry(BTC, '4h'), entry(ETH)], '1h').intervals).toEqual(['1h', '4h'])
    given(daily, [])
      .when(bar(0, flatCandle(5)))
      .thenNothing()
  })

  it('adds up volumes beyond what plain addition keeps', () => {
    const volumes = [1e16, ...Array.from({ length: 23 }, () => 1)]
    const { drafts } = given(
      hourly(),
      volumes.slice(0, 23).map((v, i) => hour(i, flatCandle(5, v))),
    ).when(hour(23, flatCandle(5, 1)))
    expect((drafts[0]!.data as { volume: number }).volume).toBe(1e16 + 23 - 1) // the even neighbour: 1e16 + 23 is no double
  })

  it('forgets nothing through JSON, and a day looks at its own parts alone', () => {
    const tapes = fc.array(
      fc.record({ skip: fc.integer({ min: 1, max: 30 }), price: fc.integer({ min: 1, max: 99 }) }),
      {
        minLength: 5,
        maxLength: 120,
      },
    )
    fc.assert(
      fc.property(tapes, fc.nat(), (steps, at) => {
        let slot = 0
        const tape: EventEnvelope[] = []
        for (const { skip, price } of steps) {
          slot += skip
          tape.push(hour(slot, flatCandle(price, price / 7)))
          if (slot % 24 === 23) tape.push(instant((slot + 1) / 24))
        }
        const plain = play(hourly(), tape)
        const revived = play(hourly(), tape, at % tape.length)
        expect(revived).toEqual(plain)
        const cut = at % tape.length
        const other = hours(slot + 1, slot + 40)
        expect(looksAhead(hourly, tape, cut, other)).toBe(false)
        for (const word of plain.said) {
          expect(word.ts).toBeGreaterThanOrEqual((word.data as unknown as { openTime: number }).openTime + DAY_MS)
        }
        expect((plain.state as MarketBarsState).ready).toBe(0)
      }),
      { seed: 7, numRuns: 60 },
    )
  })

  const real = sharedCandles('binance/BTCUSDT-4h.csv')
  it.skipIf(real.length === 0)('rebuilds the daily bars of the venue from its 4h bars', () => {
    const native = new Map(sharedCandles('binance/BTCUSDT-1d.csv').map(({ ts, candle }) => [ts, candle]))
    const tape = real.map(({ ts, candle }, i) =>
      event(
        'BarClosed',
        { instrument: BTC, interval: '4h', openTime: ts, ...candle },
        { seq: i + 1, ts: ts + intervalMs('4h') },
      ),
    )
    const { said } = play(createMarketBars([entry(BTC, '4h')], '1d'), tape)
    const whole = said.map((word) => word.data as unknown as Candle & { openTime: number; complete: boolean })
    const complete = whole.filter((one) => one.complete)
    expect(complete.length).toBeGreaterThan(2500)
    for (const one of complete) {
      const expected = native.get(one.openTime)
      if (expected === undefined) continue
      expect([one.open, one.high, one.low, one.close]).toEqual([
        expected.open,
        expected.high,
        expected.low,
        expected.close,
      ])
      expect(one.volume).toBeCloseTo(expected.volume, 5)
    }
  })
})

describe('market/bars of a run on venues', () => {
  const live = () => createMarketBars([entry(BTC, '1h'), entry(ETH, '1h')], '1d', { awaitsMissing: true })
  const midnight = instant(1, [BTC])

  it('waits for bars that are filled after midnight, and tells the whole day then', () => {
    const { drafts } = given(live(), [...hours(0, 20), midnight]).when(hour(20))
    expect(drafts).toEqual([])
    const whole = given(live(), [...hours(0, 20), midnight, ...hours(20, 23)]).when(hour(23))
    expect(whole.drafts).toMatchObject([{ type: 'BarAggregated', data: { parts: 24, complete: true } }])
  })

  it('tells a day whose rest the venue never had with the first bar behind it, and others at midnight', () => {
    const partial = given(live(), [...hours(0, 20), midnight]).when(hour(24))
    expect(partial.drafts).toMatchObject([{ data: { parts: 20, complete: false } }])
    const eth = [0, 1, 2].map((at) => hour(at, flatCandle(50), ETH))
    given(live(), eth)
      .when(midnight)
      .then([{ type: 'BarAggregated', data: expect.objectContaining({ instrument: ETH, parts: 3 }) as object }])
  })
})
