/** End-of-day files of CME: what comes into the lake, what is refused and why, what is revised. Rows are made up. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, isoTime, parseDay } from '#core/time'
import { type CmeImportRequest, cmeKey, importCme } from '#data/cme/import-cme'
import type { ImportReport } from '#data/import'
import { describeProblem } from '#data/import-problem'
import { listSeries, loadRows } from '#data/lake'
import { loadFutures } from '#data/load-futures'
import { sharedPath } from '../../shared.js'
import { csv, lakeFiles, tempHome } from '../fixtures.js'

const NOW = parseDay('2026-04-01')!
const HEADER = 'trade_date,product,contract,expiry,open,high,low,last,settle,volume,open_interest,source'
const ALL = [0, 1e15] as const

function importOf(home: string, file: string, more: Partial<CmeImportRequest> = {}): Promise<ImportReport> {
  return importCme({ home, files: [file], now: NOW, ...more })
}
const rowsIn = (home: string, rows: readonly string[], name = 'eod.csv'): string => csv(home, name, [HEADER, ...rows])
const refused = (report: ImportReport): string[] =>
  report.problems.map((problem) => describeProblem(problem).replace(/^.*?\.csv /, ''))
const notes = (report: ImportReport): string => report.files.flatMap((file) => file.notes).join('\n')
const futures = (home: string, symbol: string, asOf?: number) =>
  loadFutures(home, cmeKey(symbol), ...ALL, asOf === undefined ? {} : { asOf })

const FULL = '2026-03-02,BTC,BTCH6,2026-03-27,66890,68120,66015,67510,67485,8123,14210,manual'

describe('importing end-of-day rows', () => {
  it('keeps each contract as a series, amounts in coins, readable after the midnight of Chicago', async () => {
    const home = tempHome()
    const file = rowsIn(home, [
      FULL,
      '2026-03-09,BTC,BTCH26,,,,,,67495,,,',
      '2026-03-02,MBT,MBTH6,2026-03-27,,,,,67485,15510,9243,manual',
    ])
    expect(await importOf(home, file)).toMatchObject({ rows: 3, written: 3, skipped: 0, problems: [] })
    expect((await listSeries(home)).map(({ key, rows }) => [key.venue, key.market, key.symbol, rows])).toEqual([
      ['cme', 'future', 'BTCH26', 2],
      ['cme', 'future', 'MBTH26', 1],
    ])
    const rows = await futures(home, 'BTCH26')
    // Clocks of Chicago change on 2026-03-08.
    expect([...rows.ts].map(isoTime)).toEqual(['2026-03-02T21:00:00.000Z', '2026-03-09T20:00:00.000Z'])
    expect([...rows.availableAt].map(isoTime)).toEqual(['2026-03-03T06:00:00.000Z', '2026-03-10T05:00:00.000Z'])
    expect([...rows.expiry].map(isoTime)).toEqual(['2026-03-27T16:00:00.000Z', '2026-03-27T16:00:00.000Z'])
    expect([rows.open[0], rows.high[0], rows.low[0], rows.close[0], rows.settle[0]]).toEqual([
      66890, 68120, 66015, 67510, 67485,
    ])
    expect([rows.volume[0], rows.openInterest[0]]).toEqual([40_615, 71_050])
    expect([rows.open[1], rows.close[1], rows.volume[1], rows.openInterest[1]]).toEqual(Array(4).fill(Number.NaN))
    const micro = await futures(home, 'MBTH26')
    expect([micro.volume[0], micro.openInterest[0]]).toEqual([1551, 924.3])
  })

  it('changes nothing the second time, and waits longer with a lag', async () => {
    const home = tempHome()
    const file = rowsIn(home, [FULL])
    await importOf(home, file, { lagMs: 3_600_000 })
    const before = lakeFiles(home)
    expect(await importOf(home, file)).toMatchObject({ written: 0, skipped: 1, problems: [] })
    expect(lakeFiles(home)).toEqual(before)
    expect(isoTime((await futures(home, 'BTCH26')).availableAt[0]!)).toBe('2026-03-03T07:00:00.000Z')
  })

  it('settles the last trading day at the expiry', async () => {
    const home = tempHome()
    await importOf(home, rowsIn(home, ['2026-03-27,BTC,BTCH6,,,,,,70000,,,']))
    expect(isoTime((await futures(home, 'BTCH26')).ts[0]!)).toBe('2026-03-27T16:00:00.000Z')
  })

  it('takes the expiry of the file and tells where the rule says another day', async () => {
    const home = tempHome()
    const report = await importOf(home, rowsIn(home, ['2026-03-02,BTC,BTCH6,2026-03-26,,,,,67485,,,']))
    expect(notes(report)).toContain('BTCH26 expires 2026-03-26 by the file, 2026-03-27 by the rule')
    expect(isoTime((await futures(home, 'BTCH26')).expiry[0]!)).toBe('2026-03-26T16:00:00.000Z')
  })

  it('warns of a settlement between ticks', async () => {
    const home = tempHome()
    const report = await importOf(home, rowsIn(home, [FULL.replace('67485', '67483')]))
    expect(report).toMatchObject({ written: 1, problems: [] })
    expect(notes(report)).toContain('finer than the tick in 1 rows, first at 2')
  })
})

describe('rows that are refused', () => {
  it.each([
    ['2026-03-02,BTC,BTCH6,,1,2,3,1,1,,,', 'high 2 is below low 3'],
    ['2026-03-02,BTC,BTCH6,,9,8,5,6,6,,,', 'open 9 is outside 5 to 8'],
    ['2026-03-02,BTC,BTCH6,,6,8,5,4,6,,,', 'last 4 is outside 5 to 8'],
    ['2026-03-02,BTC,BTCH6,,,,,,,,,', 'settle is "", not a number'],
    ['2026-03-02,BTC,BTCH6,,,,,,0,,,', 'settle 0 is not positive'],
    ['2026-03-02,BTC,BTCH6,,,,,,1,x,,', 'volume is "x", not a number'],
    ['2026-03-02,BTC,BTCH6,,,,,,1,,-1,', 'open_interest -1 is no number of contracts'],
    ['2026-03-02,BTC,BTCH6,,,,,,1,1.5,,', 'volume 1.5 is no number of contracts'],
    ['2026-3-2,BTC,BTCH6,,,,,,1,,,', 'trade_date "2026-3-2" is no date'],
    ['2026-03-02,BTC,BTCH6,27/03/26,,,,,1,,,', 'expiry "27/03/26" is no date'],
    ['2026-03-30,BTC,BTCH26,2026-03-27,,,,,1,,,', 'expiry 2026-03-27 is before the trade date'],
    ['2026-03-30,BTC,BTCH26,,,,,,1,,,', 'expiry 2026-03-27 is before the trade date'],
    ['2026-03-02,BTC,BTCH6,2026-04-24,,,,,1,,,', 'expiry 2026-04-24 is not in the month of BTCH26'],
    ['2026-04-01,BTC,BTCJ6,,,,,,1,,,', 'trade_date 2026-04-01 is in the future'],
    ['2026-03-02,ETH,ETHH6,,,,,,1,,,', 'product "ETH" is neither'],
    ['2026-03-02,BTC,MBTH6,,,,,,1,,,', 'contract MBTH6 is none of the product BTC'],
    ['2026-03-02,BTC,BTCA6,,,,,,1,,,', 'A is no month'],
    ['2026-03-02,BTC,BTCH6,,,,,,1', '9 fields where the header has 12'],
  ])('%s', async (row, reason) => {
    const home = tempHome()
    const report = await importOf(home, rowsIn(home, ['2026-03-03,BTC,BTCH6,,,,,,1,,,', row]))
    expect(refused(report)[0]).toContain(reason)
    expect(refused(report)[0]).toContain('line 3')
    expect(report).toMatchObject({ written: 0, skipped: 0, quality: [] })
    expect(lakeFiles(home)).toEqual([])
  })

  it('of one file do not keep another from coming in', async () => {
    const home = tempHome()
    const bad = rowsIn(home, [FULL.replace('2026-03-02', '2026-03-32')], 'bad.csv')
    const good = rowsIn(home, [FULL], 'good.csv')
    const report = await importCme({ home, files: [bad, good], now: NOW })
    expect(report.files.map(({ written, problems }) => [written, problems.length])).toEqual([
      [0, 1],
      [1, 0],
    ])
  })
})

describe('revisions', () => {
  const final = FULL.replace('14210', '14305')
  const revised = parseDay('2026-03-03')! + DAY_MS / 2

  it('of a newer file are kept beside what was known first, told, and known from its fetch on', async () => {
    const home = tempHome()
    await importOf(home, rowsIn(home, [FULL]), { fetchedAt: revised - DAY_MS })
    const report = await importOf(home, rowsIn(home, [final], 'final.csv'), { fetchedAt: revised })
    expect(report).toMatchObject({ written: 1, problems: [] })
    expect(notes(report)).toContain('revised: BTCH26 2026-03-02: open_interest 71050 → 71525')
    expect([...(await futures(home, 'BTCH26')).openInterest]).toEqual([71_525])
    expect([...(await futures(home, 'BTCH26', revised - 1)).openInterest]).toEqual([71_050])
    expect([...(await futures(home, 'BTCH26', revised)).openInterest]).toEqual([71_525])
    const all = await loadRows(home, cmeKey('BTCH26'), ...ALL)
    expect([...(all.revision as Float64Array)]).toEqual([0, 1])
    expect(await importOf(home, rowsIn(home, [final], 'final.csv'))).toMatchObject({ written: 0, skipped: 1 })
  })

  it('that are older than what the lake holds are told and left out', async () => {
    const home = tempHome()
    await importOf(home, rowsIn(home, [final]), { fetchedAt: revised })
    const report = await importOf(home, rowsIn(home, [FULL], 'old.csv'), { fetchedAt: revised - 1 })
    expect(report).toMatchObject({ written: 0, skipped: 1, problems: [] })
    expect(notes(report)).toContain('1 rows of BTCH26 are older')
    expect([...(await futures(home, 'BTCH26')).openInterest]).toEqual([71_525])
  })

  it('add what was missing and keep what the newer row does not say', async () => {
    const home = tempHome()
    await importOf(home, rowsIn(home, ['2026-03-02,BTC,BTCH6,,,,,,67485,,14210,']))
    await importOf(home, rowsIn(home, ['2026-03-02,BTC,BTCH6,,,,,,67485,8123,,'], 'more.csv'))
    const rows = await futures(home, 'BTCH26')
    expect([rows.volume[0], rows.openInterest[0]]).toEqual([40_615, 71_050])
    expect(await importOf(home, rowsIn(home, ['2026-03-02,BTC,BTCH6,,,,,,67485,,,'], 'less.csv'))).toMatchObject({
      written: 0,
    })
  })

  it('within a file go by the time in its source; without one the second row is refused', async () => {
    const home = tempHome()
    const [evening, morning] = ['bulletin 2026-03-03T01:00Z', 'bulletin 2026-03-03T15:00Z']
    const rows = [final.replace('manual', morning), FULL.replace('manual', evening)]
    const report = await importOf(home, rowsIn(home, rows))
    expect(report).toMatchObject({ rows: 2, written: 1, skipped: 1, problems: [] })
    expect(notes(report)).toContain('of 1 rows that stand twice the newer by source was taken')
    expect([...(await futures(home, 'BTCH26')).openInterest]).toEqual([71_525])
    const twice = await importOf(tempHome(), rowsIn(home, [FULL, final, FULL], 'twice.csv'))
    expect(refused(twice)).toHaveLength(1)
    expect(refused(twice)[0]).toMatch(/^line 3: BTCH26 2026-03-02 stands at 2 too/)
  })
})

const example = sharedPath('venues/fixtures/cme/import-example-eod.csv')
const bad = sharedPath('venues/fixtures/cme/import-example-bad-rows.csv')
describe.skipIf(example === undefined || bad === undefined)('the shared examples (need the shared folder)', () => {
  it('come in', async () => {
    const home = tempHome()
    expect(await importOf(home, example!)).toMatchObject({ rows: 5, written: 5, problems: [] })
    expect((await listSeries(home)).map(({ key }) => key.symbol)).toEqual(['BTCH26', 'BTCM26', 'MBTH26'])
  })

  it('are refused where they are wrong, and nowhere else', async () => {
    const home = tempHome()
    const report = await importOf(home, bad!)
    const lines = refused(report).map((reason) => Number(/^line (\d+)/.exec(reason)?.[1]))
    expect(lines.sort()).toEqual([2, 3, 4, 5])
    expect(notes(report)).toContain('finer than the tick in 1 rows, first at 3')
    const text = refused(report).join('\n')
    for (const reason of [
      'line 2: high 66000 is below low 66015',
      'line 3: BTCH26',
      'line 4: trade_date',
      'line 5: contract BTCY6',
    ])
      expect(text).toContain(reason)
    expect(lakeFiles(home)).toEqual([])
  })
})
