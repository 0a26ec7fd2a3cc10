/** Importing bars: what gets in, what is refused with which line, and that a refused file leaves nothing. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import { withDuck } from '#data/duck'
import { describeProblem, importError, PROBLEMS_MAX } from '#data/import-problem'
import { loadBars, sha256File } from '#data/lake'
import { barRow, csv, DAY0, dailyCsv, HEADER, importBars, lakeFiles, tempHome } from './fixtures.js'

const KEY = { venue: 'binance', market: 'spot', symbol: 'BTCUSDT', interval: '1d' } as const
const ALWAYS = [0, 1e15] as const

describe('importing bars', () => {
  it('puts them into hive folders by year, in files that say what they hold', async () => {
    const home = tempHome()
    const report = await importBars(home, [dailyCsv(home, 4)])
    expect(report).toMatchObject({ rows: 4, written: 4, skipped: 0, problems: [] })
    const folder = 'kind=bars/venue=binance/market=spot/symbol=BTCUSDT/interval=1d'
    expect(lakeFiles(home)).toEqual([
      `${folder}/year=2020/${DAY0}-${DAY0 + DAY_MS}-2.parquet`,
      `${folder}/year=2021/${DAY0 + 2 * DAY_MS}-${DAY0 + 3 * DAY_MS}-2.parquet`,
    ])
  })

  it('is readable by any hive reader, with availableAt as a column, in ZSTD', async () => {
    const home = tempHome()
    await importBars(home, [dailyCsv(home, 4)])
    const lake = join(home, 'lake')
    const rows = await withDuck(async (connection) => {
      const read = await connection.runAndReadAll(
        `SELECT kind, venue, market, symbol, "interval", count(*)::INT AS n, min(available_at - ts)::INT AS lag,
         max(quote_volume) AS quote FROM read_parquet('${lake}/kind=bars/**/*.parquet', hive_partitioning = true) GROUP BY ALL`,
      )
      const meta = await connection.runAndReadAll(
        `SELECT DISTINCT path_in_schema AS name, type, compression FROM parquet_metadata('${lake}/**/*.parquet') ORDER BY 1`,
      )
      return [...read.getRowObjectsJson(), ...meta.getRowObjectsJson().slice(0, 1)]
    })
    expect(rows).toEqual([
      {
        kind: 'bars',
        venue: 'binance',
        market: 'spot',
        symbol: 'BTCUSDT',
        interval: '1d',
        n: 4,
        lag: DAY_MS,
        quote: null,
      },
      { name: 'available_at', type: 'INT64', compression: 'ZSTD' },
    ])
  })

  it('gives the same bytes in another home, so that a manifest of one holds in the other', async () => {
    const [one, two] = [tempHome(), tempHome()]
    for (const home of [one, two]) await importBars(home, [dailyCsv(home, 400)])
    expect(lakeFiles(one)).toEqual(lakeFiles(two))
    for (const path of lakeFiles(one))
      expect(await sha256File(join(one, 'lake', path))).toBe(await sha256File(join(two, 'lake', path)))
  })

  it('skips every row the second time and changes no file', async () => {
    const home = tempHome()
    const file = dailyCsv(home, 4)
    await importBars(home, [file])
    const before = lakeFiles(home)
    expect(await importBars(home, [file])).toMatchObject({ rows: 4, written: 0, skipped: 4, problems: [] })
    expect(lakeFiles(home)).toEqual(before)
  })

  it('adds what is new of an overlapping file, also in the middle of what is there', async () => {
    const home = tempHome()
    const gappy = csv(home, 'a.csv', [HEADER, ...[0, 1, 4, 5].map((day) => barRow(day))])
    await importBars(home, [gappy], { symbol: 'BTCUSDT', interval: '1d' })
    const full = dailyCsv(home, 8)
    expect(await importBars(home, [full])).toMatchObject({ rows: 8, written: 4, skipped: 4, problems: [] })
    const bars = await loadBars(home, KEY, ...ALWAYS)
    expect([...bars.ts]).toEqual(Array.from({ length: 8 }, (_, day) => DAY0 + day * DAY_MS))
    expect([...bars.close]).toEqual(Array.from({ length: 8 }, (_, day) => 101 + day))
  })

  it('refuses a file that contradicts the lake, naming line, time and both values, and adds nothing of it', async () => {
    const home = tempHome()
    await importBars(home, [dailyCsv(home, 3)])
    const before = lakeFiles(home)
    const other = csv(home, 'other.csv', [HEADER, barRow(2, { close: 101.5 }), barRow(3)])
    const report = await importBars(home, [other], { symbol: 'BTCUSDT', interval: '1d' })
    expect(report).toMatchObject({ written: 0, skipped: 0 })
    expect(report.problems.map(describeProblem)).toEqual([
      `${other} line 2: close at ${DAY0 + 2 * DAY_MS} (2021-01-01T00:00:00.000Z) is 101.5 here and 103 in the lake`,
    ])
    expect(importError(report.problems)).toMatchObject({ code: 'IMPORT_BAD_ROW', exitCode: 1 })
    expect(lakeFiles(home)).toEqual(before)
  })

  it('takes columns in any order, CRLF and a byte order mark; keeps quote volume; says what it leaves out', async () => {
    const home = tempHome()
    const file = join(home, 'ETHUSDT-1d.csv')
    writeFileSync(
      file,
      `\uFEFFvolume,ts,market_cap,open,high,low,close,quote_volume\r\n-0,${DAY0},9,2,3,1,2.5,\r\n7,${DAY0 + DAY_MS},9,2,3,1,2.5,17.5\r\n`,
    )
    const report = await importBars(home, [file])
    expect(report).toMatchObject({ written: 2, problems: [] })
    expect(report.files[0]?.notes).toEqual([
      'symbol ETHUSDT taken from the file name',
      'interval 1d taken from the file name',
      'columns not imported: market_cap',
    ])
    const bars = await loadBars(home, { ...KEY, symbol: 'ETHUSDT' }, ...ALWAYS)
    expect([...bars.quoteVolume]).toEqual([Number.NaN, 17.5])
    expect(Object.is(bars.volume[0], 0)).toBe(true)
    expect([...bars.availableAt]).toEqual([DAY0 + DAY_MS, DAY0 + 2 * DAY_MS])
  })

  it('imports the good files of a call and nothing of the bad one', async () => {
    const home = tempHome()
    const good = dailyCsv(home, 3, 'BTCUSDT-1d.csv')
    const bad = csv(home, 'ETHUSDT-1d.csv', [HEADER, barRow(0), barRow(1, { low: 'x' })])
    const report = await importBars(home, [bad, good])
    expect(report.files.map(({ written }) => written)).toEqual([0, 3])
    expect(report.problems).toHaveLength(1)
    expect(lakeFiles(home).every((path) => path.includes('BTCUSDT'))).toBe(true)
  })

  it('reports the quality of what it imported to', async () => {
    const home = tempHome()
    const report = await importBars(home, [csv(home, 'BTCUSDT-1d.csv', [HEADER, barRow(0), barRow(3, { volume: 0 })])])
    expect(report.quality).toMatchObject([{ rows: 2, gaps: { count: 1, missing: 2 }, zeroVolume: 1, duplicates: 0 }])
  })
})

describe('a bad file', () => {
  const good = Array.from({ length: 30 }, (_, day) => barRow(day))
  const cases: readonly [string, string, RegExp][] = [
    ['text for a number', barRow(30, { open: 'abc' }), /line 32: open is "abc", not a number/],
    ['an empty field', barRow(30, { volume: '' }), /line 32: volume is "", not a number/],
    ['NaN', barRow(30, { close: 'NaN' }), /line 32: close is "NaN", not a number/],
    ['infinity', barRow(30, { high: 'Infinity' }), /line 32: high is "Infinity", not a number/],
    ['a number too large', barRow(30, { high: '1e999' }), /line 32: high is not finite/],
    ['hexadecimal', barRow(30, { close: '0x10' }), /line 32: close is "0x10", not a number/],
    [
      'a stamp off the grid',
      barRow(30, { ts: DAY0 + 30 * DAY_MS + 1 }),
      /line 32: ts \d+ \(2021-01-29T00:00:00.001Z\) is not aligned to 1d/,
    ],
    ['a stamp in seconds', barRow(30, { ts: DAY0 / 1000 }), /line 32: ts 1609286400 is not between 2009 and 2100/],
    ['the same stamp again', barRow(29), /line 32: ts \d+ stands twice/],
    ['a stamp that goes back', barRow(3), /line 32: ts \d+ comes after \d+: rows must ascend/],
    ['high below low', barRow(30, { high: 127 }), /line 32: high 127 is below low 128/],
    ['open above high', barRow(30, { open: 133 }), /line 32: open 133 is outside low 128 and high 132/],
    ['close below low', barRow(30, { close: 127 }), /line 32: close 127 is outside low 128 and high 132/],
    ['negative volume', barRow(30, { volume: -1 }), /line 32: volume -1 is negative/],
    ['a price of zero', barRow(30, { low: 0 }), /line 32: low 0 is not positive/],
    ['a field too many', `${barRow(30)},1`, /line 32: 7 fields where the header has 6/],
    ['an empty line', '', /line 32: the line is empty/],
  ]

  it.each(cases)(
    'with %s in its last line is named with line and reason and leaves no file',
    async (_, last, expected) => {
      const home = tempHome()
      const report = await importBars(home, [csv(home, 'BTCUSDT-1d.csv', [HEADER, ...good, last])])
      expect(report.problems.map(describeProblem).join('\n')).toMatch(expected)
      expect(report).toMatchObject({ rows: 31, written: 0, skipped: 0 })
      expect(lakeFiles(home)).toEqual([])
    },
  )

  it('without an end of its last line is taken for cut off', async () => {
    const home = tempHome()
    const file = dailyCsv(home, 31)
    truncateSync(file, readFileSync(file).length - 1)
    const report = await importBars(home, [file])
    expect(report.problems.map(describeProblem)).toEqual([
      `${file} line 32: the last line has no line end: the file may have been cut off`,
    ])
    expect(lakeFiles(home)).toEqual([])
  })

  const unreadable: readonly [string, (home: string) => string, RegExp][] = [
    ['absent', (home) => join(home, 'BTCUSDT-1d.csv'), /there is no such file/],
    ['empty', (home) => csv(home, 'BTCUSDT-1d.csv', []), /the file is empty/],
    ['a header alone', (home) => csv(home, 'BTCUSDT-1d.csv', [HEADER]), /there are no rows/],
    [
      'without a column',
      (home) => csv(home, 'BTCUSDT-1d.csv', ['ts,open,high,low,volume', '1,2,3,4,5']),
      /line 1: the header has no close/,
    ],
    [
      'with a column twice',
      (home) => csv(home, 'BTCUSDT-1d.csv', [`${HEADER},open`]),
      /line 1: the column "open" stands twice/,
    ],
    [
      'a cut Parquet file',
      (home) => csv(home, 'BTCUSDT-1d.parquet', ['PAR1 and no more']),
      /cannot be read as Parquet/,
    ],
    ['of an unknown ending', (home) => csv(home, 'BTCUSDT-1d.json', ['{}']), /no --symbol given|neither/],
    [
      'daily under --interval 1h',
      (home) => dailyCsv(home, 12, 'x.csv'),
      /no two rows are 1h apart, the closest are 1d/,
    ],
  ]

  it.each(unreadable)('that is %s says so and leaves nothing', async (what, make, expected) => {
    const home = tempHome()
    const flags = what.includes('--interval') ? { symbol: 'BTCUSDT', interval: '1h' } : {}
    const report = await importBars(home, [make(home)], flags)
    expect(report.problems.map(describeProblem).join('\n')).toMatch(expected)
    expect(importError(report.problems)).toMatchObject({ code: 'IMPORT_UNREADABLE', exitCode: 2 })
    expect(lakeFiles(home)).toEqual([])
  })

  it('tells a bounded number of faults and how many more there are', async () => {
    const home = tempHome()
    const rows = Array.from({ length: 50 }, (_, day) => barRow(day, { volume: -1 }))
    const report = await importBars(home, [csv(home, 'BTCUSDT-1d.csv', [HEADER, ...rows])])
    expect(report.problems).toHaveLength(PROBLEMS_MAX + 1)
    expect(report.problems.at(-1)?.reason).toBe('30 more faults of this file are not listed')
  })
})

describe('names', () => {
  it.each([
    [{ venue: '../etc' }, 'NAME_INVALID'],
    [{ venue: 'Binance' }, 'NAME_INVALID'],
    [{ market: 'a/b' }, 'NAME_INVALID'],
    [{ symbol: '..' }, 'NAME_INVALID'],
    [{ symbol: 'BTC USDT' }, 'NAME_INVALID'],
    [{ interval: '3h' }, 'USAGE'],
  ])('%j are refused with %s before a file is opened', async (more, code) => {
    const home = tempHome()
    await expect(importBars(home, [dailyCsv(home, 3)], more)).rejects.toMatchObject({ code })
    expect(lakeFiles(home)).toEqual([])
  })

  it('are never guessed from a file name of another form', async () => {
    const home = tempHome()
    const report = await importBars(home, [dailyCsv(home, 3, 'prices.csv')])
    expect(report.problems.map((problem) => problem.reason)).toEqual([
      'no --symbol given, and the name is not <SYMBOL>-<interval>.csv or .parquet',
    ])
  })

  it('may hold quotes and brackets in the home', async () => {
    const home = join(tempHome(), "it's [a] home*")
    await importBars(home, [dailyCsv(tempHome(), 3)])
    expect((await loadBars(home, KEY, ...ALWAYS)).ts).toHaveLength(3)
  })
})
