/** What the price chart is given: the bar of each mark, one time axis, and nothing that came later than the instant looked at. */
import { describe, expect, it } from 'vitest'
import type { BarsDoc, MarksDoc, SeriesDoc } from '#audit/view/view.port'
import {
  alignToBars,
  barAt,
  barsUntil,
  candlesOf,
  columnOf,
  intervalMs,
  type MarkKind,
  marksOf,
  priceDecimals,
  volumesOf,
  whyOf,
} from '#web/charts/candles-data'

const HOUR = 3_600_000
const BEGIN = Date.UTC(2025, 0, 1)
const ALL = new Set<MarkKind>(['fill', 'decision', 'stop', 'refusal', 'settlement'])

function bars(n: number, gapAfter = n): BarsDoc {
  const at = Array.from({ length: n }, (_, i) => BEGIN + (i < gapAfter ? i : i + 5) * HOUR)
  return {
    instrument: 'binance.usdm.BTCUSDT',
    interval: '1h',
    ts: at,
    open: at.map((_, i) => 100 + i),
    high: at.map((_, i) => 103 + i),
    low: at.map((_, i) => 98 + i),
    close: at.map((_, i) => (i % 2 === 0 ? 101 + i : 99 + i)),
    volume: at.map((_, i) => i * 10),
    seq: at.map((_, i) => i + 1),
  }
}

const series = (points: readonly (readonly [number, number | null])[], column = 'value'): SeriesDoc => ({
  name: 'oi:x',
  seq: points.map((_, i) => i + 1),
  ts: points.map(([hour]) => BEGIN + hour * HOUR),
  columns: { [column]: points.map(([, value]) => value) },
})

type Mark = MarksDoc['marks'][number]
const mark = (seq: number, hour: number, more: Partial<Mark> = {}): Mark => ({
  kind: 'fill',
  seq,
  ts: BEGIN + hour * HOUR,
  side: 'buy',
  price: 100,
  quantity: '1',
  of: `o-${seq}`,
  says: 'bought',
  ...more,
})
const doc = (...marks: readonly Mark[]): MarksDoc => ({ instrument: 'binance.usdm.BTCUSDT', marks })

describe('interval', () => {
  it.each([
    ['1m', 60_000],
    ['15m', 900_000],
    ['1h', HOUR],
    ['1d', 24 * HOUR],
    ['hour', 0],
    ['', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(intervalMs(text)).toBe(ms)
  })
})

describe('bars', () => {
  it('become candles in seconds, and volume with its direction', () => {
    expect(candlesOf(bars(2))[1]).toEqual({ time: BEGIN / 1000 + 3600, open: 101, high: 104, low: 99, close: 100 })
    expect(volumesOf(bars(2)).map(({ value, isUp }) => [value, isUp])).toEqual([
      [0, true],
      [10, false],
    ])
  })

  it('are known when they have closed, not before', () => {
    expect(barsUntil(bars(5), BEGIN + 3 * HOUR).ts).toHaveLength(3)
    const cut = barsUntil(bars(5), BEGIN + 3 * HOUR - 1)
    expect(
      Object.values(cut)
        .filter(Array.isArray)
        .map((column) => column.length),
    ).toEqual(Array(7).fill(2))
    expect(barsUntil(bars(5), BEGIN - 1).ts).toHaveLength(0)
    const whole = bars(5)
    expect(barsUntil(whole, BEGIN + 99 * HOUR)).toBe(whole)
  })

  it('are found by the time that they hold', () => {
    const { ts } = bars(3)
    expect([-1, 0, 1, HOUR, 2 * HOUR + 5, 99 * HOUR].map((after) => barAt(ts, BEGIN + after))).toEqual([
      -1, 0, 0, 1, 2, 2,
    ])
  })
})

describe('series beside the bars', () => {
  it('give each bar the newest value known at its close', () => {
    const points = alignToBars(
      bars(4),
      series([
        [0.5, 7],
        [1, 8],
        [2.25, null],
        [3.5, 9],
        [4.5, 99],
      ]),
      'value',
    )
    expect(points.map(({ value }) => value)).toEqual([8, 8, 8, 9])
    expect(points.map(({ time }) => time)).toEqual(bars(4).ts.map((ts) => ts / 1000))
  })

  it('begin with their first point and are never ahead of it', () => {
    expect(alignToBars(bars(4), series([[2.5, 1]]), 'value').map(({ time }) => time)).toEqual(
      [2, 3].map((hour) => (BEGIN + hour * HOUR) / 1000),
    )
    expect(alignToBars(bars(4), series([[2.5, 1]]), 'absent')).toEqual([])
  })

  it('keep their own times where there are no bars, each second once', () => {
    const points = alignToBars(
      bars(0),
      series([
        [0, 1],
        [0, 2],
        [1, 3],
      ]),
      'value',
    )
    expect(points).toEqual([
      { time: BEGIN / 1000, value: 1 },
      { time: BEGIN / 1000 + 3600, value: 3 },
    ])
  })

  it('have a pane only when there is a number', () => {
    expect(columnOf(series([[0, 1]]))).toBe('value')
    expect(columnOf(series([[0, 1]], 'rate'))).toBe('rate')
    expect(columnOf(series([[0, null]]))).toBeUndefined()
    expect(columnOf(series([]))).toBeUndefined()
  })
})

describe('marks', () => {
  const timesOf = (marks: MarksDoc, until = 1e9, data = bars(4)): number[] =>
    marksOf(data, marks, ALL, until).map(({ time }) => (time * 1000 - BEGIN) / HOUR)

  it('stand at the bar that holds their time, in order of time', () => {
    expect(timesOf(doc(mark(3, 2.9), mark(1, 0), mark(2, 1.2)))).toEqual([0, 1, 2])
  })

  it('stand at the newest bar when that has closed and the next has not', () => {
    expect(timesOf(doc(mark(9, 4), mark(10, 4.5)))).toEqual([3, 3])
  })

  it('are left out before the first bar and inside a gap', () => {
    expect(timesOf(doc(mark(1, -1), mark(2, 3.5), mark(3, 8)), 1e9, bars(4, 2))).toEqual([8])
  })

  it('behind the instant looked at are not drawn', () => {
    expect(timesOf(doc(mark(1, 0), mark(2, 1), mark(3, 1)), 2)).toEqual([0, 1])
  })

  it('are of the kinds that are shown', () => {
    const marks = doc(mark(1, 0), mark(2, 0, { kind: 'refusal' }), mark(3, 0, { kind: 'decision' }))
    expect(marksOf(bars(2), marks, new Set<MarkKind>(['refusal']), 9).map(({ kind }) => kind)).toEqual(['refusal'])
  })

  it('lead to the order of a fill, else to their event; two fills of one order stay two', () => {
    const marks = doc(
      mark(1, 0, { of: 'o/7' }),
      mark(2, 0, { of: 'o/7' }),
      mark(3, 0, { kind: 'decision', of: 'tsmom' }),
    )
    const ids = marksOf(bars(2), marks, ALL, 9).map(({ id }) => id)
    expect(new Set(ids).size).toBe(3)
    expect(ids.map(whyOf)).toEqual(['#/why/o%2F7', '#/why/o%2F7', '#/why/3'])
  })
})

it.each([
  [104_231.5, 0],
  [2_345.6, 2],
  [1.2345, 5],
  [0.00012, 8],
  [Number.NaN, 2],
])('a price of %d is shown with %d decimals', (price, decimals) => {
  expect(priceDecimals(price)).toBe(decimals)
})
