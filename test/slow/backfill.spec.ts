/** Backfill that is killed at any request: what was published stays, the next run ends with every row once. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { DAY_MS, HOUR_MS, isoDay, parseDay } from '#core/time'
import { compactLake } from '#data/compact'
import { listSeries, loadBars, loadRows } from '#data/lake'
import { PROTOCOLS } from '#venues/exchange/protocols'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import { DAY0, tempHome } from '../data/fixtures.js'
import { quantbot } from '../pipeline/cli.js'
import { sourceProcess } from './source-process.js'

const NOW = DAY0 + 800 * DAY_MS

async function run(home: string, dieAtRequest: number): Promise<string> {
  const env = { ...process.env, QUANTBOT_TEST_IMPORT: JSON.stringify({ home, dieAtRequest, now: NOW }) }
  const child = spawn(process.execPath, sourceProcess('backfill'), {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  child.stdout.on('data', (part) => {
    out += String(part)
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null] // as node:child_process documents it
  return signal ?? out.trim()
}

describe('a backfill that is killed', () => {
  it('again and again ends with every row once, and the lake compacts to the same rows', async () => {
    const home = tempHome()
    let rows = 0
    for (const request of [2, 60, 150, 250]) {
      expect(await run(home, request)).toBe('SIGKILL')
      const held = (await listSeries(home)).reduce((sum, series) => sum + series.rows, 0)
      expect(held).toBeGreaterThanOrEqual(rows)
      rows = held
    }
    expect(rows).toBeGreaterThan(0)
    expect(await run(home, 0)).toMatch(/^rows \d+$/)
    expect(await run(home, 0)).toBe('rows 0')
    const series = await listSeries(home)
    expect(series.map(({ key, rows: count }) => [key.kind, key.symbol, count])).toEqual([
      ['bars', 'BTCUSDT', 800 * 24],
      ['bars', 'ETHUSDT', 800 * 24],
      ['funding', 'BTCUSDT', 800 * 3],
      ['funding', 'ETHUSDT', 800 * 3],
    ])
    const before = await Promise.all(series.map(({ key }) => loadRows(home, key, 0, 1e15)))
    await compactLake(home)
    expect(await Promise.all(series.map(({ key }) => loadRows(home, key, 0, 1e15)))).toEqual(before)
  })
})

describe('the command on a simulated exchange', () => {
  const now = parseDay('2026-03-20')! + 5.5 * HOUR_MS
  const from = parseDay('2026-03-01')!

  async function open(venue: string): Promise<Exchange> {
    const world = generatedWorld({ seed: 3, venue, symbols: 3 })
    const exchange = await openExchange({ protocol: PROTOCOLS[venue]!(), world, time: scaledTime(1, now), seed: 1 })
    onTestFinished(() => exchange.close())
    return exchange
  }

  it.each([
    ['binance', 'usdm', 'BTCUSDT', 'bars,funding,oi'],
    ['bybit', 'linear', 'BTCUSDT', 'bars,funding,oi'],
    ['okx', 'swap', 'BTC-USDT-SWAP', 'bars,funding'],
    ['deribit', 'perpetual', 'BTC-PERPETUAL', 'bars,funding'],
  ])(
    '%s %s: every closed bar as it was played, by its own protocol; again nothing',
    async (venue, market, symbol, kinds) => {
      const [exchange, home] = [await open(venue), tempHome()]
      const args = ['backfill', '--venue', venue, '--market', market, '--symbols', symbol, '--kinds', kinds]
      const flags = [...args, '--rest', exchange.rest, '--from', isoDay(from)]
      const first = await quantbot(home, ...flags)
      expect(first.json).toMatchObject({ failures: [], conflicts: [], isInterrupted: false })
      expect(first.code).toBe(0)
      const bars = await loadBars(home, { venue, market, symbol, interval: '1h' }, 0, 1e15)
      expect(bars.ts).toHaveLength(19 * 24 + 5)
      expect(bars.ts.every((ts, i) => ts === from + i * HOUR_MS)).toBe(true)
      const kind = venue === 'deribit' ? 'inversePerpetual' : 'linearPerpetual'
      const instrument = exchange.world.instruments(now).find((one) => one.base === 'BTC' && one.kind === kind)!
      const played = exchange.world.bars(instrument, HOUR_MS, from, now, now).slice(0, bars.ts.length)
      // Venues round prices to their ticks.
      expect(played.filter(({ close }, i) => !(Math.abs(close / bars.close[i]! - 1) < 1e-4))).toEqual([])
      const quality = first.json.quality as { key: { kind: string }; rows: number; gaps: { count: number } }[] // by the report's contract
      expect(quality.map(({ key, gaps }) => [key.kind, gaps.count])).toEqual(kinds.split(',').map((kind) => [kind, 0]))
      const before = exchange.stats().requests
      expect((await quantbot(home, ...flags)).json).toMatchObject({ rows: 0, files: 0, failures: [] })
      expect(exchange.stats().requests - before).toBeLessThanOrEqual(8)
      expect(exchange.stats()).toMatchObject({ limitHits: 0, bans: 0, errors: [] })
    },
  )

  it('refuses what it cannot do, with the option that is wrong', async () => {
    const args = ['backfill', '--symbols', 'BTCUSDT', '--from', '2024-01-01']
    for (const wrong of [
      ['--venue', 'nowhere'],
      ['--venue', 'binance', '--market', 'swap'],
      ['--venue', 'binance', '--kinds', 'bars,books'],
      ['--venue', 'binance', '--to', '2023-01-01'],
      ['--venue', 'binance', '--interval', '3h'],
      ['--venue', 'binance', '--rest', 'ftp://x'],
      ['--venue', 'binance', '--parallel', '0'],
    ])
      expect(await quantbot(tempHome(), ...args, ...wrong)).toEqual({ code: 2, json: { error: 'USAGE' } })
    const gone = ['--venue', 'binance', '--rest', 'http://127.0.0.1:9', '--market', 'spot']
    expect(await quantbot(tempHome(), ...args, ...gone)).toEqual({ code: 1, json: { error: 'VENUE_UNREACHABLE' } })
  })
})
