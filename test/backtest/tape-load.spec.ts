/** A tape from the lake: what belongs to the span, what to history, and that a manifest's files are the only ones read. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mergeTape } from '#backtest/tape'
import { loadTape } from '#backtest/tape-load'
import { DAY_MS, HOUR_MS } from '#core/time'
import { importFiles } from '#data/import'
import { barRow, csv, DAY0, dailyCsv, HEADER, importBars, tempHome } from '../data/fixtures.js'

const BARS = { kind: 'bars', venue: 'binance', market: 'spot', symbol: 'BTCUSDT', interval: '1d' } as const
const FUNDING = { kind: 'funding', venue: 'binance', market: 'spot', symbol: 'BTCUSDT' } as const
const days = (ts: Float64Array): number[] => [...ts].map((t) => (t - DAY0) / DAY_MS)
const span = { fromDay: DAY0 + 3 * DAY_MS, toDay: DAY0 + 5 * DAY_MS, historyMs: 2 * DAY_MS }

describe('loadTape', () => {
  it('splits bars by availableAt: both days inclusive, history just before', async () => {
    const home = tempHome()
    await importBars(home, [dailyCsv(home, 9)])
    const tape = await loadTape(home, { series: [BARS], ...span })
    expect(days(tape.span[0]!.rows.ts)).toEqual([3, 4, 5])
    expect(days(tape.history[0]!.rows.ts)).toEqual([1, 2])
    expect(tape.span[0]!.instrument).toBe('binance.spot.BTCUSDT')
  })

  it('splits funding at the same instants: a settlement at the first midnight is history, at the last is in', async () => {
    const home = tempHome()
    const lines = Array.from({ length: 30 }, (_, i) => `${DAY0 + i * 8 * HOUR_MS},0.0001`)
    const file = csv(home, 'BTCUSDT.csv', ['ts,rate', ...lines])
    await importFiles({ home, files: [file], kind: 'funding', venue: 'binance', market: 'spot' })
    const tape = await loadTape(home, { series: [FUNDING], ...span })
    expect(days(tape.span[0]!.rows.ts).at(0)).toBeCloseTo(3 + 1 / 3)
    expect(days(tape.span[0]!.rows.ts).at(-1)).toBe(6)
    expect(days(tape.history[0]!.rows.ts).at(0)).toBeCloseTo(1 + 1 / 3)
    expect(days(tape.history[0]!.rows.ts).at(-1)).toBe(3)
  })

  it('expects bars from the first day on when the series is older, and not before its listing', async () => {
    const home = tempHome()
    await importBars(home, [csv(home, 'BTCUSDT-1d.csv', [HEADER, ...[0, 4, 7].map((day) => barRow(day))])])
    await importBars(home, [csv(home, 'ETHUSDT-1d.csv', [HEADER, ...[4, 5].map((day) => barRow(day))])])
    const tape = await loadTape(home, { series: [BARS, { ...BARS, symbol: 'ETHUSDT' }], ...span })
    const merged = mergeTape(tape.span)
    expect(days(merged.instants)).toEqual([4, 5, 6])
    expect([...merged.missingEnd]).toEqual([1, 1, 2])
    expect([...merged.missing]).toEqual([0, 0])
  })

  it('reads the files of a manifest alone, though the lake has more by now, and refuses changed ones', async () => {
    const home = tempHome()
    await importBars(home, [csv(home, 'BTCUSDT-1d.csv', [HEADER, ...[1, 2, 3, 5].map((day) => barRow(day))])])
    const before = await loadTape(home, { series: [BARS], ...span })
    await importBars(home, [dailyCsv(home, 9)])
    const again = await loadTape(home, { series: [BARS], ...span, entries: before.files })
    expect(again).toEqual(before)
    expect(days((await loadTape(home, { series: [BARS], ...span })).span[0]!.rows.ts)).toEqual([3, 4, 5])
    appendFileSync(join(home, 'lake', before.files[0]!.path), 'x')
    await expect(loadTape(home, { series: [BARS], ...span, entries: before.files })).rejects.toMatchObject({
      code: 'TAPE_CHANGED',
    })
  })

  it('throws LAKE_EMPTY for a series that the lake does not hold', async () => {
    await expect(loadTape(tempHome(), { series: [BARS], ...span })).rejects.toMatchObject({ code: 'LAKE_EMPTY' })
  })
})
