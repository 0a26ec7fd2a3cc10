/** The lake with real history, and with writers that are killed at any moment or meet each other. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mergeTape, ON_BAR, ON_INSTANT } from '#backtest/tape'
import { TapeCursor } from '#backtest/tape-cursor'
import { loadTape } from '#backtest/tape-load'
import { parseDay } from '#core/time'
import { compactLake } from '#data/compact'
import { sqlPaths, sqlText, withDuck } from '#data/duck'
import { importFiles } from '#data/import'
import { describeProblem } from '#data/import-problem'
import { checkTape, listSeries, loadBars, loadFunding, seriesFiles, tapeEntries } from '#data/lake'
import { dailyCsv, importBars, lakeFiles, tempHome } from '../data/fixtures.js'
import { sharedPath } from '../shared.js'
import { sourceProcess } from './source-process.js'

const ohlcv = sharedPath('data', 'ohlcv')
const funding = sharedPath('data', 'funding')

const filesOf = (folder: string, ending: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))

async function query(sql: string): Promise<number[][]> {
  return withDuck(async (connection) => {
    const read = await connection.runAndReadAll(sql)
    return read.getRowsJson().map((row) => [...row].map(Number))
  })
}

describe.skipIf(ohlcv === undefined)('real bars (needs the shared data folder)', () => {
  it('all 20 hourly files: 728,335 rows in, the same out of the tape, nothing the second time', async () => {
    const home = tempHome()
    const files = filesOf(join(ohlcv!, 'binance'), '-1h.parquet')
    const request = { home, files, kind: 'bars', venue: 'binance', market: 'spot' } as const
    const report = await importFiles(request)
    expect(report).toMatchObject({ rows: 728_335, written: 728_335, skipped: 0, problems: [] })
    const btc = report.quality.find(({ key }) => key.symbol === 'BTCUSDT')
    expect(btc).toMatchObject({ rows: 51_018, duplicates: 0, gaps: { count: 28, missing: 128 } })
    expect(report.quality.find(({ key }) => key.symbol === 'FTTUSDT')).toMatchObject({ zeroVolume: 63 })
    expect(await importFiles(request)).toMatchObject({ rows: 728_335, written: 0, skipped: 728_335, problems: [] })

    const series = (await listSeries(home)).flatMap(({ key }) => (key.kind === 'bars' ? [key] : []))
    const span = { fromDay: parseDay('2017-01-01')!, toDay: parseDay('2024-12-31')!, historyMs: 0 }
    const tape = await loadTape(home, { series, ...span })
    const cursor = new TapeCursor(mergeTape(tape.span))
    let [bars, missing, sum] = [0, 0, 0]
    while (cursor.next()) {
      if (cursor.kind === ON_INSTANT) missing += cursor.missing().length
      else if (cursor.kind === ON_BAR) {
        const { rows } = cursor.tape.series[cursor.seriesIndex]!
        bars++
        if ('close' in rows) sum += rows.close[cursor.row]!
      }
    }
    expect(bars).toBe(728_335)
    expect(missing).toBe(report.quality.reduce((total, { gaps }) => total + gaps.missing, 0))
    const [[source]] = (await query(`SELECT sum(close) FROM read_parquet(${sqlPaths(files)})`)) as [[number]] // one number
    expect(sum / source).toBeCloseTo(1, 10)
  })

  it('every row of a real file comes back bit for bit', async () => {
    const home = tempHome()
    const file = join(ohlcv!, 'binance-perp', 'BTCUSDT-1d.csv')
    await importFiles({ home, files: [file], kind: 'bars', venue: 'binance', market: 'usdm' })
    const key = { venue: 'binance', market: 'usdm', symbol: 'BTCUSDT', interval: '1d' } as const
    const { ts, open, high, low, close, volume, quoteVolume } = await loadBars(home, key, 0, 1e15)
    const columns = [ts, open, high, low, close, volume, quoteVolume]
    const back = [...ts].map((_, i) => columns.map((column) => column[i]))
    expect(back).toEqual(await query(`SELECT * FROM read_csv(${sqlText(file)})`))
  })

  it.each([
    ['binance', 'binance', 'spot', []],
    ['binance-perp', 'binance', 'usdm', []],
    [
      'bybit-perp',
      'bybit',
      'linear',
      ['BCHUSDT-1d.csv line 2: open 0 is not positive', 'BCHUSDT-1d.csv line 2: low 0 is not positive'],
    ],
    ['coinmarketcap', 'coinmarketcap', 'usd', []],
  ] as const)('every CSV file of %s imports, but for the known oddity', async (folder, venue, market, expected) => {
    const home = tempHome()
    const files = filesOf(join(ohlcv!, folder), '.csv')
    const report = await importFiles({ home, files, kind: 'bars', venue, market })
    expect(report.problems.map((problem) => describeProblem(problem).split('/').at(-1))).toEqual(expected)
    const refused = expected.length > 0 ? 1 : 0
    expect(report.files.filter(({ written }) => written === 0)).toHaveLength(refused)
    expect(await listSeries(home)).toHaveLength(files.length - refused)
  })
})

describe.skipIf(funding === undefined)('real funding (needs the shared data folder)', () => {
  it.each([
    ['binance', 8],
    ['bybit', 8],
    ['dydx', 1],
    ['gate', 8],
    ['htx', 8],
    ['kucoin', 8],
    ['mexc', 8],
  ])('of %s settles every %i h, holes and late settlements notwithstanding', async (venue, hours) => {
    const home = tempHome()
    const files = filesOf(join(funding!, venue), '.csv')
    const report = await importFiles({ home, files, kind: 'funding', venue, market: 'perp' })
    expect(report.problems).toEqual([])
    expect(report.written).toBe(report.rows)
    const rows = await loadFunding(home, { venue, market: 'perp', symbol: 'BTCUSDT' }, 0, 1e15)
    expect(new Set(rows.intervalHours)).toEqual(new Set([hours]))
  })

  it('in other columns is refused by name', async () => {
    const file = join(funding!, 'cryptoquant', 'BTC-all-exchanges-1d.csv')
    const request = { home: tempHome(), files: [file], kind: 'funding', venue: 'cryptoquant', market: 'all' } as const
    const report = await importFiles(request)
    expect(report.problems[0]?.reason).toMatch(/the header has no rate; expected ts,rate, saw ts,rate_pct/)
  })
})

describe('writers in other processes', () => {
  function start(home: string, file: string, dieAt: string, program = 'import'): ChildProcess {
    const env = { ...process.env, QUANTBOT_TEST_IMPORT: JSON.stringify({ home, file, dieAt }) }
    const child = spawn(process.execPath, sourceProcess(program), {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  async function ended(child: ChildProcess): Promise<{ out: string; signal: string | null }> {
    let out = ''
    child.stdout?.on('data', (part) => {
      out += String(part)
    })
    const [, signal] = (await once(child, 'close')) as [number | null, string | null] // as node:child_process documents it
    return { out, signal }
  }

  // 4 days over new year make two files. Until the intent is on disk a death leaves nothing; from then on, everything.
  it.each([
    ['comparing 4', 0],
    ['writing 4', 0],
    ['deciding 0', 0],
    ['publishing 0', 4],
    ['publishing 1', 4],
    ['done 4', 4],
  ])('killed at "%s": the lake holds %i rows, whole, and the import can be done again', async (dieAt, rows) => {
    const home = tempHome()
    const file = dailyCsv(home, 4)
    expect(await ended(start(home, file, dieAt))).toEqual({ out: '', signal: 'SIGKILL' })
    const series = await listSeries(home)
    expect(series.map((summary) => [summary.rows, summary.files])).toEqual(rows === 0 ? [] : [[4, 2]])
    expect(await importBars(home, [file])).toMatchObject({ written: 4 - rows, skipped: rows, problems: [] })
    expect(lakeFiles(home)).toHaveLength(2)
  })

  // Six days in six files over new year: two files to publish, six to move away. Whatever the moment, six rows.
  it.each([
    ['merging 0', 6, 0],
    ['deciding 0', 6, 0],
    ['publishing 0', 2, 6],
    ['publishing 1', 2, 6],
    ['publishing 2', 2, 6],
    ['publishing 5', 2, 6],
    ['publishing 7', 2, 6],
  ])(
    'killed while compacting at "%s": no row lost or doubled, %i files, tapes whole',
    async (dieAt, files, retired) => {
      const home = tempHome()
      for (let day = 0; day < 6; day++) await importBars(home, [dailyCsv(home, 1, 'BTCUSDT-1d.csv', day)])
      const key = { kind: 'bars', venue: 'binance', market: 'spot', symbol: 'BTCUSDT', interval: '1d' } as const
      const entries = await tapeEntries(home, await seriesFiles(home, key, 0, 1e15))
      const before = await loadBars(home, key, 0, 1e15)
      expect(await ended(start(home, '', dieAt, 'compact'))).toEqual({ out: '', signal: 'SIGKILL' })
      expect(await listSeries(home)).toMatchObject([{ rows: 6, files }])
      expect(await loadBars(home, key, 0, 1e15)).toEqual(before)
      await expect(checkTape(home, entries)).resolves.toBeUndefined()
      expect(lakeFiles(home).filter((path) => path.startsWith('.retired/'))).toHaveLength(retired)
      await compactLake(home)
      expect(await listSeries(home)).toMatchObject([{ rows: 6, files: 2 }])
      expect(await loadBars(home, key, 0, 1e15)).toEqual(before)
    },
  )

  it('keep others out, and free the lake when they die', async () => {
    const home = tempHome()
    const file = dailyCsv(home, 4)
    const holder = start(home, file, 'holding')
    const holding = ended(holder)
    await once(holder.stdout!, 'data')
    await expect(importBars(home, [file])).rejects.toMatchObject({ code: 'LAKE_BUSY', retryable: true })
    expect(await listSeries(home)).toEqual([])
    holder.kill('SIGKILL')
    await holding
    expect(await importBars(home, [file])).toMatchObject({ written: 4 })
  })
})
