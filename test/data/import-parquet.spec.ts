/** Importing Parquet: the same checks as for CSV, by row number; types that are no numbers are refused. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import { sqlText, withDuck } from '#data/duck'
import { describeProblem } from '#data/import-problem'
import { loadBars } from '#data/lake'
import { DAY0, dailyCsv, importBars, lakeFiles, tempHome } from './fixtures.js'

const KEY = { venue: 'binance', market: 'spot', symbol: 'BTCUSDT', interval: '1d' } as const

/** 30 daily bars as Parquet, with one expression changed. */
async function parquet(home: string, change: Readonly<Record<string, string>> = {}): Promise<string> {
  const file = join(home, 'BTCUSDT-1d.parquet')
  const columns = {
    ts: `${DAY0} + i * ${DAY_MS}`,
    open: '100 + i',
    high: '102 + i',
    low: '98 + i',
    close: '101 + i',
    volume: '10.0',
    ...change,
  }
  const select = Object.entries(columns).map(([name, sql]) => `${sql} AS ${name}`)
  await withDuck((connection) =>
    connection.run(`COPY (SELECT ${select.join(', ')} FROM range(30) AS r(i)) TO ${sqlText(file)} (FORMAT parquet)`),
  )
  return file
}

describe('importing Parquet', () => {
  it('takes whole and floating columns; agrees with the same rows from CSV', async () => {
    const home = tempHome()
    expect(await importBars(home, [await parquet(home)])).toMatchObject({ rows: 30, written: 30, problems: [] })
    expect(await importBars(home, [dailyCsv(home, 30)])).toMatchObject({ written: 0, skipped: 30, problems: [] })
    const bars = await loadBars(home, KEY, 0, 1e15)
    expect([bars.ts[29], bars.close[29], bars.volume[29]]).toEqual([DAY0 + 29 * DAY_MS, 130, 10])
  })

  it.each([
    ['a null', { close: 'CASE WHEN i = 29 THEN NULL ELSE 101 + i END' }, 'row 30: close is missing or not a number'],
    [
      'NaN',
      { open: "CASE WHEN i = 29 THEN 'NaN'::DOUBLE ELSE 100 + i END" },
      'row 30: open is missing or not a number',
    ],
    ['high below low', { high: 'CASE WHEN i = 29 THEN 1 ELSE 102 + i END' }, 'row 30: high 1 is below low 127'],
    ['text', { close: "'x'" }, ': the column close is VARCHAR, not a number'],
    ['a date for ts', { ts: 'current_date' }, ': the column ts is DATE, not a number'],
  ])('refuses %s, names the row and leaves nothing', async (_, change, expected) => {
    const home = tempHome()
    const report = await importBars(home, [await parquet(home, change)])
    expect(report.problems.map(describeProblem).join('\n')).toContain(expected)
    expect(lakeFiles(home)).toEqual([])
  })

  it('refuses a file that was cut off', async () => {
    const home = tempHome()
    const file = await parquet(home)
    writeFileSync(file, readFileSync(file).subarray(0, -20))
    const report = await importBars(home, [file])
    expect(report.problems).toMatchObject([{ code: 'IMPORT_UNREADABLE', line: undefined }])
    expect(lakeFiles(home)).toEqual([])
  })
})
