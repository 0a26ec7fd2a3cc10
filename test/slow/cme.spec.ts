/** CME's files and roll calendars through the command line. Rows are made up. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, isoDay, isoTime, parseDay } from '#core/time'
import { datedSymbol } from '#data/dated-symbols'
import { csv, lakeFiles, tempHome } from '../data/fixtures.js'
import { quantbot } from '../pipeline/cli.js'
import { sharedPath } from '../shared.js'

const HEADER = 'trade_date,product,contract,expiry,open,high,low,last,settle,volume,open_interest,source'
const MONDAY = parseDay('2026-01-05')!

/** Weekdays of ten weeks: the nearer contract at 60000 + day, the next one 500 above it; interest moves over with time. */
function history(home: string): string {
  const rows: string[] = []
  for (let i = 0; i < 70; i++) {
    const day = MONDAY + i * DAY_MS
    if (i % 7 > 4) continue
    const row = (code: string, price: number, interest: number): void =>
      void rows.push(`${isoDay(day)},BTC,${code},,,,,,${price},100,${interest},made up`)
    const [jan, feb, mar] = ['2026-01-30', '2026-02-27', '2026-03-27'].map((text) => parseDay(text)!) as [
      number,
      number,
      number,
    ]
    if (day <= jan) row('BTCF6', 60_000 + 5 * i, 1000 - 30 * i)
    if (day <= feb) row('BTCG6', 60_500 + 5 * i, day <= jan ? 400 : 1000 - 10 * (i - 25))
    if (day <= mar) row('BTCH6', 61_000 + 5 * i, 300)
  }
  return csv(home, 'eod.csv', [HEADER, ...rows])
}

interface Front {
  readonly instrument: string
  readonly from: number | null
  readonly until: number
  readonly why: string
}
const shown = (fronts: unknown): string[] =>
  (fronts as Front[]).map(
    ({ instrument, from, why }) =>
      `${instrument.split('.')[2]} ${from === null ? 'ever' : isoTime(from).slice(0, 16)} ${why}`,
  )
const roll = (home: string, ...more: readonly string[]) =>
  quantbot(home, 'data', 'roll', '--venue', 'cme', '--product', 'BTC', ...more)
const SPAN = ['--from', '2026-01-05', '--to', '2026-03-10'] as const

describe('quantbot import --kind cme', () => {
  it('imports, says what a file holds already, and answers questions', async () => {
    const home = tempHome()
    const file = history(home)
    const first = await quantbot(home, 'import', file, '--kind', 'cme')
    expect(first).toMatchObject({ code: 0, json: { problems: [], skipped: 0 } })
    const before = lakeFiles(home)
    expect(await quantbot(home, 'import', file, '--kind', 'cme')).toMatchObject({ code: 0, json: { written: 0 } })
    expect(lakeFiles(home)).toEqual(before)
    const sql = `SELECT symbol, count(*)::INT AS n, max(open_interest) AS oi FROM futures WHERE venue = 'cme' GROUP BY 1 ORDER BY 1`
    const { json } = await quantbot(home, 'data', 'sql', sql)
    expect(json.rows).toEqual([
      ['BTCF26', 20, 5000],
      ['BTCG26', 40, 4850],
      ['BTCH26', 50, 1500],
    ])
    expect(await quantbot(home, 'data', 'compact')).toMatchObject({ code: 0 })
    expect((await quantbot(home, 'data', 'sql', sql)).json.rows).toEqual(json.rows)
  })

  it('refuses a file with its line, and options that make no sense', async () => {
    const home = tempHome()
    const bad = csv(home, 'bad.csv', [HEADER, '2026-03-02,BTC,BTCY6,,,,,,1,,,'])
    const { code, json } = await quantbot(home, 'import', bad, '--kind', 'cme')
    expect(code).toBe(1)
    expect(json.problems).toMatchObject([{ line: 2, code: 'IMPORT_BAD_ROW' }])
    expect(lakeFiles(home)).toEqual([])
    expect(await quantbot(home, 'import', bad, '--kind', 'cme', '--venue', 'okx')).toMatchObject({ code: 2 })
    expect(await quantbot(home, 'import', bad, '--kind', 'cme', '--symbol', 'BTCH26')).toMatchObject({ code: 2 })
    expect(await quantbot(home, 'import', bad, '--kind', 'bars')).toMatchObject({ code: 2, json: { error: 'USAGE' } })
  })
})

describe('quantbot data roll', () => {
  it('knows CME by rule, without any data', async () => {
    const { code, json } = await roll(tempHome(), '--from', '2025-12-01', '--to', '2026-03-31')
    expect(code).toBe(0)
    expect(shown(json.fronts)).toEqual([
      'BTCZ25 2025-11-21T16:00 days',
      'BTCF26 2025-12-17T16:00 days',
      'BTCG26 2026-01-23T16:00 days',
      'BTCH26 2026-02-20T16:00 days',
      'BTCJ26 2026-03-20T16:00 days',
    ])
  })

  it('follows open interest when it could be read, and makes a series whose ratios are those of the contracts', async () => {
    const home = tempHome()
    await quantbot(home, 'import', history(home), '--kind', 'cme')
    const crossed = await roll(home, ...SPAN, '--by', 'open-interest', '--days', '2')
    // 1000 − 30 i falls below 400 on day 21, a Monday (2026-01-26), which could be read after the midnight of Chicago.
    expect(shown(crossed.json.fronts)).toContain('BTCG26 2026-01-27T06:00 crossover')
    const { json } = await roll(home, ...SPAN, '--series', '--ratio')
    const series = json.series as { ts: number; price: number; instrument: string }[]
    const adjusted = json.adjusted as { price: number }[]
    expect(new Set(series.map(({ instrument }) => instrument)).size).toBe(3)
    expect(series).toHaveLength(47)
    const steps = series.slice(1).map(({ price }, i) => price / series[i]!.price - 1)
    const smooth = adjusted.slice(1).map(({ price }, i) => price / adjusted[i]!.price - 1)
    expect(Math.max(...steps)).toBeGreaterThan(0.008)
    expect(Math.max(...smooth)).toBeLessThan(0.0004)
    expect(adjusted.at(-1)!.price).toBe(series.at(-1)!.price)
  })

  it('takes an expiry of the file before the rule’s', async () => {
    const home = tempHome()
    await quantbot(
      home,
      'import',
      csv(home, 'e.csv', [HEADER, '2026-03-02,BTC,BTCH6,2026-03-26,,,,,1,,,']),
      '--kind',
      'cme',
    )
    const { json } = await roll(home, '--from', '2026-03-02', '--to', '2026-03-31')
    expect(shown(json.fronts)).toEqual(['BTCH26 2026-02-20T16:00 days', 'BTCJ26 2026-03-19T16:00 days'])
  })

  it('takes quarterlies of other venues by their symbols', async () => {
    const home = tempHome()
    for (const symbol of ['BTCUSDT_260327', 'BTCUSDT_260626', 'BTCUSDT', 'ETHUSDT_260327']) {
      const rows = Array.from({ length: 3 }, (_, i) => `${MONDAY + i * DAY_MS},1,2,0.5,1.5,10`)
      const file = csv(home, `${symbol}-1d.csv`, ['ts,open,high,low,close,volume', ...rows])
      await quantbot(home, 'import', file, '--kind', 'bars', '--venue', 'binance', '--market', 'usdm')
    }
    const asked = [
      'data',
      'roll',
      '--venue',
      'binance',
      '--product',
      'BTCUSDT',
      ...SPAN.slice(0, 2),
      '--to',
      '2026-12-31',
    ]
    expect(shown((await quantbot(home, ...asked)).json.fronts)).toEqual([
      'BTCUSDT_260327 ever first',
      'BTCUSDT_260626 2026-03-20T08:00 days',
    ])
    const none = ['data', 'roll', '--venue', 'binance', '--product', 'SOLUSDT', ...SPAN]
    expect(await quantbot(home, ...none)).toMatchObject({ code: 2, json: { error: 'LAKE_EMPTY' } })
  })

  it.each([
    [['--by', 'moon'], 'USAGE'],
    [['--days', 'x'], 'USAGE'],
    [['--days', ''], 'USAGE'],
    [['--ratio'], 'USAGE'],
  ])('refuses %j', async (more, error) => {
    expect(await roll(tempHome(), ...SPAN, ...more)).toMatchObject({ code: 2, json: { error } })
  })
})

describe('symbols of dated futures', () => {
  it('tell chain and expiry as the venues write them', () => {
    const expiresAt = parseDay('2026-03-27')! + 8 * HOUR_MS
    expect(datedSymbol('BTCUSD_260327')).toEqual({ chain: 'BTCUSD', expiresAt })
    expect(datedSymbol('BTC-USDT-260327')).toEqual({ chain: 'BTC-USDT', expiresAt })
    expect(datedSymbol('BTC_USDC-27MAR26')).toEqual({ chain: 'BTC_USDC', expiresAt })
    expect(datedSymbol('BTCUSDT-27MAR26')).toEqual({ chain: 'BTCUSDT', expiresAt })
    expect(datedSymbol('BTC-5JAN26')?.expiresAt).toBe(MONDAY + 8 * HOUR_MS)
    for (const other of [
      'BTCUSDT',
      'BTCUSD_PERP',
      'BTC-USDT-SWAP',
      'BTC-PERPETUAL',
      'BTC-27MAR26-70000-C',
      'BTCUSD_261327',
      'BTC-31FEB26',
    ])
      expect(datedSymbol(other)).toBeUndefined()
  })
})

const deribit = sharedPath('data/futures/deribit')
describe.skipIf(deribit === undefined)('the shared history of Deribit (needs the shared folder)', () => {
  it('rolls through its contracts and makes one series', async () => {
    const home = tempHome()
    const file = join(deribit!, 'BTC-dated.csv')
    await quantbot(home, 'import', file, '--kind', 'futures', '--venue', 'deribit', '--market', 'future')
    const asked = ['--product', 'BTC', '--from', '2021-01-01', '--to', '2026-12-31', '--series']
    const { code, json } = await quantbot(home, 'data', 'roll', '--venue', 'deribit', ...asked)
    expect(code).toBe(0)
    const fronts = json.fronts as Front[]
    expect(fronts.length).toBeGreaterThan(10)
    const series = json.series as { ts: number; instrument: string }[]
    expect(series.length).toBeGreaterThan(fronts.length)
    for (const { ts, instrument } of series)
      expect(fronts.find(({ from, until }) => (from ?? ts) <= ts && ts < until)?.instrument).toBe(instrument)
  })
})
