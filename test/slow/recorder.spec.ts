/** What paper runs on the simulated exchange leave behind: rows of the lake and raw frames, after ends of every kind. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, floorTo, MINUTE_MS } from '#core/time'
import type { BarRecord, Normal } from '#data/connectors/normal'
import { loadBars, loadRows } from '#data/lake'
import { lakeDir } from '#data/layout'
import { qualityReport } from '#data/quality'
import { vendorServer } from '../data/vendor-server.js'
import { type Running, type TestHome, testHome } from './run-process.js'

const SPEED = '60'
const BTC = { venue: 'binance', market: 'usdm', symbol: 'BTCUSDT' } as const
const ALL = Number.MAX_SAFE_INTEGER

let home: TestHome
let venue: { readonly rest: string; readonly ws: string }

beforeEach(async () => {
  home = testHome('home')
  const exchange = home.start('sim-exchange', '--venue', 'binance', '--port', '0', '--json', '--speed', SPEED)
  venue = (await exchange.firstLine()) as unknown as typeof venue // as documented
})
afterEach(() => home.remove())

function start(id: string, ...more: readonly string[]): Running {
  mkdirSync(home.path, { recursive: true })
  const config = join(home.path, 'paper.yaml')
  writeFileSync(
    config,
    [
      'interval: 1m',
      'universe: [{ instrument: binance.usdm.BTCUSDT, base: BTC, quote: USDT, tick: "0.1", lot: "0.001", minNotional: "5" }]',
      `venues: { binance: { rest: "${venue.rest}", ws: "${venue.ws}" } }`,
      'marketData: { keepFrames: true, record: [bars, funding, oi, mark], recordMinutes: 4 }',
      '',
    ].join('\n'),
  )
  const run = ['run', '--mode', 'paper', '--config', config, '--run', id, '--clock', 'venue', '--speed', SPEED]
  return home.start(...run, '--json', ...more)
}

const barsIn = () => loadBars(home.path, { ...BTC, interval: '1m' }, 0, ALL)
const frames = (): string[] => {
  const folder = join(home.path, 'frames', 'binance')
  return readdirSync(folder).map((name) => join(folder, name))
}

interface Parsed {
  readonly records: readonly Normal[]
  readonly refused: readonly { readonly reason: string }[]
}

async function parsed(file: string): Promise<Parsed> {
  return (await home.json('parse', file, '--venue', 'binance')) as unknown as Parsed // as the command prints it
}

/** Closed bars that the frames held, by open time. */
async function framedBars(): Promise<Map<number, BarRecord>> {
  const bars = new Map<number, BarRecord>()
  for (const file of frames())
    for (const record of (await parsed(file)).records)
      if (record.kind === 'bar' && record.isClosed === true) bars.set(record.openTime, record)
  return bars
}

async function expectSound(): Promise<void> {
  for (const series of await qualityReport(home.path, ({ kind }) => kind === 'bars' || kind === 'funding'))
    expect(series).toMatchObject({ duplicates: 0, gaps: { count: 0 } })
}

describe('a paper run', () => {
  it('leaves its bars, settlements, marks and open interest in the lake, and frames that say the same', async () => {
    const { code, stderr } = await start('a', '--for', '25').ended
    expect(code, stderr).toBe(0)
    expect(stderr).not.toContain('warning: lake')
    await expectSound()
    const bars = await barsIn()
    const seen = await framedBars()
    expect(seen.size).toBeGreaterThan(15)
    bars.ts.forEach((ts, i) => {
      const frame = seen.get(ts)
      if (frame === undefined) return
      const { open, high, low, close, volume } = frame
      expect([bars.open[i], bars.high[i], bars.low[i], bars.close[i], bars.volume[i]]).toEqual([
        open,
        high,
        low,
        close,
        volume,
      ])
      expect(bars.availableAt[i]).toBe(ts + MINUTE_MS)
    })
    const recorded = [...seen.keys()].filter((ts) => bars.ts.includes(ts))
    expect(recorded.length).toBeGreaterThanOrEqual(seen.size - 1)
    for (const kind of ['mark', 'oi'] as const) {
      const rows = await loadRows(home.path, { kind, ...BTC }, 0, ALL)
      expect(rows.ts.length).toBeGreaterThan(15)
      rows.ts.forEach((ts, i) => {
        expect(rows.availableAt[i]!).toBeGreaterThanOrEqual(ts)
        expect(rows.availableAt[i]! - ts).toBeLessThan(MINUTE_MS)
        if (i > 0) expect(ts).toBeGreaterThan(rows.ts[i - 1]!)
      })
      // One a minute of the clock, by when it came: a busy machine hears of a moment in the next minute.
      const minutes = (floorTo(rows.ts.at(-1)!, MINUTE_MS) - floorTo(rows.ts[0]!, MINUTE_MS)) / MINUTE_MS + 1
      expect(rows.ts.length).toBeLessThanOrEqual(minutes + 1)
    }
    for (const file of frames()) {
      const { records, refused } = await parsed(file)
      expect(records.length).toBeGreaterThan(1000)
      expect(refused.filter(({ reason }) => !reason.includes('no topic'))).toEqual([])
    }
    expect(await home.json('replay', 'a')).toMatchObject({ identical: true })
  })

  it('that is killed leaves a whole lake and readable frames; the next one fills what was lost', async () => {
    const first = start('a')
    await first.firstLine()
    await wait(17_000)
    first.kill('SIGKILL')
    await first.ended
    const before = await barsIn()
    expect(before.ts.length).toBeGreaterThan(1000)
    for (const file of frames()) {
      const { records, refused } = await parsed(file)
      expect(records.length).toBeGreaterThan(500)
      expect(refused.filter(({ reason }) => reason.includes('JSON'))).toEqual([])
    }
    const { code, stderr } = await start('a', '--for', '12').ended
    expect(code, stderr).toBe(0)
    const after = await barsIn()
    expect(after.ts.at(-1)).toBeGreaterThan(before.ts.at(-1)!)
    const { code: filled } = await home.quantbot(
      ...['backfill', '--venue', 'binance', '--kinds', 'bars', '--interval', '1m', '--symbols', 'BTCUSDT'],
      ...['--from', new Date(before.ts[0]!).toISOString().slice(0, 10), '--rest', venue.rest],
    )
    expect(filled).toBe(0)
    await expectSound()
    expect(readdirSync(join(lakeDir(home.path), '.staging')).filter((name) => name.startsWith('set-'))).toEqual([])
  })

  it('goes on while another process has the lake, and writes when it is free', async () => {
    const staging = join(lakeDir(home.path), '.staging')
    mkdirSync(staging, { recursive: true })
    const lock = await DuckDBInstance.create(join(staging, 'lock.duckdb'))
    const running = start('a', '--no-backfill', '--for', '24')
    await running.firstLine()
    await wait(12_000)
    expect(existsSync(join(lakeDir(home.path), 'kind=mark'))).toBe(false)
    lock.closeSync()
    const { code, stderr } = await running.ended
    expect(code, stderr).toBe(0)
    const bars = await barsIn()
    const marks = await loadRows(home.path, { kind: 'mark', ...BTC }, 0, ALL)
    expect(bars.ts.length).toBeGreaterThan(15)
    expect(marks.ts.length).toBeGreaterThan(15)
    await expectSound()
  })
})

describe('quantbot backfill --kinds onchain', () => {
  it('reads a vendor with the key of the environment, and shows it nowhere', async () => {
    const vendor = await vendorServer(floorTo(Date.now(), DAY_MS))
    process.env.QUANTBOT_TEST_VENDOR_KEY = vendor.key
    const config = join(home.path, 'vendor.yaml')
    mkdirSync(home.path, { recursive: true })
    writeFileSync(
      config,
      `marketData: { onChain: { glassnode: { rest: "${vendor.url}", apiKey: env:QUANTBOT_TEST_VENDOR_KEY } } }\n`,
    )
    const command = ['backfill', '--venue', 'glassnode', '--kinds', 'onchain', '--config', config] as const
    const backfill = (...more: readonly string[]) => home.quantbot(...command, '--from', '2024-01-01', ...more)
    try {
      const first = await backfill('--symbols', 'all')
      expect(first).toMatchObject({ code: 0 })
      expect(first.stdout).toContain('glassnode.usdt.marketcap_usd 1d')
      const again = await backfill('--symbols', 'mvrv', '--json')
      expect(JSON.parse(again.stdout)).toMatchObject({ rows: 0, failures: [] })
      const other = await backfill('--symbols', 'indicators/sopr', '--market', 'btc')
      expect(other).toMatchObject({ code: 0 })
      vendor.isLocked = true
      const locked = await backfill('--symbols', 'mvrv')
      expect(locked.code).not.toBe(0)
      expect(locked.stderr).toContain('401')
      const wrong = await Promise.all([
        backfill('--symbols', 'moon'),
        backfill('--symbols', 'mvrv', '--market', 'doge'),
      ])
      expect(wrong.map(({ code }) => code)).toEqual([2, 2])
      delete process.env.QUANTBOT_TEST_VENDOR_KEY
      const without = await backfill('--symbols', 'mvrv')
      expect(without.stderr).toContain('SECRET_MISSING')
      for (const { stdout, stderr } of [first, again, other, locked, ...wrong, without])
        expect(stdout + stderr).not.toContain(vendor.key)
    } finally {
      delete process.env.QUANTBOT_TEST_VENDOR_KEY
      await vendor.close()
    }
  })
})
