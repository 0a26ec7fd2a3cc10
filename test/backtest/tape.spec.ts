/** The order of market rows: instants, ties, missing bars, the next open; against a plain sort. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OpenInterestSeries } from '#backtest/feeds/series'
import {
  type BarSeries,
  type FundingSeries,
  mergeTape,
  ON_BAR,
  ON_FEED,
  ON_FUNDING,
  ON_INSTANT,
  type TapeSeries,
} from '#backtest/tape'
import { TapeCursor } from '#backtest/tape-cursor'
import { HOUR_MS, type Interval, intervalMs } from '#core/time'

function bars(instrument: string, interval: Interval, slots: readonly number[]): BarSeries {
  const step = intervalMs(interval)
  const ts = Float64Array.from(slots, (slot) => slot * step)
  const price = ts.map((_, i) => 100 + i)
  const columns = { open: price, high: price, low: price, close: price, volume: price, quoteVolume: price }
  return { kind: 'bars', instrument, interval, rows: { ts, availableAt: ts.map((t) => t + step), ...columns } }
}

function funding(instrument: string, hours: readonly number[]): FundingSeries {
  const ts = Float64Array.from(hours, (hour) => hour * HOUR_MS)
  return { kind: 'funding', instrument, rows: { ts, availableAt: ts, rate: ts, intervalHours: ts } }
}

/** The walk as text: `3h b:0`, with `closed` and `missing` on instants. */
function walk(series: readonly TapeSeries[]): string[] {
  const cursor = new TapeCursor(mergeTape(series))
  const lines: string[] = []
  while (cursor.next()) {
    const at = cursor.ts / HOUR_MS
    const name = (index: number): string => {
      const { kind, instrument, ...rest } = cursor.tape.series[index]!
      return `${kind}:${instrument}${'interval' in rest ? `:${rest.interval}` : ''}`
    }
    if (cursor.kind !== ON_INSTANT) lines.push(`${at} ${name(cursor.seriesIndex)} #${cursor.row}`)
    else lines.push(`${at} closed [${cursor.intervals()}] missing [${[...cursor.missing()].map(name)}]`)
  }
  return lines
}

describe('mergeTape', () => {
  it('orders rows of an instant by kind, instrument, interval, whatever order the series came in', () => {
    const series = [funding('a.b.A', [4]), bars('a.b.B', '1h', [3]), bars('a.b.A', '4h', [0]), bars('a.b.A', '1h', [3])]
    const expected = [
      '4 bars:a.b.A:1h #0',
      '4 bars:a.b.A:4h #0',
      '4 bars:a.b.B:1h #0',
      '4 funding:a.b.A #0',
      '4 closed [1h,4h] missing []',
    ]
    expect(walk(series)).toEqual(expected)
    expect(walk([...series].reverse())).toEqual(expected)
  })

  it('compares instruments by code unit: upper case before lower, digits before both', () => {
    const order = walk(['a.b.b', 'a.b.B', 'a.b.1'].map((id) => bars(id, '1h', [0]))).map((line) => line.split(' ')[1])
    expect(order).toEqual(['bars:a.b.1:1h', 'bars:a.b.B:1h', 'bars:a.b.b:1h', 'closed'])
  })

  it('closes an instant at which every bar is missing, and names them between first and last only', () => {
    expect(walk([bars('a.b.A', '1h', [0, 2]), bars('a.b.B', '1h', [0, 2, 3])])).toEqual([
      '1 bars:a.b.A:1h #0',
      '1 bars:a.b.B:1h #0',
      '1 closed [1h] missing []',
      '2 closed [1h] missing [bars:a.b.A:1h,bars:a.b.B:1h]',
      '3 bars:a.b.A:1h #1',
      '3 bars:a.b.B:1h #1',
      '3 closed [1h] missing []',
      '4 bars:a.b.B:1h #2',
      '4 closed [1h] missing []',
    ])
  })

  it('gives funding between bars an instant at which nothing closed', () => {
    expect(walk([bars('a.b.A', '4h', [0, 1]), funding('a.b.A', [5])])).toEqual([
      '4 bars:a.b.A:4h #0',
      '4 closed [4h] missing []',
      '5 funding:a.b.A #0',
      '5 closed [] missing []',
      '8 bars:a.b.A:4h #1',
      '8 closed [4h] missing []',
    ])
  })

  it('has no instants between a delisting and a later listing', () => {
    const instants = mergeTape([bars('a.b.A', '1h', [0]), bars('a.b.B', '1h', [9])]).instants
    expect([...instants].map((t) => t / HOUR_MS)).toEqual([1, 10])
  })

  it('counts a hole at the edge of the span when the loader knows of bars outside', () => {
    const series = { ...bars('a.b.A', '1h', [2]), expectedFrom: 2 * HOUR_MS, expectedTo: 4 * HOUR_MS }
    expect(walk([series])).toEqual([
      '2 closed [1h] missing [bars:a.b.A:1h]',
      '3 bars:a.b.A:1h #0',
      '3 closed [1h] missing []',
      '4 closed [1h] missing [bars:a.b.A:1h]',
    ])
  })

  it('refuses the same series twice, rows out of order and rows off the grid', () => {
    expect(() => mergeTape([bars('a.b.A', '1h', [0]), bars('a.b.A', '1h', [5])])).toThrow('given twice')
    expect(() => mergeTape([bars('a.b.A', '1h', [1, 0])])).toThrow('out of order')
    expect(() => mergeTape([bars('a.b.A', '1h', [0.5])])).toThrow('off its grid')
    const late = bars('a.b.A', '1h', [0])
    late.rows.availableAt[0]! += 1
    expect(() => mergeTape([late])).toThrow('off its grid')
  })

  it('of nothing is nothing', () => {
    expect(walk([])).toEqual([])
    expect(walk([bars('a.b.A', '1h', []), funding('a.b.A', [])])).toEqual([])
  })
})

describe('openAt', () => {
  it('is the bar that opens at the instant, and none after a gap, before a listing or inside a longer bar', () => {
    const cursor = new TapeCursor(mergeTape([bars('a.b.A', '1h', [0, 1, 3]), bars('a.b.B', '4h', [1])]))
    const seen: string[] = []
    while (cursor.next())
      if (cursor.kind === ON_INSTANT) seen.push(`${cursor.ts / HOUR_MS}: ${cursor.openAt(0)} ${cursor.openAt(1)}`)
    expect(seen).toEqual(['1: 1 -1', '2: -1 -1', '3: 2 -1', '4: -1 0', '8: -1 -1'])
  })
})

const slots = (max: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max }), { maxLength: 40 }).map((all) => all.sort((a, b) => a - b))
/** Rows of a feed may share a time. */
function feed(instrument: string, hours: readonly number[]): OpenInterestSeries {
  const ts = Float64Array.from(
    hours.flatMap((hour) => (hour % 3 === 0 ? [hour, hour] : [hour])),
    (hour) => hour * HOUR_MS,
  )
  return { kind: 'oi', instrument, rows: { ts, availableAt: ts, openInterest: ts } }
}

function seriesOf(interval: string, instrument: string, at: readonly number[]): TapeSeries | OpenInterestSeries {
  if (interval === 'oi') return feed(instrument, at)
  return interval === 'funding' ? funding(instrument, at) : bars(instrument, interval as Interval, at) // of the list below
}

const anySeries = fc.uniqueArray(
  fc.tuple(fc.constantFrom('1h', '4h', '1d', 'funding', 'oi'), fc.constantFrom('A', 'B', 'C', 'D'), slots(60)),
  { maxLength: 9, selector: ([interval, name]) => `${interval} ${name}` },
)

describe('any tape', () => {
  it('comes out as a plain sort by (time, kind, instrument, interval), every row once', () => {
    fc.assert(
      fc.property(anySeries, (specs) => {
        const series = specs.map(([interval, name, at]) => seriesOf(interval, `a.b.${name}`, at))
        const rank: Readonly<Record<string, number>> = { bars: 0, funding: 1, oi: 2 }
        const expected = series
          .flatMap((s) =>
            [...s.rows.availableAt].map((t, row) => ({
              key: [t, rank[s.kind]!, s.instrument, s.kind === 'bars' ? intervalMs(s.interval) : 0, row] as const,
            })),
          )
          .sort((a, b) => {
            for (let i = 0; i < 4; i++) if (a.key[i] !== b.key[i]) return a.key[i]! < b.key[i]! ? -1 : 1
            return 0
          })
          .map(({ key }) => key.join(' '))
        const cursor = new TapeCursor(mergeTape(series))
        const seen: string[] = []
        let rowsSinceInstant = 0
        let lastInstant = Number.NEGATIVE_INFINITY
        while (cursor.next()) {
          if (cursor.kind === ON_INSTANT) {
            expect(cursor.ts).toBeGreaterThan(lastInstant)
            const expectedBars = cursor.intervals().length > 0
            expect(rowsSinceInstant > 0 || cursor.missing().length > 0).toBe(true)
            if (cursor.missing().length > 0) expect(expectedBars).toBe(true)
            lastInstant = cursor.ts
            rowsSinceInstant = 0
            continue
          }
          rowsSinceInstant++
          const s = cursor.tape.series[cursor.seriesIndex]!
          expect(cursor.kind).toBe({ bars: ON_BAR, funding: ON_FUNDING }[s.kind as string] ?? ON_FEED)
          expect(s.rows.availableAt[cursor.row]).toBe(cursor.ts)
          seen.push(
            [cursor.ts, rank[s.kind]!, s.instrument, s.kind === 'bars' ? intervalMs(s.interval) : 0, cursor.row].join(
              ' ',
            ),
          )
        }
        expect(seen).toEqual(expected)
        expect(rowsSinceInstant).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('names as missing just the slots between first and last bar that hold none', () => {
    fc.assert(
      fc.property(anySeries, (specs) => {
        const series = specs.flatMap(
          ([interval, name, at]) =>
            interval === 'funding' || interval === 'oi' ? [] : [bars(`a.b.${name}`, interval as Interval, at)], // from the list above
        )
        const expected = series
          .flatMap((s) => {
            const step = intervalMs(s.interval)
            const have = new Set(s.rows.availableAt)
            const holes: string[] = []
            for (let t = s.rows.availableAt[0] ?? 0; t < (s.rows.availableAt.at(-1) ?? 0); t += step)
              if (!have.has(t)) holes.push(`${t} ${s.instrument} ${s.interval}`)
            return holes
          })
          .sort()
        const cursor = new TapeCursor(mergeTape(series))
        const seen: string[] = []
        while (cursor.next()) {
          if (cursor.kind !== ON_INSTANT) continue
          for (const index of cursor.missing()) {
            const s = cursor.tape.series[index]!
            if (s.kind === 'bars') seen.push(`${cursor.ts} ${s.instrument} ${s.interval}`)
          }
        }
        expect(seen.sort()).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
})
