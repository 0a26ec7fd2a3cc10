/** The numbers of the quality report, on series crafted to have just these faults. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { BarColumns } from '#data/columns'
import { barsQuality, fundingQuality, OUTLIER_DEFINITION, qualityReport } from '#data/quality'
import { barRow, csv, DAY0, HEADER, importBars, tempHome } from './fixtures.js'

function barsAt(
  ts: readonly number[],
  close: readonly number[],
  volume: readonly number[] = ts.map(() => 1),
): BarColumns {
  const prices = Float64Array.from(close)
  return {
    ts: Float64Array.from(ts),
    availableAt: Float64Array.from(ts, (t) => t + HOUR_MS),
    open: prices,
    high: prices,
    low: prices,
    close: prices,
    volume: Float64Array.from(volume),
    quoteVolume: prices,
  }
}

describe('barsQuality', () => {
  it('counts gaps and the bars missing in them, duplicates and bars without volume', () => {
    const ts = [0, 1, 1, 2, 5, 6, 8].map((hour) => DAY0 + hour * HOUR_MS)
    const quality = barsQuality(barsAt(ts, [1, 1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 1, 1]), HOUR_MS)
    expect(quality).toEqual({
      rows: 7,
      first: ts[0],
      last: ts[6],
      gaps: {
        count: 2,
        missing: 3,
        longest: [
          { after: ts[3], missing: 2 },
          { after: ts[5], missing: 1 },
        ],
      },
      duplicates: 1,
      zeroVolume: 2,
      outliers: { count: 0, largest: [] },
    })
  })

  it('finds a spike and its way back, by robust deviations of the log return', () => {
    // Log returns alternate +1 % and -1 %: median about 0, MAD 1 %, robust sd 1.4826 %; e^0.5 is 33.7 of them.
    const close = Array.from({ length: 101 }, (_, i) => 100 * Math.exp((i % 2) * 0.01))
    close[50] = 100 * Math.exp(0.5)
    const ts = close.map((_, i) => DAY0 + i * HOUR_MS)
    const { outliers } = barsQuality(barsAt(ts, close), HOUR_MS)
    expect(outliers.count).toBe(2)
    expect(outliers.largest.map(({ ts: at }) => (at - DAY0) / HOUR_MS).sort()).toEqual([50, 51])
    expect(Math.abs(outliers.largest[0]!.value)).toBeCloseTo(0.49, 12)
    expect(Math.abs(outliers.largest[0]!.robustSd)).toBeGreaterThan(33)
  })

  it('takes no return over a gap for an outlier', () => {
    const close = Array.from({ length: 60 }, (_, i) => 100 * Math.exp((i % 2) * 0.01))
    const ts = close.map((_, i) => DAY0 + (i < 30 ? i : i + 24) * HOUR_MS)
    for (let i = 30; i < 60; i++) close[i]! *= 3
    expect(barsQuality(barsAt(ts, close), HOUR_MS).outliers.count).toBe(0)
  })
})

describe('fundingQuality', () => {
  it('judges each settlement by its own interval', () => {
    const ts = Float64Array.from([0, 8, 16, 20, 24, 32], (hour) => DAY0 + hour * HOUR_MS)
    const rate = new Float64Array(6).fill(1e-4)
    const quality = fundingQuality({ ts, availableAt: ts, rate, intervalHours: Float64Array.of(8, 8, 8, 4, 4, 4) })
    expect(quality.gaps).toEqual({ count: 1, missing: 1, longest: [{ after: ts[4], missing: 1 }] })
  })
})

describe('qualityReport', () => {
  it('covers each series of the lake, or those asked for', async () => {
    const home = tempHome()
    for (const symbol of ['AAA', 'BBB'])
      await importBars(home, [csv(home, `${symbol}-1d.csv`, [HEADER, barRow(0), barRow(2, { volume: 0 })])])
    const report = await qualityReport(home)
    expect(report.map(({ key }) => key.symbol)).toEqual(['AAA', 'BBB'])
    expect(report[0]).toMatchObject({
      first: DAY0,
      last: DAY0 + 2 * DAY_MS,
      gaps: { count: 1, missing: 1, longest: [{ after: DAY0, missing: 1 }] },
      zeroVolume: 1,
    })
    expect(await qualityReport(home, ({ symbol }) => symbol === 'BBB')).toHaveLength(1)
    expect(OUTLIER_DEFINITION).toContain('10 robust standard deviations')
  })
})
