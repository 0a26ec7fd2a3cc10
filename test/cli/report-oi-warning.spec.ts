/** The report on the early warning, from files in the lake to the one JSON document; on real data where there are any. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findWarningSeries, loadWarningGrid } from '#backtest/oi-warning-data'
import { DAY_MS, HOUR_MS } from '#core/time'
import { importFiles } from '#data/import'
import { quantbot } from '../pipeline/cli.js'
import { sharedPath } from '../shared.js'

const START = Date.UTC(2023, 0, 1)

interface Document {
  readonly kpi: { verdict: string; reason: string; threshold: number }
  readonly thresholds: Record<string, number>
  readonly variants: {
    variant: string
    verdict: string
    series: Record<string, string>
    train: {
      from: string
      to: string
      prediction: Record<string, number | null>
      eventTimes: string[]
      alertTimes: string[]
    }
    test: { from: string; to: string; prediction: Record<string, number | null>; eventTimes: string[] }
  }[]
}

async function report(home: string, ...args: string[]): Promise<{ code: number; json: Document & { error?: string } }> {
  const { code, json } = await quantbot(home, 'report', 'oi-warning', ...args)
  return { code, json: json as unknown as Document & { error?: string } } // the document of this command
}

describe('quantbot report oi-warning', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'quantbot-oi-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  async function put(
    kind: 'bars' | 'oi' | 'funding',
    symbol: string,
    interval: string,
    header: string,
    rows: string[],
  ) {
    const file = join(home, `${kind}-${interval}.csv`)
    writeFileSync(file, `${header}\n${rows.join('\n')}\n`)
    const grid = kind === 'funding' ? {} : { interval }
    const { problems } = await importFiles({ files: [file], kind, venue: 'test', market: 'all', symbol, ...grid, home })
    expect(problems).toEqual([])
  }
  const bars = (stepMs: number, count: number) =>
    put(
      'bars',
      'BTCUSDT',
      stepMs === DAY_MS ? '1d' : '1h',
      'ts,open,high,low,close,volume',
      [...Array(count).keys()].map((i) => `${START + i * stepMs},100,103,99,${100 + (i % 3)},${1000 + (i % 5)}`),
    )
  const interest = (interval: string, stepMs: number, count: number, column = 'oi_usd') =>
    put(
      'oi',
      'BTC',
      interval,
      `ts,${column}`,
      [...Array(count).keys()].map((i) => `${START + i * stepMs},${100_000 + (i % 11)}`),
    )
  const funding = (count: number) =>
    put(
      'funding',
      'BTCUSDT',
      '8h',
      'ts,rate',
      [...Array(count).keys()].map((i) => `${START + i * 8 * HOUR_MS},0.000${1 + (i % 3)}`),
    )

  it('says which data are missing', async () => {
    expect((await report(home)).json.error).toBe('LAKE_EMPTY')
    await bars(DAY_MS, 10)
    await funding(30)
    const { code, json } = await report(home)
    expect([code, json.error]).toEqual([2, 'LAKE_EMPTY'])
  })

  it('understands its options or says so', async () => {
    const refusals = [
      ['--train-to', 'x'],
      ['--from', '2024-02-30'],
      ['--from', '2024-01-02', '--to', '2024-01-01'],
    ]
    for (const args of [...refusals, ['--train-to', '2024-01-01', '--to', '2023-01-01'], ['--instrument', 'a.b.C']])
      expect((await report(home, ...args)).json.error).toBe('USAGE')
    const config = join(home, 'c.yaml')
    writeFileSync(config, 'name: none\n')
    expect((await report(home, '--config', config)).json.error).toBe('CONFIG_INVALID')
  })

  it('cannot test hourly events on daily open interest, and says so; the daily variant is named so', async () => {
    await bars(DAY_MS, 200)
    await interest('1d', DAY_MS, 200)
    await funding(600)
    const { code, json } = await report(home, '--train-to', '2023-05-31')
    expect(code).toBe(0)
    expect(json.kpi).toMatchObject({ verdict: 'NOT TESTABLE', threshold: 0.7 })
    expect(json.kpi.reason).toContain('four hours')
    expect(json.variants.map(({ variant, verdict }) => [variant, verdict])).toEqual([['daily', 'NOT TESTABLE']])
    expect(json.variants[0]!.train.to.slice(0, 10)).toBe('2023-06-01') // the close of 31 May
    expect(json.variants[0]!.test.from.slice(0, 10)).toBe('2023-06-03') // one day of embargo
    expect(json.thresholds).toEqual({
      warningDays: 7,
      warningZ: 1.5,
      warningFundingQuantile: 0.9,
      warningFundingDays: 90,
      maxAgeHours: 30,
    })
  })

  it('tests hourly events where bars are hourly and open interest comes every four hours', async () => {
    await bars(HOUR_MS, 24 * 150)
    await bars(DAY_MS, 150)
    await interest('4h', 4 * HOUR_MS, 6 * 150, 'oi_base')
    await funding(450)
    const { json } = await report(home)
    expect(json.variants.map(({ variant }) => variant)).toEqual(['hourly', 'daily'])
    expect(json.kpi).toMatchObject({ verdict: 'NOT TESTABLE', reason: expect.stringContaining('no event') })
  })

  it('takes thresholds and series from a configuration', async () => {
    await bars(DAY_MS, 200)
    await interest('1d', DAY_MS, 200)
    await funding(600)
    const config = join(home, 'c.yaml')
    writeFileSync(
      config,
      [
        'universe: [{ instrument: test.perp.BTC, barsOf: test.all.BTCUSDT, fundingOf: test.all.BTCUSDT, base: BTC, tick: "0.1", lot: "0.001" }]',
        'feeds: { openInterest: [{ instrument: test.perp.BTC, series: test.all.BTC }] }',
        'signals: { oiPrice: { warningZ: 2 } }',
      ].join('\n'),
    )
    const { json } = await report(home, '--config', config)
    expect(json.thresholds.warningZ).toBe(2)
    expect(json.variants[0]!.series).toMatchObject({ openInterest: expect.stringContaining('BTC') })
    expect((await report(home, '--config', config, '--instrument', 'test.perp.ETH')).json.error).toBe('CONFIG_INVALID')
  })

  it('divides dollars by the close of their own day, and knows them only once that day is over', async () => {
    await bars(DAY_MS, 5)
    await interest('1d', DAY_MS, 5)
    await funding(15)
    const { daily } = await findWarningSeries(home, { base: 'BTC' })
    const grid = await loadWarningGrid(home, daily!, START + 4 * DAY_MS, 30)
    expect([...grid.knownCoins]).toEqual([100_000 / 100, 100_001 / 101, 100_002 / 102, 100_003 / 100])
    expect([...grid.labelChange].slice(1, 2)).toEqual([100_001 / 101 / (100_000 / 100) - 1])
    expect(grid.close).toHaveLength(4)
    const late = await loadWarningGrid(home, daily!, START + 4 * DAY_MS, 0)
    expect([...late.knownCoins]).toEqual([...grid.knownCoins])
  })
})

const oi = sharedPath('data', 'oi', 'cryptoquant', 'BTC-all-exchanges-1d.csv')
const day = sharedPath('data', 'ohlcv', 'binance', 'BTCUSDT-1d.csv')
const rates = sharedPath('data', 'funding', 'binance', 'BTCUSDT.csv')
const isAbsent = oi === undefined || day === undefined || rates === undefined

describe.skipIf(isAbsent)('the report on real data', () => {
  let home: string
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'quantbot-oi-real-'))
    await importFiles({ files: [oi!], kind: 'oi', venue: 'cryptoquant', market: 'all', symbol: 'BTC', home })
    await importFiles({ files: [day!], kind: 'bars', venue: 'binance', market: 'spot', home })
    await importFiles({ files: [rates!], kind: 'funding', venue: 'binance', market: 'usdm', home })
  })
  afterAll(() => rmSync(home, { recursive: true }))

  it('finds the known cascades, and no foresight of them: the claim is not supported', async () => {
    const { json } = await report(home, '--to', '2024-11-20', '--train-to', '2022-12-31')
    const [daily] = json.variants
    const days = daily!.train.eventTimes.map((time) => time.slice(0, 10))
    // Recounted with another program from the same files (Python, statistics module).
    expect(days).toEqual([
      '2020-03-12',
      '2020-07-27',
      '2020-10-21',
      '2021-05-19',
      '2021-09-07',
      '2022-06-13',
      '2022-11-08',
    ])
    expect(daily!.train.alertTimes.map((time) => time.slice(0, 10))).toEqual([
      '2020-11-23',
      '2021-02-07',
      '2021-02-09',
      '2021-02-12',
      '2022-04-27',
      '2022-05-24',
      '2022-08-29',
    ])
    expect(daily!.test.eventTimes.map((time) => time.slice(0, 10))).toEqual(['2023-08-17', '2023-10-23'])
    expect(daily).toMatchObject({ variant: 'daily', verdict: 'FAIL' })
    expect(json.kpi.verdict).toBe('NOT TESTABLE')
    expect((await report(home, '--to', '2024-11-20', '--train-to', '2022-12-31')).json).toEqual(json)
  })
})
