/** Compaction: the same rows in fewer files, tapes of older runs still readable, retired files purged unless named. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadTape } from '#backtest/tape-load'
import { DAY_MS } from '#core/time'
import { compactLake, purgeRetired } from '#data/compact'
import { importFiles } from '#data/import'
import { checkTape, listSeries, loadBars, loadRows, seriesFiles, tapeEntries } from '#data/lake'
import { barRow, csv, DAY0, dailyCsv, HEADER, importBars, lakeFiles, tempHome } from './fixtures.js'

const KEY = { kind: 'bars', venue: 'binance', market: 'spot', symbol: 'BTCUSDT', interval: '1d' } as const
const FOLDER = 'kind=bars/venue=binance/market=spot/symbol=BTCUSDT/interval=1d'

/** Days 0 to `days`, one import each, the even ones first: small files that interleave. */
async function manySmall(days: number): Promise<string> {
  const home = tempHome()
  for (const start of [0, 1])
    for (let day = start; day < days; day += 2)
      await importBars(home, [csv(home, 'BTCUSDT-1d.csv', [HEADER, barRow(day)])])
  return home
}

const retiredFiles = (home: string): string[] => lakeFiles(home).filter((path) => path.startsWith('.retired/'))
const published = (home: string): string[] => lakeFiles(home).filter((path) => !path.startsWith('.'))

describe('compactLake', () => {
  it('makes one file a year of the same rows; again it does nothing, and a later import adds beside', async () => {
    const home = await manySmall(6)
    const before = await loadBars(home, KEY, 0, 1e15)
    expect(published(home)).toHaveLength(6)
    expect(await compactLake(home)).toEqual([{ key: KEY, merged: 6, into: 2, rows: 6 }])
    expect(published(home)).toEqual([
      `${FOLDER}/year=2020/${DAY0}-${DAY0 + DAY_MS}-2.parquet`,
      `${FOLDER}/year=2021/${DAY0 + 2 * DAY_MS}-${DAY0 + 5 * DAY_MS}-4.parquet`,
    ])
    expect(await loadBars(home, KEY, 0, 1e15)).toEqual(before)
    expect(await compactLake(home)).toEqual([])
    expect(await importBars(home, [dailyCsv(home, 8)])).toMatchObject({ written: 2, skipped: 6 })
    expect(await compactLake(home)).toEqual([{ key: KEY, merged: 2, into: 1, rows: 6 }])
    expect((await listSeries(home))[0]).toMatchObject({ rows: 8, files: 2 })
  })

  it('gives the bytes that one import of the same rows would have given', async () => {
    const home = await manySmall(6)
    await compactLake(home)
    const other = tempHome()
    await importBars(other, [dailyCsv(other, 6)])
    const entries = async (of: string) => tapeEntries(of, await seriesFiles(of, KEY, 0, 1e15))
    expect(await entries(home)).toEqual(await entries(other))
  })

  it('keeps the tape of an older run readable, by the very bytes that its manifest names', async () => {
    const home = await manySmall(6)
    const request = { series: [KEY], fromDay: DAY0, toDay: DAY0 + 5 * DAY_MS, historyMs: 0 }
    const before = await loadTape(home, request)
    await compactLake(home)
    expect(retiredFiles(home)).toHaveLength(6)
    await expect(checkTape(home, before.files)).resolves.toBeUndefined()
    expect(await loadTape(home, { ...request, entries: before.files })).toEqual(before)
    const now = await loadTape(home, request)
    expect(now.span).toEqual(before.span)
    expect(now.files).toHaveLength(2)
  })

  it('keeps each revision and each option of an instant', async () => {
    const home = tempHome()
    const metric = { home, kind: 'onchain', venue: 'coinmetrics', market: 'btc' } as const
    for (const [i, value] of [1, 2, 3].entries()) {
      const file = csv(home, 'x.csv', ['ts,MVRV', `${DAY0},${value}`])
      await importFiles({ ...metric, files: [file], fetchedAt: DAY0 + i * DAY_MS })
    }
    const key = { kind: 'onchain', venue: 'coinmetrics', market: 'btc', symbol: 'MVRV', interval: '1d' } as const
    const before = await loadRows(home, key, 0, 1e15)
    expect(before.value).toEqual(Float64Array.of(1, 2, 3))
    expect(await compactLake(home)).toMatchObject([{ merged: 3, into: 1, rows: 3 }])
    expect(await loadRows(home, key, 0, 1e15)).toEqual(before)
  })
})

describe('purgeRetired', () => {
  it('deletes what nobody names and leaves the rest', async () => {
    const home = await manySmall(4)
    const [named] = published(home)
    await compactLake(home)
    expect(await purgeRetired(home, (path) => path === named)).toMatchObject({ deleted: 3, kept: 1 })
    expect(retiredFiles(home)).toEqual([`.retired/${named}`])
    expect((await loadBars(home, KEY, 0, 1e15)).ts).toHaveLength(4)
    expect(await purgeRetired(tempHome(), () => false)).toEqual({ deleted: 0, bytes: 0, kept: 0 })
  })
})

describe('readers during compaction', () => {
  it('never see a row twice or none of it', async () => {
    const home = await manySmall(40)
    const compaction = compactLake(home)
    let looks = 0
    const ended = compaction.then(() => true)
    do {
      const bars = await loadBars(home, KEY, 0, 1e15)
      expect(bars.ts).toHaveLength(40)
      looks++
    } while (!(await Promise.race([ended, new Promise((resolve) => setImmediate(resolve, false))])))
    expect(looks).toBeGreaterThan(0)
    expect(existsSync(join(home, 'lake', '.staging'))).toBe(true)
    expect(readdirSync(join(home, 'lake', '.staging'))).toEqual(['lock.duckdb'])
  })
})
